//! Reassign partitions: to chosen brokers, off some, as a file says, or as the planner decides; in batches, and
//! throttled where that is wanted.

pub mod balance;
pub mod disks;
pub mod json;
pub mod planner;
pub mod progress;
mod throttle;
pub mod wish;

use super::{Argument, Friction, Intent, Known, Note, Plan, Risk, Verb, rate, rights, task::Move, words};
use crate::domain::{
    human,
    kafka::{BrokerId, Throttle},
    object::Object,
};
use disks::Room;
pub use planner::Change;
use planner::{Planner, Site};
use std::collections::{BTreeMap, BTreeSet};
pub use throttle::outruns;
use wish::{Scope, Wish};

pub static REASSIGN: Verb = Verb {
    name: "reassign",
    keys: &["a"],
    about: "reassign",
    argument: Some(Argument {
        name: "to IDS | off IDS | @FILE [at RATE]",
        proposal: |_, _| String::new(),
        choices,
        file: true,
    }),
    acts: rights::MOVE,
    takes: |_, object| match object {
        // A file or `off 4` says by itself what it is about.
        None => Ok(()),
        Some(object) => Scope::of(std::slice::from_ref(object)).map(drop),
    },
    many: true,
    plan,
    ..Verb::PLAIN
};

fn choices(known: &Known<'_>, objects: &[Object]) -> Vec<String> {
    let brokers = known.world.snapshot.kafka.brokers.values();
    let all: Vec<String> = brokers.clone().filter(|b| b.registered).map(|b| b.id.to_string()).collect();
    let off = brokers.map(|b| format!("off {}", b.id));
    let selected = matches!(objects, [Object::Broker(_), ..]);
    let to = (!selected && !all.is_empty()).then(|| format!("to {}", all.join(",")));
    to.into_iter().chain(off).collect()
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let kafka = &known.world.snapshot.kafka;
    let (argument, rate) = rate::split(&intent.argument)?;
    let wish = Wish::parse(argument, kafka)?;
    let changes = match wish {
        Wish::Json(text) => json::read(text, kafka)?,
        _ => planned(known, &wish, Scope::of(&intent.objects)?)?,
    };
    if changes.is_empty() {
        return Err(match wish {
            Wish::Mend => "every replica is on a broker that is up and racks are spread as well as they can \
                           be; type `to 1,2,3` or `off 4` to move them all the same"
                .into(),
            _ => "every replica is where it is wanted already".into(),
        });
    }
    let title = title(&wish, &changes);
    let name = match intent.objects.as_slice() {
        [one] if !matches!(wish, Wish::Json(_)) => one.name(),
        _ => human::plural(changes.len(), "partition"),
    };
    let mut plan = Plan::new(intent, title, name);
    if matches!(wish, Wish::Json(_)) {
        fullness(known, &mut plan, &changes);
    }
    lay(known, &mut plan, changes, rate);
    Ok(plan)
}

/// Everything that is to be said of these changes, at so many bytes a second, and the task that makes them.
pub fn lay(known: &Known<'_>, plan: &mut Plan, changes: Vec<Change>, rate: Option<u64>) {
    weigh(known, plan, &changes, rate);
    conflicts(known, plan, &changes);
    strangers(known, plan, &changes);
    consequences(known, plan, &changes);
    shrinks(known, plan, &changes);
    plan.changes.extend(changes.iter().map(line));
    plan.tasks.push(Move::new(known, changes, rate).into());
}

/// What changes cost at so many bytes a second, what is not known of them, and how they are made by hand.
pub fn weigh(known: &Known<'_>, plan: &mut Plan, changes: &[Change], rate: Option<u64>) {
    plan.risk = plan.risk.max(Risk::Low);
    doubts(known, plan, changes);
    throttle::tell(known, plan, changes, rate);
    amounts(plan, changes);
    if !plan.unknown.is_empty() {
        plan.risk = plan.risk.max(Risk::Elevated);
    }
    plan.commands.extend(commands(known, changes, rate));
    plan.undo = Some(json::before(changes));
}

/// What takes every replica off a broker with the least movement.
pub fn off(known: &Known<'_>, broker: BrokerId) -> Result<Vec<Change>, String> {
    planned(known, &Wish::Off(vec![broker]), Scope::default())
}

/// What takes these partitions off a broker.
pub fn some_off(known: &Known<'_>, broker: BrokerId, partitions: &[Object]) -> Result<Vec<Change>, String> {
    planned(known, &Wish::Off(vec![broker]), Scope::of(partitions)?)
}

fn planned(known: &Known<'_>, wish: &Wish<'_>, mut scope: Scope) -> Result<Vec<Change>, String> {
    let kafka = &known.world.snapshot.kafka;
    if let Wish::Off(off) = wish
        && (scope.is_empty() || scope.only_brokers())
    {
        scope.brokers.clone_from(off);
    }
    if scope.is_empty() {
        return Err("select partitions, topics or a broker first, or type `off 4`".into());
    }
    let parts = scope.parts(kafka)?;
    let mut sites = Site::all(kafka, |id| Room::of(known, id));
    wish::restrict(&mut sites, wish, &scope);
    // What only leaves a broker is not moved for its racks' sake.
    let spread = match wish {
        Wish::Off(_) => false,
        _ => !scope.only_brokers(),
    };
    Planner::new(sites, spread).plan(&parts)
}

fn title(wish: &Wish<'_>, changes: &[Change]) -> String {
    let what = match changes {
        [one] => format!("{}-{}", one.topic, one.partition),
        [first, .., last] if first.topic == last.topic => {
            format!("{} of {}", human::plural(changes.len(), "partition"), first.topic)
        }
        _ => human::plural(changes.len(), "partition"),
    };
    match wish {
        Wish::Off(off) => format!("reassign {what} off {}", words::brokers(off)),
        Wish::To(to) => format!("reassign {what} to {}", words::brokers(to)),
        Wish::Mend | Wish::Json(_) => format!("reassign {what}"),
    }
}

/// `orders-3  [0,1,2] -> [0,1,3]  +3 -2`
fn line(change: &Change) -> String {
    let signed = |sign: char, ids: &mut dyn Iterator<Item = BrokerId>| -> String {
        ids.map(|id| format!(" {sign}{id}")).collect()
    };
    let added = signed('+', &mut change.added());
    let removed = signed('-', &mut change.removed());
    let (from, to) = (words::replicas(&change.from), words::replicas(&change.to));
    let factor = factor(change).map(|factor| format!("  RF {factor}")).unwrap_or_default();
    let line = format!("{}-{}  {from} -> {to} {added}{removed}", change.topic, change.partition);
    format!("{}{factor}", line.trim_end())
}

/// `3 -> 1`, where the number of replicas changes.
fn factor(change: &Change) -> Option<String> {
    let (from, to) = (change.from.len(), change.to.len());
    (from != to).then(|| format!("{from} -> {to}"))
}

/// What the plan was made from and may not be so.
fn doubts(known: &Known<'_>, plan: &mut Plan, changes: &[Change]) {
    let kafka = &known.world.snapshot.kafka;
    let feeds = [
        ("replicas and leaders", &kafka.topics_feed),
        ("registered brokers", &kafka.cluster_feed),
        ("reassignments under way", &kafka.reassignments.feed),
    ];
    plan.unknown.extend(feeds.into_iter().filter_map(|(what, feed)| words::doubt(known, what, feed)));
    let unsized_: Vec<_> = changes
        .iter()
        .filter(|c| c.bytes.is_none() && c.added().next().is_some())
        .map(|c| (c.topic.clone(), c.partition))
        .collect();
    if !unsized_.is_empty() {
        plan.unknown.push(format!("the size of {}", words::partitions(&unsized_, 3)));
    }
    let targets: BTreeSet<BrokerId> = changes.iter().flat_map(Change::added).collect();
    let blind: Vec<BrokerId> = targets.into_iter().filter(|id| Room::of(known, *id).is_none()).collect();
    if !blind.is_empty() {
        plan.unknown.push(format!("how full the disks of {} are", words::brokers(&blind)));
    }
}

/// Another reassignment of the same partition is refused, as `--execute` does; others are only said.
fn conflicts(known: &Known<'_>, plan: &mut Plan, changes: &[Change]) {
    let Some(active) = known.world.snapshot.kafka.reassignments.last().filter(|a| !a.is_empty()) else {
        return;
    };
    let same: Vec<_> = changes
        .iter()
        .filter(|c| active.get(&c.topic, c.partition).is_some())
        .map(|c| (c.topic.clone(), c.partition))
        .collect();
    if !same.is_empty() {
        plan.refusals.push(format!(
            "{} being reassigned already: {}; wait, or cancel that first",
            if same.len() == 1 { "1 partition is".into() } else { format!("{} partitions are", same.len()) },
            words::partitions(&same, 3)
        ));
    }
    let others = active.len().saturating_sub(same.len());
    if others > 0 {
        let n = human::plural(others, "other partition");
        plan.notes.push(Note::plain(format!("{n} being reassigned meanwhile: they share disks and network")));
    }
}

/// The lock of who leads lies beside this journal, and tells another machine's castellan nothing: what others do is
/// only seen by what they leave on the cluster.
fn strangers(known: &Known<'_>, plan: &mut Plan, changes: &[Change]) {
    let (kafka, operations) = (&known.world.snapshot.kafka, &known.world.snapshot.operations);
    if operations.iter().any(|operation| !operation.stage.is_over()) {
        return;
    }
    let moving = kafka.reassignments.last().is_some_and(|moves| !moves.is_empty());
    let part: BTreeSet<BrokerId> = changes.iter().flat_map(|c| c.from.iter().chain(&c.to)).copied().collect();
    let set = |id: &BrokerId| {
        let throttle = kafka.brokers.get(id).and_then(|broker| broker.throttle.last());
        throttle.is_some_and(|throttle| *throttle != Throttle::default())
    };
    let throttled: Vec<BrokerId> = part.into_iter().filter(set).collect();
    let what = match (moving, throttled.as_slice()) {
        (false, []) => return,
        (true, []) => "partitions are being reassigned".to_string(),
        (false, some) => format!("{} throttled", words::are(some)),
        (true, some) => format!("partitions are being reassigned and {} throttled", words::are(some)),
    };
    plan.notes.push(Note::warning(format!(
        "{what}, and nothing in this journal does that: whoever it is (another castellan, Cruise Control, Kafka's own \
         tool) may set the same throttles, or take these away"
    )));
}

/// Leaders that move, and what does not go as one may think.
fn consequences(known: &Known<'_>, plan: &mut Plan, changes: &[Change]) {
    let kafka = &known.world.snapshot.kafka;
    let (mut offline, mut fewer) = (Vec::new(), Vec::new());
    for change in changes {
        let name = || (change.topic.clone(), change.partition);
        let topic = kafka.topics.get(&change.topic);
        let leader = topic.and_then(|t| t.partition(change.partition)).and_then(|p| p.leader);
        match leader {
            None => offline.push(name()),
            Some(leader) if !change.to.contains(&leader) => plan.radius.leaderless.push(name()),
            Some(_) => {}
        }
        let racks = |ids: &[BrokerId]| -> usize {
            let racks = ids.iter().filter_map(|id| kafka.brokers.get(id)?.rack.as_ref());
            racks.collect::<BTreeSet<_>>().len()
        };
        if racks(&change.to) < racks(&change.from) {
            fewer.push(name());
        }
    }
    let mut note = |names: &[(_, i32)], words: &str| {
        if !names.is_empty() {
            let n = human::plural(names.len(), "partition");
            plan.notes.push(Note::warning(format!("{n} {words}: {}", words::partitions(names, 3))));
        }
    };
    note(&offline, "without a leader cannot move until there is one");
    note(&fewer, "in fewer racks afterwards");
}

/// Fewer replicas than before: the data is in fewer places, and the copies that go have to be made anew to come
/// back.
fn shrinks(known: &Known<'_>, plan: &mut Plan, changes: &[Change]) {
    let topics = &known.world.snapshot.kafka.topics;
    let shrinks: Vec<&Change> = changes.iter().filter(|c| c.to.len() < c.from.len()).collect();
    if shrinks.is_empty() {
        return;
    }
    plan.risk = plan.risk.max(Risk::Elevated);
    plan.friction = plan.friction.max(Friction::Name);
    let names =
        |changes: &[&Change]| -> Vec<_> { changes.iter().map(|c| (c.topic.clone(), c.partition)).collect() };
    let factors: BTreeSet<String> = shrinks.iter().filter_map(|c| factor(c)).collect();
    plan.notes.push(Note::warning(format!(
        "RF {}: {} with fewer replicas afterwards: {}",
        human::list(factors, 3),
        human::plural(shrinks.len(), "partition"),
        words::partitions(&names(&shrinks), 3)
    )));
    let min = |c: &Change| topics.get(&c.topic).and_then(|t| t.min_insync()).unwrap_or(1);
    let bare: Vec<&Change> = shrinks.into_iter().filter(|c| c.to.len() <= min(c)).collect();
    if !bare.is_empty() {
        plan.radius.unprotected = names(&bare);
        plan.notes.push(Note::warning(format!(
            "{} left with no replica to spare above min ISR: {}",
            human::plural(bare.len(), "partition"),
            words::partitions(&plan.radius.unprotected, 3)
        )));
    }
}

/// The planner keeps to the limit by itself; a file may not.
fn fullness(known: &Known<'_>, plan: &mut Plan, changes: &[Change]) {
    for (id, (incoming, _)) in traffic(changes) {
        let Some(room) = Room::of(known, id).filter(|room| incoming > room.left) else { continue };
        plan.refusals.push(format!(
            "the disks of broker {id} would be {}% full, over the limit of {}",
            room.percent(incoming),
            human::percent(known.policy.disk)
        ));
    }
}

/// Bytes that each broker gets and gives up.
fn traffic(changes: &[Change]) -> BTreeMap<BrokerId, (u64, u64)> {
    let mut traffic: BTreeMap<BrokerId, (u64, u64)> = BTreeMap::new();
    for change in changes {
        let bytes = change.bytes.unwrap_or(0);
        change.added().for_each(|id| traffic.entry(id).or_default().0 += bytes);
        change.removed().for_each(|id| traffic.entry(id).or_default().1 += bytes);
    }
    traffic
}

pub fn amounts(plan: &mut Plan, changes: &[Change]) {
    let traffic = traffic(changes);
    let all: u64 = traffic.values().map(|(incoming, _)| incoming).sum();
    let replicas: usize = changes.iter().map(|c| c.added().count()).sum();
    plan.amounts.push(match replicas {
        0 => "nothing is copied".into(),
        n => format!("{} to move in all, in {}", human::bytes(all), human::plural(n, "replica")),
    });
    for (id, (incoming, outgoing)) in traffic {
        let (incoming, outgoing) = (human::bytes(incoming), human::bytes(outgoing));
        plan.amounts.push(format!("broker {id}: +{incoming} -{outgoing}"));
    }
    let mut largest: Vec<&Change> = changes.iter().filter(|c| c.added().next().is_some()).collect();
    largest.sort_by_key(|c| std::cmp::Reverse(c.bytes));
    for change in largest.into_iter().take(3) {
        if let Some(bytes) = change.bytes {
            plan.amounts.push(format!("{}-{}: {}", change.topic, change.partition, human::bytes(bytes)));
        }
    }
}

/// With a throttle Kafka's tool takes it away again when it verifies that all is in place.
fn commands(known: &Known<'_>, changes: &[Change], rate: Option<u64>) -> Vec<String> {
    let run = |what: &str| {
        let server = words::bootstrap(known);
        format!("kafka-reassign-partitions.sh {server} --reassignment-json-file plan.json {what}")
    };
    let mut lines = vec!["cat > plan.json <<'EOF'".to_string()];
    lines.extend(json::after(changes).lines().map(String::from));
    let throttle = rate.map(|rate| format!(" --throttle {rate}")).unwrap_or_default();
    lines.extend(["EOF".to_string(), run(&format!("--execute{throttle}")), run("--verify")]);
    lines
}

#[cfg(test)]
mod balance_tests;
#[cfg(test)]
mod planner_tests;
#[cfg(test)]
mod tests;
