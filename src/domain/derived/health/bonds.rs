//! Pods whose broker is only told by their name.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{discovery::Bond, human, snapshot::Snapshot, time::Time};

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    if !live(&snapshot.kafka.cluster_feed, now) {
        return Vec::new();
    }
    let unverified: Vec<_> = joined.brokers.iter().filter(|row| row.bond == Some(Bond::Unverified)).collect();
    let Some(first) = unverified.first() else { return Vec::new() };
    let line = format!(
        "unverified which pod is broker {}: the advertised host does not name it",
        human::list(unverified.iter().map(|row| row.name()), 4)
    );
    let finding = Finding::new("bond", Severity::Ok, first.object(), line);
    vec![unverified.iter().fold(finding, |f, row| {
        let host = row.id.and_then(|id| snapshot.kafka.brokers.get(&id)).map(|b| b.host.to_string());
        let pod = row.pod.as_ref().map(|(key, _)| key.to_string());
        f.seen(format!(
            "pod {} by its name, advertised host {}",
            pod.unwrap_or_default(),
            host.unwrap_or_default()
        ))
    })]
}
