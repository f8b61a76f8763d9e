//! The identity of anything that a row can stand for.
//!
//! Selection, marks, scopes and actions are bound to an [`Object`], never to a row's position, so a
//! refresh cannot move them to another thing.

use super::{
    Text,
    kafka::{BrokerId, GroupId, TopicName},
    kubernetes::Key,
    operation::OperationId,
};
use serde::{Deserialize, Serialize};

/// A kind of Kubernetes object that castellan watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    Pod,
    StatefulSet,
    Deployment,
    ReplicaSet,
    Node,
    Claim,
    DisruptionBudget,
    Autoscaler,
    Service,
    Event,
}

impl Kind {
    pub const ALL: [Kind; 10] = [
        Kind::Pod,
        Kind::StatefulSet,
        Kind::Deployment,
        Kind::ReplicaSet,
        Kind::Node,
        Kind::Claim,
        Kind::DisruptionBudget,
        Kind::Autoscaler,
        Kind::Service,
        Kind::Event,
    ];

    /// The name in manifests and events.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Pod => "Pod",
            Kind::StatefulSet => "StatefulSet",
            Kind::Deployment => "Deployment",
            Kind::ReplicaSet => "ReplicaSet",
            Kind::Node => "Node",
            Kind::Claim => "PersistentVolumeClaim",
            Kind::DisruptionBudget => "PodDisruptionBudget",
            Kind::Autoscaler => "HorizontalPodAutoscaler",
            Kind::Service => "Service",
            Kind::Event => "Event",
        }
    }

    /// The resource's name in API paths and RBAC rules.
    pub fn resource(self) -> &'static str {
        match self {
            Kind::Pod => "pods",
            Kind::StatefulSet => "statefulsets",
            Kind::Deployment => "deployments",
            Kind::ReplicaSet => "replicasets",
            Kind::Node => "nodes",
            Kind::Claim => "persistentvolumeclaims",
            Kind::DisruptionBudget => "poddisruptionbudgets",
            Kind::Autoscaler => "horizontalpodautoscalers",
            Kind::Service => "services",
            Kind::Event => "events",
        }
    }

    /// The path prefix of the API group and version.
    pub fn api(self) -> &'static str {
        match self {
            Kind::StatefulSet | Kind::Deployment | Kind::ReplicaSet => "/apis/apps/v1",
            Kind::DisruptionBudget => "/apis/policy/v1",
            Kind::Autoscaler => "/apis/autoscaling/v2",
            _ => "/api/v1",
        }
    }

    /// The API group, as RBAC names it; empty: the core group.
    pub fn group(self) -> &'static str {
        let path = self.api().strip_prefix("/apis/").and_then(|path| path.split_once('/'));
        path.map_or("", |(group, _)| group)
    }

    pub fn namespaced(self) -> bool {
        self != Kind::Node
    }

    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.name() == name)
    }
}

/// What a row stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// A Kubernetes object. The UID tells a replaced object from the one that was selected; panes match
    /// by it where it is there.
    Kube {
        kind: Kind,
        key: Key,
        uid: Text,
    },
    Broker(BrokerId),
    Topic(TopicName),
    Partition(TopicName, i32),
    Group(GroupId),
    /// A member of a group, by its member id.
    Member(GroupId, Text),
    /// What one group has committed on one partition.
    GroupPartition(GroupId, TopicName, i32),
    /// A finding of the verdict, by its code and subject.
    Finding(Text),
    /// A Kafka cluster that was found, by its display name.
    Cluster(Text),
    /// A kubeconfig context.
    Context(Text),
    /// One of castellan's own operations.
    Operation(OperationId),
}

impl Object {
    /// The name as a person would say, type or copy it.
    pub fn name(&self) -> String {
        match self {
            Object::Kube { key, .. } => key.name.to_string(),
            Object::Broker(id) => id.to_string(),
            Object::Topic(t) => t.to_string(),
            Object::Partition(t, p) => format!("{t}-{p}"),
            Object::Group(g) => g.to_string(),
            Object::Member(_, m) => m.to_string(),
            Object::GroupPartition(_, t, p) => format!("{t}-{p}"),
            Object::Finding(c) | Object::Cluster(c) | Object::Context(c) | Object::Operation(c) => {
                c.to_string()
            }
        }
    }

    /// The word for its kind, as in a title: `partitions of broker 1`.
    pub fn noun(&self) -> &'static str {
        match self {
            Object::Kube { kind, .. } => match kind {
                Kind::Claim => "claim",
                Kind::DisruptionBudget => "budget",
                Kind::Autoscaler => "autoscaler",
                Kind::Pod => "pod",
                Kind::Node => "node",
                Kind::Event => "event",
                Kind::Service => "service",
                other => other.name(),
            },
            Object::Broker(_) => "broker",
            Object::Topic(_) => "topic",
            Object::Partition(..) | Object::GroupPartition(..) => "partition",
            Object::Group(_) => "group",
            Object::Member(..) => "member",
            Object::Finding(_) => "finding",
            Object::Cluster(_) => "cluster",
            Object::Context(_) => "context",
            Object::Operation(_) => "operation",
        }
    }
}
