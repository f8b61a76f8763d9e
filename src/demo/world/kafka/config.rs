//! Configuration: what can be set on topics and brokers, what holds where nothing is set, and what the
//! simulation makes of it.

use super::code::{Code, Refused};
use crate::domain::Text;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Int,
    Long,
    Double,
    String,
    List,
    Password,
}

/// One key that can be set while the cluster runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub name: &'static str,
    pub kind: Kind,
    /// What holds where nothing is set; None: Kafka has no value then.
    pub default: Option<&'static str>,
    /// The brokers' key for the same, where a topic's default can be set on them.
    pub broker: Option<&'static str>,
}

const fn topic(name: &'static str, kind: Kind, default: &'static str, broker: &'static str) -> Setting {
    Setting { name, kind, default: Some(default), broker: Some(broker) }
}

const fn broker(name: &'static str, kind: Kind, default: Option<&'static str>) -> Setting {
    Setting { name, kind, default, broker: None }
}

const LEADER_THROTTLED: &str = "leader.replication.throttled.replicas";
const FOLLOWER_THROTTLED: &str = "follower.replication.throttled.replicas";
pub(super) const LEADER_RATE: &str = "leader.replication.throttled.rate";
pub(super) const FOLLOWER_RATE: &str = "follower.replication.throttled.rate";

/// Source: Apache Kafka `TopicConfig`, `LogConfig` and `ServerTopicConfigSynonyms`, 4.0.
pub const TOPIC: [Setting; 26] = [
    topic("cleanup.policy", Kind::List, "delete", "log.cleanup.policy"),
    topic("compression.type", Kind::String, "producer", "compression.type"),
    topic("delete.retention.ms", Kind::Long, "86400000", "log.cleaner.delete.retention.ms"),
    topic("file.delete.delay.ms", Kind::Long, "60000", "log.segment.delete.delay.ms"),
    topic("flush.messages", Kind::Long, "9223372036854775807", "log.flush.interval.messages"),
    topic("flush.ms", Kind::Long, "9223372036854775807", "log.flush.interval.ms"),
    Setting { name: FOLLOWER_THROTTLED, kind: Kind::List, default: Some(""), broker: None },
    topic("index.interval.bytes", Kind::Int, "4096", "log.index.interval.bytes"),
    Setting { name: LEADER_THROTTLED, kind: Kind::List, default: Some(""), broker: None },
    topic("local.retention.bytes", Kind::Long, "-2", "log.local.retention.bytes"),
    topic("local.retention.ms", Kind::Long, "-2", "log.local.retention.ms"),
    topic("max.compaction.lag.ms", Kind::Long, "9223372036854775807", "log.cleaner.max.compaction.lag.ms"),
    topic("max.message.bytes", Kind::Int, "1048588", "message.max.bytes"),
    topic("message.timestamp.after.max.ms", Kind::Long, "3600000", "log.message.timestamp.after.max.ms"),
    topic(
        "message.timestamp.before.max.ms",
        Kind::Long,
        "9223372036854775807",
        "log.message.timestamp.before.max.ms",
    ),
    topic("message.timestamp.type", Kind::String, "CreateTime", "log.message.timestamp.type"),
    topic("min.cleanable.dirty.ratio", Kind::Double, "0.5", "log.cleaner.min.cleanable.ratio"),
    topic("min.compaction.lag.ms", Kind::Long, "0", "log.cleaner.min.compaction.lag.ms"),
    topic("min.insync.replicas", Kind::Int, "1", "min.insync.replicas"),
    topic("preallocate", Kind::Boolean, "false", "log.preallocate"),
    Setting { name: "remote.storage.enable", kind: Kind::Boolean, default: Some("false"), broker: None },
    topic("retention.bytes", Kind::Long, "-1", "log.retention.bytes"),
    topic("retention.ms", Kind::Long, "604800000", "log.retention.ms"),
    topic("segment.bytes", Kind::Int, "1073741824", "log.segment.bytes"),
    topic("segment.ms", Kind::Long, "604800000", "log.roll.ms"),
    topic("unclean.leader.election.enable", Kind::Boolean, "false", "unclean.leader.election.enable"),
];

/// Those that can be set on a broker while it runs, and are worth it.
///
/// Source: Apache Kafka `DynamicBrokerConfig`, `QuotaConfig`, 4.0.
pub const BROKER: [Setting; 22] = [
    broker("background.threads", Kind::Int, Some("10")),
    broker("compression.type", Kind::String, Some("producer")),
    broker(FOLLOWER_RATE, Kind::Long, Some("9223372036854775807")),
    broker(LEADER_RATE, Kind::Long, Some("9223372036854775807")),
    broker("log.cleaner.threads", Kind::Int, Some("1")),
    broker("log.cleanup.policy", Kind::List, Some("delete")),
    broker("log.flush.interval.ms", Kind::Long, None),
    broker("log.retention.bytes", Kind::Long, Some("-1")),
    broker("log.retention.ms", Kind::Long, None),
    broker("log.roll.ms", Kind::Long, None),
    broker("log.segment.bytes", Kind::Int, Some("1073741824")),
    broker("max.connections", Kind::Int, Some("2147483647")),
    broker("max.connections.per.ip", Kind::Int, Some("2147483647")),
    broker("message.max.bytes", Kind::Int, Some("1048588")),
    broker("min.insync.replicas", Kind::Int, Some("1")),
    broker("num.io.threads", Kind::Int, Some("8")),
    broker("num.network.threads", Kind::Int, Some("3")),
    broker("num.recovery.threads.per.data.dir", Kind::Int, Some("2")),
    broker("num.replica.fetchers", Kind::Int, Some("1")),
    broker("replica.alter.log.dirs.io.max.bytes.per.second", Kind::Long, Some("9223372036854775807")),
    broker("ssl.keystore.password", Kind::Password, None),
    broker("unclean.leader.election.enable", Kind::Boolean, Some("false")),
];

/// What one step of an incremental change does to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Set(Text),
    Delete,
    Append(Text),
    Subtract(Text),
}

/// Makes the changes, all or none.
///
/// # Errors
/// INVALID_CONFIG where a key is not known, or a value cannot be; `what` is `topic` or `broker`, for the
/// sentence.
pub(super) fn change(
    known: &[Setting],
    what: &str,
    configs: &BTreeMap<Text, Text>,
    changes: &[(Text, Change)],
) -> Result<BTreeMap<Text, Text>, Refused> {
    let mut changed = configs.clone();
    for (name, change) in changes {
        let unknown = || Refused::because(Code::InvalidConfig, format!("Unknown {what} config name: {name}"));
        let setting = known.iter().find(|s| s.name == &**name).ok_or_else(unknown)?;
        let listed = || {
            let now = changed.get(name).map_or(setting.default.unwrap_or_default(), |v| v);
            now.split(',').filter(|v| !v.is_empty()).map(String::from).collect::<Vec<_>>()
        };
        let values = |text: &str| text.split(',').map(|v| v.trim().to_owned()).collect::<Vec<_>>();
        let value = match change {
            Change::Delete => {
                changed.remove(name);
                continue;
            }
            Change::Set(value) => value.to_string(),
            Change::Append(_) | Change::Subtract(_) if setting.kind != Kind::List => {
                let told =
                    format!("Can't append to or subtract from key {name} because its type is not LIST.");
                return Err(Refused::because(Code::InvalidConfig, told));
            }
            Change::Append(more) => {
                let mut all = listed();
                let new: Vec<_> = values(more).into_iter().filter(|v| !all.contains(v)).collect();
                all.extend(new);
                all.join(",")
            }
            Change::Subtract(less) => {
                let less = values(less);
                listed().into_iter().filter(|v| !less.contains(v)).collect::<Vec<_>>().join(",")
            }
        };
        setting.check(&value)?;
        changed.insert(name.clone(), value.into());
    }
    Ok(changed)
}

impl Setting {
    fn check(&self, value: &str) -> Result<(), Refused> {
        let invalid = |why: &str| {
            let told = format!("Invalid value {value} for configuration {}: {why}", self.name);
            Err(Refused::because(Code::InvalidConfig, told))
        };
        let number = match self.kind {
            Kind::Boolean if !["true", "false"].contains(&value.to_lowercase().as_str()) => {
                return invalid("Expected value to be either true or false");
            }
            Kind::Int => match value.trim().parse::<i32>() {
                Ok(number) => Some(i64::from(number)),
                Err(_) => return invalid("Not a number of type INT"),
            },
            Kind::Long => match value.trim().parse::<i64>() {
                Ok(number) => Some(number),
                Err(_) => return invalid("Not a number of type LONG"),
            },
            Kind::Double if value.trim().parse::<f64>().is_err() => {
                return invalid("Not a number of type DOUBLE");
            }
            _ => None,
        };
        let words: Option<&[&str]> = match self.name {
            "cleanup.policy" | "log.cleanup.policy" => Some(&["compact", "delete"]),
            "compression.type" => Some(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
            "message.timestamp.type" => Some(&["CreateTime", "LogAppendTime"]),
            _ => None,
        };
        if let Some(words) = words
            && !value.split(',').all(|v| words.contains(&v.trim()))
        {
            return invalid(&format!("String must be one of: {}", words.join(", ")));
        }
        let least = match self.name {
            "min.insync.replicas" => 1,
            "segment.bytes" | "log.segment.bytes" => 14,
            "segment.ms" => 1,
            "retention.ms" | "retention.bytes" | "log.retention.ms" | "log.retention.bytes" => -1,
            "local.retention.ms" | "local.retention.bytes" => -2,
            _ => 0,
        };
        match number {
            Some(n) if n < least => invalid(&format!("Value must be at least {least}")),
            _ if self.name.ends_with("throttled.replicas") && !throttled_form(value) => invalid(
                "it must be the literal '*' or a list of replicas in the following format: \
                 [partitionId]:[brokerId],[partitionId]:[brokerId],...",
            ),
            _ => Ok(()),
        }
    }
}

fn throttled_form(value: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let pair = |v: &str| v.trim().split_once(':').is_some_and(|(p, b)| number(p) && number(b));
    value.is_empty() || value.trim() == "*" || value.split(',').all(pair)
}

/// What a topic's configuration means for the simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// `min.insync.replicas`
    pub min_isr: usize,
    /// `unclean.leader.election.enable`
    pub unclean: bool,
    /// Whether the cleanup policy is only `compact`: nothing is deleted for its age.
    pub compact: bool,
    /// Seconds; None: for ever.
    pub retention: Option<f64>,
    /// Of one partition; None: without a limit.
    pub retention_bytes: Option<f64>,
    pub(super) leader_throttled: Throttled,
    pub(super) follower_throttled: Throttled,
}

/// The replicas that a throttle is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Throttled {
    All,
    /// Partition and broker.
    These(Vec<(i32, i32)>),
}

impl Throttled {
    pub fn contains(&self, partition: usize, broker: i32) -> bool {
        match self {
            Throttled::All => true,
            Throttled::These(these) => these.iter().any(|&(p, b)| p as usize == partition && b == broker),
        }
    }

    fn of(value: &str) -> Self {
        if value.trim() == "*" {
            return Throttled::All;
        }
        let pair = |v: &str| {
            let (partition, broker) = v.trim().split_once(':')?;
            Some((partition.parse().ok()?, broker.parse().ok()?))
        };
        Throttled::These(value.split(',').filter_map(pair).collect())
    }
}

impl Rules {
    pub fn of(configs: &BTreeMap<Text, Text>) -> Self {
        let value = |name: &str| {
            let default = TOPIC.iter().find(|s| s.name == name).and_then(|s| s.default);
            configs.get(name).map_or(default.unwrap_or_default(), |v| v)
        };
        let number = |name: &str| value(name).parse::<f64>().ok();
        let compact = value("cleanup.policy") == "compact";
        let limit = |name: &str| number(name).filter(|n| *n >= 0.0 && !compact);
        Rules {
            min_isr: number("min.insync.replicas").map_or(1, |n| n as usize),
            unclean: value("unclean.leader.election.enable").eq_ignore_ascii_case("true"),
            compact,
            retention: limit("retention.ms").map(|ms| ms / 1000.0),
            retention_bytes: limit("retention.bytes"),
            leader_throttled: Throttled::of(value(LEADER_THROTTLED)),
            follower_throttled: Throttled::of(value(FOLLOWER_THROTTLED)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> Result<BTreeMap<Text, Text>, Refused> {
        change(&TOPIC, "topic", &BTreeMap::new(), &[(name.into(), Change::Set(value.into()))])
    }

    #[test]
    fn what_cannot_be_set_is_refused_with_the_reason() {
        let cases = [
            ("retention", "1", "Unknown topic config name: retention"),
            ("retention.ms", "a week", "Not a number of type LONG"),
            ("min.insync.replicas", "0", "at least 1"),
            ("cleanup.policy", "shred", "compact, delete"),
            ("unclean.leader.election.enable", "perhaps", "true or false"),
            (LEADER_THROTTLED, "0-1", "[partitionId]:[brokerId]"),
        ];
        for (name, value, says) in cases {
            let refused = set(name, value).unwrap_err();
            assert_eq!(refused.code, Code::InvalidConfig);
            assert!(refused.to_string().contains(says), "{refused}");
        }
        let rules = Rules::of(&set(LEADER_THROTTLED, "0:1,3:2").unwrap());
        assert!(rules.leader_throttled.contains(3, 2) && !rules.leader_throttled.contains(3, 1));
    }

    #[test]
    fn lists_are_added_to_and_taken_from_one_by_one() {
        let name: Text = FOLLOWER_THROTTLED.into();
        let changes =
            [Change::Append("0:1".into()), Change::Append("0:1,2:3".into()), Change::Subtract("0:1".into())];
        let changes = changes.map(|c| (name.clone(), c));
        let changed = change(&TOPIC, "topic", &BTreeMap::new(), &changes).unwrap();
        assert_eq!(&*changed[&name], "2:3");
        let number = [("retention.ms".into(), Change::Append("5".into()))];
        assert!(change(&TOPIC, "topic", &BTreeMap::new(), &number).is_err());
    }
}
