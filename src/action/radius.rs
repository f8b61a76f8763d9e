//! The blast radius: which partitions feel it when brokers go away.

use crate::domain::kafka::TopicName;

pub type PartitionName = (TopicName, i32);

/// What happens to partitions, each list in the order of names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Radius {
    /// Their leader moves to another replica in sync.
    pub leaderless: Vec<PartitionName>,
    /// Fall to min ISR: the next loss stops acks=all.
    pub at_min_isr: Vec<PartitionName>,
    /// Fall under min ISR, or are and lose a replica more: acks=all is refused.
    pub under_min_isr: Vec<PartitionName>,
    /// Have no replica in sync left.
    pub offline: Vec<PartitionName>,
    /// Cannot be protected, because they have no replica to spare by design (kafka.md §1): they never
    /// block and are always named.
    pub unprotected: Vec<PartitionName>,
}

impl Radius {
    pub fn is_empty(&self) -> bool {
        *self == Radius::default()
    }
}
