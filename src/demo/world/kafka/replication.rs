//! Replicas that are behind copy what they lack, as fast as brokers and throttles let them.

use super::{Cluster, config, controller::Standing};
use std::collections::BTreeMap;

/// Bytes a second that a broker takes, or gives, to catch up.
const BANDWIDTH: f64 = 100e6;
/// What one leaves of its part the others take, so many times.
const ROUNDS: usize = 4;

/// One replica that copies.
struct Copy {
    topic: crate::domain::Text,
    partition: usize,
    to: i32,
    record_bytes: f64,
    /// Bytes that it lacks, and of these those that it gets.
    lacks: f64,
    gets: f64,
    /// The limits that it shares with others.
    limits: Vec<usize>,
}

/// What several copies share.
#[derive(Default)]
struct Limits {
    by: BTreeMap<(i32, Limit), usize>,
    left: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Limit {
    In,
    Out,
    ThrottledIn,
    ThrottledOut,
}

impl Limits {
    fn shared(&mut self, broker: i32, limit: Limit, bytes: f64) -> usize {
        *self.by.entry((broker, limit)).or_insert_with(|| {
            self.left.push(bytes);
            self.left.len() - 1
        })
    }
}

impl Cluster {
    /// Copies for `dt` simulated seconds.
    pub(super) fn replicate(&mut self, dt: f64) {
        let mut limits = Limits::default();
        let mut copies = self.copies(dt, &mut limits);
        share(&mut copies, &mut limits.left);
        for copy in copies.iter().filter(|c| c.gets > 0.0) {
            let Some(topic) = self.topics.get_mut(&copy.topic) else { continue };
            let behind = &mut topic.partitions[copy.partition].special_mut().behind;
            if let Some(replica) = behind.iter_mut().find(|r| r.broker == copy.to) {
                replica.end += copy.gets / copy.record_bytes;
            }
            if let Some(broker) = self.brokers.get_mut(&copy.to) {
                broker.copied_in += copy.gets;
            }
        }
    }

    fn copies(&mut self, dt: f64, limits: &mut Limits) -> Vec<Copy> {
        let standing =
            Standing { brokers: &self.brokers, controlled: self.controlling(), now: self.clock.seconds() };
        let mut copies = Vec::new();
        for (name, partitions) in &self.troubled {
            let Some(topic) = self.topics.get_mut(name) else { continue };
            for &partition in partitions {
                let Some(from) = topic.partitions[partition].leader.filter(|&id| standing.serves(id)) else {
                    continue;
                };
                let (start, end) = (topic.start(partition) as f64, topic.end(partition) as f64);
                let record_bytes = topic.average(partition);
                let rules = &topic.rules;
                let p = &mut topic.partitions[partition];
                if p.behind().is_empty() {
                    continue;
                }
                let isr = p.isr.clone();
                let copying = p.special_mut().behind.iter_mut().filter(|r| standing.follows(r.broker));
                for replica in copying {
                    // What the leader has deleted is not copied.
                    replica.end = replica.end.max(start);
                    let to = replica.broker;
                    let rate = |broker: i32, name| {
                        self.brokers.get(&broker).and_then(|b| b.throttle(name)).map(|rate| rate * dt)
                    };
                    let mut of = vec![
                        limits.shared(to, Limit::In, BANDWIDTH * dt),
                        limits.shared(from, Limit::Out, BANDWIDTH * dt),
                    ];
                    let throttled = !isr.contains(&to);
                    if throttled
                        && rules.follower_throttled.contains(partition, to)
                        && let Some(rate) = rate(to, config::FOLLOWER_RATE)
                    {
                        of.push(limits.shared(to, Limit::ThrottledIn, rate));
                    }
                    if throttled
                        && rules.leader_throttled.contains(partition, from)
                        && let Some(rate) = rate(from, config::LEADER_RATE)
                    {
                        of.push(limits.shared(from, Limit::ThrottledOut, rate));
                    }
                    let lacks = (end - replica.end).max(0.0) * record_bytes;
                    let topic = name.clone();
                    copies.push(Copy { topic, partition, to, record_bytes, lacks, gets: 0.0, limits: of });
                }
            }
        }
        copies
    }
}

/// Gives each copy an equal part of every limit that it is under; what some do not need goes to the others.
fn share(copies: &mut [Copy], left: &mut [f64]) {
    for _ in 0..ROUNDS {
        let mut wanting = vec![0.0f64; left.len()];
        let hungry = |c: &Copy| c.lacks - c.gets > 0.5;
        for copy in copies.iter().filter(|c| hungry(c)) {
            copy.limits.iter().for_each(|&limit| wanting[limit] += 1.0);
        }
        let parts: Vec<f64> = left.iter().zip(&wanting).map(|(left, n)| left / n.max(1.0)).collect();
        for copy in copies.iter_mut().filter(|c| hungry(c)) {
            let part = copy.limits.iter().map(|&limit| parts[limit]).fold(f64::INFINITY, f64::min);
            let gets = part.min(copy.lacks - copy.gets).max(0.0);
            copy.gets += gets;
            copy.limits.iter().for_each(|&limit| left[limit] -= gets);
        }
    }
}
