//! No Kafka to be seen.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{human, object::Object, snapshot::Snapshot, time::Time};

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    let pods = &snapshot.kubernetes.pods;
    if !joined.brokers.is_empty() || !joined.clusters.is_empty() || !live(&pods.feed, now) {
        return Vec::new();
    }
    let place = match &snapshot.kubernetes.reach.namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None => "in any namespace".into(),
    };
    let line = format!("no Kafka found {place}, among {}", human::plural(pods.len(), "pod"));
    let finding = Finding::new("absent", Severity::Unknown, Object::Finding("absent".into()), line);
    vec![snapshot.kubernetes.reach.missing.iter().fold(finding, |f, missing| f.seen(&**missing))]
}
