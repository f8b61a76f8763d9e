//! How far a reassignment is: by bytes, because partitions differ.

use crate::{
    action::{Known, Sight, words, write::Assignment},
    domain::{
        human,
        kafka::{BrokerId, Kafka, Reassignment, moving},
    },
};

/// Whether none of these moves any more, and each has its replicas.
pub fn look(known: &Known<'_>, partitions: &[Assignment]) -> Sight {
    let (kafka, now) = (&known.world.snapshot.kafka, known.world.now);
    let Some(active) = kafka.reassignments.live(now).filter(|_| kafka.topics_feed.state(now).is_live())
    else {
        return Sight::Unknown("the reassignments are not read now".into());
    };
    let mut tally = Tally::default();
    let mut waiting = Vec::new();
    // What is known of a topic is looked up once for all of its partitions.
    for of_topic in partitions.chunk_by(|a, b| a.topic == b.topic) {
        let name = &of_topic[0].topic;
        let (topic, moves, sizes) = (kafka.topics.get(name), active.topic(name), kafka.sizes.topic(name));
        for a in of_topic {
            let Some(partition) = topic.and_then(|t| t.partition(a.partition)) else {
                return Sight::Lost(format!("{name}-{} is gone: its topic was deleted", a.partition));
            };
            let index = usize::try_from(a.partition).ok();
            let bytes = index.and_then(|i| *sizes.get(i)?).unwrap_or(0);
            match moving(moves, a.partition) {
                Some(r) => {
                    let wanted = bytes.saturating_mul(r.adding.len() as u64);
                    tally.moving(bytes, copied(kafka, r).min(wanted), wanted);
                }
                None if a.replicas.as_ref().is_none_or(|to| partition.replicas[..] == **to) => {
                    tally.done(bytes);
                }
                None => {
                    tally.moving(bytes, 0, bytes);
                    waiting.push((name.clone(), a.partition));
                }
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

/// Whether each moves, or has its replicas already. With its topic a move is gone, too.
pub fn begun(known: &Known<'_>, partitions: &[Assignment]) -> Sight {
    let (kafka, now) = (&known.world.snapshot.kafka, known.world.now);
    let Some(active) = kafka.reassignments.live(now).filter(|_| kafka.topics_feed.state(now).is_live())
    else {
        return Sight::Unknown("the reassignments are not read now".into());
    };
    let rests = |a: &&Assignment| {
        let partition = kafka.topics.get(&a.topic).and_then(|topic| topic.partition(a.partition));
        let there = |replicas: &[BrokerId]| a.replicas.as_ref().is_none_or(|to| replicas == &to[..]);
        partition.is_some_and(|p| !there(&p.replicas)) && active.get(&a.topic, a.partition).is_none()
    };
    let waiting: Vec<_> = partitions.iter().filter(rests).map(|a| (a.topic.clone(), a.partition)).collect();
    match waiting.is_empty() {
        true => Sight::Reached,
        false => Sight::Idle(format!("the move of {} to be listed", words::partitions(&waiting, 3))),
    }
}

/// Bytes that the replicas being added hold already.
pub fn copied(kafka: &Kafka, r: &Reassignment) -> u64 {
    let logs = r.adding.iter().filter_map(|id| kafka.brokers.get(id)?.log_dirs.last());
    logs.filter_map(|logs| logs.held(&r.topic, r.partition)).sum()
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
