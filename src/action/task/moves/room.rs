//! Whether who gets replicas has room for them still, by what its disks hold as they were read last.

use super::look::{Legs, size};
use crate::{
    action::{Known, reassign::Change, reassign::disks::Room},
    domain::kafka::{BrokerId, Kafka, Partition},
};
use std::collections::BTreeMap;

/// The brokers' disks, and what is still to come onto each of what was begun or is about to be. Of disks that nobody
/// tells of the plan has said so.
pub struct Disks<'a> {
    known: &'a Known<'a>,
    coming: BTreeMap<BrokerId, u64>,
    rooms: BTreeMap<BrokerId, Option<Room>>,
}

/// A broker whose disks would pass their limit.
pub struct Full {
    pub broker: BrokerId,
    /// Hundredths.
    pub percent: u64,
}

impl<'a> Disks<'a> {
    /// What moves, and what has come but is not in what was read, is on its way.
    pub fn of(known: &'a Known<'a>, legs: &Legs<'_>) -> Disks<'a> {
        let kafka = &known.world.snapshot.kafka;
        let mut disks = Disks { known, coming: BTreeMap::new(), rooms: BTreeMap::new() };
        for leg in &legs.there {
            leg.added().for_each(|id| disks.await_(kafka, id, (&leg.topic, leg.partition), size(kafka, leg)));
        }
        for active in kafka.reassignments.last().into_iter().flat_map(|moves| moves.iter()) {
            let bytes = kafka.sizes.partition(&active.topic, active.partition).unwrap_or(0);
            for id in active.adding.iter() {
                disks.await_(kafka, *id, (&active.topic, active.partition), bytes);
            }
        }
        disks
    }

    fn await_(&mut self, kafka: &Kafka, broker: BrokerId, (topic, partition): (&str, i32), bytes: u64) {
        let logs = kafka.brokers.get(&broker).and_then(|broker| broker.log_dirs.last());
        let held = logs.and_then(|logs| logs.held(topic, partition)).unwrap_or(0);
        *self.coming.entry(broker).or_default() += bytes.saturating_sub(held);
    }

    /// Where there is no room for it.
    pub fn refuse(&mut self, leg: &Change, partition: &Partition) -> Option<Full> {
        let bytes = size(&self.known.world.snapshot.kafka, leg);
        new(leg, partition).find_map(|broker| {
            let known = self.known;
            let room = (*self.rooms.entry(broker).or_insert_with(|| Room::last(known, broker)))?;
            let more = bytes + self.coming.get(&broker).copied().unwrap_or(0);
            (bytes > 0 && more > room.left).then(|| Full { broker, percent: room.percent(more) })
        })
    }

    pub fn take(&mut self, leg: &Change, partition: &Partition) {
        let bytes = size(&self.known.world.snapshot.kafka, leg);
        new(leg, partition).for_each(|broker| *self.coming.entry(broker).or_default() += bytes);
    }
}

/// Who gets a replica that has none.
pub fn new<'l>(leg: &'l Change, partition: &'l Partition) -> impl Iterator<Item = BrokerId> + 'l {
    leg.to.iter().copied().filter(|id| !partition.replicas.contains(*id))
}
