//! Pods.

use super::{
    Block, Cell, Column, Pane, Place, SortKey, Tone, World,
    objects::{Listed, Objects, is, object},
};
use crate::domain::{
    Text,
    kubernetes::{Key, Kubernetes, Pod, Table},
    object::{Kind, Object},
};
use std::collections::BTreeSet;

pub static PANE: Pane = Pane {
    name: "pods",
    aliases: &["po", "pod"],
    about: "Pods with kubectl's own READY, STATUS, RESTARTS and AGE",
    blocks: &[Block::Table { table: &Objects::<Pod>::TABLE, heading: "", weight: 1, spare: false }],
};

impl Listed for Pod {
    const KIND: Kind = Kind::Pod;
    const NOUN: &'static str = "pods";
    const COLUMNS: &'static [Column<Objects<Pod>>] = &[
        Objects::<Self>::NAMESPACE,
        Objects::<Self>::NAME,
        Column::number(
            "READY",
            5,
            |_, p: &Self| Cell::toned(p.status().ready(), if p.is_ready() { Tone::Plain } else { tone(p) }),
            |_, p: &Self| SortKey::Number(p.status().ready as f64),
        )
        .sort('R'),
        Column::text(
            "STATUS",
            17,
            |_, p: &Self| Cell::toned(p.status().status.into_owned(), tone(p)),
            |_, p: &Self| SortKey::Owned(p.status().status.into_owned()),
        )
        .sort('S'),
        Column::number(
            "RESTARTS",
            14,
            |world, p: &Self| Cell::plain(p.status().restarts(world.now)),
            |_, p: &Self| SortKey::Number(p.status().restarts as f64),
        )
        .sort('T'),
        Column::text(
            "BROKER",
            6,
            |world, p: &Self| Cell::plain(broker(world, p)),
            |world, p: &Self| match broker(world, p) {
                name if name.is_empty() => SortKey::Unknown,
                name => name.parse().map_or(SortKey::Unknown, SortKey::Number),
            },
        )
        .rank(3)
        .sort('B'),
        Column::text(
            "NODE",
            16,
            |_, p: &Self| option(p.node.as_ref()),
            |_, p: &Self| p.node.as_deref().map_or(SortKey::Unknown, SortKey::Text),
        )
        .rank(2)
        .sort('O'),
        Column::text(
            "IP",
            15,
            |_, p: &Self| option(p.ip.as_ref()),
            |_, p: &Self| p.ip.as_deref().map_or(SortKey::Unknown, SortKey::Text),
        )
        .rank(4)
        .sort('I'),
        Column::text(
            "OWNER",
            26,
            |_, p: &Self| Cell::toned(owner(p), Tone::Muted),
            |_, p: &Self| SortKey::Owned(owner(p)),
        )
        .rank(5)
        .sort('W'),
        Objects::<Self>::AGE,
    ];

    fn table(kubernetes: &Kubernetes) -> &Table<Pod> {
        &kubernetes.pods
    }

    fn items<'a>(world: &World<'a>, scope: Option<&Object>) -> Vec<&'a Pod> {
        let pods = world.snapshot.kubernetes.pods.iter();
        let Some(scope) = scope else { return pods.collect() };
        let belongs = belonging(world, scope);
        pods.filter(|pod| belongs(pod)).collect()
    }

    fn fault(&self, _world: &World<'_>) -> bool {
        !matches!(tone(self), Tone::Plain | Tone::Muted)
    }

    fn drill(&self, world: &World<'_>) -> Option<Place> {
        world.derived.joined.broker_of(&self.meta.key)?;
        Some(Place { pane: "brokers", scope: Some(object(self)) })
    }

    fn search(&self, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&self.status().status) || self.node.as_deref().is_some_and(try_word)
    }
}

/// Muted: it has done its work. Critical: it will not mend itself. Warning: it is not ready.
pub fn tone(pod: &Pod) -> Tone {
    match &*pod.status().status {
        "Completed" | "Succeeded" => Tone::Muted,
        "Running" if pod.is_ready() => Tone::Plain,
        status if status.contains("Err") || status.contains("BackOff") => Tone::Critical,
        "Failed" | "Evicted" | "OOMKilled" | "Unknown" | "InvalidImageName" => Tone::Critical,
        _ => Tone::Warning,
    }
}

fn option(text: Option<&Text>) -> Cell {
    Cell::plain(text.map_or_else(|| "–".to_string(), |t| t.to_string()))
}

fn owner(pod: &Pod) -> String {
    pod.meta.owner.as_ref().map_or_else(String::new, |o| format!("{}/{}", o.kind, o.name))
}

fn broker(world: &World<'_>, pod: &Pod) -> String {
    let id = world.derived.joined.broker_of(&pod.meta.key).and_then(|row| row.id);
    id.map(|id| id.to_string()).unwrap_or_default()
}

type Belongs<'w> = Box<dyn Fn(&Pod) -> bool + 'w>;

/// Whether a pod belongs to `scope`: what it owns, carries, selects, mounts or runs in.
fn belonging<'w>(world: &'w World<'_>, scope: &'w Object) -> Belongs<'w> {
    match scope {
        Object::Kube { kind, key, uid } => in_kubernetes(world, *kind, key, uid, scope),
        Object::Broker(id) => {
            let pod = world.derived.joined.pod_of(*id);
            Box::new(move |p| pod.as_ref().is_some_and(|pod| is(p, pod)))
        }
        Object::Group(group) => {
            let keys = members(world, group, None);
            Box::new(move |p| keys.contains(&p.meta.key))
        }
        Object::Member(group, member) => {
            let keys = members(world, group, Some(member));
            Box::new(move |p| keys.contains(&p.meta.key))
        }
        _ => Box::new(|_| false),
    }
}

fn in_kubernetes<'w>(
    world: &'w World<'_>,
    kind: Kind,
    key: &'w Key,
    uid: &'w Text,
    scope: &'w Object,
) -> Belongs<'w> {
    let kubernetes = &world.snapshot.kubernetes;
    fn all<'p>(pods: impl Iterator<Item = &'p Pod>) -> BTreeSet<Key> {
        pods.map(|p| p.meta.key.clone()).collect()
    }
    let chosen = match kind {
        Kind::Pod => return Box::new(move |p| is(p, scope)),
        Kind::Node => return Box::new(move |p| p.node.as_ref() == Some(&key.name)),
        Kind::Claim => {
            let here = move |p: &Pod| p.meta.key.namespace == key.namespace;
            return Box::new(move |p| here(p) && p.claims.values().any(|c| *c == key.name));
        }
        Kind::StatefulSet | Kind::ReplicaSet | Kind::Deployment => all(kubernetes.pods_of(uid)),
        Kind::Service => {
            kubernetes.services.get(key).map(|s| all(kubernetes.pods_of_service(s))).unwrap_or_default()
        }
        Kind::DisruptionBudget => {
            kubernetes.budgets.get(key).map(|b| all(kubernetes.pods_of_budget(b))).unwrap_or_default()
        }
        Kind::Autoscaler | Kind::Event => BTreeSet::new(),
    };
    Box::new(move |p| chosen.contains(&p.meta.key))
}

/// The pods that a group's members run in.
fn members(world: &World<'_>, group: &str, only: Option<&Text>) -> BTreeSet<Key> {
    let members = world.snapshot.kafka.groups.get(group).map_or(&[][..], |g| &g.members);
    members
        .iter()
        .filter(|m| only.is_none_or(|id| *id == m.id))
        .filter_map(|m| world.derived.joined.pods.of_member(m).cloned())
        .collect()
}
