//! Everything that panes, rules and plans are made from, at one instant.

use super::{derived::Derived, snapshot::Snapshot, time::Time};

#[derive(Clone, Copy)]
pub struct World<'a> {
    pub snapshot: &'a Snapshot,
    pub derived: &'a Derived,
    pub now: Time,
}
