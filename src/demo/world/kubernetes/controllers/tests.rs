//! The controllers on a small cluster of six nodes in three zones.

use super::*;
use crate::{
    demo::world::{
        World,
        kubernetes::{
            BUDGETS, CLAIMS, DEPLOYMENTS, Deletion, EVENTS, Refusal, Resource, STATEFUL_SETS, rfc3339,
        },
    },
    domain::time::Time,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

const START: Time = Time(1_760_000_000_000);

fn world() -> World {
    let mut world = World::new(7, 1.0, START);
    for (number, zone) in ["a", "a", "b", "b", "c", "c"].into_iter().enumerate() {
        let node = json!({
            "metadata": {
                "name": format!("node-{zone}{}", number % 2 + 1),
                "labels": {"topology.kubernetes.io/zone": format!("zone-{zone}")},
            },
            "spec": {"podCIDR": format!("10.44.{}.0/24", number + 1)},
            "status": {
                "allocatable": {"cpu": "8", "memory": "30Gi", "pods": "110"},
                "addresses": [{"type": "InternalIP", "address": format!("10.44.{}.1", number + 1)}],
            },
        });
        world.turn().create(&NODES, node).unwrap();
    }
    world
}

fn set(name: &str, replicas: i64, policy: &str) -> Value {
    let labels = json!({"app": name});
    json!({
        "metadata": {"namespace": "kafka", "name": name, "labels": labels},
        "spec": {
            "replicas": replicas, "serviceName": name, "podManagementPolicy": policy,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "topologySpreadConstraints": [{
                        "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
                        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": labels},
                    }],
                    "containers": [{
                        "name": "main", "image": "apache/kafka:4.1.1",
                        "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
                    }],
                },
            },
            "volumeClaimTemplates": [{
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }],
        },
    })
}

fn deployment(name: &str, replicas: i64, image: &str) -> Value {
    let labels = json!({"app": name});
    json!({
        "metadata": {"namespace": "kafka", "name": name, "labels": labels},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {
                "containers": [{"name": "main", "image": image}],
            }},
        },
    })
}

fn budget(name: &str, rule: Value) -> Value {
    let mut spec = rule;
    spec["selector"] = json!({"matchLabels": {"app": name}});
    json!({"metadata": {"namespace": "kafka", "name": name}, "spec": spec})
}

fn key(name: &str) -> Key {
    Key::new("kafka", name)
}

fn run(world: &mut World, seconds: u64) {
    let until = world.now.plus(Duration::from_secs(seconds));
    world.advance(until);
}

fn pods(world: &World) -> Vec<Arc<Value>> {
    world.kubernetes.list(&PODS, None).map(|(_, pod)| pod.clone()).collect()
}

fn names(world: &World) -> Vec<String> {
    pods(world).iter().map(|pod| object::text(pod, "/metadata/name").to_owned()).collect()
}

fn ready(world: &World) -> usize {
    pods(world).iter().filter(|pod| object::is_ready(pod) && !object::is_deleting(pod)).count()
}

fn get(world: &World, resource: &'static Resource, name: &str) -> Arc<Value> {
    world.kubernetes.get(resource, &key(name)).expect("it is there").clone()
}

fn reasons(world: &World, about: &str) -> BTreeSet<String> {
    let events = world.kubernetes.list(&EVENTS, None).map(|(_, event)| event);
    let about = events.filter(|e| e["involvedObject"]["name"] == *about);
    about.map(|e| object::text(e, "/reason").to_owned()).collect()
}

fn new_template(world: &mut World, resource: &'static Resource, name: &str) {
    let changed = world.kubernetes.update(resource, &key(name), |set| {
        set["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] =
            json!("now");
    });
    changed.unwrap();
}

#[test]
fn an_ordered_set_makes_the_next_pod_when_the_one_before_is_ready() {
    let mut world = world();
    world.turn().create(&STATEFUL_SETS, set("kafka", 3, "OrderedReady")).unwrap();
    let mut most_unready = 0;
    for _ in 0..300 {
        run(&mut world, 1);
        let all = pods(&world);
        most_unready = most_unready.max(all.len() - ready(&world));
        let unready = all.iter().position(|pod| !object::is_ready(pod));
        assert!(unready.is_none_or(|at| at + 1 == all.len()), "a pod before the last one is not ready");
    }
    assert_eq!(
        (names(&world), most_unready),
        (vec!["kafka-0".into(), "kafka-1".into(), "kafka-2".into()], 1)
    );
    let status = &get(&world, &STATEFUL_SETS, "kafka")["status"];
    assert_eq!((&status["readyReplicas"], &status["updatedReplicas"]), (&json!(3), &json!(3)));
    assert_eq!(status["currentRevision"], status["updateRevision"]);
    assert_eq!(get(&world, &CLAIMS, "data-kafka-2")["status"]["phase"], "Bound");
}

#[test]
fn pods_are_spread_over_the_zones_and_keep_their_volumes_zone() {
    let mut world = world();
    world.turn().create(&STATEFUL_SETS, set("kafka", 6, "Parallel")).unwrap();
    run(&mut world, 60);
    let zone = |pod: &Value| object::text(pod, "/spec/nodeName")[5..6].to_owned();
    let before: Vec<_> = pods(&world).iter().map(|pod| zone(pod)).collect();
    for zone in ["a", "b", "c"] {
        assert_eq!(before.iter().filter(|z| *z == zone).count(), 2, "{before:?}");
    }
    world.turn().delete(&PODS, &key("kafka-1"), &Deletion::default()).unwrap();
    run(&mut world, 60);
    let after: Vec<_> = pods(&world).iter().map(|pod| zone(pod)).collect();
    assert_eq!((before, ready(&world)), (after, 6));
}

#[test]
fn an_update_goes_from_the_last_ordinal_to_the_partition_one_by_one() {
    let mut world = world();
    let mut kafka = set("kafka", 4, "Parallel");
    kafka["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
    world.turn().create(&STATEFUL_SETS, kafka).unwrap();
    run(&mut world, 60);
    let old = pods(&world);
    new_template(&mut world, &STATEFUL_SETS, "kafka");
    let mut order: Vec<String> = Vec::new();
    for _ in 0..120 {
        run(&mut world, 1);
        assert!(ready(&world) >= 3, "more than one is down");
        for pod in pods(&world).iter().filter(|pod| object::is_deleting(pod)) {
            let name = object::text(pod, "/metadata/name").to_owned();
            if !order.contains(&name) {
                order.push(name);
            }
        }
    }
    assert_eq!(order, ["kafka-3", "kafka-2", "kafka-1"]);
    assert_eq!(object::uid(&pods(&world)[0]), object::uid(&old[0]), "below the partition nothing changes");
    // What is made anew there is as it was.
    world.turn().delete(&PODS, &key("kafka-0"), &Deletion::default()).unwrap();
    run(&mut world, 60);
    let revision = |pod: &Value| pod["metadata"]["labels"]["controller-revision-hash"].clone();
    assert_eq!(revision(&pods(&world)[0]), revision(&old[0]));
    assert_ne!(revision(&pods(&world)[1]), revision(&old[1]));
}

#[test]
fn a_deployments_rollout_stays_within_its_bounds_and_keeps_the_old_replica_set() {
    let mut world = world();
    world.turn().create(&DEPLOYMENTS, deployment("web", 4, "nginx:1.27")).unwrap();
    run(&mut world, 30);
    assert_eq!(ready(&world), 4);
    new_template(&mut world, &DEPLOYMENTS, "web");
    for _ in 0..60 {
        run(&mut world, 1);
        let there = pods(&world).iter().filter(|pod| !object::is_deleting(pod)).count();
        assert!(ready(&world) >= 3 && there <= 5, "{} ready of {there}", ready(&world));
    }
    let web = get(&world, &DEPLOYMENTS, "web");
    assert_eq!(web["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    assert_eq!(web["status"]["updatedReplicas"], 4);
    assert_eq!(object::condition(&web, "Progressing").unwrap()["reason"], "NewReplicaSetAvailable");
    assert_eq!(world.kubernetes.list(&crate::demo::world::kubernetes::REPLICA_SETS, None).count(), 2);
    assert!(reasons(&world, "web").contains("ScalingReplicaSet"));
}

#[test]
fn a_program_that_ends_is_restarted_with_a_growing_back_off() {
    let mut world = world();
    let crashes = Program { ends: Some((3.0, 1)), ..Program::default() };
    world.plane.kubelet.programs.insert("shop/invoices:1".into(), crashes);
    world.turn().create(&DEPLOYMENTS, deployment("invoices", 1, "shop/invoices:1")).unwrap();
    let restarts =
        |world: &World| pods(world)[0]["status"]["containerStatuses"][0]["restartCount"].as_u64().unwrap();
    run(&mut world, 60);
    assert!((3..=4).contains(&restarts(&world)), "{} restarts in a minute", restarts(&world));
    run(&mut world, 3540);
    // 10 + 20 + 40 + 80 + 160 s, then every five minutes.
    assert!((14..=18).contains(&restarts(&world)), "{} restarts in an hour", restarts(&world));
    let pod = &pods(&world)[0];
    let container = &pod["status"]["containerStatuses"][0];
    assert_eq!(container["state"]["waiting"]["reason"], "CrashLoopBackOff");
    let words = container["state"]["waiting"]["message"].as_str().unwrap();
    assert!(words.starts_with("back-off 5m0s restarting failed container=main pod=invoices-"), "{words}");
    assert_eq!(container["lastState"]["terminated"]["exitCode"], 1);
    assert!(!object::is_ready(pod) && pod["status"]["phase"] == "Running");
}

#[test]
fn an_image_that_is_not_there_and_a_pod_that_fits_nowhere_say_so() {
    let mut world = world();
    let missing = Program { missing: true, ..Program::default() };
    world.plane.kubelet.programs.insert("shop/none:1".into(), missing);
    world.turn().create(&DEPLOYMENTS, deployment("none", 1, "shop/none:1")).unwrap();
    let mut large = deployment("large", 1, "shop/large:1");
    large["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "64"}});
    world.turn().create(&DEPLOYMENTS, large).unwrap();
    run(&mut world, 30);
    let all = pods(&world);
    let scheduled = object::condition(&all[0], "PodScheduled").unwrap();
    assert_eq!(
        scheduled["message"],
        "0/6 nodes are available: 6 Insufficient cpu. no new claims to deallocate, preemption: 0/6 nodes are \
         available: 6 No preemption victims found for incoming pod."
    );
    let name = object::text(&all[0], "/metadata/name");
    assert!(reasons(&world, name).contains("FailedScheduling"));
    assert_eq!(all[1]["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "ImagePullBackOff");
    assert_eq!(all[1]["status"]["phase"], "Pending");
}

#[test]
fn a_lost_node_is_told_after_forty_seconds_and_gives_its_pods_up_after_five_minutes() {
    let mut world = world();
    world.turn().create(&STATEFUL_SETS, set("kafka", 3, "Parallel")).unwrap();
    world.turn().create(&DEPLOYMENTS, deployment("web", 6, "nginx:1.27")).unwrap();
    run(&mut world, 60);
    let node = object::text(&get(&world, &PODS, "kafka-0"), "/spec/nodeName").to_owned();
    let ready_of = |world: &World| {
        let node = world.kubernetes.get(&NODES, &Key::new("", &node)).unwrap().clone();
        object::condition(&node, "Ready").unwrap()["status"].clone()
    };
    world.turn().set_silent(&node, true);
    run(&mut world, 39);
    assert_eq!(ready_of(&world), "True");
    run(&mut world, 2);
    assert_eq!(ready_of(&world), "Unknown");
    assert!(!object::is_ready(&get(&world, &PODS, "kafka-0")));
    run(&mut world, 290);
    assert!(!object::is_deleting(&get(&world, &PODS, "kafka-0")));
    run(&mut world, 60);
    assert!(object::is_deleting(&get(&world, &PODS, "kafka-0")), "its identity is not released");
    let web = get(&world, &DEPLOYMENTS, "web");
    assert_eq!(web["status"]["readyReplicas"], 6, "a Deployment's pod is replaced elsewhere");
    world.turn().set_silent(&node, false);
    run(&mut world, 60);
    assert_eq!((ready_of(&world), ready(&world)), (json!("True"), 9));
}

#[test]
fn a_budget_counts_the_healthy_and_an_eviction_takes_one_at_a_time() {
    let mut world = world();
    world.turn().create(&STATEFUL_SETS, set("kafka", 3, "Parallel")).unwrap();
    world.turn().create(&BUDGETS, budget("kafka", json!({"maxUnavailable": 1}))).unwrap();
    run(&mut world, 60);
    let status = |world: &World| get(world, &BUDGETS, "kafka")["status"].clone();
    let counts =
        |s: Value| ["currentHealthy", "desiredHealthy", "disruptionsAllowed"].map(|f| s[f].as_i64().unwrap());
    assert_eq!(counts(status(&world)), [3, 2, 1]);
    let dry = Deletion { dry_run: true, ..Deletion::default() };
    world.turn().evict(&key("kafka-2"), &dry).unwrap();
    assert_eq!(counts(status(&world)), [3, 2, 1]);
    world.turn().evict(&key("kafka-2"), &Deletion::default()).unwrap();
    // Also before the controller has looked again.
    let refused = world.turn().evict(&key("kafka-1"), &Deletion::default()).unwrap_err();
    let Refusal::Budget { message, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(message, "Cannot evict pod as it would violate the pod's disruption budget.");
    run(&mut world, 1);
    let refused = world.turn().evict(&key("kafka-1"), &Deletion::default()).unwrap_err();
    let Refusal::Budget { cause, .. } = refused else { panic!("{refused:?}") };
    let words = "The disruption budget kafka needs 2 healthy pods and has 2 currently";
    assert_eq!(cause.as_deref(), Some(words));
    run(&mut world, 60);
    assert_eq!((counts(status(&world)), ready(&world)), ([3, 2, 1], 3));
}

#[test]
fn writes_are_pinned_to_what_was_meant() {
    let mut world = world();
    world.turn().create(&STATEFUL_SETS, set("kafka", 1, "Parallel")).unwrap();
    run(&mut world, 30);
    let another = Deletion { uid: Some("another".into()), ..Deletion::default() };
    let refused = world.turn().delete(&PODS, &key("kafka-0"), &another).unwrap_err();
    assert!(
        matches!(refused, Refusal::Precondition(words) if words.contains("UID in precondition: another"))
    );
    let old = Deletion { resource_version: Some("1".into()), ..Deletion::default() };
    assert_eq!(world.turn().scale(&STATEFUL_SETS, &key("kafka"), 2, &old).unwrap_err(), Refusal::Conflict);
    world.turn().scale(&STATEFUL_SETS, &key("kafka"), 2, &Deletion::default()).unwrap();
    run(&mut world, 30);
    assert_eq!(names(&world), ["kafka-0", "kafka-1"]);
}

#[test]
fn a_deleted_pod_has_its_grace_and_a_hung_one_all_of_it() {
    let mut world = world();
    world.turn().create(&STATEFUL_SETS, set("kafka", 1, "Parallel")).unwrap();
    run(&mut world, 30);
    world.plane.kubelet.runs.get_mut(&key("kafka-0")).unwrap().deaf = true;
    world.turn().delete(&PODS, &key("kafka-0"), &Deletion::default()).unwrap();
    let at = world.now;
    run(&mut world, 28);
    let pod = get(&world, &PODS, "kafka-0");
    assert_eq!(pod["metadata"]["deletionTimestamp"], rfc3339(at.plus(Duration::from_secs(30))));
    let uid = object::uid(&pod).to_owned();
    run(&mut world, 4);
    assert_ne!(object::uid(&get(&world, &PODS, "kafka-0")), uid);
}

#[test]
fn what_has_lost_its_controller_goes_and_claims_stay() {
    let mut world = world();
    world.turn().create(&STATEFUL_SETS, set("kafka", 2, "Parallel")).unwrap();
    world.turn().create(&DEPLOYMENTS, deployment("web", 2, "nginx:1")).unwrap();
    run(&mut world, 30);
    world.turn().delete(&STATEFUL_SETS, &key("kafka"), &Deletion::default()).unwrap();
    world.turn().delete(&DEPLOYMENTS, &key("web"), &Deletion::default()).unwrap();
    run(&mut world, 60);
    assert_eq!((names(&world).len(), world.kubernetes.list(&CLAIMS, None).count()), (0, 2));
    world.turn().delete(&CLAIMS, &key("data-kafka-0"), &Deletion::default()).unwrap();
    run(&mut world, 1);
    assert_eq!(world.kubernetes.list(&CLAIMS, None).count(), 1);
}

#[test]
fn a_world_in_which_nothing_happens_changes_nothing() {
    let mut world = world();
    world.turn().create(&STATEFUL_SETS, set("kafka", 3, "OrderedReady")).unwrap();
    run(&mut world, 120);
    let version = world.kubernetes.version();
    run(&mut world, 60);
    assert_eq!(world.kubernetes.version(), version);
}

/// What is done to a set in between.
#[derive(Debug, Clone)]
enum Blow {
    Delete(usize, u32),
    Kill(usize),
    Scale(i64),
    Update,
    Lose(usize),
    Return(usize),
    Cordon(usize, bool),
    Wait(u64),
}

fn blow() -> impl Strategy<Value = Blow> {
    prop_oneof![
        (0usize..8, 0u32..40).prop_map(|(n, grace)| Blow::Delete(n, grace)),
        (0usize..8).prop_map(Blow::Kill),
        (0i64..6).prop_map(Blow::Scale),
        Just(Blow::Update),
        (0usize..6).prop_map(Blow::Lose),
        (0usize..6).prop_map(Blow::Return),
        (0usize..6, any::<bool>()).prop_map(|(n, on)| Blow::Cordon(n, on)),
        (1u64..90).prop_map(Blow::Wait),
    ]
}

fn strike(world: &mut World, blow: &Blow, round: usize) {
    let nodes: Vec<Key> = world.kubernetes.list(&NODES, None).map(|(key, _)| key.clone()).collect();
    match blow {
        Blow::Delete(n, grace) => {
            let asks = Deletion { grace: Some(*grace), ..Deletion::default() };
            let _gone = world.turn().delete(&PODS, &key(&format!("kafka-{n}")), &asks);
        }
        Blow::Kill(n) => world.turn().end_process(&key(&format!("kafka-{n}")), 137, Killed::ForMemory),
        Blow::Scale(n) => {
            world.turn().scale(&STATEFUL_SETS, &key("kafka"), *n, &Deletion::default()).unwrap();
        }
        Blow::Update => {
            let changed = world.kubernetes.update(&STATEFUL_SETS, &key("kafka"), |set| {
                set["spec"]["template"]["metadata"]["annotations"]["round"] = json!(round.to_string());
            });
            changed.unwrap();
        }
        Blow::Lose(n) => world.turn().set_silent(&nodes[*n].name, true),
        Blow::Return(n) => world.turn().set_silent(&nodes[*n].name, false),
        Blow::Cordon(n, on) => {
            let changed =
                world.kubernetes.update(&NODES, &nodes[*n], |node| node["spec"]["unschedulable"] = json!(on));
            changed.unwrap();
        }
        Blow::Wait(seconds) => run(world, *seconds),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// From whatever state, a set comes to the pods that it asks for once nothing stands in its way.
    #[test]
    fn a_set_converges_from_any_state(
        blows in proptest::collection::vec(blow(), 1..14),
        ordered in any::<bool>(),
    ) {
        let mut world = world();
        let policy = if ordered { "OrderedReady" } else { "Parallel" };
        world.turn().create(&STATEFUL_SETS, set("kafka", 3, policy)).unwrap();
        for (round, blow) in blows.iter().enumerate() {
            strike(&mut world, blow, round);
            run(&mut world, 1);
        }
        for n in 0..6 {
            strike(&mut world, &Blow::Return(n), 0);
            strike(&mut world, &Blow::Cordon(n, false), 0);
        }
        run(&mut world, 900);
        let kafka = get(&world, &STATEFUL_SETS, "kafka");
        let wanted = kafka["spec"]["replicas"].as_u64().unwrap();
        let expected: Vec<String> = (0..wanted).map(|n| format!("kafka-{n}")).collect();
        prop_assert_eq!(names(&world), expected);
        prop_assert_eq!(ready(&world) as u64, wanted);
        let update = &kafka["status"]["updateRevision"];
        for pod in pods(&world) {
            prop_assert_eq!(&pod["metadata"]["labels"]["controller-revision-hash"], update);
        }
        prop_assert_eq!(kafka["status"]["readyReplicas"].as_u64().unwrap(), wanted);
    }

    /// A budget never lets evictions take more than it says, whatever is evicted whenever.
    #[test]
    fn evictions_never_leave_fewer_than_the_budget_wants(
        evictions in proptest::collection::vec((0usize..5, 1u64..8), 1..20),
        most in 1usize..4,
    ) {
        let mut world = world();
        world.turn().create(&STATEFUL_SETS, set("kafka", 5, "Parallel")).unwrap();
        world.turn().create(&BUDGETS, budget("kafka", json!({"maxUnavailable": most}))).unwrap();
        run(&mut world, 60);
        for (n, wait) in evictions {
            let _refused = world.turn().evict(&key(&format!("kafka-{n}")), &Deletion::default());
            prop_assert!(ready(&world) >= 5 - most);
            run(&mut world, wait);
            prop_assert!(ready(&world) >= 5 - most, "{} ready", ready(&world));
        }
    }
}
