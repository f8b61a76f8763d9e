//! Scale a StatefulSet or Deployment, pinned to the resourceVersion that was looked at.

use super::{
    Absence, Act, Argument, Friction, Intent, Known, May, Note, Of, Plan, Radius, Risk, Step, Verb, owner,
    target::{Target, killed},
    words,
    workload::Workload,
};
use crate::domain::{
    human,
    kafka::{BrokerId, Kafka, TopicName},
    object::Kind,
};
use std::time::Duration;

/// A pod may have to wait for a node and a volume.
const PATIENCE: Duration = Duration::from_secs(600);
/// More replicas than this at once are rather a slip of the finger.
const MANY: i32 = 10;

pub static SCALE: Verb = Verb {
    name: "scale",
    keys: &["s"],
    about: "scale",
    argument: Some(Argument {
        name: "REPLICAS",
        proposal: |known, objects| {
            Workload::selected(known, objects.first()).map(|w| w.replicas().to_string()).unwrap_or_default()
        },
        choices: |_, _| Vec::new(),
        file: false,
    }),
    acts: &[
        May::of(Act::Scale(Kind::StatefulSet), Of::Kind(Kind::StatefulSet)),
        May::of(Act::Scale(Kind::Deployment), Of::Kind(Kind::Deployment)),
    ],
    takes: |known, object| Workload::selected(known, object).map(drop),
    plan,
    ..Verb::PLAIN
};

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let workload = Workload::selected(known, intent.objects.first())?;
    let (meta, from) = (workload.meta(), workload.replicas());
    let to = wanted(&intent.argument)?;
    if to == from {
        return Err(format!("{} has {from} replicas already; type another number", workload.name()));
    }
    let pods = workload.pods(known);
    let title = format!("scale {} from {from} to {to} replicas", workload.name());
    let mut plan = Plan::new(intent, title, &*meta.key.name);
    plan.changes.push(format!("{}: {from} -> {to} replicas", workload.name()));
    plan.unknown.extend(words::doubt(known, "workloads", Workload::feed(known, workload.kind())));
    plan.notes = owner::of_workload(known, workload.kind(), meta, "replicas");
    plan.refusals.extend(owner::operator_refuses(meta, Workload::keeper(&pods), "replicas"));
    if to > from {
        grow(&mut plan, &pods, to - from);
    } else {
        shrink(known, &mut plan, &workload, &pods, to)?;
    }
    plan.commands
        .push(format!("kubectl scale {} --current-replicas {from} --replicas {to}", workload.argument()));
    plan.undo = Some(format!("kubectl scale {} --replicas {from}", workload.argument()));
    plan.steps.push(Step {
        title: plan.title.clone(),
        write: workload.scale(to),
        until: workload.scaled(to),
        patience: PATIENCE,
    });
    Ok(plan)
}

fn wanted(argument: &str) -> Result<i32, String> {
    let number = argument.trim();
    number
        .parse()
        .ok()
        .filter(|n| *n >= 0)
        .ok_or_else(|| format!("{number:?} is not a number of replicas; type one, such as 3"))
}

fn grow(plan: &mut Plan, pods: &[Target<'_>], more: i32) {
    plan.risk = Risk::Low;
    if Workload::keeper(pods).is_some() {
        let line = "no partition moves by itself: reassign some to the new brokers when they have joined";
        plan.notes.push(Note::plain(line));
    }
    if more > MANY {
        plan.friction = Friction::Name;
    }
}

/// The pods that go, highest ordinals first; a Deployment chooses by itself.
fn shrink(
    known: &Known<'_>,
    plan: &mut Plan,
    workload: &Workload<'_>,
    pods: &[Target<'_>],
    to: i32,
) -> Result<(), String> {
    let leave = pods.len().saturating_sub(usize::try_from(to).unwrap_or(0));
    let all = workload.kind() == Kind::Deployment;
    let going = if all { pods } else { &pods[..leave] };
    plan.risk = Risk::Low;
    if !all {
        plan.changes.extend(going.iter().map(|t| format!("pod {} ends and is not replaced", t.key())));
    }
    if to == 0 {
        plan.risk = Risk::Outage;
        plan.friction = Friction::Name;
        plan.notes.push(Note::warning("no pod is left"));
    }
    strands(known, going, to)?;
    let mut absence = Absence::default();
    let ids: Vec<BrokerId> = going.iter().filter_map(|t| t.broker).collect();
    absence.join(Radius::without(known, &ids));
    for target in going.iter().filter(|t| t.keeper.is_some()) {
        if target.broker.is_none() {
            let line =
                format!("whether replicas are on pod {}: which broker it is cannot be told", target.key());
            absence.unknown.push(line);
        }
    }
    absence.notes.extend(killed(going));
    if !ids.is_empty() {
        let line = "their volumes stay and are used again when it is scaled out";
        absence.notes.push(Note::plain(line));
    }
    absence.burden(plan);
    Ok(())
}

/// A broker that goes for good must hold no replica.
fn strands(known: &Known<'_>, going: &[Target<'_>], to: i32) -> Result<(), String> {
    let kafka = &known.world.snapshot.kafka;
    let held = |id: &BrokerId| kafka.brokers.get(id).map_or(0, |b| b.named as usize);
    let holding: Vec<BrokerId> = going.iter().filter_map(|t| t.broker).filter(|id| held(id) > 0).collect();
    if holding.is_empty() {
        return Ok(());
    }
    let count = holding.iter().map(held).sum();
    let ids = human::list(&holding, 6).replace(", ", ",");
    let stranded = format!(
        "{} {} {}, which would be stranded",
        words::brokers(&holding),
        if holding.len() == 1 { "holds" } else { "hold" },
        human::plural(count, "replica")
    );
    let going: Vec<BrokerId> = going.iter().filter_map(|t| t.broker).collect();
    let staying = kafka.brokers.values().filter(|b| b.registered && !going.contains(&b.id)).count();
    let advice = match needs(kafka, &holding) {
        _ if staying == 0 => "no broker would be left to move them to: keep one at the least, or, to do \
                              without the cluster, delete its topics first"
            .to_string(),
        // More pods may be kept than brokers are: those that are no brokers count, too.
        Some((topic, rf)) if rf > staying => format!(
            "{topic} has {rf} replicas and {} would be left: keep {} pods, or lower its replication factor \
             first (:reassign @FILE)",
            human::plural(staying, "broker"),
            usize::try_from(to).unwrap_or(0) + rf - staying
        ),
        _ => format!("move them away first (:reassign off {ids})"),
    };
    Err(format!("{stranded}; {advice}"))
}

/// The topic with the most replicas a partition of those that are on these brokers, and how many these are.
fn needs<'a>(kafka: &'a Kafka, brokers: &[BrokerId]) -> Option<(&'a TopicName, usize)> {
    let partitions = kafka.topics.values().flat_map(|t| t.partitions.iter().map(move |p| (&t.name, p)));
    let on = partitions.filter(|(_, p)| p.replicas.iter().any(|id| brokers.contains(id)));
    on.map(|(name, p)| (name, p.replicas.len())).max_by_key(|(_, rf)| *rf)
}
