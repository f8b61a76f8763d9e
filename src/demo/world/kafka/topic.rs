//! Topics, their partitions, and the replicas of these.

use crate::domain::Text;
use bytes::Bytes;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Topic {
    /// 128 random bits, as Kafka's topic ids.
    pub id: u128,
    pub internal: bool,
    /// What was set on the topic; the rest is default.
    pub configs: BTreeMap<Text, Text>,
    pub partitions: Vec<Partition>,
    /// Bytes of a record on the average, key and overhead included.
    pub record_bytes: f64,
    /// Messages a second that producers send to the whole topic at the height of the day.
    pub rate: f64,
}

/// One partition. Offsets are whole; what a step produces less than one of is kept in `rest`.
#[derive(Debug, Clone, Default)]
pub struct Partition {
    /// In the order of preference; during a reassignment those that are added come first.
    pub replicas: Vec<i32>,
    pub adding: Vec<i32>,
    pub removing: Vec<i32>,
    pub isr: Vec<i32>,
    pub leader: Option<i32>,
    pub epoch: i32,
    pub start: i64,
    pub end: i64,
    pub rest: f64,
    /// Bytes that followers still lack of the leader's log, for those who lack some.
    pub behind: Vec<Replica>,
    /// What was produced from outside, by offset; the simulated producers' records are made when they are read.
    pub produced: BTreeMap<i64, Record>,
}

/// A replica that has not all of the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replica {
    pub broker: i32,
    pub bytes: f64,
}

/// A record that somebody produced.
#[derive(Debug, Clone)]
pub struct Record {
    /// Milliseconds since the epoch.
    pub at: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<(Text, Option<Bytes>)>,
}

impl Topic {
    /// Bytes of the partition's whole log, as its leader has it.
    pub fn bytes(&self, partition: usize) -> u64 {
        let p = &self.partitions[partition];
        ((p.end - p.start) as f64 * self.record_bytes) as u64
    }

    /// Bytes of the copy that `broker` has, or 0.
    pub fn bytes_on(&self, partition: usize, broker: i32) -> u64 {
        let p = &self.partitions[partition];
        if !p.replicas.contains(&broker) {
            return 0;
        }
        let lacks = p.behind.iter().find(|r| r.broker == broker).map_or(0.0, |r| r.bytes);
        self.bytes(partition).saturating_sub(lacks as u64)
    }
}
