//! Restart brokers one at a time, each when Kafka can do without it.

use crate::{
    action::{
        Act, Intent, Known, May, Note, Of, Plan, Radius, Risk, Verb,
        delete::ROLL as ROLLS,
        evict, owner,
        rights::{self, Deed, GIVE_BACK},
        target::{self, Target},
        task::{Elect, Old, Roll},
        words,
        workload::Workload,
    },
    domain::{
        discovery::Keeper,
        human,
        kafka::BrokerId,
        object::{Kind, Object},
    },
};

pub static ROLL: Verb = Verb {
    name: "roll",
    keys: &["v"],
    about: "restart one by one",
    acts: &[
        May::of(Act::Evict, Of::NotKeptBy(Keeper::Strimzi)),
        May::of(Act::Annotate(Kind::Pod), Of::KeptBy(Keeper::Strimzi)),
        GIVE_BACK,
    ],
    takes: |known, object| chosen(known, object).map(drop),
    many: true,
    plan,
    ..Verb::PLAIN
};

/// The pods that one object stands for.
fn chosen<'a>(known: &Known<'a>, object: Option<&Object>) -> Result<Vec<Target<'a>>, String> {
    let targets = match object {
        Some(Object::Kube { kind: Kind::StatefulSet, .. }) => Workload::selected(known, object)?.pods(known),
        Some(Object::Broker(_) | Object::Kube { kind: Kind::Pod, .. }) => vec![Target::of(known, object)?],
        Some(Object::Cluster(name)) => {
            let joined = &known.world.derived.joined;
            if joined.cluster().is_none_or(|cluster| cluster.name != *name) {
                return Err(format!("{name} is not the cluster that is looked at: choose it first (enter)"));
            }
            all(known)
        }
        Some(other) => {
            return Err(format!(
                "a {} is not restarted; select brokers, a StatefulSet of them or a cluster",
                other.noun()
            ));
        }
        None => all(known),
    };
    targets.iter().try_for_each(|target| fits(target))?;
    if targets.is_empty() { Err("there is no broker's pod".into()) } else { Ok(targets) }
}

fn all<'a>(known: &Known<'a>) -> Vec<Target<'a>> {
    let pods = &known.world.snapshot.kubernetes.pods;
    let rows = known.world.derived.joined.brokers.iter();
    let found = rows.filter_map(|row| pods.get(&row.pod.as_ref()?.0));
    found.map(|pod| Target::on(known, pod)).collect()
}

/// Whether it is a broker that another pod takes the place of.
pub fn fits(target: &Target<'_>) -> Result<(), String> {
    let key = target.key();
    target.refuses()?;
    match (target.keeper, target.broker) {
        (None, _) => Err(format!("pod {key} is no broker; restart what makes it")),
        (Some(Keeper::Bare), _) => Err(format!("nothing would put pod {key} back: it has no controller")),
        (Some(_), None) => Err(format!(
            "which broker pod {key} is cannot be told, nor when it may go; is it of the cluster that is looked at?"
        )),
        (Some(_), Some(_)) => Ok(()),
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let mut targets: Vec<Target<'_>> = Vec::new();
    let objects = intent.objects.iter().map(Some);
    let objects = if intent.objects.is_empty() { vec![None] } else { objects.collect() };
    for object in objects {
        for target in chosen(known, object)? {
            if targets.iter().all(|t| t.key() != target.key()) {
                targets.push(target);
            }
        }
    }
    targets.sort_by_key(|target| target.broker);
    let brokers: Vec<BrokerId> = targets.iter().filter_map(|target| target.broker).collect();
    let mut plan = target::ending(known, intent, "roll", &targets);
    (plan.title, plan.name) = named(intent, &brokers);
    waits(&mut plan);
    plan.notes.retain(|note| !note.text.starts_with("one after another"));
    plan.notes.extend(budgets(known, &targets));
    let roll = Roll { pods: targets.iter().filter_map(old).collect() };
    plan.changes = roll.pods.iter().map(|old| line(known, old)).collect();
    plan.commands = targets.iter().flat_map(by_hand).collect();
    plan.tasks.push(roll.into());
    give_back(known, &mut plan, brokers);
    Ok(plan)
}

/// Leaders are given back in the end, by who may do it.
pub fn give_back(known: &Known<'_>, plan: &mut Plan, brokers: Vec<BrokerId>) {
    let rights = rights::rights(known, &[Deed::new(Act::Elect)]);
    match rights::missing(known, &rights) {
        Some(right) => plan.notes.push(Note::plain(format!(
            "leaders are not given back: that needs {right}, which this context may not do"
        ))),
        None => plan.tasks.push(Elect { brokers }.into()),
    }
}

/// The title, and what is typed where a name is asked for.
fn named(intent: &Intent, brokers: &[BrokerId]) -> (String, String) {
    let count = human::plural(brokers.len(), "broker");
    match intent.objects.as_slice() {
        [Object::Kube { kind: Kind::StatefulSet, key, .. }] => {
            (format!("roll {count} of StatefulSet {key}"), key.name.to_string())
        }
        [Object::Cluster(name)] => (format!("roll all {count} of {name}"), name.to_string()),
        [] => (format!("roll all {count}"), count),
        [_] => (format!("roll {}", words::brokers(brokers)), words::brokers(brokers)),
        _ => (format!("roll {}", words::brokers(brokers)), count),
    }
}

/// What would be unsafe now is not done now: it is waited for. What is left is what no wait can spare.
pub fn waits(plan: &mut Plan) {
    let wait = |reason: String| Note::warning(format!("as it is now it would wait: {reason}"));
    plan.notes.extend(plan.refusals.drain(..).map(wait));
    let Radius { under_min_isr, offline, unprotected, .. } = &mut plan.radius;
    under_min_isr.retain(|name| unprotected.contains(name));
    offline.retain(|name| unprotected.contains(name));
    if under_min_isr.is_empty() && offline.is_empty() {
        plan.risk = plan.risk.min(Risk::Elevated);
    }
}

pub fn old(target: &Target<'_>) -> Option<Old> {
    Some(Old {
        pod: target.key().clone(),
        uid: target.pod.meta.uid.clone(),
        broker: target.broker?,
        strimzi: target.keeper == Some(Keeper::Strimzi),
    })
}

fn line(known: &Known<'_>, old: &Old) -> String {
    let kafka = &known.world.snapshot.kafka;
    let last = if kafka.controller == Some(old.broker) { ", the active controller, last" } else { "" };
    let who = if old.strimzi { "Strimzi rolls" } else { "evicted and replaced:" };
    format!("{who} pod {} of broker {}{last}", old.pod, old.broker)
}

pub fn budgets(known: &Known<'_>, targets: &[Target<'_>]) -> Vec<Note> {
    let mut notes = Vec::new();
    for target in targets.iter().filter(|target| target.keeper != Some(Keeper::Strimzi)) {
        for note in owner::budgets(known, target.pod).into_iter().map(owner::budget_note) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    notes
}

pub fn by_hand(target: &Target<'_>) -> Vec<String> {
    let key = target.key();
    if target.keeper != Some(Keeper::Strimzi) {
        return evict::eviction(target).into();
    }
    let (namespace, name) = (words::sh(&key.namespace), words::sh(&key.name));
    vec![format!("kubectl -n {namespace} annotate pod {name} {ROLLS}=true")]
}
