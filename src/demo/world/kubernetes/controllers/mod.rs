//! What acts on the objects: the controllers, the scheduler, the kubelets, and a small operator.
//!
//! Each looks at one object and does what it would have done by now; it is asked again when something
//! that it depends on has changed, or at the time that it named.

mod autoscaler;
mod budget;
mod claim;
mod container;
mod deployment;
mod kubelet;
mod node;
mod pod_status;
mod replica_set;
mod rollout;
mod scheduler;
mod stateful_set;
mod strimzi;

pub use autoscaler::autoscaler;
pub use budget::budget;
pub use claim::claim;
pub use container::{End, Killed, Program, State};
pub use deployment::deployment;
pub use kubelet::{Kubelet, Run};
pub use node::node;
pub use node::set_healthy;
pub use replica_set::replica_set;
pub use scheduler::requests;
pub use stateful_set::{Revisions, stateful_set};
pub use strimzi::{node_pool, pod_set, strimzi};

#[cfg(test)]
mod tests;

use super::{NODES, PODS, Turn, object};
use crate::domain::kubernetes::Key;

/// A pod is first the scheduler's, then its node's kubelet's.
pub fn pod(turn: &mut Turn<'_>, key: &Key) {
    let Some(pod) = turn.get(&PODS, key) else { return kubelet::forget(turn, key) };
    match object::text(&pod, "/spec/nodeName") {
        "" if object::is_deleting(&pod) => turn.remove(&PODS, key),
        "" => scheduler::schedule(turn, &pod),
        node if turn.get(&NODES, &Key::new("", node)).is_none() => turn.remove(&PODS, key),
        node if turn.plane.silent.contains_key(node) => {}
        _ => kubelet::sync(turn, key, &pod),
    }
}
