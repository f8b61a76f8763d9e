//! A broker's log dir that is nearly full, or offline.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{
    human,
    kafka::{Broker, LogDir, LogDirs, TopicName},
    object::Object,
    snapshot::Snapshot,
    time::Time,
};

/// Shares of a volume.
const WARNING: f64 = 0.85;
const CRITICAL: f64 = 0.95;

pub fn check(snapshot: &Snapshot, _joined: &Joined, now: Time) -> Vec<Finding> {
    let brokers = snapshot.kafka.brokers.values().filter(|b| live(&b.log_dirs.feed, now));
    brokers
        .flat_map(|b| {
            b.log_dirs.last().into_iter().flat_map(move |d| d.dirs.iter().map(move |dir| (b, d, dir)))
        })
        .filter_map(|(broker, dirs, dir)| offline(broker, dir).or_else(|| full(broker, dirs, dir)))
        .collect()
}

fn offline(broker: &Broker, dir: &LogDir) -> Option<Finding> {
    let error = dir.error.as_ref()?;
    let line = format!("broker {}: log dir {} is offline: {error}", broker.id, dir.path);
    Some(
        Finding::new("log-dir", Severity::Critical, Object::Broker(broker.id), line)
            .brief(format!("broker {} log dir offline", broker.id)),
    )
}

fn full(broker: &Broker, dirs: &LogDirs, dir: &LogDir) -> Option<Finding> {
    let (total, usable) = (dir.total.filter(|t| *t > 0)?, dir.usable?);
    let share = 1.0 - usable as f64 / total as f64;
    let severity = match share {
        s if s >= CRITICAL => Severity::Critical,
        s if s >= WARNING => Severity::Warning,
        _ => return None,
    };
    let line = format!(
        "broker {}: {} is {} full, {} left of {}",
        broker.id,
        dir.path,
        human::percent(share),
        human::bytes(usable),
        human::bytes(total)
    );
    let finding = Finding::new("disk", severity, Object::Broker(broker.id), line)
        .brief(format!("broker {} disk {} full", broker.id, human::percent(share)))
        .seen(format!("replicas hold {} of it", human::bytes(dir.used)));
    Some(match largest(dirs) {
        Some(largest) => finding.seen(format!("most on the broker is of {largest}")),
        None => finding,
    })
}

/// The topics that hold most on the broker, with what they hold.
fn largest(dirs: &LogDirs) -> Option<String> {
    const MOST: usize = 3;
    let mut held: Vec<(u64, &TopicName)> = dirs
        .replicas
        .iter()
        .map(|(topic, logs)| (logs.iter().map(|log| log.bytes).sum(), topic))
        .filter(|(bytes, _)| *bytes > 0)
        .collect();
    held.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let told: Vec<_> =
        held.iter().take(MOST).map(|(bytes, topic)| format!("{topic} ({})", human::bytes(*bytes))).collect();
    (!told.is_empty()).then(|| told.join(", "))
}
