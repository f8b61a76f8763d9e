//! The plans of runbooks that restart brokers.

use super::{pods::strimzi, *};
use crate::{
    action::{Friction, Risk, task::Task},
    domain::{
        access::{Grant, Operation},
        kafka::{KafkaDelta, Replicas},
        kubernetes::Owner,
    },
    world::kubernetes::pod,
};

fn rolled(plan: &Plan) -> Vec<i32> {
    match &plan.tasks[0] {
        Task::Roll(roll) => roll.pods.iter().map(|old| old.broker.0).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn brokers_are_chosen_by_what_makes_them_by_their_cluster_or_one_by_one() {
    let world = healthy();
    let cluster = Object::Cluster("kafka/kafka".into());
    for objects in [vec![set()], vec![cluster], vec![], [2, 0, 1].map(broker).into()] {
        assert_eq!(rolled(&plan(&world, "roll", &objects, "").expect("a plan")), [0, 1, 2], "{objects:?}");
    }
    let twice = [broker(1), object(Kind::Pod, "kafka", "kafka-1"), set()];
    assert_eq!(rolled(&plan(&world, "roll", &twice, "").expect("a plan")), [0, 1, 2], "none of them twice");
    let one = made(&world, "roll", broker(1), "");
    assert_eq!((one.title.as_str(), one.asks()), ("roll broker 1", Friction::Yes));
    assert!(one.steps.is_empty() && one.tasks.len() == 2);
    let other = Object::Cluster("kafka/other".into());
    assert!(refused(&world, "roll", other, "").contains("is not the cluster that is looked at"));
    let topic = Object::Topic("orders".into());
    assert!(refused(&world, "roll", topic, "").starts_with("a topic is not restarted"));
}

#[test]
fn what_is_no_broker_or_would_not_come_back_is_not_rolled() {
    let billing = object(Kind::Pod, "shop", "billing-5d8c7-0");
    assert!(refused(&healthy(), "roll", billing, "").starts_with("pod shop/billing-5d8c7-0 is no broker"));
    let bare = changed(|s| {
        (0..3).for_each(|i| {
            with_pod(s, "kafka", &format!("kafka-{i}"), |pod| {
                pod.meta.owner = None;
                pod.containers[0].kafka_env.insert("KAFKA_NODE_ID".into(), i.to_string().into());
            });
        })
    });
    let why = refused(&bare, "roll", object(Kind::Pod, "kafka", "kafka-1"), "");
    assert!(why.starts_with("nothing would put pod kafka/kafka-1 back"), "{why}");
    let elsewhere = changed(|s| {
        let mut pod = crate::world::kubernetes::broker_pod(0, SMALL);
        (pod.meta.key, pod.meta.uid) = (Key::new("other", "kafka-0"), "uid-other-kafka-0".into());
        apply(s, KubernetesDelta::Pods(put(pod)));
    });
    let why = refused(&elsewhere, "roll", object(Kind::Pod, "other", "kafka-0"), "");
    assert!(why.starts_with("which broker pod other/kafka-0 is cannot be told"), "{why}");
}

#[test]
fn what_would_be_unsafe_is_waited_for_and_not_overruled() {
    let world = fixture(Mood::Degraded, SMALL);
    let plan = made(&world, "roll", broker(2), "");
    assert!(plan.refusals.is_empty() && plan.asks() == Friction::Yes, "{:?}", plan.refusals);
    assert!(says(notes(&plan), "as it is now it would wait: without broker 2 39 partitions"));
    // What has no replica to spare is felt all the same.
    let named = &plan.radius.unprotected;
    assert!(plan.radius.under_min_isr.iter().chain(&plan.radius.offline).all(|name| named.contains(name)));
}

#[test]
fn a_plan_for_other_pods_of_the_same_names_is_another() {
    let seen = made(&healthy(), "roll", broker(1), "");
    let world = changed(|s| with_pod(s, "kafka", "kafka-1", |pod| pod.meta.uid = "newer".into()));
    assert!(!seen.holds(&made(&world, "roll", broker(1), "")));
    assert!(seen.holds(&made(&healthy(), "roll", broker(1), "")));
}

#[test]
fn who_may_not_elect_rolls_without_it_and_is_told() {
    let world = changed(|s| {
        let operations = 1 << Operation::Read as i32;
        s.apply(crate::domain::snapshot::Delta::Access(vec![Grant::Cluster { operations }]));
    });
    let plan = made(&world, "roll", broker(1), "");
    assert_eq!(plan.tasks.len(), 1);
    assert!(says(notes(&plan), "leaders are not given back: that needs Alter on the cluster"));
}

#[test]
fn strimzi_rolls_its_own() {
    let plan = made(&changed(strimzi), "roll", broker(1), "");
    assert_eq!(
        plan.commands,
        ["kubectl -n kafka annotate pod kafka-1 strimzi.io/manual-rolling-update=true"]
    );
    assert!(matches!(&plan.tasks[0], Task::Roll(roll) if roll.pods[0].strimzi));
}

#[test]
fn a_node_is_drained_of_what_is_not_its_own() {
    let world = changed(|s| {
        let mut daemon = pod("web", "agent", 0, 90);
        daemon.meta.owner = Some(Owner {
            api_version: "apps/v1".into(),
            kind: "DaemonSet".into(),
            name: "agent".into(),
            uid: "d".into(),
        });
        apply(s, KubernetesDelta::Pods(put(daemon)));
    });
    let plan = made(&world, "drain-node", node(), "");
    assert_eq!(plan.tasks.len(), 2);
    assert!(says(&plan.changes, "pod kafka/kafka-0 of broker 0 evicted when it can be spared"));
    assert!(says(&plan.changes, "1 pod of DaemonSets, static or ended, left alone"), "{:?}", plan.changes);
    assert_eq!(plan.undo.as_deref(), Some("kubectl uncordon node-a1"));
    assert_eq!((plan.asks(), plan.risk), (Friction::Yes, Risk::Elevated));
    let bare = changed(|s| apply(s, KubernetesDelta::Pods(put(pod("shop", "by-hand", 0, 91)))));
    let plan = made(&bare, "drain-node", node(), "");
    assert_eq!(plan.asks(), Friction::ContextAndName);
    assert!(says(&plan.refusals, "1 pod would be gone for good"), "{:?}", plan.refusals);
    let alone = changed(|s| {
        let nodes: Vec<_> = s.kubernetes.nodes.iter().cloned().collect();
        for mut node in nodes {
            node.unschedulable = true;
            apply(s, KubernetesDelta::Nodes(put(node)));
        }
    });
    assert!(says(notes(&made(&alone, "drain-node", node(), "")), "no other node of zone-a takes pods"));
}

fn only_on(snapshot: &mut Snapshot, leader: Option<BrokerId>) {
    let mut orders = snapshot.kafka.topics["orders"].clone();
    let one: Replicas = [BrokerId(1)].into_iter().collect();
    (orders.partitions[0].replicas, orders.partitions[0].isr) = (one.clone(), one);
    orders.partitions[0].leader = leader;
    apply(snapshot, KafkaDelta::Topics { changed: vec![orders], removed: vec![], at: NOW });
}

#[test]
fn with_a_disk_goes_nothing_that_is_nowhere_else() {
    let plan = made(&healthy(), "replace", broker(1), "disk");
    assert_eq!((plan.title.as_str(), plan.asks()), ("replace broker 1 with an empty disk", Friction::Name));
    assert!(says(&plan.changes, "claim kafka/data-kafka-1 (100 GiB) is deleted"), "{:?}", plan.changes);
    assert_eq!(plan.tasks.len(), 2, "nothing is moved: the others have it all");
    // The only replica of a partition is moved off before, and back afterwards.
    let world = changed(|s| only_on(s, Some(BrokerId(1))));
    let plan = made(&world, "replace", broker(1), "disk at 50MiB");
    let [Task::Move(off), Task::Renew(_), Task::Move(back), Task::Elect(_)] = &plan.tasks[..] else {
        panic!("{:?}", plan.tasks)
    };
    assert_eq!((&off.legs[0].from, &off.legs[0].to), (&back.legs[0].to, &back.legs[0].from));
    assert_eq!((off.legs.len(), off.rate), (1, Some(50 << 20)));
    // Without a leader it cannot be copied.
    let why = refused(&changed(|s| only_on(s, None)), "replace", broker(1), "disk");
    assert!(why.starts_with("orders-0 would be lost with the disk of broker 1"), "{why}");
    assert_eq!(made(&healthy(), "replace", broker(1), "").asks(), Friction::Yes, "the disk stays");
}

#[test]
fn what_is_typed_for_a_replacement_is_understood_or_said_to_be_not() {
    for (typed, words) in [("disc", "\"disc\" is not understood"), ("disk at 50", "50 of what?")] {
        let why = refused(&healthy(), "replace", broker(1), typed);
        assert!(why.starts_with(words), "{why}");
    }
    // Three brokers and three replicas: nobody could take them.
    let why = refused(&healthy(), "replace", broker(1), "off");
    assert!(why.contains("has 3 replicas and only 2 brokers may hold one"), "{why}");
    let why = refused(&healthy(), "replace", Object::Topic("orders".into()), "");
    assert_eq!(why, "a topic cannot be replaced; select a broker");
}
