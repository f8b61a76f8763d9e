//! Claims: the brokers' disks as Kubernetes sees them.

use super::{
    Block, Cell, Column, Pane, Place, SortKey, Tone, World,
    objects::{Listed, Objects, object},
};
use crate::domain::{
    human,
    kubernetes::{Claim, Kubernetes, Table},
    object::Kind,
};

pub static PANE: Pane = Pane {
    name: "claims",
    aliases: &["pvc", "persistentvolumeclaims", "claim"],
    about: "PersistentVolumeClaims: phase, volume, size and resizing",
    blocks: &[Block::Table { table: &Objects::<Claim>::TABLE, heading: "", weight: 1, spare: false }],
};

impl Listed for Claim {
    const KIND: Kind = Kind::Claim;
    const NOUN: &'static str = "claims";
    const COLUMNS: &'static [Column<Objects<Self>>] = &[
        Objects::<Self>::NAMESPACE,
        Objects::<Self>::NAME,
        Column::text(
            "STATUS",
            8,
            |_, c: &Self| Cell::toned(c.phase.to_string(), tone(c)),
            |_, c: &Self| SortKey::Text(&c.phase),
        )
        .sort('S'),
        Column::number(
            "CAPACITY",
            9,
            |_, c: &Self| size(c.capacity),
            |_, c: &Self| SortKey::Number(c.capacity as f64),
        )
        .rank(1)
        .sort('C'),
        Column::number(
            "REQUESTED",
            9,
            |_, c: &Self| size(c.requested),
            |_, c: &Self| SortKey::Number(c.requested as f64),
        )
        .rank(3)
        .sort('Q'),
        Column::text(
            "CLASS",
            14,
            |_, c: &Self| Cell::plain(c.class.to_string()),
            |_, c: &Self| SortKey::Text(&c.class),
        )
        .rank(3)
        .sort('L'),
        Column::text(
            "VOLUME",
            30,
            |_, c: &Self| Cell::toned(c.volume.to_string(), Tone::Muted),
            |_, c: &Self| SortKey::Text(&c.volume),
        )
        .rank(5)
        .sort('V'),
        Column::text(
            "RESIZING",
            22,
            |_, c: &Self| Cell::toned(human::list(&c.conditions, 2), Tone::Warning),
            |_, c: &Self| SortKey::Owned(human::list(&c.conditions, 2)),
        )
        .rank(4)
        .sort('R'),
        Objects::<Self>::AGE,
    ];

    fn table(kubernetes: &Kubernetes) -> &Table<Self> {
        &kubernetes.claims
    }

    fn fault(&self, _world: &World<'_>) -> bool {
        &*self.phase != "Bound" || !self.conditions.is_empty()
    }

    fn drill(&self, _world: &World<'_>) -> Option<Place> {
        Some(Place { pane: "pods", scope: Some(object(self)) })
    }
}

fn tone(claim: &Claim) -> Tone {
    match &*claim.phase {
        "Bound" => Tone::Plain,
        "Pending" => Tone::Warning,
        _ => Tone::Critical,
    }
}

/// An unbound claim has no capacity.
fn size(bytes: u64) -> Cell {
    if bytes == 0 { Cell::plain("–") } else { Cell::plain(human::bytes(bytes)) }
}
