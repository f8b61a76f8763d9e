//! The night's work in one key: verbs whose plans are tasks. One file each.

pub mod drain_broker;
pub mod drain_node;
pub mod rebalance;
pub mod repair_racks;
pub mod replace;
pub mod roll;
pub mod scale_out;
pub mod set_replication;
pub mod unthrottle;

#[cfg(test)]
mod tests;

use super::{
    Known,
    reassign::Change,
    task::{Move, Task},
};

/// The task that makes these changes; none where there are none.
pub fn moves(known: &Known<'_>, changes: &[Change], rate: Option<u64>) -> Option<Task> {
    (!changes.is_empty()).then(|| Move::new(known, changes.to_vec(), rate).into())
}
