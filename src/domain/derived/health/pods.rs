//! A broker whose pod does not work.

use super::{super::Finding, Joined, Severity, Trouble, aged, for_how_long, live, trouble};
use crate::domain::{
    derived::{BrokerRow, join::node},
    human,
    kubernetes::{ConditionStatus, Pod},
    snapshot::Snapshot,
    time::Time,
};

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    if !live(&snapshot.kubernetes.pods.feed, now) {
        return Vec::new();
    }
    let troubled: Vec<_> = joined
        .brokers
        .iter()
        .filter_map(|row| {
            let pod = snapshot.kubernetes.pods.get(&row.pod.as_ref()?.0)?;
            Some((row, pod, stands_on_lost_node(snapshot, pod, now).or_else(|| trouble(snapshot, pod, now))?))
        })
        .collect();
    // Not one broker left is another thing than some.
    let pods = joined.brokers.iter().filter(|row| row.pod.is_some()).count();
    let severity = if troubled.len() == pods { Severity::Critical } else { Severity::Warning };
    troubled.into_iter().map(|(row, pod, trouble)| tell(snapshot, row, pod, trouble, severity, now)).collect()
}

/// The kubelet of a lost node reports nothing, so its pods look as well as they last did.
fn stands_on_lost_node(snapshot: &Snapshot, pod: &Pod, now: Time) -> Option<Trouble> {
    let name = pod.node.as_ref()?;
    let node = node(snapshot, name).filter(|_| live(&snapshot.kubernetes.nodes.feed, now))?;
    let ready = node.conditions.iter().find(|c| &*c.kind == "Ready")?;
    (ready.status == ConditionStatus::Unknown).then(|| Trouble {
        word: "on a lost node".into(),
        detail: if pod.meta.deleting.is_some() {
            format!("{name} does not confirm its end; its identity is not released")
        } else {
            format!("{name} is not heard of; what the pod reports is old")
        },
        since: pod.meta.deleting.or(ready.since),
        stuck: true,
    })
}

fn tell(
    snapshot: &Snapshot,
    row: &BrokerRow,
    pod: &Pod,
    trouble: Trouble,
    severity: Severity,
    now: Time,
) -> Finding {
    let how_long = for_how_long(trouble.since, now);
    let broker = row.id.and_then(|id| snapshot.kafka.brokers.get(&id));
    let registered = broker.is_some_and(|b| b.registered);
    let down = if registered { "" } else { "down: " };
    let detail = if trouble.detail.is_empty() { String::new() } else { format!(": {}", trouble.detail) };
    let line = format!("broker {} {down}pod {} {}{detail}", row.name(), pod.meta.key.name, trouble.word);
    let mut finding = Finding::new("broker-pod", severity, row.object(), line)
        .brief(format!("broker {} {}{how_long}", row.name(), trouble.word))
        .since(trouble.since)
        .seen(format!("pod {}: {}{detail}", pod.meta.key, trouble.word));
    if trouble.stuck {
        finding = finding.seen("waiting will not mend it");
    }
    if broker.is_some() {
        let words = if registered { "registered" } else { "not registered" };
        let missing = human::plural(row.tally.out_of_sync as usize, "replica");
        finding = finding.seen(aged(
            format!("Kafka: {words}, {missing} out of sync"),
            &snapshot.kafka.cluster_feed.state(now),
        ));
    }
    finding
}
