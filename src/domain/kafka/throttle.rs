//! Replication throttles: topics name the throttled replicas of each side, brokers have the rate of each side.
//!
//! Source: KIP-73.

use super::{BrokerId, Topic};

/// Dynamic rates in bytes a second; None: not throttled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Throttle {
    /// `leader.replication.throttled.rate`
    pub leader: Option<u64>,
    /// `follower.replication.throttled.rate`
    pub follower: Option<u64>,
}

/// Who gives, and who gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Leader,
    Follower,
}

impl Side {
    pub const BOTH: [Side; 2] = [Side::Leader, Side::Follower];

    /// The topic's setting: `*`, or `partition:broker` in a list.
    pub fn replicas_key(self) -> &'static str {
        match self {
            Side::Leader => "leader.replication.throttled.replicas",
            Side::Follower => "follower.replication.throttled.replicas",
        }
    }

    /// The broker's setting: bytes a second.
    pub fn rate_key(self) -> &'static str {
        match self {
            Side::Leader => "leader.replication.throttled.rate",
            Side::Follower => "follower.replication.throttled.rate",
        }
    }

    pub fn rate(self, throttle: Throttle) -> Option<u64> {
        match self {
            Side::Leader => throttle.leader,
            Side::Follower => throttle.follower,
        }
    }

    /// What is set on the topic itself.
    pub fn list(self, topic: &Topic) -> Option<&str> {
        let mut overrides = topic.config.iter().flat_map(|config| &config.overrides);
        overrides.find(|(name, _)| name == self.replicas_key()).map(|(_, value)| value.as_str())
    }

    /// Whether the topic names this replica.
    pub fn names(self, topic: &Topic, partition: i32, broker: BrokerId) -> bool {
        let meant = replica(partition, broker);
        self.list(topic).is_some_and(|list| replicas(list).any(|one| one == ALL || one == meant))
    }
}

/// Every replica of a topic.
pub const ALL: &str = "*";

/// `3:1`
pub fn replica(partition: i32, broker: BrokerId) -> String {
    format!("{partition}:{broker}")
}

/// The entries of a topic's list.
pub fn replicas(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}
