//! The blast radius: which partitions feel it when brokers go away.

use super::{Known, Note, Plan, Risk, words};
use crate::domain::{
    human,
    kafka::{BrokerId, Kafka, Partition, Replicas, Topic, TopicName, adding},
    reading::Feed,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub type PartitionName = (TopicName, i32);

/// What happens to partitions, each list in the order of names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Radius {
    /// Their leader moves to another replica in sync.
    pub leaderless: Vec<PartitionName>,
    /// Fall to min ISR: the next loss stops acks=all.
    pub at_min_isr: Vec<PartitionName>,
    /// Fall under min ISR, or are and lose a replica more: acks=all is refused.
    pub under_min_isr: Vec<PartitionName>,
    /// Have no replica in sync left.
    pub offline: Vec<PartitionName>,
    /// Cannot be protected, because they have no replica to spare by design (kafka.md §1): they never
    /// block and are always named.
    pub unprotected: Vec<PartitionName>,
}

/// What it costs when brokers are away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Absence {
    pub radius: Radius,
    /// Why they must not go down now, naming the partitions and who is the reason.
    pub refusals: Vec<String>,
    pub notes: Vec<Note>,
    /// What is not known, and so makes all this doubtful.
    pub unknown: Vec<String>,
}

/// A voter that was caught up longer ago than this does not count for the quorum.
///
/// Source: `controller.quorum.fetch.timeout.ms`, 2000 by default; Strimzi `KafkaQuorumCheck`.
const CAUGHT_UP: Duration = Duration::from_secs(2);

/// So many partitions are named in one sentence.
const NAMED: usize = 3;

impl Radius {
    pub fn is_empty(&self) -> bool {
        *self == Radius::default()
    }

    /// What happens when these brokers go down together, and whether they may.
    ///
    /// Source of the rule: Strimzi `KafkaAvailability`; `Policy::headroom` raises the floor as far as the
    /// partition has replicas for it with one of them away.
    pub fn without(known: &Known<'_>, brokers: &[BrokerId]) -> Absence {
        losses(known, &[brokers])
    }

    /// Takes in what another loss, at another time, does.
    fn join(&mut self, other: Radius) {
        let pairs = [
            (&mut self.leaderless, other.leaderless),
            (&mut self.at_min_isr, other.at_min_isr),
            (&mut self.under_min_isr, other.under_min_isr),
            (&mut self.offline, other.offline),
            (&mut self.unprotected, other.unprotected),
        ];
        for (mine, theirs) in pairs {
            if mine.is_empty() || theirs.is_empty() {
                mine.extend(theirs);
                continue;
            }
            mine.extend(theirs);
            mine.sort();
            mine.dedup();
        }
    }
}

/// What happens when brokers go down, those of each loss together and one loss after another, each made good
/// before the next. One look at the partitions for all of them: a big cluster has hundreds of thousands.
fn losses(known: &Known<'_>, losses: &[&[BrokerId]]) -> Absence {
    let (kafka, headroom) = (&known.world.snapshot.kafka, known.policy.headroom);
    let mut absence = Absence::default();
    let goes: BTreeMap<BrokerId, usize> =
        (0..).zip(losses).flat_map(|(nth, gone)| gone.iter().map(move |id| (*id, nth))).collect();
    if goes.is_empty() {
        return absence;
    }
    let mut blocks: Vec<Blocks> = losses.iter().map(|_| Blocks::default()).collect();
    let (mut unread, mut hit): (usize, Vec<usize>) = (0, Vec::new());
    let moves = kafka.reassignments.last();
    for topic in kafka.topics.values() {
        let (mut feels, moves) = (false, moves.map_or(&[][..], |m| m.topic(&topic.name)));
        for partition in &topic.partitions {
            hit.clear();
            hit.extend(partition.replicas.iter().filter_map(|id| goes.get(id).copied()));
            hit.sort_unstable();
            hit.dedup();
            let mut worst: Option<Fate> = None;
            let moved = adding(moves, partition.index).map(|adding| settled(partition, adding));
            let settled = moved.as_ref().unwrap_or(&partition.replicas);
            for nth in &hit {
                let fate = Fate::of(topic, partition, settled, losses[*nth], headroom);
                blocks[*nth].take(&fate, (&topic.name, partition), settled, losses[*nth]);
                worst = Some(worst.map_or(fate, |known| known.or(fate)));
            }
            if let Some(fate) = worst {
                feels = true;
                fate.enter(&mut absence.radius, &topic.name, partition.index);
            }
        }
        unread += usize::from(feels && topic.config.is_none());
    }
    absence.refusals =
        blocks.into_iter().zip(losses).flat_map(|(b, gone)| b.sentences(gone, headroom)).collect();
    absence.name_unprotected();
    absence.doubt_feeds(known, unread);
    for gone in losses {
        let mut quorum = Absence::default();
        quorum.ask_quorum(known, gone);
        absence.join(quorum);
    }
    absence
}

impl Absence {
    /// Brokers that go down one after another, each back before the next.
    pub fn in_turn(known: &Known<'_>, brokers: &[BrokerId]) -> Absence {
        losses(known, &brokers.chunks(1).collect::<Vec<_>>())
    }

    pub fn join(&mut self, other: Absence) {
        fn add<T: PartialEq>(mine: &mut Vec<T>, theirs: Vec<T>) {
            for item in theirs {
                if !mine.contains(&item) {
                    mine.push(item);
                }
            }
        }
        self.radius.join(other.radius);
        add(&mut self.refusals, other.refusals);
        add(&mut self.notes, other.notes);
        add(&mut self.unknown, other.unknown);
    }

    pub fn risk(&self) -> Risk {
        let radius = &self.radius;
        if !radius.offline.is_empty() || !radius.under_min_isr.is_empty() {
            Risk::Outage
        } else if !radius.at_min_isr.is_empty() || !self.unknown.is_empty() || !self.refusals.is_empty() {
            Risk::Elevated
        } else if !radius.is_empty() {
            Risk::Low
        } else {
            Risk::None
        }
    }

    /// Lays it over a plan that causes it.
    pub fn burden(self, plan: &mut Plan) {
        plan.risk = plan.risk.max(self.risk());
        plan.radius.join(self.radius);
        plan.refusals.extend(self.refusals);
        plan.notes.extend(self.notes);
        plan.unknown.extend(self.unknown);
    }

    fn name_unprotected(&mut self) {
        let names = &self.radius.unprotected;
        if names.is_empty() {
            return;
        }
        let n = human::plural(names.len(), "partition");
        let verb = if names.len() == 1 { "has" } else { "have" };
        self.notes.push(Note::warning(format!(
            "{n} {verb} no replica to spare and cannot be protected: {}",
            words::partitions(names, 5)
        )));
    }

    fn doubt_feeds(&mut self, known: &Known<'_>, unread: usize) {
        let kafka = &known.world.snapshot.kafka;
        let feeds: [(&str, &Feed); 3] = [
            ("leaders and ISRs", &kafka.topics_feed),
            ("min ISRs", &kafka.configs_feed),
            ("registered brokers", &kafka.cluster_feed),
        ];
        self.unknown.extend(feeds.into_iter().filter_map(|(what, feed)| words::doubt(known, what, feed)));
        if unread > 0 {
            self.unknown.push(format!("min ISR of {}: not read yet", human::plural(unread, "topic")));
        }
    }

    /// The quorum's rule (Strimzi `KafkaQuorumCheck`): of N voters, those that are caught up and stay must
    /// be (N + 2) / 2; a single one may go with a warning, and of two the other must be caught up.
    fn ask_quorum(&mut self, known: &Known<'_>, brokers: &[BrokerId]) {
        let kafka = &known.world.snapshot.kafka;
        if keeps_metadata_in_zookeeper(kafka) {
            return;
        }
        let Some(quorum) = kafka.quorum.live(known.world.now) else {
            self.unknown.extend(words::doubt(known, "controller quorum", &kafka.quorum.feed));
            return;
        };
        let (going, staying): (Vec<_>, Vec<_>) = quorum.voters.iter().partition(|v| brokers.contains(&v.id));
        let voters = quorum.voters.len();
        if going.is_empty() {
            return;
        }
        if voters == 1 {
            let line = "it is the only controller: topics, leaders and brokers cannot change meanwhile";
            return self.notes.push(Note::warning(line));
        }
        let needed = if voters == 2 { 1 } else { (voters + 2) / 2 };
        let caught_up = |v: &&&_| is_caught_up(quorum.leader, v) == Some(true);
        let well = staying.iter().filter(caught_up).count();
        let unclear = staying.iter().filter(|v| is_caught_up(quorum.leader, v).is_none()).count();
        if well >= needed {
            return;
        }
        if well + unclear >= needed {
            let line = format!("whether {} of {voters} controllers keep up: not told", well + unclear);
            return self.unknown.push(line);
        }
        let behind: Vec<BrokerId> = staying.iter().filter(|v| !caught_up(v)).map(|v| v.id).collect();
        let reason = match behind.as_slice() {
            [] => "they are too many at once".to_string(),
            behind => format!("{} behind", words::are(behind)),
        };
        self.refusals.push(format!(
            "without {} the controller quorum has {well} of {voters} voters caught up and needs {needed}: {reason}",
            words::brokers(&going.iter().map(|v| v.id).collect::<Vec<_>>())
        ));
    }
}

/// Only there does a broker name the controller; in KRaft the quorum does.
fn keeps_metadata_in_zookeeper(kafka: &Kafka) -> bool {
    kafka.quorum.last().is_none() && kafka.controller.is_some()
}

fn is_caught_up(leader: Option<BrokerId>, voter: &crate::domain::kafka::Voter) -> Option<bool> {
    if leader == Some(voter.id) { Some(true) } else { voter.behind.map(|b| b < CAUGHT_UP) }
}

/// The replicas of a partition that is moved without those that are on their way to it: what it has to spare
/// is told by how many it is meant to have.
fn settled(partition: &Partition, adding: &Replicas) -> Replicas {
    partition.replicas.iter().copied().filter(|id| !adding.contains(*id)).collect()
}

/// What becomes of one partition that has a replica on the brokers that go.
#[derive(Debug, Clone, Copy)]
struct Fate {
    leaderless: bool,
    at_min: bool,
    under_min: bool,
    offline: bool,
    unprotected: bool,
    block: Option<Block>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Block {
    /// It is under min ISR as it is.
    Already,
    Offline,
    UnderMin,
    /// It stays at min ISR or above, but with less headroom than the policy wants.
    Headroom,
}

impl Fate {
    /// A min ISR that is not known is taken for the least, 1; that it is not known is said elsewhere.
    fn of(
        topic: &Topic,
        partition: &Partition,
        settled: &Replicas,
        gone: &[BrokerId],
        headroom: usize,
    ) -> Fate {
        let (replicas, isr) = (settled.len(), partition.isr.len());
        let min = topic.min_insync().unwrap_or(1);
        let lost = partition.isr.iter().filter(|id| gone.contains(id)).count();
        let left = isr - lost;
        let unprotected = replicas <= min;
        let wanted = (min + headroom).min(replicas.saturating_sub(1));
        let block = match () {
            () if unprotected => None,
            () if isr < min => Some(Block::Already),
            () if lost == 0 => None,
            () if left == 0 => Some(Block::Offline),
            () if left < min => Some(Block::UnderMin),
            () if left < wanted => Some(Block::Headroom),
            () => None,
        };
        Fate {
            leaderless: left > 0 && partition.leader.is_some_and(|leader| gone.contains(&leader)),
            at_min: !unprotected && lost > 0 && left == min,
            // What a leader asks for counts those on their way, too (Kafka `Partition.effectiveMinIsr`).
            under_min: left > 0 && left < min.min(partition.replicas.len()),
            offline: left == 0,
            unprotected,
            block,
        }
    }

    /// What becomes of it in one loss or the other.
    fn or(self, other: Fate) -> Fate {
        Fate {
            leaderless: self.leaderless | other.leaderless,
            at_min: self.at_min | other.at_min,
            under_min: self.under_min | other.under_min,
            offline: self.offline | other.offline,
            unprotected: self.unprotected | other.unprotected,
            block: self.block.max(other.block),
        }
    }

    fn enter(&self, radius: &mut Radius, topic: &TopicName, partition: i32) {
        let lists = [
            (self.leaderless, &mut radius.leaderless),
            (self.at_min, &mut radius.at_min_isr),
            (self.under_min, &mut radius.under_min_isr),
            (self.offline, &mut radius.offline),
            (self.unprotected, &mut radius.unprotected),
        ];
        for (_, list) in lists.into_iter().filter(|(holds, _)| *holds) {
            list.push((topic.clone(), partition));
        }
    }
}

/// The partitions that forbid it, by why, with the brokers that are missing from their ISRs.
#[derive(Default)]
struct Blocks(BTreeMap<Block, (Vec<PartitionName>, BTreeSet<BrokerId>)>);

impl Blocks {
    fn take(
        &mut self,
        fate: &Fate,
        (topic, partition): (&TopicName, &Partition),
        settled: &Replicas,
        gone: &[BrokerId],
    ) {
        let Some(block) = fate.block else { return };
        let (names, missing) = self.0.entry(block).or_default();
        names.push((topic.clone(), partition.index));
        // Where the broker itself is out of sync, it is a reason, too, for being under min ISR already.
        let counts =
            |id: &&BrokerId| !partition.isr.contains(**id) && (block == Block::Already || !gone.contains(id));
        missing.extend(settled.iter().filter(counts));
    }

    fn sentences(self, gone: &[BrokerId], headroom: usize) -> Vec<String> {
        let without = words::brokers(gone);
        let sentence = |(block, (names, missing)): (Block, (Vec<PartitionName>, BTreeSet<BrokerId>))| {
            let n = human::plural(names.len(), "partition");
            let refuse = if names.len() == 1 { "refuses" } else { "refuse" };
            let names = words::partitions(&names, NAMED);
            let missing: Vec<BrokerId> = missing.into_iter().collect();
            let reason = match missing.as_slice() {
                [] => "no other replica may be spared".to_string(),
                missing => format!("{} out of sync", words::are(missing)),
            };
            match block {
                Block::Already => {
                    format!(
                        "{n} of {without} {refuse} acks=all already: {names}; {reason}: wait until that is over"
                    )
                }
                Block::Offline => format!("without {without} {n} would go offline: {names}; {reason}"),
                Block::UnderMin => {
                    format!("without {without} {n} would refuse acks=all: {names}; {reason}")
                }
                Block::Headroom => format!(
                    "without {without} {n} would have less than the {headroom} above min ISR that the \
                     configuration wants: {names}; {reason}"
                ),
            }
        };
        self.0.into_iter().map(sentence).collect()
    }
}

#[cfg(test)]
#[path = "radius_tests.rs"]
mod tests;
