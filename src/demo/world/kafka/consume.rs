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
        if group.has_outsiders() {
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
            if !served || group.members.is_empty() || group.has_outsiders() {
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
        for m in (0..self.members.len()).filter(|&m| !self.members[m].stuck).collect::<Vec<_>>() {
            let assigned = std::mem::take(&mut self.members[m].assigned);
            // Names are looked up once a topic, which is most of the work.
            let names: Vec<&[(Text, i32)]> = assigned.chunk_by(|a, b| a.0 == b.0).collect();
            let of = |(n, of_topic): (usize, &&[(Text, i32)])| {
                let topic = topics.get(&of_topic[0].0)?;
                Some(self.wanted(n, of_topic, topic, brokers))
            };
            let mut wanted: Vec<Wanted> = names.iter().enumerate().filter_map(of).flatten().collect();
            share(&mut wanted, self.pace * seconds);
            wanted.sort_by_key(|w| w.topic);
            for of_topic in wanted.chunk_by(|a, b| a.topic == b.topic) {
                let name = &names[of_topic[0].topic][0].0;
                if let Some(topic) = topics.get_mut(name) {
                    self.take(name, topic, of_topic, brokers);
                }
            }
            self.members[m].assigned = assigned;
        }
    }

    fn wanted(
        &self,
        n: usize,
        of_topic: &[(Text, i32)],
        topic: &Topic,
        brokers: &BTreeMap<i32, Broker>,
    ) -> Vec<Wanted> {
        let committed = self.committed.get(&of_topic[0].0);
        let of = |&(_, partition): &(Text, i32)| {
            let (leader, p) = (topic.partition(partition)?.leader?, partition as usize);
            brokers.get(&leader).filter(|b| b.serves())?;
            let (start, end) = (topic.start(p) as f64, topic.high_watermark(p) as f64);
            let at = committed.and_then(|all| all.get(p)?.as_ref()).map_or(end, |c| c.position);
            // What is not there any more, or not yet, makes it begin anew at the next that is.
            let from = at.clamp(start, end);
            Some(Wanted { topic: n, partition: p, leader, from, there: end - from, gets: 0.0 })
        };
        of_topic.iter().filter_map(of).collect()
    }

    /// Commits what was read, and counts it.
    fn take(
        &mut self,
        name: &Text,
        topic: &mut Topic,
        wanted: &[Wanted],
        brokers: &mut BTreeMap<i32, Broker>,
    ) {
        for Wanted { partition, leader, from, gets, .. } in wanted {
            let place = self.commit_at(name, *partition);
            let metadata = place.take().and_then(|c| c.metadata);
            *place = Some(Committed { position: from + gets, metadata });
            let bytes = gets * topic.record_bytes;
            topic.counter(*leader).bytes_out += bytes;
            if let Some(broker) = brokers.get_mut(leader) {
                broker.bytes_out += bytes;
            }
        }
    }
}

/// What a member can read of one partition, and what it gets of it.
struct Wanted {
    /// The place of its topic among the member's.
    topic: usize,
    partition: usize,
    leader: i32,
    from: f64,
    there: f64,
    gets: f64,
}

/// Each has an equal part of the messages; what some do not have goes to the others.
fn share(wanted: &mut [Wanted], messages: f64) {
    let mut left = messages;
    if wanted.iter().map(|w| w.there).sum::<f64>() <= messages {
        wanted.iter_mut().for_each(|w| w.gets = w.there);
        return;
    }
    wanted.sort_by(|a, b| a.there.total_cmp(&b.there));
    let count = wanted.len();
    for (i, one) in wanted.iter_mut().enumerate() {
        one.gets = (left / (count - i) as f64).min(one.there);
        left -= one.gets;
    }
}
