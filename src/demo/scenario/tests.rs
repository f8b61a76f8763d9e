//! Each scenario keeps what its sentence promises.

use super::*;
use crate::{
    demo::world::{
        Wanted,
        kafka::{Cluster, Life},
        kubernetes::{
            AUTOSCALERS, BUDGETS, CLAIMS, DEPLOYMENTS, Deletion, EVENTS, KAFKAS, NODE_POOLS, NODES, POD_SETS,
            PODS, Refusal, STATEFUL_SETS, object,
        },
    },
    domain::kubernetes::Key,
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

const NOW: Time = Time(1_760_000_000_000);

fn world(name: &str) -> World {
    Scenario::find(name).unwrap().world(1, 1.0, NOW).unwrap()
}

fn run(world: &mut World, seconds: u64) {
    let until = world.now.plus(Duration::from_secs(seconds));
    world.advance(until);
}

fn pod(world: &World, name: &str) -> Arc<Value> {
    world.kubernetes.get(&PODS, &Key::new("kafka", name)).expect("the pod is there").clone()
}

fn restarts(pod: &Value) -> u64 {
    pod["status"]["containerStatuses"][0]["restartCount"].as_u64().unwrap()
}

fn waits_for(pod: &Value) -> &str {
    object::text(pod, "/status/containerStatuses/0/state/waiting/reason")
}

fn brokers_ready(world: &World) -> usize {
    let all = world.kubernetes.list(&PODS, Some("kafka")).filter(|(_, pod)| object::is_ready(pod));
    all.filter(|(_, pod)| !object::is_deleting(pod)).count()
}

fn under_replicated(cluster: &Cluster) -> usize {
    let partitions = cluster.topics.values().flat_map(|topic| &topic.partitions);
    partitions.filter(|p| p.isr.len() < p.replicas.len()).count()
}

fn lag(cluster: &Cluster, group: &str) -> i64 {
    let group = &cluster.groups[group];
    let of = |name: &crate::domain::Text| {
        let topic = &cluster.topics[name];
        let lag = |p: usize| topic.end(p) - group.committed(name, p as i32).map_or(0, |c| c.offset());
        (0..topic.partitions.len()).map(lag).sum::<i64>()
    };
    group.topics.iter().map(of).sum()
}

/// From 0 to 1, of the fullest broker.
fn fullest(cluster: &Cluster) -> f64 {
    let used = |id: i32| {
        let on = |topic: &crate::demo::world::kafka::Topic| {
            (0..topic.partitions.len()).map(|p| topic.bytes_on(p, id)).sum::<u64>()
        };
        cluster.topics.values().map(on).sum::<u64>()
    };
    cluster.brokers.values().map(|b| used(b.id) as f64 / b.capacity as f64).fold(0.0, f64::max)
}

#[test]
fn every_scenario_says_what_it_is_and_is_found() {
    for scenario in Scenario::all() {
        let says = scenario.says().unwrap();
        assert!(says.ends_with('.') && says.len() < 120, "{}: {says}", scenario.name);
        assert!(Scenario::find(scenario.name).is_some());
    }
    assert!(Scenario::find("unhealthy").is_none());
}

#[test]
fn healthy_is_in_sync_keeps_up_and_has_lived() {
    let mut world = world("healthy");
    assert_eq!(world.now, NOW);
    run(&mut world, 60);
    let kafka = &world.kafka[0];
    assert_eq!((brokers_ready(&world), under_replicated(kafka)), (3, 0));
    assert!(kafka.brokers.values().all(|b| b.registered && b.life == Life::Up));
    for group in kafka.groups.keys() {
        assert!(lag(kafka, group) < 10_000, "{group}: {}", lag(kafka, group));
    }
    assert!(fullest(kafka) < 0.8);
    let ages = |kind| {
        let all = world.kubernetes.list(kind, None);
        let made = all.filter_map(|(_, o)| object::time(o, "/metadata/creationTimestamp"));
        made.map(|at| NOW.since(at).as_secs() / 86_400).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(ages(&NODES).contains(&40) && ages(&PODS).len() > 5, "{:?}", ages(&PODS));
    let crashing =
        world.kubernetes.list(&PODS, Some("shop")).find(|(key, _)| key.name.starts_with("invoices"));
    assert!(restarts(crashing.unwrap().1) > 20);
    assert!(world.kubernetes.list(&EVENTS, None).any(|(_, e)| e["reason"] == "FailedScheduling"));
    let budget = world.kubernetes.get(&BUDGETS, &Key::new("kafka", "kafka")).unwrap();
    assert_eq!(budget["status"]["disruptionsAllowed"], 1);
    assert!(world.kubernetes.list(&AUTOSCALERS, None).all(|(_, a)| a["status"]["currentReplicas"].is_u64()));
}

#[test]
fn a_broker_that_is_down_crashes_and_its_partitions_are_under_replicated() {
    let mut world = world("broker-down");
    run(&mut world, 30);
    let pod = pod(&world, "kafka-1");
    assert!(restarts(&pod) >= 4 && matches!(waits_for(&pod), "CrashLoopBackOff" | ""));
    assert!(!world.kafka[0].brokers[&1].registered && under_replicated(&world.kafka[0]) > 0);
    let wanted = Wanted { previous: true, after: Time(0), most: 50 };
    let said = world.log(&Key::new("kafka", "kafka-1"), "kafka", &wanted).unwrap();
    assert!(said.last().unwrap().1.contains("shutting down"), "{said:?}");
    // It can be mended.
    world.act(crate::demo::world::Act::Mend { pod: "kafka/kafka-1".into() });
    run(&mut world, 420);
    assert_eq!((brokers_ready(&world), under_replicated(&world.kafka[0])), (3, 0));
}

/// The claim stays while the pod lives, and the pod is made again only when it is gone.
#[test]
fn a_broker_whose_claim_was_deleted_comes_back_on_an_empty_disk() {
    let mut world = world("healthy");
    run(&mut world, 30);
    let key = Key::new("kafka", "data-kafka-1");
    let claim = |world: &World| world.kubernetes.get(&CLAIMS, &key).cloned();
    let before = claim(&world).expect("the broker's claim");
    world.turn().delete(&CLAIMS, &key, &Deletion::default()).unwrap();
    run(&mut world, 60);
    let ending = claim(&world).expect("it stays while its pod lives");
    assert!(object::is_deleting(&ending) && object::uid(&ending) == object::uid(&before));
    assert_eq!((brokers_ready(&world), under_replicated(&world.kafka[0])), (3, 0));
    world.turn().delete(&PODS, &Key::new("kafka", "kafka-1"), &Deletion::default()).unwrap();
    let mut lacked = 0;
    for _ in 0..900 {
        run(&mut world, 1);
        lacked = lacked.max(under_replicated(&world.kafka[0]));
        let whole = brokers_ready(&world) == 3 && under_replicated(&world.kafka[0]) == 0;
        if whole && claim(&world).is_some_and(|claim| object::uid(&claim) != object::uid(&before)) {
            break;
        }
    }
    let after = claim(&world).expect("another claim");
    assert!(object::uid(&after) != object::uid(&before) && !object::is_deleting(&after));
    assert_eq!((brokers_ready(&world), under_replicated(&world.kafka[0])), (3, 0), "it has caught up");
    assert!(lacked > 0, "it came back with what it had");
}

#[test]
fn a_rolling_restart_goes_through_all_brokers_one_by_one() {
    let mut world = world("rolling-restart");
    for _ in 0..40 {
        run(&mut world, 10);
        assert!(brokers_ready(&world) >= 2);
    }
    let set = world.kubernetes.get(&STATEFUL_SETS, &Key::new("kafka", "kafka")).unwrap();
    assert_eq!(set["status"]["updatedReplicas"], 3);
    assert_eq!(set["status"]["currentRevision"], set["status"]["updateRevision"]);
    assert_eq!((brokers_ready(&world), under_replicated(&world.kafka[0])), (3, 0));
}

#[test]
fn lagging_groups_fall_behind_and_the_others_do_not() {
    let mut world = world("lagging");
    let before = lag(&world.kafka[0], "audit");
    run(&mut world, 120);
    let kafka = &world.kafka[0];
    assert!(lag(kafka, "audit") > before && before > 100_000, "{before}");
    assert!(kafka.groups["dispatch"].members.iter().filter(|m| m.stuck).count() == 1);
    assert!(lag(kafka, "dispatch") > 10_000 && lag(kafka, "billing") < 10_000);
}

#[test]
fn full_disks_are_nearly_full_and_fill_up() {
    let mut world = world("disk-full");
    let before = fullest(&world.kafka[0]);
    assert!((0.86..0.99).contains(&before), "{before}");
    run(&mut world, 60);
    assert!(fullest(&world.kafka[0]) > before);
    assert_eq!(brokers_ready(&world), 3);
}

#[test]
fn throttles_that_were_left_hold_a_broker_back() {
    let mut world = world("throttle-left");
    let behind = |world: &World| under_replicated(&world.kafka[0]);
    assert!(behind(&world) > 0);
    let moving = |world: &World| world.kafka[0].reassignments().count();
    assert_eq!(moving(&world), 6);
    assert!(world.kafka[0].brokers.values().all(|b| !b.configs.is_empty()));
    run(&mut world, 120);
    assert!(behind(&world) > 0, "it has caught up in spite of the throttle");
    assert_eq!(moving(&world), 6, "it has moved in spite of the throttle");
}

#[test]
fn a_lost_node_keeps_its_broker_terminating() {
    let mut world = world("node-lost");
    run(&mut world, 10);
    let node = world.kubernetes.get(&NODES, &Key::new("", "node-b1")).unwrap();
    assert_eq!(object::condition(node, "Ready").unwrap()["status"], "Unknown");
    let stuck: Vec<_> =
        world.kubernetes.list(&PODS, Some("kafka")).filter(|(_, p)| object::is_deleting(p)).collect();
    assert_eq!(stuck.len(), 1);
    let key = stuck[0].0.clone();
    let kafka = &world.kafka[0];
    let broker = kafka.brokers.values().find(|b| b.pod == key).unwrap();
    assert!(!broker.registered && under_replicated(kafka) > 0);
    let wanted = Wanted { previous: false, after: Time(0), most: 5 };
    let refused = world.log(&key, "kafka", &wanted).unwrap_err();
    assert!(matches!(refused, Refusal::Internal(words) if words.contains("no route to host")));
    // Its Deployments' pods are elsewhere.
    let well = |(_, d): &(&Key, &Arc<Value>)| d["status"]["readyReplicas"] == d["spec"]["replicas"];
    let apart = |(key, _): &(&Key, &Arc<Value>)| !["forecast", "invoices"].contains(&&*key.name);
    assert!(world.kubernetes.list(&DEPLOYMENTS, Some("shop")).filter(apart).all(|d| well(&d)));
}

#[test]
fn strimzi_rolls_its_pods_when_the_annotation_asks_for_it() {
    let mut world = world("strimzi");
    let kafka = world.kubernetes.get(&KAFKAS, &Key::new("kafka", "events")).unwrap();
    assert!(object::has_condition(kafka, "Ready") && world.kafka[0].name == "events".into());
    assert!(world.kubernetes.list(&STATEFUL_SETS, Some("kafka")).next().is_none());
    let uid = |world: &World, n: usize| object::uid(&pod(world, &format!("events-broker-{n}"))).to_owned();
    let before: Vec<_> = (0..3).map(|n| uid(&world, n)).collect();
    let roll = |object: &str| crate::demo::world::Act::Annotate {
        object: object.into(),
        name: "strimzi.io/manual-rolling-update".into(),
        value: "true".into(),
    };
    world.act(roll("kafka/events-broker-1"));
    run(&mut world, 120);
    assert!(uid(&world, 1) != before[1] && uid(&world, 0) == before[0]);
    world.act(roll("kafka/events-broker"));
    for _ in 0..30 {
        run(&mut world, 10);
        let ready = (0..3).filter(|n| {
            let pod = world.kubernetes.get(&PODS, &Key::new("kafka", &format!("events-broker-{n}")));
            pod.is_some_and(|pod| object::is_ready(pod) && !object::is_deleting(pod))
        });
        assert!(ready.count() >= 2);
    }
    assert!((0..3).all(|n| uid(&world, n) != before[n]));
    let set = world.kubernetes.get(&POD_SETS, &Key::new("kafka", "events-broker")).unwrap();
    assert!(set["metadata"]["annotations"]["strimzi.io/manual-rolling-update"].is_null());
    // More brokers are asked for of the pool.
    let pool = Key::new("kafka", "broker");
    world.turn().scale(&NODE_POOLS, &pool, 4, &Default::default()).unwrap();
    run(&mut world, 60);
    assert!(object::is_ready(&pod(&world, "events-broker-3")) && world.kafka[0].brokers[&3].registered);
}

#[test]
fn the_estate_has_as_many_of_each_as_its_size_says() {
    let world = Scenario::find("estate").unwrap().world(1, 0.02, NOW).unwrap();
    let kafka = &world.kafka[0];
    assert_eq!(kafka.brokers.len(), 50);
    assert_eq!(kafka.topics.keys().filter(|name| name.contains('.')).count(), 200);
    assert_eq!(kafka.groups.keys().filter(|name| name.contains('.')).count(), 40);
    let pods = world.kubernetes.list(&PODS, None).count();
    assert!((200..330).contains(&pods), "{pods}");
    assert!(kafka.groups.values().all(|group| !group.members.is_empty()));
}

#[test]
fn the_same_seed_makes_the_same_world_and_another_another() {
    let told = |seed: u64| {
        let mut world = Scenario::find("node-lost").unwrap().world(seed, 1.0, NOW).unwrap();
        run(&mut world, 30);
        let objects: Vec<String> = [&PODS, &EVENTS, &NODES, &DEPLOYMENTS]
            .into_iter()
            .flat_map(|kind| {
                world.kubernetes.list(kind, None).map(|(_, o)| o.to_string()).collect::<Vec<_>>()
            })
            .collect();
        let ends: Vec<i64> = world.kafka[0].topics.values().map(|topic| topic.end(0)).collect();
        (objects, ends)
    };
    assert!(told(1) == told(1));
    assert!(told(1) != told(2));
}

#[test]
fn a_log_goes_on_where_it_was_left_and_says_the_same_twice() {
    let mut world = world("healthy");
    let (key, _) =
        world.kubernetes.list(&PODS, Some("shop")).find(|(k, _)| k.name.starts_with("billing")).unwrap();
    let key = key.clone();
    let all = Wanted { previous: false, after: Time(0), most: 40 };
    let first = world.log(&key, "billing", &all).unwrap();
    assert!(first.len() == 40 && first.is_sorted_by_key(|(at, _)| *at));
    let last = first.last().unwrap().0;
    run(&mut world, 30);
    let more = world.log(&key, "billing", &Wanted { after: last, ..all.clone() }).unwrap();
    assert!((4..=8).contains(&more.len()) && more.iter().all(|(at, _)| *at > last), "{more:?}");
    let again = world.log(&key, "billing", &Wanted { most: 200, ..all.clone() }).unwrap();
    assert!(first.iter().all(|line| again.contains(line)), "what was said is said again");
    let refused = world.log(&key, "nobody", &all).unwrap_err();
    assert!(matches!(refused, Refusal::BadRequest(_)));
    assert_eq!(world.log(&Key::new("shop", "none"), "x", &all).unwrap_err(), Refusal::NotFound);
}
