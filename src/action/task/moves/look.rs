//! Where each leg of a move is.

use super::{At, Move, named};
use crate::{
    action::{Write, reassign::Change, reassign::progress::copied},
    domain::{
        human,
        kafka::{BrokerId, Kafka, Partition, Reassignment},
    },
};
use std::collections::HashSet;

/// The legs by where they are, each in the order of the plan.
#[derive(Default)]
pub struct Legs<'a> {
    pub each: usize,
    /// Its topic was deleted, or created anew.
    pub gone: Vec<&'a Change>,
    pub there: Vec<&'a Change>,
    pub moving: Vec<(&'a Change, &'a Reassignment)>,
    /// To be begun.
    pub waiting: Vec<(&'a Change, &'a Partition)>,
    /// Somebody else moves them elsewhere.
    pub elsewhere: Vec<&'a Change>,
    /// It was begun, and somebody called it back.
    pub back: Vec<&'a Change>,
    /// Neither as before nor as planned, and at rest.
    pub strange: Vec<&'a Change>,
}

/// The same brokers, in whatever order.
fn alike(a: &[BrokerId], b: &[BrokerId]) -> bool {
    a.len() == b.len() && a.iter().all(|id| b.contains(id))
}

impl<'a> Legs<'a> {
    pub fn of(task: &'a Move, at: &At<'a>) -> Legs<'a> {
        let kafka = &at.known.world.snapshot.kafka;
        let begun = begun(at);
        let mut legs = Legs { each: task.each, ..Legs::default() };
        for leg in &task.legs {
            let topic = kafka.topics.get(&leg.topic).filter(|topic| match &topic.id {
                Some(id) => task.ids.get(&leg.topic).is_none_or(|pinned| pinned == id),
                None => true,
            });
            let Some(partition) = topic.and_then(|topic| topic.partition(leg.partition)) else {
                legs.gone.push(leg);
                continue;
            };
            let active = kafka.reassignments.last().and_then(|all| all.get(&leg.topic, leg.partition));
            let replicas = &partition.replicas[..];
            match active {
                Some(active) if target(active).eq(leg.to.iter().copied()) => legs.moving.push((leg, active)),
                Some(_) => legs.elsewhere.push(leg),
                None if *replicas == leg.to[..] => legs.there.push(leg),
                None if begun.contains(&(&*leg.topic, leg.partition)) => legs.back.push(leg),
                None if alike(replicas, &leg.from) || alike(replicas, &leg.to) || at.resumed.is_some() => {
                    legs.waiting.push((leg, partition));
                }
                None => legs.strange.push(leg),
            }
        }
        legs
    }

    /// Nothing of it is left to be done.
    pub fn rest(&self) -> bool {
        self.moving.is_empty() && self.waiting.is_empty() && self.elsewhere.is_empty()
    }

    /// Those that copy, or will.
    pub fn left(&self) -> impl Iterator<Item = &'a Change> + '_ {
        self.moving.iter().map(|(leg, _)| *leg).chain(self.waiting.iter().map(|(leg, _)| *leg))
    }

    /// What was turned by somebody else, in a sentence.
    pub fn astray(&self) -> Option<String> {
        let back = (!self.back.is_empty()).then(|| format!("called back: {}", named(&self.back)));
        let strange = (!self.strange.is_empty())
            .then(|| format!("with other replicas than before or planned: {}", named(&self.strange)));
        back.or(strange).map(|what| format!("{what}; going on moves them all the same"))
    }

    pub fn left_out(&self) -> Option<String> {
        let gone = &self.gone;
        (!gone.is_empty()).then(|| format!("left out, as its topic was deleted: {}", named(gone)))
    }

    /// Whom cancelling would leave without a replica that may lead, and all others that move.
    pub fn revertible(&self, at: &At<'_>) -> (Vec<&'a Change>, Vec<&'a Change>) {
        let kafka = &at.known.world.snapshot.kafka;
        let isr = |leg: &Change| Some(&kafka.topics.get(&leg.topic)?.partition(leg.partition)?.isr);
        let unclean = |(leg, active): &(&Change, &Reassignment)| {
            isr(leg).is_some_and(|isr| isr.iter().all(|id| active.adding.contains(*id)))
        };
        let (unclean, clean): (Vec<_>, Vec<_>) = self.moving.iter().copied().partition(unclean);
        let legs = |all: Vec<(&'a Change, _)>| all.into_iter().map(|(leg, _)| leg).collect();
        (legs(unclean), legs(clean))
    }

    /// `3 of 12 partitions in place, 41% of the bytes`
    pub fn words(&self, at: &At<'_>) -> String {
        let all = self.moving.len()
            + self.waiting.len()
            + self.elsewhere.len()
            + self.there.len()
            + self.back.len()
            + self.strange.len();
        let there = human::count(self.there.len() as u64);
        let words = format!("{there} of {} in place", human::plural(all, "partition"));
        match self.bytes(at) {
            (_, 0) => words,
            (done, all) => format!("{words}, {} of the bytes", human::percent(done as f64 / all as f64)),
        }
    }

    /// Bytes that are copied, and bytes to copy in all.
    ///
    /// Source: Cruise Control: partition size × brokers added.
    pub fn bytes(&self, at: &At<'_>) -> (u64, u64) {
        let kafka = &at.known.world.snapshot.kafka;
        let whole = |leg: &Change| size(kafka, leg).saturating_mul(leg.added().count() as u64);
        let there: u64 = self.there.iter().map(|leg| whole(leg)).sum();
        let moving = self.moving.iter().map(|(leg, active)| {
            let all = whole(leg);
            (copied(kafka, active).min(all), all)
        });
        let (done, all) = moving.fold((there, there), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let waiting = self.waiting.iter().map(|(leg, _)| *leg).chain(self.elsewhere.iter().copied());
        (done, all + waiting.chain(self.back.iter().copied()).map(whole).sum::<u64>())
    }
}

/// What a reassignment makes of its partition.
fn target(active: &Reassignment) -> impl Iterator<Item = BrokerId> {
    active.replicas.iter().copied().filter(|id| !active.removing.contains(*id))
}

/// As its leader tells now, else as it was planned.
pub fn size(kafka: &Kafka, leg: &Change) -> u64 {
    kafka.sizes.partition(&leg.topic, leg.partition).or(leg.bytes).unwrap_or(0)
}

/// The partitions that were seen moving or in place since the operator last had it go on.
fn begun<'a>(at: &At<'a>) -> HashSet<(&'a str, i32)> {
    let moved = at.lately().iter().filter_map(|step| match &step.write {
        Write::Reassign { partitions, .. } => Some(partitions),
        _ => None,
    });
    let begun = moved.flatten().filter(|a| a.replicas.is_some());
    begun.map(|a| (&*a.topic, a.partition)).collect()
}
