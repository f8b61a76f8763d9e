//! The node lifecycle: what is not heard of is lost, and its pods are given up.

use super::kubelet;
use crate::{
    demo::world::kubernetes::{NODES, PODS, Turn, object, rfc3339},
    domain::kubernetes::Key,
};
use serde_json::{Value, json};

const COMPONENT: &str = "node-controller";
/// Seconds of silence after which a node is lost.
///
/// Source: kube-controller-manager `--node-monitor-grace-period`.
pub const GRACE: f64 = 40.0;
/// Seconds between two reports of a node in which nothing has changed.
///
/// Source: kubelet `nodeStatusReportFrequency`.
const REPORT: f64 = 300.0;
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// Its place among the nodes, which its pods' addresses are made from.
pub fn number(turn: &Turn<'_>, node: &str) -> usize {
    let known = turn.get(&NODES, &Key::new("", node));
    known.and_then(|n| object::text(&n, "/spec/podCIDR").split('.').nth(2)?.parse().ok()).unwrap_or_default()
}

pub fn address(turn: &Turn<'_>, node: &str) -> String {
    let known = turn.store.get(&NODES, &Key::new("", node));
    let addresses = known.map_or(&[][..], |n| object::list(n, "/status/addresses"));
    let internal = addresses.iter().find(|a| a["type"] == "InternalIP");
    internal.map(|a| object::text(a, "/address").to_owned()).unwrap_or_default()
}

/// Whether its kubelet is heard, its state told and its pods given up, as it would be by now.
pub fn node(turn: &mut Turn<'_>, key: &Key) {
    let Some(node) = turn.get(&NODES, key) else { return };
    match turn.plane.silent.get(&*key.name).copied() {
        Some(since) => {
            let silent = turn.seconds_since(since) + 1e-3;
            if silent < GRACE {
                let at = since.plus(turn.span(GRACE));
                return turn.look_at(at.max(turn.now.plus(std::time::Duration::from_millis(1))), &NODES, key);
            }
            if !is_lost(&node) {
                lose(turn, key, &node);
            }
            give_up_pods(turn, key);
        }
        None if is_lost(&node) => find(turn, key, &node),
        None => report(turn, key, &node),
    }
}

impl Turn<'_> {
    /// A node's machine stops, or comes back.
    pub fn set_silent(&mut self, node: &str, silent: bool) {
        let key = Key::new("", node);
        if silent {
            let now = self.now;
            self.plane.silent.entry(node.into()).or_insert(now);
        } else if self.plane.silent.remove(node).is_some() {
            kubelet::reboot(self, node);
        }
        self.plane.look_now(&NODES, &key);
    }
}

fn is_lost(node: &Value) -> bool {
    object::condition(node, "Ready").is_some_and(|c| c["status"] == "Unknown")
}

fn lose(turn: &mut Turn<'_>, key: &Key, node: &Value) {
    let now = turn.now;
    let _gone = turn.store.update(&NODES, key, |node| {
        for kind in ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"] {
            let message = "Kubelet stopped posting node status.";
            object::set_condition(&mut node["status"], kind, "Unknown", "NodeStatusUnknown", message, now);
        }
        let mut taints = object::list(node, "/spec/taints").to_vec();
        taints.extend(
            ["NoSchedule", "NoExecute"]
                .map(|effect| json!({"key": UNREACHABLE, "effect": effect, "timeAdded": rfc3339(now)})),
        );
        node["spec"]["taints"] = json!(taints);
    });
    let words = format!("Node {} status is now: NodeNotReady", key.name);
    turn.note(node, COMPONENT, "NodeNotReady", &words);
    for pod in pods(turn, key) {
        turn.warn(&pod, COMPONENT, "NodeNotReady", "Node is not ready");
        let _gone = turn.store.update(&PODS, &object::key(&pod), |pod| {
            object::set_condition(&mut pod["status"], "Ready", "False", "", "", now);
        });
    }
}

/// Pods go from a lost node when they no longer tolerate its taint; no kubelet confirms it, so they stay
/// Terminating.
///
/// Source: the taint eviction controller.
fn give_up_pods(turn: &mut Turn<'_>, key: &Key) {
    let Some(node) = turn.get(&NODES, key) else { return };
    let taints = object::list(&node, "/spec/taints");
    let taint = taints.iter().find(|t| t["key"] == UNREACHABLE && t["effect"] == "NoExecute");
    let Some(since) = taint.and_then(|t| object::time(t, "/timeAdded")) else { return };
    for pod in pods(turn, key).into_iter().filter(|pod| !object::is_deleting(pod)) {
        let tolerations = object::list(&pod, "/spec/tolerations");
        let Some(toleration) = tolerations.iter().find(|t| t["key"] == UNREACHABLE) else { continue };
        let Some(seconds) = toleration["tolerationSeconds"].as_f64() else { continue };
        let at = since.plus(turn.span(seconds));
        if at > turn.now {
            turn.look_at(at, &NODES, key);
            continue;
        }
        let words = format!("Marking for deletion Pod {}", object::key(&pod));
        turn.note(&pod, "taint-eviction-controller", "TaintManagerEviction", &words);
        turn.end_pod(&pod);
    }
}

/// The node is heard again.
fn find(turn: &mut Turn<'_>, key: &Key, node: &Value) {
    let now = turn.now;
    let _gone = turn.store.update(&NODES, key, |node| {
        if let Some(taints) = node["spec"]["taints"].as_array_mut() {
            taints.retain(|taint| taint["key"] != UNREACHABLE);
        }
        set_healthy(&mut node["status"], now);
    });
    turn.note(node, "kubelet", "NodeReady", &format!("Node {} status is now: NodeReady", key.name));
}

/// Tells that all is well, now and then.
fn report(turn: &mut Turn<'_>, key: &Key, node: &Value) {
    let told = object::condition(node, "Ready").and_then(|c| object::time(c, "/lastHeartbeatTime"));
    if turn.plane.long_past && told.is_some() {
        return;
    }
    if let Some(told) = told.filter(|told| turn.seconds_since(*told) < REPORT - 1.0) {
        return turn.look_at(told.plus(turn.span(REPORT)), &NODES, key);
    }
    let now = turn.now;
    let _gone = turn.store.update(&NODES, key, |node| set_healthy(&mut node["status"], now));
    let next = turn.after(REPORT);
    turn.look_at(next, &NODES, key);
}

pub fn set_healthy(status: &mut Value, now: crate::domain::time::Time) {
    for (kind, holds, reason, message) in [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ] {
        object::set_condition(status, kind, holds, reason, message, now);
    }
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        condition["lastHeartbeatTime"] = json!(rfc3339(now));
    }
}

fn pods(turn: &Turn<'_>, node: &Key) -> Vec<std::sync::Arc<Value>> {
    let here = turn.plane.on_node.get(&node.name).into_iter().flat_map(|here| &here.pods);
    here.filter_map(|key| turn.get(&PODS, key)).filter(|pod| !object::has_ended(pod)).collect()
}
