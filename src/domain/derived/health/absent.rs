//! No Kafka to be seen, or not the one that was asked for.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{human, object::Object, snapshot::Snapshot, time::Time};

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    let pods = &snapshot.kubernetes.pods;
    if let Some(wanted) = joined.wanted.as_ref().filter(|_| joined.cluster().is_none())
        && live(&pods.feed, now)
        && !joined.clusters.is_empty()
    {
        let found = human::list(joined.clusters.iter().map(|c| &c.name), 5);
        let line = format!("no Kafka cluster {wanted} found; there are: {found}");
        let subject = Object::Finding("absent".into());
        return vec![
            Finding::new("absent", Severity::Unknown, subject, line)
                .brief(format!("no Kafka cluster {wanted}")),
        ];
    }
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
