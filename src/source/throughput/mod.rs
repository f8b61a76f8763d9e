//! Throughput by whoever measures it: a Prometheus, else the brokers' exporters, else log end offsets.

mod dialect;
mod exporters;
mod exposition;
mod gatherer;
mod identity;
mod meter;
mod prometheus;
mod promql;
mod server;
#[cfg(test)]
mod tests;

use super::{News, Running, gate::Gate};
use crate::domain::target::ThroughputTarget;
use std::time::Duration;

/// The most topics that are followed: the busiest. A cluster can have ten thousand.
const TOPICS: usize = 1_000;

/// The source's cadence.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The distance between points.
    pub step: Duration,
    /// How often Prometheus is asked whether there is a newer sample.
    pub look: Duration,
    /// How long an answer may take.
    pub deadline: Duration,
    /// How long a source may fail before the next best is taken.
    pub grace: Duration,
    /// How often a better source is looked for.
    pub retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Settings {
            step: seconds(15),
            look: seconds(5),
            deadline: seconds(10),
            grace: seconds(30),
            retry: seconds(15),
        }
    }
}

/// Measures for as long as the handle lives: by the best source that works, another when that fails for
/// longer than a grace or has no new samples, and the better one again when it is back. A history already in the snapshot is
/// gone on with: send [`crate::domain::throughput::ThroughputDelta::Reset`] first when the cluster is another.
pub fn gather(target: ThroughputTarget, gate: Option<Gate>, settings: Settings, news: News) -> Running {
    Running::spawn(gatherer::Gatherer { target, gate, settings, news }.run())
}
