//! Leaders that are not where they are preferred.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{human, object::Object, snapshot::Snapshot, time::Time};

/// Source: `leader.imbalance.per.broker.percentage`, 10 by default.
const TOLERATED: f64 = 0.10;

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    if !live(&snapshot.kafka.topics_feed, now) {
        return Vec::new();
    }
    // A broker that is away cannot lead: that is said elsewhere.
    let imbalance = |row: &super::super::BrokerRow| {
        let (led, preferred) = (row.tally.leaders, row.tally.preferred);
        if preferred == 0 { 0.0 } else { f64::from(preferred.saturating_sub(led)) / f64::from(preferred) }
    };
    let there = joined.brokers.iter().filter(|row| {
        row.tally.out_of_sync == 0
            && row.id.and_then(|id| snapshot.kafka.brokers.get(&id)).is_some_and(|b| b.registered)
    });
    let off: Vec<_> = there.filter(|row| imbalance(row) > TOLERATED).collect();
    let Some(id) = off.iter().find_map(|row| row.id) else { return Vec::new() };
    let (s, leads) = if off.len() == 1 { ("", "leads") } else { ("s", "lead") };
    let line = format!(
        "{} led by another than the preferred broker: broker{s} {} {leads} too few",
        human::plural(joined.totals.led_elsewhere as usize, "partition"),
        human::list(off.iter().map(|row| row.name()), 4)
    );
    let finding = Finding::new("leaders", Severity::Ok, Object::Broker(id), line);
    vec![off.iter().fold(finding, |f, row| {
        f.seen(format!(
            "broker {} leads {}, preferred {}",
            row.name(),
            row.tally.leaders,
            row.tally.preferred
        ))
    })]
}
