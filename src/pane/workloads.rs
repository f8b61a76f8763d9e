//! StatefulSets and Deployments: what makes the pods.

use super::{
    Block, Cell, Column, Pane, Place, SortKey, Tone, World,
    objects::{Listed, Objects, object},
};
use crate::domain::{
    Text, human,
    kubernetes::{Deployment, Kubernetes, StatefulSet, Table},
    object::Kind,
};

pub static STATEFULSETS: Pane = Pane {
    name: "statefulsets",
    aliases: &["sts", "statefulset"],
    about: "StatefulSets: replicas asked for, ready and updated",
    blocks: &[Block::Table { table: &Objects::<StatefulSet>::TABLE, heading: "", weight: 1, spare: false }],
};

pub static DEPLOYMENTS: Pane = Pane {
    name: "deployments",
    aliases: &["deploy", "dp", "deployment"],
    about: "Deployments: replicas asked for, ready and updated",
    blocks: &[Block::Table { table: &Objects::<Deployment>::TABLE, heading: "", weight: 1, spare: false }],
};

/// `2/3`, coloured by whether all are there.
fn share(have: i32, wanted: i32) -> Cell {
    let tone = match (have, wanted) {
        (have, wanted) if have >= wanted => Tone::Plain,
        (0, _) => Tone::Critical,
        _ => Tone::Warning,
    };
    Cell::toned(format!("{have}/{wanted}"), tone)
}

fn images(images: &[Text]) -> Cell {
    Cell::toned(human::list(images, 2), Tone::Muted)
}

impl Listed for StatefulSet {
    const KIND: Kind = Kind::StatefulSet;
    const NOUN: &'static str = "StatefulSets";
    const COLUMNS: &'static [Column<Objects<Self>>] = &[
        Objects::<Self>::NAMESPACE,
        Objects::<Self>::NAME,
        Column::number(
            "READY",
            6,
            |_, s: &Self| share(s.ready, s.replicas),
            |_, s: &Self| SortKey::Number(f64::from(s.ready)),
        )
        .sort('R'),
        Column::number(
            "UPDATED",
            7,
            |_, s: &Self| share(s.updated, s.replicas),
            |_, s: &Self| SortKey::Number(f64::from(s.updated)),
        )
        .rank(2)
        .sort('U'),
        Column::text(
            "ROLLOUT",
            16,
            |_, s: &Self| rollout(s),
            |_, s: &Self| SortKey::Owned(rollout(s).text.into_owned()),
        )
        .rank(2)
        .sort('S'),
        Column::text(
            "SERVICE",
            18,
            |_, s: &Self| Cell::plain(s.service.to_string()),
            |_, s: &Self| SortKey::Text(&s.service),
        )
        .rank(4),
        Column::text(
            "IMAGES",
            36,
            |_, s: &Self| images(&s.images),
            |_, s: &Self| SortKey::Owned(human::list(&s.images, 2)),
        )
        .rank(5)
        .sort('I'),
        Objects::<Self>::AGE,
    ];

    fn table(kubernetes: &Kubernetes) -> &Table<Self> {
        &kubernetes.stateful_sets
    }

    fn fault(&self, _world: &World<'_>) -> bool {
        self.ready < self.replicas
    }

    fn drill(&self, _world: &World<'_>) -> Option<Place> {
        Some(Place { pane: "pods", scope: Some(object(self)) })
    }
}

/// Where an update of the pods stands.
fn rollout(set: &StatefulSet) -> Cell {
    if set.observed_generation < set.generation {
        Cell::toned("not yet seen", Tone::Warning)
    } else if set.current_revision == set.update_revision || set.updated >= set.replicas {
        Cell::toned("done", Tone::Muted)
    } else if &*set.update_strategy == "OnDelete" {
        Cell::toned("waits for deletes", Tone::Warning)
    } else if set.partition > 0 {
        Cell::toned(format!("held at {}", set.partition), Tone::Warning)
    } else {
        Cell::toned("under way", Tone::Warning)
    }
}

impl Listed for Deployment {
    const KIND: Kind = Kind::Deployment;
    const NOUN: &'static str = "Deployments";
    const COLUMNS: &'static [Column<Objects<Self>>] = &[
        Objects::<Self>::NAMESPACE,
        Objects::<Self>::NAME,
        Column::number(
            "READY",
            6,
            |_, d: &Self| share(d.ready, d.replicas),
            |_, d: &Self| SortKey::Number(f64::from(d.ready)),
        )
        .sort('R'),
        Column::number(
            "UP-TO-DATE",
            10,
            |_, d: &Self| share(d.updated, d.replicas),
            |_, d: &Self| SortKey::Number(f64::from(d.updated)),
        )
        .rank(2)
        .sort('U'),
        Column::number(
            "AVAILABLE",
            9,
            |_, d: &Self| share(d.available, d.replicas),
            |_, d: &Self| SortKey::Number(f64::from(d.available)),
        )
        .rank(2)
        .sort('V'),
        Column::text(
            "ROLLOUT",
            18,
            |_, d: &Self| progress(d),
            |_, d: &Self| SortKey::Owned(progress(d).text.into_owned()),
        )
        .rank(3)
        .sort('S'),
        Column::text(
            "IMAGES",
            36,
            |_, d: &Self| images(&d.images),
            |_, d: &Self| SortKey::Owned(human::list(&d.images, 2)),
        )
        .rank(5)
        .sort('I'),
        Objects::<Self>::AGE,
    ];

    fn table(kubernetes: &Kubernetes) -> &Table<Self> {
        &kubernetes.deployments
    }

    fn fault(&self, _world: &World<'_>) -> bool {
        self.available < self.replicas || !self.stuck.is_empty()
    }

    fn drill(&self, _world: &World<'_>) -> Option<Place> {
        Some(Place { pane: "pods", scope: Some(object(self)) })
    }
}

fn progress(deployment: &Deployment) -> Cell {
    if deployment.paused {
        Cell::toned("paused", Tone::Warning)
    } else if !deployment.stuck.is_empty() {
        Cell::toned(deployment.stuck.to_string(), Tone::Critical)
    } else if deployment.observed_generation < deployment.generation {
        Cell::toned("not yet seen", Tone::Warning)
    } else if deployment.updated < deployment.replicas {
        Cell::toned("under way", Tone::Warning)
    } else if deployment.available < deployment.replicas {
        // Source: kubectl `DeploymentStatusViewer`.
        Cell::toned("waits for pods", Tone::Warning)
    } else {
        Cell::toned("done", Tone::Muted)
    }
}
