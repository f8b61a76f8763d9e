//! Consumer groups: what is sent to their coordinator.

use super::on_kafka::{cluster, committed, coordinator, name, yes};
use crate::{
    action::{Said, Write},
    effect::kafka::perform,
};
use kafka_protocol::messages::{self as m, RequestKind, ResponseKind};
use std::sync::{
    Arc,
    atomic::{AtomicI32, Ordering},
};

fn commit() -> Write {
    let offsets = [(0, 7), (1, 0)].map(|(partition, offset)| ("orders".into(), partition, offset));
    Write::CommitOffsets { group: "billing".into(), offsets: offsets.into() }
}

fn delete_offsets() -> Write {
    let partitions = [0, 1].map(|partition| ("orders".into(), partition));
    Write::DeleteOffsets { group: "billing".into(), partitions: partitions.into() }
}

fn words(said: Said) -> String {
    match said {
        Said::Refused(words) => words.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Without a generation and a member, as Kafka's own admin client.
#[tokio::test]
async fn offsets_are_committed_by_nobody_in_the_group() {
    let (_fake, kafka, sent) = cluster(yes).await;
    let said = perform(&kafka, &commit(), false).await;
    assert_eq!(said, Said::Taken("group billing has committed 2 partitions".into()));
    let sent = sent.lock().unwrap();
    let [(1, RequestKind::OffsetCommit(request), _)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((request.generation_id_or_member_epoch, request.member_id.as_str()), (-1, ""));
    assert_eq!(request.group_instance_id, None);
    let [topic] = &request.topics[..] else { panic!("{request:?}") };
    let offsets: Vec<_> = topic.partitions.iter().map(|p| (p.partition_index, p.committed_offset)).collect();
    assert_eq!((topic.name.as_str(), &offsets[..]), ("orders", &[(0, 7), (1, 0)][..]));
}

#[tokio::test]
async fn a_group_that_somebody_is_in_is_told_to_be_stopped_first() {
    for code in [25, 22] {
        let (_fake, kafka, _) = cluster(move |request| match request {
            RequestKind::OffsetCommit(request) => committed(request, |_| code),
            other => panic!("{other:?}"),
        })
        .await;
        let why = words(perform(&kafka, &commit(), false).await);
        assert_eq!(why, "group billing is not empty: stop its consumers first; nothing was done");
    }
    let (_fake, kafka, _) = cluster(|_| {
        let result = m::delete_groups_response::DeletableGroupResult::default().with_error_code(68);
        ResponseKind::DeleteGroups(m::DeleteGroupsResponse::default().with_results(vec![result]))
    })
    .await;
    let why = words(perform(&kafka, &Write::DeleteGroup { group: "billing".into() }, false).await);
    assert_eq!(why, "group billing is not empty: stop its consumers first; nothing was done");
}

#[tokio::test]
async fn offsets_of_a_topic_that_is_read_stay() {
    use m::offset_delete_response as r;
    let (_fake, kafka, sent) = cluster(|_| {
        let partition = |(index, code)| {
            let partition = r::OffsetDeleteResponsePartition::default().with_partition_index(index);
            partition.with_error_code(code)
        };
        let topic = r::OffsetDeleteResponseTopic::default()
            .with_name(name("orders"))
            .with_partitions([(0, 0), (1, 86)].map(partition).into());
        ResponseKind::OffsetDelete(m::OffsetDeleteResponse::default().with_topics(vec![topic]))
    })
    .await;
    assert_eq!(
        perform(&kafka, &delete_offsets(), false).await,
        Said::Partly {
            words: "Kafka refuses 1 of 2 partitions: orders-1: somebody in the group reads the topic: stop him first; the other 1 were taken".into(),
            refused: vec![("orders".into(), 1)],
        }
    );
    assert!(matches!(&sent.lock().unwrap()[..], [(1, RequestKind::OffsetDelete(_), _)]));
}

/// Whoever is no coordinator has done nothing: the one that is is looked up and asked.
#[tokio::test]
async fn a_coordinator_that_moved_is_found_anew() {
    let (fake, kafka, _) = cluster(yes).await;
    let asked = Arc::new(AtomicI32::new(0));
    let lookups = asked.clone();
    let kept = super::on_kafka::Sent::default();
    let sent = kept.clone();
    fake.change(|world| {
        world.others = Box::new(move |id, request, version| {
            if matches!(request, RequestKind::FindCoordinator(_)) {
                return Some(coordinator(lookups.fetch_add(1, Ordering::SeqCst).min(2)));
            }
            kept.lock().unwrap().push((id, request.clone(), version));
            Some(match request {
                RequestKind::OffsetCommit(request) => committed(request, |_| if id < 2 { 16 } else { 0 }),
                other => panic!("{other:?}"),
            })
        });
    });
    let said = perform(&kafka, &commit(), false).await;
    assert_eq!(said, Said::Taken("group billing has committed 2 partitions".into()));
    let told: Vec<i32> = sent.lock().unwrap().iter().map(|(id, ..)| *id).collect();
    assert_eq!(told, [0, 1, 2]);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_group_that_nobody_coordinates_is_given_up_in_words() {
    let (fake, kafka, _) = cluster(yes).await;
    fake.change(|world| {
        world.others = Box::new(|_, request, _| {
            assert!(matches!(request, RequestKind::FindCoordinator(_)));
            let found = m::find_coordinator_response::Coordinator::default().with_error_code(15);
            let answer = m::FindCoordinatorResponse::default().with_coordinators(vec![found]);
            Some(ResponseKind::FindCoordinator(answer))
        });
    });
    let why = words(perform(&kafka, &commit(), false).await);
    let wanted =
        "group billing has no coordinator now: Coordinator not available (error 15); nothing was done";
    assert_eq!(why, wanted);
}
