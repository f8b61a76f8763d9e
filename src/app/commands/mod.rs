//! The commands by theme. To add one: an entry in a file here.

pub mod change;
mod go;
pub mod inspect;
mod log;
mod messages;
pub mod movement;
pub mod see;
pub mod session;

use super::command::Command;

pub static ALL: &[&[Command]] = &[
    inspect::COMMANDS,
    messages::COMMANDS,
    log::COMMANDS,
    change::COMMANDS,
    see::COMMANDS,
    movement::COMMANDS,
    go::COMMANDS,
    session::COMMANDS,
];
