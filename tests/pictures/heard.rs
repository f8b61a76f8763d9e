//! What was heard of an instant, so that one knows when that is everything.

use castellan::{
    app::Msg,
    domain::{
        kafka::{BrokerId, Kafka, KafkaDelta},
        kubernetes::Kubernetes,
        reading::Feed,
        snapshot::Delta,
        throughput::ThroughputDelta,
        time::Time,
    },
};
use std::collections::BTreeSet;

#[derive(Default)]
pub struct Heard {
    /// Throughput was measured, or cannot be.
    throughput: bool,
    /// What a broker failed to tell.
    failed: BTreeSet<(Part, BrokerId)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Contact,
    Disks,
    Ends,
    Groups,
}

impl Heard {
    pub fn take(&mut self, msg: &Msg, now: Time) {
        match msg {
            Msg::Delta(Delta::Throughput(
                ThroughputDelta::Points { .. } | ThroughputDelta::Failed { .. },
            )) => {
                self.throughput = true;
            }
            Msg::Delta(Delta::Kafka(delta)) => self.failed.extend(failed(delta, now)),
            _ => {}
        }
    }

    /// Whether all that there is has been told of this instant, or that it cannot be told.
    pub fn all(&self, kubernetes: &Kubernetes, kafka: &Kafka, now: Time) -> bool {
        let told = |feed: &Feed| feed.heard() == Some(now);
        let by =
            |feed: &Feed, part: Part, broker: BrokerId| told(feed) || self.failed.contains(&(part, broker));
        let brokers = kafka.brokers.values().filter(|broker| broker.registered).all(|broker| {
            by(&broker.contact.feed, Part::Contact, broker.id)
                && by(&broker.log_dirs.feed, Part::Disks, broker.id)
                && by(&broker.ends, Part::Ends, broker.id)
        });
        let groups = kafka.groups.values().all(|group| {
            let feed = &group.offsets.feed;
            group.coordinator.map_or_else(|| told(feed), |broker| by(feed, Part::Groups, broker))
        });
        let bodies = of_kubernetes(kubernetes).into_iter().chain(of_kafka(kafka)).all(told);
        self.throughput && brokers && groups && bodies
    }
}

fn failed(delta: &KafkaDelta, now: Time) -> Option<(Part, BrokerId)> {
    let (part, broker, at) = match delta {
        KafkaDelta::Contact { broker, answer: Err(_), at } => (Part::Contact, broker, at),
        KafkaDelta::LogDirs { broker, answer: Err(_), at } => (Part::Disks, broker, at),
        KafkaDelta::Led { broker, answer: Err(_), at } => (Part::Ends, broker, at),
        KafkaDelta::Coordinated { broker, answer: Err(_), at } => (Part::Groups, broker, at),
        _ => return None,
    };
    (*at == now).then_some((part, *broker))
}

fn of_kubernetes(kubernetes: &Kubernetes) -> Vec<&Feed> {
    vec![
        &kubernetes.server.feed,
        &kubernetes.pods.feed,
        &kubernetes.stateful_sets.feed,
        &kubernetes.deployments.feed,
        &kubernetes.replica_sets.feed,
        &kubernetes.nodes.feed,
        &kubernetes.claims.feed,
        &kubernetes.budgets.feed,
        &kubernetes.autoscalers.feed,
        &kubernetes.services.feed,
        &kubernetes.events.feed,
    ]
}

fn of_kafka(kafka: &Kafka) -> Vec<&Feed> {
    vec![
        &kafka.cluster_feed,
        &kafka.topics_feed,
        &kafka.configs_feed,
        &kafka.ends_feed,
        &kafka.groups_feed,
        &kafka.quorum.feed,
        &kafka.reassignments.feed,
    ]
}
