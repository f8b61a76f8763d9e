//! More brokers, and replicas onto them.

use super::rebalance::{Aim, WITHIN};
use crate::{
    action::{
        Act, Argument, Friction, Intent, Known, May, Note, Plan, Risk, Verb, owner, rate,
        reassign::{self, disks::Room, planner::Site},
        rights::THROTTLE,
        target::Target,
        task::{Resize, Spread, Until},
        words,
        workload::{Workload, ordinal},
    },
    domain::{
        Text, human,
        kafka::{BrokerId, Kafka},
        object::{Kind, Object},
    },
};
use std::collections::BTreeMap;

/// More brokers than this at once are rather a slip of the finger.
const MANY: i32 = 10;

pub static SCALE_OUT: Verb = Verb {
    name: "scale-out",
    about: "more brokers, rebalanced",
    argument: Some(Argument {
        name: "REPLICAS [at RATE]",
        proposal: |known, objects| {
            brokers(known, objects.first()).map(|set| (set.replicas() + 1).to_string()).unwrap_or_default()
        },
        choices: |_, _| Vec::new(),
        file: false,
    }),
    acts: &[
        May::always(Act::Scale(Kind::StatefulSet)),
        May::always(Act::Reassign),
        May::always(Act::Elect),
        THROTTLE[0],
        THROTTLE[1],
    ],
    takes: |known, object| brokers(known, object).map(drop),
    plan,
    ..Verb::PLAIN
};

/// The StatefulSet of brokers that is selected.
fn brokers<'a>(known: &Known<'a>, object: Option<&Object>) -> Result<Workload<'a>, String> {
    let set = Workload::selected(known, object)?;
    if set.kind() != Kind::StatefulSet {
        return Err(format!("{} is no StatefulSet; :scale does it", set.name()));
    }
    match set.pods(known).iter().any(|pod| pod.broker.is_some()) {
        true => Ok(set),
        false => Err(format!("no pod of {} is a broker that is known; :scale only scales it", set.name())),
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let set = brokers(known, intent.objects.first())?;
    let (meta, from) = (set.meta(), set.replicas());
    let (typed, rate) = rate::split(&intent.argument)?;
    let to: i32 = typed.parse().map_err(|_| {
        format!("{typed:?} is not a number of replicas; type how many there are to be, such as {}", from + 1)
    })?;
    if to <= from {
        return Err(format!(
            "{} has {from} replicas; type more, or drain a broker to have fewer (:drain-broker)",
            set.name()
        ));
    }
    let pods = set.pods(known);
    let more = usize::try_from(to - from).unwrap_or(0);
    let title = format!("scale {} out from {from} to {to} replicas, then rebalance", set.name());
    let mut plan = Plan::new(intent, title, &*meta.key.name);
    plan.risk = Risk::Low;
    plan.friction = if to - from > MANY { Friction::Name } else { Friction::Yes };
    plan.changes.push(format!("{}: {from} -> {to} replicas", set.name()));
    plan.changes.push(format!(
        "replicas move onto the new brokers until all have bytes, replicas and preferred leaders within {WITHIN}% \
         of the mean, or no move helps"
    ));
    plan.unknown.extend(words::doubt(known, "workloads", Workload::feed(known, set.kind())));
    plan.notes = owner::of_workload(known, set.kind(), meta, "replicas");
    plan.refusals.extend(owner::operator_refuses(meta, Workload::keeper(&pods), "replicas"));
    forecast(known, &mut plan, &pods, more)?;
    plan.commands.push(format!("kubectl scale {} --current-replicas {from} --replicas {to}", set.argument()));
    plan.commands
        .push("then, for the new brokers, kafka-reassign-partitions.sh with the plan of :rebalance".into());
    plan.undo = Some("drain the new brokers, highest first (:drain-broker), which scales it in again".into());
    let (set, uid) = (meta.key.clone(), meta.uid.clone());
    let had = known.world.snapshot.kafka.brokers.keys().copied().collect();
    let resize = Resize { set: set.clone(), uid: uid.clone(), from, to, leaves: None };
    let until = Until::Joined { set, uid, had, more };
    plan.tasks = vec![resize.into(), Spread { of: Vec::new(), within: WITHIN, rate, until }.into()];
    Ok(plan)
}

/// As if the new brokers were there already, and empty.
fn forecast(known: &Known<'_>, plan: &mut Plan, pods: &[Target<'_>], more: usize) -> Result<(), String> {
    let new = to_come(known, pods, more);
    let ids: Vec<BrokerId> = new.iter().map(|site| site.id).collect();
    let racks: Vec<&Text> = new.iter().filter_map(|site| site.rack.as_ref()).collect();
    let racks = match racks.as_slice() {
        [] => String::new(),
        racks => format!(", in {}", human::list(racks, 6)),
    };
    plan.notes.push(Note::plain(format!(
        "what is moved is told when the new brokers are there; the forecast takes them for {}, empty, with disks as \
         the others have{racks}",
        words::brokers(&ids)
    )));
    let reached = Aim { of: &[], within: WITHIN, more: new }.reach(known)?;
    reached.tell(plan);
    reassign::amounts(plan, &reached.balanced.changes);
    Ok(())
}

/// The new brokers as they may be: numbered on, each in the rack with the fewest, with the smallest disks there are.
fn to_come(known: &Known<'_>, pods: &[Target<'_>], more: usize) -> Vec<Site> {
    let kafka = &known.world.snapshot.kafka;
    let disks = kafka.brokers.keys().filter_map(|id| Room::of(known, *id));
    let total = disks.map(|room| room.total).min();
    let limit = known.policy.disk.clamp(0.0, 1.0);
    let room = total.map(|total| Room { left: (total as f64 * limit) as u64, used: 0, total });
    let mut racks = racks(kafka);
    // Ids are ordinals, counted from some number.
    let next = pods.iter().find_map(|pod| Some((pod.broker?.0, ordinal(&pod.key().name)?)));
    let highest = pods.iter().filter_map(|pod| ordinal(&pod.key().name)).max().unwrap_or(-1);
    let first = next.map_or(highest + 1, |(id, ordinal)| id - ordinal + highest + 1);
    let free = (first..).map(BrokerId).filter(|id| !kafka.brokers.contains_key(id));
    let site = |id| {
        let rack = racks.iter().min_by_key(|(_, n)| **n).map(|(rack, _)| rack.clone());
        if let Some(rack) = &rack {
            *racks.entry(rack.clone()).or_default() += 1;
        }
        Site { id, rack, up: true, takes: true, keeps: true, room, replicas: 0, preferred: 0 }
    };
    free.take(more).map(site).collect()
}

/// How many brokers each rack has.
fn racks(kafka: &Kafka) -> BTreeMap<Text, usize> {
    let mut racks: BTreeMap<Text, usize> = BTreeMap::new();
    for rack in kafka.brokers.values().filter(|b| b.registered).filter_map(|b| b.rack.clone()) {
        *racks.entry(rack).or_default() += 1;
    }
    racks
}
