//! Cordon and uncordon: whether a node takes new pods.

use super::{Act, Goal, Intent, Known, May, Note, Plan, Risk, Sight, Step, Verb, Write, words};
use crate::domain::{
    Text,
    derived::node,
    kubernetes::Node,
    object::{Kind, Object},
};
use std::time::Duration;

pub static CORDON: Verb = Verb {
    name: "cordon",
    keys: &["x"],
    about: "cordon: no new pods",
    acts: &[May::always(Act::Cordon)],
    takes: |known, object| takes(known, object, true),
    plan: |known, intent| plan(known, intent, true),
    ..Verb::PLAIN
};

pub static UNCORDON: Verb = Verb {
    name: "uncordon",
    keys: &["x"],
    about: "uncordon: take pods again",
    acts: &[May::always(Act::Cordon)],
    takes: |known, object| takes(known, object, false),
    plan: |known, intent| plan(known, intent, false),
    ..Verb::PLAIN
};

fn selected<'a>(known: &Known<'a>, object: Option<&Object>) -> Result<&'a Node, String> {
    match object {
        Some(Object::Kube { kind: Kind::Node, key, uid }) => node(known.world.snapshot, &key.name)
            .filter(|n| n.meta.uid == *uid)
            .ok_or_else(|| format!("node {} is not there any more", key.name)),
        Some(other) => Err(format!("a {} cannot be cordoned; select a node", other.noun())),
        None => Err("select a node first".into()),
    }
}

fn takes(known: &Known<'_>, object: Option<&Object>, on: bool) -> Result<(), String> {
    let node = selected(known, object)?;
    match (node.unschedulable, on) {
        (true, true) => Err(format!("node {} is cordoned already", node.meta.key.name)),
        (false, false) => Err(format!("node {} is not cordoned", node.meta.key.name)),
        _ => Ok(()),
    }
}

fn plan(known: &Known<'_>, intent: &Intent, on: bool) -> Result<Plan, String> {
    takes(known, intent.objects.first(), on)?;
    let node = selected(known, intent.objects.first())?;
    let (name, verb) = (node.meta.key.name.clone(), if on { "cordon" } else { "uncordon" });
    let title = format!("{verb} node {name}");
    let carries = known.world.derived.joined.pods_on.get(&name).copied().unwrap_or_default();
    let mut plan = Plan::new(intent, title.clone(), &*name);
    plan.changes =
        vec![if on { "no new pods are placed on it" } else { "new pods may be placed on it" }.into()];
    plan.notes = vec![Note::plain(format!("its {carries} pods stay where they are"))];
    plan.risk = Risk::None;
    let shell = words::sh(&name);
    plan.commands = vec![format!("kubectl {verb} {shell}")];
    plan.undo = Some(format!("kubectl {} {shell}", if on { "uncordon" } else { "cordon" }));
    plan.steps = vec![Step {
        title,
        write: Write::Cordon { node: name.clone(), uid: node.meta.uid.clone(), on },
        until: Goal::Cordoned { node: name, on },
        patience: Duration::from_secs(30),
    }];
    Ok(plan)
}

/// Whether the node is as it was asked to be.
pub fn look(known: &Known<'_>, name: &Text, on: bool) -> Sight {
    let snapshot = known.world.snapshot;
    if !snapshot.kubernetes.nodes.feed.state(known.world.now).is_live() {
        return Sight::Unknown("the nodes are not read now".into());
    }
    match node(snapshot, name) {
        None => Sight::Lost(format!("node {name} is gone")),
        Some(node) if node.unschedulable == on => Sight::Reached,
        Some(_) => Sight::Idle(format!("the API server to show it on node {name}")),
    }
}
