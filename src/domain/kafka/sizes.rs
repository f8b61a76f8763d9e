//! How big the partitions are.

use super::{BrokerId, LogDirs, Topic, TopicName};
use std::collections::{BTreeMap, HashMap};

/// Bytes of each partition's log by partition index, as its leader last told. They are kept up with every
/// reading of log dirs, because putting them together anew costs too much on a big cluster.
#[derive(Debug, Clone, Default)]
pub struct Sizes(HashMap<TopicName, Vec<Option<u64>>>);

impl Sizes {
    pub(super) fn take(&mut self, topics: &BTreeMap<TopicName, Topic>, broker: BrokerId, logs: &LogDirs) {
        for (name, replicas) in logs.replicas.iter().filter(|(_, replicas)| !replicas.is_empty()) {
            let Some(topic) = topics.get(name) else { continue };
            let sizes = self.0.entry(name.clone()).or_default();
            sizes.resize(topic.partitions.len(), None);
            for replica in replicas.iter().filter(|r| !r.future) {
                let Ok(index) = usize::try_from(replica.partition) else { continue };
                let partition = topic.partitions.get(index).filter(|p| p.index == replica.partition);
                // Without a leader any replica tells.
                if partition.is_some_and(|p| p.leader.is_none_or(|leader| leader == broker)) {
                    sizes[index] = Some(replica.bytes);
                }
            }
        }
    }

    pub(super) fn forget(&mut self, topic: &str) {
        self.0.remove(topic);
    }

    /// By partition index; empty: nobody told of any.
    pub fn topic(&self, topic: &str) -> &[Option<u64>] {
        self.0.get(topic).map_or(&[], |sizes| sizes)
    }

    /// All partitions together, of those that are known; None: of none.
    pub fn whole(&self, topic: &str) -> Option<u64> {
        self.topic(topic).iter().flatten().copied().reduce(|a, b| a + b)
    }

    pub fn partition(&self, topic: &str, partition: i32) -> Option<u64> {
        *self.topic(topic).get(usize::try_from(partition).ok()?)?
    }
}

#[cfg(test)]
mod tests {
    use crate::world::{self, SMALL};

    #[test]
    fn a_partition_is_as_big_as_its_leader_says() {
        let snapshot = world::healthy(SMALL);
        assert_eq!(snapshot.kafka.sizes.partition("orders", 3), Some(1 << 20));
        assert_eq!(snapshot.kafka.sizes.whole("orders"), Some(7 << 20));
        assert_eq!(snapshot.kafka.sizes.whole("unheard of"), None);
    }
}
