//! Pods.

use super::{
    Block, Column, Pane, World,
    objects::{Listed, Objects},
};
use crate::domain::{
    kubernetes::{Kubernetes, Pod, Table},
    object::Kind,
};

pub static PANE: Pane = Pane {
    name: "pods",
    aliases: &["po", "pod"],
    about: "Pods with kubectl's own READY, STATUS, RESTARTS and AGE",
    blocks: &[Block::Table { table: &Objects::<Pod>::TABLE, heading: "", weight: 1, spare: false }],
};

impl Listed for Pod {
    const KIND: Kind = Kind::Pod;
    const NOUN: &'static str = "pods";
    const COLUMNS: &'static [Column<Objects<Pod>>] =
        &[Objects::<Pod>::NAMESPACE, Objects::<Pod>::NAME, Objects::<Pod>::AGE];

    fn table(kubernetes: &Kubernetes) -> &Table<Pod> {
        &kubernetes.pods
    }

    fn fault(&self, _world: &World<'_>) -> bool {
        &*self.phase != "Running" && &*self.phase != "Succeeded"
    }
}
