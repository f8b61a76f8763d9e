//! What the screens show: rows and columns, charts, details, described from the domain.
//!
//! A pane knows nothing of a terminal, a theme or a key. To add one: a file here and a line in
//! [`PANES`].

pub mod cell;
pub mod chart;
pub mod describe;
pub mod query;
pub mod table;

mod brokers;
mod charts;
mod clusters;
mod contexts;
mod events;
mod findings;
mod format;
mod groups;
mod members;
mod moves;
mod nodes;
mod objects;
mod operations;
mod order;
mod overview;
mod partitions;
mod pods;
mod policies;
mod sources;
mod storage;
mod topics;
mod workloads;

pub use brokers::standing;
pub use cell::{Cell, Doubt, Figure, Tone};
pub use groups::why_not_late;
pub use members::reader_pod;
pub use order::{Arranged, SortKey};
pub use query::{Filter, Query, Sort};
pub use sources::{Source, sources};
pub use table::{Column, Rows, Table};

pub use crate::domain::world::World;

use crate::domain::object::{Kind, Object};

/// One screen.
pub struct Pane {
    /// The command that opens it (`:pods`), and its title.
    pub name: &'static str,
    /// Other words for the same command, k9s's and kubectl's among them.
    pub aliases: &'static [&'static str],
    /// One sentence for help and the palette.
    pub about: &'static str,
    /// From top to bottom; the cursor moves through the tables among them.
    pub blocks: &'static [Block],
}

pub enum Block {
    /// The one-line verdict.
    Verdict,
    Table {
        table: &'static dyn Table,
        /// Shown above it where a pane has several tables.
        heading: &'static str,
        /// How much of the free height it gets, relative to the other tables.
        weight: u16,
        /// Left out where the screen is not at least 30 lines high.
        spare: bool,
    },
    Charts(&'static dyn chart::Charts),
}

/// A pane narrowed to what belongs to one object: where drilling down leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// [`Pane::name`].
    pub pane: &'static str,
    pub scope: Option<Object>,
}

/// Every pane, in the order of the help and of the palette.
pub static PANES: &[&Pane] = &[
    &overview::PANE,
    &pods::PANE,
    &workloads::STATEFULSETS,
    &workloads::DEPLOYMENTS,
    &nodes::PANE,
    &brokers::PANE,
    &topics::PANE,
    &partitions::PANE,
    &groups::PANE,
    &members::PANE,
    &moves::PANE,
    &events::PANE,
    &charts::PANE,
    &findings::PANE,
    &storage::PANE,
    &policies::SERVICES,
    &policies::BUDGETS,
    &policies::AUTOSCALERS,
    &clusters::PANE,
    &contexts::PANE,
    &operations::PANE,
];

/// The pane of that name or alias.
pub fn find(word: &str) -> Option<&'static Pane> {
    PANES.iter().copied().find(|p| p.name == word || p.aliases.contains(&word))
}

/// Where an object is shown, alone: the pane of its kind, narrowed to it.
pub fn place(object: &Object) -> Option<Place> {
    let pane = match object {
        Object::Kube { kind, .. } => match kind {
            Kind::Pod => "pods",
            Kind::StatefulSet => "statefulsets",
            Kind::Deployment => "deployments",
            Kind::Node => "nodes",
            Kind::Claim => "claims",
            Kind::Service => "services",
            Kind::DisruptionBudget => "budgets",
            Kind::Autoscaler => "autoscalers",
            Kind::Event => "events",
            Kind::ReplicaSet => return None,
        },
        Object::Broker(_) => "brokers",
        Object::Topic(_) => "topics",
        Object::Partition(..) => "partitions",
        Object::Group(_) | Object::Member(..) | Object::GroupPartition(..) => "members",
        Object::Cluster(_) => "clusters",
        Object::Operation(_) => "operations",
        Object::Finding(_) | Object::Context(_) => return None,
    };
    Some(Place { pane, scope: Some(object.clone()) })
}

#[cfg(test)]
mod tests;
