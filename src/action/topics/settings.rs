//! Settings of topics as they are typed: `retention.ms=86400000` sets one, `retention.ms-` takes the
//! topic's own value away. Values have no spaces.

use crate::{action::Note, suggest};
use Value::{Any, List, One, Share, Whole};

/// What a setting may be.
#[derive(Debug, Clone, Copy)]
enum Value {
    /// The brokers judge it.
    Any,
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// A fraction from 0 to 1.
    Share,
    One(&'static [&'static str]),
    /// Any of these with commas between them, or none.
    List(&'static [&'static str]),
}

const INT: i64 = i32::MAX as i64;
const BOOL: Value = One(&["true", "false"]);

/// Source: Apache Kafka 4.1 `TopicConfig` and `LogConfig`, and what versions since 2.8 had besides; where
/// versions differ, the wider range.
const SETTINGS: [(&str, Value); 37] = [
    ("cleanup.policy", List(&["compact", "delete"])),
    ("compression.gzip.level", Whole(-1, 9)),
    ("compression.lz4.level", Whole(1, 17)),
    ("compression.type", One(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])),
    ("compression.zstd.level", Whole(-131_072, 22)),
    ("delete.retention.ms", Whole(0, i64::MAX)),
    ("file.delete.delay.ms", Whole(0, i64::MAX)),
    ("flush.messages", Whole(0, i64::MAX)),
    ("flush.ms", Whole(0, i64::MAX)),
    ("follower.replication.throttled.replicas", Any),
    ("index.interval.bytes", Whole(0, INT)),
    ("leader.replication.throttled.replicas", Any),
    ("local.retention.bytes", Whole(-2, i64::MAX)),
    ("local.retention.ms", Whole(-2, i64::MAX)),
    ("max.compaction.lag.ms", Whole(1, i64::MAX)),
    ("max.message.bytes", Whole(0, INT)),
    ("message.downconversion.enable", BOOL),
    ("message.format.version", Any),
    ("message.timestamp.after.max.ms", Whole(0, i64::MAX)),
    ("message.timestamp.before.max.ms", Whole(0, i64::MAX)),
    ("message.timestamp.difference.max.ms", Whole(0, i64::MAX)),
    ("message.timestamp.type", One(&["CreateTime", "LogAppendTime"])),
    ("min.cleanable.dirty.ratio", Share),
    ("min.compaction.lag.ms", Whole(0, i64::MAX)),
    ("min.insync.replicas", Whole(1, INT)),
    ("preallocate", BOOL),
    ("remote.log.copy.disable", BOOL),
    ("remote.log.delete.on.disable", BOOL),
    ("remote.storage.enable", BOOL),
    ("retention.bytes", Whole(i64::MIN, i64::MAX)),
    ("retention.ms", Whole(-1, i64::MAX)),
    ("segment.bytes", Whole(14, INT)),
    ("segment.index.bytes", Whole(0, INT)),
    ("segment.jitter.ms", Whole(0, i64::MAX)),
    ("segment.ms", Whole(1, i64::MAX)),
    ("unclean.leader.election.enable", BOOL),
    ("internal.segment.bytes", Any),
];

/// A setting's name and its value; None takes the topic's own away.
pub type Setting = (String, Option<String>);

pub fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.into_iter().map(|(name, _)| name)
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
        let hint =
            suggest::nearest(name, names()).map(|n| format!("; did you mean {n}?")).unwrap_or_default();
        return Err(format!("{name:?} is no name of a setting{hint}"));
    }
    match suggest::nearest(name, names()) {
        Some(near) if near != name => Err(format!("topics have no setting {name}; did you mean {near}?")),
        _ => Ok(()),
    }
}

fn check_value(name: &str, value: &str) -> Result<(), String> {
    if value.chars().any(char::is_control) {
        return Err(format!("the value {value:?} of {name} has control characters in it"));
    }
    match SETTINGS.into_iter().find(|(known, _)| *known == name) {
        Some((_, kind)) => kind.check(name, value),
        None => Ok(()),
    }
}

impl Value {
    fn check(self, name: &str, value: &str) -> Result<(), String> {
        match self {
            Any => Ok(()),
            Whole(least, most) => match value.parse::<i64>() {
                Err(_) => Err(format!("{name} is a whole number, not {value:?}")),
                Ok(n) if n < least => Err(format!("{name} is at least {least}, not {n}")),
                Ok(n) if n > most => Err(format!("{name} is at most {most}, not {n}")),
                Ok(_) => Ok(()),
            },
            Share => match value.parse::<f64>() {
                Ok(share) if (0.0..=1.0).contains(&share) => Ok(()),
                _ => Err(format!("{name} is a fraction from 0 to 1, not {value:?}")),
            },
            One(words) if words.iter().any(|word| word.eq_ignore_ascii_case(value)) => Ok(()),
            One(words) => Err(format!("{name} is one of {}, not {value:?}", words.join(", "))),
            List(words) => match value.split(',').map(str::trim).find(|word| !words.contains(word)) {
                Some(word) if !value.is_empty() => {
                    Err(format!("{name} is of {}, not {word:?}", words.join(", ")))
                }
                _ => Ok(()),
            },
        }
    }
}

/// Said of settings that castellan has never heard of.
pub fn strangers<'a>(given: impl IntoIterator<Item = &'a str>) -> Vec<Note> {
    let strange = given.into_iter().filter(|name| names().all(|known| known != *name));
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
            ("retention.ms=-5", "retention.ms is at least -1, not -5"),
            ("cleanup.policy=foo", "cleanup.policy is of compact, delete, not \"foo\""),
            ("cleanup.policy=delete,,", "cleanup.policy is of compact, delete, not \"\""),
            ("preallocate=yes", "preallocate is one of true, false, not \"yes\""),
            ("min.insync.replicas=0", "min.insync.replicas is at least 1, not 0"),
            ("segment.bytes=3000000000", "segment.bytes is at most 2147483647, not 3000000000"),
            (
                "min.cleanable.dirty.ratio=NaN",
                "min.cleanable.dirty.ratio is a fraction from 0 to 1, not \"NaN\"",
            ),
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
