//! The controllers: what passes through them, and how they stand.

use super::broker::{Broker, Here, text};
use crate::demo::world::kafka::{Code, Voter};
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
                .with_error_code(Code::UnknownTopicOrPartition.code()),
        });
        TopicData::default().with_topic_name(topic.topic_name.clone()).with_partitions(partitions.collect())
    });
    let topics = topics.collect();
    let nodes = if here.version >= 2 { nodes(here) } else { Vec::new() };
    DescribeQuorumResponse::default().with_topics(topics).with_nodes(nodes)
}

fn metadata_log(here: &Here<'_>) -> PartitionData {
    let told = PartitionData::default();
    let Some(quorum) = here.cluster.quorum() else {
        return told.with_leader_id(BrokerId(-1)).with_error_code(Code::RequestTimedOut.code());
    };
    let state = |voter: &Voter| {
        let told =
            ReplicaState::default().with_replica_id(BrokerId(voter.id)).with_log_end_offset(voter.log_end);
        match here.version {
            0 => told,
            _ => told
                .with_last_fetch_timestamp(voter.fetched.0)
                .with_last_caught_up_timestamp(voter.caught_up.0),
        }
    };
    told.with_leader_id(BrokerId(quorum.leader))
        .with_leader_epoch(quorum.epoch)
        .with_high_watermark(quorum.high_watermark)
        .with_current_voters(quorum.voters.iter().map(state).collect())
        .with_observers(quorum.observers.iter().map(state).collect())
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
