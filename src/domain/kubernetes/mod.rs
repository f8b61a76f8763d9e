//! Kubernetes objects, reduced to the fields that castellan uses.

mod cluster;
mod pod;
mod relations;
mod status;
mod table;
mod workload;

pub use cluster::{
    Autoscaler, Budget, Claim, ConditionStatus, Event, Node, NodeCondition, Service, ServicePort, Taint,
};
pub use pod::{Container, ContainerKind, ContainerState, Pod, PodCondition};
pub use relations::selects;
pub use status::PodStatus;
pub use table::{Row, Table, TableDelta};
pub use workload::{Deployment, ReplicaSet, StatefulSet};

use super::{Text, reading::Reading, time::Time};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// A namespaced name; the namespace of a cluster-wide object is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Key {
    pub namespace: Text,
    pub name: Text,
}

impl Key {
    pub fn new(namespace: &str, name: &str) -> Self {
        Key { namespace: namespace.into(), name: name.into() }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// The owner that an object names as its controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// `apps/v1`, `core.strimzi.io/v1`, …: needed because kinds repeat across groups.
    pub api_version: Text,
    pub kind: Text,
    pub name: Text,
    pub uid: Text,
}

/// What every object has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    pub key: Key,
    pub uid: Text,
    pub resource_version: Text,
    pub created: Time,
    /// When deletion was asked for.
    pub deleting: Option<Time>,
    pub labels: BTreeMap<Text, Text>,
    /// Only annotations that a rule reads; most are bulk.
    pub annotations: BTreeMap<Text, Text>,
    /// The controlling owner.
    pub owner: Option<Owner>,
}

impl Meta {
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(|v| &**v)
    }
}

/// Whether a rule reads the annotation `name`.
pub fn annotation_is_read(name: &str) -> bool {
    const READ: [&str; 6] = [
        "kubectl.kubernetes.io/default-container",
        "kubernetes.io/config.mirror",
        "platform.confluent.io/broker-id-offset",
        "argocd.argoproj.io/tracking-id",
        "meta.helm.sh/release-name",
        "deployment.kubernetes.io/revision",
    ];
    READ.contains(&name) || name.starts_with("strimzi.io/")
}

/// Everything watched of one Kubernetes cluster.
#[derive(Debug, Clone)]
pub struct Kubernetes {
    /// The server's git version (`v1.35.4`); confirmed by every pulse of the connection.
    pub server: Reading<Text>,
    /// How long the last pulse's answer took.
    pub took: Duration,
    /// What the watch could see: all namespaces, or one after a 403, with what is missing in words.
    pub reach: Reach,
    pub pods: Table<Pod>,
    pub stateful_sets: Table<StatefulSet>,
    pub deployments: Table<Deployment>,
    pub replica_sets: Table<ReplicaSet>,
    pub nodes: Table<Node>,
    pub claims: Table<Claim>,
    pub budgets: Table<Budget>,
    pub autoscalers: Table<Autoscaler>,
    pub services: Table<Service>,
    pub events: Table<Event>,
}

/// How far the watches of this session see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// None: all namespaces.
    pub namespace: Option<Text>,
    /// One sentence per permission that is missing: `no permission to list nodes in the cluster scope`.
    pub missing: Vec<Text>,
}

/// Watches send a bookmark about once a minute and the connection's pulse comes every few seconds; a
/// table that has heard neither for this long is stale.
pub const PATIENCE: Duration = Duration::from_secs(15);

impl Default for Kubernetes {
    fn default() -> Self {
        Kubernetes {
            server: Reading::pending(PATIENCE),
            took: Duration::ZERO,
            reach: Reach::default(),
            pods: Table::default(),
            stateful_sets: Table::default(),
            deployments: Table::default(),
            replica_sets: Table::default(),
            nodes: Table::default(),
            claims: Table::default(),
            budgets: Table::default(),
            autoscalers: Table::default(),
            services: Table::default(),
            events: Table::default(),
        }
    }
}

/// News from Kubernetes.
#[derive(Debug, Clone)]
pub enum KubernetesDelta {
    /// The connection's pulse: the server's version and how long its answer took, or why there is none.
    Server {
        answer: Result<(Text, Duration), Text>,
        at: Time,
    },
    Reach(Reach),
    Pods(TableDelta<Pod>),
    StatefulSets(TableDelta<StatefulSet>),
    Deployments(TableDelta<Deployment>),
    ReplicaSets(TableDelta<ReplicaSet>),
    Nodes(TableDelta<Node>),
    Claims(TableDelta<Claim>),
    Budgets(TableDelta<Budget>),
    Autoscalers(TableDelta<Autoscaler>),
    Services(TableDelta<Service>),
    Events(TableDelta<Event>),
}

impl Kubernetes {
    /// Takes in one delta; returns whether anything but a confirmation changed.
    pub fn apply(&mut self, delta: KubernetesDelta) -> bool {
        match delta {
            KubernetesDelta::Server { answer, at } => {
                let before = (self.server.last().cloned(), self.server.feed.failure().cloned());
                self.took = answer.as_ref().map_or(self.took, |(_, took)| *took);
                self.server.take(answer.map(|(version, _)| version), at);
                before != (self.server.last().cloned(), self.server.feed.failure().cloned())
            }
            KubernetesDelta::Reach(reach) => {
                let changed = self.reach != reach;
                self.reach = reach;
                changed
            }
            KubernetesDelta::Pods(d) => self.pods.apply(d),
            KubernetesDelta::StatefulSets(d) => self.stateful_sets.apply(d),
            KubernetesDelta::Deployments(d) => self.deployments.apply(d),
            KubernetesDelta::ReplicaSets(d) => self.replica_sets.apply(d),
            KubernetesDelta::Nodes(d) => self.nodes.apply(d),
            KubernetesDelta::Claims(d) => self.claims.apply(d),
            KubernetesDelta::Budgets(d) => self.budgets.apply(d),
            KubernetesDelta::Autoscalers(d) => self.autoscalers.apply(d),
            KubernetesDelta::Services(d) => self.services.apply(d),
            KubernetesDelta::Events(d) => self.events.apply(d),
        }
    }
}
