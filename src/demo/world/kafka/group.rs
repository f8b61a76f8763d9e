//! Consumer groups: who is in them, what they have committed, how fast they are.

use crate::domain::{Text, kubernetes::Key};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupState {
    Empty,
    PreparingRebalance,
    Stable,
}

#[derive(Debug, Clone)]
pub struct Group {
    pub state: GroupState,
    pub topics: Vec<Text>,
    pub members: Vec<Member>,
    /// By topic and partition: the next offset to read. What a step reads less than one message of is in
    /// the second place.
    pub committed: BTreeMap<(Text, i32), (i64, f64)>,
    /// Messages a second that one member can work off at most.
    pub pace: f64,
    pub generation: i32,
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
