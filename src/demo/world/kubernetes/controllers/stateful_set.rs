//! StatefulSets: pods with ordinals, made in order, updated from the last to the first.
//!
//! Source: Kubernetes `pkg/controller/statefulset/stateful_set_control.go`.

use crate::{
    demo::world::kubernetes::{CLAIMS, PODS, STATEFUL_SETS, Turn, object},
    domain::{Text, kubernetes::Key},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

const COMPONENT: &str = "statefulset-controller";
const REVISION: &str = "controller-revision-hash";
/// Seconds until a pod that could not be made is tried again.
const RETRY: f64 = 1.0;

/// The templates of a set's revisions, by the set's UID and the revision's name.
#[derive(Debug, Default)]
pub struct Revisions(BTreeMap<(Text, String), Value>);

/// A set with what is decided about it in this look.
struct Set {
    key: Key,
    object: Arc<Value>,
    replicas: i64,
    first: i64,
    partition: i64,
    parallel: bool,
    /// The revision that all pods had, and the one that they are to have.
    current: String,
    update: String,
}

pub fn stateful_set(turn: &mut Turn<'_>, key: &Key) {
    let Some(object) = turn.get(&STATEFUL_SETS, key) else { return };
    if object::is_deleting(&object) {
        return;
    }
    let set = read(turn, key, object);
    manage(turn, &set);
    tell(turn, &set);
}

fn read(turn: &mut Turn<'_>, key: &Key, object: Arc<Value>) -> Set {
    let template = &object["spec"]["template"];
    let update = format!("{}-{}", key.name, object::hash(template));
    let uid: Text = object::uid(&object).into();
    turn.plane.revisions.0.entry((uid, update.clone())).or_insert_with(|| template.clone());
    let current = object::text(&object, "/status/currentRevision").to_owned();
    let number = |pointer: &str| object::number(&object, pointer).unwrap_or_default();
    Set {
        key: key.clone(),
        replicas: object::number(&object, "/spec/replicas").unwrap_or(1),
        first: number("/spec/ordinals/start"),
        partition: number("/spec/updateStrategy/rollingUpdate/partition"),
        parallel: object["spec"]["podManagementPolicy"] == "Parallel",
        current: if current.is_empty() { update.clone() } else { current },
        update,
        object,
    }
}

/// One look: makes, ends and updates what may be by now.
fn manage(turn: &mut Turn<'_>, set: &Set) {
    let mut pods = pods(turn, set);
    let ordered = !set.parallel;
    for ordinal in set.first..set.first + set.replicas {
        match pods.get(&ordinal) {
            Some(pod) if object::has_ended(pod) => {
                turn.end_pod(pod);
                if ordered {
                    return;
                }
            }
            Some(pod) if ordered && (object::is_deleting(pod) || !is_healthy(pod)) => return,
            Some(_) => {}
            None => {
                make(turn, set, ordinal);
                if ordered {
                    return;
                }
            }
        }
    }
    let wanted = set.first..set.first + set.replicas;
    let condemned: Vec<Arc<Value>> =
        pods.iter().rev().filter(|(n, _)| !wanted.contains(n)).map(|(_, pod)| pod.clone()).collect();
    for pod in condemned {
        if !object::is_deleting(&pod) {
            end(turn, set, &pod);
        }
        if ordered {
            return;
        }
    }
    if set.object["spec"]["updateStrategy"]["type"] == "OnDelete" {
        return;
    }
    pods.retain(|n, _| wanted.contains(n));
    update(turn, set, &pods);
}

/// From the last to the first, the next only when all above it are well.
fn update(turn: &mut Turn<'_>, set: &Set, pods: &BTreeMap<i64, Arc<Value>>) {
    for ordinal in (set.first + set.partition.max(0)..set.first + set.replicas).rev() {
        let Some(pod) = pods.get(&ordinal) else { return };
        if revision(pod) != set.update && !object::is_deleting(pod) {
            return end(turn, set, pod);
        }
        if !is_healthy(pod) || object::is_deleting(pod) {
            return;
        }
    }
}

fn pods(turn: &Turn<'_>, set: &Set) -> BTreeMap<i64, Arc<Value>> {
    let owned = turn.owned(&set.object, &PODS).into_iter();
    owned.filter_map(|pod| Some((ordinal(&pod)?, pod))).collect()
}

fn ordinal(pod: &Value) -> Option<i64> {
    object::text(pod, "/metadata/name").rsplit_once('-')?.1.parse().ok()
}

fn revision(pod: &Value) -> &str {
    pod["metadata"]["labels"][REVISION].as_str().unwrap_or_default()
}

fn is_healthy(pod: &Value) -> bool {
    pod["status"]["phase"] == "Running" && object::is_ready(pod)
}

fn end(turn: &mut Turn<'_>, set: &Set, pod: &Value) {
    turn.end_pod(pod);
    let (name, set_name) = (object::text(pod, "/metadata/name"), &set.key.name);
    let words = format!("delete Pod {name} in StatefulSet {set_name} successful");
    turn.note(&set.object, COMPONENT, "SuccessfulDelete", &words);
}

fn make(turn: &mut Turn<'_>, set: &Set, ordinal: i64) {
    let name = format!("{}-{ordinal}", set.key.name);
    if turn.get(&PODS, &Key::new(&set.key.namespace, &name)).is_some() {
        // A namesake that is not ours has to go first.
        return;
    }
    // Below the partition what is made anew is as it was.
    let on_delete = set.object["spec"]["updateStrategy"]["type"] == "OnDelete";
    let old = !on_delete && ordinal < set.first + set.partition;
    let revision = if old { &set.current } else { &set.update };
    let uid: Text = object::uid(&set.object).into();
    let known = turn.plane.revisions.0.get(&(uid, revision.clone()));
    let template = known.unwrap_or(&set.object["spec"]["template"]).clone();
    let pod = from_template(set, template, ordinal, &name, revision);
    if !claims(turn, set, &name) {
        let again = turn.after(RETRY);
        return turn.look_at(again, &STATEFUL_SETS, &set.key);
    }
    if turn.create(&PODS, pod).is_ok() {
        let words = format!("create Pod {name} in StatefulSet {} successful", set.key.name);
        turn.note(&set.object, COMPONENT, "SuccessfulCreate", &words);
    }
}

fn from_template(set: &Set, template: Value, ordinal: i64, name: &str, revision: &str) -> Value {
    let mut metadata = template["metadata"].clone();
    metadata["name"] = json!(name);
    metadata["generateName"] = json!(format!("{}-", set.key.name));
    metadata["namespace"] = json!(*set.key.namespace);
    metadata["ownerReferences"] = object::owned_by(&set.object);
    metadata["labels"][REVISION] = json!(revision);
    metadata["labels"]["statefulset.kubernetes.io/pod-name"] = json!(name);
    metadata["labels"]["apps.kubernetes.io/pod-index"] = json!(ordinal.to_string());
    let mut spec = template["spec"].clone();
    spec["hostname"] = json!(name);
    spec["subdomain"] = set.object["spec"]["serviceName"].clone();
    let mut volumes = object::list(&spec, "/volumes").to_vec();
    volumes.extend(templates(set).map(|claim| {
        let volume = object::text(claim, "/metadata/name");
        json!({"name": volume, "persistentVolumeClaim": {"claimName": format!("{volume}-{name}")}})
    }));
    spec["volumes"] = json!(volumes);
    json!({"metadata": metadata, "spec": spec})
}

fn templates(set: &Set) -> impl Iterator<Item = &Value> {
    object::list(&set.object, "/spec/volumeClaimTemplates").iter()
}

/// Claims outlive their pods: one that is there is used again, but for one that is being deleted, on which no
/// pod is made.
///
/// Source: Kubernetes `stateful_pod_control.go`, `createPersistentVolumeClaims`.
fn claims(turn: &mut Turn<'_>, set: &Set, pod: &str) -> bool {
    let mut usable = true;
    for template in templates(set) {
        let name = format!("{}-{pod}", object::text(template, "/metadata/name"));
        let key = Key::new(&set.key.namespace, &name);
        if let Some(claim) = turn.get(&CLAIMS, &key) {
            usable &= !object::is_deleting(&claim);
            continue;
        }
        let mut claim = template.clone();
        claim["metadata"]["name"] = json!(name);
        claim["metadata"]["namespace"] = json!(*key.namespace);
        claim["metadata"]["labels"] = set.object["spec"]["selector"]["matchLabels"].clone();
        if turn.create(&CLAIMS, claim).is_ok() {
            let words = format!("create Claim {name} Pod {pod} in StatefulSet {} success", set.key.name);
            turn.note(&set.object, COMPONENT, "SuccessfulCreate", &words);
        }
    }
    usable
}

/// Its status, after what was done.
fn tell(turn: &mut Turn<'_>, set: &Set) {
    let Some(before) = turn.get(&STATEFUL_SETS, &set.key).map(|set| set["status"].clone()) else { return };
    // What was made in this look is counted in the next, when it is known as owned.
    let pods: Vec<Arc<Value>> = pods(turn, set).into_values().filter(|pod| !object::has_ended(pod)).collect();
    let count = |is: &dyn Fn(&Value) -> bool| pods.iter().filter(|pod| is(pod)).count();
    let ready = count(&|pod| is_healthy(pod));
    let updated = count(&|pod| revision(pod) == set.update && !object::is_deleting(pod));
    let rolling = set.object["spec"]["updateStrategy"]["type"] != "OnDelete";
    let all = pods.len();
    let complete = rolling && updated == all && ready == all && all as i64 == set.replicas;
    let current = if complete { &set.update } else { &set.current };
    let mut status = before.clone();
    status["observedGeneration"] = set.object["metadata"]["generation"].clone();
    status["replicas"] = json!(all);
    status["readyReplicas"] = json!(ready);
    status["availableReplicas"] = json!(ready);
    status["currentReplicas"] = json!(count(&|pod| revision(pod) == current && !object::is_deleting(pod)));
    status["updatedReplicas"] = json!(updated);
    status["currentRevision"] = json!(current);
    status["updateRevision"] = json!(set.update);
    status["collisionCount"] = json!(0);
    if status != before {
        turn.set_status(&STATEFUL_SETS, &set.key, status);
    }
}
