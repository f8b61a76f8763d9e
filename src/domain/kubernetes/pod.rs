//! Pods.

use super::Meta;
use crate::domain::{Text, time::Time};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pod {
    pub meta: Meta,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    pub phase: Text,
    /// `status.reason` (`Evicted`, `NodeLost`, …), empty when there is none.
    pub reason: Text,
    pub message: Text,
    pub node: Option<Text>,
    pub ip: Option<Text>,
    /// Init containers in order, then the containers, in the order of the spec.
    pub containers: Vec<Container>,
    pub conditions: Vec<PodCondition>,
    /// Volume name → claim name.
    pub claims: BTreeMap<Text, Text>,
    /// Seconds between SIGTERM and SIGKILL.
    pub grace: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodCondition {
    /// `Ready`, `Initialized`, `PodScheduled`, …
    pub kind: Text,
    pub status: bool,
    pub reason: Text,
    pub message: Text,
    pub since: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerKind {
    /// Runs to its end before the containers start.
    Init,
    /// An init container with restartPolicy Always.
    Sidecar,
    Main,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub name: Text,
    pub kind: ContainerKind,
    pub image: Text,
    /// (name, containerPort); the name may be empty.
    pub ports: Vec<(Text, u16)>,
    /// Environment variables whose name says they identify a Kafka broker (`KAFKA_…`), values given literally.
    pub kafka_env: BTreeMap<Text, Text>,
    /// (volume name, mount path).
    pub mounts: Vec<(Text, Text)>,
    /// None until the kubelet reported on it.
    pub state: Option<ContainerState>,
    /// Its place in that report, which kubectl's STATUS goes by (kubelets sort by name).
    pub place: u16,
    pub ready: bool,
    /// The startup probe passed (meaningful for sidecars).
    pub started: bool,
    pub restarts: u32,
    /// How the run before the last restart ended.
    pub last_end: Option<ContainerState>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    Waiting { reason: Text, message: Text },
    Running { since: Option<Time> },
    Terminated { reason: Text, message: Text, exit_code: i32, signal: i32, finished: Option<Time> },
}
