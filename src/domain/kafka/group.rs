//! Consumer groups.

use super::{BrokerId, GroupId, PATIENCE, TopicName};
use crate::domain::{Text, reading::Reading};

#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub id: GroupId,
    pub state: GroupState,
    /// `consumer` for consumers, `connect` for Connect workers, empty for groups that only commit.
    pub protocol: Text,
    /// The assignor of a classic group, or that of the new protocol.
    pub assignor: Text,
    pub coordinator: Option<BrokerId>,
    pub members: Vec<Member>,
    /// What it has committed, in topic order; partitions without a commit are left out.
    pub offsets: Reading<Vec<Committed>>,
    /// Why it could not be described, in words (a group's error is shown, never swallowed).
    pub error: Option<Text>,
}

impl Group {
    pub fn new(id: GroupId) -> Self {
        Group {
            id,
            state: GroupState::Unknown,
            protocol: "".into(),
            assignor: "".into(),
            coordinator: None,
            members: Vec::new(),
            offsets: Reading::pending(PATIENCE),
            error: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupState {
    Stable,
    /// PreparingRebalance or CompletingRebalance; Assigning or Reconciling of the new protocol.
    Rebalancing,
    /// No members, offsets kept.
    Empty,
    Dead,
    Unknown,
}

impl GroupState {
    pub fn name(self) -> &'static str {
        match self {
            GroupState::Stable => "Stable",
            GroupState::Rebalancing => "Rebalancing",
            GroupState::Empty => "Empty",
            GroupState::Dead => "Dead",
            GroupState::Unknown => "Unknown",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    pub id: Text,
    pub client_id: Text,
    /// `/10.1.2.3` as the broker saw it.
    pub host: Text,
    /// `group.instance.id` of a static member.
    pub instance: Option<Text>,
    pub assignment: Vec<TopicPartitions>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TopicPartitions {
    pub topic: TopicName,
    pub partitions: Vec<i32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Committed {
    pub topic: TopicName,
    pub partition: i32,
    pub offset: i64,
}
