//! A broker that Kafka misses or that does not answer although its pod is well.

use super::{super::Finding, Joined, Severity, aged, for_how_long, live, sources::all_unheard, trouble};
use crate::domain::{
    derived::BrokerRow, human, kafka::Broker, object::Object, snapshot::Snapshot, time::Time,
};

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    // The way to them is broken, which is another's to tell.
    let unheard = snapshot.kafka_cut_off() || all_unheard(snapshot).is_some();
    let troubled = |row: &BrokerRow| {
        let pod = row.pod.as_ref().and_then(|(key, _)| snapshot.kubernetes.pods.get(key));
        pod.is_some_and(|p| trouble(snapshot, p, now).is_some())
    };
    let rows = joined.brokers.iter().filter(|row| !troubled(row));
    rows.filter_map(|row| {
        let broker = snapshot.kafka.brokers.get(&row.id?)?;
        unregistered(snapshot, row, broker, now)
            .or_else(|| silent(snapshot, row, broker, now).filter(|_| !unheard))
    })
    .collect()
}

fn unregistered(snapshot: &Snapshot, row: &BrokerRow, broker: &Broker, now: Time) -> Option<Finding> {
    if broker.registered || !live(&snapshot.kafka.cluster_feed, now) {
        return None;
    }
    let replicas = human::plural(row.tally.replicas as usize, "replica");
    let line = match &row.pod {
        Some((pod, _)) => {
            format!(
                "broker {} is not registered although pod {} runs: {replicas} wait for it",
                broker.id, pod.name
            )
        }
        None => format!("broker {} is gone but still named by {replicas}", broker.id),
    };
    Some(
        Finding::new("broker-gone", Severity::Warning, Object::Broker(broker.id), line)
            .brief(format!("broker {} not registered", broker.id))
            .seen(format!("{} of its replicas are out of sync", row.tally.out_of_sync)),
    )
}

fn silent(snapshot: &Snapshot, row: &BrokerRow, broker: &Broker, now: Time) -> Option<Finding> {
    // When nobody answers, the source is silent and not this broker.
    let failure = broker.contact.feed.failure().filter(|_| live(&snapshot.kafka.cluster_feed, now))?;
    let how_long = for_how_long(Some(failure.since), now);
    let line = format!("broker {} does not answer: {}", broker.id, failure.reason);
    let pods = snapshot.kubernetes.pods.feed.state(now);
    let mut finding = Finding::new("broker-silent", Severity::Warning, Object::Broker(broker.id), line)
        .brief(format!("broker {} silent{how_long}", broker.id))
        .since(Some(failure.since))
        .seen(format!("{} of its replicas are out of sync", row.tally.out_of_sync));
    if let Some((pod, _)) = &row.pod {
        finding = finding.seen(aged(format!("pod {} is ready", pod.name), &pods));
    }
    Some(finding)
}
