//! A volume claim that is not bound.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{
    object::{Kind, Object},
    snapshot::Snapshot,
    time::Time,
};

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    let kubernetes = &snapshot.kubernetes;
    if !live(&kubernetes.claims.feed, now) {
        return Vec::new();
    }
    let unbound = kubernetes.claims.iter().filter(|c| &*c.phase != "Bound");
    unbound
        .map(|claim| {
            let key = &claim.meta.key;
            let broker = joined.brokers.iter().find(|row| {
                let pod = row.pod.as_ref().and_then(|(pod, _)| kubernetes.pods.get(pod));
                pod.is_some_and(|p| {
                    p.meta.key.namespace == key.namespace && p.claims.values().any(|c| *c == key.name)
                })
            });
            let severity = match (broker, &*claim.phase) {
                (None, _) => Severity::Ok,
                (Some(_), "Lost") => Severity::Critical,
                (Some(_), _) => Severity::Warning,
            };
            let whose = broker.map(|row| format!(" of broker {}", row.name())).unwrap_or_default();
            let subject = Object::Kube { kind: Kind::Claim, key: key.clone(), uid: claim.meta.uid.clone() };
            Finding::new("claim", severity, subject, format!("claim {key}{whose} is {}", claim.phase))
                .brief(format!("claim {} {}", key.name, claim.phase))
                .since(Some(claim.meta.created))
                .seen(format!("claim phase {}, class {}", claim.phase, claim.class))
        })
        .collect()
}
