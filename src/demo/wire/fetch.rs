//! Fetch: what there is to read, or else what comes until the client's patience is over.

use super::{
    answer,
    broker::{Broker, Here},
    frame::{self, Asked},
    log::Fault,
    records,
};
use bytes::{Buf, Bytes};
use kafka_protocol::{
    error::ResponseError,
    messages::{
        BrokerId, FetchRequest, FetchResponse,
        fetch_request::{FetchPartition, FetchTopic},
        fetch_response::{FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData},
    },
    protocol::Decodable,
};
use std::time::Duration;
use tokio::time::Instant;

/// Records of an answer take this many bytes at most, whatever is asked for; the client comes again.
const MOST: usize = 512 << 10;
/// Of which each partition may have this many at least.
const SHARE: usize = 16 << 10;
/// How often it is looked for news while a client waits for them.
const LOOK: Duration = Duration::from_millis(100);
/// A client that wants to wait for longer is told that there is nothing after this.
const LONGEST: Duration = Duration::from_secs(60);

pub async fn fetch(broker: &Broker, asked: &Asked, host: &str) -> Option<Bytes> {
    let request = request(asked)?;
    // A session would spare what has not changed. None is given out, as by a broker that has no room for more
    // (KIP-227), so there is none to go on with.
    if request.session_epoch > 0 {
        let gone = FetchResponse::default().with_error_code(ResponseError::FetchSessionIdNotFound.code());
        return frame::close(asked, asked.version, &gone);
    }
    let patience = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(LONGEST);
    let deadline = Instant::now() + patience;
    let enough = usize::try_from(request.min_bytes).unwrap_or(0);
    loop {
        let (told, bytes, failed) = broker.see(asked, host, |here| gather(&request, here))?;
        let left = deadline.saturating_duration_since(Instant::now());
        if failed || bytes >= enough || left.is_zero() {
            return frame::close(asked, asked.version, &told);
        }
        tokio::time::sleep(left.min(LOOK)).await;
    }
}

/// Up to version 11 lengths look like the limits in bytes, of which clients have large ones: there the lengths
/// are looked at first, instead of all numbers while they are read.
fn request(asked: &Asked) -> Option<FetchRequest> {
    if asked.version >= 12 {
        return answer::read(asked);
    }
    lengths_hold(asked.body.clone(), asked.version)?;
    FetchRequest::decode(&mut asked.body.clone(), asked.version).ok()
}

/// None: a length is more than the rest of the request holds.
fn lengths_hold(mut body: Bytes, version: i16) -> Option<()> {
    let skip = |body: &mut Bytes, bytes: usize| (bytes <= body.len()).then(|| body.advance(bytes));
    let count = |body: &mut Bytes| {
        let count = body.try_get_i32().ok()?;
        Some(usize::try_from(count).unwrap_or(0)).filter(|count| *count <= body.len())
    };
    let name = |body: &mut Bytes| {
        let length = body.try_get_u16().ok()?;
        skip(body, length.into())
    };
    let from = |first: i16, bytes: usize| if version >= first { bytes } else { 0 };
    skip(&mut body, 17 + from(7, 8))?;
    for _ in 0..count(&mut body)? {
        name(&mut body)?;
        let partitions = count(&mut body)?;
        skip(&mut body, partitions * (16 + from(5, 8) + from(9, 4)))?;
    }
    if version >= 7 {
        for _ in 0..count(&mut body)? {
            name(&mut body)?;
            let partitions = count(&mut body)?;
            skip(&mut body, partitions * 4)?;
        }
    }
    Some(())
}

/// The answer at this instant, its bytes of records, and whether a partition has an error to tell.
fn gather(request: &FetchRequest, here: &mut Here<'_>) -> (FetchResponse, usize, bool) {
    let partitions: usize = request.topics.iter().map(|t| t.partitions.len()).sum();
    let most = usize::try_from(request.max_bytes).unwrap_or(0).min(MOST);
    let mut room = Room { left: most, share: (most / partitions.max(1)).max(SHARE) };
    let topics: Vec<_> =
        request.topics.iter().map(|topic| of_topic(topic, request, here, &mut room)).collect();
    let all = || topics.iter().flat_map(|t| &t.partitions);
    let bytes = all().filter_map(|p| p.records.as_ref()).map(Bytes::len).sum();
    let failed = all().any(|p| p.error_code != 0);
    let moved = here.version >= 16 && all().any(|p| p.current_leader.leader_id.0 >= 0);
    let endpoints = if moved { endpoints(here) } else { Vec::new() };
    (FetchResponse::default().with_responses(topics).with_node_endpoints(endpoints), bytes, failed)
}

/// Bytes that an answer may still have, and how many of them one partition.
struct Room {
    left: usize,
    share: usize,
}

fn of_topic(
    topic: &FetchTopic,
    request: &FetchRequest,
    here: &Here<'_>,
    room: &mut Room,
) -> FetchableTopicResponse {
    let partitions = topic.partitions.iter().map(|partition| {
        let read = read(topic, partition, here, room);
        let mut told = read.unwrap_or_else(|fault| refused(topic, partition, fault, here));
        // Nothing was aborted: that is another thing to say than that nobody asked.
        told.aborted_transactions = (request.isolation_level == 1).then(Vec::new);
        told
    });
    let partitions = partitions.collect();
    FetchableTopicResponse::default()
        .with_topic(topic.topic.clone())
        .with_topic_id(topic.topic_id)
        .with_partitions(partitions)
}

fn read(
    topic: &FetchTopic,
    asked: &FetchPartition,
    here: &Here<'_>,
    room: &mut Room,
) -> Result<PartitionData, Fault> {
    let (name, of) = here.either(&topic.topic, topic.topic_id)?;
    let epoch = here.known(of, asked.partition, asked.current_leader_epoch)?.epoch;
    let wanted = usize::try_from(asked.partition_max_bytes).unwrap_or(0).min(room.share).min(room.left);
    let read = here.cluster.fetch(here.id, name, asked.partition, asked.fetch_offset, wanted as u64)?;
    // A partition gives one record even where it is larger than what was wanted, but for those that come
    // after the answer is full.
    let batch = if room.left == 0 { Bytes::new() } else { records::encode(epoch, &read.records) };
    room.left = room.left.saturating_sub(batch.len());
    Ok(PartitionData::default()
        .with_partition_index(asked.partition)
        .with_high_watermark(read.high_watermark)
        .with_last_stable_offset(read.high_watermark)
        .with_log_start_offset(read.start)
        .with_preferred_read_replica(BrokerId(-1))
        .with_records(Some(batch)))
}

fn refused(topic: &FetchTopic, asked: &FetchPartition, fault: Fault, here: &Here<'_>) -> PartitionData {
    let told = PartitionData::default()
        .with_partition_index(asked.partition)
        .with_error_code(fault.0)
        .with_high_watermark(-1)
        .with_last_stable_offset(-1)
        .with_log_start_offset(-1)
        .with_preferred_read_replica(BrokerId(-1))
        .with_records(Some(Bytes::new()));
    let moved = [ResponseError::NotLeaderOrFollower, ResponseError::FencedLeaderEpoch]
        .map(Fault::from)
        .contains(&fault);
    let leader = here.leader(&topic.topic, topic.topic_id, asked.partition);
    match leader.filter(|_| moved && here.version >= 12) {
        None => told,
        Some((id, epoch)) => {
            let leader = LeaderIdAndEpoch::default().with_leader_id(id).with_leader_epoch(epoch);
            told.with_current_leader(leader)
        }
    }
}

fn endpoints(here: &Here<'_>) -> Vec<NodeEndpoint> {
    let endpoint =
        |(id, host, port)| NodeEndpoint::default().with_node_id(id).with_host(host).with_port(port);
    here.endpoints().map(endpoint).collect()
}
