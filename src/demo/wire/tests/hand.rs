//! castellan's own hand on it.

use crate::{
    action::{
        Said, Write,
        write::{Assignment, ConfigChange, ConfigHow, ConfigOf, Content, Ids},
    },
    demo::{Shared, wire::Outside},
    domain::{kafka::BrokerId, target::KafkaTarget},
    effect::tests::perform_on_kafka as perform,
    source::{asking::Kafka, kafka::Client},
};

fn kafka(outside: &Outside) -> Kafka {
    let bootstrap = outside.bootstrap().iter().map(|a| (a.ip().to_string().into(), a.port())).collect();
    let target = KafkaTarget { bootstrap, ..KafkaTarget::default() };
    Kafka { name: "kafka/kafka".into(), client: Client::new(target, None), sasl: None }
}

async fn bench() -> (Shared, Outside, Kafka) {
    let (shared, outside) = super::outside().await;
    let kafka = kafka(&outside);
    (shared, outside, kafka)
}

fn create(replication: i16) -> Write {
    let configs = vec![("retention.ms".into(), "60000".into())];
    Write::CreateTopic { topic: "new".into(), partitions: 4, replication, configs }
}

fn refused(said: Said) -> String {
    let Said::Refused(words) = said else { panic!("{said:?}") };
    words.to_string()
}

#[tokio::test]
async fn topics_are_made_changed_and_deleted() {
    let (shared, _outside, kafka) = bench().await;
    let made = |name: &str| shared.with(|world| world.kafka[0].topics.get(name).map(|t| t.partitions.len()));
    assert!(matches!(perform(&kafka, &create(3), true).await, Said::Taken(_)));
    assert_eq!(made("new"), None, "a dry run makes nothing");
    assert!(matches!(perform(&kafka, &create(3), false).await, Said::Taken(_)));
    assert_eq!(made("new"), Some(4));
    assert!(refused(perform(&kafka, &create(3), false).await).contains("already exists"));
    let wide = Write::CreateTopic { topic: "wide".into(), partitions: 1, replication: 9, configs: vec![] };
    assert!(refused(perform(&kafka, &wide, false).await).contains("(error 38)"));
    let grow = |total| Write::AddPartitions { topic: "new".into(), id: None, total };
    assert!(matches!(perform(&kafka, &grow(6), false).await, Said::Taken(_)));
    assert_eq!(made("new"), Some(6));
    assert!(refused(perform(&kafka, &grow(2), false).await).contains("(error 37)"));
    let alter = |name: &str, value: Option<&str>| {
        let how = value.map_or(ConfigHow::Remove, |value| ConfigHow::Set(value.into()));
        let change = ConfigChange { of: ConfigOf::Topic("new".into()), name: name.into(), how };
        Write::Configure { changes: vec![change], ids: Ids::new() }
    };
    assert!(matches!(perform(&kafka, &alter("retention.ms", None), false).await, Said::Taken(_)));
    let set = shared.with(|world| world.kafka[0].topics["new"].configs.len());
    assert_eq!(set, 0);
    assert!(
        refused(perform(&kafka, &alter("retention.ms", Some("a week")), false).await).contains("error 40")
    );
    let delete = Write::DeleteTopic { topic: "new".into(), id: None };
    assert_eq!(perform(&kafka, &delete, false).await, Said::Taken("topic new is deleted".into()));
    assert_eq!(made("new"), None);
}

#[tokio::test]
async fn partitions_move_and_their_moves_are_called_back() {
    let (shared, _outside, kafka) = bench().await;
    // One that has to be copied: a replica fewer first.
    let replicas = shared.with(|world| world.kafka[0].topics["orders"].partitions[0].replicas.to_vec());
    let reassign = |replicas: Option<&[i32]>| Write::Reassign {
        partitions: vec![Assignment {
            topic: "orders".into(),
            partition: 0,
            replicas: replicas.map(|r| r.iter().map(|id| BrokerId(*id)).collect()),
        }],
        ids: Ids::new(),
    };
    assert!(refused(perform(&kafka, &reassign(None), false).await).contains("(error 85)"));
    assert!(refused(perform(&kafka, &reassign(Some(&[0, 0])), false).await).contains("(error 39)"));
    let order: Vec<i32> = replicas.iter().rev().copied().collect();
    let said = perform(&kafka, &reassign(Some(&order)), false).await;
    assert_eq!(said, Said::Taken("the reassignment of 1 partition has begun".into()));
    let now = shared.with(|world| world.kafka[0].topics["orders"].partitions[0].replicas.to_vec());
    assert_eq!(now, order);
    let elect = Write::Elect { partitions: vec![("orders".into(), 0)], ids: Ids::new() };
    assert!(matches!(perform(&kafka, &elect, false).await, Said::Taken(_)));
    let leader = shared.with(|world| world.kafka[0].topics["orders"].partitions[0].leader);
    assert_eq!(leader, Some(order[0]));
}

#[tokio::test]
async fn a_message_is_written_or_refused_with_the_reason() {
    let (shared, _outside, kafka) = bench().await;
    let write = Write::Produce {
        topic: "empty".into(),
        partition: Some(0),
        key: Some(Content::Whole("k".into())),
        value: Some(Content::Whole("v".into())),
    };
    assert_eq!(perform(&kafka, &write, false).await, Said::Taken("written to empty-0 at offset 0".into()));
    shared.with(|world| {
        let set =
            [("min.insync.replicas".into(), crate::demo::world::kafka::config::Change::Set("4".into()))];
        world.kafka[0].alter_topic("empty", &set, false).unwrap();
    });
    let said = perform(&kafka, &write, false).await;
    assert!(!matches!(said, Said::Taken(_)), "fewer replicas are in sync than have to be: {said:?}");
}

/// A broker refuses another's settings: each is told its own.
#[tokio::test]
async fn settings_of_topics_and_brokers_are_changed_entry_by_entry() {
    let (shared, _outside, kafka) = bench().await;
    let replicas = "leader.replication.throttled.replicas";
    let change = |of: ConfigOf, name: &str, how| ConfigChange { of, name: name.into(), how };
    let topic = |how| change(ConfigOf::Topic("orders".into()), replicas, how);
    let broker = |id, how| change(ConfigOf::Broker(BrokerId(id)), "leader.replication.throttled.rate", how);
    let configure = async |changes: Vec<ConfigChange>| {
        perform(&kafka, &Write::Configure { changes, ids: Ids::new() }, false).await
    };
    let set = || {
        shared.with(|world| {
            let cluster = &world.kafka[0];
            let rates: Vec<_> =
                cluster.brokers.values().map(|b| b.configs.values().next().cloned()).collect();
            (cluster.topics["orders"].configs.get(replicas).cloned(), rates)
        })
    };
    let rate = || ConfigHow::Set("1000".into());
    let all = vec![topic(ConfigHow::Append("0:1,1:2".into())), broker(0, rate()), broker(2, rate())];
    let said = configure(all).await;
    assert_eq!(said, Said::Taken("the settings of topic orders and brokers 0, 2 are changed".into()));
    assert_eq!(set(), (Some("0:1,1:2".into()), vec![Some("1000".into()), None, Some("1000".into())]));
    // Both are harmless where they have nothing to do.
    configure(vec![topic(ConfigHow::Append("1:2".into()))]).await;
    configure(vec![topic(ConfigHow::Subtract("0:1,9:9".into()))]).await;
    let said = configure(vec![broker(0, ConfigHow::Remove), broker(1, ConfigHow::Remove)]).await;
    assert!(matches!(said, Said::Taken(_)), "{said:?}");
    assert_eq!(set(), (Some("1:2".into()), vec![None, None, Some("1000".into())]));
    let wrong = configure(vec![topic(ConfigHow::Set("all".into())), broker(1, rate())]).await;
    let words = refused(wrong);
    assert!(words.contains("topic orders: Invalid value all for configuration"), "{words}");
    assert!(words.ends_with("; done for broker 1"), "{words}");
}

#[tokio::test]
async fn a_group_is_reset_and_deleted_when_nobody_is_in_it() {
    let (shared, _outside, kafka) = bench().await;
    let group = || "billing".into();
    let commit = Write::CommitOffsets { group: group(), offsets: vec![("orders".into(), 5, 7)] };
    let partitions = vec![("orders".into(), 5)];
    let delete_offsets = Write::DeleteOffsets { group: group(), partitions };
    let delete = Write::DeleteGroup { group: group() };
    let not_empty = "group billing is not empty: stop its consumers first; nothing was done";
    assert_eq!(refused(perform(&kafka, &commit, false).await), not_empty);
    assert_eq!(refused(perform(&kafka, &delete, false).await), not_empty);
    let subscribed = refused(perform(&kafka, &delete_offsets, false).await);
    assert!(subscribed.contains("somebody in the group reads the topic"), "{subscribed}");
    shared.with(|world| {
        let group = world.kafka[0].groups.get_mut("billing").unwrap();
        (group.members, group.state) = (Vec::new(), crate::demo::world::kafka::GroupState::Empty);
    });
    let committed = || {
        shared.with(|world| {
            Some(world.kafka[0].groups.get("billing")?.committed("orders", 5).map(|c| c.offset()))
        })
    };
    assert_eq!(committed(), Some(None));
    let said = perform(&kafka, &commit, false).await;
    assert_eq!(said, Said::Taken("group billing has committed 1 partition".into()));
    assert_eq!(committed(), Some(Some(7)));
    assert!(matches!(perform(&kafka, &delete_offsets, false).await, Said::Taken(_)));
    assert_eq!(committed(), Some(None));
    assert_eq!(perform(&kafka, &delete, false).await, Said::Taken("group billing is deleted".into()));
    assert_eq!(committed(), None);
    assert_eq!(refused(perform(&kafka, &delete, false).await), "there is no group billing; nothing was done");
}

#[tokio::test]
async fn where_logs_begin_and_end_is_told_and_where_a_time_is_in_them() {
    use crate::{
        domain::ask::OffsetQuery,
        source::kafka::{Node, offsets},
    };
    let (shared, outside, kafka) = bench().await;
    let nodes: Vec<Node> = (0..)
        .zip(outside.bootstrap())
        .map(|(id, a)| Node { id: BrokerId(id), host: a.ip().to_string().into(), port: a.port() })
        .collect();
    kafka.client.learn(None, &nodes);
    let half_an_hour_ago = super::AT.minus(std::time::Duration::from_secs(1_800));
    let query = |topic: &str, at| OffsetQuery { partitions: vec![(topic.into(), vec![0, 2])], at };
    let told = offsets(&kafka.client, &query("orders", Some(half_an_hour_ago))).await.unwrap();
    let ends: Vec<i64> = shared.with(|world| [0, 2].map(|p| world.kafka[0].topics["orders"].end(p)).into());
    assert_eq!(told.iter().map(|s| (s.partition, s.end)).collect::<Vec<_>>(), [(0, ends[0]), (2, ends[1])]);
    for span in &told {
        let at = span.at.expect("messages of the last half an hour");
        assert!(span.start < at && at < span.end, "{span:?}");
    }
    let later = super::AT.plus(std::time::Duration::from_secs(60));
    let told = offsets(&kafka.client, &query("orders", Some(later))).await.unwrap();
    assert!(told.iter().all(|span| span.at.is_none()), "nothing is as young: {told:?}");
    let gone = offsets(&kafka.client, &query("gone", None)).await.unwrap_err();
    assert_eq!(&*gone, "there is no topic gone");
}
