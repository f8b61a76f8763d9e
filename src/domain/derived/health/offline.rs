//! Partitions without a leader.

use super::{super::Finding, Joined, Severity, ids, live};
use crate::domain::{human, kafka::BrokerId, object::Object, snapshot::Snapshot, time::Time};
use std::collections::BTreeSet;

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    let kafka = &snapshot.kafka;
    if joined.totals.offline == 0 || !live(&kafka.topics_feed, now) {
        return Vec::new();
    }
    let offline = || {
        let topics = kafka.census.troubled().filter(|(_, troubles)| troubles.offline > 0);
        let topics = topics.filter_map(|(name, _)| kafka.topics.get(name));
        topics.flat_map(|t| t.partitions.iter().filter(|p| p.is_offline()).map(move |p| (t, p)))
    };
    let Some((topic, partition)) = offline().next() else { return Vec::new() };
    let gone = |id: &BrokerId| kafka.brokers.get(id).is_none_or(|b| !b.registered);
    let missing: BTreeSet<BrokerId> =
        offline().flat_map(|(_, p)| p.replicas.iter().copied()).filter(gone).collect();
    let n = human::plural(joined.totals.offline as usize, "partition");
    let names = human::list(offline().map(|(t, p)| format!("{}-{}", t.name, p.index)), 3);
    let mut finding = Finding::new(
        "offline",
        Severity::Critical,
        Object::Partition(topic.name.clone(), partition.index),
        format!("{n} offline, neither read nor written: {names}"),
    )
    .brief(format!("{} offline", joined.totals.offline));
    if !missing.is_empty() {
        finding = finding.seen(format!("replicas on missing brokers {}", ids(missing)));
    }
    vec![finding]
}
