//! The controllers: what passes through them, and how they stand.

use super::broker::{Broker, Here, text};
use kafka_protocol::{
    messages::{
        ApiKey::{self, *},
        BrokerId, DescribeQuorumRequest, DescribeQuorumResponse,
        describe_quorum_response::{Listener, Node, PartitionData, ReplicaState, TopicData},
    },
    protocol::StrBytes,
};
use std::time::Duration;
use tokio::time::Instant;

/// How long a broker waits for a controller to which it passes a request on.
///
/// Source: Apache Kafka `request.timeout.ms` of the brokers' own clients.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);
/// UNKNOWN_TOPIC_OR_PARTITION.
const UNKNOWN: i16 = 3;

/// Requests that brokers pass on to the active controller.
pub fn is_passed_on(key: ApiKey) -> bool {
    matches!(
        key,
        CreateTopics
            | DeleteTopics
            | CreatePartitions
            | AlterConfigs
            | IncrementalAlterConfigs
            | AlterPartitionReassignments
            | ListPartitionReassignments
            | ElectLeaders
            | DescribeQuorum
    )
}

/// Waits for a controller that answers.
pub async fn wait(broker: &Broker) {
    let deadline = Instant::now() + PATIENCE;
    while !answers(broker) && Instant::now() < deadline {
        tokio::time::sleep(LOOK).await;
    }
}

fn answers(broker: &Broker) -> bool {
    broker.shared.with(|world| {
        let Some(cluster) = world.kafka.get(broker.cluster) else { return true };
        // A controller that is no broker is always there.
        cluster.controller.is_some_and(|id| cluster.answers(id) || !cluster.brokers.contains_key(&id))
    })
}

pub fn describe_quorum(request: DescribeQuorumRequest, here: &mut Here<'_>) -> DescribeQuorumResponse {
    let topics = request.topics.iter().map(|topic| {
        let known = topic.topic_name.as_str() == "__cluster_metadata";
        let partitions = topic.partitions.iter().map(|asked| match known && asked.partition_index == 0 {
            true => metadata_log(here),
            false => PartitionData::default()
                .with_partition_index(asked.partition_index)
                .with_leader_id(BrokerId(-1))
                .with_error_code(UNKNOWN),
        });
        TopicData::default().with_topic_name(topic.topic_name.clone()).with_partitions(partitions.collect())
    });
    let topics = topics.collect();
    let nodes = if here.version >= 2 { nodes(here) } else { Vec::new() };
    DescribeQuorumResponse::default().with_topics(topics).with_nodes(nodes)
}

fn metadata_log(here: &Here<'_>) -> PartitionData {
    let cluster = &here.cluster;
    let end = (cluster.clock.seconds() * 2.0) as i64 % 100_000_000;
    let state = |id: i32| {
        let there = cluster.answers(id) || !cluster.brokers.contains_key(&id);
        let at = if there { here.now.0 } else { -1 };
        let told = ReplicaState::default().with_replica_id(BrokerId(id)).with_log_end_offset(end);
        if here.version >= 1 {
            told.with_last_fetch_timestamp(at).with_last_caught_up_timestamp(at)
        } else {
            told
        }
    };
    let observers = cluster.brokers.keys().filter(|id| !cluster.voters.contains(id));
    PartitionData::default()
        .with_leader_id(BrokerId(cluster.controller.unwrap_or(-1)))
        .with_leader_epoch(1)
        .with_high_watermark(end)
        .with_current_voters(cluster.voters.iter().map(|id| state(*id)).collect())
        .with_observers(observers.map(|id| state(*id)).collect())
}

/// The controllers' own listeners.
fn nodes(here: &Here<'_>) -> Vec<Node> {
    let node = |id: &i32| {
        let broker = here.cluster.brokers.get(id)?;
        let listener = Listener::default().with_name(StrBytes::from_static_str("CONTROLLER"));
        let listener = listener.with_host(text(here.cluster.host(broker))).with_port(here.cluster.port + 1);
        Some(Node::default().with_node_id(BrokerId(*id)).with_listeners(vec![listener]))
    };
    here.cluster.voters.iter().filter_map(node).collect()
}
