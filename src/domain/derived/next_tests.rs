//! Whatever changes, what is worked out from the derivation before is what is worked out anew.

use super::*;
use crate::{
    domain::{
        kafka::{
            BrokerId, Committed, Group, GroupState, KafkaDelta, Member, Partition, Replicas, Topic,
            TopicPartitions,
        },
        kubernetes::{KubernetesDelta, TableDelta},
        snapshot::Delta,
    },
    world::{self, SMALL},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::time::Duration;

const TOPICS: [&str; 3] = ["orders", "payments", "clicks"];
const GROUPS: [&str; 3] = ["audit", "billing", "shipping"];

/// News without their time.
#[derive(Debug, Clone)]
enum Change {
    Topic(&'static str, Vec<Option<i32>>),
    TopicGone(&'static str),
    Ends(&'static str, Vec<i64>),
    Offsets(&'static str, Vec<Committed>),
    Group(&'static str, GroupState, Vec<&'static str>),
    GroupGone(&'static str),
    Coordinated(i32, &'static str),
    Led(i32),
    Reset,
    Pod(usize, Option<usize>),
}

impl Change {
    fn delta(self, at: Time) -> Delta {
        let (changed, removed) = (vec![], vec![]);
        let kafka = match self {
            Change::Topic(name, leaders) => {
                KafkaDelta::Topics { changed: vec![topic(name, &leaders)], removed, at }
            }
            Change::TopicGone(name) => KafkaDelta::Topics { changed: vec![], removed: vec![name.into()], at },
            Change::Ends(name, ends) => KafkaDelta::Ends { changed: vec![(name.into(), ends)], at },
            Change::Offsets(id, commits) => {
                KafkaDelta::Offsets { answers: vec![(id.into(), Ok(commits))], at }
            }
            Change::Group(id, state, topics) => {
                KafkaDelta::Groups { changed: vec![group(id, state, topics)], removed: vec![], at }
            }
            Change::GroupGone(id) => KafkaDelta::Groups { changed, removed: vec![id.into()], at },
            Change::Coordinated(id, group) => {
                KafkaDelta::Coordinated { broker: BrokerId(id), answer: Ok(vec![group.into()]), at }
            }
            Change::Led(id) => KafkaDelta::Led { broker: BrokerId(id), answer: Ok(()), at },
            Change::Reset => KafkaDelta::Reset,
            Change::Pod(nth, node) => {
                let mut row = world::healthy(SMALL).kubernetes.pods.iter().nth(nth).cloned().expect("a pod");
                row.node = node.map(|n| format!("node-{n}").into());
                return KubernetesDelta::Pods(TableDelta::Put { row, at }).into();
            }
        };
        kafka.into()
    }
}

fn topic(name: &str, leaders: &[Option<i32>]) -> Topic {
    let on: Replicas = [0, 1].map(BrokerId).into_iter().collect();
    let partition = |(index, leader): (i32, &Option<i32>)| Partition {
        index,
        leader: leader.map(BrokerId),
        epoch: 0,
        replicas: on.clone(),
        isr: on.clone(),
        offline: Replicas::default(),
    };
    let partitions = (0..).zip(leaders).map(partition).collect();
    Topic { name: name.into(), id: None, internal: false, partitions, config: None }
}

fn group(id: &str, state: GroupState, assigned: Vec<&'static str>) -> Group {
    let assignment: Vec<_> =
        assigned.into_iter().map(|t| TopicPartitions { topic: t.into(), partitions: vec![0, 1] }).collect();
    let member = Member {
        id: "m".into(),
        client_id: "c".into(),
        host: "/10.1.2.3".into(),
        instance: None,
        assignment,
    };
    Group { state, members: vec![member], coordinator: Some(BrokerId(0)), ..Group::new(id.into()) }
}

fn commits() -> impl Strategy<Value = Vec<Committed>> {
    let places = proptest::collection::btree_map((select(&TOPICS[..]), 0..2i32), 0..40i64, 0..5);
    let commit =
        |((topic, partition), offset): ((&str, i32), _)| Committed { topic: topic.into(), partition, offset };
    // A map is in the order that commits are kept in.
    places.prop_map(move |places| places.into_iter().map(commit).collect())
}

fn change() -> impl Strategy<Value = Change> {
    let (name, id, broker) = (|| select(&TOPICS[..]), || select(&GROUPS[..]), || 0..2i32);
    let state = select(vec![GroupState::Stable, GroupState::Empty, GroupState::Rebalancing]);
    prop_oneof![
        2 => (name(), vec(option::of(broker()), 1..3)).prop_map(|(name, on)| Change::Topic(name, on)),
        1 => name().prop_map(Change::TopicGone),
        6 => (name(), vec(-1..50i64, 1..3)).prop_map(|(name, ends)| Change::Ends(name, ends)),
        6 => (id(), commits()).prop_map(|(id, commits)| Change::Offsets(id, commits)),
        3 => (id(), state, vec(name(), 0..2)).prop_map(|(id, state, of)| Change::Group(id, state, of)),
        1 => id().prop_map(Change::GroupGone),
        2 => (broker(), id()).prop_map(|(broker, id)| Change::Coordinated(broker, id)),
        2 => broker().prop_map(Change::Led),
        1 => Just(Change::Reset),
        2 => (0..20usize, option::of(0..3usize)).prop_map(|(nth, node)| Change::Pod(nth, node)),
    ]
}

/// What of a group's row does not change with time alone.
fn at_once(groups: &Groups) -> Vec<impl PartialEq + std::fmt::Debug> {
    let mut rows: Vec<_> = groups
        .iter()
        .map(|r| (r.id.clone(), r.state, r.lag, r.unknown, r.worst.clone(), r.rewound.clone()))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows
}

proptest! {
    #[test]
    fn what_is_kept_is_what_would_be_made_anew(
        changes in vec((change(), 0..30u64, any::<bool>()), 1..40),
    ) {
        let mut snapshot = Snapshot::default();
        for id in GROUPS {
            let changed = vec![group(id, GroupState::Stable, TOPICS.to_vec())];
            snapshot.apply(KafkaDelta::Groups { changed, removed: vec![], at: Time(0) }.into());
        }
        let (mut now, mut derived) = (Time(1_000), Derived::default());
        for (change, seconds, derives) in changes {
            now = now.plus(Duration::from_secs(seconds));
            snapshot.apply(change.delta(now));
            if !derives {
                continue;
            }
            derived = derived.next(&snapshot, now, Choice::Largest);
            let anew = Derived::of(&snapshot, now, None);
            let (kept, made) = (&derived.joined, &anew.joined);
            prop_assert_eq!(at_once(&kept.groups), at_once(&made.groups));
            prop_assert_eq!(&kept.clusters, &made.clusters);
            prop_assert_eq!(&kept.pods_on, &made.pods_on);
            prop_assert_eq!(&kept.pods, &made.pods);
            // After a while also what is told by time.
            let later = now.plus(Duration::from_secs(5));
            let next = derived.next(&snapshot, later, Choice::Largest);
            let anew = Derived::of(&snapshot, later, None);
            let rows = |derived: &Derived| -> Vec<GroupRow> {
                derived.joined.groups.iter().map(|row| GroupRow { at: later, ..row.clone() }).collect()
            };
            prop_assert_eq!(rows(&next), rows(&anew));
            prop_assert_eq!(&next.findings, &anew.findings);
        }
    }
}
