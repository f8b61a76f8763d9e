//! Writes on Kafka: what is sent to whom, and what its answers are in words.

use super::super::kafka::perform;
use crate::{
    action::{
        Said, Write,
        write::{Assignment, ConfigChange, ConfigHow, ConfigOf, Content, Ids},
    },
    domain::{
        kafka::{BrokerId, TopicId},
        target::KafkaTarget,
    },
    source::{
        asking::Kafka,
        kafka::{Client, tests::fake::Fake},
    },
};
use kafka_protocol::{
    messages::{self as m, RequestKind, ResponseKind, TopicName},
    protocol::StrBytes,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Who was sent what: (broker, request, version).
pub type Sent = Arc<Mutex<Vec<(i32, RequestKind, i16)>>>;

/// Three brokers, of which the last is the controller, and the second the coordinator of every group.
pub async fn cluster(
    mut answer: impl FnMut(&RequestKind) -> ResponseKind + Send + 'static,
) -> (Fake, Kafka, Sent) {
    let topics = BTreeMap::from([("orders".to_owned(), 6)]);
    let fake = Fake::start(3, topics, Vec::new()).await;
    let sent = Sent::default();
    let kept = sent.clone();
    fake.change(|world| {
        world.others = Box::new(move |id, request, version| {
            if matches!(request, RequestKind::FindCoordinator(_)) {
                return Some(coordinator(1));
            }
            kept.lock().unwrap().push((id, request.clone(), version));
            Some(answer(request))
        });
    });
    let target = KafkaTarget { bootstrap: fake.bootstrap(), ..KafkaTarget::default() };
    let kafka = Kafka { name: "kafka/kafka".into(), client: Client::new(target, None), sasl: None };
    (fake, kafka, sent)
}

/// The answer that names a group's coordinator.
pub fn coordinator(id: i32) -> ResponseKind {
    let found = m::find_coordinator_response::Coordinator::default().with_node_id(m::BrokerId(id));
    ResponseKind::FindCoordinator(m::FindCoordinatorResponse::default().with_coordinators(vec![found]))
}

pub fn name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

fn assignment(partition: i32, replicas: Option<&[i32]>) -> Assignment {
    let replicas = replicas.map(|r| r.iter().map(|id| BrokerId(*id)).collect());
    Assignment { topic: "orders".into(), partition, replicas }
}

/// Answers for partitions of orders, each with its error.
fn reassigned(errors: &[(i32, i16)]) -> ResponseKind {
    use m::alter_partition_reassignments_response as r;
    let partition = |(index, code): &(i32, i16)| {
        r::ReassignablePartitionResponse::default().with_partition_index(*index).with_error_code(*code)
    };
    let topic = r::ReassignableTopicResponse::default()
        .with_name(name("orders"))
        .with_partitions(errors.iter().map(partition).collect());
    let answer = m::AlterPartitionReassignmentsResponse::default().with_responses(vec![topic]);
    ResponseKind::AlterPartitionReassignments(answer)
}

#[tokio::test]
async fn a_reassignment_goes_to_the_controller_once() {
    let (_fake, kafka, sent) = cluster(|_| reassigned(&[(0, 0), (1, 0)])).await;
    let partitions = vec![assignment(0, Some(&[2, 0])), assignment(1, None)];
    let said = perform(&kafka, &Write::Reassign { partitions, ids: Ids::new() }, false).await;
    let wanted = "the reassignment of 1 partition has begun, that of 1 partition is cancelled";
    assert_eq!(said, Said::Taken(wanted.into()));
    let sent = sent.lock().unwrap();
    let [(2, RequestKind::AlterPartitionReassignments(request), _)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(request.topics.len(), 1);
    let partitions = &request.topics[0].partitions;
    let ids = |replicas: &Option<Vec<m::BrokerId>>| {
        replicas.as_ref().map(|r| r.iter().map(|b| b.0).collect::<Vec<_>>())
    };
    assert_eq!((partitions[0].partition_index, ids(&partitions[0].replicas)), (0, Some(vec![2, 0])));
    assert_eq!((partitions[1].partition_index, ids(&partitions[1].replicas)), (1, None));
}

#[tokio::test]
async fn partial_success_is_said_with_the_partitions_named() {
    let reassign = |errors: &'static [(i32, i16)]| async move {
        let (_fake, kafka, _) = cluster(move |_| reassigned(errors)).await;
        let partitions = errors.iter().map(|(p, _)| assignment(*p, Some(&[0]))).collect();
        perform(&kafka, &Write::Reassign { partitions, ids: Ids::new() }, false).await
    };
    assert_eq!(
        reassign(&[(0, 0), (3, 39), (4, 0)]).await,
        Said::Partly {
            words: "Kafka refuses 1 of 3 partitions: orders-3: Invalid replica assignment (error 39); the other 2 were taken".into(),
            refused: vec![("orders".into(), 3)],
        }
    );
    let Said::Refused(all) = reassign(&[(0, 85), (1, 85), (2, 85), (3, 85), (4, 85)]).await else { panic!() };
    assert!(
        all.contains("orders-2: No reassignment in progress (error 85); and 2 more; nothing was done"),
        "{all}"
    );
    let Said::Refused(denied) = reassign(&[(0, 31), (1, 31)]).await else { panic!() };
    assert_eq!(
        &*denied,
        "Kafka does not allow this user Alter on the cluster (Cluster authorization failed (error 31)); nothing was done"
    );
    assert!(matches!(reassign(&[(0, 7)]).await, Said::Unheard(_)));
}

#[tokio::test]
async fn an_election_that_is_not_needed_is_no_refusal() {
    use m::elect_leaders_response as r;
    let (_fake, kafka, sent) = cluster(|_| {
        let result = |(p, code)| r::PartitionResult::default().with_partition_id(p).with_error_code(code);
        let topic = r::ReplicaElectionResult::default()
            .with_topic(name("orders"))
            .with_partition_result([(0, 0), (1, 84)].into_iter().map(result).collect());
        let answer = m::ElectLeadersResponse::default().with_replica_election_results(vec![topic]);
        ResponseKind::ElectLeaders(answer)
    })
    .await;
    let partitions = vec![("orders".into(), 0), ("orders".into(), 1)];
    let said = perform(&kafka, &Write::Elect { partitions, ids: Ids::new() }, false).await;
    let wanted = "2 partitions are led by the preferred leader, 1 of them before already";
    assert_eq!(said, Said::Taken(wanted.into()));
    let sent = sent.lock().unwrap();
    let [(2, RequestKind::ElectLeaders(request), _)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(request.election_type, 0, "0 elects preferred leaders, 1 unclean ones");
    assert_eq!(request.topic_partitions.as_ref().unwrap()[0].partitions, [0, 1]);
}

/// Answers any write without an error.
pub fn yes(request: &RequestKind) -> ResponseKind {
    match request {
        RequestKind::AlterPartitionReassignments(_) => reassigned(&[(0, 0)]),
        RequestKind::ElectLeaders(_) => ResponseKind::ElectLeaders(m::ElectLeadersResponse::default()),
        RequestKind::Produce(request) => written(request),
        RequestKind::CreateTopics(_) => {
            let topic = m::create_topics_response::CreatableTopicResult::default().with_name(name("new"));
            ResponseKind::CreateTopics(m::CreateTopicsResponse::default().with_topics(vec![topic]))
        }
        RequestKind::CreatePartitions(_) => {
            let topic = m::create_partitions_response::CreatePartitionsTopicResult::default();
            let topic = topic.with_name(name("orders"));
            ResponseKind::CreatePartitions(m::CreatePartitionsResponse::default().with_results(vec![topic]))
        }
        RequestKind::IncrementalAlterConfigs(request) => altered(request, |_| 0),
        RequestKind::OffsetCommit(request) => committed(request, |_| 0),
        RequestKind::OffsetDelete(_) => ResponseKind::OffsetDelete(m::OffsetDeleteResponse::default()),
        RequestKind::DeleteGroups(_) => {
            let result = m::delete_groups_response::DeletableGroupResult::default();
            ResponseKind::DeleteGroups(m::DeleteGroupsResponse::default().with_results(vec![result]))
        }
        RequestKind::DeleteTopics(_) => {
            let topic = m::delete_topics_response::DeletableTopicResult::default();
            let topic = topic.with_name(Some(name("orders")));
            ResponseKind::DeleteTopics(m::DeleteTopicsResponse::default().with_responses(vec![topic]))
        }
        other => panic!("{other:?}"),
    }
}

/// Answers for each topic and broker of a request, by its name.
pub fn altered(request: &m::IncrementalAlterConfigsRequest, error: impl Fn(&str) -> i16) -> ResponseKind {
    let of = |resource: &m::incremental_alter_configs_request::AlterConfigsResource| {
        m::incremental_alter_configs_response::AlterConfigsResourceResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone())
            .with_error_code(error(&resource.resource_name))
    };
    let answer = m::IncrementalAlterConfigsResponse::default();
    ResponseKind::IncrementalAlterConfigs(answer.with_responses(request.resources.iter().map(of).collect()))
}

/// Answers for each partition of a commit.
pub fn committed(request: &m::OffsetCommitRequest, error: impl Fn(i32) -> i16) -> ResponseKind {
    use m::offset_commit_response as r;
    let topics = request.topics.iter().map(|topic| {
        let partition = |index: i32| {
            r::OffsetCommitResponsePartition::default()
                .with_partition_index(index)
                .with_error_code(error(index))
        };
        r::OffsetCommitResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(topic.partitions.iter().map(|p| partition(p.partition_index)).collect())
    });
    ResponseKind::OffsetCommit(m::OffsetCommitResponse::default().with_topics(topics.collect()))
}

fn written(request: &m::ProduceRequest) -> ResponseKind {
    use m::produce_response as r;
    let topic = &request.topic_data[0];
    let index = topic.partition_data[0].index;
    let partition = r::PartitionProduceResponse::default().with_index(index).with_base_offset(42);
    let topic = r::TopicProduceResponse::default()
        .with_name(topic.name.clone())
        .with_partition_responses(vec![partition]);
    ResponseKind::Produce(m::ProduceResponse::default().with_responses(vec![topic]))
}

/// One of each.
pub fn every() -> Vec<Write> {
    let others = [
        Write::Reassign { partitions: vec![assignment(0, Some(&[1, 2]))], ids: Ids::new() },
        Write::Elect { partitions: vec![("orders".into(), 0)], ids: Ids::new() },
        Write::DeleteTopic { topic: "orders".into(), id: None },
        Write::Produce { topic: "orders".into(), partition: Some(3), key: None, value: None },
        Write::CommitOffsets { group: "billing".into(), offsets: vec![("orders".into(), 0, 7)] },
        Write::DeleteGroup { group: "billing".into() },
        Write::DeleteOffsets { group: "billing".into(), partitions: vec![("orders".into(), 0)] },
        Write::Configure {
            changes: vec![ConfigChange {
                of: ConfigOf::Broker(BrokerId(1)),
                name: "leader.replication.throttled.rate".into(),
                how: ConfigHow::Remove,
            }],
            ids: Ids::new(),
        },
    ];
    of_topics().into_iter().chain(others).collect()
}

fn of_orders(name: &str, how: ConfigHow) -> ConfigChange {
    ConfigChange { of: ConfigOf::Topic("orders".into()), name: name.into(), how }
}

fn of_topics() -> [Write; 3] {
    [
        Write::CreateTopic {
            topic: "new".into(),
            partitions: 6,
            replication: 3,
            configs: vec![("retention.ms".into(), "60000".into())],
        },
        Write::AddPartitions { topic: "orders".into(), id: None, total: 12 },
        Write::Configure {
            changes: vec![
                of_orders("retention.ms", ConfigHow::Set("1".into())),
                of_orders("cleanup.policy", ConfigHow::Remove),
            ],
            ids: Ids::new(),
        },
    ]
}

#[tokio::test]
async fn topics_are_changed_as_asked_and_a_dry_run_only_validates() {
    for dry in [false, true] {
        let (_fake, kafka, sent) = cluster(yes).await;
        for write in of_topics() {
            let Said::Taken(words) = perform(&kafka, &write, dry).await else { panic!("{write:?}") };
            assert_eq!(words.starts_with("Kafka would take it: "), dry, "{words}");
        }
        let sent = sent.lock().unwrap();
        let [
            (2, RequestKind::CreateTopics(create), _),
            (2, RequestKind::CreatePartitions(add), _),
            (2, RequestKind::IncrementalAlterConfigs(alter), _),
        ] = &sent[..]
        else {
            panic!("{sent:?}")
        };
        assert_eq!([create.validate_only, add.validate_only, alter.validate_only], [dry; 3]);
        let topic = &create.topics[0];
        assert_eq!((topic.name.as_str(), topic.num_partitions, topic.replication_factor), ("new", 6, 3));
        assert_eq!(topic.configs[0].value.as_deref(), Some("60000"));
        assert_eq!((add.topics[0].count, &add.topics[0].assignments), (12, &None));
        let changes = alter.resources[0].configs.iter();
        let changes: Vec<_> =
            changes.map(|c| (c.name.as_str(), c.config_operation, c.value.as_deref())).collect();
        assert_eq!(changes, [("retention.ms", 0, Some("1")), ("cleanup.policy", 1, None)]);
        assert_eq!(alter.resources[0].resource_type, 2);
    }
}

#[tokio::test]
async fn what_has_no_dry_run_sends_nothing() {
    let (fake, kafka, sent) = cluster(yes).await;
    let delete = Write::DeleteTopic { topic: "orders".into(), id: None };
    let said = perform(&kafka, &delete, true).await;
    assert_eq!(said, Said::Refused("Kafka offers no dry run of this".into()));
    assert!(sent.lock().unwrap().is_empty());
    let said = perform(&kafka, &delete, false).await;
    assert_eq!(said, Said::Taken("topic orders is deleted".into()));
    let sent = sent.lock().unwrap();
    let [(2, RequestKind::DeleteTopics(request), version)] = &sent[..] else { panic!("{sent:?}") };
    let [topic] = &request.topics[..] else { panic!("{request:?}") };
    assert!(*version >= 6 && topic.name.is_none(), "by its id alone");
    assert_eq!(topic.topic_id.to_string(), fake.world.lock().unwrap().topic_id);
}

/// Between the look and the write a topic may have been deleted and created again.
#[tokio::test]
async fn another_topic_of_the_same_name_is_left_alone() {
    let (fake, kafka, sent) = cluster(yes).await;
    let id = |last: u8| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        Some(URL_SAFE_NO_PAD.encode([&[0; 15][..], &[last]].concat()).into())
    };
    let writes = |id: Option<TopicId>| {
        let topic = || "orders".into();
        let changes = vec![of_orders("retention.ms", ConfigHow::Remove)];
        let ids = || id.iter().map(|id| (topic(), id.clone())).collect::<Ids>();
        [
            Write::Reassign { partitions: vec![assignment(0, Some(&[1, 2]))], ids: ids() },
            Write::Elect { partitions: vec![("orders".into(), 0)], ids: ids() },
            Write::AddPartitions { topic: topic(), id: id.clone(), total: 12 },
            Write::Configure { changes, ids: ids() },
            Write::DeleteTopic { topic: topic(), id },
        ]
    };
    for write in writes(id(2)) {
        let Said::Refused(why) = perform(&kafka, &write, false).await else { panic!("{write:?}") };
        let wanted =
            "it changed since you looked: topic orders was deleted and created anew; nothing was done";
        assert_eq!(&*why, wanted);
    }
    assert!(sent.lock().unwrap().is_empty());
    for write in writes(id(1)) {
        let said = perform(&kafka, &write, false).await;
        assert!(matches!(said, Said::Taken(_)), "{said:?}");
    }
    fake.change(|world| world.topics.clear());
    for write in writes(id(1)) {
        let said = perform(&kafka, &write, false).await;
        assert_eq!(said, Said::Refused("there is no topic orders any more; nothing was done".into()));
    }
    assert_eq!(sent.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn without_a_controller_in_reach_another_broker_passes_it_on() {
    let (fake, kafka, sent) = cluster(yes).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    fake.change(|world| world.ports[2] = free);
    let said = perform(&kafka, &Write::DeleteTopic { topic: "orders".into(), id: None }, false).await;
    assert_eq!(said, Said::Taken("topic orders is deleted".into()));
    let sent = sent.lock().unwrap();
    assert!(matches!(&sent[..], [(0 | 1, ..)]), "{sent:?}");
}

/// The broker takes the request and says nothing: whether it did it cannot be known, so no other is asked.
#[tokio::test]
async fn a_broker_that_says_nothing_is_asked_once() {
    let (fake, mut kafka, sent) = cluster(yes).await;
    let target = KafkaTarget { bootstrap: fake.bootstrap(), ..KafkaTarget::default() };
    kafka.client = Client::with_patience(target, None, Duration::from_millis(1_500));
    fake.change(|world| world.deaf = vec![m::ApiKey::DeleteTopics as i16]);
    let said = perform(&kafka, &Write::DeleteTopic { topic: "orders".into(), id: None }, false).await;
    let Said::Unheard(words) = &said else { panic!("{said:?}") };
    assert!(words.contains("no reply in 2 s"), "{words}");
    assert!(sent.lock().unwrap().is_empty());
    assert_eq!(fake.world.lock().unwrap().unanswered, 1);
}

/// The connection breaks after the request was taken: no other broker is asked, whatever the write is.
#[tokio::test]
async fn a_broker_that_hangs_up_is_asked_once_and_may_have_done_it() {
    use m::ApiKey as Key;
    let keys = [
        Key::AlterPartitionReassignments,
        Key::ElectLeaders,
        Key::CreateTopics,
        Key::CreatePartitions,
        Key::IncrementalAlterConfigs,
        Key::DeleteTopics,
        Key::Produce,
        Key::OffsetCommit,
        Key::DeleteGroups,
        Key::OffsetDelete,
    ];
    let (fake, mut kafka, sent) = cluster(yes).await;
    let target = KafkaTarget { bootstrap: fake.bootstrap(), ..KafkaTarget::default() };
    kafka.client = Client::with_patience(target, None, Duration::from_millis(1_500));
    fake.change(|world| world.hangs_up = keys.map(|key| key as i16).into());
    for (nth, write) in (1..).zip(every()) {
        let said = perform(&kafka, &write, false).await;
        assert!(matches!(&said, Said::Unheard(_)), "{write:?}: {said:?}");
        assert_eq!(fake.world.lock().unwrap().unanswered, nth, "{write:?} was sent once");
    }
    assert!(sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_message_is_written_with_every_replica_confirming_it() {
    let (_fake, kafka, sent) = cluster(yes).await;
    let write = |topic: &str| Write::Produce {
        topic: topic.into(),
        partition: Some(3),
        key: Some(Content::Whole("k".into())),
        value: Some(Content::Whole("v".into())),
    };
    let said = perform(&kafka, &write("orders"), false).await;
    assert_eq!(said, Said::Taken("written to orders-3 at offset 42".into()));
    {
        let sent = sent.lock().unwrap();
        let [(0, RequestKind::Produce(request), _)] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!(request.acks, -1);
    }
    let said = perform(&kafka, &write("gone"), false).await;
    assert_eq!(said, Said::Refused("there is no topic gone; nothing was written".into()));
    assert_eq!(sent.lock().unwrap().len(), 1);
}
