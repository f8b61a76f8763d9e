//! Disruption budgets: how many healthy pods they see, and how many may go.

use crate::{
    demo::world::kubernetes::{BUDGETS, PODS, Resource, Turn, object},
    domain::kubernetes::Key,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

/// A disruption that was granted and not seen is forgotten after so many seconds.
///
/// Source: `DeletionTimeout` of the disruption controller.
const FORGOTTEN: f64 = 120.0;

pub fn budget(turn: &mut Turn<'_>, key: &Key) {
    let Some(budget) = turn.get(&BUDGETS, key) else { return };
    let pods = selected(turn, key, &budget);
    let granted = still_granted(turn, &budget, &pods);
    let (expected, desired) = wanted(turn, &budget, &pods);
    let healthy = pods.iter().filter(|pod| {
        object::is_ready(pod)
            && !object::is_deleting(pod)
            && !granted.contains_key(object::text(pod, "/metadata/name"))
    });
    let healthy = healthy.count();
    let allowed = if expected == 0 { 0 } else { healthy.saturating_sub(desired) };
    let mut status = budget["status"].clone();
    status["observedGeneration"] = budget["metadata"]["generation"].clone();
    status["currentHealthy"] = json!(healthy);
    status["desiredHealthy"] = json!(desired);
    status["expectedPods"] = json!(expected);
    status["disruptionsAllowed"] = json!(allowed);
    if granted.is_empty() {
        status.as_object_mut().map(|status| status.remove("disruptedPods"));
    } else {
        let later = turn.after(FORGOTTEN);
        turn.look_at(later, &BUDGETS, key);
        status["disruptedPods"] = json!(granted);
    }
    let (holds, reason) =
        if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    object::set_condition(&mut status, "DisruptionAllowed", holds, reason, "", turn.now);
    if status != budget["status"] {
        turn.set_status(&BUDGETS, key, status);
    }
}

fn selected(turn: &Turn<'_>, key: &Key, budget: &Value) -> Vec<Arc<Value>> {
    let near = turn.store.list(&PODS, Some(&key.namespace)).map(|(_, pod)| pod);
    let selected =
        near.filter(|pod| object::selects(&budget["spec"]["selector"], &pod["metadata"]["labels"]));
    selected.filter(|pod| !object::has_ended(pod)).cloned().collect()
}

/// Pods whose eviction was granted and that were not seen to go yet.
fn still_granted(turn: &Turn<'_>, budget: &Value, pods: &[Arc<Value>]) -> serde_json::Map<String, Value> {
    let granted = budget["status"]["disruptedPods"].as_object().into_iter().flatten();
    let there = |name: &str| pods.iter().any(|p| p["metadata"]["name"] == *name && !object::is_deleting(p));
    let fresh = |at: &Value| {
        let at: Option<jiff::Timestamp> = at.as_str().and_then(|at| at.parse().ok());
        at.is_some_and(|at| turn.seconds_since(crate::domain::time::Time(at.as_millisecond())) < FORGOTTEN)
    };
    granted.filter(|(name, at)| there(name) && fresh(at)).map(|(n, at)| (n.clone(), at.clone())).collect()
}

/// How many pods there should be, and how many of them healthy.
///
/// Source: `getExpectedPodCount` of the disruption controller: a number of pods to stay counts the pods that
/// there are; all else goes by what the pods' controllers ask for.
fn wanted(turn: &Turn<'_>, budget: &Value, pods: &[Arc<Value>]) -> (usize, usize) {
    let spec = &budget["spec"];
    let most = &spec["maxUnavailable"];
    if !most.is_null() {
        let expected = by_controllers(turn, pods);
        return (expected, expected.saturating_sub(object::scaled(most, expected, true)));
    }
    match &spec["minAvailable"] {
        least @ Value::String(_) => {
            let expected = by_controllers(turn, pods);
            (expected, object::scaled(least, expected, true))
        }
        least => (pods.len(), object::scaled(least, 0, true)),
    }
}

fn by_controllers(turn: &Turn<'_>, pods: &[Arc<Value>]) -> usize {
    let mut seen = BTreeSet::new();
    pods.iter()
        .filter_map(|pod| scale_of(turn, pod))
        .filter(|(uid, _)| seen.insert(uid.clone()))
        .map(|(_, n)| n)
        .sum()
}

/// The replicas that the controller at the top of a pod asks for.
fn scale_of(turn: &Turn<'_>, pod: &Arc<Value>) -> Option<(String, usize)> {
    let mut found = None;
    let mut object = pod.clone();
    while let Some(owner) = object::owner(&object) {
        let of = Resource::of(object::text(owner, "/apiVersion"), object::text(owner, "/kind"))?;
        let key = Key::new(object::text(pod, "/metadata/namespace"), object::text(owner, "/name"));
        let Some(above) = turn.get(of, &key) else { break };
        let replicas = above["spec"]["replicas"].as_u64();
        let replicas = replicas.or(above["spec"]["pods"].as_array().map(|pods| pods.len() as u64));
        found = replicas.map(|n| (object::uid(&above).to_owned(), n as usize)).or(found);
        object = above;
    }
    found
}
