//! A replication throttle that nobody needs any more: it slows every broker that has to catch up. Topics name
//! the throttled replicas, brokers the rates.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{
    human,
    kafka::{BrokerId, Kafka, Side, Throttle, Topic, TopicName},
    object::Object,
    snapshot::Snapshot,
    time::Time,
};

/// The topic's throttled replicas as configured on it, empty ones left out.
pub fn throttled(topic: &Topic) -> impl Iterator<Item = &str> {
    Side::BOTH.into_iter().filter_map(|side| side.list(topic)).filter(|list| !list.is_empty())
}

pub fn check(snapshot: &Snapshot, _joined: &Joined, now: Time) -> Vec<Finding> {
    let kafka = &snapshot.kafka;
    let Some(moves) = kafka.reassignments.live(now).filter(|_| live(&kafka.topics_feed, now)) else {
        return Vec::new();
    };
    // Of a move of many topics some are done before the others, and are throttled until the last is.
    let is_left = |topic: &&Topic| {
        let at_rest = moves.is_empty() || (moves.topic(&topic.name).is_empty() && is_behind(topic));
        at_rest && throttled(topic).next().is_some()
    };
    let left: Vec<&TopicName> = kafka.topics.values().filter(is_left).map(|t| &t.name).collect();
    let Some(first) = left.first() else {
        return if moves.is_empty() { rates_alone(kafka, now) } else { Vec::new() };
    };
    let line = format!(
        "throttle left behind on {}: no reassignment of it is under way, but catching up is slowed",
        human::list(&left, 3)
    );
    let finding = Finding::new("throttle", Severity::Warning, Object::Topic((*first).clone()), line)
        .brief(format!("throttle left on {}", human::plural(left.len(), "topic")))
        .seen(format!(
            "{} and {} are set, its reassignments: none",
            Side::Leader.replicas_key(),
            Side::Follower.replicas_key()
        ));
    vec![rates(kafka, now).fold(finding, |f, (id, rate)| f.seen(tell(id, rate)))]
}

fn is_behind(topic: &Topic) -> bool {
    topic.partitions.iter().any(|p| p.isr.len() < p.replicas.len())
}

/// The brokers that are configured to throttle.
fn rates(kafka: &Kafka, now: Time) -> impl Iterator<Item = (BrokerId, Throttle)> {
    let set = kafka.brokers.values().filter_map(move |b| Some((b.id, *b.throttle.live(now)?)));
    set.filter(|(_, rate)| *rate != Throttle::default())
}

fn tell(id: BrokerId, rate: Throttle) -> String {
    let one = |what: &str, rate: Option<u64>| rate.map(|r| format!("{what} {}", human::byte_rate(r as f64)));
    let both = [one("leader", rate.leader), one("follower", rate.follower)];
    format!(
        "broker {id} throttles replication: {}",
        both.into_iter().flatten().collect::<Vec<_>>().join(", ")
    )
}

/// Rates without a topic that names throttled replicas slow nothing, but will slow the next move.
fn rates_alone(kafka: &Kafka, now: Time) -> Vec<Finding> {
    let left: Vec<_> = rates(kafka, now).collect();
    let Some((first, _)) = left.first() else { return Vec::new() };
    let n = human::plural(left.len(), "broker");
    let line = format!("replication rates left on {n}: no topic is throttled now, the next move would be");
    let finding = Finding::new("throttle", Severity::Ok, Object::Broker(*first), line)
        .brief(format!("throttle rate left on {n}"));
    vec![left.into_iter().fold(finding, |f, (id, rate)| f.seen(tell(id, rate)))]
}
