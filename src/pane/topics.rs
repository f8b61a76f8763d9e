//! Topics.

use super::{
    Block, Cell, Column, Pane, Place, Rows, SortKey, Tone, World,
    format::{bytes, count, faults, key, unknown},
};
use crate::domain::{
    human,
    kafka::{Topic, Troubles},
    object::Object,
    reading::State,
    throughput::{Metric, Subject},
    time::age,
};
use std::time::Duration;

pub static PANE: Pane = Pane {
    name: "topics",
    aliases: &["to", "topic", "kafkatopics", "kt"],
    about: "Topics: partitions, what is wrong with them, size and settings",
    blocks: &[Block::Table { table: &Topics, heading: "", weight: 1, spare: false }],
};

struct Topics;

impl Rows for Topics {
    type Item<'a> = &'a Topic;

    fn noun(&self) -> &'static str {
        "topics"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<&'a Topic> {
        let kafka = &world.snapshot.kafka;
        let all = kafka.topics.values();
        match scope {
            None => all.collect(),
            Some(Object::Topic(name)) => kafka.topics.get(name).into_iter().collect(),
            Some(Object::Broker(id)) => {
                all.filter(|t| t.partitions.iter().any(|p| p.replicas.contains(*id))).collect()
            }
            Some(Object::Group(group)) => {
                let commits = kafka.groups.get(group).and_then(|g| g.offsets.last()).map_or(&[][..], |c| c);
                commits
                    .chunk_by(|a, b| a.topic == b.topic)
                    .filter_map(|c| kafka.topics.get(&c[0].topic))
                    .collect()
            }
            Some(_) => Vec::new(),
        }
    }

    fn object(&self, topic: &Topic) -> Object {
        Object::Topic(topic.name.clone())
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<&'a Topic> {
        let Object::Topic(name) = object else { return None };
        world.snapshot.kafka.topics.get(name)
    }

    fn search(&self, topic: &Topic, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&topic.name)
    }

    fn fault(&self, world: &World<'_>, topic: &Topic) -> bool {
        troubles(world, topic) != Troubles::default()
    }

    fn state(&self, world: &World<'_>) -> State {
        world.snapshot.kafka.topics_feed.state(world.now)
    }

    fn drill(&self, _world: &World<'_>, topic: &Topic) -> Option<Place> {
        Some(Place { pane: "partitions", scope: Some(Object::Topic(topic.name.clone())) })
    }
}

fn troubles(world: &World<'_>, topic: &Topic) -> Troubles {
    world.snapshot.kafka.census.topic(&topic.name)
}

fn factor(topic: &Topic) -> Option<u64> {
    topic.partitions.iter().map(|p| p.replicas.len() as u64).max()
}

fn size(world: &World<'_>, topic: &Topic) -> Option<u64> {
    world.snapshot.kafka.sizes.whole(&topic.name)
}

/// Messages by their offsets: compaction and deleted records make it an upper bound.
fn rate(world: &World<'_>, topic: &Topic, metric: Metric) -> Option<f64> {
    world.snapshot.throughput.rate(metric, &Subject::Topic(topic.name.clone()), world.now).0
}

fn rate_state(world: &World<'_>, topic: &Topic, metric: Metric) -> State {
    world.snapshot.throughput.state(metric, &Subject::Topic(topic.name.clone()), world.now)
}

fn retention(topic: &Topic) -> Cell {
    let Some(config) = &topic.config else { return unknown() };
    let time = match u64::try_from(config.retention_ms) {
        Ok(ms) => age(Duration::from_millis(ms)),
        Err(_) => "for ever".into(),
    };
    match u64::try_from(config.retention_bytes) {
        Ok(bytes) => Cell::plain(format!("{time}, {}", human::bytes(bytes))),
        Err(_) => Cell::plain(time),
    }
}

type C = Column<Topics>;

static COLUMNS: &[C] = &[
    C::wide(
        "NAME",
        20,
        |_, t| Cell::toned(t.name.to_string(), if t.internal { Tone::Muted } else { Tone::Strong }),
        |_, t| SortKey::Text(&t.name),
    )
    .sort('N'),
    C::number(
        "PART",
        5,
        |_, t| count(Some(t.partitions.len() as u64)),
        |_, t| SortKey::Number(t.partitions.len() as f64),
    )
    .sort('P'),
    C::number("RF", 3, |_, t| count(factor(t)), |_, t| key(factor(t).map(|n| n as f64))).rank(1).sort('F'),
    C::number(
        "MIN",
        3,
        |_, t| count(t.min_insync().map(|n| n as u64)),
        |_, t| key(t.min_insync().map(|n| n as f64)),
    )
    .rank(1)
    .sort('M'),
    C::number(
        "URP",
        5,
        |world, t| faults(troubles(world, t).under_replicated, Tone::Warning),
        |world, t| SortKey::Number(f64::from(troubles(world, t).under_replicated)),
    )
    .sort('U'),
    C::number(
        "<MIN",
        5,
        |world, t| {
            if t.config.is_some() { faults(troubles(world, t).under_min, Tone::Critical) } else { unknown() }
        },
        |world, t| key(t.config.as_ref().map(|_| f64::from(troubles(world, t).under_min))),
    )
    .sort('I'),
    C::number(
        "OFFLINE",
        7,
        |world, t| faults(troubles(world, t).offline, Tone::Critical),
        |world, t| SortKey::Number(f64::from(troubles(world, t).offline)),
    )
    .sort('O'),
    C::number("SIZE", 9, |world, t| bytes(size(world, t)), |world, t| key(size(world, t).map(|n| n as f64)))
        .rank(1)
        .sort('S'),
    C::number(
        "IN/s",
        11,
        |world, t| rate(world, t, Metric::BytesIn).map_or_else(unknown, |r| Cell::plain(human::byte_rate(r))),
        |world, t| key(rate(world, t, Metric::BytesIn)),
    )
    .rank(2)
    .sort('B')
    .read_from(|world, t| rate_state(world, t, Metric::BytesIn)),
    C::number(
        "MSG IN",
        8,
        |world, t| rate(world, t, Metric::MessagesIn).map_or_else(unknown, |r| Cell::plain(human::rate(r))),
        |world, t| key(rate(world, t, Metric::MessagesIn)),
    )
    .rank(2)
    .sort('E')
    .read_from(|world, t| rate_state(world, t, Metric::MessagesIn)),
    C::number(
        "OUT/s",
        11,
        |world, t| {
            rate(world, t, Metric::BytesOut).map_or_else(unknown, |r| Cell::plain(human::byte_rate(r)))
        },
        |world, t| key(rate(world, t, Metric::BytesOut)),
    )
    .rank(3)
    .sort('T')
    .read_from(|world, t| rate_state(world, t, Metric::BytesOut)),
    C::text(
        "CLEANUP",
        14,
        |_, t| t.config.as_ref().map_or_else(unknown, |c| Cell::plain(c.cleanup.clone())),
        |_, t| t.config.as_ref().map_or(SortKey::Unknown, |c| SortKey::Text(&c.cleanup)),
    )
    .rank(4)
    .sort('C'),
    C::text(
        "RETENTION",
        16,
        |_, t| retention(t),
        |_, t| {
            key(t.config.as_ref().map(|c| if c.retention_ms < 0 { f64::MAX } else { c.retention_ms as f64 }))
        },
    )
    .rank(4)
    .sort('R'),
];
