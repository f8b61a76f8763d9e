//! Where logs begin and end: ListOffsets, OffsetForLeaderEpoch, DeleteRecords.

use super::{
    broker::Here,
    log::{ANY_EPOCH, Fault},
};
use crate::{
    demo::world::kafka::{At, Code, Topic},
    domain::time::Time,
};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult},
    list_offsets_request::ListOffsetsPartition,
    list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse},
    offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult},
};

/// Timestamps that stand for places in the log.
///
/// Source: Apache Kafka `ListOffsetsRequest.java`.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const NEWEST_TIME: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
/// "There is none", for offsets, timestamps and epochs.
const NONE: i64 = -1;

pub fn list_offsets(request: ListOffsetsRequest, here: &mut Here<'_>) -> ListOffsetsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let told = ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
            match place(&topic.name, asked, here) {
                Ok((offset, timestamp, epoch)) => {
                    // Before version 4 nobody asks for epochs.
                    let epoch = if here.version >= 4 { epoch } else { ANY_EPOCH };
                    told.with_offset(offset).with_timestamp(timestamp).with_leader_epoch(epoch)
                }
                Err(fault) => told.with_error_code(fault.0),
            }
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

/// Offset, timestamp and epoch of what was asked for.
fn place(topic: &str, asked: &ListOffsetsPartition, here: &Here<'_>) -> Result<(i64, i64, i32), Fault> {
    let (name, topic) = here.named(topic).ok_or(Code::UnknownTopicOrPartition)?;
    let epoch = here.known(topic, asked.partition_index, asked.current_leader_epoch)?.epoch;
    let at = match asked.timestamp {
        LATEST => At::Latest,
        EARLIEST | EARLIEST_LOCAL => At::Earliest,
        NEWEST_TIME => At::MaxTimestamp,
        LATEST_TIERED => return Ok((NONE, NONE, ANY_EPOCH)),
        at => At::Time(Time(at)),
    };
    let (offset, timestamp) = here.cluster.list_offset(here.id, name, asked.partition_index, at)?;
    Ok((offset, timestamp, if offset == NONE { ANY_EPOCH } else { epoch }))
}

/// All of a log is of its leader's epoch.
pub fn epochs(request: OffsetForLeaderEpochRequest, here: &mut Here<'_>) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let told = EpochEndOffset::default().with_partition(asked.partition);
            let led = led(&topic.topic, asked.partition, asked.current_leader_epoch, here);
            match led {
                Ok((of, epoch)) if asked.leader_epoch <= epoch => {
                    told.with_leader_epoch(epoch).with_end_offset(of.end(asked.partition as usize))
                }
                Ok(_) => told,
                Err(fault) => told.with_error_code(fault.0),
            }
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}

fn led<'h>(topic: &str, index: i32, epoch: i32, here: &'h Here<'_>) -> Result<(&'h Topic, i32), Fault> {
    let (_, topic) = here.named(topic).ok_or(Code::UnknownTopicOrPartition)?;
    let partition = here.known(topic, index, epoch)?;
    match partition.leader == Some(here.id) {
        true => Ok((topic, partition.epoch)),
        false => Err(Code::NotLeaderOrFollower.into()),
    }
}

pub fn delete_records(request: DeleteRecordsRequest, here: &mut Here<'_>) -> DeleteRecordsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let told = DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
            match here.cluster.delete_records(here.id, &topic.name, asked.partition_index, asked.offset) {
                Ok(low) => told.with_low_watermark(low),
                Err(code) => told.with_low_watermark(NONE).with_error_code(code.code()),
            }
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions)
    });
    DeleteRecordsResponse::default().with_topics(topics.collect())
}
