//! Single exchanges: each request in each version, and what brokers refuse.

use crate::demo::{
    Shared,
    wire::{
        answer::{self, Answer},
        broker::{Advertised, Broker},
        frame, versions,
    },
    world::kafka::Life,
};
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{
        self as m, ApiKey, BrokerId, RequestHeader, ResponseHeader, TopicName,
        fetch_request::{FetchPartition, FetchTopic},
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        metadata_request::MetadataRequestTopic,
    },
    protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes},
};
use std::time::Duration;

/// A broker of a world of its own.
pub fn broker(shared: &Shared, id: i32) -> Broker {
    Broker { shared: shared.clone(), cluster: 0, id, advertised: Advertised::Pods }
}

fn framed<R: Request>(request: &R, version: i16) -> Bytes {
    let header = RequestHeader::default().with_request_api_key(R::KEY).with_request_api_version(version);
    let header = header.with_correlation_id(7).with_client_id(Some(StrBytes::from_static_str("a-client")));
    let mut frame = BytesMut::new();
    header.encode(&mut frame, R::header_version(version)).unwrap();
    request.encode(&mut frame, version).unwrap();
    frame.freeze()
}

/// None: the broker closes the connection.
pub async fn ask<R: Request>(broker: &Broker, request: &R, version: i16) -> Option<R::Response> {
    let asked = frame::open(framed(request, version)).unwrap();
    let Answer::Told(mut told) = answer::answer(broker, asked, "127.0.0.1").await else { return None };
    assert_eq!(told.split_to(4), (told.len() as i32).to_be_bytes()[..], "the frame's length");
    let header_version = R::Response::header_version(version);
    let header = ResponseHeader::decode(&mut told, header_version).unwrap();
    assert_eq!(header.correlation_id, 7);
    let response = R::Response::decode(&mut told, version).unwrap();
    assert!(told.is_empty(), "{} bytes too many", told.len());
    Some(response)
}

/// Each version that is told is spoken, in the shape that is its own.
#[tokio::test]
async fn every_version_that_is_told_is_answered() {
    let shared = super::shared();
    let broker = broker(&shared, 0);
    let told = versions::answer(3).1.api_keys;
    let mut spoken = Vec::new();
    macro_rules! each {
        ($($request:expr),* $(,)?) => { $({ each(&broker, $request, &mut spoken).await; })* };
    }
    async fn each<R: Request + Clone>(broker: &Broker, request: R, spoken: &mut Vec<i16>) {
        let range = R::VERSIONS;
        for version in range.min..=range.max {
            let Ok(key) = ApiKey::try_from(R::KEY) else { panic!() };
            // Not every version can say everything that the request says.
            let mut sink = BytesMut::new();
            if !versions::is_known(key, version) || request.encode(&mut sink, version).is_err() {
                continue;
            }
            assert!(ask(broker, &request, version).await.is_some(), "{key:?} in version {version}");
            spoken.push(R::KEY);
        }
    }
    let topic = TopicName(StrBytes::from_static_str("orders"));
    let group = m::GroupId(StrBytes::from_static_str("billing"));
    each!(
        m::MetadataRequest::default().with_topics(None),
        m::MetadataRequest::default()
            .with_topics(Some(vec![MetadataRequestTopic::default().with_name(Some(topic.clone())),])),
        m::MetadataRequest::default().with_include_topic_authorized_operations(true).with_topics(None),
        m::MetadataRequest::default().with_include_cluster_authorized_operations(true).with_topics(None),
        m::DescribeClusterRequest::default(),
        m::FindCoordinatorRequest::default().with_key(StrBytes::from_static_str("billing")),
        m::FindCoordinatorRequest::default()
            .with_coordinator_keys(vec![StrBytes::from_static_str("billing")]),
        m::ListOffsetsRequest::default().with_topics(vec![
            ListOffsetsTopic::default().with_name(topic.clone()).with_partitions(
                (0..7)
                    .map(|p| ListOffsetsPartition::default().with_partition_index(p).with_timestamp(-1))
                    .collect(),
            ),
        ]),
        m::FetchRequest::default().with_max_bytes(1 << 20).with_topics(vec![
            FetchTopic::default().with_topic(topic.clone()).with_partitions(
                (0..7)
                    .map(|p| FetchPartition::default().with_partition(p).with_partition_max_bytes(1 << 16))
                    .collect(),
            ),
        ]),
        m::FetchRequest::default().with_max_bytes(i32::MAX),
        m::ProduceRequest::default().with_acks(-1).with_topic_data(vec![
            m::produce_request::TopicProduceData::default().with_name(topic.clone()).with_partition_data(
                (0..7).map(|p| m::produce_request::PartitionProduceData::default().with_index(p)).collect(),
            ),
        ]),
        m::ProduceRequest::default().with_acks(-1),
        m::InitProducerIdRequest::default().with_transactional_id(None),
        m::ListGroupsRequest::default(),
        m::DescribeGroupsRequest::default().with_groups(vec![group.clone()]),
        m::ConsumerGroupDescribeRequest::default().with_group_ids(vec![group.clone()]),
        m::OffsetFetchRequest::default().with_group_id(group.clone()).with_topics(None),
        m::OffsetFetchRequest::default().with_group_id(group.clone()).with_topics(Some(vec![
            m::offset_fetch_request::OffsetFetchRequestTopic::default()
                .with_name(topic.clone())
                .with_partition_indexes(vec![0, 9]),
        ])),
        m::OffsetFetchRequest::default().with_groups(vec![
            m::offset_fetch_request::OffsetFetchRequestGroup::default()
                .with_group_id(group.clone())
                .with_topics(None),
        ]),
        m::DescribeConfigsRequest::default().with_include_synonyms(true).with_resources(vec![
            m::describe_configs_request::DescribeConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(StrBytes::from_static_str("orders"))
                .with_configuration_keys(None),
            m::describe_configs_request::DescribeConfigsResource::default()
                .with_resource_type(4)
                .with_resource_name(StrBytes::from_static_str("0"))
                .with_configuration_keys(None),
        ]),
        m::CreateTopicsRequest::default().with_validate_only(true).with_topics(vec![
            m::create_topics_request::CreatableTopic::default()
                .with_name(TopicName(StrBytes::from_static_str("new")))
                .with_num_partitions(2)
                .with_replication_factor(3),
        ]),
        m::CreatePartitionsRequest::default().with_validate_only(true).with_topics(vec![
            m::create_partitions_request::CreatePartitionsTopic::default()
                .with_name(topic.clone())
                .with_count(9)
                .with_assignments(None),
        ]),
        m::DeleteTopicsRequest::default()
            .with_topic_names(vec![TopicName(StrBytes::from_static_str("none"))]),
        m::DeleteTopicsRequest::default().with_topics(vec![
            m::delete_topics_request::DeleteTopicState::default()
                .with_name(Some(TopicName(StrBytes::from_static_str("none")))),
        ]),
        m::DeleteRecordsRequest::default(),
        m::OffsetForLeaderEpochRequest::default(),
        m::IncrementalAlterConfigsRequest::default(),
        m::AlterConfigsRequest::default(),
        m::ListPartitionReassignmentsRequest::default().with_topics(None),
        m::DescribeQuorumRequest::default().with_topics(vec![
            m::describe_quorum_request::TopicData::default()
                .with_topic_name(TopicName(StrBytes::from_static_str("__cluster_metadata")))
                .with_partitions(vec![m::describe_quorum_request::PartitionData::default()]),
        ]),
        m::DescribeLogDirsRequest::default().with_topics(None),
        m::OffsetCommitRequest::default().with_group_id(group.clone()).with_topics(vec![
            m::offset_commit_request::OffsetCommitRequestTopic::default()
                .with_name(topic.clone())
                .with_partitions(vec![m::offset_commit_request::OffsetCommitRequestPartition::default()],),
        ]),
        m::OffsetDeleteRequest::default().with_group_id(group.clone()),
        m::DeleteGroupsRequest::default().with_groups_names(vec![group.clone()]),
        m::JoinGroupRequest::default().with_group_id(group.clone()),
        m::SyncGroupRequest::default().with_group_id(group.clone()),
        m::HeartbeatRequest::default().with_group_id(group.clone()),
        m::LeaveGroupRequest::default().with_group_id(group.clone()),
        m::LeaveGroupRequest::default()
            .with_group_id(group.clone())
            .with_members(vec![m::leave_group_request::MemberIdentity::default()]),
        m::ElectLeadersRequest::default().with_topic_partitions(None),
        m::AlterPartitionReassignmentsRequest::default().with_topics(vec![
            m::alter_partition_reassignments_request::ReassignableTopic::default()
                .with_name(topic.clone())
                .with_partitions(vec![
                    m::alter_partition_reassignments_request::ReassignablePartition::default()
                        .with_replicas(None),
                ]),
        ]),
        m::DescribeTopicPartitionsRequest::default().with_response_partition_limit(5),
    );
    let silent: Vec<_> = told.iter().map(|k| k.api_key).filter(|key| !spoken.contains(key)).collect();
    assert_eq!(silent, [ApiKey::ApiVersions as i16], "told, and not asked here");
}

#[tokio::test]
async fn versions_that_are_unknown_get_error_35_in_version_0() {
    let shared = super::shared();
    let broker = broker(&shared, 0);
    let mut frame = BytesMut::new();
    frame.put_slice(&[0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 0, 1, 2, 3]);
    let Answer::Told(mut told) =
        answer::answer(&broker, frame::open(frame.freeze()).unwrap(), "127.0.0.1").await
    else {
        panic!("closed")
    };
    let _ = told.split_to(8);
    let told = m::ApiVersionsResponse::decode(&mut told, 0).unwrap();
    assert_eq!(told.error_code, 35);
    assert!(told.api_keys.iter().any(|k| k.api_key == 18 && k.max_version == 4));
}

fn latest(partition: i32) -> m::ListOffsetsRequest {
    let partition = ListOffsetsPartition::default().with_partition_index(partition).with_timestamp(-1);
    let topic = TopicName(StrBytes::from_static_str("orders"));
    let topic = ListOffsetsTopic::default().with_name(topic).with_partitions(vec![partition]);
    m::ListOffsetsRequest::default().with_topics(vec![topic])
}

#[tokio::test]
async fn a_broker_tells_only_of_what_it_leads_and_coordinates() {
    let shared = super::shared();
    let (leader, coordinator) = shared.with(|world| {
        let cluster = &world.kafka[0];
        (cluster.topics["orders"].partitions[2].leader.unwrap(), cluster.coordinator("billing").unwrap())
    });
    for id in 0..3 {
        let broker = broker(&shared, id);
        let told = ask(&broker, &latest(2), 7).await.unwrap();
        let code = told.topics[0].partitions[0].error_code;
        assert_eq!(code, if id == leader { 0 } else { 6 }, "NOT_LEADER_OR_FOLLOWER from broker {id}");
        let group = m::GroupId(StrBytes::from_static_str("billing"));
        let described = m::DescribeGroupsRequest::default().with_groups(vec![group]);
        let told = ask(&broker, &described, 5).await.unwrap();
        assert_eq!(told.groups[0].error_code, if id == coordinator { 0 } else { 16 }, "NOT_COORDINATOR");
        let listed = ask(&broker, &m::ListGroupsRequest::default(), 4).await.unwrap();
        assert_eq!(listed.groups.len(), usize::from(id == coordinator));
    }
    let told = ask(&broker(&shared, leader), &latest(99), 7).await.unwrap();
    assert_eq!(told.topics[0].partitions[0].error_code, 3, "UNKNOWN_TOPIC_OR_PARTITION");
}

#[tokio::test]
async fn a_fetch_at_the_end_waits_and_one_beyond_it_is_told_so() {
    let shared = super::shared();
    let (leader, end) = shared.with(|world| {
        let empty = &world.kafka[0].topics["empty"];
        (empty.partitions[0].leader.unwrap(), empty.end(0))
    });
    let fetch = |offset| {
        let partition = FetchPartition::default().with_fetch_offset(offset).with_partition_max_bytes(1 << 16);
        let topic = FetchTopic::default().with_topic(TopicName(StrBytes::from_static_str("empty")));
        let request =
            m::FetchRequest::default().with_max_wait_ms(400).with_min_bytes(1).with_max_bytes(1 << 20);
        request.with_topics(vec![topic.with_partitions(vec![partition])])
    };
    let broker = broker(&shared, leader);
    let before = tokio::time::Instant::now();
    let told = ask(&broker, &fetch(end), 11).await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(400), "it waits as long as the client would");
    let partition = &told.responses[0].partitions[0];
    assert_eq!((partition.error_code, partition.records.as_ref().map(Bytes::len)), (0, Some(0)));
    let told = ask(&broker, &fetch(end + 1), 11).await.unwrap();
    assert_eq!(told.responses[0].partitions[0].error_code, 1, "OFFSET_OUT_OF_RANGE");
    let elsewhere = super::exchange::broker(&shared, (leader + 1) % 3);
    let told = ask(&elsewhere, &fetch(end), 12).await.unwrap();
    let partition = &told.responses[0].partitions[0];
    assert_eq!((partition.error_code, partition.current_leader.leader_id), (6, BrokerId(leader)));
}

#[tokio::test]
async fn a_hung_broker_takes_requests_and_answers_when_it_is_awake() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let shared = super::shared();
    let live = |life| shared.with(|world| world.kafka[0].brokers.get_mut(&0).unwrap().life = life);
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let served = tokio::spawn(crate::demo::wire::serve(shared.clone(), 0, 0, server));
    live(Life::Hung);
    let request = framed(&m::MetadataRequest::default().with_topics(Some(Vec::new())), 9);
    client.write_i32(request.len() as i32).await.unwrap();
    client.write_all(&request).await.unwrap();
    let mut byte = [0];
    let silent = tokio::time::timeout(Duration::from_secs(1), client.read_exact(&mut byte)).await;
    assert!(silent.is_err(), "a hung broker answers");
    live(Life::Up);
    let told = tokio::time::timeout(Duration::from_secs(60), client.read_exact(&mut byte)).await;
    assert!(told.is_ok_and(|read| read.is_ok()));
    live(Life::Down);
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(60), client.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the connection outlives the process");
    served.await.unwrap();
}
