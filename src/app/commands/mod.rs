//! The commands by theme. To add one: an entry in a file here.

mod go;
pub mod inspect;
mod log;
mod messages;
pub mod movement;
mod see;
pub mod session;

use super::command::Command;

pub static ALL: &[&[Command]] = &[
    inspect::COMMANDS,
    messages::COMMANDS,
    log::COMMANDS,
    see::COMMANDS,
    movement::COMMANDS,
    go::COMMANDS,
    session::COMMANDS,
];
