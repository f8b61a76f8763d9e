//! Pods.

use super::{
    Block, Cell, Column, Pane, Rows, SortKey, Tone, World,
    table::{Align, Width},
};
use crate::domain::{
    kubernetes::{Meta, Pod},
    object::{Kind, Object},
    reading::State,
    time::age,
};

pub static PANE: Pane = Pane {
    name: "pods",
    aliases: &["po", "pod"],
    about: "Pods with kubectl's own READY, STATUS, RESTARTS and AGE",
    blocks: &[Block::Table { table: &Pods, heading: "", weight: 1 }],
};

struct Pods;

impl Rows for Pods {
    type Item<'a> = &'a Pod;

    fn noun(&self) -> &'static str {
        "pods"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn items<'a>(&self, world: &World<'a>, _scope: Option<&Object>) -> Vec<&'a Pod> {
        world.snapshot.kubernetes.pods.iter().collect()
    }

    fn object(&self, pod: &Pod) -> Object {
        Object::Kube { kind: Kind::Pod, key: pod.meta.key.clone(), uid: pod.meta.uid.clone() }
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<&'a Pod> {
        match object {
            Object::Kube { kind: Kind::Pod, key, uid } => {
                world.snapshot.kubernetes.pods.get(key).filter(|p| p.meta.uid == *uid)
            }
            _ => None,
        }
    }

    fn search(&self, pod: &Pod, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&pod.meta.key.name) || try_word(&pod.meta.key.namespace)
    }

    fn fault(&self, _world: &World<'_>, pod: &Pod) -> bool {
        &*pod.phase != "Running" && &*pod.phase != "Succeeded"
    }

    fn state(&self, world: &World<'_>) -> State {
        world.snapshot.kubernetes.pods.feed.state(world.now)
    }

    fn meta<'a>(&self, _world: &World<'a>, pod: &'a Pod) -> Option<&'a Meta> {
        Some(&pod.meta)
    }
}

static COLUMNS: &[Column<Pods>] = &[
    Column {
        title: "NAMESPACE",
        width: Width::Fixed(12),
        align: Align::Left,
        rank: 2,
        cell: |_, pod| Cell::toned(pod.meta.key.namespace.to_string(), Tone::Muted),
        key: |_, pod| SortKey::Text(&pod.meta.key.namespace),
        sort: None,
    },
    Column {
        title: "NAME",
        width: Width::Flex(24),
        align: Align::Left,
        rank: 0,
        cell: |_, pod| Cell::toned(pod.meta.key.name.to_string(), Tone::Strong),
        key: |_, pod| SortKey::Text(&pod.meta.key.name),
        sort: Some('N'),
    },
    Column {
        title: "AGE",
        width: Width::Fixed(7),
        align: Align::Right,
        rank: 1,
        cell: |world, pod| Cell::plain(age(world.now.since(pod.meta.created))),
        key: |_, pod| SortKey::Number(pod.meta.created.0 as f64),
        sort: Some('A'),
    },
];
