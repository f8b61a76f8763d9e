//! castellan itself, in a terminal, on a real cluster that is broken under its eyes.

mod actions;
mod contexts;
mod differential;
mod drill;
mod faults;
mod first;
mod on_paper;
mod panes;
mod picker;
mod runbooks;
mod screen;
mod stage;
