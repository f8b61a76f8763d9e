//! What is sent and read, second by second: log ends, expiry, and the brokers' counters.

use super::{Cluster, Topic, Traffic};

/// Simulated seconds between two looks at what is too old.
const EXPIRY: f64 = 10.0;

impl Cluster {
    /// Lets the producers send and old records expire up to now.
    pub(super) fn traffic(&mut self) {
        let now = self.clock.seconds();
        let expires = now - self.expired >= EXPIRY;
        if expires {
            self.expired = now;
        }
        for topic in self.topics.values_mut() {
            if topic.moved {
                topic.share_traffic();
            }
            let before = topic.sent;
            topic.sent_until(now);
            if expires {
                topic.expire(now);
            }
            let sent = topic.sent - before;
            for traffic in topic.traffic.iter_mut().filter(|t| t.share > 0.0 && sent > 0.0) {
                let (messages, bytes) = (sent * traffic.share, sent * traffic.share * topic.record_bytes);
                traffic.messages_in += messages;
                traffic.bytes_in += bytes;
                if let Some(broker) = self.brokers.get_mut(&traffic.broker) {
                    broker.messages_in += messages;
                    broker.bytes_in += bytes;
                }
            }
        }
    }
}

impl Topic {
    /// As if it had been sent to since then.
    pub(super) fn begin(&mut self, since: f64, rate: f64, now: f64) {
        self.flow = super::flow::Flow::new(super::flow::Shape::new(self.seed), since, rate);
        self.sent_until(now);
        self.expire(now);
    }

    fn sent_until(&mut self, now: f64) {
        self.sent = self.flow.sent(now);
    }

    fn expire(&mut self, now: f64) {
        if let Some(retention) = self.rules.retention {
            // What has expired stays so when the retention becomes longer.
            self.expired = self.expired.max(self.flow.sent(now - retention));
        }
    }

    /// Who takes which part of what is sent, as it is led now. Counters stay.
    fn share_traffic(&mut self) {
        for traffic in &mut self.traffic {
            traffic.share = 0.0;
        }
        for p in 0..self.partitions.len() {
            let (leader, share) = (self.partitions[p].leader, self.partitions[p].share());
            if let Some(leader) = leader.filter(|_| !self.partitions[p].held()) {
                self.counter(leader).share += share;
            }
        }
        self.moved = false;
    }

    /// Counts what a client sent.
    pub(super) fn count(&mut self, broker: i32, messages: f64, bytes: f64) {
        let counter = self.counter(broker);
        counter.messages_in += messages;
        counter.bytes_in += bytes;
    }

    pub(super) fn counter(&mut self, broker: i32) -> &mut Traffic {
        let at = self.traffic.iter().position(|t| t.broker == broker).unwrap_or_else(|| {
            let new = Traffic { broker, share: 0.0, messages_in: 0.0, bytes_in: 0.0, bytes_out: 0.0 };
            self.traffic.push(new);
            self.traffic.len() - 1
        });
        &mut self.traffic[at]
    }
}
