//! Events of Kubernetes, the newest first.

use super::{
    Block, Cell, Column, Pane, Place, SortKey, Tone, World,
    objects::{Listed, Objects},
    place,
};
use crate::domain::{
    kubernetes::{Event, Key, Kubernetes, Table},
    object::{Kind, Object},
    time::age,
};

pub static PANE: Pane = Pane {
    name: "events",
    aliases: &["ev", "event"],
    about: "Events of Kubernetes, newest first",
    blocks: &[Block::Table { table: &Objects::<Event>::TABLE, heading: "", weight: 1, spare: false }],
};

impl Listed for Event {
    const KIND: Kind = Kind::Event;
    const NOUN: &'static str = "events";
    const COLUMNS: &'static [Column<Objects<Self>>] = &[
        Column::number(
            "LAST",
            6,
            |world, e: &Self| Cell::plain(age(world.now.since(e.last))),
            |world, e: &Self| SortKey::Number(world.now.since(e.last).as_secs_f64()),
        )
        .sort('A'),
        Column::text(
            "TYPE",
            4,
            |_, e: &Self| Cell::toned(short(&e.kind), tone(e)),
            |_, e: &Self| SortKey::Text(&e.kind),
        )
        .sort('T'),
        Column::text(
            "REASON",
            17,
            |_, e: &Self| Cell::toned(e.reason.to_string(), tone(e)),
            |_, e: &Self| SortKey::Text(&e.reason),
        )
        .sort('R'),
        Column::text(
            "NAMESPACE",
            10,
            |_, e: &Self| Cell::toned(namespace(e), Tone::Muted),
            |_, e: &Self| SortKey::Text(&e.meta.key.namespace),
        )
        .rank(1)
        .sort('P'),
        Column::text(
            "OBJECT",
            24,
            |_, e: &Self| Cell::toned(subject(e), Tone::Strong),
            |_, e: &Self| SortKey::Owned(subject(e)),
        )
        .sort('O'),
        Column::number(
            "COUNT",
            5,
            |_, e: &Self| Cell::plain(e.count.max(1).to_string()),
            |_, e: &Self| SortKey::Number(f64::from(e.count)),
        )
        .rank(3)
        .sort('C'),
        Column::wide(
            "MESSAGE",
            12,
            |_, e: &Self| Cell::plain(e.message.to_string()),
            |_, e: &Self| SortKey::Text(&e.message),
        )
        .sort('M'),
        Column::text(
            "FROM",
            18,
            |_, e: &Self| Cell::toned(e.component.to_string(), Tone::Muted),
            |_, e: &Self| SortKey::Text(&e.component),
        )
        .rank(5)
        .sort('F'),
    ];

    fn table(kubernetes: &Kubernetes) -> &Table<Self> {
        &kubernetes.events
    }

    fn items<'a>(world: &World<'a>, scope: Option<&Object>) -> Vec<&'a Self> {
        let all = world.snapshot.kubernetes.events.iter();
        let mut events: Vec<&Event> = match scope {
            Some(scope) => all.filter(|event| concerns(event, scope, world)).collect(),
            None => all.collect(),
        };
        events.sort_by_key(|event| std::cmp::Reverse(event.last));
        events
    }

    fn fault(&self, _world: &World<'_>) -> bool {
        &*self.kind != "Normal"
    }

    fn drill(&self, _world: &World<'_>) -> Option<Place> {
        place(&regarded(self)?)
    }

    fn search(&self, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&self.reason) || try_word(&self.message) || try_word(&subject(self))
    }
}

/// `pod/kafka-1`, as kubectl has it.
fn subject(event: &Event) -> String {
    format!("{}/{}", event.object_kind.to_lowercase(), event.object_name)
}

/// `Warn`, `Norm`: the whole word's columns are the message's.
fn short(kind: &str) -> String {
    kind.chars().take(4).collect()
}

/// That of the object: events of what is in none are kept in one, too.
fn namespace(event: &Event) -> String {
    let inside = Kind::from_name(&event.object_kind).is_none_or(Kind::namespaced);
    if inside { event.meta.key.namespace.to_string() } else { String::new() }
}

fn tone(event: &Event) -> Tone {
    if &*event.kind == "Normal" { Tone::Muted } else { Tone::Warning }
}

/// The object that an event is about. A node's events carry its name in place of its UID.
fn regarded(event: &Event) -> Option<Object> {
    let kind = Kind::from_name(&event.object_kind)?;
    let namespace = if kind.namespaced() { event.meta.key.namespace.clone() } else { "".into() };
    let uid = if kind == Kind::Node { "".into() } else { event.object_uid.clone() };
    Some(Object::Kube { kind, key: Key { namespace, name: event.object_name.clone() }, uid })
}

/// Whether an event is about `scope`, be it an object of Kubernetes or a broker by its pod.
pub fn concerns(event: &Event, scope: &Object, world: &World<'_>) -> bool {
    match scope {
        Object::Kube { kind, key, .. } => {
            Kind::from_name(&event.object_kind) == Some(*kind)
                && event.object_name == key.name
                && (!kind.namespaced() || event.meta.key.namespace == key.namespace)
        }
        Object::Broker(id) => {
            world.derived.joined.pod_of(*id).is_some_and(|pod| concerns(event, &pod, world))
        }
        _ => false,
    }
}
