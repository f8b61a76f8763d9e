//! What the user may do, as the servers themselves say beforehand.

use super::Text;
use std::collections::HashMap;

/// One permission of Kubernetes: a verb on a resource, in RBAC's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission {
    pub verb: &'static str,
    /// Empty: the core group.
    pub group: &'static str,
    pub resource: &'static str,
    /// Empty: the resource itself.
    pub subresource: &'static str,
}

impl std::fmt::Display for Permission {
    /// `patch statefulsets.apps/scale`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dot = if self.group.is_empty() { "" } else { "." };
        let slash = if self.subresource.is_empty() { "" } else { "/" };
        write!(f, "{} {}{dot}{}{slash}{}", self.verb, self.resource, self.group, self.subresource)
    }
}

/// An operation of Kafka's authorizer.
///
/// Source: Kafka `AclOperation`; the number is its bit in the authorized operations of DescribeCluster
/// and Metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    Read = 3,
    Write = 4,
    Create = 5,
    Delete = 6,
    Alter = 7,
    AlterConfigs = 11,
}

impl Operation {
    /// Whether it is among the authorized operations of an answer.
    pub fn is_in(self, bits: i32) -> bool {
        bits & (1 << self as i32) != 0
    }
}

/// What an action needs of Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KafkaPermission {
    Cluster(Operation),
    /// On the topic that is acted on.
    Topic(Operation),
    /// On the consumer group that is acted on.
    Group(Operation),
    /// To create a topic: the cluster's authority is enough, and so is one on the topic's name, which no broker tells
    /// of beforehand.
    NewTopic,
}

impl std::fmt::Display for KafkaPermission {
    /// `Alter on the cluster`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KafkaPermission::Cluster(operation) => write!(f, "{operation:?} on the cluster"),
            KafkaPermission::Topic(operation) => write!(f, "{operation:?} on the topic"),
            KafkaPermission::Group(operation) => write!(f, "{operation:?} on the group"),
            KafkaPermission::NewTopic => f.write_str("Create on the cluster or on the topic"),
        }
    }
}

/// A permission, and where it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Right {
    Kubernetes {
        permission: Permission,
        /// Empty: in the cluster's scope.
        namespace: Text,
    },
    Kafka {
        permission: KafkaPermission,
        /// The topic or the group; empty: the cluster.
        on: Text,
    },
}

impl Right {
    /// Without where.
    pub fn what(&self) -> String {
        match self {
            Right::Kubernetes { permission, .. } => permission.to_string(),
            Right::Kafka { permission, .. } => permission.to_string(),
        }
    }
}

impl std::fmt::Display for Right {
    /// `create pods/eviction in namespace kafka`, `AlterConfigs on the topic orders`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what())?;
        match self {
            Right::Kubernetes { namespace: of, .. } | Right::Kafka { on: of, .. } if of.is_empty() => Ok(()),
            Right::Kubernetes { namespace, .. } => write!(f, " in namespace {namespace}"),
            Right::Kafka { on, .. } => write!(f, " {on}"),
        }
    }
}

/// The answers so far. What was not answered is not denied.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// By permission and namespace (empty: in the cluster's scope).
    kubernetes: HashMap<(Permission, Text), bool>,
    /// The cluster's authorized operations; None: not told (Kafka before 2.3, or not asked yet).
    pub cluster: Option<i32>,
    /// The topics' authorized operations.
    pub topics: HashMap<Text, i32>,
}

/// One answer to a question about permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    Kubernetes { permission: Permission, namespace: Text, allowed: bool },
    Cluster { operations: i32 },
    Topic { name: Text, operations: i32 },
}

impl Access {
    pub fn take(&mut self, grant: Grant) {
        match grant {
            Grant::Kubernetes { permission, namespace, allowed } => {
                self.kubernetes.insert((permission, namespace), allowed);
            }
            Grant::Cluster { operations } => self.cluster = Some(operations),
            Grant::Topic { name, operations } => drop(self.topics.insert(name, operations)),
        }
    }

    /// None: not answered yet.
    pub fn kubernetes(&self, permission: Permission, namespace: &Text) -> Option<bool> {
        self.kubernetes.get(&(permission, namespace.clone())).copied()
    }

    /// None: not answered yet, or not told.
    pub fn has(&self, right: &Right) -> Option<bool> {
        match right {
            Right::Kubernetes { permission, namespace } => self.kubernetes(*permission, namespace),
            Right::Kafka { permission, on } => self.kafka(*permission, Some(on)),
        }
    }

    /// None: not told, as of groups. `topic` is needed for a permission on a topic.
    pub fn kafka(&self, permission: KafkaPermission, topic: Option<&str>) -> Option<bool> {
        match permission {
            KafkaPermission::Cluster(operation) => self.cluster.map(|bits| operation.is_in(bits)),
            KafkaPermission::Topic(operation) => self.topics.get(topic?).map(|bits| operation.is_in(*bits)),
            KafkaPermission::NewTopic => {
                self.cluster.filter(|bits| Operation::Create.is_in(*bits)).map(|_| true)
            }
            KafkaPermission::Group(_) => None,
        }
    }
}
