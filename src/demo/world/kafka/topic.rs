//! Topics: what is sent to them, and what of it their partitions have.

use super::{Clock, Partition, Record, config::Rules, flow::Flow, flow::Shape, seed};
use crate::domain::{Text, time::Time};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Topic {
    /// 128 random bits, as Kafka's topic ids.
    pub id: u128,
    pub internal: bool,
    /// What was set on the topic; the rest is default.
    pub configs: BTreeMap<Text, Text>,
    pub partitions: Vec<Partition>,
    /// Bytes of a simulated record on the average, key and overhead included.
    pub record_bytes: f64,
    /// Messages and bytes by leader.
    pub traffic: Vec<Traffic>,
    pub(super) rules: Rules,
    pub(super) flow: Flow,
    pub(super) seed: u64,
    /// Messages that producers have sent to the whole topic, up to the newest step.
    pub(super) sent: f64,
    /// Of these, what is so old that it is deleted.
    pub(super) expired: f64,
    /// Whether who leads what has changed since the traffic was shared out.
    pub(super) moved: bool,
}

/// What one broker took and gave as the leader of a topic's partitions since it started: the counters of its
/// exporter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    pub broker: i32,
    /// The part of what is sent to the topic that it takes.
    pub share: f64,
    pub messages_in: f64,
    pub bytes_in: f64,
    pub bytes_out: f64,
}

/// Keys that a compacted log keeps.
const KEYS: i64 = 20_000;

impl Topic {
    /// One whose partitions are yet to be given, to which nothing is sent.
    pub fn new(id: u128, seed: u64, configs: BTreeMap<Text, Text>, since: f64) -> Self {
        Topic {
            id,
            internal: false,
            rules: Rules::of(&configs),
            configs,
            partitions: Vec::new(),
            record_bytes: 400.0,
            traffic: Vec::new(),
            flow: Flow::new(Shape::new(seed), since, 0.0),
            seed,
            sent: 0.0,
            expired: 0.0,
            moved: true,
        }
    }

    /// Messages a second that producers send to the whole topic at the height of the day.
    pub fn rate(&self) -> f64 {
        self.flow.rate()
    }

    /// What its configuration makes of it.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    pub fn partition(&self, partition: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(partition).ok()?)
    }

    /// The offset after the newest record.
    pub fn end(&self, partition: usize) -> i64 {
        self.partitions[partition].end(self.sent)
    }

    /// Up to where every replica in sync has it: consumers see no more.
    pub fn high_watermark(&self, partition: usize) -> i64 {
        self.partitions[partition].high_watermark(self.sent)
    }

    /// The offset of the oldest record.
    pub fn start(&self, partition: usize) -> i64 {
        let p = &self.partitions[partition];
        let old = if self.expired > 0.0 { p.offset_at(self.expired) } else { 0 };
        let end = p.end(self.sent);
        let over = self.rules.retention_bytes.map_or(0, |b| end - (b / self.record_bytes) as i64);
        p.floor.max(old).max(over).min(end)
    }

    /// Bytes of the partition's whole log, as its leader has it.
    pub fn bytes(&self, partition: usize) -> u64 {
        self.bytes_up_to(partition, self.end(partition) as f64)
    }

    /// Bytes of the copy that `broker` has, or 0.
    pub fn bytes_on(&self, partition: usize, broker: i32) -> u64 {
        let p = &self.partitions[partition];
        if !p.replicas.contains(&broker) {
            return 0;
        }
        match p.behind().iter().find(|r| r.broker == broker) {
            Some(replica) => self.bytes_up_to(partition, replica.end),
            None => self.bytes(partition),
        }
    }

    /// Bytes of one of the partition's records, on the average.
    pub(super) fn average(&self, partition: usize) -> f64 {
        let count = self.end(partition) - self.start(partition);
        if count > 0 { (self.bytes(partition) as f64 / count as f64).max(1.0) } else { self.record_bytes }
    }

    /// How many messages the copy on `broker` lacks.
    pub fn lag_on(&self, partition: usize, broker: i32) -> i64 {
        let replica = self.partitions[partition].behind().iter().find(|r| r.broker == broker);
        replica.map_or(0, |r| (self.end(partition) - r.end.floor() as i64).max(0))
    }

    fn bytes_up_to(&self, partition: usize, end: f64) -> u64 {
        let start = self.start(partition);
        let kept = (end - start as f64).max(0.0);
        let kept = if self.rules.compact { kept.min(KEYS as f64) } else { kept };
        let Some(special) = self.partitions[partition].special().filter(|s| s.produced_bytes > 0) else {
            return (kept * self.record_bytes) as u64;
        };
        let (first, last) = (special.produced.keys().next(), special.produced.keys().next_back());
        let whole = first.is_some_and(|o| *o >= start) && last.is_some_and(|o| (*o as f64) < end);
        let (count, bytes) = if whole {
            (special.produced.len() as f64, special.produced_bytes)
        } else {
            let there = special.produced.range(start..(end as i64).max(start));
            there.fold((0.0, 0), |(n, b), (_, r)| (n + 1.0, b + r.bytes()))
        };
        ((kept - count).max(0.0) * self.record_bytes) as u64 + bytes
    }

    /// When the record at `offset` was sent.
    pub(super) fn time_of(&self, partition: usize, offset: i64, clock: &Clock) -> Time {
        let p = &self.partitions[partition];
        match p.special().and_then(|s| s.produced.get(&offset)) {
            Some(record) => Time(record.at),
            None => clock.time(self.flow.when(p.sent_at(offset))),
        }
    }

    /// The first offset at or after `from` whose record is not older than `at`; the log end where none is.
    pub(super) fn offset_at(&self, partition: usize, at: Time, clock: &Clock) -> i64 {
        let p = &self.partitions[partition];
        let (start, end) = (self.start(partition), self.end(partition));
        let mut offset = p.offset_at(self.flow.sent(clock.at(at))).clamp(start, end);
        // The arithmetic is as exact as a millisecond; the records say the rest.
        while offset > start && self.time_of(partition, offset - 1, clock) >= at {
            offset -= 1;
        }
        while offset < end && self.time_of(partition, offset, clock) < at {
            offset += 1;
        }
        let produced = p.special().and_then(|s| s.produced.iter().find(|(_, r)| r.at >= at.0));
        produced.map_or(offset, |(&o, _)| offset.min(o).max(start))
    }

    /// The record at an offset that there is.
    pub(super) fn record(&self, name: &str, partition: usize, offset: i64, clock: &Clock) -> Record {
        let produced = self.partitions[partition].special().and_then(|s| s.produced.get(&offset));
        produced.cloned().unwrap_or_else(|| {
            let at = self.time_of(partition, offset, clock);
            let seed = seed::mix([self.seed, partition as u64, offset as u64]);
            Record::made_up(name, seed, at, self.record_bytes)
        })
    }

    /// What the configuration says now. Nothing that was deleted comes back.
    pub(super) fn reread(&mut self) {
        for p in 0..self.partitions.len() {
            self.partitions[p].floor = self.start(p);
        }
        self.rules = Rules::of(&self.configs);
    }

    /// Gives each partition its part of what is sent: nearly the same to each, as keys are hashed.
    pub(super) fn share_out(&mut self) {
        let count = self.partitions.len() as u64;
        let weight = |p: u64| 0.85 + 0.3 * seed::fraction(seed::mix([self.seed, p]));
        let total: f64 = (0..count).map(weight).sum();
        let shares: Vec<f64> = (0..count).map(|p| weight(p) / total).collect();
        for (partition, share) in self.partitions.iter_mut().zip(shares) {
            partition.set_share(share, self.sent);
        }
        self.moved = true;
    }
}
