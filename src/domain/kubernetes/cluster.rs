//! What pods stand on and are reached by: nodes, claims, budgets, autoscalers, services, events.

use super::{Deployment, Meta, Pod, ReplicaSet, Row, StatefulSet};
use crate::domain::{Text, time::Time};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConditionStatus {
    True,
    False,
    /// The controller has not heard from the node.
    #[default]
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCondition {
    /// `Ready`, `MemoryPressure`, `DiskPressure`, `PIDPressure`, `NetworkUnavailable`.
    pub kind: Text,
    pub status: ConditionStatus,
    pub reason: Text,
    pub since: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taint {
    pub key: Text,
    pub value: Text,
    /// `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
    pub effect: Text,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    pub meta: Meta,
    pub conditions: Vec<NodeCondition>,
    pub taints: Vec<Taint>,
    /// Cordoned.
    pub unschedulable: bool,
    /// Label `topology.kubernetes.io/zone`.
    pub zone: Option<Text>,
    pub kubelet: Text,
    pub address: Text,
    /// Allocatable, in millicores and bytes.
    pub cpu_millis: u64,
    pub memory: u64,
}

impl Node {
    pub fn condition(&self, kind: &str) -> Option<&NodeCondition> {
        self.conditions.iter().find(|c| &*c.kind == kind)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    pub meta: Meta,
    /// `Pending`, `Bound`, `Lost`.
    pub phase: Text,
    pub volume: Text,
    pub class: Text,
    /// Bytes.
    pub requested: u64,
    pub capacity: u64,
    /// Resize conditions that are true.
    pub conditions: Vec<Text>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Budget {
    pub meta: Meta,
    /// As written: a number or a percentage; empty when not given.
    pub min_available: Text,
    pub max_unavailable: Text,
    pub selector: BTreeMap<Text, Text>,
    pub allowed: i32,
    pub healthy: i32,
    pub desired: i32,
    pub expected: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Autoscaler {
    pub meta: Meta,
    pub target_kind: Text,
    pub target_name: Text,
    pub min: i32,
    pub max: i32,
    pub current: i32,
    pub desired: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    pub name: Text,
    pub port: u16,
    /// A number or the name of a container port.
    pub target: Text,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    pub meta: Meta,
    pub kind: Text,
    /// `None` for a headless service, as Kubernetes writes it.
    pub cluster_ip: Text,
    pub ports: Vec<ServicePort>,
    pub selector: BTreeMap<Text, Text>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    pub meta: Meta,
    /// `Normal` or `Warning`.
    pub kind: Text,
    pub reason: Text,
    pub message: Text,
    pub object_kind: Text,
    pub object_name: Text,
    pub object_uid: Text,
    pub component: Text,
    pub count: i32,
    pub first: Time,
    pub last: Time,
}

/// Every object keeps its metadata in the same place.
macro_rules! rows {
    ($($kind:ty),*) => {$(
        impl Row for $kind {
            fn meta(&self) -> &Meta {
                &self.meta
            }

            fn meta_mut(&mut self) -> &mut Meta {
                &mut self.meta
            }
        }
    )*};
}
rows!(Pod, StatefulSet, Deployment, ReplicaSet, Node, Claim, Budget, Autoscaler, Service, Event);
