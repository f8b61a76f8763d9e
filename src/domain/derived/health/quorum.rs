//! The controllers.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{
    human,
    object::Object,
    snapshot::Snapshot,
    time::{Time, age},
};
use std::time::Duration;

/// A voter further behind than this is lagging. Ten fetch time-outs: a shorter pause heals itself.
///
/// Source: `controller.quorum.fetch.timeout.ms`, 2000 by default.
const BEHIND: Duration = Duration::from_secs(20);

pub fn check(snapshot: &Snapshot, _joined: &Joined, now: Time) -> Vec<Finding> {
    no_controller(snapshot, now).into_iter().chain(lagging(snapshot, now)).collect()
}

fn no_controller(snapshot: &Snapshot, now: Time) -> Option<Finding> {
    let kafka = &snapshot.kafka;
    let tells = if kafka.quorum.last().is_some() { &kafka.quorum.feed } else { &kafka.cluster_feed };
    (kafka.leaderless && !kafka.brokers.is_empty() && live(tells, now)).then(|| {
        let line = "no active controller: topics, leaders and brokers cannot change".to_string();
        Finding::new("controller", Severity::Critical, Object::Finding("controller".into()), line)
            .brief("no controller")
    })
}

fn lagging(snapshot: &Snapshot, now: Time) -> Option<Finding> {
    let quorum = snapshot.kafka.quorum.live(now)?;
    let behind: Vec<_> = quorum
        .voters
        .iter()
        .filter(|v| v.behind.is_some_and(|b| b > BEHIND) && quorum.leader != Some(v.id))
        .collect();
    let first = behind.first()?;
    let left = quorum.voters.len() - behind.len();
    // One more lost voter and there is no majority.
    let severity = if left <= quorum.voters.len() / 2 { Severity::Critical } else { Severity::Warning };
    let line = format!(
        "controller voter{} {} behind: {left} of {} keep up",
        if behind.len() == 1 { "" } else { "s" },
        human::list(behind.iter().map(|v| v.id), 4),
        quorum.voters.len()
    );
    let mut finding = Finding::new("quorum", severity, Object::Broker(first.id), line)
        .brief(format!("quorum {left}/{}", quorum.voters.len()));
    for voter in &behind {
        let since = voter.behind.unwrap_or_default();
        finding = finding.seen(format!("voter {} was last caught up {} ago", voter.id, age(since)));
    }
    Some(finding)
}
