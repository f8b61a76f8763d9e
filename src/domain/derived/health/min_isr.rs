//! Partitions that refuse acks=all.

use super::{super::Finding, Joined, Severity, ids, live};
use crate::domain::{
    derived::refuses, human, kafka::BrokerId, object::Object, snapshot::Snapshot, time::Time,
};
use std::collections::BTreeSet;

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    let kafka = &snapshot.kafka;
    if joined.totals.under_min == 0 || !live(&kafka.topics_feed, now) {
        return Vec::new();
    }
    let under = || {
        let topics = kafka.census.troubled().filter(|(_, troubles)| troubles.under_min > 0);
        let topics = topics.filter_map(|(name, _)| kafka.topics.get(name));
        topics.flat_map(|t| t.partitions.iter().filter(|p| refuses(t, p)).map(move |p| (t, p)))
    };
    let Some((topic, first)) = under().next() else { return Vec::new() };
    let missing: BTreeSet<BrokerId> =
        under().flat_map(|(_, p)| p.replicas.iter().filter(|id| !p.isr.contains(**id)).copied()).collect();
    let n = human::plural(joined.totals.under_min as usize, "partition");
    let topics: BTreeSet<&str> = under().map(|(t, _)| &*t.name).collect();
    let line = format!("acks=all refused on {n}: out of sync on {}", brokers(&missing));
    vec![
        Finding::new("min-isr", Severity::Critical, Object::Partition(topic.name.clone(), first.index), line)
            .brief(format!("{} under min ISR", joined.totals.under_min))
            .seen(format!("topics {}", human::list(topics, 5)))
            .seen(format!(
                "{}-{}: in sync {} of {}, min.insync.replicas {}",
                topic.name,
                first.index,
                first.isr.len(),
                first.replicas.len(),
                topic.min_insync().unwrap_or_default()
            )),
    ]
}

pub fn brokers(missing: &BTreeSet<BrokerId>) -> String {
    format!("broker{} {}", if missing.len() == 1 { "" } else { "s" }, ids(missing.iter().copied()))
}
