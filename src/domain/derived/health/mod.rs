//! What is wrong, one rule a file. A rule reasons from live readings only: where a source is silent it
//! says nothing, and [`sources`] says that.
//!
//! To add a rule: a file here and a line in [`RULES`].

mod absent;
mod balance;
mod bonds;
mod brokers;
mod bystanders;
mod claims;
mod disks;
mod groups;
mod min_isr;
mod moves;
mod nodes;
mod offline;
mod pods;
mod quorum;
mod racks;
mod replication;
mod sources;
mod throttles;
mod workloads;

use super::{Finding, Joined, Severity};
use crate::domain::{
    kafka::BrokerId,
    kubernetes::{ContainerState, Pod, PodCondition},
    object::Object,
    reading::{Feed, State},
    snapshot::Snapshot,
    time::{Time, age},
};

type Rule = fn(&Snapshot, &Joined, Time) -> Vec<Finding>;

/// From the bottom up: causes come before their effects.
const RULES: &[Rule] = &[
    nodes::check,
    claims::check,
    disks::check,
    pods::check,
    workloads::check,
    brokers::check,
    quorum::check,
    offline::check,
    min_isr::check,
    replication::check,
    throttles::check,
    groups::check,
    moves::check,
    racks::check,
    balance::check,
    bonds::check,
    bystanders::check,
    absent::check,
    sources::check,
];

/// Everything that is wrong: worst first, and of one severity causes before effects.
pub fn findings(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    let mut findings: Vec<_> = RULES.iter().flat_map(|check| check(snapshot, joined, now)).collect();
    findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
    findings
}

impl Finding {
    /// One that needs no more words in the verdict than in its line.
    fn new(code: &'static str, severity: Severity, subject: Object, line: String) -> Self {
        Finding { code, severity, subject, brief: line.clone(), line, since: None, evidence: Vec::new() }
    }

    /// Without what it misses, nothing can be said of Kafka.
    pub(super) fn blinds(&self) -> bool {
        let kafka = || self.subject == Object::Finding("source Kafka".into());
        self.code == "absent" || (self.code == "source" && kafka())
    }

    fn brief(mut self, brief: impl Into<String>) -> Self {
        self.brief = brief.into();
        self
    }

    fn since(mut self, since: Option<Time>) -> Self {
        self.since = since;
        self
    }

    fn seen(mut self, signal: impl Into<String>) -> Self {
        self.evidence.push(signal.into());
        self
    }
}

fn live(feed: &Feed, now: Time) -> bool {
    feed.state(now).is_live()
}

/// A signal of another source, with its age where it is not live.
fn aged(signal: String, state: &State) -> String {
    match state {
        State::Live => signal,
        State::Pending(_) => format!("{signal} (not read yet)"),
        State::Stale { age: a } | State::Failed { age: Some(a), .. } => {
            format!("{signal} ({} old)", age(*a))
        }
        State::Failed { reason, age: None } => format!("{signal} (unknown: {reason})"),
    }
}

/// ` 4m`, or nothing where it is not known.
fn for_how_long(since: Option<Time>, now: Time) -> String {
    since.map(|s| format!(" {}", age(now.since(s)))).unwrap_or_default()
}

fn ids(brokers: impl IntoIterator<Item = BrokerId>) -> String {
    crate::domain::human::list(brokers, 4)
}

fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a PodCondition> {
    pod.conditions.iter().find(|c| &*c.kind == kind)
}

/// What keeps a pod from working.
pub struct Trouble {
    /// kubectl's word for it where it has one.
    pub word: String,
    /// More of it, in words; may be empty.
    pub detail: String,
    pub since: Option<Time>,
    /// It will not pass by waiting.
    pub stuck: bool,
}

/// What is wrong with a pod; None: it is ready, has ended well, or is just starting.
pub fn trouble(snapshot: &Snapshot, pod: &Pod, now: Time) -> Option<Trouble> {
    if &*pod.phase == "Succeeded" {
        return None;
    }
    if let Some(deleting) = pod.meta.deleting {
        // Up to its grace period a pod may take to end.
        let overdue = now.since(deleting).as_secs() > u64::from(pod.grace) + 30;
        let detail = if overdue { "longer than its grace period" } else { "" };
        return Some(Trouble {
            word: "Terminating".into(),
            detail: detail.into(),
            since: Some(deleting),
            stuck: overdue,
        });
    }
    if let Some(c) = condition(pod, "PodScheduled").filter(|c| !c.status) {
        let word = if c.reason.is_empty() { "unscheduled".to_string() } else { c.reason.to_string() };
        return Some(Trouble { word, detail: c.message.to_string(), since: c.since, stuck: true });
    }
    let ready = condition(pod, "Ready");
    let since = ready.filter(|c| !c.status).and_then(|c| c.since);
    let waits = pod.containers.iter().find_map(|c| match &c.state {
        Some(ContainerState::Waiting { reason, message }) if stuck(reason) => Some((c, reason, message)),
        _ => None,
    });
    if let Some((container, reason, message)) = waits {
        let detail = last_end(container).unwrap_or_else(|| message.to_string());
        let since = since.into_iter().chain(backed_off(snapshot, pod)).min();
        return Some(Trouble { word: reason.to_string(), detail, since, stuck: true });
    }
    if &*pod.phase == "Failed" {
        let word = if pod.reason.is_empty() { "Failed".to_string() } else { pod.reason.to_string() };
        return Some(Trouble { word, detail: pod.message.to_string(), since, stuck: true });
    }
    if ready.is_some_and(|c| !c.status) {
        return Some(Trouble { word: "NotReady".into(), detail: String::new(), since, stuck: false });
    }
    None
}

/// Reasons that do not pass by waiting.
///
/// Source: Strimzi `PodOperator`/`KafkaRoller.isStuck`.
fn stuck(reason: &str) -> bool {
    matches!(
        reason,
        "CrashLoopBackOff"
            | "ImagePullBackOff"
            | "ErrImagePull"
            | "InvalidImageName"
            | "CreateContainerConfigError"
            | "CreateContainerError"
            | "RunContainerError"
    )
}

/// When the kubelet first put a restart off. Between two crashes a pod may be ready for a while, so that its
/// own condition tells only of the last one.
fn backed_off(snapshot: &Snapshot, pod: &Pod) -> Option<Time> {
    let events = snapshot.kubernetes.events.iter();
    let of_pod = events.filter(|e| e.object_uid == pod.meta.uid && &*e.reason == "BackOff");
    of_pod.map(|e| e.first).min()
}

/// `7 restarts, the last ended with exit code 1 (Error)`.
fn last_end(container: &crate::domain::kubernetes::Container) -> Option<String> {
    let Some(ContainerState::Terminated { reason, exit_code, signal, .. }) = &container.last_end else {
        return None;
    };
    let how = if *signal > 0 { format!("signal {signal}") } else { format!("exit code {exit_code}") };
    Some(format!("{} restarts, the last run ended with {how} ({reason})", container.restarts))
}

#[cfg(test)]
mod tests;
