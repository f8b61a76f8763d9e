//! A small operator in Strimzi's manner: node pools make pod sets, pod sets make pods, and pods roll one by
//! one when their annotation asks for it.

use crate::{
    demo::world::kubernetes::{CLAIMS, KAFKAS, NODE_POOLS, POD_SETS, PODS, Turn, object, plane::claim_of},
    domain::kubernetes::Key,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

const COMPONENT: &str = "strimzi.io/cluster-operator";
pub const CLUSTER: &str = "strimzi.io/cluster";
const ROLL: &str = "strimzi.io/manual-rolling-update";
const REVISION: &str = "strimzi.io/revision";
/// Seconds between two reconciliations: what `STRIMZI_FULL_RECONCILIATION_INTERVAL_MS` of the estate's operator
/// says (two minutes by default).
const PERIOD: f64 = 30.0;
/// Bytes of a claim where the pool does not say.
const SIZE: &str = "100Gi";

/// The Kafka resource tells whether all its pods are ready.
pub fn strimzi(turn: &mut Turn<'_>, key: &Key) {
    let Some(kafka) = turn.get(&KAFKAS, key) else { return };
    let mut sets = turn.store.list(&POD_SETS, Some(&key.namespace));
    let well = sets.all(|(_, set)| {
        set["metadata"]["labels"][CLUSTER] != *key.name || set["status"]["readyPods"] == set["status"]["pods"]
    });
    drop(sets);
    let mut status = kafka["status"].clone();
    if !status.is_object() {
        status = json!({});
    }
    status["observedGeneration"] = kafka["metadata"]["generation"].clone();
    let (holds, reason) = if well { ("True", "") } else { ("False", "Creating") };
    object::set_condition(&mut status, "Ready", holds, reason, "", turn.now);
    if status != kafka["status"] {
        turn.set_status(&KAFKAS, key, status);
    }
}

/// Brings the pool's pod set to as many pods as the pool asks for.
pub fn node_pool(turn: &mut Turn<'_>, key: &Key) {
    let Some(pool) = turn.get(&NODE_POOLS, key) else { return };
    let cluster = pool["metadata"]["labels"][CLUSTER].as_str().unwrap_or_default();
    let set_key = Key::new(&key.namespace, &format!("{cluster}-{}", key.name));
    let Some(set) = turn.get(&POD_SETS, &set_key) else { return };
    let mut pods = object::list(&set, "/spec/pods").to_vec();
    let wanted = object::count(&pool, "/spec/replicas").max(1);
    pods.truncate(wanted);
    while pods.len() < wanted {
        let Some(next) = like(turn, &key.namespace, cluster, &set_key.name, &pods) else { return };
        pods.push(next);
    }
    let ids: Vec<i64> = pods.iter().filter_map(node_id).collect();
    let _gone = turn.store.update(&POD_SETS, &set_key, |set| set["spec"]["pods"] = json!(pods));
    let _gone = turn.store.update(&NODE_POOLS, key, |pool| {
        let generation = pool["metadata"]["generation"].clone();
        pool["status"]["observedGeneration"] = generation;
        pool["status"]["nodeIds"] = json!(ids);
        pool["status"]["replicas"] = json!(ids.len());
        pool["status"]["roles"] = pool["spec"]["roles"].clone();
    });
}

/// One more pod like the pool's first, with the lowest id that no pool of the cluster has.
fn like(turn: &Turn<'_>, namespace: &str, cluster: &str, set: &str, pods: &[Value]) -> Option<Value> {
    let first = pods.first()?;
    let sets = turn.store.list(&POD_SETS, Some(namespace)).map(|(_, set)| set);
    let of_cluster = sets.filter(|set| set["metadata"]["labels"][CLUSTER] == *cluster);
    let mut taken: BTreeSet<i64> =
        of_cluster.flat_map(|set| object::list(set, "/spec/pods").iter().filter_map(node_id)).collect();
    taken.extend(pods.iter().filter_map(node_id));
    let free = (0..).find(|id| !taken.contains(id))?;
    let old = object::text(first, "/metadata/name");
    let new = format!("{set}-{free}");
    serde_json::from_str(&first.to_string().replace(old, &new)).ok()
}

/// The number that a Strimzi pod's name ends in.
fn node_id(pod: &Value) -> Option<i64> {
    object::text(pod, "/metadata/name").rsplit_once('-')?.1.parse().ok()
}

/// Makes the pods of a set, ends those that are not of it, and rolls those that are asked to.
pub fn pod_set(turn: &mut Turn<'_>, key: &Key) {
    let Some(set) = turn.get(&POD_SETS, key) else { return };
    let owned = turn.owned(&set, &PODS);
    let wanted = object::list(&set, "/spec/pods");
    for pod in wanted {
        if !owned.iter().any(|there| there["metadata"]["name"] == pod["metadata"]["name"]) {
            make(turn, &set, pod);
        }
    }
    let of_it = |pod: &Value| wanted.iter().find(|w| w["metadata"]["name"] == pod["metadata"]["name"]);
    for pod in owned.iter().filter(|pod| of_it(pod).is_none() && !object::is_deleting(pod)) {
        turn.end_pod(pod);
    }
    roll(turn, key, &set, &owned, of_it);
    tell(turn, key, &set, &owned);
    if let Some(cluster) = set["metadata"]["labels"][CLUSTER].as_str() {
        turn.plane.look_now(&KAFKAS, &Key::new(&key.namespace, cluster));
    }
}

fn make(turn: &mut Turn<'_>, set: &Value, pod: &Value) {
    let mut pod = pod.clone();
    let namespace = object::text(set, "/metadata/namespace").to_owned();
    pod["metadata"]["namespace"] = json!(namespace);
    pod["metadata"]["ownerReferences"] = object::owned_by(set);
    for claim in object::list(&pod, "/spec/volumes").iter().filter_map(claim_of) {
        if turn.get(&CLAIMS, &Key::new(&namespace, claim)).is_some() {
            continue;
        }
        let size = &set["metadata"]["annotations"]["strimzi.io/storage-size"];
        let claim = json!({
            "metadata": {"name": claim, "namespace": namespace, "labels": pod["metadata"]["labels"]},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "zonal",
                "resources": {"requests": {"storage": size.as_str().unwrap_or(SIZE)}},
            },
        });
        let _taken = turn.create(&CLAIMS, claim);
    }
    let _taken = turn.create(&PODS, pod);
}

/// One pod in a reconciliation, and none while another is not ready.
fn roll<'a>(
    turn: &mut Turn<'_>,
    key: &Key,
    set: &Value,
    owned: &[Arc<Value>],
    of_it: impl Fn(&Value) -> Option<&'a Value>,
) {
    let all = set["metadata"]["annotations"][ROLL] == "true";
    let before = turn.plane.rolled.get(key).copied();
    let asked = |pod: &&Arc<Value>| {
        let made = object::time(pod, "/metadata/creationTimestamp");
        let due = all && before.is_some_and(|since| made.is_none_or(|made| made <= since.1));
        let revision = |pod: &Value| pod["metadata"]["annotations"][REVISION].clone();
        due || pod["metadata"]["annotations"][ROLL] == "true"
            || of_it(pod).is_some_and(|wanted| revision(wanted) != revision(pod))
    };
    if all && before.is_none() {
        turn.plane.rolled.insert(key.clone(), (turn.now, turn.now));
        let next = turn.after(PERIOD / 2.0);
        return turn.look_at(next, &POD_SETS, key);
    }
    let Some(pod) = owned.iter().find(asked) else {
        turn.plane.rolled.remove(key);
        if all {
            let _gone = turn.store.update(&POD_SETS, key, |set| {
                set["metadata"]["annotations"].as_object_mut().map(|all| all.remove(ROLL));
            });
        }
        return;
    };
    let (last, since) = before.unwrap_or((turn.now, turn.now));
    if before.is_none() {
        turn.plane.rolled.insert(key.clone(), (turn.now, turn.now));
    }
    if turn.seconds_since(last) < PERIOD / 2.0 - 0.5 {
        let next = last.plus(turn.span(PERIOD / 2.0));
        return turn.look_at(next, &POD_SETS, key);
    }
    let next = turn.after(PERIOD / 2.0);
    turn.look_at(next, &POD_SETS, key);
    turn.plane.rolled.insert(key.clone(), (turn.now, since));
    let others = owned.iter().filter(|other| !Arc::ptr_eq(other, pod));
    let well = others.clone().all(|other| object::is_ready(other) && !object::is_deleting(other));
    if well && !object::is_deleting(pod) {
        turn.note(pod, COMPONENT, "ManualRollingUpdate", "ManualRollingUpdate");
        turn.end_pod(pod);
    }
}

fn tell(turn: &mut Turn<'_>, key: &Key, set: &Value, owned: &[Arc<Value>]) {
    let wanted = object::list(set, "/spec/pods").len();
    let ready = owned.iter().filter(|pod| object::is_ready(pod)).count();
    let status = json!({
        "observedGeneration": set["metadata"]["generation"],
        "pods": wanted, "currentPods": owned.len(), "readyPods": ready,
    });
    if status != set["status"] {
        turn.set_status(&POD_SETS, key, status);
    }
}
