//! Reassignments under way, indexed: a big one moves tens of thousands of partitions, and much asks of each
//! partition whether it moves.

use super::{Reassignment, Replicas, TopicName};
use std::{
    collections::{BTreeSet, HashMap},
    ops::{Deref, Range},
};

/// In the order of topics and partitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moves {
    all: Vec<Reassignment>,
    topics: HashMap<TopicName, Range<usize>>,
}

impl From<Vec<Reassignment>> for Moves {
    fn from(mut all: Vec<Reassignment>) -> Self {
        all.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        // A partition that is listed twice is still one.
        all.dedup_by(|b, a| (&a.topic, a.partition) == (&b.topic, b.partition));
        let mut topics = HashMap::new();
        let mut start = 0;
        for moves in all.chunk_by(|a, b| a.topic == b.topic) {
            let end = start + moves.len();
            topics.insert(moves[0].topic.clone(), start..end);
            start = end;
        }
        Moves { all, topics }
    }
}

impl Deref for Moves {
    type Target = [Reassignment];
    fn deref(&self) -> &[Reassignment] {
        &self.all
    }
}

impl Moves {
    /// Those of one topic, by partition.
    pub fn topic(&self, name: &str) -> &[Reassignment] {
        self.topics.get(name).map_or(&[], |range| &self.all[range.clone()])
    }

    pub fn get(&self, topic: &str, partition: i32) -> Option<&Reassignment> {
        moving(self.topic(topic), partition)
    }

    /// The topics that are moved otherwise than in `other`.
    pub(super) fn differ<'a>(&'a self, other: &'a Moves) -> BTreeSet<&'a TopicName> {
        let topics = self.topics.keys().chain(other.topics.keys());
        topics.filter(|name| self.topic(name) != other.topic(name)).collect()
    }
}

/// That of one partition, of [`Moves::topic`].
pub fn moving(moves: &[Reassignment], partition: i32) -> Option<&Reassignment> {
    moves.binary_search_by_key(&partition, |r| r.partition).ok().map(|i| &moves[i])
}

/// What is being added to one partition, of [`Moves::topic`].
pub fn adding(moves: &[Reassignment], partition: i32) -> Option<&Replicas> {
    moving(moves, partition).map(|r| &r.adding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kafka::BrokerId;
    use proptest::prelude::*;

    const TOPICS: [&str; 3] = ["a", "b", "c"];

    fn moves() -> impl Strategy<Value = Vec<Reassignment>> {
        let one = (proptest::sample::select(&TOPICS[..]), 0..4i32, 0..3i32);
        proptest::collection::vec(one, 0..9).prop_map(|moves| {
            let to = |id| [BrokerId(id)].into_iter().collect::<Replicas>();
            let one = |(topic, partition, id): (&str, i32, i32)| Reassignment {
                topic: topic.into(),
                partition,
                replicas: to(id),
                adding: to(id),
                removing: Replicas::default(),
            };
            moves.into_iter().map(one).collect()
        })
    }

    proptest! {
        #[test]
        fn the_index_finds_what_looking_at_every_move_finds(all in moves(), other in moves()) {
            let (moves, others) = (Moves::from(all.clone()), Moves::from(other.clone()));
            for topic in TOPICS {
                let find = |all: &[Reassignment], partition| {
                    all.iter().find(|r| &*r.topic == topic && r.partition == partition).cloned()
                };
                for partition in -1..5 {
                    prop_assert_eq!(moves.get(topic, partition).cloned(), find(&all, partition));
                    let adding = adding(moves.topic(topic), partition).cloned();
                    prop_assert_eq!(adding, find(&all, partition).map(|r| r.adding));
                }
                let differs = (0..4).any(|p| find(&all, p) != find(&other, p));
                prop_assert_eq!(moves.differ(&others).iter().any(|name| &***name == topic), differs);
            }
        }
    }
}
