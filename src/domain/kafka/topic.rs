//! Topics and partitions.

use super::{BrokerId, Replicas, TopicId, TopicName};

#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    pub name: TopicName,
    /// As Kafka's tools print it: another topic of the same name has another. None before Kafka 2.8.
    pub id: Option<TopicId>,
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

    /// Whether an election would give it its preferred leader, which it has not: it is in sync.
    pub fn electable(&self) -> bool {
        !self.led_as_preferred() && self.preferred_leader().is_some_and(|id| self.isr.contains(id))
    }
}

impl Topic {
    /// The effective `min.insync.replicas`; None until the configuration was read.
    pub fn min_insync(&self) -> Option<usize> {
        self.config.as_ref().map(|c| usize::from(c.min_insync))
    }

    /// `acks=all` writes are refused: ISR below min ISR. Unknown configuration is never counted as a fault.
    ///
    /// A broker asks for no more replicas in sync than the partition has, so one replica under a min ISR
    /// of two does take writes. Source: Kafka `Partition.effectiveMinIsr`.
    pub fn under_min_isr(&self, p: &Partition) -> bool {
        self.min_insync().is_some_and(|min| p.isr.len() < min.min(p.replicas.len()))
    }

    /// One lost replica away from refusing writes, although it has a replica to spare by design.
    pub fn at_min_isr(&self, p: &Partition) -> bool {
        self.min_insync().is_some_and(|min| p.isr.len() == min && p.replicas.len() > min)
    }

    pub fn partition(&self, index: i32) -> Option<&Partition> {
        // Their indexes mostly count up from 0.
        let guessed = self.partitions.get(usize::try_from(index).ok()?).filter(|p| p.index == index);
        let searched = || self.partitions.binary_search_by_key(&index, |p| p.index).ok();
        guessed.or_else(|| self.partitions.get(searched()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_replica_in_sync_takes_writes_whatever_min_isr_says() {
        let ids = |n: i32| (0..n).map(BrokerId).collect::<Replicas>();
        let config = TopicConfig { min_insync: 2, ..TopicConfig::default() };
        let topic = |replicas, isr| Topic {
            name: "t".into(),
            id: None,
            internal: false,
            partitions: vec![Partition {
                index: 0,
                leader: Some(BrokerId(0)),
                epoch: 0,
                replicas: ids(replicas),
                isr: ids(isr),
                offline: ids(0),
            }],
            config: Some(config.clone()),
        };
        let refused = |replicas, isr| {
            let t = topic(replicas, isr);
            t.under_min_isr(&t.partitions[0])
        };
        assert!(!refused(1, 1) && refused(1, 0));
        assert!(!refused(3, 2) && refused(3, 1));
        assert!(!refused(2, 2) && refused(2, 1));
    }
}
