//! One partition: who has it, and how far its log goes.

use super::Record;
use std::{collections::BTreeMap, sync::Arc};

/// Ids of brokers. Most partitions' replicas are all in sync: then both lists are one.
pub type Replicas = Arc<[i32]>;

/// One partition. Where its log ends follows from what producers have sent to the whole topic: only what is out
/// of the ordinary is kept here, and nothing moves from second to second.
#[derive(Debug, Clone)]
pub struct Partition {
    /// In the order of preference; during a reassignment the wanted ones come first.
    pub replicas: Replicas,
    pub isr: Replicas,
    pub leader: Option<i32>,
    /// Of its leaders.
    pub epoch: i32,
    /// Its part of what is sent to the topic.
    share: f64,
    /// Its log end when nothing had been sent.
    origin: f64,
    /// What was deleted by request or by size: its log begins no earlier.
    pub(super) floor: i64,
    special: Option<Box<Special>>,
}

/// What few partitions have.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Special {
    pub adding: Vec<i32>,
    pub removing: Vec<i32>,
    /// Replicas that have not all of the log, or may not have all of it in a moment.
    pub behind: Vec<Replica>,
    /// What had been sent to the topic when this partition stopped taking records.
    held: Option<f64>,
    /// The high watermark, where a replica in sync keeps it from moving.
    pub watermark: Option<i64>,
    /// What was produced from outside, by offset; the simulated producers' records are made when they are read.
    pub produced: BTreeMap<i64, Record>,
    /// The bytes of these.
    pub produced_bytes: u64,
    /// How offsets followed from what was sent, earlier.
    eras: Vec<Era>,
}

/// A replica that has not all of the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replica {
    pub broker: i32,
    /// Where its log ends, in offsets; in the midst of one while it copies.
    pub end: f64,
    /// The simulated second at which it had all.
    pub since: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Era {
    /// The first offset that is not of it.
    until: i64,
    /// What had been sent to the topic when it ended.
    at: f64,
    origin: f64,
    share: f64,
}

/// Earlier eras that are remembered; the records of older ones are told as of the oldest.
const ERAS: usize = 128;

impl Partition {
    /// A new one, whose replicas are all in sync and whose first leads.
    pub fn new(replicas: Replicas, share: f64) -> Self {
        let leader = replicas.first().copied();
        let isr = replicas.clone();
        Partition { replicas, isr, leader, epoch: 0, share, origin: 0.0, floor: 0, special: None }
    }

    /// The brokers that a reassignment adds.
    pub fn adding(&self) -> &[i32] {
        self.special.as_ref().map_or(&[], |s| &s.adding)
    }

    /// The brokers that a reassignment takes away when the added ones have everything.
    pub fn removing(&self) -> &[i32] {
        self.special.as_ref().map_or(&[], |s| &s.removing)
    }

    pub fn reassigning(&self) -> bool {
        !self.adding().is_empty() || !self.removing().is_empty()
    }

    /// The replicas that have not all of the log.
    pub fn behind(&self) -> &[Replica] {
        self.special.as_ref().map_or(&[], |s| &s.behind)
    }

    pub(super) fn special(&self) -> Option<&Special> {
        self.special.as_deref()
    }

    pub(super) fn special_mut(&mut self) -> &mut Special {
        self.special.get_or_insert_default()
    }

    /// Forgets that it was special when it no more is.
    pub(super) fn forget_ordinary(&mut self) {
        if self.special.as_deref() == Some(&Special::default()) {
            self.special = None;
        }
    }

    pub(super) fn share(&self) -> f64 {
        self.share
    }

    /// Whether the simulated producers' records are not taken.
    pub fn held(&self) -> bool {
        self.special.as_ref().is_some_and(|s| s.held.is_some())
    }

    fn exact(&self, sent: f64) -> f64 {
        let held = self.special.as_ref().and_then(|s| s.held);
        self.origin + self.share * held.unwrap_or(sent)
    }

    /// The offset after the last record, when so much had been sent to the topic.
    pub(super) fn end(&self, sent: f64) -> i64 {
        self.exact(sent).floor() as i64
    }

    /// Up to where every replica in sync has it.
    pub(super) fn high_watermark(&self, sent: f64) -> i64 {
        self.special.as_ref().and_then(|s| s.watermark).unwrap_or_else(|| self.end(sent))
    }

    /// Stops or goes on taking the simulated producers' records. What they sent meanwhile is lost to it.
    pub(super) fn hold(&mut self, hold: bool, sent: f64) {
        match (hold, self.special.as_ref().and_then(|s| s.held)) {
            (true, None) => self.special_mut().held = Some(sent),
            (false, Some(held)) => {
                let end = self.end(sent);
                self.turn(end, sent);
                self.origin -= self.share * (sent - held);
                self.special_mut().held = None;
                self.reach(end, sent);
            }
            _ => {}
        }
    }

    /// Appends what came from outside. Returns the first one's offset.
    pub(super) fn append(&mut self, records: Vec<Record>, sent: f64) -> i64 {
        let base = self.end(sent);
        self.turn(base, sent);
        self.origin += records.len() as f64;
        self.reach(base + records.len() as i64, sent);
        let special = self.special_mut();
        special.produced_bytes += records.iter().map(Record::bytes).sum::<u64>();
        special.produced.extend((base..).zip(records));
        base
    }

    /// Cuts the log off at `end`, as a new leader does that had no more of it.
    pub(super) fn truncate(&mut self, end: f64, sent: f64) {
        let lost = self.exact(sent) - end;
        if lost <= 0.0 {
            return;
        }
        let offset = end.floor() as i64;
        self.turn(offset, sent);
        self.origin -= lost;
        self.reach(offset, sent);
        self.floor = self.floor.min(offset);
        let special = self.special_mut();
        let cut = special.produced.split_off(&offset);
        special.produced_bytes -= cut.values().map(Record::bytes).sum::<u64>();
        special.watermark = special.watermark.map(|w| w.min(offset));
        for replica in &mut special.behind {
            replica.end = replica.end.min(end);
        }
    }

    /// Lets the log begin later.
    pub(super) fn begin_at(&mut self, start: i64) {
        self.floor = self.floor.max(start);
        let Some(special) = &mut self.special else { return };
        while let Some(first) = special.produced.first_entry().filter(|first| *first.key() < start) {
            special.produced_bytes -= first.remove().bytes();
        }
    }

    /// From now on another part of what is sent goes here.
    pub(super) fn set_share(&mut self, share: f64, sent: f64) {
        let exact = self.exact(sent);
        self.turn(exact.floor() as i64, sent);
        let held = self.special.as_ref().and_then(|s| s.held);
        self.share = share;
        self.origin = exact - share * held.unwrap_or(sent);
        self.reach(exact.floor() as i64, sent);
    }

    /// Makes good what rounding took from the log's end.
    fn reach(&mut self, end: i64, sent: f64) {
        let exact = self.exact(sent);
        if exact.floor() < end as f64 {
            self.origin += end as f64 - exact + (exact.abs() * f64::EPSILON * 4.0).max(1e-9);
        }
    }

    /// The offsets from here on follow from what is sent in another way.
    fn turn(&mut self, until: i64, at: f64) {
        if until <= 0 {
            self.special.iter_mut().for_each(|s| s.eras.clear());
            return;
        }
        // Nothing was sent between two turns at one offset: the earlier is the one that tells.
        let Some(era) = self.eras().find(|era| era.until >= until) else { return };
        let eras = &mut self.special_mut().eras;
        eras.retain(|e| e.until < until);
        eras.push(Era { until, at, ..era });
        let over = eras.len().saturating_sub(ERAS);
        eras.drain(..over);
    }

    fn eras(&self) -> impl Iterator<Item = Era> {
        let now = Era { until: i64::MAX, at: f64::INFINITY, origin: self.origin, share: self.share };
        self.special.iter().flat_map(|s| &s.eras).copied().chain([now])
    }

    /// How much had been sent to the topic when the record at `offset` was.
    pub(super) fn sent_at(&self, offset: i64) -> f64 {
        let era = self.eras().find(|era| offset < era.until);
        era.filter(|e| e.share > 0.0).map_or(0.0, |e| ((offset + 1) as f64 - e.origin) / e.share)
    }

    /// The first offset that was not there yet when so much had been sent to the topic.
    pub(super) fn offset_at(&self, sent: f64) -> i64 {
        let mut from = 0;
        for era in self.eras() {
            if sent < era.at {
                return ((era.origin + era.share * sent).floor() as i64).clamp(from, era.until);
            }
            from = era.until;
        }
        from
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;

    fn record(at: i64) -> Record {
        Record { at: Time(at).0, key: None, value: None, headers: Vec::new() }
    }

    #[test]
    fn what_is_produced_takes_its_place_among_what_is_sent() {
        let mut partition = Partition::new([1].into(), 0.5);
        assert_eq!((partition.end(0.0), partition.end(1.0), partition.end(9.0)), (0, 0, 4));
        assert_eq!(partition.append(vec![record(1), record(2)], 9.0), 4);
        assert_eq!((partition.end(9.0), partition.end(10.0)), (6, 7));
        assert_eq!([partition.sent_at(3), partition.sent_at(6)], [8.0, 10.0]);
        assert_eq!([8.0, 9.9, 10.0].map(|sent| partition.offset_at(sent)), [4, 6, 7]);
    }

    #[test]
    fn what_is_sent_while_it_takes_nothing_is_not_in_it() {
        let mut partition = Partition::new([1].into(), 0.5);
        partition.hold(true, 10.0);
        assert_eq!((partition.end(10.0), partition.end(100.0), partition.held()), (5, 5, true));
        partition.hold(false, 100.0);
        assert_eq!((partition.end(100.0), partition.end(104.0)), (5, 7));
        assert_eq!([partition.sent_at(4), partition.sent_at(5)], [10.0, 102.0]);
    }

    #[test]
    fn a_log_that_is_cut_off_grows_again_from_there() {
        let mut partition = Partition::new([1].into(), 1.0);
        partition.append(vec![record(1)], 5.0);
        partition.truncate(3.0, 8.0);
        assert_eq!((partition.end(8.0), partition.end(9.0)), (3, 4));
        assert!(partition.special().is_some_and(|s| s.produced.is_empty()));
        assert_eq!([partition.sent_at(2), partition.sent_at(3)], [3.0, 9.0]);
    }

    #[test]
    fn another_share_changes_nothing_that_was() {
        let mut partition = Partition::new([1].into(), 1.0);
        partition.set_share(0.25, 8.0);
        assert_eq!((partition.end(8.0), partition.end(12.0)), (8, 9));
        assert_eq!([partition.sent_at(7), partition.sent_at(8)], [8.0, 12.0]);
    }
}
