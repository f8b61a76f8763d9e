//! One Kafka cluster, as its own protocol tells it.

mod broker;
mod census;
mod delta;
mod group;
mod moves;
mod replicas;
mod sizes;
pub mod throttle;
mod topic;

pub use broker::{Broker, LogDir, LogDirs, Quorum, Reassignment, ReplicaLog, Route, Voter};
pub use census::{Census, Tally, Totals, Troubles, refuses, under_replicated};
pub use delta::{Body, KafkaDelta};
pub use group::{Committed, Group, GroupState, Member, TopicPartitions};
pub use moves::{Moves, adding, moving};
pub use replicas::Replicas;
pub use sizes::Sizes;
pub use throttle::{Side, Throttle};
pub use topic::{Partition, Topic, TopicConfig};

use super::{
    Text,
    commits::Past,
    lag::{Lags, Series},
    reading::{Feed, Reading, State},
    time::Time,
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

pub type TopicName = Text;
pub type TopicId = Text;
pub type GroupId = Text;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct BrokerId(pub i32);

impl std::fmt::Display for BrokerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Everything polled of one Kafka cluster. Collections carry one [`Feed`] each; what one broker alone
/// can answer (its log dirs, its contact) has its own reading, so that a hung broker costs its own
/// cells only.
#[derive(Debug, Clone)]
pub struct Kafka {
    pub id: Reading<Text>,
    /// How brokers are reached; None until the first contact.
    pub route: Option<Route>,
    /// By id. A broker that unregistered stays with `registered = false` as long as a partition names it.
    pub brokers: BTreeMap<BrokerId, Broker>,
    /// The active controller, as far as it is known.
    pub controller: Option<BrokerId>,
    /// Kafka has told that no controller is active; without it, one that is not known is only not told yet.
    pub leaderless: bool,
    /// Freshness of `brokers`' registration, `controller`.
    pub cluster_feed: Feed,
    pub topics: BTreeMap<TopicName, Topic>,
    /// What `topics` hold, counted; kept up with them.
    pub census: Census,
    /// Freshness of leaders, ISRs and replicas.
    pub topics_feed: Feed,
    /// Freshness of the topics' configurations.
    pub configs_feed: Feed,
    /// Log end offset by partition index (−1: unknown), for every topic.
    pub ends: HashMap<TopicName, Vec<i64>>,
    /// Freshness of `ends` as a whole; that of one partition's is [`Kafka::end_state`].
    pub ends_feed: Feed,
    pub groups: BTreeMap<GroupId, Group>,
    pub groups_feed: Feed,
    pub quorum: Reading<Quorum>,
    pub reassignments: Reading<Moves>,
    /// How the groups' commits went on, beside each group's offsets.
    pub commits: HashMap<GroupId, Vec<Past>>,
    /// The histories that lag in time is told from.
    pub lags: Lags,
    /// From the brokers' log dirs; as fresh as those of the partition's leader.
    pub sizes: Sizes,
    /// The poller's present patience, for brokers and groups that come later.
    pub patience: HashMap<Body, Duration>,
}

/// Patience before the poller has said its cadence.
pub const PATIENCE: Duration = Duration::from_secs(20);

impl Default for Kafka {
    fn default() -> Self {
        Kafka {
            id: Reading::pending(PATIENCE),
            route: None,
            brokers: BTreeMap::new(),
            controller: None,
            leaderless: false,
            cluster_feed: Feed::pending(PATIENCE),
            topics: BTreeMap::new(),
            census: Census::default(),
            topics_feed: Feed::pending(PATIENCE),
            configs_feed: Feed::pending(PATIENCE),
            ends: HashMap::new(),
            ends_feed: Feed::pending(PATIENCE),
            groups: BTreeMap::new(),
            groups_feed: Feed::pending(PATIENCE),
            quorum: Reading::pending(PATIENCE),
            reassignments: Reading::pending(PATIENCE),
            commits: HashMap::new(),
            lags: Lags::default(),
            sizes: Sizes::default(),
            patience: HashMap::new(),
        }
    }
}

impl Kafka {
    /// The log end offset of a partition, if it was ever read.
    pub fn end(&self, topic: &str, partition: i32) -> Option<i64> {
        let ends = self.ends.get(topic)?;
        ends.get(usize::try_from(partition).ok()?).copied().filter(|o| *o >= 0)
    }

    /// How far [`Kafka::end`] can be trusted: only the partition's leader can tell it.
    pub fn end_state(&self, topic: &str, partition: i32, now: Time) -> State {
        let leader = self.topics.get(topic).and_then(|t| t.partition(partition)).and_then(|p| p.leader);
        match leader.and_then(|id| self.brokers.get(&id)) {
            Some(broker) => broker.ends.state(now),
            None => self.ends_feed.state(now),
        }
    }

    /// What is known of the logs of a topic.
    pub fn logs(&self, topic: &str) -> Logs<'_> {
        Logs {
            kafka: self,
            topic: self.topics.get(topic),
            ends: self.ends.get(topic).map_or(&[], |e| e),
            series: self.lags.topic(topic),
        }
    }
}

/// One topic's logs: looked up once, and then told of partition by partition.
pub struct Logs<'a> {
    kafka: &'a Kafka,
    topic: Option<&'a Topic>,
    pub ends: &'a [i64],
    series: &'a [Option<Series>],
}

impl Logs<'_> {
    /// The log end of a partition over time, if anybody consumes it.
    pub fn series(&self, partition: i32) -> Option<&Series> {
        self.series.get(usize::try_from(partition).ok()?)?.as_ref()
    }

    /// How long ago the message at `offset` was written, seen from when the log end was last confirmed: the
    /// lag in time of a group that has committed it. Zero at the log end; None: it cannot be told.
    pub fn late(&self, partition: i32, offset: i64) -> Option<Duration> {
        let leader = self.topic?.partition(partition)?.leader;
        let broker = leader.and_then(|id| self.kafka.brokers.get(&id));
        let confirmed = broker.and_then(|b| b.ends.heard()).or(self.kafka.ends_feed.heard())?;
        self.series(partition)?.age(offset, confirmed)
    }
}
