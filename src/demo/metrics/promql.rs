//! The part of PromQL that consoles speak: selectors, ranges, subqueries and offsets, functions over them, sums
//! and other aggregations, `topk`, `and`, `or`. What is not understood is refused as Prometheus refuses it.

use crate::domain::time;
use regex::Regex;
use std::time::Duration;

#[derive(Debug)]
pub enum Expr {
    Selector(Selector),
    /// `selector[5m]`, or `expression[30m:15s]` with a step.
    Range(Box<Expr>, Duration, Option<Duration>),
    Call(Function, Box<Expr>),
    Aggregate(Aggregate, Vec<String>, Box<Expr>),
    TopK(usize, Box<Expr>),
    /// As of so long before.
    Offset(Box<Expr>, Duration),
    /// The series of the left that the right has, too.
    And(Box<Expr>, Box<Expr>),
    /// The series of the left, and those of the right that it does not have.
    Or(Box<Expr>, Box<Expr>),
}

#[derive(Debug, Default)]
pub struct Selector {
    pub name: String,
    pub matchers: Vec<(String, Matcher)>,
}

#[derive(Debug)]
pub enum Matcher {
    Is(String),
    IsNot(String),
    Fits(Regex),
    FitsNot(Regex),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Rate,
    Increase,
    Timestamp,
    MaxOverTime,
    CountOverTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    Sum,
    Max,
    Min,
    Count,
}

const FUNCTIONS: [(&str, Function); 5] = [
    ("rate", Function::Rate),
    ("increase", Function::Increase),
    ("timestamp", Function::Timestamp),
    ("max_over_time", Function::MaxOverTime),
    ("count_over_time", Function::CountOverTime),
];
const AGGREGATES: [(&str, Aggregate); 4] =
    [("sum", Aggregate::Sum), ("max", Aggregate::Max), ("min", Aggregate::Min), ("count", Aggregate::Count)];
/// Expressions within expressions; nobody writes as many.
const DEEPEST: usize = 32;

/// Reads a query.
///
/// # Errors
/// What is not understood, and where.
pub fn parse(query: &str) -> Result<Expr, String> {
    let mut reader = Reader { whole: query, rest: query, depth: 0 };
    let expr = reader.expr()?;
    reader.blank();
    if reader.rest.is_empty() { Ok(expr) } else { Err(reader.unexpected()) }
}

impl Matcher {
    pub fn fits(&self, value: &str) -> bool {
        match self {
            Matcher::Is(wanted) => value == wanted,
            Matcher::IsNot(other) => value != other,
            Matcher::Fits(regex) => regex.is_match(value),
            Matcher::FitsNot(regex) => !regex.is_match(value),
        }
    }
}

struct Reader<'a> {
    whole: &'a str,
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn unexpected(&self) -> String {
        let at = self.whole.len() - self.rest.len();
        match self.rest.chars().next() {
            Some(c) => format!("1:{}: parse error: unexpected character: '{c}'", at + 1),
            None => format!("1:{}: parse error: unexpected end of input", at + 1),
        }
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, token: &str) -> bool {
        self.blank();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn needs(&mut self, token: &str) -> Result<(), String> {
        if self.takes(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn word(&mut self) -> &'a str {
        self.blank();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn expr(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("parse error: the query is nested too deeply".into());
        }
        let mut expr = self.all_of()?;
        while self.takes("or ") {
            expr = Expr::Or(Box::new(expr), Box::new(self.all_of()?));
        }
        self.depth -= 1;
        Ok(expr)
    }

    /// `and` binds more tightly than `or`.
    fn all_of(&mut self) -> Result<Expr, String> {
        let mut expr = self.ranged()?;
        while self.takes("and ") {
            expr = Expr::And(Box::new(expr), Box::new(self.ranged()?));
        }
        Ok(expr)
    }

    fn ranged(&mut self) -> Result<Expr, String> {
        let mut expr = self.plain()?;
        while self.takes("[") {
            expr = self.range(expr)?;
        }
        if self.takes("offset ") {
            expr = Expr::Offset(Box::new(expr), self.span()?);
        }
        Ok(expr)
    }

    fn plain(&mut self) -> Result<Expr, String> {
        if self.takes("(") {
            let inner = self.expr()?;
            return self.needs(")").map(|()| inner);
        }
        let word = self.word();
        let aggregate = AGGREGATES.iter().find(|(name, _)| *name == word);
        let function = FUNCTIONS.iter().find(|(name, _)| *name == word);
        if let Some((_, aggregate)) = aggregate {
            return self.aggregate(*aggregate);
        }
        if word == "topk" {
            self.needs("(")?;
            let count = self.word().parse().map_err(|_| self.unexpected())?;
            self.needs(",")?;
            let of = self.expr()?;
            return self.needs(")").map(|()| Expr::TopK(count, Box::new(of)));
        }
        if self.takes("(") {
            let (_, function) =
                function.ok_or_else(|| format!("parse error: unknown function with name \"{word}\""))?;
            let of = self.expr()?;
            return self.needs(")").map(|()| Expr::Call(*function, Box::new(of)));
        }
        self.selector(word)
    }

    fn aggregate(&mut self, aggregate: Aggregate) -> Result<Expr, String> {
        let mut by = self.by()?;
        self.needs("(")?;
        let of = self.expr()?;
        self.needs(")")?;
        if by.is_empty() {
            by = self.by()?;
        }
        Ok(Expr::Aggregate(aggregate, by, Box::new(of)))
    }

    fn by(&mut self) -> Result<Vec<String>, String> {
        let mut labels = Vec::new();
        if !self.takes("by") {
            return Ok(labels);
        }
        self.needs("(")?;
        while !self.takes(")") {
            labels.push(self.word().to_owned());
            if !self.takes(",") {
                self.needs(")")?;
                break;
            }
        }
        Ok(labels)
    }

    fn range(&mut self, of: Expr) -> Result<Expr, String> {
        let span = self.span()?;
        let step = if self.takes(":") { Some(self.span()?) } else { None };
        self.needs("]")?;
        Ok(Expr::Range(Box::new(of), span, step))
    }

    fn span(&mut self) -> Result<Duration, String> {
        self.blank();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let text = &self.rest[..end];
        let read = match text.strip_suffix("ms") {
            Some(count) => count.parse().ok().map(Duration::from_millis),
            None => time::span(text),
        };
        let read = read.ok_or_else(|| self.unexpected())?;
        self.rest = &self.rest[end..];
        Ok(read)
    }

    fn selector(&mut self, name: &str) -> Result<Expr, String> {
        let mut selector = Selector { name: name.to_owned(), matchers: Vec::new() };
        if self.takes("{") {
            while !self.takes("}") {
                let label = self.word().to_owned();
                selector.matchers.push((label, self.matcher()?));
                if !self.takes(",") {
                    self.needs("}")?;
                    break;
                }
            }
        }
        let empty = name.is_empty() && selector.matchers.is_empty();
        if empty { Err(self.unexpected()) } else { Ok(Expr::Selector(selector)) }
    }

    fn matcher(&mut self) -> Result<Matcher, String> {
        let of =
            |regex: String| Regex::new(&format!("^(?:{regex})$")).map_err(|e| format!("parse error: {e}"));
        if self.takes("=~") {
            self.quoted().and_then(of).map(Matcher::Fits)
        } else if self.takes("!~") {
            self.quoted().and_then(of).map(Matcher::FitsNot)
        } else if self.takes("!=") {
            self.quoted().map(Matcher::IsNot)
        } else {
            self.needs("=")?;
            self.quoted().map(Matcher::Is)
        }
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.needs("\"")?;
        let (mut text, mut chars) = (String::new(), self.rest.char_indices());
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, other)) => text.push(other),
                    None => break,
                },
                _ => text.push(c),
            }
        }
        Err("parse error: unterminated quoted string".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_understood_is_said_as_prometheus_says_it() {
        for (query, said) in [
            ("sum(", "1:5: parse error: unexpected end of input"),
            ("a b", "1:3: parse error: unexpected character: 'b'"),
            ("predict(a)", "parse error: unknown function with name \"predict\""),
            ("a{b=\"", "parse error: unterminated quoted string"),
            ("{}", "1:3: parse error: unexpected end of input"),
        ] {
            assert_eq!(parse(query).unwrap_err(), said, "{query}");
        }
        assert!(parse(&"(".repeat(10_000)).unwrap_err().contains("nested"));
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "[a-z(){}\\[\\]\"=~!,:0-9 \\\\é]{0,40}") {
            let _ = parse(&query);
        }
    }
}
