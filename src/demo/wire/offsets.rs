//! Committed offsets.

use super::broker::{Here, text, topic_name};
use crate::demo::world::kafka::{Code, Committed};
use kafka_protocol::{
    messages::{
        OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
        OffsetFetchRequest, OffsetFetchResponse, TopicName,
        offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic},
        offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic},
        offset_fetch_response::{
            OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
            OffsetFetchResponseTopic, OffsetFetchResponseTopics,
        },
    },
    protocol::StrBytes,
};

/// Topics of a request with their partitions; None: all that there is a commit for.
type Wanted = Option<Vec<(TopicName, Vec<i32>)>>;

/// By topic: the partitions with what was committed for each.
type Found = Vec<(TopicName, Vec<(i32, Option<Committed>)>)>;

pub fn offset_fetch(request: OffsetFetchRequest, here: &mut Here<'_>) -> OffsetFetchResponse {
    // Up to version 7 one group is asked for, and told, in fields of its own.
    if here.version < 8 {
        return of_one(request, here);
    }
    let groups = request.groups.into_iter().map(|group| {
        let wanted = group
            .topics
            .map(|topics| topics.into_iter().map(|t| (t.name, t.partition_indexes)).collect::<Vec<_>>());
        let told = OffsetFetchResponseGroup::default();
        let told = match find(&group.group_id, &wanted, here) {
            Err(code) => told.with_error_code(code.code()),
            Ok(found) => told.with_topics(found.into_iter().map(of_topic).collect()),
        };
        told.with_group_id(group.group_id)
    });
    OffsetFetchResponse::default().with_groups(groups.collect())
}

fn of_topic((name, partitions): (TopicName, Vec<(i32, Option<Committed>)>)) -> OffsetFetchResponseTopics {
    let partitions = partitions.into_iter().map(|(index, committed)| {
        let (offset, metadata) = shown(committed);
        OffsetFetchResponsePartitions::default()
            .with_partition_index(index)
            .with_committed_offset(offset)
            .with_committed_leader_epoch(-1)
            .with_metadata(Some(metadata))
    });
    OffsetFetchResponseTopics::default().with_name(name).with_partitions(partitions.collect())
}

/// No commit is told as −1.
fn shown(committed: Option<Committed>) -> (i64, StrBytes) {
    let metadata = committed.as_ref().and_then(|c| c.metadata.clone()).unwrap_or_default();
    (committed.map_or(-1, |c| c.offset()), text(&*metadata))
}

fn of_one(request: OffsetFetchRequest, here: &Here<'_>) -> OffsetFetchResponse {
    let wanted: Wanted =
        request.topics.map(|topics| topics.into_iter().map(|t| (t.name, t.partition_indexes)).collect());
    // The first version knows no way to ask for all.
    let wanted = if here.version < 2 { Some(wanted.unwrap_or_default()) } else { wanted };
    let found = match find(&request.group_id, &wanted, here) {
        Ok(found) => found,
        Err(code) if here.version >= 2 => return OffsetFetchResponse::default().with_error_code(code.code()),
        Err(code) => return refused(wanted.unwrap_or_default(), code),
    };
    let topics = found.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|(index, committed)| {
            let (offset, metadata) = shown(committed);
            let told = OffsetFetchResponsePartition::default().with_partition_index(index);
            told.with_committed_offset(offset).with_committed_leader_epoch(-1).with_metadata(Some(metadata))
        });
        OffsetFetchResponseTopic::default().with_name(name).with_partitions(partitions.collect())
    });
    OffsetFetchResponse::default().with_topics(topics.collect())
}

/// In the first version every partition has the error.
fn refused(wanted: Vec<(TopicName, Vec<i32>)>, code: Code) -> OffsetFetchResponse {
    let topics = wanted.into_iter().map(|(name, partitions)| {
        let told = |index| {
            OffsetFetchResponsePartition::default()
                .with_partition_index(index)
                .with_committed_offset(-1)
                .with_error_code(code.code())
        };
        let partitions = partitions.into_iter().map(told).collect();
        OffsetFetchResponseTopic::default().with_name(name).with_partitions(partitions)
    });
    OffsetFetchResponse::default().with_topics(topics.collect())
}

/// A group that is not there has committed nothing.
fn find(group: &str, wanted: &Wanted, here: &Here<'_>) -> Result<Found, Code> {
    here.cluster.coordinates(here.id, group)?;
    let group = here.cluster.groups.get(group);
    if let Some(wanted) = wanted {
        let of = |topic: &str, index: i32| group.and_then(|g| g.committed(topic, index)).cloned();
        let found = wanted.iter().map(|(topic, partitions)| {
            (topic.clone(), partitions.iter().map(|index| (*index, of(topic, *index))).collect())
        });
        return Ok(found.collect());
    }
    let all = group.into_iter().flat_map(|g| &g.committed).map(|(topic, partitions)| {
        let committed = partitions.iter().enumerate().filter(|(_, c)| c.is_some());
        (topic_name(topic), committed.map(|(index, c)| (index as i32, c.clone())).collect())
    });
    Ok(all.collect())
}

pub fn offset_commit(request: OffsetCommitRequest, here: &mut Here<'_>) -> OffsetCommitResponse {
    let group = &request.group_id;
    let by = (request.member_id.as_str(), request.generation_id_or_member_epoch);
    let known = here.cluster.coordinates(here.id, group);
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|p| {
            let (metadata, place) =
                (p.committed_metadata.as_deref(), (topic.name.as_str(), p.partition_index));
            let done = known
                .and_then(|()| here.cluster.commit_offset(group, by, place, p.committed_offset, metadata));
            OffsetCommitResponsePartition::default()
                .with_partition_index(p.partition_index)
                .with_error_code(done.map_or_else(|code| code.code(), |()| 0))
        });
        let partitions = partitions.collect();
        OffsetCommitResponseTopic::default().with_name(topic.name.clone()).with_partitions(partitions)
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

pub fn offset_delete(request: OffsetDeleteRequest, here: &mut Here<'_>) -> OffsetDeleteResponse {
    let group = &request.group_id;
    let known = here.cluster.coordinates(here.id, group).and_then(|()| {
        match here.cluster.groups.contains_key(group.as_str()) {
            true => Ok(()),
            false => Err(Code::GroupIdNotFound),
        }
    });
    if let Err(code) = known {
        return OffsetDeleteResponse::default().with_error_code(code.code());
    }
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|p| {
            let done = here.cluster.delete_offset(group, &topic.name, p.partition_index);
            OffsetDeleteResponsePartition::default()
                .with_partition_index(p.partition_index)
                .with_error_code(done.map_or_else(|code| code.code(), |()| 0))
        });
        let partitions = partitions.collect();
        OffsetDeleteResponseTopic::default().with_name(topic.name.clone()).with_partitions(partitions)
    });
    OffsetDeleteResponse::default().with_topics(topics.collect())
}
