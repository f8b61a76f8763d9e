//! Who is there: brokers, topics, coordinators.

use super::broker::{Here, ids, text, topic_name, uuid};
use crate::demo::world::kafka::{Partition, Topic};
use kafka_protocol::{
    messages::{
        BrokerId, DescribeClusterRequest, DescribeClusterResponse, FindCoordinatorRequest,
        FindCoordinatorResponse, MetadataRequest, MetadataResponse,
        describe_cluster_response::DescribeClusterBroker,
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

pub fn metadata(request: MetadataRequest, here: &mut Here<'_>) -> MetadataResponse {
    let brokers = here.registered().map(|broker| {
        let (host, port) = here.address(broker);
        let told = MetadataResponseBroker::default().with_node_id(BrokerId(broker.id));
        told.with_host(host).with_port(port).with_rack(broker.rack.as_deref().map(text))
    });
    let operations =
        if request.include_topic_authorized_operations { allowed::TOPIC } else { allowed::NOT_ASKED };
    let told = |name: &str, topic: &Topic| of_topic(here, name, topic, operations);
    // Version 0 has no other way to ask for all.
    let named = request.topics.filter(|named| here.version > 0 || !named.is_empty());
    let topics = match named {
        None => here.cluster.topics.iter().map(|(name, topic)| told(name, topic)).collect(),
        Some(named) => named.iter().map(|n| find(here, n).map_or_else(|e| e, |(n, t)| told(n, t))).collect(),
    };
    let cluster = match request.include_cluster_authorized_operations {
        true => allowed::CLUSTER,
        false => allowed::NOT_ASKED,
    };
    MetadataResponse::default()
        .with_brokers(brokers.collect())
        .with_cluster_id(Some(text(&*here.cluster.id)))
        .with_controller_id(anyone(here))
        .with_topics(topics)
        .with_cluster_authorized_operations(cluster)
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
) -> Result<(&'a str, &'a Topic), MetadataResponseTopic> {
    let missing = MetadataResponseTopic::default().with_name(named.name.clone());
    match &named.name {
        Some(name) => {
            let found = here.cluster.topics.get_key_value(name.as_str());
            found.map(|(name, topic)| (&**name, topic)).ok_or(missing.with_error_code(3))
        }
        None => {
            let id = named.topic_id.as_u128();
            let found = here.cluster.topics.iter().find(|(_, topic)| topic.id == id);
            // Up to version 11 the name may not be left out.
            let nameless = (here.version < 12).then(|| topic_name(""));
            let missing = missing.with_name(nameless).with_topic_id(named.topic_id).with_error_code(100);
            found.map(|(name, topic)| (&**name, topic)).ok_or(missing)
        }
    }
}

fn of_topic(here: &Here<'_>, name: &str, topic: &Topic, operations: i32) -> MetadataResponseTopic {
    let partitions = topic.partitions.iter().enumerate();
    MetadataResponseTopic::default()
        .with_name(Some(topic_name(name)))
        .with_topic_id(uuid(topic.id))
        .with_is_internal(topic.internal)
        .with_partitions(partitions.map(|(index, p)| of_partition(here, index, p)).collect())
        .with_topic_authorized_operations(operations)
}

fn of_partition(here: &Here<'_>, index: usize, partition: &Partition) -> MetadataResponsePartition {
    let offline = |id: &&i32| !here.cluster.brokers.get(id).is_some_and(|b| b.registered);
    let offline: Vec<i32> = partition.replicas.iter().filter(offline).copied().collect();
    MetadataResponsePartition::default()
        .with_error_code(if partition.leader.is_none() { 5 } else { 0 })
        .with_partition_index(index as i32)
        .with_leader_id(BrokerId(partition.leader.unwrap_or(-1)))
        .with_leader_epoch(partition.epoch)
        .with_replica_nodes(ids(&partition.replicas))
        .with_isr_nodes(ids(&partition.isr))
        .with_offline_replicas(ids(&offline))
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
    if !matches!(kind, 0 | 1) {
        return told.with_node_id(BrokerId(-1)).with_port(-1).with_error_code(42);
    }
    let found = here.cluster.coordinator(&key).and_then(|id| here.cluster.brokers.get(&id));
    match found.filter(|b| b.registered) {
        Some(broker) => {
            let (host, port) = here.address(broker);
            told.with_node_id(BrokerId(broker.id)).with_host(host).with_port(port)
        }
        None => {
            let words = StrBytes::from_static_str("The coordinator is not available.");
            told.with_node_id(BrokerId(-1)).with_port(-1).with_error_code(15).with_error_message(Some(words))
        }
    }
}
