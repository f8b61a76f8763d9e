//! The columns of `kubectl get pods` and `kubectl get nodes`.

use super::{ConditionStatus, Container, ContainerKind, ContainerState, Meta, Node, Pod};
use crate::domain::time::{Time, age};
use std::{borrow::Cow, collections::BTreeSet};

/// READY, STATUS and RESTARTS of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodStatus<'a> {
    pub ready: usize,
    /// Containers that count for READY: all but the init containers that end.
    pub total: usize,
    pub status: Cow<'a, str>,
    pub restarts: u64,
    /// When the latest run before a restart ended.
    pub restarted: Option<Time>,
}

impl PodStatus<'_> {
    /// `1/2`
    pub fn ready(&self) -> String {
        format!("{}/{}", self.ready, self.total)
    }

    /// `3 (5m ago)`
    pub fn restarts(&self, now: Time) -> String {
        match self.restarted {
            Some(at) if self.restarts > 0 => format!("{} ({} ago)", self.restarts, age(now.since(at))),
            _ => self.restarts.to_string(),
        }
    }
}

impl Pod {
    /// As kubectl prints it.
    ///
    /// Source: Kubernetes `pkg/printers/internalversion/printers.go`, `printPod`, v1.35.
    pub fn status(&self) -> PodStatus<'_> {
        let mut tally = Tally::default();
        let starting = tally.init(self);
        let mut status = starting.clone().unwrap_or_else(|| self.outer_reason().into());
        if starting.is_none() || self.condition("Initialized") {
            if let Some(reason) = tally.main(self) {
                status = reason;
            }
            if status == "Completed" {
                status = tally.completed(self, status);
            }
        }
        if self.meta.deleting.is_some() && &*self.reason == "NodeLost" {
            status = "Unknown".into();
        } else if self.meta.deleting.is_some() && !self.ended() {
            status = "Terminating".into();
        }
        let total = self.containers.iter().filter(|c| c.kind != ContainerKind::Init).count();
        let Tally { ready, restarts, restarted, .. } = tally;
        PodStatus { ready, total, status, restarts, restarted }
    }

    /// Whether Kubernetes sends it traffic and budgets count it as healthy.
    pub fn is_ready(&self) -> bool {
        self.condition("Ready")
    }

    /// Whether the pod has run to its end, well or badly.
    pub fn ended(&self) -> bool {
        matches!(&*self.phase, "Succeeded" | "Failed")
    }

    fn condition(&self, kind: &str) -> bool {
        self.conditions.iter().any(|c| &*c.kind == kind && c.status)
    }

    /// The reason before any container is looked at.
    fn outer_reason(&self) -> &str {
        if self.conditions.iter().any(|c| &*c.kind == "PodScheduled" && &*c.reason == "SchedulingGated") {
            return "SchedulingGated";
        }
        if self.reason.is_empty() { &self.phase } else { &self.reason }
    }

    /// The containers that the kubelet reported on, in the order of its report.
    fn reported(&self, init: bool) -> Vec<(&Container, &ContainerState)> {
        let of_kind = self.containers.iter().filter(|c| (c.kind != ContainerKind::Main) == init);
        let mut reported: Vec<_> = of_kind.filter_map(|c| Some((c, c.state.as_ref()?))).collect();
        reported.sort_by_key(|(c, _)| c.place);
        reported
    }
}

#[derive(Default)]
struct Tally<'a> {
    ready: usize,
    restarts: u64,
    restarted: Option<Time>,
    running: bool,
    /// How the container that failed ended.
    error: Option<Cow<'a, str>>,
}

impl<'a> Tally<'a> {
    fn count(&mut self, container: &Container) {
        self.restarts += u64::from(container.restarts);
        if let Some(ContainerState::Terminated { finished, .. }) = &container.last_end {
            self.restarted = self.restarted.max(*finished);
        }
    }

    /// Walks the init containers; returns what the pod waits for, if it is still initialising. What is
    /// counted by then is that of the init containers; once they are done only the sidecars' stays.
    fn init(&mut self, pod: &'a Pod) -> Option<Cow<'a, str>> {
        let mut sidecars = Tally::default();
        let of = pod.containers.iter().filter(|c| c.kind != ContainerKind::Main).count();
        let mut waits_for = None;
        for (place, (container, state)) in pod.reported(true).into_iter().enumerate() {
            let sidecar = container.kind == ContainerKind::Sidecar;
            self.count(container);
            if sidecar {
                sidecars.count(container);
            }
            waits_for = match state {
                ContainerState::Terminated { exit_code: 0, .. } => continue,
                _ if sidecar && container.started => {
                    self.ready += usize::from(container.ready);
                    continue;
                }
                ContainerState::Terminated { .. } => Some(ended("Init:", state)),
                ContainerState::Waiting { reason, .. }
                    if !reason.is_empty() && &**reason != "PodInitializing" =>
                {
                    Some(format!("Init:{reason}").into())
                }
                _ => Some(format!("Init:{place}/{of}").into()),
            };
            break;
        }
        if waits_for.is_none() || pod.condition("Initialized") {
            (self.restarts, self.restarted) = (sidecars.restarts, sidecars.restarted);
        }
        waits_for
    }

    /// Walks the containers from the last to the first: the first one's reason wins.
    fn main(&mut self, pod: &'a Pod) -> Option<Cow<'a, str>> {
        let mut status = None;
        for (container, state) in pod.reported(false).into_iter().rev() {
            self.count(container);
            match state {
                ContainerState::Waiting { reason, .. } if !reason.is_empty() => {
                    status = Some((&**reason).into());
                }
                ContainerState::Terminated { exit_code, .. } => {
                    status = Some(ended("", state));
                    if *exit_code != 0 {
                        self.error.clone_from(&status);
                    }
                }
                ContainerState::Running { .. } if container.ready => {
                    self.running = true;
                    self.ready += 1;
                }
                _ => {}
            }
        }
        status
    }

    /// A container ended well, but others may still run or have failed.
    fn completed(&mut self, pod: &Pod, status: Cow<'a, str>) -> Cow<'a, str> {
        if self.running && pod.is_ready() {
            return "Running".into();
        }
        self.error.take().unwrap_or(if self.running { "NotReady".into() } else { status })
    }
}

/// `Error`, `Signal:9` or `ExitCode:1`, after `prefix`.
fn ended<'a>(prefix: &str, state: &'a ContainerState) -> Cow<'a, str> {
    let ContainerState::Terminated { reason, exit_code, signal, .. } = state else { return "".into() };
    match (&**reason, *signal) {
        ("", 0) => format!("{prefix}ExitCode:{exit_code}").into(),
        ("", signal) => format!("{prefix}Signal:{signal}").into(),
        (reason, _) if prefix.is_empty() => reason.into(),
        (reason, _) => format!("{prefix}{reason}").into(),
    }
}

impl Node {
    /// `Ready`, `NotReady` (also when the node is silent) or `Unknown` without a condition, with
    /// `,SchedulingDisabled` on a cordoned node.
    ///
    /// Source: Kubernetes `printers.go`, `printNode`.
    pub fn status(&self) -> &'static str {
        match (self.ready(), self.unschedulable) {
            (Some(ConditionStatus::True), false) => "Ready",
            (Some(ConditionStatus::True), true) => "Ready,SchedulingDisabled",
            (Some(_), false) => "NotReady",
            (Some(_), true) => "NotReady,SchedulingDisabled",
            (None, false) => "Unknown",
            (None, true) => "Unknown,SchedulingDisabled",
        }
    }

    /// The Ready condition; `Unknown` means that the node's kubelet is not heard of: what pods there say
    /// is old.
    pub fn ready(&self) -> Option<ConditionStatus> {
        self.conditions.iter().find(|c| &*c.kind == "Ready").map(|c| c.status)
    }

    /// `control-plane,worker`, or `<none>`.
    ///
    /// Source: Kubernetes `printers.go`, `findNodeRoles`.
    pub fn roles(&self) -> String {
        let roles: BTreeSet<&str> = self.meta.labels.iter().filter_map(role).collect();
        if roles.is_empty() { "<none>".into() } else { Vec::from_iter(roles).join(",") }
    }
}

fn role<'a>((label, value): (&'a crate::domain::Text, &'a crate::domain::Text)) -> Option<&'a str> {
    let role = match label.strip_prefix("node-role.kubernetes.io/") {
        None if &**label == "kubernetes.io/role" => value,
        None => return None,
        Some(role) => role,
    };
    (!role.is_empty()).then_some(role)
}

impl Meta {
    /// AGE as kubectl prints it.
    pub fn age(&self, now: Time) -> String {
        if self.created == Time::default() { "<unknown>".into() } else { age(now.since(self.created)) }
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
