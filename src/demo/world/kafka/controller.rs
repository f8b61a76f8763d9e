//! What the controller and the leaders decide about one partition: who leads it, who is in sync, when a
//! reassignment has ended, and whether producers are heard.
//!
//! It is one function that brings a partition to what the rules say of the brokers as they are. It is asked
//! again whenever something happened, and does nothing where nothing has to be done.

use super::{Broker, Partition, Replica, Topic};
use std::collections::BTreeMap;

/// `replica.lag.time.max.ms`, in seconds: the default.
const LAG_TIME: f64 = 30.0;

/// The brokers as a decision sees them.
#[derive(Clone, Copy)]
pub(super) struct Standing<'a> {
    pub brokers: &'a BTreeMap<i32, Broker>,
    /// Whether there is a controller: without one nothing is decided.
    pub controlled: bool,
    /// The simulated second.
    pub now: f64,
}

impl Standing<'_> {
    fn is(&self, broker: i32, what: impl Fn(&Broker) -> bool) -> bool {
        self.brokers.get(&broker).is_some_and(what)
    }

    /// Whether it may lead: registered, not fenced, and not about to stop.
    pub fn available(&self, broker: i32) -> bool {
        self.is(broker, |b| b.registered && b.life != super::Life::Stopping)
    }

    pub fn serves(&self, broker: i32) -> bool {
        self.is(broker, Broker::serves)
    }

    pub fn follows(&self, broker: i32) -> bool {
        self.is(broker, Broker::follows)
    }
}

impl Topic {
    /// Brings the partition to what the rules say. Returns whether time alone may change it further.
    pub(super) fn settle(&mut self, partition: usize, standing: Standing) -> bool {
        let (sent, rules) = (self.sent, &self.rules);
        let p = &mut self.partitions[partition];
        let before = (p.leader, p.held());
        p.note_who_stopped(standing, sent);
        if standing.controlled {
            p.drop_from_isr(standing);
            p.choose_leader(standing, rules.unclean, sent);
            p.note_who_stopped(standing, sent);
            p.admit_to_isr(standing, sent);
            p.end_reassignment(standing, sent);
        }
        p.set_watermark(standing);
        let waits = p.special().is_some_and(|s| s.watermark.is_some());
        let led = p.leader.is_some_and(|leader| standing.serves(leader));
        p.hold(!led || waits || p.isr.len() < rules.min_isr, sent);
        p.forget_ordinary();
        self.moved |= before != (p.leader, p.held());
        let moves = |r: &Replica| standing.follows(r.broker) || p.isr.contains(&r.broker);
        p.behind().iter().any(moves)
    }
}

impl Partition {
    /// Remembers where the logs of those end who follow no longer, and of those who are not in sync.
    fn note_who_stopped(&mut self, standing: Standing, sent: f64) {
        let end = self.end(sent) as f64;
        let leads = |id: i32| self.leader == Some(id) && standing.serves(id);
        let stopped = |id: i32| !leads(id) && (!standing.follows(id) || !self.isr.contains(&id));
        let known = |id: i32| self.behind().iter().any(|r| r.broker == id);
        let new: Vec<i32> = self.replicas.iter().copied().filter(|&id| stopped(id) && !known(id)).collect();
        let leader = self.leader.filter(|&id| leads(id) && known(id));
        if !new.is_empty() {
            let since = standing.now;
            let new = new.into_iter().map(|broker| Replica { broker, end, since });
            self.special_mut().behind.extend(new);
        }
        if let Some(leader) = leader {
            self.special_mut().behind.retain(|r| r.broker != leader);
        }
    }

    /// Those who are fenced, about to stop, or too long behind are no more in sync; the last one stays.
    ///
    /// Source: Apache Kafka `ReplicationControlManager.generateLeaderAndIsrUpdates`, `Partition.maybeShrinkIsr`.
    fn drop_from_isr(&mut self, standing: Standing) {
        let led = self.leader.is_some_and(|leader| standing.serves(leader));
        let late = |id: i32| {
            let late = |r: &Replica| r.broker == id && standing.now - r.since > LAG_TIME;
            led && self.leader != Some(id) && self.behind().iter().any(late)
        };
        let stays = |id: i32| standing.available(id) && !late(id);
        if self.isr.iter().all(|&id| stays(id)) {
            return;
        }
        let mut left: Vec<i32> = self.isr.iter().copied().filter(|&id| stays(id)).collect();
        if left.is_empty() {
            let last = self.leader.filter(|leader| self.isr.contains(leader));
            left.extend(last.or(self.isr.first().copied()));
        }
        if *left != *self.isr {
            self.isr = left.into();
        }
    }

    /// The first replica in sync that may lead. Where there is none, the partition is offline, or, if that is
    /// allowed, led by one that lacks something: then all others lose what it has not.
    fn choose_leader(&mut self, standing: Standing, unclean: bool, sent: f64) {
        if self.leader.is_some_and(|leader| standing.available(leader) && self.replicas.contains(&leader)) {
            return;
        }
        let may = |id: &i32| standing.available(*id);
        let clean = self.replicas.iter().copied().find(|id| self.isr.contains(id) && may(id));
        let dirty = || self.replicas.iter().copied().find(may).filter(|_| unclean);
        match clean.or_else(dirty) {
            Some(new) => self.lead(new, sent),
            // One that is about to stop leads on until it goes.
            None if self.leader.is_some_and(|id| standing.serves(id) && self.replicas.contains(&id)) => {}
            None if self.leader.is_some() => {
                self.leader = None;
                self.epoch += 1;
            }
            None => {}
        }
    }

    /// Makes a replica the leader: the log is what it has.
    pub(super) fn lead(&mut self, new: i32, sent: f64) {
        if let Some(has) = self.behind().iter().find(|r| r.broker == new).map(|r| r.end) {
            self.special_mut().behind.retain(|r| r.broker != new);
            self.truncate(has.floor(), sent);
        }
        if !self.isr.contains(&new) {
            self.isr = [new].into();
        }
        self.leader = Some(new);
        self.epoch += 1;
    }

    /// Those who have all of the log are in sync.
    fn admit_to_isr(&mut self, standing: Standing, sent: f64) {
        if self.behind().is_empty() || !self.leader.is_some_and(|leader| standing.serves(leader)) {
            return;
        }
        let end = self.end(sent) as f64;
        let caught_up =
            |r: &Replica| r.end >= end && standing.follows(r.broker) && standing.available(r.broker);
        let mut isr = self.isr.to_vec();
        let all = std::mem::take(&mut self.special_mut().behind);
        let (joined, behind): (Vec<_>, Vec<_>) = all.into_iter().partition(caught_up);
        self.special_mut().behind = behind;
        isr.extend(joined.iter().map(|r| r.broker).filter(|id| !self.isr.contains(id)));
        if isr.len() != self.isr.len() {
            self.isr = isr.into();
        }
    }

    /// When all that are added are in sync, those that are to go do.
    ///
    /// Source: Apache Kafka `PartitionReassignmentReplicas.maybeCompleteReassignment`.
    fn end_reassignment(&mut self, standing: Standing, sent: f64) {
        if !self.reassigning() {
            return;
        }
        let without = |ids: &[i32]| -> Vec<i32> {
            ids.iter().copied().filter(|id| !self.removing().contains(id)).collect()
        };
        let (replicas, isr) = (without(&self.replicas), without(&self.isr));
        if isr.is_empty() || !self.adding().iter().all(|id| isr.contains(id)) {
            return;
        }
        self.take_replicas(replicas, isr);
        self.choose_leader(standing, false, sent);
    }

    /// Has these replicas from now on, and no reassignment.
    pub(super) fn take_replicas(&mut self, replicas: Vec<i32>, isr: Vec<i32>) {
        let special = self.special_mut();
        special.adding.clear();
        special.removing.clear();
        special.behind.retain(|r| replicas.contains(&r.broker));
        (self.replicas, self.isr) = (replicas.into(), isr.into());
    }

    /// A replica in sync that has not all keeps the watermark where its log ends.
    fn set_watermark(&mut self, standing: Standing) {
        if !self.leader.is_some_and(|leader| standing.serves(leader)) {
            return;
        }
        let keeps = |r: &&Replica| self.isr.contains(&r.broker);
        let least = self.behind().iter().filter(keeps).map(|r| r.end.floor() as i64).min();
        if self.special().is_some_and(|s| s.watermark != least) || least.is_some() {
            self.special_mut().watermark = least;
        }
    }
}
