//! What a broker exports, under the names of Strimzi's rules for the JMX exporter.

use crate::{
    demo::world::kafka::{Broker, Cluster, Traffic},
    domain::Text,
};
use std::{collections::BTreeMap, fmt::Write as _};

/// Topics that a broker tells of by name: in a large estate the exporter's rules leave out the quiet ones.
const TOPICS: usize = 100;

const MESSAGES_IN: &str = "kafka_server_brokertopicmetrics_messagesin_total";
const BYTES_IN: &str = "kafka_server_brokertopicmetrics_bytesin_total";
const BYTES_OUT: &str = "kafka_server_brokertopicmetrics_bytesout_total";
const UNDER_REPLICATED: &str = "kafka_server_replicamanager_underreplicatedpartitions";
const PARTITIONS: &str = "kafka_server_replicamanager_partitioncount";
const LEADERS: &str = "kafka_server_replicamanager_leadercount";
const OFFLINE: &str = "kafka_controller_kafkacontroller_offlinepartitionscount";
const ACTIVE: &str = "kafka_controller_kafkacontroller_activecontrollercount";

#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: &'static str,
    /// None: the broker's own total.
    pub topic: Option<Text>,
    pub value: f64,
}

/// The partitions of a whole cluster, counted once for all its brokers.
#[derive(Debug, Default)]
pub struct Tally {
    brokers: BTreeMap<i32, Count>,
    offline: u32,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    replicas: u32,
    leaders: u32,
    under_replicated: u32,
}

impl Tally {
    pub fn of(cluster: &Cluster) -> Tally {
        let mut tally = Tally::default();
        for partition in cluster.topics.values().flat_map(|topic| &topic.partitions) {
            for broker in partition.replicas.iter() {
                tally.brokers.entry(*broker).or_default().replicas += 1;
            }
            let Some(leader) = partition.leader else {
                tally.offline += 1;
                continue;
            };
            let count = tally.brokers.entry(leader).or_default();
            count.leaders += 1;
            // What a reassignment adds is not missed yet.
            let wanted = partition.replicas.len() - partition.adding().len();
            count.under_replicated += u32::from(partition.isr.len() < wanted);
        }
        tally
    }
}

/// Everything that one broker exports now.
pub fn samples(cluster: &Cluster, broker: &Broker, tally: &Tally) -> Vec<Sample> {
    let total = |name, value| Sample { name, topic: None, value };
    let count = tally.brokers.get(&broker.id).copied().unwrap_or_default();
    let mut all = vec![
        total(MESSAGES_IN, broker.messages_in),
        total(BYTES_IN, broker.bytes_in),
        total(BYTES_OUT, broker.bytes_out),
        total(UNDER_REPLICATED, count.under_replicated.into()),
        total(PARTITIONS, count.replicas.into()),
        total(LEADERS, count.leaders.into()),
    ];
    if cluster.voters.contains(&broker.id) {
        let active = cluster.controller == Some(broker.id);
        // Only the active controller counts them; the others tell 0.
        all.push(total(OFFLINE, if active { tally.offline.into() } else { 0.0 }));
        all.push(total(ACTIVE, f64::from(u8::from(active))));
    }
    for (topic, traffic) in busiest(cluster, broker.id) {
        let of = |name, value| Sample { name, topic: Some(topic.clone()), value };
        all.push(of(MESSAGES_IN, traffic.messages_in));
        all.push(of(BYTES_IN, traffic.bytes_in));
        all.push(of(BYTES_OUT, traffic.bytes_out));
    }
    all
}

/// The topics that most was sent to, with what the broker had of it.
fn busiest(cluster: &Cluster, broker: i32) -> Vec<(&Text, &Traffic)> {
    let traffic =
        cluster.topics.iter().flat_map(|(name, topic)| topic.traffic.iter().map(move |t| (name, t)));
    let mut own: Vec<_> = traffic.filter(|(_, traffic)| traffic.broker == broker).collect();
    if own.len() > TOPICS {
        own.select_nth_unstable_by(TOPICS, |a, b| b.1.bytes_in.total_cmp(&a.1.bytes_in));
        own.truncate(TOPICS);
    }
    own
}

/// The same as `/metrics` shows it.
pub fn text(cluster: &Cluster, broker: &Broker) -> String {
    let mut all = samples(cluster, broker, &Tally::of(cluster));
    all.sort_by_key(|s| s.name);
    let (mut text, mut before) = (String::new(), "");
    for sample in &all {
        if sample.name != before {
            let kind = if sample.name.ends_with("_total") { "counter" } else { "gauge" };
            let _ = writeln!(text, "# TYPE {} {kind}", sample.name);
            before = sample.name;
        }
        let label = sample.topic.as_ref().map_or(String::new(), |t| format!("{{topic=\"{}\",}}", escaped(t)));
        let _ = writeln!(text, "{}{label} {:?}", sample.name, sample.value);
    }
    text
}

/// Source: Prometheus, "Exposition formats".
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
