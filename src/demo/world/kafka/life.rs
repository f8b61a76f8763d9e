//! Brokers' processes: how they start and stop, and what the controller hears of them.

use super::{Broker, Cluster, Life, controller::Standing};
use crate::domain::Text;

/// `broker.session.timeout.ms`, in seconds: the default.
const SESSION: f64 = 9.0;
/// From the end of recovery, or from answering again, until the controller lets a broker in.
const REGISTRATION: f64 = 1.0;
/// A controlled shutdown, with the leaders' moves and the log's closing.
const SHUTDOWN: f64 = 2.0;
/// A start with nothing to recover.
const START: f64 = 4.0;
/// Bytes a second that log recovery reads after an unclean stop, and how long it takes at most: only what was
/// not flushed is read.
const RECOVERY: f64 = 1e9;
const LONGEST_RECOVERY: f64 = 120.0;

impl Cluster {
    /// Follows what happened to the processes, fences those that were not heard of, registers those that came
    /// back, and brings their partitions to what follows from it.
    pub(super) fn lives(&mut self) {
        let now = self.clock.seconds();
        let controlled = self.controlling();
        let mut stirred = Vec::new();
        for broker in self.brokers.values_mut() {
            broker.live(now, controlled);
            let stands = broker.standing();
            if std::mem::replace(&mut broker.process.stood, stands) != stands {
                stirred.push(broker.id);
            }
        }
        for &broker in &stirred {
            self.stir(broker);
        }
        if !stirred.is_empty() {
            self.settle();
        }
    }

    /// Looks again at all partitions that a broker has a replica of.
    fn stir(&mut self, broker: i32) {
        let of = |topic: &super::Topic| {
            let here = |p: &usize| topic.partitions[*p].replicas.contains(&broker);
            (0..topic.partitions.len()).filter(here).collect::<Vec<_>>()
        };
        let all: Vec<(Text, Vec<usize>)> =
            self.topics.iter().map(|(name, t)| (name.clone(), of(t))).collect();
        for (topic, partitions) in all.into_iter().filter(|(_, partitions)| !partitions.is_empty()) {
            self.look_at(&topic, partitions);
        }
    }

    /// Brings all partitions that something may be the matter with to what the rules say.
    pub(super) fn settle(&mut self) {
        let standing =
            Standing { brokers: &self.brokers, controlled: self.controlling(), now: self.clock.seconds() };
        let topics = &mut self.topics;
        self.troubled.retain(|name, partitions| {
            let Some(topic) = topics.get_mut(name) else { return false };
            partitions.retain(|&p| p < topic.partitions.len() && topic.settle(p, standing));
            !partitions.is_empty()
        });
    }

    /// Brings one partition to what the rules say; the steps look at it again.
    pub(super) fn settle_one(&mut self, topic: &str, partition: usize) {
        let standing =
            Standing { brokers: &self.brokers, controlled: self.controlling(), now: self.clock.seconds() };
        if let Some(found) = self.topics.get_mut(topic) {
            found.settle(partition, standing);
        }
        self.look_at(topic, [partition]);
    }

    /// Looks again at everything that is out of the ordinary.
    pub(super) fn stir_all(&mut self) {
        for (name, topic) in &self.topics {
            let odd = |p: &usize| topic.partitions[*p].special().is_some();
            let odd: Vec<usize> = (0..topic.partitions.len()).filter(odd).collect();
            if !odd.is_empty() {
                self.troubled.entry(name.clone()).or_default().extend(odd);
            }
        }
        self.settle();
    }

    /// The broker lost its disk: what it had is gone.
    pub fn wipe(&mut self, broker: i32) {
        let now = self.clock.seconds();
        for topic in self.topics.values_mut() {
            for p in 0..topic.partitions.len() {
                topic.empty(p, broker, now);
            }
        }
        if let Some(broker) = self.brokers.get_mut(&broker) {
            broker.used = broker.other_bytes;
            broker.process.clean = true;
        }
        self.stir(broker);
    }
}

impl super::Topic {
    fn empty(&mut self, partition: usize, broker: i32, now: f64) {
        let p = &mut self.partitions[partition];
        if !p.replicas.contains(&broker) {
            return;
        }
        let behind = &mut p.special_mut().behind;
        behind.retain(|r| r.broker != broker);
        behind.push(super::Replica { broker, end: 0.0, since: now });
    }
}

impl Broker {
    fn live(&mut self, now: f64, controlled: bool) {
        self.follow_process(now);
        let lasted = now - self.process.since;
        match self.life {
            Life::Starting if lasted >= self.start_takes() => self.come_up(now),
            Life::Stopping if lasted >= SHUTDOWN => {
                self.turn_to(Life::Down, now);
                self.process.clean = controlled;
            }
            _ => {}
        }
        self.heed_controller(now, controlled);
    }

    /// Takes notice of what whoever runs the processes has set.
    fn follow_process(&mut self, now: f64) {
        let (was, life) = (self.process.seen, self.life);
        if was == life {
            return;
        }
        if life == Life::Down {
            self.process.clean = was == Life::Stopping;
        }
        self.turn_to(life, now);
    }

    fn turn_to(&mut self, life: Life, now: f64) {
        let new_process = match (self.process.seen, life) {
            (_, Life::Down) => true,
            (was, Life::Starting) => was != Life::Down,
            _ => false,
        };
        if new_process {
            // The registration is of the process that is gone.
            self.process.stale = self.registered;
            (self.messages_in, self.bytes_in, self.bytes_out, self.copied_in) = (0.0, 0.0, 0.0, 0.0);
        }
        self.life = life;
        self.process.seen = life;
        self.process.since = now;
    }

    fn start_takes(&self) -> f64 {
        let recovery = if self.process.clean { 0.0 } else { self.used as f64 / RECOVERY };
        START + recovery.min(LONGEST_RECOVERY)
    }

    fn come_up(&mut self, now: f64) {
        self.disk_failed = self.used >= self.capacity;
        self.turn_to(if self.disk_failed { Life::Down } else { Life::Up }, now);
    }

    /// Heartbeats, fencing and registration.
    fn heed_controller(&mut self, now: f64, controlled: bool) {
        if !controlled {
            // A new controller gives everyone a whole session.
            self.process.heard = now;
            return;
        }
        let process = self.process;
        if self.registered && !process.stale && matches!(self.life, Life::Up | Life::Stopping) {
            self.process.heard = now;
        }
        let gone = process.clean && self.life == Life::Down;
        if self.registered && (gone || now - self.process.heard >= SESSION) {
            self.registered = false;
            self.process.stale = false;
        }
        if self.life == Life::Up && !self.registered && now - self.process.since >= REGISTRATION {
            self.registered = true;
            self.process.heard = now;
        }
    }

    /// Stops it, as a full disk does.
    pub(super) fn fail_disk(&mut self, now: f64) {
        self.disk_failed = true;
        self.turn_to(Life::Down, now);
        self.process.clean = false;
    }
}
