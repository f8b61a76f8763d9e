//! Consumer groups: what they have committed, and they themselves. Each is sent to the group's coordinator.

use super::{Word, name, one, reason, several, text, why};
use crate::{
    action::Said,
    domain::{
        access::{KafkaPermission, Operation},
        kafka::{BrokerId, GroupId, TopicName},
    },
    source::{
        asking::Kafka,
        kafka::{Lane, words},
    },
};
use kafka_protocol::{
    messages::{
        DeleteGroupsRequest, FindCoordinatorRequest, GroupId as WireGroup, OffsetCommitRequest,
        OffsetDeleteRequest,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic},
    },
    protocol::{Request, StrBytes},
};
use std::{collections::BTreeMap, time::Duration};

/// Codes of Kafka's `Errors.java`: the coordinator is elsewhere, or is loading; whoever says so has done
/// nothing.
const ELSEWHERE: [i16; 3] = [14, 15, 16];
/// ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS: somebody is in the group, and he who commits
/// is not.
const PEOPLED: [i16; 3] = [22, 25, 27];
const NON_EMPTY_GROUP: i16 = 68;
const NO_GROUP: i16 = 69;
/// How often the coordinator is looked up, and the pause before each but the first.
const LOOKUPS: (u32, Duration) = (6, Duration::from_millis(500));
/// Partitions of a request: the coordinator writes them as one batch, which may be as long as 1 MB.
const CHUNK: usize = 2_000;

/// Commits as an administrator does, who is no member.
pub async fn commit(kafka: &Kafka, group: &GroupId, offsets: &[(TopicName, i32, i64)]) -> Said {
    let mut done = 0;
    for chunk in offsets.chunks(CHUNK) {
        match commit_chunk(kafka, group, chunk).await {
            Said::Taken(_) => done += chunk.len(),
            said if done == 0 && chunk.len() == offsets.len() => return said,
            said => {
                let words =
                    format!("{}; of {} partitions {done} were committed", said.words(), offsets.len());
                return match said {
                    Said::Unheard(_) => Said::Unheard(words.into()),
                    _ => Said::Refused(words.into()),
                };
            }
        }
    }
    Said::Taken(format!("group {group} has committed {}", super::count(offsets.len())).into())
}

async fn commit_chunk(kafka: &Kafka, group: &GroupId, offsets: &[(TopicName, i32, i64)]) -> Said {
    let mut topics: BTreeMap<&TopicName, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for (topic, partition, offset) in offsets {
        let partition = OffsetCommitRequestPartition::default()
            .with_partition_index(*partition)
            .with_committed_offset(*offset)
            .with_committed_metadata(Some(StrBytes::default()));
        topics.entry(topic).or_default().push(partition);
    }
    let topics = topics.into_iter();
    let topics =
        topics.map(|(t, p)| OffsetCommitRequestTopic::default().with_name(name(t)).with_partitions(p));
    let request = OffsetCommitRequest::default()
        .with_group_id(wire(group))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(topics.collect());
    let asked = ask(kafka, group, "OffsetCommit", request, |answer| {
        answer.topics.first().and_then(|t| t.partitions.first()).map_or(0, |p| p.error_code)
    });
    let answer = match asked.await {
        Ok(answer) => answer,
        Err(said) => return said,
    };
    let said: Vec<Word<'_>> = (answer.topics.iter())
        .flat_map(|t| {
            let word = |of, code| Word { of, code, message: None };
            t.partitions.iter().map(move |p| word((t.name.as_str(), p.partition_index), p.error_code))
        })
        .collect();
    if said.iter().any(|word| PEOPLED.contains(&word.code)) {
        return peopled(group);
    }
    several(KafkaPermission::Group(Operation::Read), said, offsets.len(), String::new())
}

pub async fn delete(kafka: &Kafka, group: &GroupId) -> Said {
    let request = DeleteGroupsRequest::default().with_groups_names(vec![wire(group)]);
    let asked = ask(kafka, group, "DeleteGroups", request, |answer| {
        answer.results.first().map_or(0, |result| result.error_code)
    });
    let code = match asked.await.map(|answer| answer.results.first().map(|result| result.error_code)) {
        Ok(Some(code)) => code,
        Ok(None) => return Said::Unheard("Kafka answers without a word about the group".into()),
        Err(said) => return said,
    };
    of_group(group, code, KafkaPermission::Group(Operation::Delete))
        .unwrap_or_else(|| Said::Taken(format!("group {group} is deleted").into()))
}

pub async fn delete_offsets(kafka: &Kafka, group: &GroupId, partitions: &[(TopicName, i32)]) -> Said {
    let mut topics: BTreeMap<&TopicName, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
    for (topic, partition) in partitions {
        let partition = OffsetDeleteRequestPartition::default().with_partition_index(*partition);
        topics.entry(topic).or_default().push(partition);
    }
    let topics = topics.into_iter();
    let topics =
        topics.map(|(t, p)| OffsetDeleteRequestTopic::default().with_name(name(t)).with_partitions(p));
    let request = OffsetDeleteRequest::default().with_group_id(wire(group)).with_topics(topics.collect());
    let answer = match ask(kafka, group, "OffsetDelete", request, |answer| answer.error_code).await {
        Ok(answer) => answer,
        Err(said) => return said,
    };
    let permission = KafkaPermission::Group(Operation::Delete);
    if let Some(said) = of_group(group, answer.error_code, permission) {
        return said;
    }
    let said = answer.topics.iter().flat_map(|t| {
        let word = |of, code| Word { of, code, message: None };
        t.partitions.iter().map(move |p| word((t.name.as_str(), p.partition_index), p.error_code))
    });
    let taken = format!("what group {group} has committed on {} is deleted", super::count(partitions.len()));
    several(permission, said.collect(), partitions.len(), taken)
}

/// What an error of the group as a whole means; None: there is none.
fn of_group(group: &GroupId, code: i16, permission: KafkaPermission) -> Option<Said> {
    match code {
        0 => None,
        NON_EMPTY_GROUP => Some(peopled(group)),
        NO_GROUP => Some(Said::Refused(format!("there is no group {group}; nothing was done").into())),
        code => Some(one(permission, code, None, String::new())),
    }
}

fn peopled(group: &GroupId) -> Said {
    let why = format!("group {group} is not empty: stop its consumers first; nothing was done");
    Said::Refused(why.into())
}

/// Asks the group's coordinator, which is looked up anew where it has moved. `code` tells it from an answer.
async fn ask<R: Request + Clone>(
    kafka: &Kafka,
    group: &GroupId,
    request_name: &str,
    request: R,
    code: impl Fn(&R::Response) -> i16,
) -> Result<R::Response, Said> {
    let mut last = 0;
    for lookup in 0..LOOKUPS.0 {
        if lookup > 0 {
            tokio::time::sleep(LOOKUPS.1).await;
        }
        let id = match coordinator(kafka, group).await? {
            Ok(id) => id,
            Err(code) => {
                last = code;
                continue;
            }
        };
        let asked = kafka.client.ask_broker_once(id, |_| request.clone()).await;
        let answer = asked.map_err(|error| {
            super::unanswered(&error, &format!("coordinator {}", kafka.client.name(id)), request_name)
        })?;
        match code(&answer.value) {
            moved if ELSEWHERE.contains(&moved) => last = moved,
            _ => return Ok(answer.value),
        }
    }
    let why = words(last, None);
    Err(Said::Refused(format!("group {group} has no coordinator now: {why}; nothing was done").into()))
}

/// Who coordinates the group; or the error that says that nobody does now.
async fn coordinator(kafka: &Kafka, group: &GroupId) -> Result<Result<BrokerId, i16>, Said> {
    let request = |version: i16| match version {
        4.. => FindCoordinatorRequest::default().with_coordinator_keys(vec![text(group)]),
        _ => FindCoordinatorRequest::default().with_key(text(group)),
    };
    let asked = kafka.client.ask_any(Lane::Quick, request).await.map_err(|error| {
        let (_, why) = why(&error, "Kafka", "FindCoordinator");
        Said::Refused(format!("{why}; nothing was done").into())
    })?;
    let answer = asked.value;
    let (id, code) = match answer.coordinators.first() {
        Some(found) => (found.node_id, found.error_code),
        None => (answer.node_id, answer.error_code),
    };
    match code {
        0 => Ok(Ok(BrokerId(id.0))),
        code if ELSEWHERE.contains(&code) => Ok(Err(code)),
        code => {
            let why = reason(KafkaPermission::Group(Operation::Read), code, None);
            Err(Said::Refused(format!("{why}; nothing was done").into()))
        }
    }
}

fn wire(group: &GroupId) -> WireGroup {
    WireGroup(text(group))
}
