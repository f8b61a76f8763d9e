//! Reassignments under way.

use super::{super::Finding, Joined, Severity, ids};
use crate::domain::{human, kafka::BrokerId, object::Object, snapshot::Snapshot, time::Time};
use std::collections::BTreeSet;

pub fn check(snapshot: &Snapshot, _joined: &Joined, now: Time) -> Vec<Finding> {
    let Some(moves) = snapshot.kafka.reassignments.live(now) else { return Vec::new() };
    let Some(first) = moves.first() else { return Vec::new() };
    let to: BTreeSet<BrokerId> = moves.iter().flat_map(|m| m.adding.iter().copied()).collect();
    let n = human::plural(moves.len(), "partition");
    let line = match to.len() {
        0 => format!("{n} being moved"),
        _ => format!("{n} being moved to broker{} {}", if to.len() == 1 { "" } else { "s" }, ids(to)),
    };
    let subject = Object::Partition(first.topic.clone(), first.partition);
    vec![Finding::new("moves", Severity::Ok, subject, line).brief(format!("{} being moved", moves.len()))]
}
