//! The first screen: the verdict, and what an operator looks at next.

use super::{Block, Pane, brokers::Brokers, findings::Findings, groups::Groups, objects::Objects};
use crate::domain::kubernetes::Event;

pub static PANE: Pane = Pane {
    name: "overview",
    aliases: &["ov", "home"],
    about: "The verdict, the joined brokers, the groups that are worst, recent events",
    blocks: &[
        Block::Verdict,
        Block::Table { table: &Brokers, heading: "Brokers", weight: 3, spare: false },
        Block::Table { table: &Groups, heading: "Groups", weight: 2, spare: false },
        Block::Table { table: &Findings, heading: "Findings", weight: 2, spare: false },
        Block::Table { table: &Objects::<Event>::TABLE, heading: "Events", weight: 2, spare: false },
    ],
};
