//! Who is there: brokers, topics, coordinators.

use super::broker::{Here, ids, text, topic_name, uuid};
use crate::{
    demo::world::kafka::{Code, Partition, Replicas, Topic},
    domain::Text,
};
use kafka_protocol::{
    error::ResponseError,
    messages::{
        BrokerId, DescribeClusterRequest, DescribeClusterResponse, DescribeTopicPartitionsRequest,
        DescribeTopicPartitionsResponse, FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest,
        MetadataResponse,
        describe_cluster_response::DescribeClusterBroker,
        describe_topic_partitions_response as paged,
        find_coordinator_response::Coordinator,
        metadata_request::MetadataRequestTopic,
        metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic},
    },
    protocol::StrBytes,
};

/// Everything that can be allowed, as a broker without an authorizer tells it.
///
/// Source: Apache Kafka `AclEntry.supportedOperations`; the bits are `AclOperation`'s codes (KIP-430).
pub mod allowed {
    const READ: i32 = 1 << 3;
    const WRITE: i32 = 1 << 4;
    const CREATE: i32 = 1 << 5;
    const DELETE: i32 = 1 << 6;
    const ALTER: i32 = 1 << 7;
    const DESCRIBE: i32 = 1 << 8;
    const CLUSTER_ACTION: i32 = 1 << 9;
    const CONFIGS: i32 = 1 << 10 | 1 << 11;
    const IDEMPOTENT_WRITE: i32 = 1 << 12;
    pub const TOPIC: i32 = READ | WRITE | CREATE | DELETE | ALTER | DESCRIBE | CONFIGS;
    pub const CLUSTER: i32 = CREATE | ALTER | DESCRIBE | CLUSTER_ACTION | CONFIGS | IDEMPOTENT_WRITE;
    pub const GROUP: i32 = READ | DELETE | DESCRIBE | CONFIGS;
    pub const NOT_ASKED: i32 = i32::MIN;
}

/// LEADER_NOT_AVAILABLE.
const NO_LEADER: i16 = 5;
/// Partitions of a page at most: `max.request.partition.size.limit`, the default.
const PAGE: usize = 2_000;

/// What an answer is made from when the world is let go of: of each topic, copies that cost nearly nothing.
pub struct Seen {
    answer: MetadataResponse,
    topics: Vec<Result<SeenTopic, MetadataResponseTopic>>,
    registered: Vec<i32>,
    operations: i32,
}

struct SeenTopic {
    name: Text,
    id: u128,
    internal: bool,
    partitions: Vec<SeenPartition>,
}

struct SeenPartition {
    replicas: Replicas,
    isr: Replicas,
    leader: Option<i32>,
    epoch: i32,
}

impl SeenTopic {
    fn of(name: &Text, topic: &Topic) -> SeenTopic {
        let partitions = topic.partitions.iter().map(|p| SeenPartition {
            replicas: p.replicas.clone(),
            isr: p.isr.clone(),
            leader: p.leader,
            epoch: p.epoch,
        });
        SeenTopic {
            name: name.clone(),
            id: topic.id,
            internal: topic.internal,
            partitions: partitions.collect(),
        }
    }
}

pub fn see(request: MetadataRequest, here: &mut Here<'_>) -> Seen {
    let brokers = here.registered().map(|broker| {
        let (host, port) = here.address(broker);
        let told = MetadataResponseBroker::default().with_node_id(BrokerId(broker.id));
        told.with_host(host).with_port(port).with_rack(broker.rack.as_deref().map(text))
    });
    let told_of = |asked: bool, all: i32| if asked { all } else { allowed::NOT_ASKED };
    let cluster = told_of(request.include_cluster_authorized_operations, allowed::CLUSTER);
    let answer = MetadataResponse::default()
        .with_brokers(brokers.collect())
        .with_cluster_id(Some(text(&*here.cluster.id)))
        .with_controller_id(anyone(here))
        .with_cluster_authorized_operations(cluster);
    // Version 0 has no other way to ask for all.
    let named = request.topics.filter(|named| here.version > 0 || !named.is_empty());
    let topics = match named {
        None => here.cluster.topics.iter().map(|(name, topic)| Ok(SeenTopic::of(name, topic))).collect(),
        Some(named) => named.iter().map(|n| find(here, n).map(|(name, t)| SeenTopic::of(name, t))).collect(),
    };
    let registered = here.registered().map(|b| b.id).collect();
    let operations = told_of(request.include_topic_authorized_operations, allowed::TOPIC);
    Seen { answer, topics, registered, operations }
}

pub fn tell(seen: Seen) -> MetadataResponse {
    let Seen { answer, topics, registered, operations } = seen;
    let told = |topic: SeenTopic| {
        let partitions = topic.partitions.iter().enumerate();
        MetadataResponseTopic::default()
            .with_name(Some(topic_name(&topic.name)))
            .with_topic_id(uuid(topic.id))
            .with_is_internal(topic.internal)
            .with_partitions(partitions.map(|(index, p)| of_partition(&registered, index, p)).collect())
            .with_topic_authorized_operations(operations)
    };
    answer.with_topics(topics.into_iter().map(|topic| topic.map_or_else(|missing| missing, told)).collect())
}

/// Brokers of a KRaft cluster name any of them as the controller, which passes requests on to the real one.
fn anyone(here: &Here<'_>) -> BrokerId {
    let own = here.registered().find(|b| b.id == here.id);
    own.or_else(|| here.registered().next()).map_or(BrokerId(-1), |b| BrokerId(b.id))
}

/// A topic by its name, or by its id where that is given instead.
fn find<'a>(
    here: &'a Here<'_>,
    named: &MetadataRequestTopic,
) -> Result<(&'a Text, &'a Topic), MetadataResponseTopic> {
    let missing = MetadataResponseTopic::default().with_name(named.name.clone());
    match &named.name {
        Some(name) => here.named(name).ok_or(missing.with_error_code(Code::UnknownTopicOrPartition.code())),
        None => {
            // Up to version 11 the name may not be left out.
            let nameless = (here.version < 12).then(|| topic_name(""));
            let missing = missing.with_name(nameless).with_topic_id(named.topic_id);
            here.identified(named.topic_id)
                .ok_or(missing.with_error_code(ResponseError::UnknownTopicId.code()))
        }
    }
}

fn of_partition(registered: &[i32], index: usize, partition: &SeenPartition) -> MetadataResponsePartition {
    MetadataResponsePartition::default()
        .with_error_code(if partition.leader.is_none() { NO_LEADER } else { 0 })
        .with_partition_index(index as i32)
        .with_leader_id(BrokerId(partition.leader.unwrap_or(-1)))
        .with_leader_epoch(partition.epoch)
        .with_replica_nodes(ids(&partition.replicas))
        .with_isr_nodes(ids(&partition.isr))
        .with_offline_replicas(ids(&offline(registered, &partition.replicas)))
}

fn offline(registered: &[i32], replicas: &[i32]) -> Vec<i32> {
    replicas.iter().filter(|id| !registered.contains(id)).copied().collect()
}

/// The same for tools that want it page by page, in the order of names.
///
/// Source: KIP-966. Nobody asks for less than one partition.
pub fn describe_partitions(
    request: DescribeTopicPartitionsRequest,
    here: &mut Here<'_>,
) -> DescribeTopicPartitionsResponse {
    let registered: Vec<i32> = here.registered().map(|b| b.id).collect();
    let mut names: Vec<String> = match request.topics.is_empty() {
        true => here.cluster.topics.keys().map(|name| name.to_string()).collect(),
        false => request.topics.iter().map(|t| t.name.to_string()).collect(),
    };
    names.sort();
    names.dedup();
    let (from, mut first) = match &request.cursor {
        Some(cursor) => (cursor.topic_name.as_str(), usize::try_from(cursor.partition_index).unwrap_or(0)),
        None => ("", 0),
    };
    let mut room = usize::try_from(request.response_partition_limit).unwrap_or(0).clamp(1, PAGE);
    let mut answer = DescribeTopicPartitionsResponse::default();
    for name in names.iter().filter(|name| name.as_str() >= from) {
        let skipped = if name == from { std::mem::take(&mut first) } else { 0 };
        if room == 0 {
            let cursor = paged::Cursor::default().with_topic_name(topic_name(name));
            return answer.with_next_cursor(Some(cursor));
        }
        let told = paged::DescribeTopicPartitionsResponseTopic::default().with_name(Some(topic_name(name)));
        let Some((_, topic)) = here.named(name) else {
            answer.topics.push(told.with_error_code(Code::UnknownTopicOrPartition.code()));
            continue;
        };
        let partitions = topic.partitions.iter().enumerate().skip(skipped).take(room);
        let partitions: Vec<_> = partitions.map(|(index, p)| page(&registered, index, p)).collect();
        room -= partitions.len();
        let next = skipped + partitions.len();
        let told = told.with_topic_id(uuid(topic.id)).with_is_internal(topic.internal);
        let told = told.with_topic_authorized_operations(allowed::TOPIC).with_partitions(partitions);
        answer.topics.push(told);
        if next < topic.partitions.len() {
            let cursor = paged::Cursor::default().with_topic_name(topic_name(name));
            return answer.with_next_cursor(Some(cursor.with_partition_index(next as i32)));
        }
    }
    answer
}

fn page(
    registered: &[i32],
    index: usize,
    partition: &Partition,
) -> paged::DescribeTopicPartitionsResponsePartition {
    paged::DescribeTopicPartitionsResponsePartition::default()
        .with_error_code(if partition.leader.is_none() { NO_LEADER } else { 0 })
        .with_partition_index(index as i32)
        .with_leader_id(BrokerId(partition.leader.unwrap_or(-1)))
        .with_leader_epoch(partition.epoch)
        .with_replica_nodes(ids(&partition.replicas))
        .with_isr_nodes(ids(&partition.isr))
        .with_offline_replicas(ids(&offline(registered, &partition.replicas)))
        // Kafka's own clients take no null for "none" (KIP-966).
        .with_eligible_leader_replicas(Some(Vec::new()))
        .with_last_known_elr(Some(Vec::new()))
}

pub fn describe_cluster(request: DescribeClusterRequest, here: &mut Here<'_>) -> DescribeClusterResponse {
    let shown = here.cluster.brokers.values().filter(|b| b.registered || request.include_fenced_brokers);
    let brokers = shown.map(|broker| {
        let (host, port) = here.address(broker);
        let told = DescribeClusterBroker::default().with_broker_id(BrokerId(broker.id));
        told.with_host(host)
            .with_port(port)
            .with_rack(broker.rack.as_deref().map(text))
            .with_is_fenced(!broker.registered)
    });
    let operations = match request.include_cluster_authorized_operations {
        true => allowed::CLUSTER,
        false => allowed::NOT_ASKED,
    };
    DescribeClusterResponse::default()
        .with_cluster_id(text(&*here.cluster.id))
        .with_controller_id(anyone(here))
        .with_brokers(brokers.collect())
        .with_cluster_authorized_operations(operations)
}

pub fn find_coordinator(request: FindCoordinatorRequest, here: &mut Here<'_>) -> FindCoordinatorResponse {
    // Up to version 3 one is asked for, and told, in fields of its own.
    if here.version < 4 {
        let told = coordinator(here, request.key, request.key_type);
        return FindCoordinatorResponse::default()
            .with_error_code(told.error_code)
            .with_error_message(told.error_message)
            .with_node_id(told.node_id)
            .with_host(told.host)
            .with_port(told.port);
    }
    let keys = request.coordinator_keys.into_iter();
    FindCoordinatorResponse::default()
        .with_coordinators(keys.map(|key| coordinator(here, key, request.key_type)).collect())
}

/// Groups (0) and transactions (1) have coordinators; there are no transactions here.
fn coordinator(here: &Here<'_>, key: StrBytes, kind: i8) -> Coordinator {
    let told = Coordinator::default().with_key(key.clone());
    let refused =
        |code: Code| told.clone().with_node_id(BrokerId(-1)).with_port(-1).with_error_code(code.code());
    if !matches!(kind, 0 | 1) {
        return refused(Code::InvalidRequest);
    }
    let found = here.cluster.coordinator(&key).and_then(|id| here.cluster.brokers.get(&id));
    match found.filter(|b| b.registered) {
        Some(broker) => {
            let (host, port) = here.address(broker);
            told.with_node_id(BrokerId(broker.id)).with_host(host).with_port(port)
        }
        None => {
            let words = StrBytes::from_static_str("The coordinator is not available.");
            refused(Code::CoordinatorNotAvailable).with_error_message(Some(words))
        }
    }
}
