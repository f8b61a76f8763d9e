//! Sources that are silent: what depends on them is unknown, and this says so.

use super::{super::Finding, Joined, Severity};
use crate::domain::{
    human,
    kubernetes::Reach,
    object::Object,
    reading::{Feed, State},
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
    let silent = |name, feed| silent(name, feed, &kubernetes.reach, now);
    let mut findings: Vec<_> = silent("Kubernetes", &kubernetes.server.feed).into_iter().collect();
    if findings.is_empty() {
        let tables = [
            ("pods", &kubernetes.pods.feed),
            ("nodes", &kubernetes.nodes.feed),
            ("StatefulSets", &kubernetes.stateful_sets.feed),
            ("claims", &kubernetes.claims.feed),
        ];
        findings.extend(tables.into_iter().filter_map(|(name, feed)| silent(name, feed)));
    }
    let bodies = [
        ("Kafka", &kafka.cluster_feed),
        ("Kafka topics", &kafka.topics_feed),
        ("Kafka groups", &kafka.groups_feed),
        ("log ends", &kafka.ends_feed),
    ];
    // Where the cluster is silent, its parts are too.
    findings.extend(bodies.into_iter().find_map(|(name, feed)| silent(name, feed)));
    findings.extend(silent(throughput, &snapshot.throughput.origin.feed));
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

fn silent(name: &'static str, feed: &Feed, reach: &Reach, now: Time) -> Option<Finding> {
    // A reason often begins with the source's own name.
    let told = |reason: &str| {
        if reason.starts_with(name) { reason.to_string() } else { format!("{name}: {reason}") }
    };
    let (line, brief) = match feed.state(now) {
        State::Live | State::Pending(_) => return None,
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
