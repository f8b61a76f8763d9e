//! What verbs list as what they may write, against what their plans hold.

use super::{
    gallery::{Case, cases, joined, topic},
    pods::strimzi,
    *,
};
use crate::{
    action::{
        VERBS,
        rights::{self, Act, Deed, May},
    },
    domain::{
        access::{Grant, Operation, Permission},
        kafka::{KafkaDelta, Route, Throttle},
        kubernetes::{Meta, Owner},
    },
};
use std::collections::BTreeSet;

/// Consumers of a StatefulSet.
fn by_a_set(snapshot: &mut Snapshot) {
    let brokers = snapshot.kubernetes.stateful_sets.iter().next().expect("a set").clone();
    let meta = Meta { key: Key::new("shop", "billing"), uid: "set".into(), ..brokers.meta.clone() };
    apply(
        snapshot,
        KubernetesDelta::StatefulSets(put(crate::domain::kubernetes::StatefulSet { meta, ..brokers })),
    );
    let pods = snapshot.kubernetes.pods.iter().map(|pod| pod.meta.key.clone());
    let pods: Vec<Key> = pods.filter(|key| key.name.starts_with("billing-")).collect();
    for key in pods {
        with_pod(snapshot, &key.namespace, &key.name, |pod| {
            let (kind, name, api_version) = ("StatefulSet".into(), "billing".into(), "apps/v1".into());
            pod.meta.owner = Some(Owner { kind, name, api_version, uid: "set".into() });
        });
    }
}

fn cordoned(snapshot: &mut Snapshot) {
    let mut node = snapshot.kubernetes.nodes.iter().next().expect("a node").clone();
    node.unschedulable = true;
    apply(snapshot, KubernetesDelta::Nodes(put(node)));
}

fn slowed(snapshot: &mut Snapshot) {
    let answer = Ok(Throttle { leader: None, follower: Some(1024) });
    apply(snapshot, KafkaDelta::Throttle { broker: BrokerId(1), answer, at: NOW });
}

/// Those of the gallery, and what it does not show.
fn all() -> Vec<Case> {
    let case = |world: Fixture, verb, objects: Vec<Object>, argument: &str| {
        let argument = looked_up(&world, verb, &objects, argument);
        Case { title: "", world, verb, objects, argument }
    };
    let more = [
        case(changed(cordoned), "uncordon", vec![node()], ""),
        case(changed(strimzi), "replace", vec![broker(1)], ""),
        case(changed(joined), "replace", vec![broker(1)], "off at 50MiB"),
        case(changed(strimzi), "drain-node", vec![node()], ""),
        case(changed(slowed), "unthrottle", vec![broker(1)], ""),
        case(changed(joined), "set-replication", vec![topic("orders")], "4 at 50MiB"),
        case(changed(joined), "repair-racks", vec![], "at 50MiB"),
        case(changed(by_a_set), "reset-offsets", vec![Object::Group("billing".into())], "2h invoices:0,1"),
    ];
    cases().into_iter().chain(more).collect()
}

#[test]
fn a_verb_lists_all_that_its_plans_may_write_and_nothing_else() {
    let cases = all();
    for verb in VERBS {
        let mut found: BTreeSet<Act> = BTreeSet::new();
        for case in cases.iter().filter(|case| case.verb == verb.name) {
            let known = known(&case.world);
            let Ok(plan) = plan(&case.world, case.verb, &case.objects, &case.argument) else { continue };
            let acts: BTreeSet<Act> = plan.deeds(&known).iter().map(|deed| deed.act).collect();
            let object = case.objects.first();
            let meant = |may: &&May| may.of.holds(&known, object);
            for act in &acts {
                let listed = verb.acts.iter().filter(meant).any(|may| may.act == *act);
                assert!(listed, "{}, {}: {act:?} is not listed", verb.name, case.argument);
            }
            for may in verb.acts.iter().filter(meant).filter(|may| may.when.is_none()) {
                let held = acts.contains(&may.act);
                assert!(held, "{}, {}: {may:?} is not in each plan", verb.name, case.argument);
            }
            found.extend(acts);
        }
        let listed: BTreeSet<Act> = verb.acts.iter().map(|may| may.act).collect();
        assert_eq!(found, listed, "{}", verb.name);
    }
}

#[test]
fn a_plan_needs_what_its_writes_need_where_they_are_made() {
    let needs = |world: &Fixture, verb, object, argument: &str| -> Vec<String> {
        let argument = looked_up(world, verb, std::slice::from_ref(&object), argument);
        let plan = made(world, verb, object, &argument);
        plan.rights(&known(world)).iter().map(ToString::to_string).collect()
    };
    let world = changed(joined);
    assert_eq!(
        needs(&world, "reassign", topic("orders"), "to 1,2,3 at 10MiB"),
        ["Alter on the cluster", "AlterConfigs on the cluster", "AlterConfigs on the topic orders"]
    );
    assert_eq!(needs(&world, "reassign", topic("orders"), "to 1,2,3"), ["Alter on the cluster"]);
    assert_eq!(needs(&world, "drain-broker", broker(1), "keep"), ["Alter on the cluster"]);
    assert_eq!(
        needs(&world, "drain-broker", broker(3), ""),
        ["patch statefulsets.apps/scale in namespace kafka", "Alter on the cluster"]
    );
    assert_eq!(
        needs(&healthy(), "reset-offsets", Object::Group("billing".into()), "2h invoices:0,1"),
        [
            "patch deployments.apps/scale in namespace shop",
            "Read on the topic invoices",
            "Read on the group billing"
        ]
    );
    assert_eq!(
        needs(&healthy(), "replace", broker(1), "disk"),
        [
            "create pods/eviction in namespace kafka",
            "delete persistentvolumeclaims in namespace kafka",
            "delete pods in namespace kafka",
            "Alter on the cluster"
        ]
    );
    let far = changed(|s| apply(s, KafkaDelta::Route(Route::PortForward)));
    assert_eq!(
        needs(&far, "produce", topic("orders"), "key=1 x"),
        ["create pods/portforward in namespace kafka", "Write on the topic orders"]
    );
}

fn told(world: &mut Snapshot, operations: &[Operation]) {
    let operations = operations.iter().fold(0, |bits, operation| bits | 1 << *operation as i32);
    world.apply(Delta::Access(vec![Grant::Cluster { operations }]));
}

#[test]
fn what_only_some_plans_need_denies_those_alone() {
    let world = changed(|s| {
        joined(s);
        told(s, &[Operation::Alter]);
    });
    let (known, reassign) = (known(&world), find("reassign").expect("a verb"));
    let plan = |argument: &str| {
        let objects = vec![topic("orders")];
        let intent = Intent { verb: "reassign".into(), objects, argument: argument.into() };
        rights::plan(reassign, &known, &intent).map(|plan| plan.title)
    };
    let needs = rights::needs(reassign, &known, Some(&topic("orders")));
    assert_eq!(rights::missing(&known, &needs), None, "its key is not greyed");
    assert!(plan("to 1,2,3").is_ok());
    assert_eq!(
        plan("to 1,2,3 at 10MiB").expect_err("it is denied"),
        "needs AlterConfigs on the cluster, which this context may not do"
    );
}

#[test]
fn a_pod_of_a_node_may_be_where_it_must_not_be_evicted() {
    let world = changed(|s| {
        let permission = Permission { verb: "create", group: "", resource: "pods", subresource: "eviction" };
        let grant = Grant::Kubernetes { permission, namespace: "kafka".into(), allowed: false };
        s.apply(Delta::Access(vec![grant]));
    });
    let known = known(&world);
    let intent = Intent { verb: "drain-node".into(), objects: vec![node()], argument: String::new() };
    let why = rights::plan(find("drain-node").expect("a verb"), &known, &intent).expect_err("it is denied");
    assert_eq!(why, "needs create pods/eviction in namespace kafka, which this context may not do");
}

#[test]
fn a_topic_may_be_created_by_who_has_no_authority_on_the_cluster() {
    let world = changed(|s| told(s, &[Operation::Read]));
    let known = known(&world);
    let create = rights::rights(&known, &[Deed::on(Act::CreateTopic, [&"audit".into()])]);
    assert_eq!(rights::missing(&known, &create), None, "Kafka tells of no topic that is not there");
    let reassign = rights::rights(&known, &[Deed::new(Act::Reassign)]);
    assert!(rights::missing(&known, &reassign).is_some());
    let needs = rights::needs(find("roll").expect("a verb"), &known, Some(&set()));
    assert_eq!(rights::missing(&known, &needs), None, "leaders are only not given back");
}
