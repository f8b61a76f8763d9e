//! Replication throttles as they would slow a move.
//!
//! Source: KIP-73. A topic names the throttled replicas of each side (`*`, or `partition:broker` in a list), a
//! broker has the rate of each side, in bytes a second; a copy is throttled where both say so.

use super::planner::Change;
use crate::{
    action::{Known, Note, Plan, words},
    domain::{
        human,
        kafka::{BrokerId, Throttle, Topic},
        time::age,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Leader,
    Follower,
}

impl Side {
    fn word(self) -> &'static str {
        match self {
            Side::Leader => "leader",
            Side::Follower => "follower",
        }
    }

    fn rate(self, throttle: &Throttle) -> Option<u64> {
        match self {
            Side::Leader => throttle.leader,
            Side::Follower => throttle.follower,
        }
    }

    /// Whether the topic names this replica.
    fn names(self, topic: &Topic, partition: i32, broker: BrokerId) -> bool {
        let key = format!("{}.replication.throttled.replicas", self.word());
        let overrides = topic.config.iter().flat_map(|config| &config.overrides);
        let meant = [format!("{partition}:{broker}"), "*".into()];
        let mut set = overrides.filter(|(name, _)| *name == key).flat_map(|(_, value)| value.split(','));
        set.any(|word| meant.iter().any(|m| m == word.trim()))
    }
}

/// What one side of one broker has to pass through its throttle.
struct Narrow {
    rate: u64,
    bytes: u64,
}

/// Says what throttles the copies, and how long they take at least, which is returned.
pub fn tell(known: &Known<'_>, plan: &mut Plan, changes: &[Change]) -> Duration {
    let mut narrows: BTreeMap<(Side, BrokerId), Narrow> = BTreeMap::new();
    let (mut unread, mut unrated) = (BTreeSet::new(), BTreeSet::new());
    let (mut copies, mut free) = (0, 0);
    let kafka = &known.world.snapshot.kafka;
    for change in changes {
        let Some(topic) = kafka.topics.get(&change.topic) else { continue };
        if topic.config.is_none() && change.added().next().is_some() {
            unread.insert(change.topic.clone());
        }
        let leader = topic.partition(change.partition).and_then(|p| p.leader);
        for id in change.added() {
            let ends = [leader.map(|leader| (Side::Leader, leader)), Some((Side::Follower, id))];
            let mut throttled = false;
            for (side, id) in ends.into_iter().flatten() {
                if !side.names(topic, change.partition, id) {
                    continue;
                }
                let Some(throttle) = kafka.brokers.get(&id).and_then(|b| b.throttle.live(known.world.now))
                else {
                    unrated.insert(id);
                    continue;
                };
                if let Some(rate) = side.rate(throttle) {
                    throttled = true;
                    let narrow = narrows.entry((side, id)).or_insert(Narrow { rate, bytes: 0 });
                    narrow.bytes += change.bytes.unwrap_or(0);
                }
            }
            copies += 1;
            free += usize::from(!throttled);
        }
    }
    if !unread.is_empty() {
        plan.unknown
            .push(format!("whether {} is throttled: its settings are not read yet", human::list(unread, 3)));
    }
    if !unrated.is_empty() {
        let ids: Vec<BrokerId> = unrated.into_iter().collect();
        plan.unknown.push(format!("the throttle rates of {}, which throttle this", words::brokers(&ids)));
    }
    if copies == 0 {
        return Duration::ZERO;
    }
    say(plan, &narrows, copies, free)
}

fn say(
    plan: &mut Plan,
    narrows: &BTreeMap<(Side, BrokerId), Narrow>,
    copies: usize,
    free: usize,
) -> Duration {
    if narrows.is_empty() {
        if plan.unknown.iter().all(|u| !u.contains("throttle")) {
            plan.notes.push(Note::plain("not throttled: it copies as fast as disks and network go"));
        }
        return Duration::ZERO;
    }
    let mut brokers: BTreeMap<(Side, u64), Vec<BrokerId>> = BTreeMap::new();
    for ((side, id), narrow) in narrows {
        brokers.entry((*side, narrow.rate)).or_default().push(*id);
    }
    for ((side, rate), ids) in brokers {
        plan.notes.push(Note::warning(format!(
            "throttled by {}.replication.throttled.rate {rate} B/s ({}) of {}",
            side.word(),
            human::byte_rate(rate as f64),
            words::brokers(&ids)
        )));
    }
    if free > 0 {
        plan.notes.push(Note::plain(format!("{free} of {} not throttled", human::plural(copies, "replica"))));
    }
    let slowest = narrows.values().map(|n| n.bytes / n.rate.max(1)).max().unwrap_or(0);
    let slowest = Duration::from_secs(slowest);
    plan.amounts.push(format!("{} at the least, as it is throttled", age(slowest)));
    slowest
}
