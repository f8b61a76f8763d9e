//! Other workloads' pods that do not work: a warning in the cluster's namespace and among its clients, good
//! to know elsewhere. Every estate has some broken pod; Kafka is not ill for it.

use super::{super::Finding, Joined, Severity, for_how_long, live, trouble};
use crate::domain::{
    Text,
    kubernetes::Pod,
    object::{Kind, Object},
    snapshot::Snapshot,
    time::Time,
};
use std::collections::HashSet;

/// The owners of the pods that groups' members run in.
fn clients<'a>(snapshot: &'a Snapshot, joined: &Joined) -> HashSet<&'a Text> {
    let members = snapshot.kafka.groups.values().flat_map(|g| &g.members);
    let pods = members.filter_map(|m| snapshot.kubernetes.pods.get(joined.pods.of_member(m)?));
    pods.filter_map(|pod| pod.meta.owner.as_ref()).map(|owner| &owner.uid).collect()
}

/// So many are named one by one.
const MOST: usize = 5;

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    if !live(&snapshot.kubernetes.pods.feed, now) {
        return Vec::new();
    }
    let home = joined.cluster().map(|c| &c.namespace);
    let broken = snapshot
        .kubernetes
        .pods
        .iter()
        .filter_map(|pod| Some((pod, trouble(snapshot, pod, now).filter(|t| t.stuck)?)));
    let mut stuck: Vec<_> = broken.filter(|(pod, _)| joined.broker_of(&pod.meta.key).is_none()).collect();
    if stuck.is_empty() {
        return Vec::new();
    }
    let clients = clients(snapshot, joined);
    let near = |pod: &Pod| {
        Some(&pod.meta.key.namespace) == home
            || pod.meta.owner.as_ref().is_some_and(|o| clients.contains(&o.uid))
    };
    // The cluster's own namespace and its clients first.
    stuck.sort_by_key(|(pod, _)| !near(pod));
    let more = stuck.len().saturating_sub(MOST);
    stuck.truncate(MOST);
    let last = stuck.len().saturating_sub(1);
    let tell = |(i, (pod, trouble)): (usize, (&Pod, super::Trouble))| {
        let rest = if i == last && more > 0 { format!(" (and {more} more pods)") } else { String::new() };
        let how_long = for_how_long(trouble.since, now);
        let key = &pod.meta.key;
        let line = format!("pod {key} {}{rest}", trouble.word);
        let subject = Object::Kube { kind: Kind::Pod, key: key.clone(), uid: pod.meta.uid.clone() };
        let severity = if near(pod) { Severity::Warning } else { Severity::Ok };
        Finding::new("pod", severity, subject, line)
            .brief(format!("pod {} {}{how_long}", key.name, trouble.word))
            .since(trouble.since)
            .seen(format!("{}: {}", trouble.word, trouble.detail))
    };
    stuck.into_iter().enumerate().map(tell).collect()
}
