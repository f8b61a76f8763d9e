//! The brokers' volumes.

use super::{Cluster, Life};
use std::collections::BTreeMap;

/// Simulated seconds between two counts.
const BETWEEN: f64 = 10.0;
/// A count of so many partitions is made ten times as seldom.
const MANY: usize = 20_000;

impl Cluster {
    /// Counts what is on each broker's volume, now and then; one that is full stops its broker.
    pub(super) fn fill_disks(&mut self) {
        let now = self.clock.seconds();
        let partitions: usize = self.topics.values().map(|t| t.partitions.len()).sum();
        let between = if partitions > MANY { BETWEEN * 10.0 } else { BETWEEN };
        if now - self.counted < between {
            return;
        }
        self.counted = now;
        self.count_disks();
        let full =
            |b: &&mut super::Broker| b.used >= b.capacity && matches!(b.life, Life::Up | Life::Stopping);
        for broker in self.brokers.values_mut().filter(full) {
            broker.fail_disk(now);
        }
    }

    /// Counts what is on each broker's volume.
    pub fn count_disks(&mut self) {
        let mut used: BTreeMap<i32, u64> = BTreeMap::new();
        for topic in self.topics.values() {
            for (p, partition) in topic.partitions.iter().enumerate() {
                let whole = topic.bytes(p);
                for &broker in partition.replicas.iter() {
                    let here = if partition.behind().is_empty() { whole } else { topic.bytes_on(p, broker) };
                    *used.entry(broker).or_default() += here;
                }
            }
        }
        for broker in self.brokers.values_mut() {
            let logs = used.get(&broker.id).copied().unwrap_or(0);
            broker.used = broker.other_bytes.saturating_add(logs).min(broker.capacity);
        }
    }
}
