//! The controllers' quorum.

use super::{Cluster, Life};
use crate::domain::time::Time;

/// Seconds without a leader until the voters have elected another: `controller.quorum.fetch.timeout.ms`, the
/// default.
const ELECTION: f64 = 2.0;
/// A voter votes so long after its process began.
const AWAKE: f64 = 1.0;
/// Records that the active controller writes when nothing happens: one each 500 ms.
const RECORDS: f64 = 2.0;

/// The quorum as its leader describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Quorum {
    pub leader: i32,
    pub epoch: i32,
    pub high_watermark: i64,
    pub voters: Vec<Voter>,
    pub observers: Vec<Voter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voter {
    pub id: i32,
    pub log_end: i64,
    pub fetched: Time,
    pub caught_up: Time,
}

/// What the steps remember of the quorum.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Metadata {
    pub epoch: i32,
    /// The log's end, in records.
    end: f64,
    /// Since when there is no leader that a majority hears.
    lost: Option<f64>,
}

impl Metadata {
    /// Whether the active controller is there and hears a majority.
    fn led(&self) -> bool {
        self.lost.is_none()
    }
}

impl Cluster {
    /// The quorum; None where no voter leads it.
    pub fn quorum(&self) -> Option<Quorum> {
        let leader = self.controller?;
        let described = |id: i32| {
            let (end, at) = match self.brokers.get(&id).filter(|_| !self.awake(id)) {
                Some(silent) => silent.process.metadata,
                None => (self.metadata.end, self.clock.seconds()),
            };
            let at = self.clock.time(at);
            Voter { id, log_end: end as i64, fetched: at, caught_up: at }
        };
        let observers = self.brokers.keys().copied().filter(|id| !self.voters.contains(id));
        Some(Quorum {
            leader,
            epoch: self.metadata.epoch,
            high_watermark: self.metadata.end as i64,
            voters: self.voters.iter().copied().map(described).collect(),
            observers: observers.map(described).collect(),
        })
    }

    /// Whether something can be written to the metadata.
    pub(super) fn controlling(&self) -> bool {
        self.controller.is_some() && self.metadata.led()
    }

    /// Lets the voters elect a leader where there is none, and lose it where no majority hears it.
    pub(super) fn vote(&mut self, dt: f64, random: &mut fastrand::Rng) {
        let now = self.clock.seconds();
        let before = self.controlling();
        let awake: Vec<i32> = self.voters.iter().copied().filter(|&id| self.awake(id)).collect();
        let majority = awake.len() * 2 > self.voters.len();
        if majority && self.controller.is_some_and(|leader| awake.contains(&leader)) {
            self.metadata.lost = None;
        } else {
            let lost = *self.metadata.lost.get_or_insert(now);
            if now - lost >= ELECTION || self.metadata.epoch == 0 {
                self.controller = None;
                self.elect_controller(if majority { &awake } else { &[] }, random);
            }
        }
        self.metadata.epoch = self.metadata.epoch.max(1);
        if self.controlling() {
            self.metadata.end += dt * RECORDS;
        }
        let end = self.metadata.end;
        for broker in self.brokers.values_mut().filter(|b| matches!(b.life, Life::Up | Life::Stopping)) {
            broker.process.metadata = (end, now);
        }
        if self.controlling() != before {
            self.stir_all();
        }
    }

    fn elect_controller(&mut self, among: &[i32], random: &mut fastrand::Rng) {
        let Some(&elected) = random.choice(among) else { return };
        self.controller = Some(elected);
        self.metadata.epoch += 1;
        self.metadata.lost = None;
        // It gives every broker a whole session.
        let now = self.clock.seconds();
        for broker in self.brokers.values_mut() {
            broker.process.heard = now;
        }
    }

    /// Whether the voter's process runs and answers. Those that are no brokers always do.
    fn awake(&self, voter: i32) -> bool {
        self.brokers.get(&voter).is_none_or(|b| match b.life {
            Life::Up | Life::Stopping => true,
            Life::Starting => self.clock.seconds() - b.process.since >= AWAKE,
            Life::Down | Life::Hung => false,
        })
    }
}
