//! ReplicaSets: as many pods as are asked for.

use crate::{
    demo::world::kubernetes::{PODS, REPLICA_SETS, Turn, object},
    domain::kubernetes::Key,
};
use serde_json::{Value, json};
use std::{cmp::Reverse, sync::Arc};

const COMPONENT: &str = "replicaset-controller";

pub fn replica_set(turn: &mut Turn<'_>, key: &Key) {
    let Some(set) = turn.get(&REPLICA_SETS, key) else { return };
    if object::is_deleting(&set) {
        return;
    }
    // Pods on their way out do not count.
    let mut pods: Vec<Arc<Value>> = turn.owned(&set, &PODS);
    pods.retain(|pod| !object::is_deleting(pod) && !object::has_ended(pod));
    let wanted = object::number(&set, "/spec/replicas").unwrap_or(1).max(0) as usize;
    for _ in pods.len()..wanted {
        make(turn, &set);
    }
    if pods.len() > wanted {
        pods.sort_by_key(|pod| first_to_go(pod));
        for pod in pods.drain(..pods.len() - wanted).collect::<Vec<_>>() {
            turn.end_pod(&pod);
            let words = format!("Deleted pod: {}", object::text(&pod, "/metadata/name"));
            turn.note(&set, COMPONENT, "SuccessfulDelete", &words);
        }
    }
    tell(turn, key, &set, &pods);
}

/// Those without a node go first, then those that are not ready, then the youngest.
///
/// Source: `controller.ActivePodsWithRanks`.
fn first_to_go(pod: &Value) -> (bool, bool, Reverse<Option<crate::domain::time::Time>>, String) {
    let created = object::time(pod, "/metadata/creationTimestamp");
    let name = object::text(pod, "/metadata/name").to_owned();
    (!object::text(pod, "/spec/nodeName").is_empty(), object::is_ready(pod), Reverse(created), name)
}

fn make(turn: &mut Turn<'_>, set: &Value) {
    let mut metadata = set["spec"]["template"]["metadata"].clone();
    metadata["generateName"] = json!(format!("{}-", object::text(set, "/metadata/name")));
    metadata["namespace"] = set["metadata"]["namespace"].clone();
    metadata["ownerReferences"] = object::owned_by(set);
    let pod = json!({"metadata": metadata, "spec": set["spec"]["template"]["spec"]});
    if let Ok(pod) = turn.create(&PODS, pod) {
        let words = format!("Created pod: {}", object::text(&pod, "/metadata/name"));
        turn.note(set, COMPONENT, "SuccessfulCreate", &words);
    }
}

fn tell(turn: &mut Turn<'_>, key: &Key, set: &Value, pods: &[Arc<Value>]) {
    let mut status = set["status"].clone();
    let ready = pods.iter().filter(|pod| object::is_ready(pod)).count();
    status["observedGeneration"] = set["metadata"]["generation"].clone();
    status["replicas"] = json!(pods.len());
    status["fullyLabeledReplicas"] = json!(pods.len());
    status["readyReplicas"] = json!(ready);
    status["availableReplicas"] = json!(ready);
    if status != set["status"] {
        turn.set_status(&REPLICA_SETS, key, status);
    }
}
