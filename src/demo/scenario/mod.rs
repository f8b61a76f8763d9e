//! Scenarios: what a demo's world is like when it opens, and what happens in it. Each is a file of data.
//!
//! To add one: a file in `files` and a line in [`ALL`]. What a file does not say is as in `base.toml`.

mod build;
mod estate;
mod fill;
mod manifests;
mod merge;

use super::world::World;
use crate::domain::time::Time;
use anyhow::{Context as _, Result};
use estate::Estate;
pub use estate::Span;

const BASE: &str = include_str!("files/base.toml");

pub struct Scenario {
    pub name: &'static str,
    text: &'static str,
}

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        /// All scenarios; the first is what a demo shows unless asked for another.
        static ALL: &[Scenario] =
            &[$(Scenario { name: $name, text: include_str!(concat!("files/", $name, ".toml")) }),*];
    };
}

scenarios![
    "healthy",
    "broker-down",
    "rolling-restart",
    "lagging",
    "disk-full",
    "throttle-left",
    "node-lost",
    "strimzi",
    "estate",
];

impl Scenario {
    pub fn all() -> &'static [Scenario] {
        ALL
    }

    pub fn find(name: &str) -> Option<&'static Scenario> {
        ALL.iter().find(|scenario| scenario.name == name)
    }

    /// What it is, in one sentence.
    ///
    /// # Errors
    /// Where its file is no scenario, which its test finds first.
    pub fn says(&self) -> Result<String> {
        Ok(self.estate()?.says)
    }

    /// Its world at `now`, with a past; the same `seed` and `now` make the same. `size` multiplies what a
    /// scenario has by numbers and not by name.
    ///
    /// # Errors
    /// As [`Self::says`].
    pub fn world(&self, seed: u64, size: f64, now: Time) -> Result<World> {
        build::world(&self.estate()?, seed, size, now).with_context(|| format!("the scenario {}", self.name))
    }

    fn estate(&self) -> Result<Estate> {
        let mut file: toml::Table = BASE.parse().context("the base of the scenarios")?;
        let own: toml::Table = self.text.parse().with_context(|| format!("the scenario {}", self.name))?;
        merge::over(&mut file, own);
        let mut estate: Estate = file.try_into().with_context(|| format!("the scenario {}", self.name))?;
        estate.kafka.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Ok(estate)
    }
}

#[cfg(test)]
mod tests;
