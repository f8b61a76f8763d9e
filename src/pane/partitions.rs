//! Partitions: leader, replicas, in-sync replicas, log ends.

use super::{
    Block, Cell, Column, Pane, Place, Rows, SortKey, Tone, World,
    format::{bytes, count, key, unknown},
};
use crate::domain::{
    derived::{adding, under_replicated},
    human,
    kafka::{BrokerId, Partition, Reassignment, Replicas, Topic},
    object::Object,
    reading::State,
};

pub static PANE: Pane = Pane {
    name: "partitions",
    aliases: &["pa", "partition"],
    about: "Partitions: leader, replicas, who is in sync, log end and size",
    blocks: &[Block::Table { table: &Partitions, heading: "", weight: 1, spare: false }],
};

struct Partitions;

/// A partition with what its topic's maps say of it, looked up once a topic.
#[derive(Clone, Copy)]
struct Item<'a> {
    topic: &'a Topic,
    partition: &'a Partition,
    ends: &'a [i64],
    sizes: &'a [Option<u64>],
    /// What a reassignment is adding.
    adding: Option<&'a Replicas>,
}

impl<'a> Item<'a> {
    fn at(list: &[i64], index: i32) -> Option<u64> {
        u64::try_from(*list.get(usize::try_from(index).ok()?)?).ok()
    }

    fn end(&self) -> Option<u64> {
        Self::at(self.ends, self.partition.index)
    }

    fn size(&self) -> Option<u64> {
        *self.sizes.get(usize::try_from(self.partition.index).ok()?)?
    }

    /// What is wrong with it in a word, the worst first; its rank for sorting.
    fn condition(&self) -> (u8, &'static str, Tone) {
        let p = self.partition;
        if p.is_offline() {
            (0, "offline", Tone::Critical)
        } else if self.topic.under_min_isr(p) {
            (1, "under min ISR", Tone::Critical)
        } else if under_replicated(p, self.adding) {
            (2, "under-repl.", Tone::Warning)
        } else if self.adding.is_some() {
            (3, "moving", Tone::Warning)
        } else if self.topic.at_min_isr(p) {
            (4, "at min ISR", Tone::Plain)
        } else if !p.led_as_preferred() {
            (5, "not preferred", Tone::Muted)
        } else {
            (6, "ok", Tone::Muted)
        }
    }
}

/// The items of one topic.
fn of_topic<'a>(
    world: &World<'a>,
    topic: &'a Topic,
    moves: &'a [Reassignment],
    keep: impl Fn(&Partition) -> bool,
    items: &mut Vec<Item<'a>>,
) {
    let ends = world.snapshot.kafka.ends.get(&topic.name).map_or(&[][..], |e| e);
    let sizes = world.snapshot.kafka.sizes.topic(&topic.name);
    let kept = topic.partitions.iter().filter(|p| keep(p));
    items.extend(kept.map(|partition| Item {
        topic,
        partition,
        ends,
        sizes,
        adding: adding(moves, partition.index),
    }));
}

impl Rows for Partitions {
    type Item<'a> = Item<'a>;

    fn noun(&self) -> &'static str {
        "partitions"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<Item<'a>> {
        let kafka = &world.snapshot.kafka;
        let moves = kafka.reassignments.last();
        let mut items = Vec::new();
        let mut take = |topic: &'a Topic, keep: &dyn Fn(&Partition) -> bool| {
            of_topic(world, topic, moves.map_or(&[], |m| m.topic(&topic.name)), keep, &mut items);
        };
        match scope {
            None => kafka.topics.values().for_each(|t| take(t, &|_| true)),
            Some(Object::Broker(id)) => {
                kafka.topics.values().for_each(|t| take(t, &|p| p.replicas.contains(*id)));
            }
            Some(Object::Topic(name)) => {
                kafka.topics.get(name).into_iter().for_each(|t| take(t, &|_| true));
            }
            Some(Object::Partition(name, index) | Object::GroupPartition(_, name, index)) => {
                kafka.topics.get(name).into_iter().for_each(|t| take(t, &|p| p.index == *index));
            }
            Some(_) => {}
        }
        items
    }

    fn object(&self, item: Item<'_>) -> Object {
        Object::Partition(item.topic.name.clone(), item.partition.index)
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<Item<'a>> {
        let Object::Partition(name, index) = object else { return None };
        let kafka = &world.snapshot.kafka;
        let topic = kafka.topics.get(name)?;
        Some(Item {
            topic,
            partition: topic.partition(*index)?,
            ends: kafka.ends.get(name).map_or(&[][..], |e| e),
            sizes: kafka.sizes.topic(name),
            adding: kafka.reassignments.last().and_then(|m| m.get(name, *index)).map(|r| &r.adding),
        })
    }

    fn search(&self, item: Item<'_>, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&item.topic.name) || try_word(item.condition().1)
    }

    fn fault(&self, _world: &World<'_>, item: Item<'_>) -> bool {
        item.condition().0 < 3
    }

    fn state(&self, world: &World<'_>) -> State {
        world.snapshot.kafka.topics_feed.state(world.now)
    }

    fn drill(&self, _world: &World<'_>, item: Item<'_>) -> Option<Place> {
        let leader = item.partition.leader?;
        Some(Place { pane: "brokers", scope: Some(Object::Broker(leader)) })
    }
}

fn list(brokers: &[BrokerId]) -> Cell {
    Cell::plain(human::list(brokers, 6).replace(", ", ","))
}

fn first(brokers: &[BrokerId]) -> SortKey<'static> {
    key(brokers.first().map(|id| f64::from(id.0)))
}

fn in_sync(item: &Item<'_>) -> Cell {
    let tone = match item.condition().0 {
        0 | 1 => Tone::Critical,
        2 => Tone::Warning,
        _ => Tone::Plain,
    };
    Cell { tone, ..list(&item.partition.isr) }
}

/// Only a partition's leader can tell its log end.
fn ends_state(world: &World<'_>, item: Item<'_>) -> State {
    world.snapshot.kafka.end_state(&item.topic.name, item.partition.index, world.now)
}

/// The leader tells the size.
fn sizes_state(world: &World<'_>, item: Item<'_>) -> State {
    let leader = item.partition.leader.and_then(|id| world.snapshot.kafka.brokers.get(&id));
    leader.map_or(State::Live, |b| b.log_dirs.state(world.now))
}

type C = Column<Partitions>;

static COLUMNS: &[C] = &[
    C::wide(
        "TOPIC",
        16,
        |_, i| Cell::toned(i.topic.name.to_string(), Tone::Strong),
        |_, i| SortKey::Text(&i.topic.name),
    )
    .sort('N'),
    C::number(
        "#",
        5,
        |_, i| Cell::toned(i.partition.index.to_string(), Tone::Strong),
        |_, i| SortKey::Number(f64::from(i.partition.index)),
    )
    .sort('P'),
    C::text(
        "STATE",
        13,
        |_, i| Cell::toned(i.condition().1, i.condition().2),
        |_, i| SortKey::Number(f64::from(i.condition().0)),
    )
    .sort('S'),
    C::number(
        "LEADER",
        6,
        |_, i| match i.partition.leader {
            Some(id) => Cell::plain(id.to_string()),
            None => Cell::toned("none", Tone::Critical),
        },
        |_, i| key(i.partition.leader.map(|id| f64::from(id.0))),
    )
    .sort('L'),
    C::text("REPLICAS", 11, |_, i| list(&i.partition.replicas), |_, i| first(&i.partition.replicas))
        .rank(1)
        .sort('R'),
    C::text("IN SYNC", 11, |_, i| in_sync(&i), |_, i| SortKey::Number(i.partition.isr.len() as f64))
        .sort('I'),
    C::number("LOG END", 11, |_, i| count(i.end()), |_, i| key(i.end().map(|n| n as f64)))
        .rank(2)
        .sort('E')
        .read_from(ends_state),
    C::number("SIZE", 9, |_, i| bytes(i.size()), |_, i| key(i.size().map(|n| n as f64)))
        .rank(2)
        .sort('Z')
        .read_from(sizes_state),
    C::text(
        "ADDING",
        10,
        |_, i| i.adding.map_or_else(Cell::empty, |a| list(a)),
        |_, i| i.adding.map_or(SortKey::Unknown, |a| first(a)),
    )
    .rank(3)
    .sort('D'),
    C::number(
        "MIN ISR",
        7,
        |_, i| i.topic.min_insync().map_or_else(unknown, |n| Cell::plain(n.to_string())),
        |_, i| key(i.topic.min_insync().map(|n| n as f64)),
    )
    .rank(3)
    .sort('M'),
    C::number(
        "EPOCH",
        6,
        |_, i| Cell::toned(i.partition.epoch.to_string(), Tone::Muted),
        |_, i| SortKey::Number(f64::from(i.partition.epoch)),
    )
    .rank(5)
    .sort('H'),
];
