//! What castellan knows and what follows from it: plain data and pure functions.
//!
//! Nothing here knows a clock, a terminal or a network: time is passed in, and everything that
//! was observed says when (see [`reading`]).

pub mod access;
pub mod ask;
pub mod clean;
pub mod commits;
pub mod context;
pub mod derived;
pub mod discovery;
pub mod human;
pub mod kafka;
pub mod kubernetes;
pub mod lag;
pub mod object;
pub mod operation;
pub mod rates;
pub mod reading;
pub mod snapshot;
pub mod target;
pub mod throughput;
pub mod time;
pub mod world;

/// Shared, immutable text: names repeat across thousands of rows.
pub type Text = std::sync::Arc<str>;
