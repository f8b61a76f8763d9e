//! Each action end to end: planned and confirmed on castellan's screen, its effect read outside castellan.

mod brokers;
mod controller;
mod everyday;
mod hands;
pub mod outside;
mod production;
mod races;
mod random;
mod reassign;
mod refused;
mod silence;

use crate::stage::Turn;

/// The lab with three brokers and three pods that matter to nobody, whatever a test that failed has left.
pub fn stage() -> Turn {
    let stage = crate::stage::stage();
    for (set, what) in [("-n kafka", "statefulset kafka"), ("-n shop", "deployment web")] {
        if stage.field(&format!("{set} get {what}"), ".spec.replicas") != "3" {
            stage.kubectl(&format!("{set} scale {what} --replicas 3"));
        }
    }
    // kwok does not tell again that a pod is ready when its node was silent for a while.
    if stage.field("-n shop get deployment web", ".status.readyReplicas") != "3" {
        stage.kubectl("-n shop delete pods -l app.kubernetes.io/name=web");
        stage.kubectl("-n shop rollout status deployment web --timeout=120s");
    }
    stage
}
