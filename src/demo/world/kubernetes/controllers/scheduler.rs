//! The scheduler: which node a pod goes to, or why to none.

use super::claim;
use crate::{
    demo::world::kubernetes::{
        CLAIMS, NODES, PODS, Turn, object,
        plane::{Aboard, claim_of},
    },
    domain::kubernetes::Key,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

const COMPONENT: &str = "default-scheduler";
const ZONE: &str = "topology.kubernetes.io/zone";
/// Seconds until a pod that found no node is tried again without a reason.
///
/// Source: kube-scheduler `podMaxInUnschedulablePodsDuration`.
const RETRY: f64 = 300.0;
/// With more nodes than these the scheduler is content with some that fit.
///
/// Source: kube-scheduler `percentageOfNodesToScore`, though its least is 100.
const ENOUGH: usize = 48;

pub fn schedule(turn: &mut Turn<'_>, pod: &Value) {
    let key = object::key(pod);
    let nodes: Vec<Arc<Value>> = turn.store.list(&NODES, None).map(|(_, node)| node.clone()).collect();
    let spread = spreads(turn, pod, &nodes);
    let mut refusals: BTreeMap<String, usize> = BTreeMap::new();
    let mut fitting: Vec<(&Arc<Value>, f64)> = Vec::new();
    // Of few nodes all are looked at, always in the same order.
    let many = nodes.len() > ENOUGH;
    let first = if many { turn.plane.next_node % nodes.len() } else { 0 };
    let mut looked = 0;
    for node in nodes[first..].iter().chain(&nodes[..first]) {
        looked += 1;
        let refused = refuses(turn, pod, node, &spread);
        if refused.is_empty() {
            fitting.push((node, score(turn, pod, node)));
            if many && fitting.len() >= ENOUGH / 4 {
                break;
            }
        }
        for reason in refused {
            *refusals.entry(reason).or_default() += 1;
        }
    }
    turn.plane.next_node = first + looked;
    // Of equals the first.
    match fitting.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best }) {
        Some((node, _)) => bind(turn, &key, pod, &node.clone()),
        None => wait(turn, &key, pod, nodes.len(), &refusals),
    }
}

fn bind(turn: &mut Turn<'_>, key: &Key, pod: &Value, node: &Value) {
    let name = object::text(node, "/metadata/name");
    for claim in object::list(pod, "/spec/volumes").iter().filter_map(claim_of) {
        claim::select(turn, &Key::new(&key.namespace, claim), name);
    }
    let now = turn.now;
    let bound = turn.store.update(&PODS, key, |pod| {
        pod["spec"]["nodeName"] = json!(name);
        object::set_condition(&mut pod["status"], "PodScheduled", "True", "", "", now);
    });
    if let Ok(pod) = bound {
        // The next pod of this step has to know of it.
        turn.plane.unscheduled.remove(key);
        turn.plane.on_node.entry(name.into()).or_default().board(key, &pod);
        turn.note(&pod, COMPONENT, "Scheduled", &format!("Successfully assigned {key} to {name}"));
    }
}

fn wait(turn: &mut Turn<'_>, key: &Key, pod: &Value, nodes: usize, refusals: &BTreeMap<String, usize>) {
    let message = refusal(nodes, refusals);
    let told = object::condition(pod, "PodScheduled").is_some_and(|c| c["message"] == *message);
    let again = turn.after(RETRY);
    if !told {
        let now = turn.now;
        let _gone = turn.store.update(&PODS, key, |pod| {
            object::set_condition(
                &mut pod["status"],
                "PodScheduled",
                "False",
                "Unschedulable",
                &message,
                now,
            );
        });
        turn.plane.unscheduled.insert(key.clone());
    }
    let last = turn.plane.last_try.insert(key.clone(), turn.now);
    let due = last.is_none_or(|last| turn.seconds_since(last) >= RETRY - 1.0);
    if !told || due {
        turn.warn(pod, COMPONENT, "FailedScheduling", &message);
        turn.look_at(again, &PODS, key);
    } else if let Some(last) = last {
        turn.plane.last_try.insert(key.clone(), last);
    }
}

/// Source: kube-scheduler `FitError.Error` and the preemption's own.
fn refusal(nodes: usize, refusals: &BTreeMap<String, usize>) -> String {
    let reasons: Vec<String> = refusals.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    let short = refusals.iter().filter(|(reason, _)| reason.starts_with("Insufficient"));
    let victims = short.map(|(_, n)| *n).max().unwrap_or_default();
    let mut preemption = Vec::new();
    if victims > 0 {
        preemption.push(format!("{victims} No preemption victims found for incoming pod"));
    }
    if nodes > victims {
        preemption.push(format!("{} Preemption is not helpful for scheduling", nodes - victims));
    }
    format!(
        "0/{nodes} nodes are available: {}. no new claims to deallocate, preemption: 0/{nodes} nodes are \
         available: {}.",
        reasons.join(", "),
        preemption.join(", ")
    )
}

/// Why a node does not take a pod; empty: it does.
fn refuses(turn: &Turn<'_>, pod: &Value, node: &Value, spreads: &[Spread]) -> Vec<String> {
    if node["spec"]["unschedulable"] == true {
        return vec!["node(s) were unschedulable".into()];
    }
    if let Some(taint) = object::list(node, "/spec/taints").iter().find(|t| !tolerates(pod, t)) {
        let (key, value) = (object::text(taint, "/key"), object::text(taint, "/value"));
        return vec![format!("node(s) had untolerated taint {{{key}: {value}}}")];
    }
    let labels = &node["metadata"]["labels"];
    let wanted = pod["spec"]["nodeSelector"].as_object().into_iter().flatten();
    if !wanted.into_iter().all(|(name, value)| labels.get(name) == Some(value)) {
        return vec!["node(s) didn't match Pod's node affinity/selector".into()];
    }
    let room = room(turn, node);
    let asks = requests(pod);
    let mut short = Vec::new();
    for (what, asked, left) in [("cpu", asks.0, room.0), ("memory", asks.1, room.1)] {
        if asked > left {
            short.push(format!("Insufficient {what}"));
        }
    }
    if room.2 == 0 {
        short.push("Too many pods".into());
    }
    if !short.is_empty() {
        return short;
    }
    if !volumes_reach(turn, pod, node) {
        return vec!["node(s) didn't match PersistentVolume's node affinity".into()];
    }
    if spreads.iter().any(|spread| !spread.allows(labels)) {
        return vec!["node(s) didn't match pod topology spread constraints".into()];
    }
    Vec::new()
}

fn tolerates(pod: &Value, taint: &Value) -> bool {
    if taint["effect"] == "PreferNoSchedule" {
        return true;
    }
    object::list(pod, "/spec/tolerations").iter().any(|t| {
        let key = t["key"].is_null() || t["key"] == taint["key"];
        let value = t["operator"] == "Exists" || t["value"] == taint["value"];
        // What is tolerated for a while is no reason to come.
        let effect = t["effect"].is_null() || t["effect"] == taint["effect"];
        key && value && effect && t["tolerationSeconds"].is_null()
    })
}

/// A bound volume is in one zone.
fn volumes_reach(turn: &Turn<'_>, pod: &Value, node: &Value) -> bool {
    let namespace = object::text(pod, "/metadata/namespace");
    let mut claims = object::list(pod, "/spec/volumes").iter().filter_map(claim_of);
    claims.all(|claim| {
        let claim = turn.store.get(&CLAIMS, &Key::new(namespace, claim));
        let zone = claim.and_then(|claim| claim::zone(turn, claim));
        zone.is_none_or(|zone| node["metadata"]["labels"][ZONE] == *zone)
    })
}

/// Thousandths of cores and of bytes that its containers ask for.
pub fn requests(pod: &Value) -> (u64, u64) {
    let containers = object::list(pod, "/spec/containers").iter();
    let each = containers.map(|c| {
        let asks = &c["resources"]["requests"];
        (object::quantity(&asks["cpu"]), object::quantity(&asks["memory"]))
    });
    each.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// What a node has left: cores and bytes in thousandths, and pods.
fn room(turn: &Turn<'_>, node: &Value) -> (u64, u64, usize) {
    let has = &node["status"]["allocatable"];
    let none = Aboard::default();
    let used = turn.plane.on_node.get(object::text(node, "/metadata/name")).unwrap_or(&none);
    let pods = object::quantity(&has["pods"]) as usize / 1000;
    (
        object::quantity(&has["cpu"]).saturating_sub(used.cpu),
        object::quantity(&has["memory"]).saturating_sub(used.memory),
        pods.saturating_sub(used.pods.len()),
    )
}

/// Prefers nodes with room, and those without pods of the same controller.
fn score(turn: &Turn<'_>, pod: &Value, node: &Value) -> f64 {
    let has = &node["status"]["allocatable"];
    let left = room(turn, node);
    let share = |left: u64, of: &Value| left as f64 / object::quantity(of).max(1) as f64;
    let room = (share(left.0, &has["cpu"]) + share(left.1, &has["memory"])) / 2.0;
    let here = turn.plane.on_node.get(object::text(node, "/metadata/name"));
    room - here.map_or(0, |here| here.siblings(pod)) as f64
}

/// How many pods of a spread constraint each domain has.
struct Spread {
    topology: String,
    skew: usize,
    counts: BTreeMap<String, usize>,
}

impl Spread {
    /// Source: kube-scheduler's PodTopologySpread: with it, its domain may be above the least by the skew.
    fn allows(&self, labels: &Value) -> bool {
        let Some(domain) = labels[&self.topology].as_str() else { return false };
        let least = self.counts.values().min().copied().unwrap_or_default();
        self.counts.get(domain).copied().unwrap_or_default() < least + self.skew
    }
}

fn spreads(turn: &Turn<'_>, pod: &Value, nodes: &[Arc<Value>]) -> Vec<Spread> {
    let constraints = object::list(pod, "/spec/topologySpreadConstraints").iter();
    let hard = constraints.filter(|c| c["whenUnsatisfiable"] == "DoNotSchedule");
    hard.map(|constraint| {
        let topology = object::text(constraint, "/topologyKey").to_owned();
        let domain = |node: &Value| node["metadata"]["labels"][&topology].as_str().map(str::to_owned);
        let mut counts = BTreeMap::new();
        let namespace = object::text(pod, "/metadata/namespace");
        for node in nodes {
            let Some(domain) = domain(node) else { continue };
            let here = turn.plane.on_node.get(object::text(node, "/metadata/name"));
            let here = here.into_iter().flat_map(|here| &here.pods);
            let counted =
                here.filter(|key| *key.namespace == *namespace).filter_map(|key| turn.store.get(&PODS, key));
            let counted = counted.filter(|other| {
                !object::is_deleting(other)
                    && object::selects(&constraint["labelSelector"], &other["metadata"]["labels"])
            });
            *counts.entry(domain).or_default() += counted.count();
        }
        let skew = object::count(constraint, "/maxSkew").max(1);
        Spread { topology, skew, counts }
    })
    .collect()
}
