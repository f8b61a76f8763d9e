//! Evict, delete, scale and restart.

use super::*;
use crate::{
    action::{Friction, Goal, Risk, Write, find, rights},
    domain::kubernetes::{Autoscaler, Owner},
    world,
};

fn kafka_pod(index: usize) -> Object {
    object(Kind::Pod, "kafka", &format!("kafka-{index}"))
}

pub fn strimzi(snapshot: &mut Snapshot) {
    for i in 0..3 {
        with_pod(snapshot, "kafka", &format!("kafka-{i}"), |pod| {
            for (name, value) in [
                ("strimzi.io/cluster", "main"),
                ("strimzi.io/kind", "Kafka"),
                ("strimzi.io/broker-role", "true"),
                ("strimzi.io/pool-name", "brokers"),
            ] {
                pod.meta.labels.insert(name.into(), value.into());
            }
            if let Some(owner) = &mut pod.meta.owner {
                owner.kind = "StrimziPodSet".into();
                owner.api_version = "core.strimzi.io/v1".into();
            }
        });
    }
}

#[test]
fn a_broker_of_a_healthy_cluster_may_be_evicted_and_is_followed_into_its_isrs() {
    let world = healthy();
    let plan = made(&world, "evict", broker(1), "");
    assert_eq!((plan.title.as_str(), plan.name.as_str()), ("evict pod kafka/kafka-1", "kafka-1"));
    assert_eq!((plan.risk, plan.asks()), (Risk::Elevated, Friction::Yes));
    assert_eq!(plan.radius.at_min_isr.len(), 42);
    assert_eq!(plan.radius.leaderless.len(), 14);
    let step = &plan.steps[0];
    assert_eq!(
        step.write,
        Write::Evict { pod: Key::new("kafka", "kafka-1"), uid: "uid-kafka-kafka-1".into() }
    );
    let Goal::PodReplaced { broker, .. } = &step.until else { panic!("{step:?}") };
    assert_eq!(*broker, Some(BrokerId(1)));
    assert!(says(notes(&plan), "budget kafka/kafka allows 1 disruption (3 of 3 healthy, 2 wanted)"));
    assert!(says(notes(&plan), "StatefulSet kafka puts another pod in its place"));
    assert_eq!(made(&world, "evict", kafka_pod(1), "").steps, plan.steps);
}

#[test]
fn a_broker_that_would_stop_writes_is_refused_until_both_names_are_typed() {
    let world = fixture(Mood::Degraded, SMALL);
    for verb in ["evict", "delete"] {
        let plan = made(&world, verb, broker(2), "");
        assert_eq!((plan.risk, plan.asks()), (Risk::Outage, Friction::ContextAndName));
        assert!(says(&plan.refusals, "without broker 2 39 partitions would refuse acks=all"));
        assert!(says(&plan.refusals, "broker 1 is out of sync"));
    }
}

#[test]
fn a_pod_that_is_no_broker_has_no_radius() {
    let plan = made(&healthy(), "delete", object(Kind::Pod, "shop", "audit-5d8c7-0"), "");
    assert!(plan.radius.is_empty() && plan.refusals.is_empty() && plan.unknown.is_empty());
    assert!(says(notes(&plan), "Deployment audit puts another pod in its place"));
    assert_eq!(plan.commands, ["kubectl -n shop delete pod audit-5d8c7-0 --wait=false"]);
}

#[test]
fn what_is_stale_asks_for_the_name() {
    let plan = made(&fixture(Mood::Stale, SMALL), "evict", broker(1), "");
    assert_eq!(plan.asks(), Friction::Name);
    assert!(says(&plan.unknown, "leaders and ISRs"), "{:?}", plan.unknown);
    assert!(says(&plan.unknown, "pods"), "{:?}", plan.unknown);
}

#[test]
fn a_pod_that_is_another_now_is_not_touched() {
    let world = changed(|s| with_pod(s, "kafka", "kafka-1", |pod| pod.meta.uid = "newer".into()));
    assert_eq!(
        refused(&world, "delete", kafka_pod(1), ""),
        "pod kafka/kafka-1 was replaced since you looked; select it again"
    );
    let gone = object(Kind::Pod, "kafka", "kafka-9");
    assert_eq!(refused(&world, "evict", gone, ""), "pod kafka/kafka-9 is not there any more");
    let ending = changed(|s| with_pod(s, "kafka", "kafka-1", |pod| pod.meta.deleting = Some(NOW)));
    assert_eq!(refused(&ending, "delete", kafka_pod(1), ""), "pod kafka/kafka-1 is terminating already");
}

#[test]
fn budgets_have_their_say() {
    let budget = |s: &Snapshot| s.kubernetes.budgets.iter().next().expect("a budget").clone();
    let full = changed(|s| {
        let mut budget = budget(s);
        (budget.allowed, budget.healthy) = (0, 2);
        apply(s, KubernetesDelta::Budgets(put(budget)));
    });
    let plan = made(&full, "evict", broker(1), "");
    assert!(says(
        notes(&plan),
        "allows no disruption now (2 of 3 healthy, 2 wanted): the API server will refuse"
    ));
    assert!(says(notes(&made(&full, "delete", broker(1), "")), "deleting does not ask it"));
    let two = changed(|s| {
        let mut second = budget(s);
        second.meta.key = Key::new("kafka", "another");
        apply(s, KubernetesDelta::Budgets(put(second)));
    });
    assert!(refused(&two, "evict", broker(1), "").starts_with("2 budgets protect pod kafka/kafka-1"));
    made(&two, "delete", broker(1), "");
}

#[test]
fn a_warning_that_appears_makes_another_plan_of_it_and_a_count_does_not() {
    let budget = |allowed, healthy| {
        changed(|s| {
            let mut budget = s.kubernetes.budgets.iter().next().expect("a budget").clone();
            (budget.allowed, budget.healthy) = (allowed, healthy);
            apply(s, KubernetesDelta::Budgets(put(budget)));
        })
    };
    let seen = made(&healthy(), "evict", broker(1), "");
    assert!(!seen.holds(&made(&budget(0, 2), "evict", broker(1), "")));
    assert!(seen.holds(&made(&budget(2, 4), "evict", broker(1), "")));
    let helm = changed(|s| {
        with_set(s, |set| {
            set.meta.labels.insert("app.kubernetes.io/managed-by".into(), "Helm".into());
        });
    });
    assert!(!made(&healthy(), "scale", set(), "4").holds(&made(&helm, "scale", set(), "4")));
    let strict = Plan { friction: Friction::Name, ..seen.clone() };
    assert!(!seen.holds(&strict) && seen.holds(&seen));
}

#[test]
fn too_short_a_grace_period_is_said() {
    let world = changed(|s| with_pod(s, "kafka", "kafka-1", |pod| pod.grace = 30));
    assert!(says(notes(&made(&world, "evict", broker(1), "")), "is killed after 30 s"));
    assert!(!says(notes(&made(&world, "evict", broker(2), "")), "is killed"));
    assert!(says(notes(&made(&world, "restart", set(), "")), "pod kafka/kafka-1 is killed after 30 s"));
    let all = changed(|s| {
        for i in 0..3 {
            with_pod(s, "kafka", &format!("kafka-{i}"), |pod| pod.grace = 30);
        }
    });
    let evicted = plan(&all, "evict", &[0, 1, 2].map(broker), "").expect("a plan");
    for plan in [evicted, made(&all, "restart", set(), "")] {
        let said: Vec<String> = notes(&plan).into_iter().filter(|n| n.contains("killed")).collect();
        assert!(said.len() == 1 && said[0].starts_with("3 pods are killed after 30 s"), "{said:?}");
    }
}

#[test]
fn several_pods_go_one_after_another() {
    let plan = plan(&healthy(), "evict", &[broker(0), broker(1), kafka_pod(1)], "").expect("a plan");
    assert_eq!((plan.title.as_str(), plan.steps.len()), ("evict 2 pods", 2));
    // Judged in turn: each leaves its partitions at min ISR, none of them goes under it.
    assert!(plan.refusals.is_empty() && plan.radius.under_min_isr.is_empty());
}

#[test]
fn strimzi_rolls_its_pods_itself() {
    let world = changed(strimzi);
    let plan = made(&world, "delete", broker(1), "");
    let Write::Annotate { kind, key, name, value, .. } = &plan.steps[0].write else { panic!("{plan:?}") };
    assert_eq!(
        (*kind, &*key.name, &**name, &**value),
        (Kind::Pod, "kafka-1", "strimzi.io/manual-rolling-update", "true")
    );
    let needed = |world: &Fixture| {
        let delete = find("delete").expect("a verb");
        let (known, pod) = (known(world), broker(1));
        rights::needs(delete, &known, Some(&pod)).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(needed(&world), ["patch pods in namespace kafka"], "an annotation is no deletion");
    assert_eq!(needed(&healthy()), ["delete pods in namespace kafka"]);
    assert_eq!(
        refused(&world, "scale", broker(1), "4"),
        "Strimzi keeps its brokers in node pools; run kubectl -n kafka scale \
         kafkanodepools.kafka.strimzi.io brokers --replicas N"
    );
}

#[test]
fn scaling_out_is_pinned_and_says_that_nothing_moves() {
    let plan = made(&healthy(), "scale", set(), "4");
    assert_eq!(plan.title, "scale StatefulSet kafka/kafka from 3 to 4 replicas");
    assert_eq!((plan.risk, plan.asks()), (Risk::Low, Friction::Yes));
    let Write::Scale { resource_version, replicas, uid, .. } = &plan.steps[0].write else {
        panic!("{plan:?}")
    };
    assert_eq!((&**resource_version, *replicas, &**uid), ("1", 4, "uid-kafka-kafka"));
    assert!(says(notes(&plan), "no partition moves by itself"));
    assert_eq!(plan.undo.as_deref(), Some("kubectl scale -n kafka statefulset/kafka --replicas 3"));
}

#[test]
fn brokers_that_hold_replicas_are_not_scaled_away() {
    let world = healthy();
    let four = changed(|s| {
        let brokers = (0..4).map(|i| (BrokerId(i), format!("b{i}").into(), 9092, None)).collect();
        let news = crate::domain::kafka::KafkaDelta::Cluster { id: None, controller: None, brokers, at: NOW };
        apply(s, news);
    });
    assert_eq!(
        refused(&four, "scale", set(), "2"),
        "broker 2 holds 42 replicas, which would be stranded; move them away first (:reassign off 2)"
    );
    // What has three replicas cannot go to two brokers, and nothing can go to none.
    let why = refused(&world, "scale", set(), "2");
    assert!(why.contains("has 3 replicas and 2 brokers would be left: keep 3 pods"), "{why}");
    let why = refused(&world, "scale", set(), "0");
    assert!(why.starts_with("brokers 2, 1, 0 hold 126 replicas"), "{why}");
    assert!(why.contains("no broker would be left") && !why.contains(":reassign off"), "{why}");
    let free = changed(|s| {
        let topics = s.kafka.topics.keys().cloned().collect();
        let news = crate::domain::kafka::KafkaDelta::Topics { changed: vec![], removed: topics, at: NOW };
        apply(s, news);
    });
    let plan = made(&free, "scale", set(), "2");
    assert!(says(&plan.changes, "pod kafka/kafka-2 ends and is not replaced"));
    assert!(says(notes(&plan), "their volumes stay"));
    // Two of the three controllers would be gone.
    assert!(says(&made(&free, "scale", set(), "1").refusals, "controller quorum"));
}

#[test]
fn scaling_to_nothing_asks_for_the_name_and_others_who_scale_are_named() {
    let billing = object(Kind::Deployment, "shop", "billing");
    let plan = made(&healthy(), "scale", billing, "0");
    assert_eq!((plan.risk, plan.asks()), (Risk::Outage, Friction::Name));
    assert!(says(notes(&plan), "autoscaler shop/billing sets replicas itself, between 2 and 6 (now 2)"));
    let world = changed(|s| {
        apply(s, KubernetesDelta::Autoscalers(put(Autoscaler::default())));
        with_set(s, |set| {
            set.meta.labels.insert("app.kubernetes.io/managed-by".into(), "Helm".into());
            set.meta.labels.insert("argocd.argoproj.io/instance".into(), "kafka".into());
            set.meta.labels.insert("kustomize.toolkit.fluxcd.io/name".into(), "kafka".into());
        });
    });
    let plan = made(&world, "scale", set(), "4");
    for owner in ["Helm keeps it", "Argo CD keeps it", "Flux keeps it"] {
        assert!(says(notes(&plan), owner), "{owner}: {:?}", plan.notes);
    }
    assert!(!says(notes(&plan), "autoscaler"));
}

#[test]
fn an_operators_set_is_the_operators() {
    let world = changed(|s| {
        with_set(s, |set| {
            set.meta.owner = Some(Owner {
                api_version: "platform.confluent.io/v1beta1".into(),
                kind: "Kafka".into(),
                name: "kafka".into(),
                uid: "cr".into(),
            });
        });
    });
    for verb in ["scale", "restart"] {
        let plan = made(&world, verb, set(), "4");
        assert!(says(&plan.refusals, "Confluent for Kubernetes keeps kafka/kafka"), "{:?}", plan.refusals);
        assert_eq!(plan.asks(), Friction::ContextAndName);
    }
}

#[test]
fn a_number_that_is_none_is_said_so_whatever_it_holds() {
    for (argument, words) in [
        ("", "\"\" is not a number of replicas"),
        ("-1", "\"-1\" is not a number"),
        ("3x", "\"3x\" is not a number"),
        ("99999999999", "is not a number of replicas"),
        ("\u{1b}[31m4", "\\u{1b}[31m4"),
        ("3", "has 3 replicas already"),
    ] {
        let why = refused(&healthy(), "scale", set(), argument);
        assert!(why.contains(words), "{why}");
        assert!(!why.chars().any(char::is_control));
    }
}

#[test]
fn a_rollout_is_judged_broker_by_broker() {
    let plan = made(&healthy(), "restart", set(), "");
    assert_eq!(plan.risk, Risk::Elevated);
    assert!(plan.refusals.is_empty() && plan.radius.leaderless.len() == 42);
    assert!(says(notes(&plan), "not until it is back in its ISRs"));
    assert!(matches!(plan.steps[0].until, Goal::RolledOut { after: 1, .. }));
    let degraded = made(&fixture(Mood::Degraded, SMALL), "restart", set(), "");
    for id in [0, 2] {
        assert!(says(&degraded.refusals, &format!("without broker {id} ")), "{:?}", degraded.refusals);
    }
}

#[test]
fn a_rollout_that_would_not_happen_is_said_so() {
    let by_hand = changed(|s| with_set(s, |set| set.update_strategy = "OnDelete".into()));
    let plan = made(&by_hand, "restart", set(), "");
    assert!(says(notes(&plan), "its strategy is OnDelete") && plan.radius.is_empty());
    assert_eq!(plan.steps[0].until, Goal::Answered);
    let kept = changed(|s| with_set(s, |set| set.partition = 2));
    let plan = made(&kept, "restart", set(), "");
    assert!(says(notes(&plan), "its partition keeps 2 pods as they are"));
    assert_eq!(plan.radius.leaderless.len(), 14);
    let paused = changed(|s| {
        let key = Key::new("shop", "billing");
        let mut row = s.kubernetes.deployments.get(&key).expect("a deployment").clone();
        row.paused = true;
        apply(s, KubernetesDelta::Deployments(put(row)));
    });
    assert_eq!(
        refused(&paused, "restart", object(Kind::Deployment, "shop", "billing"), ""),
        "Deployment shop/billing is paused: run kubectl rollout resume -n shop deployment/billing first"
    );
}

#[test]
fn verbs_say_what_they_take() {
    let world = healthy();
    let takes = |verb: &str, object: Option<&Object>| {
        let verb = find(verb).expect("a verb");
        (verb.takes)(&known(&world), object)
    };
    assert_eq!(
        takes("scale", Some(&kafka_pod(0))),
        Err("pod kafka/kafka-0 belongs to StatefulSet kafka: select that".into())
    );
    assert_eq!(
        takes("evict", Some(&set())),
        Err("a StatefulSet has no pod of its own; select a pod or a broker".into())
    );
    assert_eq!(takes("evict", None), Err("select a pod or a broker first".into()));
    assert_eq!(takes("restart", Some(&set())), Ok(()));
    assert_eq!(takes("delete", Some(&broker(9))), Err("the pod of broker 9 is not known".into()));
}

#[test]
fn a_pod_of_another_cluster_is_not_judged_by_this_one() {
    let world = changed(|s| {
        let mut pod = world::kubernetes::broker_pod(0, SMALL);
        pod.meta.key = Key::new("other", "kafka-0");
        pod.meta.uid = "uid-other-kafka-0".into();
        apply(s, KubernetesDelta::Pods(put(pod)));
    });
    let plan = made(&world, "delete", object(Kind::Pod, "other", "kafka-0"), "");
    assert!(says(&plan.unknown, "pod other/kafka-0 is a Kafka broker, but which one cannot be told"));
}
