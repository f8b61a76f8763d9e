//! Brokers and what only they can tell.

use super::{BrokerId, PATIENCE, Replicas, Throttle, TopicName};
use crate::domain::{
    Text,
    reading::{Feed, Reading},
};
use std::{collections::HashMap, time::Duration};

/// Throttles are read seldom.
const THROTTLE_PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, Clone, PartialEq)]
pub struct Broker {
    pub id: BrokerId,
    /// The advertised host and port; empty and 0 for a broker that only replica lists still name.
    pub host: Text,
    pub port: u16,
    pub rack: Option<Text>,
    /// In the cluster's metadata now.
    pub registered: bool,
    /// Round trip of the last answer that this broker itself gave.
    pub contact: Reading<Duration>,
    pub log_dirs: Reading<LogDirs>,
    /// Freshness of the log ends of the partitions that it leads.
    pub ends: Feed,
    pub throttle: Reading<Throttle>,
    /// How many replica lists name it.
    pub named: u32,
}

impl Broker {
    pub fn new(id: BrokerId) -> Self {
        Broker {
            id,
            host: "".into(),
            port: 0,
            rack: None,
            registered: false,
            contact: Reading::pending(PATIENCE),
            log_dirs: Reading::pending(PATIENCE),
            ends: Feed::pending(PATIENCE),
            throttle: Reading::pending(THROTTLE_PATIENCE),
            named: 0,
        }
    }
}

/// A broker's disks and the replicas on them (DescribeLogDirs).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogDirs {
    pub dirs: Vec<LogDir>,
    /// Per topic, one entry a replica, in the order of the partitions; what is moved here from another log dir
    /// comes after what it replaces.
    pub replicas: HashMap<TopicName, Vec<ReplicaLog>>,
}

impl LogDirs {
    /// Bytes that it holds of a partition; what is only being moved to another of its log dirs is left out.
    pub fn held(&self, topic: &str, partition: i32) -> Option<u64> {
        let logs = self.replicas.get(topic)?;
        let at = logs.binary_search_by_key(&(partition, false), |log| (log.partition, log.future)).ok()?;
        Some(logs[at].bytes)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct LogDir {
    pub path: Text,
    /// Bytes of the volume and bytes free on it; None before DescribeLogDirs v4 (Kafka 3.3).
    pub total: Option<u64>,
    pub usable: Option<u64>,
    /// Bytes of the replicas on it.
    pub used: u64,
    /// The error that the broker reports for it (an offline log dir).
    pub error: Option<Text>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaLog {
    pub partition: i32,
    pub bytes: u64,
    /// How far it is behind the partition's log end, in messages.
    pub lag: i64,
    /// It is being moved here from another log dir of the broker.
    pub future: bool,
}

/// The KRaft quorum (DescribeQuorum).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quorum {
    pub leader: Option<BrokerId>,
    pub epoch: i32,
    pub voters: Vec<Voter>,
    pub observers: Vec<Voter>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Voter {
    pub id: BrokerId,
    pub log_end: i64,
    /// How long since it was caught up with the leader; None: unknown.
    pub behind: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reassignment {
    pub topic: TopicName,
    pub partition: i32,
    pub replicas: Replicas,
    pub adding: Replicas,
    pub removing: Replicas,
}

/// How the brokers are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Over TCP to the advertised listeners.
    Direct,
    /// Through the API server, by a port-forward to each broker's pod.
    PortForward,
    /// Some brokers one way and some the other.
    Mixed,
}

impl Route {
    pub fn words(self) -> &'static str {
        match self {
            Route::Direct => "direct",
            Route::PortForward => "port-forward",
            Route::Mixed => "direct + port-forward",
        }
    }
}
