//! What clients do with partitions' logs.

use super::{Broker, Cluster, Code, Record, Refused, Topic};
use crate::domain::time::Time;

/// Bytes of produced records that a partition keeps in memory; its log begins later where more came.
const KEPT: u64 = 16 << 20;
/// Records in one answer.
const FETCHED: usize = 10_000;

/// The records that a fetch gave, by offset, and where the log begins and ends for consumers.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    pub records: Vec<(i64, Record)>,
    pub high_watermark: i64,
    pub start: i64,
}

/// What a client asks ListOffsets for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Earliest,
    Latest,
    /// The first record that is not older.
    Time(Time),
    /// The newest record's timestamp, and its offset.
    MaxTimestamp,
}

impl Cluster {
    /// Reads from `offset` up to the high watermark: at least one record where there is one, and then as many
    /// as `max_bytes` holds.
    ///
    /// # Errors
    /// UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER where `broker` does not lead it,
    /// OFFSET_OUT_OF_RANGE.
    pub fn fetch(
        &self,
        broker: i32,
        topic: &str,
        partition: i32,
        offset: i64,
        max_bytes: u64,
    ) -> Result<Fetched, Code> {
        let (found, p) = self.led(broker, topic, partition)?;
        let (start, high_watermark) = (found.start(p), found.high_watermark(p));
        if !(start..=found.end(p)).contains(&offset) {
            return Err(Code::OffsetOutOfRange);
        }
        let (mut records, mut bytes) = (Vec::new(), 0);
        for offset in offset..high_watermark {
            let record = found.record(topic, p, offset, &self.clock);
            bytes += record.bytes();
            if (bytes > max_bytes && !records.is_empty()) || records.len() == FETCHED {
                break;
            }
            records.push((offset, record));
        }
        Ok(Fetched { records, high_watermark, start })
    }

    /// Appends records; returns the first one's offset. `acks` is 0, 1 or -1 (all in sync).
    ///
    /// # Errors
    /// As [`Self::fetch`], and NOT_ENOUGH_REPLICAS where all have to have it and fewer are in sync than
    /// `min.insync.replicas`. REQUEST_TIMED_OUT where one in sync does not fetch it: it is in the log, and
    /// not committed.
    pub fn produce(
        &mut self,
        broker: i32,
        topic: &str,
        partition: i32,
        records: Vec<Record>,
        acks: i16,
    ) -> Result<i64, Code> {
        if !(-1..=1).contains(&acks) {
            return Err(Code::InvalidRequiredAcks);
        }
        let (found, p) = self.led(broker, topic, partition)?;
        if !found.partitions[p].behind().is_empty() {
            // Who is behind may have come back, or gone, since the last step.
            self.settle_one(topic, p);
        }
        let (found, p) = self.led(broker, topic, partition)?;
        if acks == -1 && found.partitions[p].isr.len() < found.rules.min_isr {
            return Err(Code::NotEnoughReplicas);
        }
        let stuck = found.partitions[p].special().is_some_and(|s| s.watermark.is_some());
        let Some(found) = self.topics.get_mut(topic) else { return Err(Code::UnknownTopicOrPartition) };
        let (count, bytes) = (records.len() as f64, records.iter().map(Record::bytes).sum::<u64>() as f64);
        let base = found.partitions[p].append(records, found.sent);
        found.keep(p);
        found.count(broker, count, bytes);
        if let Some(broker) = self.brokers.get_mut(&broker) {
            broker.messages_in += count;
            broker.bytes_in += bytes;
        }
        if acks == -1 && stuck {
            return Err(Code::RequestTimedOut);
        }
        Ok(base)
    }

    /// The offset and the timestamp in milliseconds that ListOffsets answers with; -1 where there is none.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub fn list_offset(&self, broker: i32, topic: &str, partition: i32, at: At) -> Result<(i64, i64), Code> {
        let (found, p) = self.led(broker, topic, partition)?;
        let high_watermark = found.high_watermark(p);
        let start = found.start(p);
        Ok(match at {
            At::Earliest => (start, -1),
            At::Latest => (high_watermark, -1),
            At::Time(time) => match found.offset_at(p, time, &self.clock) {
                offset if offset < high_watermark => (offset, found.time_of(p, offset, &self.clock).0),
                _ => (-1, -1),
            },
            At::MaxTimestamp if start >= high_watermark => (-1, -1),
            At::MaxTimestamp => {
                let newest = high_watermark - 1;
                let produced = found.partitions[p].special().map(|s| &s.produced);
                let produced = produced.into_iter().flat_map(|all| all.range(start..high_watermark));
                let latest = produced.map(|(&o, r)| (r.at, o)).max_by_key(|&(at, o)| (at, -o));
                let own = (found.time_of(p, newest, &self.clock).0, newest);
                let (at, offset) = latest.filter(|latest| latest.0 >= own.0).unwrap_or(own);
                (offset, at)
            }
        })
    }

    /// Deletes what is before `offset` (-1: the high watermark). Returns where the log begins then.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub fn delete_records(
        &mut self,
        broker: i32,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<i64, Code> {
        let (found, p) = self.led(broker, topic, partition)?;
        let high_watermark = found.high_watermark(p);
        let offset = if offset == -1 { high_watermark } else { offset };
        if !(0..=high_watermark).contains(&offset) {
            return Err(Code::OffsetOutOfRange);
        }
        let Some(found) = self.topics.get_mut(topic) else { return Err(Code::UnknownTopicOrPartition) };
        let start = found.start(p).max(offset);
        found.partitions[p].begin_at(start);
        Ok(start)
    }

    /// The partition, where that broker leads it and serves.
    fn led(&self, broker: i32, topic: &str, partition: i32) -> Result<(&Topic, usize), Code> {
        let found = self.topics.get(topic).ok_or(Code::UnknownTopicOrPartition)?;
        let p = found.partition(partition).ok_or(Code::UnknownTopicOrPartition)?;
        match self.brokers.get(&broker) {
            Some(broker) if p.leader == Some(broker.id) && Broker::serves(broker) => {
                Ok((found, partition as usize))
            }
            _ => Err(Code::NotLeaderOrFollower),
        }
    }
}

impl Topic {
    /// Lets go of what is too much to keep, and of what is no longer in the log.
    fn keep(&mut self, partition: usize) {
        let mut start = self.start(partition);
        if let Some(special) = self.partitions[partition].special() {
            let mut kept = special.produced_bytes;
            for (offset, record) in &special.produced {
                if kept <= KEPT {
                    break;
                }
                kept -= record.bytes();
                start = start.max(offset + 1);
            }
        }
        self.partitions[partition].begin_at(start);
    }
}

/// For the sentences of refusals that clients are shown.
pub(super) fn unknown(topic: &str) -> Refused {
    Refused::because(Code::UnknownTopicOrPartition, format!("The topic '{topic}' does not exist."))
}
