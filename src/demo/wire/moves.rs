//! Reassignments and elections.

use super::broker::{Here, ids, topic_name};
use crate::demo::world::kafka::{Partition, Topic};
use kafka_protocol::messages::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
    list_partition_reassignments_response::{OngoingPartitionReassignment, OngoingTopicReassignment},
};

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
