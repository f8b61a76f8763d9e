//! The brokers' StatefulSet that lacks pods, or whose update does not end.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{
    kubernetes::{Key, StatefulSet},
    object::{Kind, Object},
    snapshot::Snapshot,
    time::Time,
};
use std::collections::BTreeMap;

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    let kubernetes = &snapshot.kubernetes;
    if !live(&kubernetes.stateful_sets.feed, now) || !live(&kubernetes.pods.feed, now) {
        return Vec::new();
    }
    let podless = joined.cluster().into_iter().flat_map(|c| &c.podless);
    let mut pods: BTreeMap<Key, i32> = podless.map(|key| (key.clone(), 0)).collect();
    for (pod, _) in joined.brokers.iter().filter_map(|row| row.pod.as_ref()) {
        let owner = kubernetes.pods.get(pod).and_then(|p| p.meta.owner.as_ref());
        if let Some(owner) = owner.filter(|o| &*o.kind == "StatefulSet") {
            *pods.entry(Key { namespace: pod.namespace.clone(), name: owner.name.clone() }).or_default() += 1;
        }
    }
    let sets = pods.into_iter().filter_map(|(key, n)| Some((kubernetes.stateful_sets.get(&key)?, n)));
    sets.filter_map(|(set, pods)| lacks(set, pods).or_else(|| updating(set))).collect()
}

fn subject(set: &StatefulSet) -> Object {
    Object::Kube { kind: Kind::StatefulSet, key: set.meta.key.clone(), uid: set.meta.uid.clone() }
}

fn lacks(set: &StatefulSet, pods: i32) -> Option<Finding> {
    let name = &set.meta.key.name;
    (pods < set.replicas).then(|| {
        let (severity, has) = match pods {
            0 => (Severity::Critical, "none".to_string()),
            n => (Severity::Warning, n.to_string()),
        };
        let line = format!("StatefulSet {name} has {has} of its {} pods", set.replicas);
        Finding::new("statefulset", severity, subject(set), line)
            .seen(format!("spec.replicas {}, ready {}", set.replicas, set.ready))
    })
}

fn updating(set: &StatefulSet) -> Option<Finding> {
    let name = &set.meta.key.name;
    if set.current_revision == set.update_revision || set.updated >= set.replicas {
        return None;
    }
    // A rolling update waits for the pod it restarted: while one is not ready nothing moves.
    let waits = set.ready < set.replicas && &*set.update_strategy != "OnDelete";
    let how = match &*set.update_strategy {
        "OnDelete" => "waits for its pods to be deleted",
        _ if waits => "waits for a pod to become ready",
        _ => "is under way",
    };
    let line =
        format!("update of StatefulSet {name} {how}: {} of {} pods are new", set.updated, set.replicas);
    let severity = if waits { Severity::Warning } else { Severity::Ok };
    Some(
        Finding::new("rollout", severity, subject(set), line)
            .brief(format!("{name} update {}/{}", set.updated, set.replicas))
            .seen(format!("revision {} → {}", set.current_revision, set.update_revision)),
    )
}
