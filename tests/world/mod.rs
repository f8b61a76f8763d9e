//! Worlds to test and to measure on: built from the deltas that the sources send, of any size, the same
//! every time. Included by path from the unit tests, the tests of the views and the benches.
#![allow(dead_code, reason = "each crate that includes it uses a part")]

pub mod kafka;
pub mod kubernetes;

use castellan::{
    domain::{
        context::{Context, Contexts},
        derived::Derived,
        kafka::{Body, KafkaDelta},
        kubernetes::{KubernetesDelta, TableDelta},
        snapshot::{Delta, Snapshot},
        throughput::ThroughputDelta,
        time::Time,
    },
    pane::World,
};
use std::time::Duration;

/// 2026-11-21 03:04:05 UTC.
pub const NOW: Time = Time(1_795_230_245_000);

/// How much of everything there is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub nodes: usize,
    pub brokers: usize,
    /// In all, the brokers' and the clients' among them.
    pub pods: usize,
    pub topics: usize,
    /// Of each topic.
    pub partitions: usize,
    pub groups: usize,
}

pub const SMALL: Size = Size { nodes: 6, brokers: 3, pods: 20, topics: 6, partitions: 7, groups: 4 };
pub const LARGE: Size =
    Size { nodes: 300, brokers: 24, pods: 10_000, topics: 10_000, partitions: 20, groups: 2_000 };

/// The states in which every pane is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Everything answered and there is nothing.
    Empty,
    /// Nothing answered yet.
    Pending,
    Healthy,
    /// A broker crashes, another's disk is nearly full, a node is lost, groups fall behind.
    Degraded,
    /// Healthy, and then silent for two minutes.
    Stale,
    /// Healthy, and then every source failed.
    Failed,
}

impl Mood {
    pub const ALL: [Mood; 6] =
        [Mood::Empty, Mood::Pending, Mood::Healthy, Mood::Degraded, Mood::Stale, Mood::Failed];
}

/// A snapshot with what follows from it.
pub struct Fixture {
    pub snapshot: Snapshot,
    pub derived: Derived,
    pub now: Time,
}

impl Fixture {
    pub fn of(snapshot: Snapshot, now: Time) -> Self {
        let derived = Derived::of(&snapshot, now, None);
        Fixture { snapshot, derived, now }
    }

    pub fn world(&self) -> World<'_> {
        World { snapshot: &self.snapshot, derived: &self.derived, now: self.now }
    }
}

pub fn fixture(mood: Mood, size: Size) -> Fixture {
    let (snapshot, now) = match mood {
        Mood::Empty => (empty(), NOW),
        Mood::Pending => (Snapshot::default(), NOW),
        Mood::Healthy => (healthy(size), NOW),
        Mood::Degraded => (degraded(size), NOW),
        Mood::Stale => (healthy(size), NOW.plus(Duration::from_secs(120))),
        Mood::Failed => (failed(size), NOW.plus(Duration::from_secs(40))),
    };
    Fixture::of(snapshot, now)
}

pub fn apply(snapshot: &mut Snapshot, deltas: impl IntoIterator<Item = Delta>) {
    for delta in deltas {
        snapshot.apply(delta);
    }
}

/// Connected to a Kubernetes without pods and a Kafka without topics.
pub fn empty() -> Snapshot {
    let none = Size { nodes: 0, brokers: 0, pods: 0, topics: 0, partitions: 0, groups: 0 };
    healthy(none)
}

/// Two of them; the first is the one that is used.
pub fn contexts() -> Contexts {
    let context = |name: &str, namespace: &str| Context {
        name: name.into(),
        cluster: "on-loopback".into(),
        user: "admin".into(),
        namespace: namespace.into(),
    };
    Contexts { present: "lab".into(), all: vec![context("lab", "kafka"), context("other", "")] }
}

pub fn healthy(size: Size) -> Snapshot {
    let mut snapshot = Snapshot { contexts: contexts(), ..Snapshot::default() };
    apply(&mut snapshot, kubernetes::deltas(size));
    apply(&mut snapshot, kafka::deltas(size));
    snapshot
}

/// Healthy, but for nodes, of which nothing was ever heard.
pub fn snapshot_without_nodes() -> Snapshot {
    let mut snapshot = healthy(SMALL);
    snapshot.kubernetes.nodes = Default::default();
    snapshot
}

/// Several things go wrong at once: every rule that can hold together with the others finds something.
pub fn degraded(size: Size) -> Snapshot {
    let mut snapshot = healthy(size);
    apply(&mut snapshot, kubernetes::troubles());
    apply(&mut snapshot, kafka::troubles(size));
    snapshot
}

/// Ten seconds after a healthy reading nobody answers any more.
pub fn failed(size: Size) -> Snapshot {
    let mut snapshot = healthy(size);
    let at = NOW.plus(Duration::from_secs(10));
    apply(&mut snapshot, failures(at));
    snapshot
}

/// Every source's word that it cannot read.
pub fn failures(at: Time) -> Vec<Delta> {
    fn table<T>(at: Time) -> TableDelta<T> {
        TableDelta::Failed { reason: "connection refused".into(), at }
    }
    let mut deltas: Vec<Delta> = vec![
        KubernetesDelta::Server { answer: Err("connection refused".into()), at }.into(),
        KubernetesDelta::Pods(table(at)).into(),
        KubernetesDelta::StatefulSets(table(at)).into(),
        KubernetesDelta::Deployments(table(at)).into(),
        KubernetesDelta::ReplicaSets(table(at)).into(),
        KubernetesDelta::Nodes(table(at)).into(),
        KubernetesDelta::Claims(table(at)).into(),
        KubernetesDelta::Budgets(table(at)).into(),
        KubernetesDelta::Autoscalers(table(at)).into(),
        KubernetesDelta::Services(table(at)).into(),
        KubernetesDelta::Events(table(at)).into(),
        ThroughputDelta::Failed { reason: "HTTP 503 from prometheus:9090".into(), at }.into(),
    ];
    let bodies = [
        Body::Cluster,
        Body::Topics,
        Body::Ends,
        Body::Groups,
        Body::Quorum,
        Body::Reassignments,
        Body::Configs,
        Body::Contacts,
        Body::LogDirs,
        Body::Offsets,
    ];
    let failed = |body| KafkaDelta::Failed { body, reason: "no broker answers".into(), at }.into();
    deltas.extend(bodies.into_iter().map(failed));
    deltas
}
