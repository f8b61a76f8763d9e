pub mod cli;
pub mod config;
pub mod domain;
pub mod once;
pub mod pane;
pub mod source;
pub mod suggest;
