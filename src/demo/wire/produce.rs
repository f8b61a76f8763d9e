//! Produce, and the numbers that idempotent producers ask for.

use super::{
    broker::Here,
    log::Fault,
    records::{self, Refused},
};
use kafka_protocol::{
    error::ResponseError,
    messages::{
        InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse, ProducerId,
        produce_request::{PartitionProduceData, TopicProduceData},
        produce_response::{LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse},
    },
    protocol::StrBytes,
};

/// Kafka's default of `max.message.bytes`.
const MAX_MESSAGE_BYTES: usize = 1_048_588;

/// What a client is told of one partition that took nothing.
struct No {
    fault: Fault,
    words: Option<&'static str>,
}

impl<F: Into<Fault>> From<F> for No {
    fn from(fault: F) -> Self {
        No { fault: fault.into(), words: None }
    }
}

pub fn produce(request: ProduceRequest, here: &mut Here<'_>) -> ProduceResponse {
    let acks = request.acks;
    let topics = request.topic_data.into_iter().map(|topic| {
        let partitions = topic.partition_data.iter();
        let told = partitions
            .map(|p| append(&topic, p, acks, here).unwrap_or_else(|no| refused(&topic, p, no, here)));
        let told = told.collect();
        TopicProduceResponse::default()
            .with_name(topic.name)
            .with_topic_id(topic.topic_id)
            .with_partition_responses(told)
    });
    let topics: Vec<TopicProduceResponse> = topics.collect();
    let mut all = topics.iter().flat_map(|t| &t.partition_responses);
    let moved = all.any(|p| p.current_leader.leader_id.0 >= 0);
    let endpoints = if moved { endpoints(here) } else { Vec::new() };
    ProduceResponse::default().with_responses(topics).with_node_endpoints(endpoints)
}

fn append(
    topic: &TopicProduceData,
    data: &PartitionProduceData,
    acks: i16,
    here: &mut Here<'_>,
) -> Result<PartitionProduceResponse, No> {
    let (name, of) = here.either(&topic.name, topic.topic_id)?;
    let name = name.clone();
    here.known(of, data.index, super::log::ANY_EPOCH)?;
    let limit = of.configs.get("max.message.bytes").and_then(|v| v.parse().ok()).unwrap_or(MAX_MESSAGE_BYTES);
    let bytes = data.records.as_ref().filter(|b| !b.is_empty()).ok_or(ResponseError::InvalidRecord)?;
    if bytes.len() > limit {
        return Err(ResponseError::MessageTooLarge.into());
    }
    let records = records::decode(bytes)
        .map_err(|Refused { error, words }| No { fault: error.into(), words: Some(words) })?;
    if of.rules().compact && records.iter().any(|r| r.key.is_none()) {
        let words =
            Some("One or more records have been rejected: a compacted topic takes none without a key");
        return Err(No { fault: ResponseError::InvalidRecord.into(), words });
    }
    let base = here.cluster.produce(here.id, &name, data.index, records, acks)?;
    let start = here.named(&name).map_or(0, |(_, topic)| topic.start(data.index as usize));
    Ok(PartitionProduceResponse::default()
        .with_index(data.index)
        .with_base_offset(base)
        .with_log_append_time_ms(-1)
        .with_log_start_offset(start))
}

fn refused(
    topic: &TopicProduceData,
    data: &PartitionProduceData,
    no: No,
    here: &Here<'_>,
) -> PartitionProduceResponse {
    let told = PartitionProduceResponse::default()
        .with_index(data.index)
        .with_error_code(no.fault.0)
        .with_base_offset(-1)
        .with_log_append_time_ms(-1)
        .with_log_start_offset(-1);
    let told = match no.words.filter(|_| here.version >= 8) {
        Some(words) => told.with_error_message(Some(StrBytes::from_static_str(words))),
        None => told,
    };
    let moved = no.fault == ResponseError::NotLeaderOrFollower.into() && here.version >= 10;
    let leader = here.leader(&topic.name, topic.topic_id, data.index);
    match leader.filter(|_| moved) {
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

/// Whoever asks gets a number; that it is sent twice nobody looks for.
pub fn init_producer_id(request: InitProducerIdRequest, here: &mut Here<'_>) -> InitProducerIdResponse {
    let told = InitProducerIdResponse::default();
    // There are no transactions here.
    if request.transactional_id.is_some() {
        let none = ResponseError::UnsupportedVersion.code();
        return told.with_error_code(none).with_producer_id(ProducerId(-1)).with_producer_epoch(-1);
    }
    told.with_producer_id(ProducerId(here.random.i64(1_000..1 << 40))).with_producer_epoch(0)
}
