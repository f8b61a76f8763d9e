//! Reassignments and elections.

use super::{Word, count, count_are, name, one, send, several, timeout};
use crate::{
    action::{Said, write::Assignment},
    domain::{
        access::{KafkaPermission, Operation},
        kafka::TopicName,
    },
    source::asking::Kafka,
};
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, BrokerId, ElectLeadersRequest,
    alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic},
    elect_leaders_request::TopicPartitions,
};
use std::collections::BTreeMap;

/// Code of Kafka's `Errors.java`.
const ELECTION_NOT_NEEDED: i16 = 84;

pub async fn reassign(kafka: &Kafka, partitions: &[Assignment]) -> Said {
    let mut topics: BTreeMap<&TopicName, Vec<ReassignablePartition>> = BTreeMap::new();
    for assignment in partitions {
        let replicas = assignment.replicas.as_ref().map(|r| r.iter().map(|id| BrokerId(id.0)).collect());
        let partition = ReassignablePartition::default().with_partition_index(assignment.partition);
        topics.entry(&assignment.topic).or_default().push(partition.with_replicas(replicas));
    }
    let topics = topics.into_iter();
    let topics = topics.map(|(t, p)| ReassignableTopic::default().with_name(name(t)).with_partitions(p));
    let request = AlterPartitionReassignmentsRequest::default()
        .with_timeout_ms(timeout(kafka))
        .with_topics(topics.collect());
    let answer = match send(kafka, "AlterPartitionReassignments", request).await {
        Ok(answer) => answer.value,
        Err(said) => return said,
    };
    let permission = KafkaPermission::Cluster(Operation::Alter);
    if answer.error_code != 0 {
        return one(permission, answer.error_code, answer.error_message.as_deref(), String::new());
    }
    let said = answer.responses.iter().flat_map(|t| {
        t.partitions.iter().map(|p| Word {
            of: (t.name.as_str(), p.partition_index),
            code: p.error_code,
            message: p.error_message.as_deref(),
        })
    });
    let cancelled = partitions.iter().filter(|a| a.replicas.is_none()).count();
    let moved = partitions.len() - cancelled;
    let taken = match (moved, cancelled) {
        (_, 0) => format!("the reassignment of {} has begun", count(moved)),
        (0, _) => format!("the reassignment of {} is cancelled", count(cancelled)),
        _ => format!(
            "the reassignment of {} has begun, that of {} is cancelled",
            count(moved),
            count(cancelled)
        ),
    };
    several(permission, said.collect(), partitions.len(), taken)
}

pub async fn elect(kafka: &Kafka, partitions: &[(TopicName, i32)]) -> Said {
    let mut topics: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
    partitions.iter().for_each(|(topic, partition)| topics.entry(topic).or_default().push(*partition));
    let topics = topics.into_iter();
    let topics = topics.map(|(t, p)| TopicPartitions::default().with_topic(name(t)).with_partitions(p));
    // The election type's default is that of preferred leaders, the only one before version 1.
    let request = ElectLeadersRequest::default()
        .with_timeout_ms(timeout(kafka))
        .with_topic_partitions(Some(topics.collect()));
    let answer = match send(kafka, "ElectLeaders", request).await {
        Ok(answer) => answer.value,
        Err(said) => return said,
    };
    let permission = KafkaPermission::Cluster(Operation::Alter);
    if answer.error_code != 0 {
        return one(permission, answer.error_code, None, String::new());
    }
    let mut said: Vec<Word<'_>> = (answer.replica_election_results.iter())
        .flat_map(|t| {
            t.partition_result.iter().map(|p| Word {
                of: (t.topic.as_str(), p.partition_id),
                code: p.error_code,
                message: p.error_message.as_deref(),
            })
        })
        .collect();
    let all = said.len();
    said.retain(|word| word.code != ELECTION_NOT_NEEDED);
    let taken = match all - said.len() {
        0 => format!("{} led by the preferred leader", count_are(partitions.len())),
        idle => format!(
            "{} led by the preferred leader, {idle} of them before already",
            count_are(partitions.len())
        ),
    };
    several(permission, said, partitions.len(), taken)
}
