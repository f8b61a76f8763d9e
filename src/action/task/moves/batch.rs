//! What is begun next, and why no more is.

use super::{
    At,
    look::Legs,
    room::{Disks, Full, new},
};
use crate::{
    action::{Known, radius::PartitionName, reassign::Change, words},
    domain::{
        human,
        kafka::{BrokerId, Kafka, Partition, Topic, adding},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Partitions that are asked for at once.
const MOST: usize = 500;
/// However many small partitions a broker takes part in the moves of, together they are as one.
const SMALL: u64 = 64 << 20;
/// Of a list that a reason names.
const NAMED: usize = 2;

/// Why legs that could be begun are not.
#[derive(Default)]
struct Held {
    away: BTreeMap<BrokerId, Vec<PartitionName>>,
    leaderless: Vec<PartitionName>,
    out_of_sync: Vec<PartitionName>,
    full: Option<(Full, Vec<PartitionName>)>,
}

/// The legs to begin now.
#[derive(Default)]
pub struct Batch<'a> {
    pub legs: Vec<&'a Change>,
    /// Why it is not more.
    pub reason: Option<String>,
    /// What is left has no room on disks, and nothing goes on that might make some.
    pub full: bool,
}

impl Batch<'_> {
    fn none(reason: Option<String>) -> Self {
        Batch { reason, ..Batch::default() }
    }
}

/// Partitions with fewer in sync than they should have, although none of their replicas is offline.
#[derive(Default)]
struct Strain {
    under: Vec<PartitionName>,
    at_min: Vec<PartitionName>,
}

/// What the moves under way ask of each broker: how many, and of how many bytes.
struct Load {
    each: usize,
    of: BTreeMap<BrokerId, (usize, u64)>,
}

impl Legs<'_> {
    pub fn batch(&self, at: &At<'_>) -> Batch<'_> {
        if self.waiting.is_empty() {
            let elsewhere = self.elsewhere.first();
            let words = elsewhere.map(|leg| {
                format!("{}-{} to come to rest, which somebody moves elsewhere", leg.topic, leg.partition)
            });
            return Batch::none(words);
        }
        let strain = Strain::of(at.known);
        if !strain.under.is_empty() {
            let names = words::partitions(&strain.under, NAMED);
            return Batch::none(Some(format!("no move is begun while under min ISR: {names}")));
        }
        let single = !strain.at_min.is_empty();
        if single && !self.moving.is_empty() {
            let names = words::partitions(&strain.at_min, NAMED);
            return Batch::none(Some(format!("one at a time while at min ISR: {names}")));
        }
        let (mut legs, held) = self.admitted(at);
        legs.truncate(if single { 1 } else { MOST });
        let full = legs.is_empty() && self.moving.is_empty() && held.only_full();
        Batch { legs, reason: held.words(at.known.policy.disk), full }
    }

    fn admitted(&self, at: &At<'_>) -> (Vec<&Change>, Held) {
        let kafka = &at.known.world.snapshot.kafka;
        let mut load = Load::of(kafka, self.each);
        let mut disks = Disks::of(at.known, self);
        let (mut batch, mut held) = (Vec::new(), Held::default());
        for (leg, partition) in &self.waiting {
            if let Some(topic) = kafka.topics.get(&leg.topic)
                && held.passes(kafka, leg, topic, partition)
                // Who went on after that was said wants it all the same.
                && (at.resumed.is_some() || held.fits(&mut disks, leg, partition))
                && load.takes(kafka, leg, partition)
            {
                disks.take(leg, partition);
                batch.push(*leg);
            }
        }
        (batch, held)
    }
}

impl Held {
    /// Whether the leg may be begun as far as it concerns itself.
    fn passes(&mut self, kafka: &Kafka, leg: &Change, topic: &Topic, partition: &Partition) -> bool {
        let name = || (leg.topic.clone(), leg.partition);
        let registered = |id: &BrokerId| kafka.brokers.get(id).is_some_and(|broker| broker.registered);
        let added = || new(leg, partition);
        if let Some(away) = added().find(|id| !registered(id)) {
            self.away.entry(away).or_default().push(name());
            return false;
        }
        if partition.leader.is_none() {
            self.leaderless.push(name());
            return false;
        }
        // What stays and is out of sync does not count when the others have gone.
        let synced = leg.to.iter().filter(|id| partition.isr.contains(**id)).count() + added().count();
        let needed = topic.min_insync().unwrap_or(1).min(leg.to.len()).max(1);
        if synced < needed {
            self.out_of_sync.push(name());
        }
        synced >= needed
    }

    fn fits(&mut self, disks: &mut Disks<'_>, leg: &Change, partition: &Partition) -> bool {
        let Some(full) = disks.refuse(leg, partition) else { return true };
        let (first, names) = self.full.get_or_insert((full, Vec::new()));
        names.extend(
            new(leg, partition).any(|id| id == first.broker).then(|| (leg.topic.clone(), leg.partition)),
        );
        false
    }

    /// No room on disks is all that holds them.
    fn only_full(&self) -> bool {
        self.full.is_some()
            && self.away.is_empty()
            && self.leaderless.is_empty()
            && self.out_of_sync.is_empty()
    }

    fn words(&self, limit: f64) -> Option<String> {
        let away = self.away.iter().next().map(|(id, names)| {
            format!("broker {id} to come back, which gets {}", words::partitions(names, NAMED))
        });
        let some = |names: &[PartitionName], what: &str| {
            (!names.is_empty()).then(|| format!("{} {what}", words::partitions(names, NAMED)))
        };
        away.or_else(|| some(&self.leaderless, "to have a leader"))
            .or_else(|| some(&self.out_of_sync, "to have enough in sync of what stays"))
            .or_else(|| {
                let (Full { broker, percent }, names) = self.full.as_ref()?;
                Some(format!(
                    "room on the disks of broker {broker}, which would be {percent}% full with {}, over the limit \
                     of {}",
                    words::partitions(names, NAMED),
                    human::percent(limit)
                ))
            })
    }
}

impl Strain {
    fn of(known: &Known<'_>) -> Strain {
        let kafka = &known.world.snapshot.kafka;
        let mut strain = Strain::default();
        for topic in kafka.topics.values() {
            let Some(min) = topic.min_insync() else { continue };
            let moves = kafka.reassignments.last().map_or(&[][..], |moves| moves.topic(&topic.name));
            for partition in topic.partitions.iter().filter(|p| p.isr.len() <= min && p.offline.is_empty()) {
                // What is being added is not in sync yet.
                let coming = adding(moves, partition.index)
                    .map_or(0, |adding| adding.iter().filter(|id| !partition.isr.contains(**id)).count());
                let wanted = partition.replicas.len().saturating_sub(coming);
                let list = match partition.isr.len() {
                    synced if synced < min.min(wanted) => &mut strain.under,
                    synced if synced == min && wanted > min => &mut strain.at_min,
                    _ => continue,
                };
                list.push((topic.name.clone(), partition.index));
            }
        }
        strain
    }
}

impl Load {
    fn of(kafka: &Kafka, each: usize) -> Load {
        let mut load = Load { each, of: BTreeMap::new() };
        for active in kafka.reassignments.last().into_iter().flat_map(|moves| moves.iter()) {
            let partition = kafka.topics.get(&active.topic).and_then(|t| t.partition(active.partition));
            let bytes = kafka.sizes.partition(&active.topic, active.partition);
            load.add(&part(partition.and_then(|p| p.leader), &active.adding), bytes);
        }
        load
    }

    fn add(&mut self, brokers: &BTreeSet<BrokerId>, bytes: Option<u64>) {
        for id in brokers {
            let (moves, all) = self.of.entry(*id).or_default();
            (*moves, *all) = (*moves + 1, all.saturating_add(bytes.unwrap_or(SMALL)));
        }
    }

    /// Whether every broker has a part left for it, which it then takes.
    fn takes(&mut self, kafka: &Kafka, leg: &Change, partition: &Partition) -> bool {
        let added: Vec<BrokerId> = new(leg, partition).collect();
        let bytes = kafka.sizes.partition(&leg.topic, leg.partition).or(leg.bytes);
        let brokers = part(partition.leader, &added);
        let fits = brokers.iter().all(|id| {
            let (moves, all) = self.of.get(id).copied().unwrap_or_default();
            moves < self.each || all.saturating_add(bytes.unwrap_or(SMALL)) < SMALL
        });
        if fits {
            self.add(&brokers, bytes);
        }
        fits
    }
}

/// Who takes part in a move: the leader gives, and the others get. Without any that gets nothing is copied.
fn part(leader: Option<BrokerId>, added: &[BrokerId]) -> BTreeSet<BrokerId> {
    match added.is_empty() {
        true => BTreeSet::new(),
        false => leader.into_iter().chain(added.iter().copied()).collect(),
    }
}
