//! What a scenario's file can say.

use crate::{
    demo::world::Act,
    domain::{Text, time},
};
use serde::{Deserialize, Deserializer, de::Error};
use std::{collections::BTreeMap, time::Duration};

/// A scenario, with what it has from the base.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Estate {
    /// What it is, in one sentence.
    pub says: String,
    /// How long before the start Kafka is followed in earnest, with all that acts on it.
    pub lead: Span,
    pub nodes: Nodes,
    pub kafka: Vec<Kafka>,
    pub workloads: Vec<Workload>,
    /// What the programs in images do.
    pub programs: Vec<Image>,
    #[serde(default)]
    pub acts: Vec<Timed>,
    pub fill: Option<Fill>,
}

/// `90s`, `15m`, `3h`, `12d`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        time::span(&text).map(Span).ok_or_else(|| D::Error::custom(format!("no length of time: {text}")))
    }
}

/// When something happens: `-15m` before the start, `2m` after it.
#[derive(Debug, Clone, Copy)]
pub enum When {
    Before(Duration),
    After(Duration),
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let when = match text.strip_prefix('-') {
            Some(before) => time::span(before).map(When::Before),
            None => time::span(&text).map(When::After),
        };
        when.ok_or_else(|| D::Error::custom(format!("no time from the start: {text}")))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Nodes {
    pub zones: Vec<String>,
    pub per_zone: usize,
    pub cpu: String,
    pub memory: String,
    pub age: Span,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keeper {
    StatefulSet,
    Strimzi,
}

/// A Kafka cluster.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Kafka {
    pub namespace: String,
    pub name: String,
    pub keeper: Keeper,
    pub brokers: usize,
    /// The size of a broker's claim.
    pub disk: String,
    pub image: String,
    pub min_isr: usize,
    pub age: Span,
    pub topics: Vec<Topic>,
    #[serde(default)]
    pub groups: Vec<Group>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Topic {
    pub name: String,
    pub partitions: i32,
    pub replication: i16,
    /// Messages a second at the height of the day.
    #[serde(default)]
    pub rate: f64,
    /// Bytes of a record on the average.
    #[serde(default = "bytes")]
    pub bytes: f64,
    #[serde(default)]
    pub configs: BTreeMap<Text, Text>,
    /// Since when it is sent to; None: as long as the cluster is there.
    pub age: Option<Span>,
    /// The replicas of each partition, where they are not as Kafka would place them.
    #[serde(default)]
    pub assignments: Vec<Vec<i32>>,
    /// The workload that sends to it, `namespace/name`.
    pub producer: Option<String>,
}

fn bytes() -> f64 {
    400.0
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Group {
    pub name: String,
    pub topics: Vec<Text>,
    /// The workload whose pods are its members, `namespace/name`; None: it has no members.
    pub workload: Option<String>,
    /// Messages a second that one member works off at most.
    pub pace: f64,
    /// Messages that it is behind when Kafka begins to be followed.
    #[serde(default)]
    pub lag: f64,
    /// Members keep what they have at a rebalance.
    #[serde(default)]
    pub sticky: bool,
    /// Cores that a thousand messages a second take.
    #[serde(default)]
    pub cores: f64,
}

/// Pods that are no brokers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Workload {
    pub namespace: String,
    pub name: String,
    /// It has ordinals, and a claim of this size.
    pub claim: Option<String>,
    pub image: String,
    pub replicas: usize,
    pub cpu: String,
    pub memory: String,
    pub age: Span,
    #[serde(default)]
    pub part_of: Option<String>,
    /// The port of a Service in front of it, and the Service's name where it is another.
    pub port: Option<u16>,
    pub service: Option<String>,
    /// An autoscaler's least and most replicas, and the load in percent that it aims at.
    pub scales: Option<(usize, usize, usize)>,
    /// Of a disruption budget.
    pub max_unavailable: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Image {
    pub image: String,
    #[serde(default)]
    pub missing: bool,
    pub ready_after: Option<f64>,
    /// It ends after so many seconds, with this code.
    pub ends: Option<(f64, i32)>,
    pub stops_in: Option<f64>,
    #[serde(default)]
    pub says: Vec<Text>,
}

/// Something that happens at a time.
#[derive(Debug)]
pub struct Timed {
    pub at: When,
    pub act: Act,
}

impl<'de> Deserialize<'de> for Timed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let at = table.remove("at").ok_or_else(|| D::Error::missing_field("at"))?;
        let at = at.try_into().map_err(D::Error::custom)?;
        let act = table.try_into().map_err(D::Error::custom)?;
        Ok(Timed { at, act })
    }
}

/// Many of a kind, by numbers. Names are made of the words.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fill {
    /// The cluster that it is in, `namespace/name`.
    pub cluster: String,
    pub topics: usize,
    pub partitions: i32,
    pub replication: i16,
    /// Messages a second of the busiest topic; the others have less and less.
    pub rate: f64,
    /// Each is a Deployment, and a group of its pods.
    pub groups: usize,
    pub pods: usize,
    pub domains: Vec<String>,
    pub things: Vec<String>,
    pub events: Vec<String>,
}
