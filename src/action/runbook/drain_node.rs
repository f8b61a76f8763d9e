//! Drain a node: no new pods, and those that are there evicted one by one, brokers when Kafka can do without.

use super::roll;
use crate::{
    action::{
        Absence, Act, Intent, Known, May, Note, Plan, Risk, Verb, owner,
        rights::GIVE_BACK,
        target::Target,
        task::{Drain, Old, drain},
        words,
    },
    domain::{
        derived::node,
        discovery::Keeper,
        human,
        kafka::BrokerId,
        kubernetes::{ConditionStatus, Node, Pod},
        object::{Kind, Object},
    },
};

pub static DRAIN: Verb = Verb {
    name: "drain-node",
    keys: &["ctrl-x"],
    about: "drain the node",
    acts: &[
        May::always(Act::Cordon),
        May::always(Act::Evict).when("where its pods are"),
        May::always(Act::Annotate(Kind::Pod)).when("where its brokers are Strimzi's"),
        GIVE_BACK,
    ],
    takes: |known, object| selected(known, object).map(drop),
    plan,
    ..Verb::PLAIN
};

fn selected<'a>(known: &Known<'a>, object: Option<&Object>) -> Result<&'a Node, String> {
    match object {
        Some(Object::Kube { kind: Kind::Node, key, uid }) => node(known.world.snapshot, &key.name)
            .filter(|node| node.meta.uid == *uid)
            .ok_or_else(|| format!("node {} is not there any more", key.name)),
        Some(other) => Err(format!("a {} cannot be drained; select a node", other.noun())),
        None => Err("select a node first".into()),
    }
}

/// The pods on a node by what becomes of them.
#[derive(Default)]
struct Pods<'a> {
    brokers: Vec<Target<'a>>,
    bare: Vec<&'a Pod>,
    others: Vec<&'a Pod>,
    stay: usize,
}

impl<'a> Pods<'a> {
    fn of(known: &Known<'a>, node: &Node) -> Result<Pods<'a>, String> {
        let mut pods = Pods::default();
        for pod in drain::on(known, &node.meta.key.name) {
            let target = Target::on(known, pod);
            match (target.keeper, target.broker) {
                _ if drain::stays(pod) => pods.stay += 1,
                (None, _) if pod.meta.owner.is_none() => pods.bare.push(pod),
                (None, _) => pods.others.push(pod),
                (Some(Keeper::Bare), _) => {
                    return Err(format!("broker pod {} has no controller: move it yourself", pod.meta.key));
                }
                (Some(_), None) => {
                    return Err(format!(
                        "pod {} is a broker, and which one cannot be told, nor when it may go; is it of the \
                         cluster that is looked at?",
                        pod.meta.key
                    ));
                }
                (Some(_), Some(_)) => pods.brokers.push(target),
            }
        }
        Ok(pods)
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let node = selected(known, intent.objects.first())?;
    let name = &node.meta.key.name;
    let pods = Pods::of(known, node)?;
    let mut plan = Plan::new(intent, format!("drain node {name}"), &**name);
    let brokers: Vec<BrokerId> = pods.brokers.iter().filter_map(|target| target.broker).collect();
    consequences(known, &mut plan, &pods, &brokers);
    doubts(known, &mut plan);
    plan.notes.extend(nowhere(known, node, &pods));
    plan.notes.extend(budgets(known, &pods));
    plan.changes = changes(node, &pods);
    let bare = pods.bare.iter().map(|pod| (pod.meta.key.clone(), pod.meta.uid.clone()));
    plan.tasks.push(
        Drain {
            node: name.clone(),
            uid: node.meta.uid.clone(),
            cordoned: node.unschedulable,
            brokers: pods.brokers.iter().filter_map(roll::old).collect::<Vec<Old>>(),
            bare: bare.collect(),
        }
        .into(),
    );
    if !brokers.is_empty() {
        roll::give_back(known, &mut plan, brokers);
    }
    let shell = words::sh(name);
    plan.commands = vec![format!("kubectl drain {shell} --ignore-daemonsets --delete-emptydir-data")];
    plan.undo = Some(format!("kubectl uncordon {shell}"));
    Ok(plan)
}

fn consequences(known: &Known<'_>, plan: &mut Plan, pods: &Pods<'_>, brokers: &[BrokerId]) {
    let mut all = Absence::in_turn(known, brokers);
    all.notes.extend(crate::action::target::killed(&pods.brokers));
    all.burden(plan);
    plan.risk = plan.risk.max(Risk::Low);
    roll::waits(plan);
    if !pods.bare.is_empty() {
        let names = human::list(pods.bare.iter().map(|pod| &pod.meta.key), 5);
        plan.refusals.push(format!(
            "{} would be gone for good, for nothing puts back what has no controller: {names}",
            human::plural(pods.bare.len(), "pod")
        ));
        plan.risk = plan.risk.max(Risk::Elevated);
    }
}

fn doubts(known: &Known<'_>, plan: &mut Plan) {
    let kubernetes = &known.world.snapshot.kubernetes;
    let feeds = [
        ("nodes", &kubernetes.nodes.feed),
        ("pods", &kubernetes.pods.feed),
        ("budgets", &kubernetes.budgets.feed),
    ];
    plan.unknown.extend(feeds.into_iter().filter_map(|(what, feed)| words::doubt(known, what, feed)));
    plan.notes.push(Note::plain("what its pods keep in an emptyDir volume is gone with them"));
}

/// Volumes are mostly of one zone: where no other node of it takes pods, brokers cannot start elsewhere.
fn nowhere(known: &Known<'_>, node: &Node, pods: &Pods<'_>) -> Option<Note> {
    let takes = |other: &&Node| {
        other.meta.uid != node.meta.uid
            && other.zone == node.zone
            && !other.unschedulable
            && other.ready() == Some(ConditionStatus::True)
    };
    let bound = pods.brokers.iter().any(|target| !target.pod.claims.is_empty());
    let none = known.world.snapshot.kubernetes.nodes.iter().find(takes).is_none();
    let zone = node.zone.as_deref().map_or("without a zone".to_string(), |zone| format!("of {zone}"));
    (bound && none).then(|| {
        Note::warning(format!(
            "no other node {zone} takes pods: a broker whose volume is of that zone only cannot start elsewhere"
        ))
    })
}

fn budgets(known: &Known<'_>, pods: &Pods<'_>) -> Vec<Note> {
    let all = pods.others.iter().chain(&pods.bare).copied().chain(pods.brokers.iter().map(|t| t.pod));
    let mut notes = Vec::new();
    for pod in all {
        for budget in owner::budgets(known, pod).into_iter().filter(|budget| budget.allowed <= 0) {
            let key = &budget.meta.key;
            let note = Note::warning(format!("budget {key} allows no disruption now: it would wait for it"));
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    notes
}

fn changes(node: &Node, pods: &Pods<'_>) -> Vec<String> {
    let mut changes = Vec::new();
    if !node.unschedulable {
        changes.push("no new pods are placed on it".to_string());
    }
    let mut gone = |pods: &[&Pod], what: &str| {
        if !pods.is_empty() {
            let names = human::list(pods.iter().map(|pod| &pod.meta.key), 6);
            changes.push(format!("{} evicted one by one{what}: {names}", human::plural(pods.len(), "pod")));
        }
    };
    gone(&pods.others, "");
    gone(&pods.bare, " and not replaced");
    let brokers = pods.brokers.iter().filter_map(|target| Some((target.key(), target.broker?)));
    changes
        .extend(brokers.map(|(key, id)| format!("pod {key} of broker {id} evicted when it can be spared")));
    if pods.stay > 0 {
        let n = human::plural(pods.stay, "pod");
        changes.push(format!("{n} of DaemonSets, static or ended, left alone"));
    }
    changes
}
