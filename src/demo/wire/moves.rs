//! Reassignments and elections.

use super::{
    broker::{Here, ids, topic_name},
    topics::told,
};
use crate::demo::world::kafka::{Code, Election, Partition, Topic};
use kafka_protocol::{
    messages::{
        AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ElectLeadersRequest,
        ElectLeadersResponse, ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
        TopicName,
        alter_partition_reassignments_response::{ReassignablePartitionResponse, ReassignableTopicResponse},
        elect_leaders_response::{PartitionResult, ReplicaElectionResult},
        list_partition_reassignments_response::{OngoingPartitionReassignment, OngoingTopicReassignment},
    },
    protocol::StrBytes,
};

pub fn alter_reassignments(
    request: AlterPartitionReassignmentsRequest,
    here: &mut Here<'_>,
) -> AlterPartitionReassignmentsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let target: Option<Vec<i32>> =
                asked.replicas.as_ref().map(|ids| ids.iter().map(|id| id.0).collect());
            let altered =
                here.cluster.alter_reassignment(&topic.name, asked.partition_index, target.as_deref());
            let (code, words) = altered.map_or_else(|refused| told(&refused), |()| (0, None));
            ReassignablePartitionResponse::default()
                .with_partition_index(asked.partition_index)
                .with_error_code(code)
                .with_error_message(words)
        });
        let partitions = partitions.collect();
        ReassignableTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    AlterPartitionReassignmentsResponse::default()
        .with_allow_replication_factor_change(request.allow_replication_factor_change)
        .with_responses(topics.collect())
}

pub fn list_reassignments(
    request: ListPartitionReassignmentsRequest,
    here: &mut Here<'_>,
) -> ListPartitionReassignmentsResponse {
    let told = |name: &str, topic: &Topic, asked: Option<&[i32]>| {
        let moving = topic.partitions.iter().enumerate().filter(|(_, p)| p.reassigning());
        let wanted = moving.filter(|(index, _)| asked.is_none_or(|a| a.contains(&(*index as i32))));
        let partitions: Vec<_> = wanted.map(|(index, p)| of_partition(index, p)).collect();
        let told = OngoingTopicReassignment::default().with_name(topic_name(name));
        (!partitions.is_empty()).then(|| told.with_partitions(partitions))
    };
    let topics: Vec<_> = match &request.topics {
        None => here.cluster.topics.iter().filter_map(|(name, topic)| told(name, topic, None)).collect(),
        Some(asked) => {
            let known = asked.iter().filter_map(|a| Some((here.named(&a.name)?, &a.partition_indexes[..])));
            known.filter_map(|((name, topic), partitions)| told(name, topic, Some(partitions))).collect()
        }
    };
    ListPartitionReassignmentsResponse::default().with_topics(topics)
}

fn of_partition(index: usize, partition: &Partition) -> OngoingPartitionReassignment {
    OngoingPartitionReassignment::default()
        .with_partition_index(index as i32)
        .with_replicas(ids(&partition.replicas))
        .with_adding_replicas(ids(partition.adding()))
        .with_removing_replicas(ids(partition.removing()))
}

pub fn elect_leaders(request: ElectLeadersRequest, here: &mut Here<'_>) -> ElectLeadersResponse {
    let election = match request.election_type {
        0 => Election::Preferred,
        1 => Election::Unclean,
        _ => return ElectLeadersResponse::default().with_error_code(Code::InvalidRequest.code()),
    };
    let every = request.topic_partitions.is_none();
    let asked: Vec<(TopicName, Vec<i32>)> = match request.topic_partitions {
        Some(asked) => asked.into_iter().map(|t| (t.topic, t.partitions)).collect(),
        None => {
            let all = here.cluster.topics.iter();
            all.map(|(name, topic)| (topic_name(name), (0..topic.partitions.len() as i32).collect()))
                .collect()
        }
    };
    let results = asked.into_iter().map(|(topic, partitions)| {
        let results = partitions.into_iter().map(|partition| elect(&topic, partition, election, here));
        // Of all there are, only those are told of that had to be elected.
        let told = results.filter(|r| !every || r.error_code != Code::ElectionNotNeeded.code());
        let told: Vec<_> = told.collect();
        ReplicaElectionResult::default().with_topic(topic).with_partition_result(told)
    });
    let results = results.filter(|r| !r.partition_result.is_empty());
    ElectLeadersResponse::default().with_replica_election_results(results.collect())
}

fn elect(topic: &StrBytes, partition: i32, election: Election, here: &mut Here<'_>) -> PartitionResult {
    let elected = here.cluster.elect_leader(topic, partition, election);
    let (code, words) = elected.map_or_else(|refused| told(&refused), |()| (0, None));
    PartitionResult::default().with_partition_id(partition).with_error_code(code).with_error_message(words)
}
