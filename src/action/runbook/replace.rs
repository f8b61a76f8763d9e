//! Replace a broker: its pod and, where that is asked for, its disk; what only it has is moved off before, and
//! back afterwards.

use super::roll;
use crate::{
    action::{
        Act, Argument, Friction, Intent, Known, May, Note, Of, Plan, Risk, Verb, rate,
        reassign::{self, Change, disks::Room},
        rights::{GIVE_BACK, THROTTLE},
        target::{self, Target},
        task::{Move, Renew, renew},
        words,
    },
    domain::{
        Text,
        discovery::Keeper,
        human,
        kafka::BrokerId,
        kubernetes::Key,
        object::{Kind, Object},
    },
};

pub static REPLACE: Verb = Verb {
    name: "replace",
    about: "replace the broker's pod, or its disk",
    argument: Some(Argument {
        name: "[disk] [off] [at RATE]",
        proposal: |_, _| String::new(),
        choices: |_, _| ["disk", "disk off", "off", "disk off at 50MiB"].map(String::from).into(),
        file: false,
    }),
    acts: &[
        May::of(Act::Evict, Of::NotKeptBy(Keeper::Strimzi)),
        May::of(Act::DeleteClaim, Of::NotKeptBy(Keeper::Strimzi)).when("with `disk`"),
        May::of(Act::DeletePod, Of::NotKeptBy(Keeper::Strimzi)).when("with `disk`"),
        May::of(Act::Annotate(Kind::Pod), Of::KeptBy(Keeper::Strimzi)),
        May::always(Act::Reassign).when("where something is moved off before"),
        THROTTLE[0],
        THROTTLE[1],
        GIVE_BACK,
    ],
    takes: |known, object| selected(known, object).map(drop),
    plan,
    ..Verb::PLAIN
};

/// A volume is safely below the limit with so much less on it, in hundredths of the limit.
const SAFELY: u64 = 90;

fn selected<'a>(known: &Known<'a>, object: Option<&Object>) -> Result<Target<'a>, String> {
    match object {
        Some(Object::Broker(_) | Object::Kube { kind: Kind::Pod, .. }) => {
            let target = Target::of(known, object)?;
            roll::fits(&target).map(|()| target)
        }
        Some(other) => Err(format!("a {} cannot be replaced; select a broker", other.noun())),
        None => Err("select a broker first".into()),
    }
}

/// What was typed.
#[derive(Default)]
struct Wish {
    disk: bool,
    off: bool,
    rate: Option<u64>,
}

impl Wish {
    fn parse(argument: &str) -> Result<Wish, String> {
        let (words, rate) = rate::split(argument)?;
        let mut wish = Wish { rate, ..Wish::default() };
        for word in words.split_whitespace() {
            match word {
                "disk" => wish.disk = true,
                "off" => wish.off = true,
                other => {
                    let other: String = other.chars().take(40).collect();
                    return Err(format!(
                        "{other:?} is not understood; type `disk` for a new volume, `off` to move everything \
                         off before, `at 50MiB`, or nothing for a new pod"
                    ));
                }
            }
        }
        Ok(wish)
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let target = selected(known, intent.objects.first())?;
    let wish = Wish::parse(&intent.argument)?;
    let old = roll::old(&target).ok_or("which broker it is cannot be told")?;
    let id = old.broker;
    let claims = if wish.disk { claims(known, &target)? } else { Vec::new() };
    let leaving = leaving(known, id, &wish)?;
    let mut plan = target::ending(known, intent, "replace", &[target]);
    let with = if wish.disk { " with an empty disk" } else { "" };
    (plan.title, plan.name) = (format!("replace broker {id}{with}"), id.to_string());
    roll::waits(&mut plan);
    plan.notes.extend(roll::budgets(known, &[target]));
    if !leaving.is_empty() {
        reassign::lay(known, &mut plan, leaving.clone(), wish.rate);
        plan.notes.push(Note::plain("the same partitions are moved back when it has caught up"));
    }
    volumes(known, &mut plan, &claims);
    plan.changes.push(format!("pod {} is evicted and replaced", target.key()));
    plan.commands.extend(roll::by_hand(&target));
    plan.tasks.push(Renew { old, claims }.into());
    if !leaving.is_empty() {
        let back = leaving.into_iter().map(|leg| Change { from: leg.to, to: leg.from, ..leg }).collect();
        plan.tasks.push(Move::new(known, back, wish.rate).into());
    }
    roll::give_back(known, &mut plan, vec![id]);
    Ok(plan)
}

/// What its pod mounts, with the UIDs.
fn claims(known: &Known<'_>, target: &Target<'_>) -> Result<Vec<(Key, Text)>, String> {
    let kubernetes = &known.world.snapshot.kubernetes;
    if let Some(words) = words::doubt(known, "claims", &kubernetes.claims.feed) {
        return Err(words);
    }
    let found = kubernetes.claims_of(target.pod).map(|(_, key, claim)| match claim {
        Some(claim) if claim.meta.deleting.is_some() => Err(format!("claim {key} is being deleted already")),
        Some(claim) => Ok((key, claim.meta.uid.clone())),
        None => Err(format!("claim {key} of pod {} is not there", target.key())),
    });
    let claims = found.collect::<Result<Vec<_>, _>>()?;
    match claims.is_empty() {
        true => Err(format!("pod {} has no claim: it has no disk to be replaced", target.key())),
        false => Ok(claims),
    }
}

/// What is moved off it before: all, or as much as a full disk needs; with its disk goes what only it has.
fn leaving(known: &Known<'_>, id: BrokerId, wish: &Wish) -> Result<Vec<Change>, String> {
    let kafka = &known.world.snapshot.kafka;
    let only = if wish.disk { renew::only_here(known, id) } else { Vec::new() };
    let is_offline = |(topic, partition): &&(Text, i32)| {
        kafka.topics.get(topic).and_then(|t| t.partition(*partition)).is_none_or(|p| p.leader.is_none())
    };
    let lost: Vec<_> = only.iter().filter(is_offline).cloned().collect();
    if !lost.is_empty() {
        return Err(format!(
            "{} would be lost with the disk of broker {id}: nobody else has it whole, and without a leader it cannot be \
             copied; bring the broker up first",
            words::partitions(&lost, 3)
        ));
    }
    if wish.off {
        return reassign::off(known, id);
    }
    let mut parts: Vec<Object> = only.into_iter().map(|(topic, p)| Object::Partition(topic, p)).collect();
    if !wish.disk {
        parts = excess(known, id);
    }
    if parts.is_empty() { Ok(Vec::new()) } else { reassign::some_off(known, id, &parts) }
}

/// The fewest partitions that bring its volume safely below the limit.
fn excess(known: &Known<'_>, id: BrokerId) -> Vec<Object> {
    let kafka = &known.world.snapshot.kafka;
    let Some(room) = Room::of(known, id).filter(|room| room.left == 0) else { return Vec::new() };
    let limit = (room.total as f64 * known.policy.disk) as u64 / 100 * SAFELY;
    let logs = kafka.brokers.get(&id).and_then(|broker| broker.log_dirs.last());
    let mut held: Vec<(u64, &Text, i32)> = Vec::new();
    for (topic, replicas) in logs.iter().flat_map(|logs| &logs.replicas) {
        held.extend(replicas.iter().filter(|log| !log.future).map(|log| (log.bytes, topic, log.partition)));
    }
    held.sort_unstable_by(|a, b| b.cmp(a));
    let (mut used, mut parts) = (room.used, Vec::new());
    for (bytes, topic, partition) in held {
        if used <= limit {
            break;
        }
        used = used.saturating_sub(bytes);
        parts.push(Object::Partition(topic.clone(), partition));
    }
    parts
}

fn volumes(known: &Known<'_>, plan: &mut Plan, claims: &[(Key, Text)]) {
    let kubernetes = &known.world.snapshot.kubernetes;
    for (key, _) in claims {
        let size = kubernetes.claims.get(key).map(|claim| human::bytes(claim.capacity)).unwrap_or_default();
        plan.changes
            .push(format!("claim {key} ({size}) is deleted with all that is on it, and made anew, empty"));
        plan.commands.push(format!(
            "kubectl -n {} delete pvc {} --wait=false",
            words::sh(&key.namespace),
            words::sh(&key.name)
        ));
    }
    if !claims.is_empty() {
        plan.friction = Friction::Name;
        plan.risk = plan.risk.max(Risk::Elevated);
        plan.notes.push(Note::warning(
            "once a claim is being deleted there is no way back: an abort then brings the broker up with the new \
             disk and leaves what was moved where it is",
        ));
    }
}
