//! Consumer groups: who is in them, what they have committed, how fast they are.

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
}

impl Group {
    /// One without members, that has committed nothing.
    pub fn new(topics: Vec<Text>, pace: f64, assignor: Assignor) -> Self {
        let (state, members, committed) = (GroupState::Empty, Vec::new(), BTreeMap::new());
        Group { state, topics, members, committed, pace, assignor, generation: 0 }
    }

    /// What was committed for a partition.
    pub fn committed(&self, topic: &str, partition: i32) -> Option<&Committed> {
        self.committed.get(topic)?.get(usize::try_from(partition).ok()?)?.as_ref()
    }

    /// Forgets a topic that is deleted.
    pub(super) fn forget_topic(&mut self, topic: &str) {
        self.committed.remove(topic);
        for member in &mut self.members {
            member.assigned.retain(|(assigned, _)| &**assigned != topic);
        }
    }
}
