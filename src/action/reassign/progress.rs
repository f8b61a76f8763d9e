//! How far a reassignment is: by bytes, because partitions differ.

use super::rests;
use crate::{
    action::{Known, Sight, words, write::Assignment},
    domain::{human, kafka::Reassignment},
};
use std::collections::HashMap;

/// Whether none of these moves any more, and each has its replicas.
pub fn look(known: &Known<'_>, partitions: &[Assignment]) -> Sight {
    let (kafka, now) = (&known.world.snapshot.kafka, known.world.now);
    let Some(active) = kafka.reassignments.live(now).filter(|_| kafka.topics_feed.state(now).is_live())
    else {
        return Sight::Unknown("the reassignments are not read now".into());
    };
    let gone = |a: &&Assignment| kafka.topics.get(&a.topic).and_then(|t| t.partition(a.partition)).is_none();
    if let Some(gone) = partitions.iter().find(gone) {
        return Sight::Lost(format!("{}-{} is gone: its topic was deleted", gone.topic, gone.partition));
    }
    let moving: HashMap<(&str, i32), &Reassignment> =
        active.iter().map(|r| ((&*r.topic, r.partition), r)).collect();
    let copied = copied(known, &moving);
    let mut tally = Tally::default();
    let mut waiting = Vec::new();
    for a in partitions {
        let bytes = kafka.sizes.partition(&a.topic, a.partition).unwrap_or(0);
        match moving.get(&(&*a.topic, a.partition)) {
            Some(r) => {
                let wanted = bytes.saturating_mul(r.adding.len() as u64);
                let done = copied.get(&(&*a.topic, a.partition)).copied().unwrap_or(0);
                tally.moving(bytes, done.min(wanted), wanted);
            }
            None if a.replicas.as_ref().is_none_or(|r| rests(kafka, &a.topic, a.partition, r)) => {
                tally.done(bytes);
            }
            None => {
                tally.moving(bytes, 0, bytes);
                waiting.push((a.topic.clone(), a.partition));
            }
        }
    }
    if tally.finished == partitions.len() {
        return Sight::Reached;
    }
    if waiting.len() + tally.finished == partitions.len() {
        let n = of(tally.finished, partitions.len());
        return Sight::Idle(format!("{n} in place; not moving: {}", words::partitions(&waiting, 3)));
    }
    tally.sight(partitions.len())
}

/// Bytes that the replicas being added hold already.
fn copied<'a>(
    known: &Known<'a>,
    moving: &HashMap<(&'a str, i32), &'a Reassignment>,
) -> HashMap<(&'a str, i32), u64> {
    let mut copied: HashMap<(&str, i32), u64> = HashMap::new();
    let kafka = &known.world.snapshot.kafka;
    let topics: std::collections::HashSet<&str> = moving.keys().map(|(topic, _)| *topic).collect();
    for broker in kafka.brokers.values() {
        let Some(logs) = broker.log_dirs.last() else { continue };
        for (topic, logs) in logs.replicas.iter().filter(|(topic, _)| topics.contains(&***topic)) {
            for log in logs.iter().filter(|log| !log.future) {
                let key = (&**topic, log.partition);
                if moving.get(&key).is_some_and(|r| r.adding.contains(broker.id)) {
                    *copied.entry(key).or_default() += log.bytes;
                }
            }
        }
    }
    copied
}

#[derive(Default)]
struct Tally {
    finished: usize,
    /// Bytes of all partitions, and of them what counts as done.
    all: f64,
    done: f64,
}

impl Tally {
    fn done(&mut self, bytes: u64) {
        self.finished += 1;
        self.all += bytes as f64;
        self.done += bytes as f64;
    }

    fn moving(&mut self, bytes: u64, done: u64, wanted: u64) {
        self.all += bytes as f64;
        if wanted > 0 {
            self.done += bytes as f64 * (done as f64 / wanted as f64);
        }
    }

    fn sight(self, all: usize) -> Sight {
        let share = (self.all > 0.0).then(|| self.done / self.all);
        let n = of(self.finished, all);
        let words = match share {
            Some(share) => format!("{n} in place, {} of the bytes", human::percent(share)),
            None => format!("{n} in place"),
        };
        Sight::Awaited { words, share }
    }
}

/// `1 of 4 partitions`
fn of(some: usize, all: usize) -> String {
    format!("{} of {}", human::count(some as u64), human::plural(all, "partition"))
}
