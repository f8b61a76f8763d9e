//! Whole journeys through `castellan demo`, as its user sees them: the real binary in a real pseudo-terminal.

mod brokers;
mod end;
mod first;
mod groups;
mod panes;
mod runbooks;
mod scenarios;
mod screen;
mod stage;
mod topics;
mod tour;
mod workloads;
