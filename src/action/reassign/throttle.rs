//! Replication throttles as they would slow a move: those that are there, or the one that is wanted for it.
//!
//! Source: KIP-73. A topic names the throttled replicas of each side (`*`, or `partition:broker` in a list), a
//! broker has the rate of each side, in bytes a second; a copy is throttled where both say so.

use super::planner::Change;
use crate::{
    action::{Known, Note, Plan, rate, task::EACH, words},
    domain::{
        human,
        kafka::{BrokerId, Side, TopicName},
        throughput::{Metric, Subject},
        time::age,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Of a list that a sentence names.
const NAMED: usize = 3;

/// What one side of one broker has to pass through its throttle.
struct Narrow {
    rate: u64,
    bytes: u64,
}

/// What is found out about the copies that a move makes.
#[derive(Default)]
struct Found {
    narrows: BTreeMap<(Side, BrokerId), Narrow>,
    /// Topics whose settings, and brokers whose rates are not read: they may throttle, too.
    unread: BTreeSet<TopicName>,
    unrated: BTreeSet<BrokerId>,
    copies: usize,
    /// Those that nothing throttles.
    free: usize,
}

/// Says what throttles the copies, and how long they take at least.
pub fn tell(known: &Known<'_>, plan: &mut Plan, changes: &[Change], rate: Option<u64>) {
    if let Some(rate) = rate
        && changes.iter().any(|change| change.added().next().is_some())
    {
        return wanted(known, plan, changes, rate);
    }
    let mut found = Found::default();
    for change in changes {
        found.take(known, change);
    }
    found.doubt(plan);
    match (found.copies, found.narrows.is_empty()) {
        (0, _) => {}
        (_, false) => found.say(plan),
        (_, true) if found.unread.is_empty() && found.unrated.is_empty() => {
            plan.notes.push(Note::plain("not throttled: it copies as fast as disks and network go"));
        }
        (_, true) => {}
    }
}

/// A throttle of its own.
fn wanted(known: &Known<'_>, plan: &mut Plan, changes: &[Change], rate: u64) {
    let kafka = &known.world.snapshot.kafka;
    plan.notes.push(Note::plain(format!(
        "throttled at {} that a broker gives, and that it gets, while it moves; then as it was before",
        rate::words(rate)
    )));
    let mut found = Found::default();
    for change in changes.iter().filter(|change| change.added().next().is_some()) {
        let config = kafka.topics.get(&change.topic).is_some_and(|topic| topic.config.is_some());
        found.unread.extend((!config).then(|| change.topic.clone()));
    }
    let flows = flows(known, changes);
    let unrated = |id: &BrokerId| {
        kafka.brokers.get(id).is_some_and(|b| b.registered && b.throttle.live(known.world.now).is_none())
    };
    found.doubt(plan);
    let unrated: BTreeSet<BrokerId> = flows.keys().map(|(_, id)| *id).filter(unrated).collect();
    if !unrated.is_empty() {
        let ids: Vec<BrokerId> = unrated.into_iter().collect();
        plan.notes.push(Note::warning(format!(
            "the throttle rates of {} are not read now: afterwards none is set, whatever they were",
            words::brokers(&ids)
        )));
    }
    let slowest = flows.values().map(|flows| flows.iter().map(|f| f.bytes).sum::<u64>() / rate.max(1)).max();
    let slowest = age(Duration::from_secs(slowest.unwrap_or(0)));
    plan.amounts.push(format!("{slowest} at the least, at {} a broker", human::byte_rate(rate as f64)));
    outrun(known, plan, changes, rate);
}

/// What passes through each broker's sides, and what is written to it meanwhile.
fn flows<'a>(known: &Known<'_>, changes: &'a [Change]) -> BTreeMap<(Side, BrokerId), Vec<Flow<'a>>> {
    let kafka = &known.world.snapshot.kafka;
    let leader = |change: &Change| kafka.topics.get(&change.topic)?.partition(change.partition)?.leader;
    let mut flows: BTreeMap<(Side, BrokerId), Vec<Flow<'_>>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.added().next().is_some()) {
        let written = written(known, change);
        let flow = |copies| Flow { change, bytes: change.bytes.unwrap_or(0) * copies, written, copies };
        for id in change.added() {
            flows.entry((Side::Follower, id)).or_default().push(flow(1));
        }
        if let Some(leader) = leader(change) {
            flows.entry((Side::Leader, leader)).or_default().push(flow(change.added().count() as u64));
        }
    }
    flows
}

/// A partition that is copied through one side of a broker.
struct Flow<'a> {
    change: &'a Change,
    bytes: u64,
    /// Bytes a second; None: not measured.
    written: Option<f64>,
    copies: u64,
}

impl Flow<'_> {
    fn asks(&self) -> f64 {
        self.written.unwrap_or(0.0) * self.copies as f64
    }
}

/// Bytes a second that are written to a partition, as far as they spread evenly: over its topic's partitions,
/// else over those that its leader leads.
fn written(known: &Known<'_>, change: &Change) -> Option<f64> {
    let snapshot = known.world.snapshot;
    let topic = snapshot.kafka.topics.get(&change.topic)?;
    let rate = |subject| match snapshot.throughput.rate(Metric::BytesIn, &subject, known.world.now) {
        (rate, state) if state.is_live() => rate,
        _ => None,
    };
    let of_topic =
        rate(Subject::Topic(change.topic.clone())).map(|r| r / topic.partitions.len().max(1) as f64);
    let of_leader = || {
        let leader = topic.partition(change.partition)?.leader?;
        Some(rate(Subject::Broker(leader))? / f64::from(snapshot.kafka.census.broker(leader).leaders.max(1)))
    };
    of_topic.or_else(of_leader)
}

/// What would never catch up.
pub struct Outrun {
    pub words: String,
    /// It varies: said beside, the sentence stays the same while one reads it.
    pub measured: String,
}

/// Where more is written to what moves at once than the throttle lets through, it never ends (kafka.md: KIP-73). And
/// the topics of which that is not measured.
pub fn outruns(known: &Known<'_>, changes: &[Change], rate: u64) -> (Vec<Outrun>, BTreeSet<TopicName>) {
    let (mut outruns, mut unmeasured) = (Vec::new(), BTreeSet::new());
    for ((side, id), mut flows) in flows(known, changes) {
        unmeasured.extend(flows.iter().filter(|f| f.written.is_none()).map(|f| f.change.topic.clone()));
        flows.sort_by(|a, b| b.asks().total_cmp(&a.asks()));
        flows.truncate(EACH);
        let asked: f64 = flows.iter().map(Flow::asks).sum();
        if asked < rate as f64 {
            continue;
        }
        let names: Vec<_> = flows.iter().map(|f| (f.change.topic.clone(), f.change.partition)).collect();
        let (verb, names) =
            (if side == Side::Leader { "gives" } else { "gets" }, words::partitions(&names, NAMED));
        let limit = human::byte_rate(rate as f64);
        outruns.push(Outrun {
            words: format!(
                "as much or more is written to what broker {id} {verb} at once than {limit} lets through, so that \
                 it would never catch up: {names}"
            ),
            measured: format!(
                "written to what broker {id} {verb} at once: {}, the throttle: {limit}",
                human::byte_rate(asked)
            ),
        });
    }
    (outruns, unmeasured)
}

fn outrun(known: &Known<'_>, plan: &mut Plan, changes: &[Change], rate: u64) {
    let (outruns, unmeasured) = outruns(known, changes, rate);
    for Outrun { words, measured } in outruns {
        plan.refusals.push(words);
        plan.amounts.push(measured);
    }
    if !unmeasured.is_empty() {
        plan.notes.push(Note::warning(format!(
            "how much is written to {} is not measured: a throttle under it would never let it catch up",
            human::list(unmeasured, NAMED)
        )));
    }
}

impl Found {
    fn take(&mut self, known: &Known<'_>, change: &Change) {
        let Some(topic) = known.world.snapshot.kafka.topics.get(&change.topic) else { return };
        let leader = topic.partition(change.partition).and_then(|p| p.leader);
        for id in change.added() {
            if topic.config.is_none() {
                self.unread.insert(change.topic.clone());
            }
            let ends = [leader.map(|leader| (Side::Leader, leader)), Some((Side::Follower, id))];
            let ends =
                ends.into_iter().flatten().filter(|(side, id)| side.names(topic, change.partition, *id));
            let throttled = ends.filter(|end| self.narrows(known, *end, change.bytes)).count();
            self.copies += 1;
            self.free += usize::from(throttled == 0);
        }
    }

    /// Whether that side of the broker has a rate, through which these bytes go.
    fn narrows(&mut self, known: &Known<'_>, (side, id): (Side, BrokerId), bytes: Option<u64>) -> bool {
        let broker = known.world.snapshot.kafka.brokers.get(&id);
        let Some(throttle) = broker.and_then(|b| b.throttle.live(known.world.now)) else {
            self.unrated.insert(id);
            return false;
        };
        let Some(rate) = side.rate(*throttle) else { return false };
        self.narrows.entry((side, id)).or_insert(Narrow { rate, bytes: 0 }).bytes += bytes.unwrap_or(0);
        true
    }

    fn doubt(&self, plan: &mut Plan) {
        if !self.unread.is_empty() {
            let topics = human::list(&self.unread, 3);
            plan.unknown.push(format!("whether {topics} is throttled: its settings are not read yet"));
        }
        if !self.unrated.is_empty() {
            let ids: Vec<BrokerId> = self.unrated.iter().copied().collect();
            plan.unknown.push(format!("the throttle rates of {}, which throttle this", words::brokers(&ids)));
        }
    }

    fn say(&self, plan: &mut Plan) {
        let mut brokers: BTreeMap<(Side, u64), Vec<BrokerId>> = BTreeMap::new();
        for ((side, id), narrow) in &self.narrows {
            brokers.entry((*side, narrow.rate)).or_default().push(*id);
        }
        for ((side, rate), ids) in brokers {
            plan.notes.push(Note::warning(format!(
                "throttled by {} {} of {}",
                side.rate_key(),
                rate::words(rate),
                words::brokers(&ids)
            )));
        }
        if self.free > 0 {
            let copies = human::plural(self.copies, "replica");
            plan.notes.push(Note::plain(format!("{} of {copies} not throttled", self.free)));
        }
        let slowest = self.narrows.values().map(|n| n.bytes / n.rate.max(1)).max().unwrap_or(0);
        let slowest = age(Duration::from_secs(slowest));
        plan.amounts.push(format!("{slowest} at the least, as it is throttled"));
    }
}
