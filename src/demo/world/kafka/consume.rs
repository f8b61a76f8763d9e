//! The simulated consumers: they join, share the partitions out, read as fast as they can, and commit.

use super::{Broker, Cluster, Committed, Group, GroupState, Member, Topic, names, seed};
use crate::domain::{Text, kubernetes::Key};
use std::collections::BTreeMap;

/// `auto.commit.interval.ms`, in seconds: the default.
const COMMIT: f64 = 5.0;
/// From a change of members until all have their partitions.
const REBALANCE: f64 = 4.0;

impl Cluster {
    /// Says in which pods a client's consumers of a group run, with their addresses. Where they are not the
    /// same as before, the group rebalances.
    pub fn set_members(
        &mut self,
        group: &str,
        client: &str,
        pods: &[(Key, Text)],
        random: &mut fastrand::Rng,
    ) {
        let now = self.clock.seconds();
        let Some(group) = self.groups.get_mut(group) else { return };
        // Members from outside share partitions out in their own way, which the simulated cannot follow.
        if group.from_outside() {
            return;
        }
        let before = group.members.len();
        group.members.retain(|m| &*m.client != client || pods.iter().any(|(pod, _)| *pod == m.pod));
        let gone = before - group.members.len();
        let new = pods.iter().filter(|(pod, _)| !group.members.iter().any(|m| m.pod == *pod));
        let member = |(pod, address): &(Key, Text)| Member {
            id: names::member(client, random.u128(..)).into(),
            client: client.into(),
            pod: pod.clone(),
            host: address.clone(),
            assigned: Vec::new(),
            stuck: false,
            outside: None,
        };
        let new: Vec<Member> = new.map(member).collect();
        if gone > 0 || !new.is_empty() {
            group.members.extend(new);
            group.rebalance(now);
        }
    }

    /// Lets the groups rebalance, read and commit what has become due.
    pub(super) fn consume(&mut self) {
        let now = self.clock.seconds();
        let served: Vec<bool> = self.groups.keys().map(|name| self.coordinated(name)).collect();
        for ((name, group), served) in self.groups.iter_mut().zip(served) {
            if !served || group.members.is_empty() || group.from_outside() {
                continue;
            }
            if group.state != GroupState::Stable {
                group.end_rebalance(name, now, &self.topics);
            } else if now - group.fed >= COMMIT {
                let mood = group.mood(name) * (now - group.fed);
                group.fed = now;
                group.read(mood, &mut self.topics, &mut self.brokers);
                // New partitions are seen when the members look at the metadata again.
                if group.counts(&self.topics).iter().map(|(_, count)| count).sum::<usize>() != group.shared {
                    group.rebalance(now);
                }
            }
        }
    }

    fn coordinated(&self, group: &str) -> bool {
        self.coordinator(group).and_then(|id| self.brokers.get(&id)).is_some_and(Broker::serves)
    }
}

impl Group {
    fn rebalance(&mut self, now: f64) {
        self.rebalanced = now + REBALANCE;
        self.state = if self.members.is_empty() { GroupState::Empty } else { GroupState::PreparingRebalance };
    }

    fn end_rebalance(&mut self, name: &str, now: f64, topics: &BTreeMap<Text, Topic>) {
        if now < self.rebalanced {
            return;
        }
        self.assign(&self.counts(topics));
        self.generation += 1;
        self.feed(name, now);
        self.state = GroupState::Stable;
    }

    /// Its members begin to read now. Not all groups commit in the same second.
    fn feed(&mut self, name: &str, now: f64) {
        self.fed = now - COMMIT * seed::fraction(seed::of(name));
    }

    fn counts(&self, topics: &BTreeMap<Text, Topic>) -> Vec<(Text, usize)> {
        let count = |name: &Text| topics.get(name).map(|t| (name.clone(), t.partitions.len()));
        self.topics.iter().filter_map(count).collect()
    }

    /// Each member reads for `seconds`, from all of its partitions as evenly as these have something.
    fn read(
        &mut self,
        seconds: f64,
        topics: &mut BTreeMap<Text, Topic>,
        brokers: &mut BTreeMap<i32, Broker>,
    ) {
        let members: Vec<_> = self.members.iter().filter(|m| !m.stuck).map(|m| m.assigned.clone()).collect();
        for assigned in members {
            let mut wanted = self.wanted(&assigned, topics, brokers);
            wanted.sort_by(|a, b| a.there.total_cmp(&b.there));
            let (mut left, mut count) = (self.pace * seconds, wanted.len());
            for Wanted { topic, partition, leader, from, there } in wanted {
                let gets = (left / count as f64).min(there);
                left -= gets;
                count -= 1;
                let place = self.commit_at(&topic, partition);
                let metadata = place.take().and_then(|c| c.metadata);
                *place = Some(Committed { position: from + gets, metadata });
                let Some(topic) = topics.get_mut(&topic) else { continue };
                let bytes = gets * topic.record_bytes;
                topic.counter(leader).bytes_out += bytes;
                if let Some(broker) = brokers.get_mut(&leader) {
                    broker.bytes_out += bytes;
                }
            }
        }
    }

    fn wanted(
        &self,
        assigned: &[(Text, i32)],
        topics: &BTreeMap<Text, Topic>,
        brokers: &BTreeMap<i32, Broker>,
    ) -> Vec<Wanted> {
        let of = |(name, partition): &(Text, i32)| {
            let (topic, p) = (topics.get(name)?, *partition as usize);
            let leader = topic.partition(*partition)?.leader?;
            brokers.get(&leader).filter(|b| b.serves())?;
            let (start, end) = (topic.start(p) as f64, topic.high_watermark(p) as f64);
            let at = self.committed(name, *partition).map_or(end, |c| c.position);
            // What is not there any more, or not yet, makes it begin anew at the earliest.
            let from = if at < start || at > end { at.clamp(start, end) } else { at };
            Some(Wanted { topic: name.clone(), partition: p, leader, from, there: end - from })
        };
        assigned.iter().filter_map(of).collect()
    }
}

/// What a member can read of one partition.
struct Wanted {
    topic: Text,
    partition: usize,
    leader: i32,
    from: f64,
    there: f64,
}
