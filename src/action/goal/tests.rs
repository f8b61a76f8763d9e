use super::*;
use crate::{
    action::tests::{apply, changed, healthy, known, put, with_pod, with_set},
    domain::{
        kafka::{KafkaDelta, Replicas},
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
