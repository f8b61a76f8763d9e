pub mod action;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod domain;
pub mod effect;
pub mod guide;
pub mod headless;
pub mod journal;
pub mod log;
pub mod once;
pub mod opening;
pub mod pane;
pub mod perform;
pub mod run;
pub mod source;
pub mod sources;
pub mod suggest;
pub mod terminal;
pub mod view;

/// So that the worlds of the tests, which the benches include too, name this crate the same everywhere.
#[cfg(test)]
extern crate self as castellan;
#[cfg(test)]
#[path = "../tests/world/mod.rs"]
mod world;
