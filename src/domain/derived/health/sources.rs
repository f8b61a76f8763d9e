//! Sources that are silent: what depends on them is unknown, and this says so.

use super::{super::Finding, Joined, Severity};
use crate::domain::{
    human,
    kafka::Route,
    kubernetes::Reach,
    object::Object,
    reading::{Failure, Feed, State},
    snapshot::Snapshot,
    throughput::{Origin, Throughput},
    time::{Time, age},
};

pub fn check(snapshot: &Snapshot, _joined: &Joined, now: Time) -> Vec<Finding> {
    let kubernetes = &snapshot.kubernetes;
    let kafka = &snapshot.kafka;
    let throughput = match snapshot.throughput.origin.last() {
        Some(Origin::Prometheus { .. }) | None => "Prometheus",
        Some(Origin::Exporters { .. }) => "exporters",
        Some(Origin::Offsets) => "offset rates",
    };
    let silent = |name, feed, cut_off| silent(name, feed, cut_off, &kubernetes.reach, now);
    let mut findings: Vec<_> = silent("Kubernetes", &kubernetes.server.feed, false).into_iter().collect();
    if findings.is_empty() {
        let tables = [
            ("pods", &kubernetes.pods.feed),
            ("nodes", &kubernetes.nodes.feed),
            ("StatefulSets", &kubernetes.stateful_sets.feed),
            ("claims", &kubernetes.claims.feed),
        ];
        findings.extend(tables.into_iter().filter_map(|(name, feed)| silent(name, feed, false)));
    }
    let bodies = [
        ("Kafka", &kafka.cluster_feed),
        ("Kafka topics", &kafka.topics_feed),
        ("Kafka groups", &kafka.groups_feed),
        ("log ends", &kafka.ends_feed),
    ];
    // Where the cluster is silent, its parts are too.
    let cut_off = snapshot.kafka_cut_off();
    let silence = || bodies.into_iter().find_map(|(name, feed)| silent(name, feed, cut_off));
    findings.extend(unheard(snapshot, now).or_else(silence));
    findings.extend(silent(throughput, &snapshot.throughput.origin.feed, snapshot.throughput_cut_off()));
    findings.extend(replaced(&snapshot.throughput, now));
    findings.extend(forbidden(&kubernetes.reach));
    findings
}

/// What may not be read, with the command that tells whether it may be by now.
fn forbidden(reach: &Reach) -> Option<Finding> {
    if reach.missing.is_empty() {
        return None;
    }
    let line = match &reach.namespace {
        Some(namespace) => format!("what is seen is that of namespace {namespace}"),
        None => "not everything is seen".into(),
    };
    let line = format!("{line}: {} missing", human::plural(reach.missing.len(), "permission"));
    let finding = Finding::new("permissions", Severity::Ok, Object::Finding("permissions".into()), line);
    Some(reach.missing.iter().fold(finding, |f, missing| f.seen(&**missing)))
}

/// Prometheus does not answer, but something else measures in its place: nothing is unknown for that.
fn replaced(throughput: &Throughput, now: Time) -> Option<Finding> {
    let instead = throughput.origin.live(now)?;
    let reason = throughput.without_prometheus()?;
    let line = format!("{reason}; in its place {} measure", instead.words());
    let subject = Object::Finding("source Prometheus".into());
    let finding = Finding::new("prometheus", Severity::Ok, subject, line);
    Some(throughput.lacks.iter().fold(finding, |f, lack| f.seen(format!("not known meanwhile: {lack}"))))
}

/// No broker answers by its port-forward: before the API server is known to be silent, that it is the way and
/// not the brokers is likelier than that they all fell silent at once.
fn unheard(snapshot: &Snapshot, now: Time) -> Option<Finding> {
    let failure = all_unheard(snapshot).filter(|_| super::live(&snapshot.kafka.cluster_feed, now))?;
    let cause = if snapshot.kafka_cut_off() { ", which does not answer" } else { "" };
    let line = format!("Kafka: no broker answers through the API server{cause}: {}", failure.reason);
    let subject = Object::Finding("source Kafka".into());
    let finding = Finding::new("source", Severity::Unknown, subject, line);
    Some(finding.brief("no broker answers by port-forward").since(Some(failure.since)))
}

/// Why none of several brokers answers by its port-forward.
pub(super) fn all_unheard(snapshot: &Snapshot) -> Option<&Failure> {
    let brokers = || snapshot.kafka.brokers.values().filter(|b| b.registered);
    let by_forward = snapshot.kafka.route == Some(Route::PortForward);
    let failures: Vec<_> = brokers().filter_map(|b| b.contact.feed.failure()).collect();
    let all = by_forward && failures.len() > 1 && failures.len() == brokers().count();
    failures.into_iter().min_by_key(|f| f.since).filter(|_| all)
}

/// `cut_off`: it is reached through the API server, which is silent.
fn silent(name: &'static str, feed: &Feed, cut_off: bool, reach: &Reach, now: Time) -> Option<Finding> {
    // A reason often begins with the source's own name.
    let told = |reason: &str| {
        if reason.starts_with(name) { reason.to_string() } else { format!("{name}: {reason}") }
    };
    let (line, brief) = match feed.state(now) {
        State::Live | State::Pending(_) => return None,
        State::Stale { age: a } | State::Failed { age: Some(a), .. } if cut_off => {
            let (way, a) = ("reached through the API server, which does not answer", age(a));
            (format!("{name}: {way}; what is shown of it is {a} old"), format!("{name} cut off {a}"))
        }
        State::Stale { age: a } => {
            let a = age(a);
            (
                format!("{name}: not heard for {a}; what is shown of it is that old"),
                format!("{name} stale {a}"),
            )
        }
        State::Failed { reason, age: Some(a) } => {
            let a = age(a);
            (format!("{}; what is shown of it is {a} old", told(&reason)), format!("{name} silent {a}"))
        }
        State::Failed { reason, age: None } if reach.missing.contains(&reason) => {
            (told(&reason), format!("{name} not permitted"))
        }
        State::Failed { reason, age: None } => (told(&reason), format!("{name} unreachable")),
    };
    let since = feed.failure().map(|f| f.since).or(feed.heard());
    let subject = Object::Finding(format!("source {name}").into());
    Some(Finding::new("source", Severity::Unknown, subject, line).brief(brief).since(since))
}
