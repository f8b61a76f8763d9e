//! Kafka by its own protocol: a small client for polling and administration.
//!
//! Whatever only one broker can tell (its log dirs, the ends of the partitions it leads, the groups it
//! coordinates) is asked of it by loops of its own, so a dead or hung broker costs only that.

mod access;
mod client;
mod connection;
mod error;
mod guard;
mod offsets;
mod peer;
mod poll;
pub mod proxy;
mod reach;
mod rewrite;
mod sasl;
#[cfg(test)]
pub mod tests;
mod tls;
pub mod topic;
mod written;

pub use access::access;
pub use client::{Client, Lane};
pub use connection::{Answer, PATIENCE};
pub use error::{Error, check, words};
pub use offsets::offsets;
pub use poll::Settings;
pub use reach::{Node, Way};
pub use written::Matter;

use super::{News, Running, gate::Gate};
use crate::domain::target::KafkaTarget;
pub use guard::decode;

/// Polls a cluster until dropped. `gate` is the way to brokers whose listeners cannot be reached.
pub fn poll(target: KafkaTarget, gate: Option<Gate>, settings: Settings, news: News) -> Running {
    poll_with(Client::new(target, gate), settings, news)
}

/// The same over a client that others share.
pub fn poll_with(client: Client, settings: Settings, news: News) -> Running {
    Running::spawn(poll::supervise(client, settings, news))
}
