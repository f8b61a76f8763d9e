//! The tour: castellan shows itself on a demo, from an alarm to its repair. What it says and presses is data.

use super::{
    Shared,
    scenario::Span,
    world::{Act, World},
};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::time::Duration;

/// A stage of the tour: what happens and is pressed, and then what is said of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    pub say: String,
    /// What happens in the world before.
    #[serde(default)]
    pub acts: Vec<Act>,
    /// Chords, parted by blanks.
    #[serde(default)]
    pub keys: String,
    /// What is typed after the keys, ended by the enter key.
    #[serde(default)]
    pub line: String,
    /// How long it stands, after what it waits for, unless it is passed over.
    pub stands: Span,
    /// What it waits for; after [`PATIENCE`] it goes on all the same.
    pub until: Option<Until>,
}

/// A state of the first Kafka cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// Some partition lacks a replica.
    Degraded,
    /// Every broker is registered and every replica is in sync.
    Whole,
}

/// A world that does not come to what is awaited must not hold the tour up for ever.
pub const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    stages: Vec<Stage>,
}

/// The stages in their order.
///
/// # Errors
/// Where the file in the binary is no tour, which its test finds first.
pub fn stages() -> Result<Vec<Stage>> {
    let file: File = toml::from_str(include_str!("incident.toml")).context("the tour")?;
    Ok(file.stages)
}

impl Stage {
    /// Lets happen what the stage begins with.
    pub fn begin(&self, shared: &Shared) {
        let acts = self.acts.clone();
        shared.with(|world| acts.into_iter().for_each(|act| world.act(act)));
    }

    /// Whether what it waits for is so.
    pub fn is_over(&self, shared: &Shared) -> bool {
        self.until.is_none_or(|until| shared.with(|world| until.holds(world)))
    }
}

impl Until {
    fn holds(self, world: &World) -> bool {
        let Some(cluster) = world.kafka.first() else { return true };
        let mut partitions = cluster.topics.values().flat_map(|topic| &topic.partitions);
        match self {
            Until::Degraded => partitions.any(|p| p.isr.len() < p.replicas.len()),
            Until::Whole => {
                cluster.brokers.values().all(|b| b.registered)
                    && partitions.all(|p| p.isr.len() == p.replicas.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::chord::Chord;

    #[test]
    fn every_stage_can_be_read_typed_and_done() {
        let stages = stages().unwrap();
        assert!(stages.len() > 5);
        for stage in &stages {
            for chord in stage.keys.split_whitespace() {
                assert!(chord.parse::<Chord>().is_ok(), "{chord}");
            }
            // Three lines of a small screen.
            assert!(stage.say.chars().count() <= 220, "{}", stage.say);
        }
        assert!(stages.iter().any(|s| s.until == Some(Until::Whole)), "the incident is repaired");
    }
}
