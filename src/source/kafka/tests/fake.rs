//! A Kafka cluster in the process: several brokers on loopback, built with the codec's server side.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{
        self as m, ApiKey, BrokerId as Id, GroupId, RequestKind, ResponseHeader, ResponseKind, TopicName,
        api_versions_response::ApiVersion, consumer_protocol_assignment as assigned,
        describe_configs_response as configs, describe_groups_response as described,
        describe_log_dirs_response as dirs, describe_quorum_response as quorum,
        list_groups_response::ListedGroup, list_offsets_response as ends, metadata_response as md,
        offset_fetch_response as fetched,
    },
    protocol::{Encodable, StrBytes, VersionRange, decode_request_header_from_buffer},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What the cluster holds, and how its brokers behave; tests change it as they go.
pub struct World {
    /// By broker id: the port it listens on.
    pub ports: Vec<u16>,
    pub cluster: &'static str,
    /// Every topic's id.
    pub topic_id: &'static str,
    /// Names and numbers of partitions; partition p of any topic is led by broker p % n.
    pub topics: BTreeMap<String, i32>,
    /// Group g of the list is coordinated by broker g % n.
    pub groups: Vec<Group>,
    /// The log end of every partition.
    pub end: i64,
    pub mood: HashMap<i32, Mood>,
    pub version: Version,
    /// Requests answered, by broker and key.
    pub asked: HashMap<(i32, i16), usize>,
    /// The topic whose replicas are throttled, and the brokers' rate.
    pub throttled: Option<String>,
    pub rate: Option<u64>,
    /// The topics of each request for configurations.
    pub described: Vec<Vec<String>>,
    /// Authorized operations of the cluster and of each topic.
    pub operations: i32,
    /// Requests of these keys are taken and never answered, and how many were.
    pub deaf: Vec<i16>,
    pub unanswered: usize,
    /// Brokers that take what changes settings, and never answer it.
    pub deaf_brokers: Vec<i32>,
    /// Requests of these keys are taken, and then the connection is closed.
    pub hangs_up: Vec<i16>,
    /// Answers what the cluster itself has no answer to: (broker, request, version).
    pub others: Others,
}

pub type Others = Box<dyn FnMut(i32, &RequestKind, i16) -> Option<ResponseKind> + Send>;

#[derive(Clone)]
pub struct Group {
    pub id: String,
    pub state: &'static str,
    pub commits: Vec<(String, i32, i64)>,
    /// The error that describing it brings.
    pub error: i16,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Mood {
    /// Takes requests and never answers.
    Hung,
    /// The controller to which it passes requests on never answers.
    ControllerHung,
}

impl Mood {
    fn holds_up(self, key: i16) -> bool {
        let passed_on = [ApiKey::DescribeQuorum, ApiKey::ListPartitionReassignments].map(|k| k as i16);
        self == Mood::Hung || passed_on.contains(&key)
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum Version {
    /// All that the codec knows.
    Newest,
    /// As Kafka 2.0, with ZooKeeper.
    Old,
}

impl World {
    pub fn count(&self, key: ApiKey) -> usize {
        self.asked.iter().filter(|((_, k), _)| *k == key as i16).map(|(_, n)| n).sum()
    }
}

/// The running cluster; it ends when dropped.
pub struct Fake {
    pub world: Arc<Mutex<World>>,
    _brokers: JoinSet<()>,
}

impl Fake {
    pub async fn start(brokers: i32, topics: BTreeMap<String, i32>, groups: Vec<Group>) -> Fake {
        let mut listeners = Vec::new();
        for _ in 0..brokers {
            listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
        }
        let ports = listeners.iter().map(|l| l.local_addr().unwrap().port()).collect();
        let world = World {
            ports,
            cluster: "fake",
            topic_id: "00000000-0000-0000-0000-000000000001",
            topics,
            groups,
            end: 100,
            mood: HashMap::new(),
            version: Version::Newest,
            asked: HashMap::new(),
            throttled: None,
            rate: None,
            described: Vec::new(),
            operations: i32::MIN,
            deaf: Vec::new(),
            unanswered: 0,
            deaf_brokers: Vec::new(),
            hangs_up: Vec::new(),
            others: Box::new(|_, _, _| None),
        };
        let world = Arc::new(Mutex::new(world));
        let mut tasks = JoinSet::new();
        for (id, listener) in listeners.into_iter().enumerate() {
            tasks.spawn(accept(id as i32, listener, world.clone()));
        }
        Fake { world, _brokers: tasks }
    }

    pub fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.lock().unwrap());
    }

    pub fn bootstrap(&self) -> Vec<(crate::domain::Text, u16)> {
        vec![("127.0.0.1".into(), self.world.lock().unwrap().ports[0])]
    }
}

async fn accept(id: i32, listener: TcpListener, world: Arc<Mutex<World>>) {
    let mut served = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        served.spawn(serve(id, stream, world.clone()));
    }
}

async fn serve(id: i32, mut stream: TcpStream, world: Arc<Mutex<World>>) {
    while let Ok(length) = stream.read_i32().await {
        let mut frame = vec![0; length as usize];
        if stream.read_exact(&mut frame).await.is_err() {
            return;
        }
        let key = i16::from_be_bytes([frame[0], frame[1]]);
        while world.lock().unwrap().mood.get(&id).is_some_and(|mood| mood.holds_up(key)) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        if let mut world = world.lock().unwrap()
            && (world.deaf.contains(&key)
                || key == ApiKey::IncrementalAlterConfigs as i16 && world.deaf_brokers.contains(&id))
        {
            world.unanswered += 1;
            continue;
        }
        if let mut world = world.lock().unwrap()
            && world.hangs_up.contains(&key)
        {
            world.unanswered += 1;
            return;
        }
        let answer = answer(id, Bytes::from(frame), &mut world.lock().unwrap());
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

fn answer(id: i32, mut frame: Bytes, world: &mut World) -> Bytes {
    let header = decode_request_header_from_buffer(&mut frame).unwrap();
    let key = ApiKey::try_from(header.request_api_key).unwrap();
    let mut version = header.request_api_version;
    *world.asked.entry((id, key as i16)).or_default() += 1;
    let range = known(key, world.version);
    let response = if key == ApiKey::ApiVersions && version > range.map_or(-1, |r| r.max) {
        version = 0;
        frame.clear();
        ResponseKind::ApiVersions(versions(world.version).with_error_code(35))
    } else {
        let range = range.unwrap_or_else(|| panic!("{key:?} is not known to this version"));
        assert!((range.min..=range.max).contains(&version), "{key:?} in version {version}");
        respond(id, RequestKind::decode(key, &mut frame, version).unwrap(), version, world)
    };
    assert!(!frame.has_remaining(), "{key:?} is longer than its version {version}");
    let mut out = BytesMut::new();
    out.put_i32(0);
    let header_version = if key == ApiKey::ApiVersions { 0 } else { key.response_header_version(version) };
    ResponseHeader::default()
        .with_correlation_id(header.correlation_id)
        .encode(&mut out, header_version)
        .unwrap();
    response.encode(&mut out, version).unwrap();
    let length = out.len() as i32 - 4;
    out[..4].copy_from_slice(&length.to_be_bytes());
    out.freeze()
}

/// The versions of the old broker are those of Kafka 2.0.
fn known(key: ApiKey, version: Version) -> Option<VersionRange> {
    let old = |max| Some(VersionRange { min: 0, max });
    match (version, key) {
        (Version::Newest, ApiKey::DescribeLogDirs | ApiKey::DescribeConfigs | ApiKey::ListOffsets) => {
            Some(key.valid_versions())
        }
        (Version::Newest, _) => Some(key.valid_versions()),
        (Version::Old, ApiKey::ApiVersions) => old(2),
        (Version::Old, ApiKey::Metadata) => old(6),
        (Version::Old, ApiKey::ListOffsets) => old(3),
        (Version::Old, ApiKey::DescribeGroups | ApiKey::ListGroups | ApiKey::DescribeConfigs) => old(2),
        (Version::Old, ApiKey::OffsetFetch) => old(4),
        (Version::Old, ApiKey::DescribeLogDirs) => old(1),
        (Version::Old, _) => None,
    }
}

fn versions(version: Version) -> m::ApiVersionsResponse {
    let keys = ApiKey::iter().filter_map(|key| {
        let range = known(key, version)?;
        let api = ApiVersion::default().with_api_key(key as i16);
        Some(api.with_min_version(range.min).with_max_version(range.max))
    });
    m::ApiVersionsResponse::default().with_api_keys(keys.collect())
}

fn text(s: impl Into<String>) -> StrBytes {
    StrBytes::from_string(s.into())
}

fn name(s: &str) -> TopicName {
    TopicName(text(s))
}

fn respond(id: i32, request: RequestKind, version: i16, world: &mut World) -> ResponseKind {
    match request {
        RequestKind::ApiVersions(_) => ResponseKind::ApiVersions(versions(world.version)),
        RequestKind::Metadata(r) => ResponseKind::Metadata(metadata(&r, world)),
        RequestKind::ListOffsets(r) => ResponseKind::ListOffsets(list_offsets(id, &r, world)),
        RequestKind::ListGroups(_) => ResponseKind::ListGroups(list_groups(id, version, world)),
        RequestKind::DescribeGroups(r) => ResponseKind::DescribeGroups(describe_groups(&r, world)),
        RequestKind::OffsetFetch(r) => ResponseKind::OffsetFetch(offset_fetch(&r, version, world)),
        RequestKind::DescribeConfigs(r) => ResponseKind::DescribeConfigs(describe_configs(&r, world)),
        RequestKind::DescribeLogDirs(_) => ResponseKind::DescribeLogDirs(log_dirs(version)),
        RequestKind::DescribeQuorum(_) => ResponseKind::DescribeQuorum(describe_quorum()),
        RequestKind::ListPartitionReassignments(_) => {
            ResponseKind::ListPartitionReassignments(m::ListPartitionReassignmentsResponse::default())
        }
        RequestKind::DescribeCluster(r) => {
            let told = if r.include_cluster_authorized_operations { world.operations } else { i32::MIN };
            let answer = m::DescribeClusterResponse::default().with_cluster_authorized_operations(told);
            ResponseKind::DescribeCluster(answer)
        }
        other => (world.others)(id, &other, version).unwrap_or_else(|| panic!("not expected: {other:?}")),
    }
}

fn metadata(request: &m::MetadataRequest, world: &World) -> m::MetadataResponse {
    let n = world.ports.len() as i32;
    let broker = |(id, port): (usize, &u16)| {
        let broker =
            md::MetadataResponseBroker::default().with_node_id(Id(id as i32)).with_host(text("127.0.0.1"));
        broker.with_port(i32::from(*port)).with_rack(Some(text(format!("zone-{id}"))))
    };
    let partition = |p: i32| {
        let replicas: Vec<_> = (0..n.min(3)).map(|i| Id((p + i) % n)).collect();
        md::MetadataResponsePartition::default()
            .with_partition_index(p)
            .with_leader_id(Id(p % n))
            .with_replica_nodes(replicas.clone())
            .with_isr_nodes(replicas)
    };
    let topic = |(topic, partitions): (&String, &i32)| {
        let all = (0..*partitions).map(partition).collect();
        let told = if request.include_topic_authorized_operations { world.operations } else { i32::MIN };
        md::MetadataResponseTopic::default()
            .with_name(Some(name(topic)))
            .with_topic_id(world.topic_id.parse().unwrap())
            .with_partitions(all)
            .with_topic_authorized_operations(told)
    };
    let topics = match &request.topics {
        None => world.topics.iter().map(topic).collect(),
        Some(named) => {
            let wanted =
                |name: &str| named.iter().any(|t| t.name.as_ref().is_some_and(|n| n.as_str() == name));
            world.topics.iter().filter(|(name, _)| wanted(name)).map(topic).collect()
        }
    };
    m::MetadataResponse::default()
        .with_brokers(world.ports.iter().enumerate().map(broker).collect())
        .with_cluster_id(Some(text(world.cluster)))
        .with_controller_id(Id(n - 1))
        .with_topics(topics)
}

fn list_offsets(id: i32, request: &m::ListOffsetsRequest, world: &World) -> m::ListOffsetsResponse {
    let n = world.ports.len() as i32;
    let topics = request.topics.iter().map(|t| {
        let partitions = t.partitions.iter().map(|p| {
            assert_eq!(p.partition_index % n, id, "asked a broker for a partition that it does not lead");
            ends::ListOffsetsPartitionResponse::default()
                .with_partition_index(p.partition_index)
                .with_offset(world.end)
        });
        ends::ListOffsetsTopicResponse::default()
            .with_name(t.name.clone())
            .with_partitions(partitions.collect())
    });
    m::ListOffsetsResponse::default().with_topics(topics.collect())
}

fn list_groups(id: i32, version: i16, world: &World) -> m::ListGroupsResponse {
    let n = world.ports.len();
    let own = world.groups.iter().enumerate().filter(|(i, _)| i % n == id as usize);
    let listed = own.map(|(_, g)| {
        let listed =
            ListedGroup::default().with_group_id(GroupId(text(&*g.id))).with_protocol_type(text("consumer"));
        let listed = if version >= 4 { listed.with_group_state(text(g.state)) } else { listed };
        if version >= 5 { listed.with_group_type(text("classic")) } else { listed }
    });
    m::ListGroupsResponse::default().with_groups(listed.collect())
}

fn describe_groups(request: &m::DescribeGroupsRequest, world: &World) -> m::DescribeGroupsResponse {
    let describe = |id: &GroupId| {
        let described = described::DescribedGroup::default().with_group_id(id.clone());
        let Some(group) = world.groups.iter().find(|g| g.id == id.as_str()) else {
            return described.with_error_code(69);
        };
        if group.error != 0 {
            return described.with_error_code(group.error);
        }
        let member = described::DescribedGroupMember::default()
            .with_member_id(text("m-1"))
            .with_client_id(text("billing-0"))
            .with_client_host(text("/10.0.0.1"))
            .with_member_assignment(assignment(&group.commits));
        described
            .with_group_state(text(group.state))
            .with_protocol_type(text("consumer"))
            .with_protocol_data(text("range"))
            .with_members(if group.state == "Stable" { vec![member] } else { Vec::new() })
    };
    m::DescribeGroupsResponse::default().with_groups(request.groups.iter().map(describe).collect())
}

fn assignment(commits: &[(String, i32, i64)]) -> Bytes {
    let topics = commits.chunk_by(|a, b| a.0 == b.0).map(|of_topic| {
        assigned::TopicPartition::default()
            .with_topic(name(&of_topic[0].0))
            .with_partitions(of_topic.iter().map(|c| c.1).collect())
    });
    let assignment = m::ConsumerProtocolAssignment::default().with_assigned_partitions(topics.collect());
    let mut bytes = BytesMut::new();
    bytes.put_i16(1);
    assignment.encode(&mut bytes, 1).unwrap();
    bytes.freeze()
}

fn offset_fetch(request: &m::OffsetFetchRequest, version: i16, world: &World) -> m::OffsetFetchResponse {
    let commits = |id: &GroupId| {
        let group = world.groups.iter().find(|g| g.id == id.as_str());
        group.map_or_else(Vec::new, |g| g.commits.clone())
    };
    if version < 8 {
        let topics = commits(&request.group_id).into_iter().map(|(topic, partition, offset)| {
            let partition = fetched::OffsetFetchResponsePartition::default()
                .with_partition_index(partition)
                .with_committed_offset(offset);
            fetched::OffsetFetchResponseTopic::default()
                .with_name(name(&topic))
                .with_partitions(vec![partition])
        });
        return m::OffsetFetchResponse::default().with_topics(topics.collect());
    }
    let groups = request.groups.iter().map(|g| {
        let topics = commits(&g.group_id).into_iter().map(|(topic, partition, offset)| {
            let partition = fetched::OffsetFetchResponsePartitions::default()
                .with_partition_index(partition)
                .with_committed_offset(offset);
            fetched::OffsetFetchResponseTopics::default()
                .with_name(name(&topic))
                .with_partitions(vec![partition])
        });
        fetched::OffsetFetchResponseGroup::default()
            .with_group_id(g.group_id.clone())
            .with_topics(topics.collect())
    });
    m::OffsetFetchResponse::default().with_groups(groups.collect())
}

fn describe_configs(request: &m::DescribeConfigsRequest, world: &mut World) -> m::DescribeConfigsResponse {
    let topics = request.resources.iter().filter(|r| r.resource_type == 2);
    world.described.push(topics.map(|r| r.resource_name.to_string()).collect());
    let entry = |name: &str, value: &str, source: i8| {
        configs::DescribeConfigsResourceResult::default()
            .with_name(text(name))
            .with_value(Some(text(value)))
            .with_config_source(source)
    };
    let results = request.resources.iter().map(|r| {
        let mut entries = match r.resource_type {
            2 => vec![entry("min.insync.replicas", "2", 1), entry("retention.ms", "60000", 5)],
            _ => Vec::new(),
        };
        if r.resource_type == 2 && world.throttled.as_deref() == Some(r.resource_name.as_str()) {
            entries.push(entry("follower.replication.throttled.replicas", "*", 1));
        }
        if let (4, Some(rate)) = (r.resource_type, world.rate) {
            entries.push(entry("leader.replication.throttled.rate", &rate.to_string(), 2));
        }
        configs::DescribeConfigsResult::default()
            .with_resource_type(r.resource_type)
            .with_resource_name(r.resource_name.clone())
            .with_configs(entries)
    });
    m::DescribeConfigsResponse::default().with_results(results.collect())
}

fn log_dirs(version: i16) -> m::DescribeLogDirsResponse {
    let partition = dirs::DescribeLogDirsPartition::default().with_partition_size(7);
    let topic =
        dirs::DescribeLogDirsTopic::default().with_name(name("orders")).with_partitions(vec![partition]);
    let mut dir = dirs::DescribeLogDirsResult::default().with_log_dir(text("/data")).with_topics(vec![topic]);
    if version >= 4 {
        dir = dir.with_total_bytes(1_000).with_usable_bytes(600);
    }
    m::DescribeLogDirsResponse::default().with_results(vec![dir])
}

fn describe_quorum() -> m::DescribeQuorumResponse {
    let voter = |id: i32, caught_up: i64| {
        quorum::ReplicaState::default().with_replica_id(Id(id)).with_last_caught_up_timestamp(caught_up)
    };
    let partition = quorum::PartitionData::default()
        .with_leader_id(Id(0))
        .with_leader_epoch(3)
        .with_current_voters(vec![voter(0, 5_000), voter(1, 4_500), voter(2, -1)]);
    let topic = quorum::TopicData::default()
        .with_topic_name(name("__cluster_metadata"))
        .with_partitions(vec![partition]);
    m::DescribeQuorumResponse::default().with_topics(vec![topic])
}
