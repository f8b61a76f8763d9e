//! Topics and partitions.

use super::{BrokerId, Replicas, TopicName};

#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    pub name: TopicName,
    pub internal: bool,
    /// In the order of their indexes.
    pub partitions: Vec<Partition>,
    /// The effective configuration, once read.
    pub config: Option<TopicConfig>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    pub index: i32,
    /// None: the partition is offline.
    pub leader: Option<BrokerId>,
    pub epoch: i32,
    /// The first is the preferred leader.
    pub replicas: Replicas,
    pub isr: Replicas,
    /// Replicas on brokers or log dirs that are offline.
    pub offline: Replicas,
}

/// The effective settings that castellan's rules and panes read, with where they come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TopicConfig {
    pub min_insync: u16,
    /// Milliseconds; −1: for ever.
    pub retention_ms: i64,
    /// Bytes a partition; −1: no limit.
    pub retention_bytes: i64,
    /// `delete`, `compact`, `compact,delete`.
    pub cleanup: String,
    /// What is set on the topic itself (name, value), among it throttles.
    pub overrides: Vec<(String, String)>,
}

impl Partition {
    pub fn is_offline(&self) -> bool {
        self.leader.is_none()
    }

    pub fn under_replicated(&self) -> bool {
        self.isr.len() < self.replicas.len()
    }

    pub fn preferred_leader(&self) -> Option<BrokerId> {
        self.replicas.first().copied()
    }

    /// Whether the leader is the preferred one; an offline partition's is not.
    pub fn led_as_preferred(&self) -> bool {
        self.leader.is_some() && self.leader == self.preferred_leader()
    }
}

impl Topic {
    /// The effective `min.insync.replicas`; None until the configuration was read.
    pub fn min_insync(&self) -> Option<usize> {
        self.config.as_ref().map(|c| usize::from(c.min_insync))
    }

    /// `acks=all` writes are refused: ISR below min ISR. Unknown configuration is never counted as a fault.
    pub fn under_min_isr(&self, p: &Partition) -> bool {
        self.min_insync().is_some_and(|min| p.isr.len() < min)
    }

    /// One lost replica away from refusing writes, although it has a replica to spare by design.
    pub fn at_min_isr(&self, p: &Partition) -> bool {
        self.min_insync().is_some_and(|min| p.isr.len() == min && p.replicas.len() > min)
    }

    pub fn partition(&self, index: i32) -> Option<&Partition> {
        let i = self.partitions.binary_search_by_key(&index, |p| p.index).ok()?;
        self.partitions.get(i)
    }
}
