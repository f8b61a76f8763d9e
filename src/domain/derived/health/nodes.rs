//! A node that is lost, not ready or under pressure.

use super::{super::Finding, Joined, Severity, for_how_long, live};
use crate::domain::{
    human,
    kubernetes::{ConditionStatus, Node},
    object::{Kind, Object},
    snapshot::Snapshot,
    time::Time,
};

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    if !live(&snapshot.kubernetes.nodes.feed, now) {
        return Vec::new();
    }
    snapshot.kubernetes.nodes.iter().filter_map(|node| look(node, joined, now)).collect()
}

fn look(node: &Node, joined: &Joined, now: Time) -> Option<Finding> {
    let (what, condition) = node.conditions.iter().find_map(|c| match (&*c.kind, c.status) {
        ("Ready", ConditionStatus::True) => None,
        ("Ready", ConditionStatus::False) => Some(("NotReady".to_string(), c)),
        ("Ready", ConditionStatus::Unknown) => Some(("lost".to_string(), c)),
        (pressure, ConditionStatus::True) => Some((format!("has {pressure}"), c)),
        _ => None,
    })?;
    let name = &node.meta.key.name;
    let brokers: Vec<_> = joined.brokers.iter().filter(|row| row.node.as_ref() == Some(name)).collect();
    let severity = if brokers.is_empty() { Severity::Ok } else { Severity::Warning };
    let carries = match brokers.len() {
        0 => "no broker on it".to_string(),
        n => format!(
            "broker{} {} on it",
            if n == 1 { "" } else { "s" },
            human::list(brokers.iter().map(|b| b.name()), 4)
        ),
    };
    let subject = Object::Kube { kind: Kind::Node, key: node.meta.key.clone(), uid: node.meta.uid.clone() };
    let how_long = for_how_long(condition.since, now);
    Some(
        Finding::new("node", severity, subject, format!("node {name} {what}: {carries}"))
            .brief(format!("node {name} {what}{how_long}"))
            .since(condition.since)
            .seen(format!("node condition {}: {}", condition.kind, condition.reason)),
    )
}
