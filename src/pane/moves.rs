//! Reassignments under way.

use super::{
    Block, Cell, Column, Pane, Place, Rows, SortKey, Tone, World,
    format::{bytes, key, unknown},
};
use crate::domain::{
    human,
    kafka::{BrokerId, Reassignment},
    object::Object,
    reading::State,
};

pub static PANE: Pane = Pane {
    name: "reassignments",
    aliases: &["ra", "reassignment", "moves"],
    about: "Reassignments under way: which replicas come and go, and how much is there",
    blocks: &[Block::Table { table: &Moves, heading: "", weight: 1, spare: false }],
};

struct Moves;

impl Rows for Moves {
    type Item<'a> = &'a Reassignment;

    fn noun(&self) -> &'static str {
        "reassignments"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<&'a Reassignment> {
        let all = world.snapshot.kafka.reassignments.last().into_iter().flat_map(|moves| moves.iter());
        all.filter(|r| match scope {
            None => true,
            Some(Object::Topic(topic)) => r.topic == *topic,
            Some(Object::Partition(topic, p)) => r.topic == *topic && r.partition == *p,
            Some(Object::Broker(id)) => r.replicas.contains(*id),
            Some(_) => false,
        })
        .collect()
    }

    fn object(&self, r: &Reassignment) -> Object {
        Object::Partition(r.topic.clone(), r.partition)
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<&'a Reassignment> {
        let Object::Partition(topic, p) = object else { return None };
        world.snapshot.kafka.reassignments.last()?.get(topic, *p)
    }

    fn search(&self, r: &Reassignment, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&r.topic)
    }

    /// A move is work, not a fault.
    fn fault(&self, _world: &World<'_>, _r: &Reassignment) -> bool {
        false
    }

    fn state(&self, world: &World<'_>) -> State {
        world.snapshot.kafka.reassignments.state(world.now)
    }

    fn drill(&self, _world: &World<'_>, r: &Reassignment) -> Option<Place> {
        Some(Place { pane: "partitions", scope: Some(Object::Partition(r.topic.clone(), r.partition)) })
    }
}

/// Bytes that the new replicas have, and that they will have.
///
/// Source: kafka.md's rule of Cruise Control: partition size × brokers added.
fn progress(world: &World<'_>, r: &Reassignment) -> Option<(u64, u64)> {
    let size = world.snapshot.kafka.sizes.partition(&r.topic, r.partition)?;
    let on = |id: &BrokerId| {
        let logs = world.snapshot.kafka.brokers.get(id)?.log_dirs.last()?;
        Some(logs.held(&r.topic, r.partition).unwrap_or(0))
    };
    let done: Option<u64> = r.adding.iter().map(on).sum();
    Some((done?, size * r.adding.len() as u64))
}

fn share(world: &World<'_>, r: &Reassignment) -> Option<f64> {
    let (done, all) = progress(world, r)?;
    (all > 0).then(|| done as f64 / all as f64)
}

fn list(ids: &[BrokerId]) -> Cell {
    Cell::plain(human::list(ids, 6).replace(", ", ","))
}

fn first(ids: &[BrokerId]) -> SortKey<'static> {
    key(ids.first().map(|id| f64::from(id.0)))
}

/// Progress is read from the log dirs of the brokers that receive.
fn disks_state(world: &World<'_>, r: &Reassignment) -> State {
    let brokers = r.adding.iter().filter_map(|id| world.snapshot.kafka.brokers.get(id));
    brokers.map(|b| b.log_dirs.state(world.now)).reduce(State::worse).unwrap_or(State::Live)
}

type C = Column<Moves>;

static COLUMNS: &[C] = &[
    C::wide(
        "TOPIC",
        16,
        |_, r| Cell::toned(r.topic.to_string(), Tone::Strong),
        |_, r| SortKey::Text(&r.topic),
    )
    .sort('N'),
    C::number(
        "#",
        5,
        |_, r| Cell::toned(r.partition.to_string(), Tone::Strong),
        |_, r| SortKey::Number(f64::from(r.partition)),
    )
    .sort('P'),
    C::text("REPLICAS", 12, |_, r| list(&r.replicas), |_, r| first(&r.replicas)).rank(1).sort('R'),
    C::text("ADDING", 10, |_, r| list(&r.adding), |_, r| first(&r.adding)).sort('D'),
    C::text("REMOVING", 10, |_, r| list(&r.removing), |_, r| first(&r.removing)).sort('M'),
    C::number(
        "DONE",
        5,
        |world, r| share(world, r).map_or_else(unknown, |s| Cell::plain(human::percent(s.min(1.0)))),
        |world, r| key(share(world, r)),
    )
    .sort('O')
    .read_from(disks_state),
    C::number(
        "TO MOVE",
        9,
        |world, r| bytes(progress(world, r).map(|(_, all)| all)),
        |world, r| key(progress(world, r).map(|(_, all)| all as f64)),
    )
    .rank(1)
    .sort('B')
    .read_from(disks_state),
];
