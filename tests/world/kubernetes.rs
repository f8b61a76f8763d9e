//! The Kubernetes part: nodes in three zones, a StatefulSet of brokers, clients, other workloads.

use super::{NOW, Size};
use castellan::domain::{
    Text,
    kubernetes::{
        Autoscaler, Budget, Claim, ConditionStatus, Container, ContainerKind, ContainerState, Deployment,
        Event, Key, KubernetesDelta, Meta, Node, NodeCondition, Owner, Pod, PodCondition, ReplicaSet,
        Service, ServicePort, StatefulSet, TableDelta,
    },
    snapshot::Delta,
    time::Time,
};
use std::{collections::BTreeMap, time::Duration};

pub const NAMESPACE: &str = "kafka";
pub const ZONES: [&str; 3] = ["zone-a", "zone-b", "zone-c"];

fn ago(seconds: u64) -> Time {
    NOW.minus(Duration::from_secs(seconds))
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<Text, Text> {
    pairs.iter().map(|(k, v)| (Text::from(*k), Text::from(*v))).collect()
}

fn meta(namespace: &str, name: &str, created: Time) -> Meta {
    Meta {
        key: Key::new(namespace, name),
        uid: format!("uid-{namespace}-{name}").into(),
        resource_version: "1".into(),
        created,
        ..Meta::default()
    }
}

fn owner(kind: &str, namespace: &str, name: &str) -> Option<Owner> {
    Some(Owner {
        api_version: "apps/v1".into(),
        kind: kind.into(),
        name: name.into(),
        uid: format!("uid-{namespace}-{name}").into(),
    })
}

fn condition(kind: &str, status: bool, since: Time) -> PodCondition {
    PodCondition { kind: kind.into(), status, reason: "".into(), message: "".into(), since: Some(since) }
}

pub fn container(name: &str, image: &str, started: Time) -> Container {
    Container {
        name: name.into(),
        kind: ContainerKind::Main,
        image: image.into(),
        ports: Vec::new(),
        kafka_env: BTreeMap::new(),
        mounts: Vec::new(),
        state: Some(ContainerState::Running { since: Some(started) }),
        place: 0,
        ready: true,
        started: true,
        restarts: 0,
        last_end: None,
    }
}

/// A pod that runs and is ready.
pub fn pod(namespace: &str, name: &str, node: usize, index: usize) -> Pod {
    let created = ago(86_400 * 3 + index as u64);
    Pod {
        meta: meta(namespace, name, created),
        phase: "Running".into(),
        node: Some(node_name(node)),
        ip: Some(address(index)),
        containers: vec![container("main", "registry/app:1.4", created)],
        conditions: vec![
            condition("PodScheduled", true, created),
            condition("Initialized", true, created),
            condition("Ready", true, created),
        ],
        grace: 30,
        ..Pod::default()
    }
}

pub fn address(index: usize) -> Text {
    format!("10.{}.{}.{}", 1 + index / 65_536, index / 256 % 256, index % 256).into()
}

pub fn node_name(index: usize) -> Text {
    format!("node-{}{}", ["a", "b", "c"][index % 3], index / 3 + 1).into()
}

pub fn broker_pod(index: usize, size: Size) -> Pod {
    let mut pod = pod(NAMESPACE, &format!("kafka-{index}"), index % size.nodes.max(1), index);
    pod.meta.owner = owner("StatefulSet", NAMESPACE, "kafka");
    pod.meta.labels = labels(&[("app", "kafka")]);
    let kafka = &mut pod.containers[0];
    kafka.name = "kafka".into();
    kafka.image = "apache/kafka:4.1.0".into();
    kafka.ports = vec![("client".into(), 9092), ("metrics".into(), 9404)];
    kafka.kafka_env = labels(&[("KAFKA_PROCESS_ROLES", "broker,controller")]);
    kafka.mounts = vec![("data".into(), "/var/lib/kafka".into())];
    pod.claims = [("data".into(), format!("data-kafka-{index}").into())].into();
    pod.grace = 120;
    pod
}

/// Two replicas of each client, then as many web pods as are left.
fn pods(size: Size) -> Vec<Pod> {
    let mut pods: Vec<Pod> = (0..size.brokers).map(|i| broker_pod(i, size)).collect();
    for name in super::kafka::CLIENTS.iter().take(size.groups) {
        for replica in 0..2 {
            let index = pods.len();
            let mut pod = pod("shop", &format!("{name}-5d8c7-{replica}"), index % size.nodes.max(1), index);
            pod.meta.owner = owner("ReplicaSet", "shop", &format!("{name}-5d8c7"));
            pod.meta.labels = labels(&[("app", name)]);
            pods.push(pod);
        }
    }
    for index in pods.len()..size.pods {
        let name = format!("web-{}-{index:05}", index % 50);
        let mut pod = pod("web", &name, index % size.nodes.max(1), index);
        pod.meta.owner = owner("ReplicaSet", "web", &format!("web-{}", index % 50));
        pod.meta.labels = labels(&[("app", "web")]);
        pods.push(pod);
    }
    pods
}

pub fn node(index: usize) -> Node {
    let since = ago(86_400 * 30);
    let condition = |kind: &str, status| NodeCondition {
        kind: kind.into(),
        status,
        reason: "KubeletReady".into(),
        since: Some(since),
    };
    Node {
        meta: meta("", &node_name(index), since),
        conditions: vec![
            condition("MemoryPressure", ConditionStatus::False),
            condition("DiskPressure", ConditionStatus::False),
            condition("Ready", ConditionStatus::True),
        ],
        zone: Some(ZONES[index % 3].into()),
        kubelet: "v1.35.4".into(),
        address: format!("192.168.0.{}", index % 250 + 1).into(),
        cpu_millis: 8_000,
        memory: 32 << 30,
        ..Node::default()
    }
}

fn claim(index: usize) -> Claim {
    Claim {
        meta: meta(NAMESPACE, &format!("data-kafka-{index}"), ago(86_400 * 30)),
        phase: "Bound".into(),
        volume: format!("pv-{index}").into(),
        class: "fast".into(),
        requested: 100 << 30,
        capacity: 100 << 30,
        conditions: Vec::new(),
    }
}

/// The claim of a broker's disk, made so often that it has this UID.
pub fn claim_of(index: usize, uid: &str) -> Claim {
    let mut claim = claim(index);
    claim.meta.uid = uid.into();
    claim
}

pub fn stateful_set(size: Size) -> StatefulSet {
    let brokers = size.brokers as i32;
    StatefulSet {
        meta: meta(NAMESPACE, "kafka", ago(86_400 * 30)),
        replicas: brokers,
        ready: brokers,
        available: brokers,
        updated: brokers,
        current: brokers,
        generation: 1,
        observed_generation: 1,
        current_revision: "kafka-6f".into(),
        update_revision: "kafka-6f".into(),
        update_strategy: "RollingUpdate".into(),
        partition: 0,
        service: "kafka-brokers".into(),
        selector: labels(&[("app", "kafka")]),
        images: vec!["apache/kafka:4.1.0".into()],
    }
}

fn deployment(name: &str) -> (Deployment, ReplicaSet) {
    let set = format!("{name}-5d8c7");
    let deployment = Deployment {
        meta: meta("shop", name, ago(86_400 * 20)),
        replicas: 2,
        ready: 2,
        available: 2,
        updated: 2,
        generation: 1,
        observed_generation: 1,
        selector: labels(&[("app", name)]),
        images: vec![format!("registry/{name}:1.4").into()],
        ..Deployment::default()
    };
    let mut replica_set = ReplicaSet { meta: meta("shop", &set, ago(86_400 * 20)), replicas: 2, ready: 2 };
    replica_set.meta.owner = owner("Deployment", "shop", name);
    (deployment, replica_set)
}

fn services() -> Vec<Service> {
    let service = |name: &str, address: &str| Service {
        meta: meta(NAMESPACE, name, ago(86_400 * 30)),
        kind: "ClusterIP".into(),
        cluster_ip: address.into(),
        ports: vec![ServicePort { name: "client".into(), port: 9092, target: "client".into() }],
        selector: labels(&[("app", "kafka")]),
    };
    vec![service("kafka-brokers", "None"), service("kafka-bootstrap", "10.96.0.20")]
}

pub fn event(name: &str, kind: &str, reason: &str, object: (&str, &str), message: &str, age: u64) -> Event {
    Event {
        meta: meta(NAMESPACE, name, ago(age)),
        kind: kind.into(),
        reason: reason.into(),
        message: message.into(),
        object_kind: object.0.into(),
        object_name: object.1.into(),
        object_uid: format!("uid-{NAMESPACE}-{}", object.1).into(),
        component: "kubelet".into(),
        count: 1,
        first: ago(age + 60),
        last: ago(age),
    }
}

fn list<T>(rows: Vec<T>) -> [TableDelta<T>; 3] {
    [TableDelta::ListStart, TableDelta::Page { rows, remaining: None }, TableDelta::ListEnd { at: NOW }]
}

/// The first reading of everything.
pub fn deltas(size: Size) -> Vec<Delta> {
    let some = |n: usize| if size.brokers == 0 { 0 } else { n };
    let clients = super::kafka::CLIENTS.iter().take(some(size.groups.min(super::kafka::CLIENTS.len())));
    let (deployments, replica_sets) = clients.map(|name| deployment(name)).unzip();
    let budget = Budget {
        meta: meta(NAMESPACE, "kafka", ago(86_400 * 30)),
        max_unavailable: "1".into(),
        selector: labels(&[("app", "kafka")]),
        allowed: 1,
        healthy: size.brokers as i32,
        desired: size.brokers as i32 - 1,
        expected: size.brokers as i32,
        ..Budget::default()
    };
    let autoscaler = Autoscaler {
        meta: meta("shop", "billing", ago(86_400 * 20)),
        target_kind: "Deployment".into(),
        target_name: "billing".into(),
        min: 2,
        max: 6,
        current: 2,
        desired: 2,
    };
    let started = event("kafka-0.1", "Normal", "Started", ("Pod", "kafka-0"), "Started container kafka", 300);
    let mut deltas: Vec<Delta> = vec![
        KubernetesDelta::Server { answer: Ok(("v1.35.4".into(), Duration::from_millis(12))), at: NOW }.into(),
    ];
    let sets = if size.brokers == 0 { vec![] } else { vec![stateful_set(size)] };
    deltas.extend(list((0..size.nodes).map(node).collect()).map(|d| KubernetesDelta::Nodes(d).into()));
    deltas.extend(list(pods(size)).map(|d| KubernetesDelta::Pods(d).into()));
    deltas.extend(list(sets).map(|d| KubernetesDelta::StatefulSets(d).into()));
    deltas.extend(list(deployments).map(|d| KubernetesDelta::Deployments(d).into()));
    deltas.extend(list(replica_sets).map(|d| KubernetesDelta::ReplicaSets(d).into()));
    deltas.extend(list((0..size.brokers).map(claim).collect()).map(|d| KubernetesDelta::Claims(d).into()));
    let keep = |n: usize| n > 0 && size.brokers > 0;
    deltas.extend(
        list(if keep(1) { vec![budget] } else { vec![] }).map(|d| KubernetesDelta::Budgets(d).into()),
    );
    deltas.extend(
        list(if keep(1) { vec![autoscaler] } else { vec![] }).map(|d| KubernetesDelta::Autoscalers(d).into()),
    );
    deltas
        .extend(list(if keep(1) { services() } else { vec![] }).map(|d| KubernetesDelta::Services(d).into()));
    deltas.extend(
        list(if keep(1) { vec![started] } else { vec![] }).map(|d| KubernetesDelta::Events(d).into()),
    );
    deltas
}

/// kafka-1 crashes, a billing pod cannot be scheduled, a web pod crashes, the last node is lost.
pub fn troubles() -> Vec<Delta> {
    let mut broker = broker_pod(1, super::SMALL);
    crash(&mut broker, 7);
    let mut billing = pod("shop", "billing-5d8c7-0", 3, 3);
    billing.meta.owner = owner("ReplicaSet", "shop", "billing-5d8c7");
    unschedulable(&mut billing);
    let mut web = pod("web", "web-9-crash", 4, 40);
    crash(&mut web, 31);
    let mut lost = node(5);
    lost.conditions[2].status = ConditionStatus::Unknown;
    lost.conditions[2].since = Some(ago(240));
    let mut claim = claim(1);
    claim.phase = "Pending".into();
    let mut set = stateful_set(super::SMALL);
    (set.ready, set.available) = (2, 2);
    let crashed = event(
        "kafka-1.2",
        "Warning",
        "BackOff",
        ("Pod", "kafka-1"),
        "Back-off restarting failed container kafka",
        20,
    );
    let put = |row| TableDelta::Put { row, at: NOW };
    vec![
        KubernetesDelta::Pods(put(broker)).into(),
        KubernetesDelta::Pods(put(billing)).into(),
        KubernetesDelta::Pods(put(web)).into(),
        KubernetesDelta::Nodes(TableDelta::Put { row: lost, at: NOW }).into(),
        KubernetesDelta::Claims(TableDelta::Put { row: claim, at: NOW }).into(),
        KubernetesDelta::StatefulSets(TableDelta::Put { row: set, at: NOW }).into(),
        KubernetesDelta::Events(TableDelta::Put { row: crashed, at: NOW }).into(),
    ]
}

pub fn crash(pod: &mut Pod, restarts: u32) {
    let container = &mut pod.containers[0];
    container.state = Some(ContainerState::Waiting {
        reason: "CrashLoopBackOff".into(),
        message: "back-off 5m0s restarting failed container".into(),
    });
    container.ready = false;
    container.restarts = restarts;
    container.last_end = Some(ContainerState::Terminated {
        reason: "Error".into(),
        message: "".into(),
        exit_code: 1,
        signal: 0,
        finished: Some(ago(20)),
    });
    unready(pod);
}

/// Not ready since four minutes ago.
pub fn unready(pod: &mut Pod) {
    if let Some(ready) = pod.conditions.iter_mut().find(|c| &*c.kind == "Ready") {
        (ready.status, ready.since) = (false, Some(ago(240)));
    }
}

pub fn unschedulable(pod: &mut Pod) {
    pod.phase = "Pending".into();
    (pod.node, pod.ip) = (None, None);
    pod.containers[0].state = None;
    pod.containers[0].ready = false;
    pod.conditions = vec![PodCondition {
        reason: "Unschedulable".into(),
        message: "0/6 nodes are available: 6 Insufficient memory".into(),
        ..condition("PodScheduled", false, ago(240))
    }];
}
