//! castellan itself, in a terminal, on a real cluster that is broken under its eyes.

mod contexts;
mod differential;
mod faults;
mod on_paper;
mod stage;
