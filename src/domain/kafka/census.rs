//! Counting replicas: per broker, in all, and where something is wrong.
//!
//! Hundreds of thousands of partitions take too long to count at every change, so the counts are kept up:
//! a topic is counted out before it changes and counted in again after.

use super::{BrokerId, Kafka, Partition, Reassignment, Replicas, Topic, TopicName, adding};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One broker's part in the partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Replicas assigned to it.
    pub replicas: u32,
    pub leaders: u32,
    /// Partitions whose preferred leader it is.
    pub preferred: u32,
    /// Of these, those that it does not lead.
    pub astray: u32,
    /// Of those, the ones that it could lead, as it is in sync.
    pub electable: u32,
    /// Of the partitions that it leads, as Kafka's own metric counts.
    pub under_replicated: u32,
    /// Of the partitions that it leads.
    pub under_min: u32,
    /// Its replicas that are not in sync.
    pub out_of_sync: u32,
}

/// The partitions of the whole cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub topics: u32,
    pub partitions: u32,
    pub offline: u32,
    pub under_replicated: u32,
    /// Of the partitions that have a leader.
    pub under_min: u32,
    /// Led by another than the preferred leader.
    pub led_elsewhere: u32,
    /// Topics whose configuration is not read yet, so that min ISR is unknown.
    pub unread_configs: u32,
}

/// What is wrong with one topic's partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Troubles {
    pub offline: u32,
    pub under_replicated: u32,
    /// Of the partitions that have a leader.
    pub under_min: u32,
}

/// The counts of everything that a cluster's topics hold now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Census {
    /// In the order of their ids.
    tallies: Vec<(BrokerId, Tally)>,
    pub totals: Totals,
    /// Topics that something is wrong with.
    troubled: BTreeMap<TopicName, Troubles>,
    /// How many partitions are on these replicas.
    placements: HashMap<Replicas, u32>,
}

/// Fewer in sync than wanted. While a partition is being moved its new replicas are not missing yet.
///
/// Source: Kafka `Partition.isUnderReplicated`, which compares with the original replication factor.
pub fn under_replicated(partition: &Partition, adding: Option<&Replicas>) -> bool {
    let coming = adding.map_or(0, |a| a.iter().filter(|id| partition.replicas.contains(**id)).count());
    partition.isr.len() + coming < partition.replicas.len()
}

/// It has a leader, which refuses acks=all.
pub fn refuses(topic: &Topic, partition: &Partition) -> bool {
    !partition.is_offline() && topic.under_min_isr(partition)
}

/// Into the census, or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

impl Way {
    fn count(self, number: &mut u32, one: bool) {
        match self {
            Way::In => *number += u32::from(one),
            Way::Out => *number -= u32::from(one),
        }
    }
}

impl Kafka {
    /// Changes what is counted of the topics of these names.
    pub(super) fn recounting(&mut self, names: &BTreeSet<TopicName>, change: impl FnOnce(&mut Self)) {
        self.count(names, Way::Out);
        change(self);
        self.count(names, Way::In);
    }

    fn count(&mut self, names: &BTreeSet<TopicName>, way: Way) {
        let moves = self.reassignments.last();
        for topic in names.iter().filter_map(|name| self.topics.get(name)) {
            self.census.count(topic, moves.map_or(&[], |m| m.topic(&topic.name)), way);
        }
    }
}

impl Census {
    /// A broker's part; nothing for one that no partition names.
    pub fn broker(&self, id: BrokerId) -> Tally {
        let place = self.tallies.binary_search_by_key(&id, |(id, _)| *id);
        place.map_or_else(|_| Tally::default(), |at| self.tallies[at].1)
    }

    /// Every broker that some partition names, or named once, with its part.
    pub fn brokers(&self) -> impl Iterator<Item = (BrokerId, Tally)> {
        self.tallies.iter().copied()
    }

    /// What is wrong with a topic.
    pub fn topic(&self, name: &str) -> Troubles {
        self.troubled.get(name).copied().unwrap_or_default()
    }

    /// The names of the topics that something is wrong with, in their order, and what it is.
    pub fn troubled(&self) -> impl Iterator<Item = (&TopicName, &Troubles)> {
        self.troubled.iter()
    }

    /// Every list of replicas that some partition has, and how many have it.
    pub fn placements(&self) -> impl Iterator<Item = (&Replicas, u32)> {
        self.placements.iter().map(|(replicas, n)| (replicas, *n))
    }

    fn count(&mut self, topic: &Topic, moves: &[Reassignment], way: Way) {
        let mut troubles = Troubles::default();
        way.count(&mut self.totals.topics, true);
        way.count(&mut self.totals.unread_configs, topic.config.is_none());
        for partition in &topic.partitions {
            let adding = adding(moves, partition.index);
            let (under_replicated, under_min) =
                (under_replicated(partition, adding), refuses(topic, partition));
            troubles.offline += u32::from(partition.is_offline());
            troubles.under_replicated += u32::from(under_replicated);
            troubles.under_min += u32::from(under_min);
            self.place(partition, adding, way);
            if let Some(leader) = partition.leader {
                let tally = self.tally(leader);
                way.count(&mut tally.leaders, true);
                way.count(&mut tally.under_replicated, under_replicated);
                way.count(&mut tally.under_min, under_min);
            }
        }
        self.trouble(&topic.name, troubles, way);
    }

    fn place(&mut self, partition: &Partition, adding: Option<&Replicas>, way: Way) {
        way.count(&mut self.totals.partitions, true);
        let elsewhere = !partition.is_offline() && !partition.led_as_preferred();
        way.count(&mut self.totals.led_elsewhere, elsewhere);
        for (i, id) in partition.replicas.iter().enumerate() {
            let out = !partition.isr.contains(*id) && adding.is_none_or(|a| !a.contains(*id));
            let tally = self.tally(*id);
            way.count(&mut tally.replicas, true);
            way.count(&mut tally.preferred, i == 0);
            way.count(&mut tally.astray, i == 0 && !partition.led_as_preferred());
            way.count(&mut tally.electable, i == 0 && partition.electable());
            way.count(&mut tally.out_of_sync, out);
        }
        match self.placements.get_mut(&partition.replicas) {
            Some(1) if way == Way::Out => {
                self.placements.remove(&partition.replicas);
            }
            Some(n) => way.count(n, true),
            None => {
                self.placements.insert(partition.replicas.clone(), 1);
            }
        }
    }

    fn trouble(&mut self, topic: &TopicName, troubles: Troubles, way: Way) {
        let sums = [
            (&mut self.totals.offline, troubles.offline),
            (&mut self.totals.under_replicated, troubles.under_replicated),
            (&mut self.totals.under_min, troubles.under_min),
        ];
        for (sum, n) in sums {
            *sum = if way == Way::In { *sum + n } else { *sum - n };
        }
        if way == Way::Out {
            self.troubled.remove(topic);
        } else if troubles != Troubles::default() {
            self.troubled.insert(topic.clone(), troubles);
        }
    }

    /// Ids mostly count up from a first one, so the place is guessed before it is searched for.
    fn tally(&mut self, id: BrokerId) -> &mut Tally {
        let guess =
            self.tallies.first().and_then(|(first, _)| usize::try_from(id.0.checked_sub(first.0)?).ok());
        let guessed = guess.filter(|at| self.tallies.get(*at).is_some_and(|(there, _)| *there == id));
        let at = guessed.unwrap_or_else(|| {
            self.tallies.binary_search_by_key(&id, |(id, _)| *id).unwrap_or_else(|free| {
                self.tallies.insert(free, (id, Tally::default()));
                free
            })
        });
        &mut self.tallies[at].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        kafka::{KafkaDelta, TopicConfig},
        time::Time,
    };
    use proptest::prelude::*;

    const TOPICS: [&str; 4] = ["a", "b", "c", "d"];

    fn ids() -> impl Strategy<Value = Replicas> {
        proptest::sample::subsequence(vec![0, 1, 2, 7], 0..=4)
            .prop_shuffle()
            .prop_map(|ids| ids.into_iter().map(BrokerId).collect())
    }

    fn partition() -> impl Strategy<Value = Partition> {
        (ids(), ids(), proptest::option::of(0..3i32)).prop_map(|(replicas, isr, leader)| Partition {
            index: 0,
            leader: leader.map(BrokerId),
            epoch: 0,
            isr: isr.iter().copied().filter(|id| replicas.contains(*id)).collect(),
            replicas,
            offline: Replicas::default(),
        })
    }

    fn topic() -> impl Strategy<Value = Topic> {
        let partitions = proptest::collection::vec(partition(), 0..4);
        (proptest::sample::select(&TOPICS[..]), partitions).prop_map(|(name, mut partitions)| {
            (0..).zip(&mut partitions).for_each(|(index, p)| p.index = index);
            Topic { name: name.into(), id: None, internal: false, partitions, config: None }
        })
    }

    fn delta() -> impl Strategy<Value = KafkaDelta> {
        let at = Time(1);
        let name = || proptest::sample::select(&TOPICS[..]).prop_map(TopicName::from);
        let config = |min| TopicConfig { min_insync: min, ..TopicConfig::default() };
        let moved = (name(), 0..4i32, ids()).prop_map(|(topic, partition, adding)| Reassignment {
            topic,
            partition,
            replicas: adding.clone(),
            adding,
            removing: Replicas::default(),
        });
        prop_oneof![
            4 => (topic(), proptest::option::of(name())).prop_map(move |(topic, removed)| {
                let removed = removed.into_iter().filter(|name| *name != topic.name).collect();
                KafkaDelta::Topics { changed: vec![topic], removed, at }
            }),
            2 => (name(), 0..4u16).prop_map(move |(name, min)| {
                KafkaDelta::Configs { configs: vec![(name, config(min))], at }
            }),
            2 => proptest::collection::vec(moved, 0..4)
                .prop_map(move |moves| KafkaDelta::Reassignments { answer: Ok(moves), at }),
            1 => Just(KafkaDelta::Reassignments { answer: Err("timed out".into()), at }),
        ]
    }

    /// Every number by its own definition, over all partitions there are.
    fn check(kafka: &Kafka) {
        let moves = kafka.reassignments.last();
        let added = |t: &Topic, p: &Partition| {
            let mut moves = moves.into_iter().flat_map(|m| m.iter());
            moves.find(|r| r.topic == t.name && r.partition == p.index).map(|r| &r.adding)
        };
        let all: Vec<(&Topic, &Partition)> =
            kafka.topics.values().flat_map(|t| t.partitions.iter().map(move |p| (t, p))).collect();
        let number =
            |is: &dyn Fn(&Topic, &Partition) -> bool| all.iter().filter(|(t, p)| is(t, p)).count() as u32;
        let totals = Totals {
            topics: kafka.topics.len() as u32,
            partitions: all.len() as u32,
            offline: number(&|_, p| p.leader.is_none()),
            under_replicated: number(&|t, p| under_replicated(p, added(t, p))),
            under_min: number(&refuses),
            led_elsewhere: number(&|_, p| p.leader.is_some() && p.leader != p.replicas.first().copied()),
            unread_configs: kafka.topics.values().filter(|t| t.config.is_none()).count() as u32,
        };
        assert_eq!(kafka.census.totals, totals);
        for id in [0, 1, 2, 7].map(BrokerId) {
            let led = |p: &Partition| p.leader == Some(id);
            let late = |t: &Topic, p: &Partition| {
                p.replicas.contains(id)
                    && !p.isr.contains(id)
                    && added(t, p).is_none_or(|adding| !adding.contains(id))
            };
            let tally = Tally {
                replicas: number(&|_, p| p.replicas.contains(id)),
                leaders: number(&|_, p| led(p)),
                preferred: number(&|_, p| p.replicas.first() == Some(&id)),
                astray: number(&|_, p| p.replicas.first() == Some(&id) && !led(p)),
                electable: number(&|_, p| p.replicas.first() == Some(&id) && !led(p) && p.isr.contains(id)),
                under_replicated: number(&|t, p| led(p) && under_replicated(p, added(t, p))),
                under_min: number(&|t, p| led(p) && refuses(t, p)),
                out_of_sync: number(&late),
            };
            assert_eq!(kafka.census.broker(id), tally, "broker {id}");
        }
        for (name, topic) in &kafka.topics {
            let of_it =
                |is: &dyn Fn(&Partition) -> bool| topic.partitions.iter().filter(|p| is(p)).count() as u32;
            let troubles = Troubles {
                offline: of_it(&|p| p.leader.is_none()),
                under_replicated: of_it(&|p| under_replicated(p, added(topic, p))),
                under_min: of_it(&|p| refuses(topic, p)),
            };
            assert_eq!(kafka.census.topic(name), troubles, "{name}");
        }
        assert!(kafka.census.troubled().all(|(name, _)| kafka.topics.contains_key(name)));
        for (replicas, n) in kafka.census.placements() {
            assert_eq!(n, number(&|_, p| p.replicas == *replicas), "{replicas:?}");
        }
        assert_eq!(kafka.census.placements().map(|(_, n)| n).sum::<u32>(), totals.partitions);
    }

    proptest! {
        #[test]
        fn whatever_changes_the_census_is_as_if_counted_anew(
            deltas in proptest::collection::vec(delta(), 0..24),
        ) {
            let mut kafka = Kafka::default();
            for delta in deltas {
                kafka.apply(delta);
                check(&kafka);
            }
        }
    }
}
