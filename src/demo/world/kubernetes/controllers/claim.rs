//! Volume claims: bound once their pod has a node, in that node's zone, and kept while a pod uses them.

use crate::{
    demo::world::kubernetes::{CLAIMS, NODES, PODS, Turn, object, plane::claim_of},
    domain::{Text, kubernetes::Key},
};
use serde_json::{Value, json};

const BINDER: &str = "persistentvolume-controller";
const SELECTED: &str = "volume.kubernetes.io/selected-node";
/// Seconds that a provisioner takes to make a volume, or to make it larger.
const PROVISION: f64 = 1.5;

/// The scheduler chose the node of the claim's first pod.
pub fn select(turn: &mut Turn<'_>, key: &Key, node: &str) {
    let _gone = turn.store.update(&CLAIMS, key, |claim| {
        if claim["metadata"]["annotations"][SELECTED].is_null() {
            claim["metadata"]["annotations"][SELECTED] = json!(node);
        }
    });
    let made = turn.after(PROVISION);
    turn.look_at(made, &CLAIMS, key);
}

/// The zone of a claim that has a node.
pub fn zone(turn: &Turn<'_>, claim: &Value) -> Option<Text> {
    let node = claim["metadata"]["annotations"][SELECTED].as_str()?;
    let node = turn.store.get(&NODES, &Key::new("", node))?;
    node["metadata"]["labels"]["topology.kubernetes.io/zone"].as_str().map(Text::from)
}

/// Binds it, makes it larger, or lets it go, as it would be by now.
pub fn claim(turn: &mut Turn<'_>, key: &Key) {
    let Some(claim) = turn.get(&CLAIMS, key) else { return };
    if object::is_deleting(&claim) && !is_used(turn, key) {
        return turn.remove(&CLAIMS, key);
    }
    let asked = &claim["spec"]["resources"]["requests"]["storage"];
    let has = &claim["status"]["capacity"]["storage"];
    let selected = !claim["metadata"]["annotations"][SELECTED].is_null();
    match object::text(&claim, "/status/phase") {
        "Bound" if object::quantity(asked) > object::quantity(has) => grow(turn, key, &claim),
        "Bound" => {}
        _ if selected => bind(turn, key, &claim),
        _ => {
            let words = "waiting for first consumer to be created before binding";
            turn.note(&claim, BINDER, "WaitForFirstConsumer", words);
        }
    }
}

fn bind(turn: &mut Turn<'_>, key: &Key, claim: &Value) {
    let volume = format!("pvc-{}", object::uid(claim));
    let bound = turn.store.update(&CLAIMS, key, |claim| {
        claim["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = json!("yes");
        claim["spec"]["volumeName"] = json!(volume);
        claim["status"] = json!({
            "phase": "Bound",
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        });
    });
    if let Ok(claim) = bound {
        let words = format!("Successfully provisioned volume {volume}");
        turn.note(&claim, "disk.csi.demo", "ProvisioningSucceeded", &words);
    }
}

/// Source: the external resizer: `Resizing` until the volume is as large as was asked for.
fn grow(turn: &mut Turn<'_>, key: &Key, claim: &Value) {
    let resizing = object::condition(claim, "Resizing").and_then(|c| object::time(c, "/lastTransitionTime"));
    let now = turn.now;
    match resizing {
        Some(since) if turn.seconds_since(since) >= 3.0 * PROVISION => {
            let _gone = turn.store.update(&CLAIMS, key, |claim| {
                claim["status"]["capacity"]["storage"] =
                    claim["spec"]["resources"]["requests"]["storage"].clone();
                claim["status"]["conditions"] = json!([]);
            });
            turn.note(
                claim,
                "kubelet",
                "FileSystemResizeSuccessful",
                "MountVolume.NodeExpandVolume succeeded",
            );
        }
        Some(_) => {
            let later = turn.after(PROVISION);
            turn.look_at(later, &CLAIMS, key);
        }
        None => {
            let words = "waiting for an external controller to expand this PVC";
            turn.note(claim, "volume_expand", "ExternalExpanding", words);
            let _gone = turn.store.update(&CLAIMS, key, |claim| {
                object::set_condition(&mut claim["status"], "Resizing", "True", "", "", now);
            });
        }
    }
}

fn is_used(turn: &Turn<'_>, key: &Key) -> bool {
    let mut near = turn.store.list(&PODS, Some(&key.namespace));
    near.any(|(_, pod)| {
        let mut claims = object::list(pod, "/spec/volumes").iter().filter_map(claim_of);
        !object::has_ended(pod) && claims.any(|claim| *key.name == *claim)
    })
}
