use super::*;
use crate::{
    action::{
        tests::{apply, changed, healthy, known, put, with_pod, with_set},
        write::{ConfigHow, ConfigOf},
    },
    domain::{
        kafka::{Committed, GroupState, KafkaDelta, Replicas, Throttle},
        kubernetes::{KubernetesDelta, TableDelta},
        snapshot::Snapshot,
        time::Time,
    },
    world::{Fixture, Mood, NOW, SMALL, fixture, kubernetes::unready},
};

fn sight(world: &Fixture, goal: &Goal) -> Sight {
    look(goal, &known(world))
}

/// What is awaited, in words.
fn awaited(world: &Fixture, goal: &Goal) -> String {
    match sight(world, goal) {
        Sight::Awaited { words, .. } | Sight::Idle(words) => words,
        other => panic!("{goal:?}: {other:?}"),
    }
}

fn broker_pod(uid: &str) -> Goal {
    Goal::PodReplaced { pod: Key::new("kafka", "kafka-1"), uid: uid.into(), broker: Some(BrokerId(1)) }
}

/// Strikes broker 1 out of the ISRs of the first `n` topics.
fn out_of_sync(snapshot: &mut Snapshot, n: usize) {
    let mut changed: Vec<_> = snapshot.kafka.topics.values().take(n).cloned().collect();
    for partition in changed.iter_mut().flat_map(|t| &mut t.partitions) {
        partition.isr = partition.isr.iter().copied().filter(|id| id.0 != 1).collect::<Replicas>();
    }
    apply(snapshot, KafkaDelta::Topics { changed, removed: vec![], at: NOW });
}

#[test]
fn a_pod_is_replaced_when_its_broker_is_back_in_every_isr() {
    let old = broker_pod("uid-kafka-kafka-1");
    assert_eq!(awaited(&healthy(), &old), "pod kafka/kafka-1 to be ended");
    let ending = changed(|s| with_pod(s, "kafka", "kafka-1", |p| p.meta.deleting = Some(NOW)));
    assert_eq!(awaited(&ending, &old), "pod kafka/kafka-1 to end (it has 120 s)");
    let remove = |s: &mut Snapshot| {
        let key = Key::new("kafka", "kafka-1");
        apply(s, KubernetesDelta::Pods(TableDelta::Remove { key, at: NOW }));
    };
    assert_eq!(awaited(&changed(remove), &old), "StatefulSet kafka/kafka to make pod kafka/kafka-1 again");
    let scaled = changed(|s| {
        remove(s);
        with_set(s, |set| set.replicas = 1);
    });
    let lost =
        Sight::Lost("pod kafka/kafka-1 is not made again: StatefulSet kafka/kafka was scaled to 1".into());
    assert_eq!(sight(&scaled, &old), lost);

    // From here on another pod is there under the name.
    let before = broker_pod("older");
    let starting = changed(|s| with_pod(s, "kafka", "kafka-1", unready));
    assert!(awaited(&starting, &before).starts_with("pod kafka/kafka-1 to be Ready"));
    let catching_up = changed(|s| out_of_sync(s, 2));
    let share = Some(28.0 / 42.0);
    let words = "broker 1 back in 28 of 42 ISRs".to_string();
    assert_eq!(sight(&catching_up, &before), Sight::Awaited { words, share });
    assert_eq!(sight(&healthy(), &before), Sight::Reached);
}

#[test]
fn isrs_that_were_read_before_the_pod_was_ready_prove_nothing() {
    let world = changed(|s| {
        with_pod(s, "kafka", "kafka-1", |pod| {
            for condition in &mut pod.conditions {
                condition.since = Some(Time(NOW.0 + 1));
            }
        });
    });
    assert_eq!(awaited(&world, &broker_pod("older")), "the ISRs to be read");
}

#[test]
fn a_broker_that_is_not_registered_is_awaited() {
    let world = fixture(Mood::Degraded, SMALL);
    let Sight::Awaited { words, .. } = sight(&world, &broker_pod("older")) else { panic!() };
    assert!(words.starts_with("pod kafka/kafka-1 to be Ready"), "{words}");
    let ready = changed(|s| {
        let brokers = [0, 2].map(|i| (BrokerId(i), format!("kafka-{i}.x").into(), 9092, None));
        apply(s, KafkaDelta::Cluster { id: None, controller: None, brokers: brokers.into(), at: NOW });
    });
    assert_eq!(awaited(&ready, &broker_pod("older")), "broker 1 to register");
}

#[test]
fn pods_without_a_name_that_lasts_are_replaced_by_their_controllers_word() {
    let goal =
        |name: &str| Goal::PodReplaced { pod: Key::new("shop", name), uid: "gone".into(), broker: None };
    let without = changed(|s| {
        let key = Key::new("shop", "billing-5d8c7-0");
        apply(s, KubernetesDelta::Pods(TableDelta::Remove { key, at: NOW }));
        let set = Key::new("shop", "billing-5d8c7");
        let mut set = s.kubernetes.replica_sets.get(&set).expect("a ReplicaSet").clone();
        set.ready = 1;
        apply(s, KubernetesDelta::ReplicaSets(put(set)));
    });
    assert_eq!(
        awaited(&without, &goal("billing-5d8c7-0")),
        "1 of 2 pods of ReplicaSet shop/billing-5d8c7 Ready"
    );
    assert_eq!(sight(&healthy(), &goal("billing-5d8c7-xyz")), Sight::Reached);
    // Nobody makes a bare pod again.
    assert_eq!(sight(&healthy(), &goal("lone")), Sight::Reached);
}

#[test]
fn a_silent_source_tells_nothing() {
    let world = fixture(Mood::Stale, SMALL);
    let key = Key::new("kafka", "kafka");
    let goals = [
        broker_pod("older"),
        Goal::Replicas { kind: Kind::StatefulSet, key: key.clone(), replicas: 3, after: 0 },
        Goal::RolledOut { kind: Kind::StatefulSet, key, after: 0 },
    ];
    for goal in goals {
        assert!(matches!(sight(&world, &goal), Sight::Unknown(_)), "{goal:?}");
    }
}

#[test]
fn replicas_are_reached_when_their_brokers_have_joined() {
    let key = Key::new("kafka", "kafka");
    let goal = |replicas| Goal::Replicas { kind: Kind::StatefulSet, key: key.clone(), replicas, after: 1 };
    let scaled = |replicas: i32, ready: i32| {
        changed(|s| {
            with_set(s, |set| {
                (set.replicas, set.ready) = (replicas, ready);
                (set.generation, set.observed_generation) = (2, 2);
            });
        })
    };
    assert_eq!(awaited(&healthy(), &goal(4)), "the API server to show it on StatefulSet kafka/kafka");
    assert_eq!(awaited(&scaled(4, 3), &goal(4)), "3 of 4 pods of StatefulSet kafka/kafka Ready");
    assert_eq!(awaited(&scaled(2, 2), &goal(2)), "1 pod of StatefulSet kafka/kafka to end");
    let lost = Sight::Lost("somebody else set StatefulSet kafka/kafka to 5 replicas".into());
    assert_eq!(sight(&scaled(5, 3), &goal(4)), lost);
    assert_eq!(sight(&scaled(3, 3), &goal(3)), Sight::Reached);
    let unregistered = changed(|s| {
        with_set(s, |set| (set.generation, set.observed_generation) = (2, 2));
        let brokers = [0, 1].map(|i| (BrokerId(i), format!("kafka-{i}.x").into(), 9092, None));
        apply(s, KafkaDelta::Cluster { id: None, controller: None, brokers: brokers.into(), at: NOW });
    });
    assert_eq!(awaited(&unregistered, &goal(3)), "broker 2 to register");
}

#[test]
fn a_rollout_is_not_over_before_it_was_seen_to_begin() {
    let goal = Goal::RolledOut { kind: Kind::StatefulSet, key: Key::new("kafka", "kafka"), after: 1 };
    assert_eq!(awaited(&healthy(), &goal), "the API server to show it on StatefulSet kafka/kafka");
    let at = |observed, updated, ready| {
        changed(move |s| {
            with_set(s, |set| {
                (set.generation, set.observed_generation) = (2, observed);
                (set.updated, set.ready) = (updated, ready);
            });
        })
    };
    assert_eq!(awaited(&at(1, 3, 3), &goal), "the controller of StatefulSet kafka/kafka to see it");
    let words = "1 of 3 pods of StatefulSet kafka/kafka new, 2 Ready".to_string();
    assert_eq!(sight(&at(2, 1, 2), &goal), Sight::Awaited { words, share: Some(1.0 / 3.0) });
    assert_eq!(sight(&at(2, 3, 3), &goal), Sight::Reached);
}

fn setting(of: ConfigOf, name: &str, how: ConfigHow) -> Goal {
    Goal::Settings { changes: vec![ConfigChange { of, name: name.into(), how }] }
}

const THROTTLED: &str = "leader.replication.throttled.replicas";

/// A world where `orders` has this override.
fn throttled(replicas: Option<&str>) -> Fixture {
    changed(|s| {
        let mut config = s.kafka.topics["orders"].config.clone().expect("its settings");
        config.overrides = replicas.iter().map(|set| (THROTTLED.into(), set.to_string())).collect();
        apply(s, KafkaDelta::Configs { configs: vec![("orders".into(), config)], at: NOW });
    })
}

#[test]
fn settings_are_reached_when_they_are_read_as_changed() {
    let orders = |how| setting(ConfigOf::Topic("orders".into()), THROTTLED, how);
    let reached = |set, how| sight(&throttled(set), &orders(how)) == Sight::Reached;
    let list = || "0:1,1:2".to_owned();
    assert!(reached(Some("0:1"), ConfigHow::Set("0:1".into())));
    assert!(!reached(Some("0:1"), ConfigHow::Set("0:2".into())) && !reached(None, ConfigHow::Set(list())));
    assert!(reached(None, ConfigHow::Remove) && !reached(Some(""), ConfigHow::Remove));
    assert!(reached(Some("1:2,3:3,0:1"), ConfigHow::Append(list())));
    assert!(
        !reached(Some("1:2,0:11"), ConfigHow::Append(list())) && !reached(None, ConfigHow::Append(list()))
    );
    assert!(reached(Some("0:11"), ConfigHow::Subtract(list())) && reached(None, ConfigHow::Subtract(list())));
    assert!(!reached(Some("3:3,1:2"), ConfigHow::Subtract(list())));
    let words = awaited(&throttled(None), &orders(ConfigHow::Append(list())));
    assert_eq!(words, format!("{THROTTLED} of topic orders to be read as changed"));
    // With a topic went what was to be taken away from it; nothing can be set on it any more.
    let gone = |how| sight(&healthy(), &setting(ConfigOf::Topic("gone".into()), THROTTLED, how));
    assert_eq!(gone(ConfigHow::Remove), Sight::Reached);
    assert_eq!(gone(ConfigHow::Set(list())), Sight::Lost("topic gone was deleted".into()));
}

#[test]
fn a_brokers_rate_is_reached_by_what_the_broker_itself_tells() {
    let rate = "leader.replication.throttled.rate";
    let goal = |how| setting(ConfigOf::Broker(BrokerId(1)), rate, how);
    let world = |answer: Result<Throttle, Text>| {
        changed(|s| apply(s, KafkaDelta::Throttle { broker: BrokerId(1), answer, at: NOW }))
    };
    let throttle = |leader| Ok(Throttle { leader, follower: Some(7) });
    assert_eq!(sight(&world(throttle(Some(1_000))), &goal(ConfigHow::Set("1000".into()))), Sight::Reached);
    assert_eq!(sight(&world(throttle(None)), &goal(ConfigHow::Remove)), Sight::Reached);
    let awaited = awaited(&world(throttle(Some(1))), &goal(ConfigHow::Remove));
    assert_eq!(awaited, "leader.replication.throttled.rate of broker 1 to be read as changed");
    let silent = sight(&world(Err("connection refused".into())), &goal(ConfigHow::Remove));
    assert_eq!(silent, Sight::Unknown("the throttles of broker 1 are not read now".into()));
}

#[test]
fn a_claim_is_replaced_when_another_is_in_its_place_or_none() {
    let world = healthy();
    let claim = world.snapshot.kubernetes.claims.iter().next().expect("a claim").clone();
    let (key, uid) = (claim.meta.key.clone(), claim.meta.uid.clone());
    let goal = |uid: &str| Goal::ClaimReplaced { claim: key.clone(), uid: uid.into() };
    assert_eq!(awaited(&world, &goal(&uid)), format!("claim {key} to be deleted"));
    let ending = changed(|s| {
        let mut claim = claim.clone();
        claim.meta.deleting = Some(NOW);
        apply(s, KubernetesDelta::Claims(put(claim)));
    });
    assert_eq!(awaited(&ending, &goal(&uid)), format!("claim {key} to go, which stays while a pod uses it"));
    assert_eq!(sight(&world, &goal("older")), Sight::Reached);
    let gone = changed(|s| {
        apply(s, KubernetesDelta::Claims(TableDelta::Remove { key: key.clone(), at: NOW }));
    });
    assert_eq!(sight(&gone, &goal(&uid)), Sight::Reached);
}

/// A world where a group is in this state, with so much committed on orders-0.
fn group_in(state: GroupState, offset: i64) -> Fixture {
    changed(|s| {
        let mut group = s.kafka.groups.values().next().expect("a group").clone();
        group.id = "g".into();
        group.state = state;
        if state == GroupState::Empty {
            group.members.clear();
        }
        apply(s, KafkaDelta::Groups { changed: vec![group], removed: vec![], at: NOW });
        let committed = vec![Committed { topic: "orders".into(), partition: 0, offset }];
        apply(s, KafkaDelta::Offsets { answers: vec![("g".into(), Ok(committed))], at: NOW });
    })
}

#[test]
fn offsets_are_reached_as_committed_or_when_somebody_goes_on_from_them() {
    let goal = |offset| Goal::Offsets { group: "g".into(), offsets: vec![("orders".into(), 0, offset)] };
    let empty = group_in(GroupState::Empty, 7);
    assert_eq!(sight(&empty, &goal(7)), Sight::Reached);
    assert_eq!(awaited(&empty, &goal(8)), "0 of 1 partition read as committed by group g");
    assert_eq!(sight(&group_in(GroupState::Stable, 9), &goal(8)), Sight::Reached);
    assert_eq!(sight(&healthy(), &goal(8)), Sight::Lost("group g is gone".into()));
    let taken = goal(8).without(&[("orders".into(), 0)]);
    assert_eq!(sight(&empty, &taken), Sight::Reached, "what was refused is not awaited");
}

#[test]
fn groups_and_their_offsets_go_and_their_members_leave() {
    let id = || "g".into();
    let (no_group, empty) = (Goal::NoGroup { group: id() }, Goal::GroupEmpty { group: id() });
    let no_offsets =
        |partition| Goal::NoOffsets { group: id(), partitions: vec![("orders".into(), partition)] };
    let (left, peopled) = (group_in(GroupState::Empty, 7), group_in(GroupState::Stable, 7));
    assert_eq!(awaited(&left, &no_group), "group g to go");
    assert_eq!(sight(&group_in(GroupState::Dead, 7), &no_group), Sight::Reached);
    assert_eq!(sight(&healthy(), &no_group), Sight::Reached);
    assert_eq!(awaited(&left, &no_offsets(0)), "0 of 1 partition read as without a commit of group g");
    assert_eq!(sight(&left, &no_offsets(1)), Sight::Reached);
    assert_eq!(sight(&healthy(), &no_offsets(0)), Sight::Reached);
    assert_eq!(sight(&left, &empty), Sight::Reached);
    assert_eq!(sight(&healthy(), &empty), Sight::Reached);
    assert!(awaited(&peopled, &empty).ends_with(" of group g to leave"));
    for goal in [no_group, no_offsets(0), empty] {
        assert!(matches!(sight(&fixture(Mood::Stale, SMALL), &goal), Sight::Unknown(_)), "{goal:?}");
    }
}
