//! Which topics there are and who leads their partitions, for the loops that ask leaders.

use crate::domain::kafka::{BrokerId, TopicName};
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

#[derive(Debug, Clone, Default)]
pub struct Layout {
    pub topics: BTreeMap<TopicName, Placement>,
}

#[derive(Debug, Clone)]
pub struct Placement {
    /// By partition index.
    pub leaders: Vec<Option<BrokerId>>,
    /// Of everything that was told of the topic.
    pub print: u64,
}

/// The partitions of some topics, as requests want them.
pub type Partitions = Vec<(TopicName, Vec<i32>)>;

impl Layout {
    /// What a broker leads.
    pub fn led_by(&self, broker: BrokerId) -> Partitions {
        let led = self.topics.iter().map(|(name, placement)| {
            let own = placement.leaders.iter().enumerate().filter(|(_, leader)| **leader == Some(broker));
            (name.clone(), own.map(|(index, _)| index as i32).collect::<Vec<_>>())
        });
        led.filter(|(_, indexes)| !indexes.is_empty()).collect()
    }

    /// The shared copy of a name.
    pub fn name(&self, name: &str) -> TopicName {
        self.topics.get_key_value(name).map_or_else(|| name.into(), |(known, _)| known.clone())
    }
}

/// Cuts partitions into requests of at most `size`.
pub fn chunks(partitions: Partitions, size: usize) -> Vec<Partitions> {
    let mut chunks: Vec<Partitions> = vec![Vec::new()];
    let mut room = size;
    for (name, indexes) in partitions {
        let mut rest = &indexes[..];
        while !rest.is_empty() {
            if room == 0 {
                chunks.push(Vec::new());
                room = size;
            }
            let (now, later) = rest.split_at(rest.len().min(room));
            room -= now.len();
            rest = later;
            if let Some(chunk) = chunks.last_mut() {
                chunk.push((name.clone(), now.to_vec()));
            }
        }
    }
    chunks.retain(|c| !c.is_empty());
    chunks
}

/// A print of what Metadata tells of a topic, to see whether it changed.
pub fn print(topic: &MetadataResponseTopic) -> u64 {
    let mut hasher = DefaultHasher::new();
    (topic.is_internal, topic.topic_id.as_bytes(), topic.partitions.len()).hash(&mut hasher);
    for p in &topic.partitions {
        (p.partition_index, p.leader_id.0, p.leader_epoch, p.error_code).hash(&mut hasher);
        (&p.replica_nodes, &p.isr_nodes, &p.offline_replicas).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn chunks_hold_every_partition_once_and_no_more_than_their_size(
            sizes in proptest::collection::vec(0usize..40, 0..30), size in 1usize..50,
        ) {
            let all: Partitions = sizes.iter().enumerate()
                .map(|(t, n)| (format!("t{t}").into(), (0..*n as i32).collect())).collect();
            let flat = |p: &Partitions| -> Vec<(TopicName, i32)> {
                p.iter().flat_map(|(t, i)| i.iter().map(|i| (t.clone(), *i))).collect()
            };
            let cut = chunks(all.clone(), size);
            prop_assert_eq!(cut.iter().flat_map(flat).collect::<Vec<_>>(), flat(&all));
            let total = flat(&all).len();
            prop_assert_eq!(cut.len(), total.div_ceil(size));
        }
    }
}
