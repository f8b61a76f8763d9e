//! Replication throttles as they would slow a move.
//!
//! Source: KIP-73. A topic names the throttled replicas of each side (`*`, or `partition:broker` in a list), a
//! broker has the rate of each side, in bytes a second; a copy is throttled where both say so.

use super::planner::Change;
use crate::{
    action::{Known, Note, Plan, rate, words},
    domain::{
        human,
        kafka::{BrokerId, Side, TopicName},
        time::age,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What one side of one broker has to pass through its throttle.
struct Narrow {
    rate: u64,
    bytes: u64,
}

/// What is found out about the copies that a move makes.
#[derive(Default)]
struct Found {
    narrows: BTreeMap<(Side, BrokerId), Narrow>,
    /// Topics whose settings, and brokers whose rates are not read: they may throttle, too.
    unread: BTreeSet<TopicName>,
    unrated: BTreeSet<BrokerId>,
    copies: usize,
    /// Those that nothing throttles.
    free: usize,
}

/// Says what throttles the copies, and how long they take at least, which is returned.
pub fn tell(known: &Known<'_>, plan: &mut Plan, changes: &[Change]) -> Duration {
    let mut found = Found::default();
    for change in changes {
        found.take(known, change);
    }
    found.doubt(plan);
    match (found.copies, found.narrows.is_empty()) {
        (0, _) => Duration::ZERO,
        (_, false) => found.say(plan),
        (_, true) => {
            if found.unread.is_empty() && found.unrated.is_empty() {
                plan.notes.push(Note::plain("not throttled: it copies as fast as disks and network go"));
            }
            Duration::ZERO
        }
    }
}

impl Found {
    fn take(&mut self, known: &Known<'_>, change: &Change) {
        let Some(topic) = known.world.snapshot.kafka.topics.get(&change.topic) else { return };
        let leader = topic.partition(change.partition).and_then(|p| p.leader);
        for id in change.added() {
            if topic.config.is_none() {
                self.unread.insert(change.topic.clone());
            }
            let ends = [leader.map(|leader| (Side::Leader, leader)), Some((Side::Follower, id))];
            let ends =
                ends.into_iter().flatten().filter(|(side, id)| side.names(topic, change.partition, *id));
            let throttled = ends.filter(|end| self.narrows(known, *end, change.bytes)).count();
            self.copies += 1;
            self.free += usize::from(throttled == 0);
        }
    }

    /// Whether that side of the broker has a rate, through which these bytes go.
    fn narrows(&mut self, known: &Known<'_>, (side, id): (Side, BrokerId), bytes: Option<u64>) -> bool {
        let broker = known.world.snapshot.kafka.brokers.get(&id);
        let Some(throttle) = broker.and_then(|b| b.throttle.live(known.world.now)) else {
            self.unrated.insert(id);
            return false;
        };
        let Some(rate) = side.rate(*throttle) else { return false };
        self.narrows.entry((side, id)).or_insert(Narrow { rate, bytes: 0 }).bytes += bytes.unwrap_or(0);
        true
    }

    fn doubt(&self, plan: &mut Plan) {
        if !self.unread.is_empty() {
            let topics = human::list(&self.unread, 3);
            plan.unknown.push(format!("whether {topics} is throttled: its settings are not read yet"));
        }
        if !self.unrated.is_empty() {
            let ids: Vec<BrokerId> = self.unrated.iter().copied().collect();
            plan.unknown.push(format!("the throttle rates of {}, which throttle this", words::brokers(&ids)));
        }
    }

    fn say(&self, plan: &mut Plan) -> Duration {
        let mut brokers: BTreeMap<(Side, u64), Vec<BrokerId>> = BTreeMap::new();
        for ((side, id), narrow) in &self.narrows {
            brokers.entry((*side, narrow.rate)).or_default().push(*id);
        }
        for ((side, rate), ids) in brokers {
            plan.notes.push(Note::warning(format!(
                "throttled by {} {} of {}",
                side.rate_key(),
                rate::words(rate),
                words::brokers(&ids)
            )));
        }
        if self.free > 0 {
            let copies = human::plural(self.copies, "replica");
            plan.notes.push(Note::plain(format!("{} of {copies} not throttled", self.free)));
        }
        let slowest = self.narrows.values().map(|n| n.bytes / n.rate.max(1)).max().unwrap_or(0);
        let slowest = Duration::from_secs(slowest);
        plan.amounts.push(format!("{} at the least, as it is throttled", age(slowest)));
        slowest
    }
}
