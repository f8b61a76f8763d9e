//! Counting replicas: per broker, in all, and their bytes.

use crate::domain::kafka::{BrokerId, Kafka, Partition, Replicas, Topic};
use std::collections::HashMap;

/// One broker's part in the partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Replicas assigned to it.
    pub replicas: u32,
    pub leaders: u32,
    /// Partitions whose preferred leader it is.
    pub preferred: u32,
    /// Of the partitions that it leads, as Kafka's own metric counts.
    pub under_replicated: u32,
    /// Of the partitions that it leads.
    pub under_min: u32,
    /// Its replicas that are not in sync.
    pub out_of_sync: u32,
}

/// The partitions of the whole cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub topics: u32,
    pub partitions: u32,
    pub offline: u32,
    pub under_replicated: u32,
    /// Of the partitions that have a leader.
    pub under_min: u32,
    /// Led by another than the preferred leader.
    pub led_elsewhere: u32,
    /// Topics whose configuration is not read yet, so that min ISR is unknown.
    pub unread_configs: u32,
}

/// Fewer in sync than wanted. While a partition is being moved its new replicas are not missing yet.
///
/// Source: Kafka `Partition.isUnderReplicated`, which compares with the original replication factor.
pub fn under_replicated(partition: &Partition, adding: Option<&Replicas>) -> bool {
    let coming = adding.map_or(0, |a| a.iter().filter(|id| partition.replicas.contains(**id)).count());
    partition.isr.len() + coming < partition.replicas.len()
}

/// It has a leader, which refuses acks=all.
pub fn refuses(topic: &Topic, partition: &Partition) -> bool {
    !partition.is_offline() && topic.under_min_isr(partition)
}

/// The replicas being added, by topic and partition.
pub struct Moves<'a>(HashMap<&'a str, Vec<(i32, &'a Replicas)>>);

impl<'a> Moves<'a> {
    pub fn of(kafka: &'a Kafka) -> Self {
        let mut moves: HashMap<&str, Vec<_>> = HashMap::new();
        for r in kafka.reassignments.last().into_iter().flatten() {
            moves.entry(&r.topic).or_default().push((r.partition, &r.adding));
        }
        Moves(moves)
    }

    pub fn topic(&self, name: &str) -> &[(i32, &'a Replicas)] {
        self.0.get(name).map_or(&[], |m| m)
    }
}

/// What is being added to one partition, of [`Moves::topic`].
pub fn adding<'a>(moves: &[(i32, &'a Replicas)], partition: i32) -> Option<&'a Replicas> {
    moves.iter().find(|(p, _)| *p == partition).map(|(_, adding)| *adding)
}

/// Every known broker's tally, by id, and the totals.
pub fn tallies(kafka: &Kafka) -> (Vec<(BrokerId, Tally)>, Totals) {
    let mut tallies: Vec<_> = kafka.brokers.keys().map(|id| (*id, Tally::default())).collect();
    let mut totals = Totals { topics: kafka.topics.len() as u32, ..Totals::default() };
    let moves = Moves::of(kafka);
    for topic in kafka.topics.values() {
        totals.unread_configs += u32::from(topic.config.is_none());
        let moves = moves.topic(&topic.name);
        for partition in &topic.partitions {
            count(topic, partition, adding(moves, partition.index), &mut tallies, &mut totals);
        }
    }
    (tallies, totals)
}

fn count(
    topic: &Topic,
    partition: &Partition,
    adding: Option<&Replicas>,
    tallies: &mut [(BrokerId, Tally)],
    totals: &mut Totals,
) {
    let under_replicated = u32::from(under_replicated(partition, adding));
    let under_min = u32::from(refuses(topic, partition));
    totals.partitions += 1;
    totals.offline += u32::from(partition.is_offline());
    totals.under_replicated += under_replicated;
    totals.under_min += under_min;
    totals.led_elsewhere += u32::from(!partition.is_offline() && !partition.led_as_preferred());
    for (i, id) in partition.replicas.iter().enumerate() {
        let out = !partition.isr.contains(*id) && adding.is_none_or(|a| !a.contains(*id));
        if let Some(tally) = of(tallies, *id) {
            tally.replicas += 1;
            tally.preferred += u32::from(i == 0);
            tally.out_of_sync += u32::from(out);
        }
    }
    if let Some(tally) = partition.leader.and_then(|leader| of(tallies, leader)) {
        tally.leaders += 1;
        tally.under_replicated += under_replicated;
        tally.under_min += under_min;
    }
}

/// Ids mostly count up from a first one, so the place is guessed before it is searched for.
fn of(tallies: &mut [(BrokerId, Tally)], id: BrokerId) -> Option<&mut Tally> {
    let first = tallies.first()?.0;
    let guess = usize::try_from(id.0.checked_sub(first.0)?).ok()?;
    let place = match tallies.get(guess) {
        Some((at, _)) if *at == id => guess,
        _ => tallies.binary_search_by_key(&id, |(id, _)| *id).ok()?,
    };
    Some(&mut tallies[place].1)
}
