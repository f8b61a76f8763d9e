//! Nodes: what the pods stand on.

use super::{
    Block, Cell, Column, Pane, Place, SortKey, Tone, World,
    objects::{Listed, Objects, object},
};
use crate::domain::{
    human,
    kubernetes::{ConditionStatus, Kubernetes, Node, Table},
    object::Kind,
};

pub static PANE: Pane = Pane {
    name: "nodes",
    aliases: &["no", "node"],
    about: "Nodes: readiness, pressure, zone and how many brokers stand on each",
    blocks: &[Block::Table { table: &Objects::<Node>::TABLE, heading: "", weight: 1, spare: false }],
};

impl Listed for Node {
    const KIND: Kind = Kind::Node;
    const NOUN: &'static str = "nodes";
    const COLUMNS: &'static [Column<Objects<Self>>] = &[
        Objects::<Self>::NAME,
        Column::text(
            "STATUS",
            24,
            |_, n: &Self| status(n),
            |_, n: &Self| SortKey::Owned(status(n).text.into_owned()),
        )
        .sort('S'),
        Column::text(
            "ZONE",
            12,
            |_, n: &Self| Cell::plain(n.zone.as_deref().unwrap_or("–").to_string()),
            |_, n: &Self| n.zone.as_deref().map_or(SortKey::Unknown, SortKey::Text),
        )
        .rank(1)
        .sort('Z'),
        Column::text(
            "BROKER IDS",
            10,
            |world, n: &Self| Cell::plain(brokers(world, n)),
            |world, n: &Self| SortKey::Owned(brokers(world, n)),
        )
        .rank(2)
        .sort('B'),
        Column::number(
            "PODS",
            5,
            |world, n: &Self| Cell::plain(pods(world, n).to_string()),
            |world, n: &Self| SortKey::Number(f64::from(pods(world, n))),
        )
        .rank(2)
        .sort('O'),
        Column::text(
            "ADDRESS",
            15,
            |_, n: &Self| Cell::plain(n.address.to_string()),
            |_, n: &Self| SortKey::Text(&n.address),
        )
        .rank(4)
        .sort('I'),
        Column::number(
            "CPU",
            6,
            |_, n: &Self| Cell::plain(format!("{:.1}", n.cpu_millis as f64 / 1000.0)),
            |_, n: &Self| SortKey::Number(n.cpu_millis as f64),
        )
        .rank(4)
        .sort('C'),
        Column::number(
            "MEMORY",
            9,
            |_, n: &Self| Cell::plain(human::bytes(n.memory)),
            |_, n: &Self| SortKey::Number(n.memory as f64),
        )
        .rank(4)
        .sort('M'),
        Column::text(
            "KUBELET",
            16,
            |_, n: &Self| Cell::toned(n.kubelet.to_string(), Tone::Muted),
            |_, n: &Self| SortKey::Text(&n.kubelet),
        )
        .rank(5)
        .sort('V'),
        Column::text(
            "TAINTS",
            30,
            |_, n: &Self| Cell::toned(taints(n), Tone::Muted),
            |_, n: &Self| SortKey::Owned(taints(n)),
        )
        .rank(6)
        .sort('T'),
        Objects::<Self>::AGE,
    ];

    fn table(kubernetes: &Kubernetes) -> &Table<Self> {
        &kubernetes.nodes
    }

    fn fault(&self, _world: &World<'_>) -> bool {
        self.unschedulable || status(self).tone != Tone::Plain
    }

    fn drill(&self, _world: &World<'_>) -> Option<Place> {
        Some(Place { pane: "pods", scope: Some(object(self)) })
    }

    fn search(&self, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        self.zone.as_deref().is_some_and(try_word)
    }
}

/// As kubectl has it (`Ready`, `NotReady`, `Unknown`, and `SchedulingDisabled`), with the pressures.
pub fn status(node: &Node) -> Cell {
    let (mut words, mut tone) = match node.condition("Ready").map(|c| c.status) {
        Some(ConditionStatus::True) => ("Ready".to_string(), Tone::Plain),
        Some(ConditionStatus::False) => ("NotReady".into(), Tone::Critical),
        Some(ConditionStatus::Unknown) => ("Unknown (lost)".into(), Tone::Critical),
        None => ("Unknown".into(), Tone::Warning),
    };
    for condition in &node.conditions {
        if &*condition.kind != "Ready" && condition.status == ConditionStatus::True {
            words = format!("{words},{}", condition.kind);
            tone = if tone == Tone::Critical { tone } else { Tone::Warning };
        }
    }
    if node.unschedulable {
        words.push_str(",SchedulingDisabled");
        tone = if tone == Tone::Plain { Tone::Warning } else { tone };
    }
    Cell::toned(words, tone)
}

fn taints(node: &Node) -> String {
    human::list(node.taints.iter().map(|t| format!("{}:{}", t.key, t.effect)), 3)
}

fn pods(world: &World<'_>, node: &Node) -> u32 {
    world.derived.joined.pods_on.get(&node.meta.key.name).copied().unwrap_or(0)
}

fn brokers(world: &World<'_>, node: &Node) -> String {
    let here = |row: &&crate::domain::derived::BrokerRow| row.node.as_ref() == Some(&node.meta.key.name);
    human::list(world.derived.joined.brokers.iter().filter(here).map(|row| row.name()), 4)
}
