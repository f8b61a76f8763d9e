//! Deployments: a ReplicaSet for each template, and the conditions that tell how far they are.

use super::rollout;
use crate::{
    demo::world::kubernetes::{DEPLOYMENTS, REPLICA_SETS, Turn, object},
    domain::kubernetes::Key,
};
use serde_json::{Value, json};
use std::sync::Arc;

pub const COMPONENT: &str = "deployment-controller";
pub const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

pub fn deployment(turn: &mut Turn<'_>, key: &Key) {
    let Some(deployment) = turn.get(&DEPLOYMENTS, key) else { return };
    if object::is_deleting(&deployment) {
        return;
    }
    let all = turn.owned(&deployment, &REPLICA_SETS);
    let hash = object::hash(&deployment["spec"]["template"]);
    let (new, old): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|set| set["metadata"]["labels"][HASH] == *hash);
    match new.into_iter().next() {
        None if deployment["spec"]["paused"] == true => rollout::scale(turn, &deployment, None, &old),
        None => make(turn, key, &deployment, &hash, &old),
        Some(new) => {
            number(turn, key, &deployment, &new, &old);
            rollout::scale(turn, &deployment, Some(&new), &old);
            tell(turn, key, &deployment, &new, &old);
        }
    }
}

pub fn revision(set: &Value) -> u64 {
    set["metadata"]["annotations"][REVISION].as_str().and_then(|n| n.parse().ok()).unwrap_or_default()
}

/// The ReplicaSet of a template that is new.
fn make(turn: &mut Turn<'_>, key: &Key, deployment: &Value, hash: &str, old: &[Arc<Value>]) {
    let next = old.iter().map(|set| revision(set)).max().unwrap_or_default() + 1;
    let spec = &deployment["spec"];
    let mut template = spec["template"].clone();
    template["metadata"]["labels"][HASH] = json!(hash);
    let mut selector = spec["selector"].clone();
    selector["matchLabels"][HASH] = json!(hash);
    let set = json!({
        "metadata": {
            "name": format!("{}-{hash}", key.name),
            "namespace": *key.namespace,
            "labels": template["metadata"]["labels"],
            "annotations": {
                REVISION: next.to_string(),
                "deployment.kubernetes.io/desired-replicas": spec["replicas"].to_string(),
            },
            "ownerReferences": object::owned_by(deployment),
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    });
    if let Ok(set) = turn.create(&REPLICA_SETS, set) {
        number(turn, key, deployment, &set, old);
        rollout::scale(turn, deployment, Some(&set), old);
        let now = turn.now;
        let name = object::text(&set, "/metadata/name").to_owned();
        let _gone = turn.store.update(&DEPLOYMENTS, key, |deployment| {
            let words = format!("Created new replica set \"{name}\"");
            object::set_condition(
                &mut deployment["status"],
                "Progressing",
                "True",
                "NewReplicaSetCreated",
                &words,
                now,
            );
        });
    }
}

/// The newest ReplicaSet has the highest revision, also one that is come back to.
fn number(turn: &mut Turn<'_>, key: &Key, deployment: &Value, new: &Value, old: &[Arc<Value>]) {
    let highest = old.iter().map(|set| revision(set)).max().unwrap_or_default();
    let number = revision(new).max(highest + 1).to_string();
    let _gone = turn.store.update(&REPLICA_SETS, &object::key(new), |set| {
        set["metadata"]["annotations"][REVISION] = json!(number);
    });
    if deployment["metadata"]["annotations"][REVISION] != *number {
        let _gone = turn.store.update(&DEPLOYMENTS, key, |deployment| {
            deployment["metadata"]["annotations"][REVISION] = json!(number);
        });
    }
}

fn tell(turn: &mut Turn<'_>, key: &Key, deployment: &Value, new: &Value, old: &[Arc<Value>]) {
    let sum = |field: &str| {
        old.iter().map(|set| set.as_ref()).chain([new]).map(|set| object::count(set, field)).sum::<usize>()
    };
    let wanted = object::count(deployment, "/spec/replicas");
    let (all, available) = (sum("/status/replicas"), sum("/status/availableReplicas"));
    let updated = object::count(new, "/status/replicas");
    let Some(now_there) = turn.get(&DEPLOYMENTS, key) else { return };
    let mut status = now_there["status"].clone();
    status["observedGeneration"] = deployment["metadata"]["generation"].clone();
    status["replicas"] = json!(all);
    status["updatedReplicas"] = json!(updated);
    status["readyReplicas"] = json!(sum("/status/readyReplicas"));
    status["availableReplicas"] = json!(available);
    status["unavailableReplicas"] = json!(wanted.max(all).saturating_sub(available));
    let enough = available + rollout::most_unavailable(deployment) >= wanted;
    let (holds, reason, words) = if enough {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    object::set_condition(&mut status, "Available", holds, reason, words, turn.now);
    progress(
        turn,
        key,
        deployment,
        new,
        &mut status,
        updated == wanted && all == wanted && available == wanted,
    );
    if status != now_there["status"] {
        turn.set_status(&DEPLOYMENTS, key, status);
    }
}

/// Source: `syncRolloutStatus`: complete, progressing, or past its deadline.
fn progress(
    turn: &mut Turn<'_>,
    key: &Key,
    deployment: &Value,
    new: &Value,
    status: &mut Value,
    complete: bool,
) {
    const AT: &str = "lastUpdateTime";
    let name = object::text(new, "/metadata/name");
    let before = object::list(status, "/conditions").iter().find(|c| c["type"] == "Progressing").cloned();
    let before = before.unwrap_or_default();
    if complete {
        let words = format!("ReplicaSet \"{name}\" has successfully progressed.");
        return object::set_condition(
            status,
            "Progressing",
            "True",
            "NewReplicaSetAvailable",
            &words,
            turn.now,
        );
    }
    let counts =
        |status: &Value| ["replicas", "updatedReplicas", "availableReplicas"].map(|f| status[f].clone());
    let moved = counts(status) != counts(&deployment["status"]) || before[AT].is_null();
    if before["reason"] == "NewReplicaSetAvailable" && !moved {
        // A pod that falters after the rollout does not undo it.
        return;
    }
    let since = object::time(&before, &format!("/{AT}")).filter(|_| !moved).unwrap_or(turn.now);
    let deadline = object::number(deployment, "/spec/progressDeadlineSeconds").unwrap_or(600) as f64;
    if turn.seconds_since(since) + 1e-3 >= deadline {
        let words = format!("ReplicaSet \"{name}\" has timed out progressing.");
        object::set_condition(status, "Progressing", "False", "ProgressDeadlineExceeded", &words, turn.now);
    } else {
        let words = format!("ReplicaSet \"{name}\" is progressing.");
        object::set_condition(status, "Progressing", "True", "ReplicaSetUpdated", &words, turn.now);
        let at = since.plus(turn.span(deadline + 1.0));
        turn.look_at(at, &DEPLOYMENTS, key);
    }
    let since = super::super::rfc3339(since);
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        if condition["type"] == "Progressing" {
            condition[AT] = json!(since);
        }
    }
}
