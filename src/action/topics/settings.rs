//! Settings of topics as they are typed: `retention.ms=86400000` sets one, `retention.ms-` takes the
//! topic's own value away. Values have no spaces.

use crate::{action::Note, suggest};

/// Source: Apache Kafka 4.1 `TopicConfig`, and what versions since 2.8 had besides.
const NAMES: [&str; 37] = [
    "cleanup.policy",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.type",
    "compression.zstd.level",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "follower.replication.throttled.replicas",
    "index.interval.bytes",
    "leader.replication.throttled.replicas",
    "local.retention.bytes",
    "local.retention.ms",
    "max.compaction.lag.ms",
    "max.message.bytes",
    "message.downconversion.enable",
    "message.format.version",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "message.timestamp.difference.max.ms",
    "message.timestamp.type",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "min.insync.replicas",
    "preallocate",
    "remote.log.copy.disable",
    "remote.log.delete.on.disable",
    "remote.storage.enable",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.index.bytes",
    "segment.jitter.ms",
    "segment.ms",
    "unclean.leader.election.enable",
    "internal.segment.bytes",
];

/// Settings that are whole numbers and that rules here reckon with.
const NUMBERS: [&str; 3] = ["min.insync.replicas", "retention.bytes", "retention.ms"];

/// A setting's name and its value; None takes the topic's own away.
pub type Setting = (String, Option<String>);

pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter()
}

/// One word of what is typed.
pub fn parse(word: &str) -> Result<Setting, String> {
    let (name, value) = match (word.split_once('='), word.strip_suffix('-')) {
        (Some((name, value)), _) => (name, Some(value.to_string())),
        (None, Some(name)) => (name, None),
        (None, None) => {
            return Err(format!("{word:?} is no setting; type `name=value` to set one, `name-` to unset it"));
        }
    };
    check_name(name)?;
    if let Some(value) = &value {
        check_value(name, value)?;
    }
    Ok((name.to_string(), value))
}

/// A name that is nearly a known one is a slip; one that is like none may be newer than castellan.
fn check_name(name: &str) -> Result<(), String> {
    let spelled = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '_';
    if name.is_empty() || !name.chars().all(spelled) {
        let hint = suggest::nearest(name, NAMES).map(|n| format!("; did you mean {n}?")).unwrap_or_default();
        return Err(format!("{name:?} is no name of a setting{hint}"));
    }
    match suggest::nearest(name, NAMES) {
        Some(near) if near != name => Err(format!("topics have no setting {name}; did you mean {near}?")),
        _ => Ok(()),
    }
}

fn check_value(name: &str, value: &str) -> Result<(), String> {
    if value.chars().any(char::is_control) {
        return Err(format!("the value {value:?} of {name} has control characters in it"));
    }
    if NUMBERS.contains(&name) && value.parse::<i64>().is_err() {
        return Err(format!("{name} is a whole number, not {value:?}"));
    }
    Ok(())
}

/// Said of settings that castellan has never heard of.
pub fn strangers<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Note> {
    let strange = names.into_iter().filter(|name| !NAMES.contains(name));
    strange
        .map(|name| Note::warning(format!("castellan does not know {name}: the brokers judge it")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_set_and_unset() {
        assert_eq!(parse("retention.ms=-1"), Ok(("retention.ms".into(), Some("-1".into()))));
        assert_eq!(parse("retention.ms-"), Ok(("retention.ms".into(), None)));
        assert_eq!(parse("cleanup.policy="), Ok(("cleanup.policy".into(), Some(String::new()))));
        assert_eq!(parse("confluent.tier.enable=true").map(|s| s.0), Ok("confluent.tier.enable".into()));
    }

    #[test]
    fn slips_are_answered_with_what_was_meant() {
        for (word, why) in [
            ("retention", "\"retention\" is no setting; type `name=value` to set one, `name-` to unset it"),
            ("retention.m=1", "topics have no setting retention.m; did you mean retention.ms?"),
            ("cleanup.polcy-", "topics have no setting cleanup.polcy; did you mean cleanup.policy?"),
            ("Retention.ms=1", "\"Retention.ms\" is no name of a setting; did you mean retention.ms?"),
            ("=1", "\"\" is no name of a setting"),
            ("retention.ms=1d", "retention.ms is a whole number, not \"1d\""),
            ("\u{1b}[2J=1", "\"\\u{1b}[2J\" is no name of a setting"),
            ("segment.ms=\u{7}", "the value \"\\u{7}\" of segment.ms has control characters in it"),
        ] {
            assert_eq!(parse(word), Err(why.into()));
        }
    }

    #[test]
    fn every_known_name_is_taken_as_it_is() {
        for name in names() {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }
}
