//! Under-replicated partitions, and who is missing.

use super::{super::Finding, Joined, Severity, ids, live};
use crate::domain::{
    derived::BrokerRow,
    human,
    object::Object,
    snapshot::Snapshot,
    throughput::{Metric, Subject},
    time::Time,
};

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    let totals = &joined.totals;
    if totals.under_replicated == 0 || !live(&snapshot.kafka.topics_feed, now) {
        return Vec::new();
    }
    let mut missing: Vec<&BrokerRow> =
        joined.brokers.iter().filter(|row| row.tally.out_of_sync > 0).collect();
    missing.sort_by_key(|row| std::cmp::Reverse(row.tally.out_of_sync));
    let Some(worst) = missing.first() else { return Vec::new() };
    let n = human::plural(totals.under_replicated as usize, "partition");
    let line = format!(
        "{n} of {} under-replicated: out of sync on broker{} {}",
        human::count(u64::from(totals.partitions)),
        if missing.len() == 1 { "" } else { "s" },
        ids(missing.iter().filter_map(|row| row.id))
    );
    let subject = worst.id.map_or_else(|| worst.object(), Object::Broker);
    let mut finding = Finding::new("under-replicated", Severity::Warning, subject, line)
        .brief(format!("{} under-replicated", human::count(u64::from(totals.under_replicated))))
        .since(since(snapshot, now));
    for row in missing.iter().take(5) {
        finding = finding.seen(format!(
            "broker {}: {} of its {} replicas out of sync",
            row.name(),
            row.tally.out_of_sync,
            row.tally.replicas
        ));
    }
    vec![finding]
}

/// Since when the measured number has not been zero.
fn since(snapshot: &Snapshot, now: Time) -> Option<Time> {
    snapshot.throughput.origin.live(now)?;
    let series = snapshot.throughput.series(Metric::UnderReplicated, Subject::Cluster)?;
    series.points().rev().take_while(|(_, n)| *n > 0.0).last().map(|(at, _)| at)
}
