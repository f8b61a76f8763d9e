//! Partitions moved in batches, throttled where that is wanted, each throttle gone when nothing moves any more.
//!
//! Source: KIP-455, KIP-73; batches and what they heed as Cruise Control's executor.

mod batch;
mod look;
mod room;
mod throttle;

pub use throttle::Throttles;

use super::{At, Next, OPERATOR, Part, Task, Wait};
use crate::{
    action::{
        Act, Goal, Known, Step, Write, rate,
        reassign::{self, Change},
        rights::Deed,
        topics::ids,
        write::{Assignment, Ids},
    },
    domain::{human, kafka::TopicName},
};
use look::Legs;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Moves that a broker takes part in at once. Source: Cruise Control,
/// `num.concurrent.partition.movements.per.broker`.
pub const EACH: usize = 5;
/// What was asked for is listed soon.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Move {
    pub legs: Vec<Change>,
    /// Bytes a second that a broker may give, and that it may get; None: as fast as it goes.
    pub rate: Option<u64>,
    /// Moves that a broker takes part in at once, whoever began them.
    pub each: usize,
    /// What throttles were there.
    pub before: Throttles,
    pub ids: Ids,
}

impl Move {
    pub fn new(known: &Known<'_>, legs: Vec<Change>, rate: Option<u64>) -> Move {
        let before = Throttles::of(known, &legs);
        let ids = ids(known, legs.iter().map(|leg| &leg.topic));
        Move { legs, rate, each: EACH, before, ids }
    }

    /// Replicas that are copied.
    fn copies(&self) -> usize {
        self.legs.iter().map(|leg| leg.added().count()).sum()
    }

    /// Where something that it has to be seen from is not read now.
    fn blind(&self, at: &At<'_>) -> Option<Next> {
        let kafka = &at.known.world.snapshot.kafka;
        at.blind([
            ("reassignments", &kafka.reassignments.feed),
            ("replicas and leaders", &kafka.topics_feed),
            ("registered brokers", &kafka.cluster_feed),
        ])
    }

    /// What moves, and why no more does.
    fn awaits(&self, at: &At<'_>, legs: &Legs<'_>, reason: Option<String>) -> Next {
        let mut words = match (legs.moving.is_empty(), reason) {
            (true, Some(reason)) => reason,
            (false, Some(reason)) => format!("{}; then {reason}", legs.words(at)),
            (_, None) => legs.words(at),
        };
        if let Some(gone) = legs.left_out() {
            words = format!("{words}; {gone}");
        }
        let (done, all) = legs.bytes(at);
        let share = (all > 0).then(|| done as f64 / all as f64);
        Next::Wait(Wait { share, bytes: share.map(|_| all), ..Wait::new(words) })
    }

    fn step(&self, title: String, legs: &[&Change], to: impl Fn(&Change) -> Assignment) -> Step {
        let partitions: Vec<Assignment> = legs.iter().map(|leg| to(leg)).collect();
        let id = |leg: &&Change| Some((leg.topic.clone(), self.ids.get(&leg.topic)?.clone()));
        let until = match partitions.iter().all(|a| a.replicas.is_none()) {
            true => Goal::Reassigned { partitions: partitions.clone() },
            false => Goal::Begun { partitions: partitions.clone() },
        };
        let write = Write::Reassign { ids: legs.iter().filter_map(id).collect(), partitions };
        Step { title, write, until, patience: PATIENCE }
    }

    fn begin(&self, legs: &[&Change]) -> Step {
        let title = format!("move {}", named(legs));
        let to = |leg: &Change| assignment(leg, Some(leg.to.clone()));
        self.step(title, legs, to)
    }

    fn cancel(&self, legs: &[&Change]) -> Step {
        let title = format!("cancel the move of {}", named(legs));
        self.step(title, legs, |leg| assignment(leg, None))
    }
}

/// What moving is made of, at a rate and without.
pub fn deeds<'a>(rate: Option<u64>, copied: impl IntoIterator<Item = &'a TopicName>) -> Vec<Deed> {
    let mut deeds = vec![Deed::new(Act::Reassign)];
    if rate.is_some() {
        deeds.extend([Deed::on(Act::SetTopic, copied), Deed::new(Act::SetBroker)]);
    }
    deeds
}

fn assignment(leg: &Change, replicas: Option<Vec<crate::domain::kafka::BrokerId>>) -> Assignment {
    Assignment { topic: leg.topic.clone(), partition: leg.partition, replicas }
}

/// `orders-0, orders-1 and 3 more`
fn named(legs: &[&Change]) -> String {
    human::list(legs.iter().map(|leg| format!("{}-{}", leg.topic, leg.partition)), 3)
}

impl Part for Move {
    fn title(&self) -> String {
        let rate = self.rate.map(|rate| format!(" at {}", human::byte_rate(rate as f64)));
        match self.copies() {
            0 => format!("assign {}", human::plural(self.legs.len(), "partition")),
            n => format!("move {}{}", human::plural(n, "replica"), rate.unwrap_or_default()),
        }
    }

    fn pins(&self) -> Vec<String> {
        self.ids.iter().map(|(topic, id)| format!("{topic} {id}")).collect()
    }

    fn deeds(&self, _known: &Known<'_>) -> Vec<Deed> {
        let copied = self.legs.iter().filter(|leg| leg.added().next().is_some());
        let rate = self.rate.filter(|_| self.copies() > 0);
        deeds(rate, copied.map(|leg| &leg.topic))
    }

    fn conditions(&self) -> Vec<String> {
        let mut all = vec![
            "no partition is under min ISR but where a replica is offline".to_string(),
            format!(
                "a broker takes part in {} at once; one moves at a time while a partition is at min ISR",
                human::plural(self.each, "move")
            ),
            "who gets replicas is registered, and enough of those that stay are in sync".to_string(),
            "the disks of who gets replicas stay under their limit".to_string(),
        ];
        if let Some(rate) = self.rate {
            let set = format!("throttled at {} before, and as it was when nothing moves", rate::words(rate));
            all.insert(0, set);
        }
        all
    }

    fn next(&self, at: &At<'_>) -> Next {
        if let Some(wait) = self.blind(at) {
            return wait;
        }
        let legs = Legs::of(self, at);
        if let Some(words) = legs.astray() {
            return Next::Stop(words);
        }
        if legs.rest() {
            return self.lift(at, &legs);
        }
        if let Some(next) = self.brake(at, legs.left()) {
            return next;
        }
        let batch = legs.batch(at);
        match (batch.legs.is_empty(), batch.full, batch.reason) {
            (false, ..) => Next::step(self.begin(&batch.legs)),
            (true, true, Some(words)) => Next::Stop(format!("no {words}; going on moves it all the same")),
            (true, _, reason) => self.awaits(at, &legs, reason),
        }
    }

    fn hold(&self, at: &At<'_>) -> Next {
        if let Some(wait) = self.blind(at) {
            return wait;
        }
        let legs = Legs::of(self, at);
        if !legs.moving.is_empty() {
            let moving = || legs.moving.iter().map(|(leg, _)| *leg);
            return self.brake(at, moving()).unwrap_or_else(|| self.awaits(at, &legs, None));
        }
        match self.lift(at, &legs) {
            Next::Done => Next::wait(OPERATOR),
            other => other,
        }
    }

    fn undo(&self, at: &At<'_>) -> Next {
        if let Some(wait) = self.blind(at) {
            return wait;
        }
        let legs = Legs::of(self, at);
        let (unclean, clean) = legs.revertible(at);
        if !clean.is_empty() {
            return Next::step(self.cancel(&clean));
        }
        if !unclean.is_empty() {
            let words = format!(
                "{} to have more in sync than what is being added: until then a cancellation would need an \
                 unclean election, which loses data",
                named(&unclean)
            );
            return self.awaits(at, &legs, Some(words));
        }
        self.lift(at, &legs)
    }

    fn bytes(&self) -> u64 {
        self.legs.iter().map(|leg| leg.added().count() as u64 * leg.bytes.unwrap_or(0)).sum()
    }

    fn outrun(&self, known: &Known<'_>) -> Option<String> {
        let left: Vec<Change> = Legs::of(self, &At::new(known)).left().cloned().collect();
        let (outruns, _) = reassign::outruns(known, &left, self.rate?);
        outruns.into_iter().next().map(|one| format!("{} ({})", one.words, one.measured))
    }

    fn at_rate(&self, rate: u64) -> Option<Task> {
        (self.copies() > 0).then(|| Move { rate: Some(rate), ..self.clone() }.into())
    }
}

#[cfg(test)]
mod tests;
