//! The Prometheus text format.
//!
//! prometheus-parse 0.2 reads most lines, and silently corrupts or drops others: label values with a
//! comma, `=`, `}` or an escape, names with a colon, blanks around labels, no blank before the value,
//! empty braces. Those lines are told by their looks and read here instead.

use super::identity::Labels;
use prometheus_parse::{Scrape, Value};

#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: Labels,
    pub value: f64,
}

/// The samples whose name is wanted; a line that is not of the format is left out.
pub fn samples(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<Sample> {
    let lines = text.lines().map(str::trim).filter(|l| !l.starts_with('#') && wanted(name_of(l)));
    let (plain, odd): (Vec<&str>, Vec<&str>) = lines.partition(|l| is_plain(l));
    // Type comments are left out, so that every sample comes as one number.
    let scrape = Scrape::parse(plain.into_iter().map(|l| Ok(l.to_string())));
    let read = scrape.map(|s| s.samples).unwrap_or_default().into_iter().filter_map(|s| match s.value {
        Value::Untyped(value) => Some(Sample {
            name: s.metric,
            labels: s.labels.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            value,
        }),
        _ => None,
    });
    read.chain(odd.into_iter().filter_map(sample)).collect()
}

fn name_of(line: &str) -> &str {
    line.split(|c: char| c == '{' || c.is_whitespace()).next().unwrap_or(line)
}

/// Whether prometheus-parse can be trusted with a line.
fn is_plain(line: &str) -> bool {
    let word = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let name = name_of(line);
    let rest = &line[name.len()..];
    let labelled = |rest: &str| {
        let Some((labels, after)) = rest.split_once('}') else { return false };
        let pairs = labels.strip_suffix(',').unwrap_or(labels);
        let simple = |value: &str| !value.contains(['"', '=', '\\']);
        after.starts_with([' ', '\t'])
            && pairs.split(',').all(|pair| {
                let value =
                    |v: &str| v.strip_prefix('"').and_then(|v| v.strip_suffix('"')).is_some_and(simple);
                pair.split_once('=').is_some_and(|(key, v)| word(key) && value(v))
            })
    };
    word(name) && rest.strip_prefix('{').is_none_or(labelled)
}

/// Reads a line by the format's own grammar. Source: Prometheus, "Exposition formats".
fn sample(line: &str) -> Option<Sample> {
    let name = name_of(line);
    let rest = line[name.len()..].trim_start();
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None => (Labels::new(), rest),
    };
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Sample { name: name.to_string(), labels, value })
}

/// Labels up to the closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (key, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start().strip_prefix('"')?)?;
        labels.insert(key.trim().to_string(), value);
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}

/// A label value up to its closing quote, its escapes undone, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[i + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                escaped @ ('\\' | '"') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            _ => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A sample as some exporter may write it.
    fn line(sample: &Sample, blanks: bool, tight: bool, comma: bool, stamp: bool) -> String {
        let escape = |v: &str| v.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let gap = if blanks { " " } else { "" };
        let pair = |(k, v): (&String, &String)| format!("{gap}{k}{gap}={gap}\"{}\"{gap}", escape(v));
        let pairs: Vec<String> = sample.labels.iter().map(pair).collect();
        let last = if comma && !pairs.is_empty() { "," } else { "" };
        let braces =
            if pairs.is_empty() && !comma { String::new() } else { format!("{{{}{last}}}", pairs.join(",")) };
        let before = if tight && !braces.is_empty() { "" } else { " " };
        let after = if stamp { " 1700000000000" } else { "" };
        format!("{}{braces}{before}{}{after}\n", sample.name, sample.value)
    }

    fn any_sample() -> impl Strategy<Value = Sample> {
        let value = prop_oneof![any::<i32>().prop_map(f64::from), -1e300..1e300f64, Just(f64::INFINITY)];
        let text = prop_oneof!["[a-z0-9.-]{0,12}", "[,={}\\\\\" \t\nnx]{0,6}", "\\PC{0,8}"];
        let labels = proptest::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,8}", text, 0..4);
        ("[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", labels, value).prop_map(|(name, labels, value)| Sample {
            name,
            labels,
            value,
        })
    }

    proptest! {
        /// Whatever the labels hold and however the line is set, what was written is read.
        #[test]
        fn what_is_written_is_read(
            written in proptest::collection::vec((any_sample(), any::<[bool; 4]>()), 0..12),
        ) {
            let mut text = String::from("# HELP a b{c=\"d\"} 1\n# TYPE a counter\n\n");
            for (sample, [blanks, tight, comma, stamp]) in &written {
                text += &line(sample, *blanks, *tight, *comma, *stamp);
            }
            let sorted = |mut all: Vec<Sample>| {
                all.sort_by_key(|s| format!("{s:?}"));
                all
            };
            let expected = sorted(written.into_iter().map(|(s, _)| s).collect());
            prop_assert_eq!(sorted(samples(&text, |_| true)), expected);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}", tail in "[a-z{}=\", \\\\\n]{0,40}") {
            samples(&format!("{text}{tail}"), |_| true);
        }
    }

    #[test]
    fn the_known_corruptions_are_caught() {
        let odd = [
            r#"a{t="x,y"} 1"#,
            r#"a{t="k=v"} 1"#,
            r#"a{t="}"} 1"#,
            r#"a:b{t="x"} 1"#,
            r#"a{t="\"x\""} 1"#,
            r#"a{t="x"}1"#,
            r#"a{t="x", u="y"} 1"#,
            "a{} 1",
        ];
        for line in odd {
            assert!(!is_plain(line), "{line}");
            assert_eq!(samples(line, |_| true).len(), 1, "{line}");
        }
        for line in ["a 1", r#"a{t="x"} 1"#, r#"a{t="x",u="y",} 1 1700000000000"#] {
            assert!(is_plain(line), "{line}");
        }
    }

    #[test]
    fn only_what_is_wanted_is_read() {
        assert_eq!(samples("a 1\nb{t=\"x\"} 2\n", |name| name == "b").len(), 1);
    }
}
