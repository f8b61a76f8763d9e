//! A replication throttle that nobody needs any more: it slows every broker that has to catch up.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{
    human,
    kafka::{Topic, TopicName},
    object::Object,
    snapshot::Snapshot,
    time::Time,
};

/// Source: KIP-73.
const TOPIC_KEYS: [&str; 2] =
    ["leader.replication.throttled.replicas", "follower.replication.throttled.replicas"];

/// The topic's throttled replicas as configured on it, empty ones left out.
pub fn throttled(topic: &Topic) -> impl Iterator<Item = &(String, String)> {
    let overrides = topic.config.iter().flat_map(|c| &c.overrides);
    overrides.filter(|(key, value)| TOPIC_KEYS.contains(&key.as_str()) && !value.is_empty())
}

pub fn check(snapshot: &Snapshot, _joined: &Joined, now: Time) -> Vec<Finding> {
    let kafka = &snapshot.kafka;
    let idle = kafka.reassignments.live(now).is_some_and(|moves| moves.is_empty());
    if !idle || !live(&kafka.topics_feed, now) {
        return Vec::new();
    }
    let left: Vec<&TopicName> =
        kafka.topics.values().filter(|t| throttled(t).next().is_some()).map(|t| &t.name).collect();
    let Some(first) = left.first() else { return Vec::new() };
    let line = format!(
        "throttle left behind on {}: no reassignment is under way, but catching up is slowed",
        human::list(&left, 3)
    );
    vec![
        Finding::new("throttle", Severity::Warning, Object::Topic((*first).clone()), line)
            .brief(format!("throttle left on {}", human::plural(left.len(), "topic")))
            .seen(format!("{} and {} are set, reassignments: none", TOPIC_KEYS[0], TOPIC_KEYS[1])),
    ]
}
