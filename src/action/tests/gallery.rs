//! Every verb's plan as it is read, whole, on a screen of 80 columns.

use super::{pods::strimzi, *};
use crate::{
    action::VERBS,
    app::{
        Session,
        confirm::{Confirm, Ground},
        text,
    },
    domain::{
        kafka::{GroupState, KafkaDelta, Reassignment, Replicas},
        kubernetes::Owner,
        throughput::{Metric, Subject, ThroughputDelta},
    },
};

/// A verb called on something, in some world.
pub struct Case {
    pub title: &'static str,
    pub world: Fixture,
    pub verb: &'static str,
    pub objects: Vec<Object>,
    pub argument: String,
}

pub fn topic(name: &str) -> Object {
    Object::Topic(name.into())
}

fn billing() -> Object {
    object(Kind::Deployment, "shop", "billing")
}

pub fn group(id: &str) -> Object {
    Object::Group(id.into())
}

/// Nobody is in `billing` any more.
fn idle(snapshot: &mut Snapshot) {
    let mut group = snapshot.kafka.groups["billing"].clone();
    (group.state, group.members) = (GroupState::Empty, vec![]);
    apply(snapshot, KafkaDelta::Groups { changed: vec![group], removed: vec![], at: NOW });
}

pub fn pod(name: &str) -> Object {
    object(Kind::Pod, "kafka", name)
}

/// A fourth broker with room.
pub fn four(snapshot: &mut Snapshot) {
    let brokers = (0..4).map(|i| {
        let host = format!("kafka-{i}.kafka-brokers.kafka.svc").into();
        (BrokerId(i), host, 9092, Some(["zone-a", "zone-b", "zone-c", "zone-a"][i as usize].into()))
    });
    apply(snapshot, KafkaDelta::Cluster { id: None, controller: None, brokers: brokers.collect(), at: NOW });
    let logs = snapshot.kafka.brokers[&BrokerId(0)].log_dirs.last().cloned().unwrap_or_default();
    apply(snapshot, KafkaDelta::LogDirs { broker: BrokerId(3), answer: Ok(logs), at: NOW });
}

fn replicas(ids: &[i32]) -> Replicas {
    ids.iter().copied().map(BrokerId).collect()
}

fn moving(snapshot: &mut Snapshot) {
    four(snapshot);
    let moves = vec![Reassignment {
        topic: "orders".into(),
        partition: 0,
        replicas: replicas(&[3, 0, 1, 2]),
        adding: replicas(&[3]),
        removing: replicas(&[0]),
    }];
    apply(snapshot, KafkaDelta::Reassignments { answer: Ok(moves), at: NOW });
}

/// The same in a pod of the StatefulSet; orders-0 has two replicas in one rack.
pub fn joined(snapshot: &mut Snapshot) {
    four(snapshot);
    with_set(snapshot, |set| (set.replicas, set.ready) = (4, 4));
    apply(snapshot, KubernetesDelta::Pods(put(crate::world::kubernetes::broker_pod(3, SMALL))));
    let mut orders = snapshot.kafka.topics["orders"].clone();
    (orders.partitions[0].replicas, orders.partitions[0].isr) = (replicas(&[0, 3, 1]), replicas(&[0, 3, 1]));
    apply(snapshot, KafkaDelta::Topics { changed: vec![orders], removed: vec![], at: NOW });
}

/// Led by others than is preferred; one of them cannot be led so.
fn astray(snapshot: &mut Snapshot) {
    let mut orders = snapshot.kafka.topics["orders"].clone();
    orders.partitions[0].leader = Some(BrokerId(1));
    orders.partitions[1].leader = Some(BrokerId(2));
    orders.partitions[2].leader = Some(BrokerId(0));
    orders.partitions[2].isr = replicas(&[0, 1]);
    apply(snapshot, KafkaDelta::Topics { changed: vec![orders], removed: vec![], at: NOW });
}

/// A pod without a controller on the first node, and no budget.
fn lone(snapshot: &mut Snapshot) {
    no_budget(snapshot);
    let pod = crate::world::kubernetes::pod("shop", "by-hand", 0, 90);
    apply(snapshot, KubernetesDelta::Pods(put(pod)));
}

/// Kept by Helm and by Argo CD, and by Confluent's operator.
fn kept(snapshot: &mut Snapshot) {
    with_set(snapshot, |set| {
        set.meta.labels.insert("app.kubernetes.io/managed-by".into(), "Helm".into());
        set.meta.annotations.insert("meta.helm.sh/release-name".into(), "kafka".into());
        set.meta.labels.insert("argocd.argoproj.io/instance".into(), "kafka".into());
    });
}

fn confluent(snapshot: &mut Snapshot) {
    for i in 0..3 {
        with_pod(snapshot, "kafka", &format!("kafka-{i}"), |pod| {
            pod.meta.labels.insert("platform.confluent.io/type".into(), "kafka".into());
        });
    }
    with_set(snapshot, |set| {
        set.meta.owner = Some(Owner {
            kind: "Kafka".into(),
            name: "kafka".into(),
            api_version: "platform.confluent.io/v1beta1".into(),
            uid: "u".into(),
        });
    });
}

fn no_budget(snapshot: &mut Snapshot) {
    let mut budget = snapshot.kubernetes.budgets.iter().next().expect("a budget").clone();
    (budget.allowed, budget.healthy) = (0, 2);
    apply(snapshot, KubernetesDelta::Budgets(put(budget)));
}

fn throttled(snapshot: &mut Snapshot) {
    four(snapshot);
    let mut orders = snapshot.kafka.topics["orders"].clone();
    let config = orders.config.as_mut().expect("a configuration");
    config.overrides = vec![("follower.replication.throttled.replicas".into(), "*".into())];
    apply(snapshot, KafkaDelta::Topics { changed: vec![orders], removed: vec![], at: NOW });
    let answer = Ok(crate::domain::kafka::Throttle { leader: None, follower: Some(1024) });
    apply(snapshot, KafkaDelta::Throttle { broker: BrokerId(3), answer, at: NOW });
}

/// Nothing is throttled, and `orders` is written to.
fn measured(snapshot: &mut Snapshot) {
    four(snapshot);
    for id in 0..4 {
        let answer = Ok(crate::domain::kafka::Throttle::default());
        apply(snapshot, KafkaDelta::Throttle { broker: BrokerId(id), answer, at: NOW });
    }
    let points = vec![(Metric::BytesIn, Subject::Topic("orders".into()), vec![(NOW, 7e6)])];
    apply(snapshot, ThroughputDelta::Points { points, at: NOW });
}

const FEWER: &str = r#"{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[0]}]}"#;

#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    let case = |title, world: Fixture, verb, objects: Vec<Object>, argument| {
        let argument = looked_up(&world, verb, &objects, argument);
        Case { title, world, verb, objects, argument }
    };
    vec![
        case("more brokers", healthy(), "scale", vec![set()], "4"),
        case("more, with Helm and Argo CD", changed(kept), "scale", vec![set()], "5"),
        case("more, with an operator", changed(confluent), "scale", vec![set()], "4"),
        case("fewer brokers", healthy(), "scale", vec![set()], "2"),
        case("with an autoscaler", healthy(), "scale", vec![billing()], "5"),
        case("to none", healthy(), "scale", vec![billing()], "0"),
        case("Strimzi's", changed(strimzi), "scale", vec![pod("kafka-1")], "4"),
        case("brokers", healthy(), "restart", vec![set()], ""),
        case("brokers of an operator", changed(confluent), "restart", vec![set()], ""),
        case("a Deployment", healthy(), "restart", vec![billing()], ""),
        case("a StatefulSet", healthy(), "roll", vec![set()], ""),
        case("two brokers", healthy(), "roll", vec![broker(0), broker(1)], ""),
        case("Strimzi's", changed(strimzi), "roll", vec![broker(1)], ""),
        case("a broker, while another is out", fixture(Mood::Degraded, SMALL), "roll", vec![broker(2)], ""),
        case("what is no broker", healthy(), "roll", vec![object(Kind::Pod, "shop", "billing-5d8c7-0")], ""),
        case("a broker", healthy(), "evict", vec![broker(1)], ""),
        case("a broker, and no budget for it", changed(no_budget), "evict", vec![broker(1)], ""),
        case("a broker, while another is out", fixture(Mood::Degraded, SMALL), "evict", vec![broker(2)], ""),
        case("two brokers", healthy(), "evict", vec![broker(0), broker(1)], ""),
        case("Strimzi's", changed(strimzi), "evict", vec![pod("kafka-1")], ""),
        case("with stale sources", fixture(Mood::Stale, SMALL), "evict", vec![broker(1)], ""),
        case("a broker, and no budget for it", changed(no_budget), "delete", vec![broker(1)], ""),
        case("Strimzi's", changed(strimzi), "delete", vec![pod("kafka-1")], ""),
        case("a node", healthy(), "cordon", vec![node()], ""),
        case("a pod", healthy(), "replace", vec![broker(1)], ""),
        case("a disk", healthy(), "replace", vec![broker(1)], "disk"),
        case("to nowhere", healthy(), "replace", vec![broker(1)], "off"),
        case("a node with a broker", healthy(), "drain-node", vec![node()], ""),
        case("with what nothing puts back", changed(lone), "drain-node", vec![node()], ""),
        case("a topic", changed(four), "reassign", vec![topic("orders")], "to 1,2,3"),
        case("off a broker", changed(four), "reassign", vec![topic("orders")], "off 2"),
        case("to too few", healthy(), "reassign", vec![topic("orders")], "off 2"),
        case("throttled", changed(throttled), "reassign", vec![Object::Partition("orders".into(), 0)], "to 1,2,3"),
        case("at a rate", changed(measured), "reassign", vec![topic("orders")], "to 1,2,3 at 10MiB"),
        case("at a rate that is too low", changed(measured), "reassign", vec![topic("orders")], "to 1,2,3 at 1MiB"),
        case("to fewer replicas", healthy(), "reassign", vec![], FEWER),
        case("what moves already", changed(moving), "reassign", vec![Object::Partition("orders".into(), 0)], "to 1,2,3"),
        case("a move", changed(moving), "cancel-reassignment", vec![], ""),
        case("what was left behind", changed(throttled), "unthrottle", vec![topic("orders")], ""),
        case("leaders", changed(astray), "elect", vec![topic("orders")], ""),
        case("onto a new broker", changed(joined), "rebalance", vec![], "at 50MiB"),
        case("what is alike", healthy(), "rebalance", vec![], ""),
        case("the last broker", changed(joined), "drain-broker", vec![broker(3)], "at 50MiB"),
        case("a broker, and its pod stays", changed(joined), "drain-broker", vec![broker(1)], "keep"),
        case("another than the last", changed(joined), "drain-broker", vec![broker(1)], ""),
        case("brokers", healthy(), "scale-out", vec![set()], "6 at 50MiB"),
        case("with an operator", changed(confluent), "scale-out", vec![set()], "4"),
        case("more replicas", changed(joined), "set-replication", vec![topic("orders")], "4"),
        case("fewer replicas", healthy(), "set-replication", vec![topic("orders"), topic("payments")], "1"),
        case("two in a rack", changed(joined), "repair-racks", vec![], ""),
        case("a topic", healthy(), "create-topic", vec![], "audit.v2 partitions=6 rf=3 min.insync.replicas=3 retention.ms=-1"),
        case("partitions", healthy(), "add-partitions", vec![topic("orders")], "12"),
        case("shorter retention", healthy(), "alter-config", vec![topic("orders")], "retention.ms=60000 cleanup.policy=compact,delete"),
        case("a higher min ISR", healthy(), "alter-config", vec![topic("orders"), topic("payments")], "min.insync.replicas=3"),
        case("a topic", healthy(), "delete-topic", vec![topic("orders")], ""),
        case("a message", healthy(), "produce", vec![topic("orders")], "key=42 it's \"here\""),
        case("a tombstone", healthy(), "produce", vec![Object::Partition("orders".into(), 3)], "key=42"),
        case("a group that nobody is in", changed(idle), "reset-offsets", vec![group("billing")], "earliest payments:0,1"),
        case("with its consumers stopped meanwhile", healthy(), "reset-offsets", vec![group("billing")], "2h invoices:0,1"),
        case("of strangers", healthy(), "reset-offsets", vec![group("group-0003")], "latest"),
        case("a group that nobody is in", changed(idle), "delete-group", vec![group("billing")], ""),
        case("a group with members", healthy(), "delete-group", vec![group("billing")], ""),
        case("a group that nobody is in", changed(idle), "delete-offsets", vec![group("billing")], "payments"),
        case("what is read", healthy(), "delete-offsets", vec![group("billing")], "payments"),
    ]
}

/// The plan's lines, or the sentence in its place.
fn page(case: &Case) -> Vec<String> {
    let verb = find(case.verb).expect("a verb of that name");
    let plan = (verb.takes)(&known(&case.world), case.objects.first())
        .and_then(|()| plan(&case.world, case.verb, &case.objects, &case.argument));
    match plan {
        Err(why) => text::fold(&why, 78).into_iter().map(|line| format!(" ! {line}")).collect(),
        Ok(plan) => {
            let head = format!(" {} · risk: {} · {}", plan.title, plan.risk.word(), plan.asks().words());
            let mut sheet = Confirm::new(verb, plan, &Session::default(), Ground::default(), NOW);
            sheet.settle(80, 10_000);
            std::iter::once(head).chain(sheet.window().map(|line| line.text.clone())).collect()
        }
    }
}

#[test]
fn each_plan_is_whole_in_80_columns() {
    let mut all = Vec::new();
    for case in cases() {
        let lines = page(&case);
        for line in &lines[1..] {
            assert!(text::width(line) <= 80, "{}: {line}", case.title);
            assert!(!line.contains('…') || line.contains("journal"), "{}: cut: {line}", case.title);
        }
        all.push(format!("=== {}: {}\n{}", case.verb, case.title, lines.join("\n")));
    }
    for verb in VERBS.iter().filter(|verb| verb.name != "uncordon") {
        assert!(cases().iter().any(|case| case.verb == verb.name), "{} is not shown", verb.name);
    }
    insta::assert_snapshot!("every_plan", all.join("\n\n"));
}
