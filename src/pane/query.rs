//! What of a table is asked for: scope, namespace, filter, order.

use crate::domain::{Text, object::Object};
use regex::{Regex, RegexBuilder};

#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Only what belongs to this object.
    pub scope: Option<Object>,
    /// Only this namespace; None: all that are watched.
    pub namespace: Option<Text>,
    pub filter: Filter,
    /// None: the table's own order.
    pub sort: Option<Sort>,
    /// Only rows that something is wrong with.
    pub faults: bool,
}

impl Query {
    /// Whether no row of the scope is left out.
    pub fn keeps_all(&self) -> bool {
        self.namespace.is_none() && matches!(self.filter, Filter::None) && !self.faults
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub column: usize,
    pub descending: bool,
}

/// As typed after `/`: `re`, `!re`, `-l label=value`, `-f fuzzy`.
#[derive(Debug, Clone, Default)]
pub enum Filter {
    #[default]
    None,
    Regex(Regex),
    Inverse(Regex),
    /// Each must hold: (label, value); an empty value asks for presence.
    Labels(Vec<(String, String)>),
    /// The characters in this order, in lower case.
    Fuzzy(String),
}

impl Filter {
    /// Reads what was typed; what is not a valid expression is taken literally.
    pub fn parse(typed: &str) -> Filter {
        let typed = typed.trim();
        if typed.is_empty() {
            Filter::None
        } else if let Some(labels) = typed.strip_prefix("-l ") {
            Filter::Labels(
                labels
                    .split(',')
                    .map(|l| l.split_once('=').unwrap_or((l, "")))
                    .map(|(k, v)| (k.trim().into(), v.trim().into()))
                    .collect(),
            )
        } else if let Some(fuzzy) = typed.strip_prefix("-f ") {
            Filter::Fuzzy(fuzzy.trim().to_lowercase())
        } else if let Some(inverse) = typed.strip_prefix('!') {
            Filter::Inverse(expression(inverse))
        } else {
            Filter::Regex(expression(typed))
        }
    }

    pub fn matches_text(&self, text: &str) -> bool {
        match self {
            Filter::None | Filter::Labels(_) => true,
            Filter::Regex(re) | Filter::Inverse(re) => re.is_match(text),
            Filter::Fuzzy(wanted) => {
                let mut rest = text.chars().flat_map(char::to_lowercase);
                wanted.chars().all(|c| rest.any(|t| t == c))
            }
        }
    }
}

fn expression(text: &str) -> Regex {
    let build = |t: &str| RegexBuilder::new(t).case_insensitive(true).size_limit(1 << 20).build();
    match build(text).or_else(|_| build(&regex::escape(text))) {
        Ok(re) => re,
        // An escaped text past the size limit: it matches nothing that a name could be.
        Err(_) => Regex::new("$^").unwrap_or_else(|_| unreachable!("a constant expression compiles")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_k9s_filters() {
        assert!(Filter::parse("kafka-[01]").matches_text("ns/kafka-1"));
        assert!(Filter::parse("KAFKA").matches_text("kafka-1"), "case does not matter");
        assert!(Filter::parse("-f kf1").matches_text("kafka-1"));
        assert!(!Filter::parse("-f 1kf").matches_text("kafka-1"));
        assert!(matches!(Filter::parse("!kafka"), Filter::Inverse(_)));
        let Filter::Labels(labels) = Filter::parse("-l app=kafka, tier") else { panic!("not labels") };
        assert_eq!(labels, [("app".into(), "kafka".into()), ("tier".into(), String::new())]);
    }

    #[test]
    fn a_broken_expression_is_taken_literally() {
        assert!(Filter::parse("a(b").matches_text("xa(bx"));
    }
}
