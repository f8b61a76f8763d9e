//! Consumer groups: who is in them, what they have committed, how fast they are.

use super::{membership::Outside, seed};
use crate::domain::{Text, kubernetes::Key};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupState {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

impl GroupState {
    /// As Kafka words it.
    pub fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::PreparingRebalance => "PreparingRebalance",
            GroupState::CompletingRebalance => "CompletingRebalance",
            GroupState::Stable => "Stable",
        }
    }
}

/// How partitions are shared among members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Assignor {
    #[default]
    Range,
    /// Members keep what they have.
    Sticky,
}

impl Assignor {
    /// The name of the protocol that the group has chosen.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::Sticky => "cooperative-sticky",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Group {
    pub state: GroupState,
    pub topics: Vec<Text>,
    pub members: Vec<Member>,
    /// By topic, one entry a partition; None where nothing was ever committed.
    pub committed: BTreeMap<Text, Vec<Option<Committed>>>,
    /// Messages a second that one member can work off at most.
    pub pace: f64,
    pub assignor: Assignor,
    pub generation: i32,
    /// The simulated second at which the simulated members have their partitions again.
    pub(super) rebalanced: f64,
    /// Partitions that were shared out.
    pub(super) shared: usize,
    /// The simulated second at which it committed last.
    pub(super) fed: f64,
    pub(super) outside: super::membership::Round,
}

/// The next offset that a group reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// With the part of a message that its members have come further.
    pub position: f64,
    pub metadata: Option<Text>,
}

impl Committed {
    pub fn offset(&self) -> i64 {
        self.position.floor() as i64
    }
}

#[derive(Debug, Clone)]
pub struct Member {
    /// `<client>-<uuid>`, as the coordinator names it.
    pub id: Text,
    pub client: Text,
    /// The pod that it runs in, and its address.
    pub pod: Key,
    pub host: Text,
    pub assigned: Vec<(Text, i32)>,
    /// It is in the group and reads nothing.
    pub stuck: bool,
    /// What it said when it joined over the wire; None: it is simulated.
    pub outside: Option<Box<Outside>>,
}

impl Group {
    /// One without members, that has committed nothing.
    pub fn new(topics: Vec<Text>, pace: f64, assignor: Assignor) -> Self {
        Group {
            state: GroupState::Empty,
            topics,
            members: Vec::new(),
            committed: BTreeMap::new(),
            pace,
            assignor,
            generation: 0,
            rebalanced: 0.0,
            shared: 0,
            fed: 0.0,
            outside: super::membership::Round::default(),
        }
    }

    /// What was committed for a partition.
    pub fn committed(&self, topic: &str, partition: i32) -> Option<&Committed> {
        self.committed.get(topic)?.get(usize::try_from(partition).ok()?)?.as_ref()
    }

    /// Whether its members joined over the wire.
    pub(super) fn has_outsiders(&self) -> bool {
        self.members.iter().any(|m| m.outside.is_some())
    }

    /// The place for what is committed for a partition.
    pub(super) fn commit_at(&mut self, topic: &Text, partition: usize) -> &mut Option<Committed> {
        let all = self.committed.entry(topic.clone()).or_default();
        if all.len() <= partition {
            all.resize(partition + 1, None);
        }
        &mut all[partition]
    }

    /// Forgets a topic that is deleted.
    pub(super) fn forget_topic(&mut self, topic: &str) {
        self.committed.remove(topic);
        for member in &mut self.members {
            member.assigned.retain(|(assigned, _)| &**assigned != topic);
        }
    }

    /// Shares the partitions out among the members; `counts` has those of each topic.
    pub(super) fn assign(&mut self, counts: &[(Text, usize)]) {
        self.members.sort_by(|a, b| a.id.cmp(&b.id));
        match self.assignor {
            Assignor::Range => self.assign_ranges(counts),
            Assignor::Sticky => self.assign_sticky(counts),
        }
        self.shared = counts.iter().map(|(_, count)| count).sum();
    }

    /// Source: Apache Kafka `RangeAssignor`.
    fn assign_ranges(&mut self, counts: &[(Text, usize)]) {
        self.members.iter_mut().for_each(|m| m.assigned.clear());
        let members = self.members.len().max(1);
        for (topic, count) in counts {
            let (each, more) = (count / members, count % members);
            let mut next = 0;
            for (i, member) in self.members.iter_mut().enumerate() {
                let until = next + each + usize::from(i < more);
                member.assigned.extend((next..until).map(|p| (topic.clone(), p as i32)));
                next = until;
            }
        }
    }

    /// Each keeps what it has, up to an equal part; the rest goes to who has least.
    fn assign_sticky(&mut self, counts: &[(Text, usize)]) {
        let of = |(topic, count): &(Text, usize)| {
            let topic = topic.clone();
            (0..*count as i32).map(move |p| (topic.clone(), p))
        };
        let mut free: std::collections::BTreeSet<(Text, i32)> = counts.iter().flat_map(of).collect();
        let members = self.members.len().max(1);
        let (each, mut more) = (free.len() / members, free.len() % members);
        for member in &mut self.members {
            let mut room = each + usize::from(more > 0);
            member.assigned.retain(|own| {
                let keeps = room > 0 && free.remove(own);
                room -= usize::from(keeps);
                keeps
            });
            more -= usize::from(more > 0 && member.assigned.len() > each);
        }
        for partition in free {
            if let Some(least) = self.members.iter_mut().min_by_key(|m| m.assigned.len()) {
                least.assigned.push(partition);
            }
        }
    }

    /// Between 0.9 and 1.1: nobody works at the same pace all the time.
    pub(super) fn mood(&self, name: &str) -> f64 {
        0.9 + 0.2 * seed::fraction(seed::mix([seed::of(name), self.fed.to_bits()]))
    }
}
