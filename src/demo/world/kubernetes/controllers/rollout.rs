//! How a Deployment moves its pods from the old ReplicaSets to the new one.
//!
//! Source: Kubernetes `pkg/controller/deployment/{rolling,recreate,sync}.go`.

use super::deployment::{COMPONENT, revision};
use crate::demo::world::kubernetes::{PODS, REPLICA_SETS, Turn, object};
use serde_json::{Value, json};
use std::sync::Arc;

fn asked(set: &Value) -> usize {
    object::count(set, "/spec/replicas")
}

fn available(set: &Value) -> usize {
    object::count(set, "/status/availableReplicas")
}

pub fn most_unavailable(deployment: &Value) -> usize {
    bounds(deployment).1
}

/// How many pods may be there beyond the replicas, and how many may be missing.
///
/// Source: `ResolveFenceposts`: not both are none.
fn bounds(deployment: &Value) -> (usize, usize) {
    let replicas = asked(deployment);
    let strategy = &deployment["spec"]["strategy"];
    if strategy["type"] == "Recreate" {
        return (0, 0);
    }
    let surge = object::scaled(&strategy["rollingUpdate"]["maxSurge"], replicas, true);
    let missing = object::scaled(&strategy["rollingUpdate"]["maxUnavailable"], replicas, false);
    if surge == 0 && missing == 0 { (0, 1) } else { (surge, missing.min(replicas)) }
}

/// Takes the next steps that the bounds allow. `new`: None while a paused Deployment has no pods of its
/// template.
pub fn scale(turn: &mut Turn<'_>, deployment: &Value, new: Option<&Arc<Value>>, old: &[Arc<Value>]) {
    let replicas = asked(deployment);
    let paused = deployment["spec"]["paused"] == true;
    let active: Vec<&Arc<Value>> = old.iter().filter(|set| asked(set) > 0).collect();
    match new {
        // Without a rollout only the one that has the pods is scaled.
        None => {
            if let [only] = active[..] {
                set_replicas(turn, deployment, only, replicas);
            }
        }
        Some(new) if active.is_empty() => set_replicas(turn, deployment, new, replicas),
        Some(_) if paused => {}
        Some(new) if deployment["spec"]["strategy"]["type"] == "Recreate" => {
            recreate(turn, deployment, new, &active);
        }
        Some(new) => roll(turn, deployment, new, &active),
    }
}

fn recreate(turn: &mut Turn<'_>, deployment: &Value, new: &Value, active: &[&Arc<Value>]) {
    for set in active {
        set_replicas(turn, deployment, set, 0);
    }
    if active.iter().all(|set| turn.owned(set, &PODS).is_empty()) {
        set_replicas(turn, deployment, new, asked(deployment));
    }
}

fn roll(turn: &mut Turn<'_>, deployment: &Value, new: &Value, active: &[&Arc<Value>]) {
    let replicas = asked(deployment);
    let (surge, missing) = bounds(deployment);
    let total = asked(new) + active.iter().map(|set| asked(set)).sum::<usize>();
    if asked(new) != replicas && total < replicas + surge {
        let more = (replicas + surge - total).min(replicas.saturating_sub(asked(new)));
        return set_replicas(turn, deployment, new, asked(new) + more);
    }
    let least = replicas.saturating_sub(missing);
    let not_yet = asked(new).saturating_sub(available(new));
    let mut may_go = total.saturating_sub(least + not_yet);
    if may_go == 0 {
        return;
    }
    let mut oldest = active.to_vec();
    oldest.sort_by_key(|set| revision(set));
    // What is broken goes first, as it costs nothing.
    let mut left: Vec<usize> = oldest.iter().map(|set| asked(set)).collect();
    for (set, left) in oldest.iter().zip(&mut left) {
        let broken = left.saturating_sub(available(set)).min(may_go);
        *left -= broken;
        may_go -= broken;
    }
    let all_available = available(new) + oldest.iter().map(|set| available(set)).sum::<usize>();
    let mut well = all_available.saturating_sub(least).min(may_go);
    for left in &mut left {
        let going = (*left).min(well);
        *left -= going;
        well -= going;
    }
    for (set, left) in oldest.iter().zip(left) {
        set_replicas(turn, deployment, set, left);
    }
}

fn set_replicas(turn: &mut Turn<'_>, deployment: &Value, set: &Value, to: usize) {
    let from = asked(set);
    if from == to {
        return;
    }
    let key = object::key(set);
    let wanted = deployment["spec"]["replicas"].to_string();
    let _gone = turn.store.update(&REPLICA_SETS, &key, |set| {
        set["spec"]["replicas"] = json!(to);
        set["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] = json!(wanted);
    });
    let way = if to > from { "up" } else { "down" };
    let words = format!("Scaled {way} replica set {} from {from} to {to}", key.name);
    turn.note(deployment, COMPONENT, "ScalingReplicaSet", &words);
}
