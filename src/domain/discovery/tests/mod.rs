//! What is found among pods: clusters, and what stands beside them.

mod keepers;

use super::*;
use crate::domain::{
    kubernetes::{
        Container, ContainerKind, KubernetesDelta, Meta, Owner, PodCondition, Service, ServicePort,
        StatefulSet, TableDelta,
    },
    time::Time,
};

type Pairs<'a> = &'a [(&'a str, &'a str)];
type Ports<'a> = &'a [(&'a str, u16)];

struct Cluster(Kubernetes);

fn map(pairs: Pairs) -> BTreeMap<Text, Text> {
    pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
}

fn container(name: &str, image: &str, ports: &[(&str, u16)], env: Pairs) -> Container {
    Container {
        name: name.into(),
        kind: ContainerKind::Main,
        image: image.into(),
        ports: ports.iter().map(|(n, p)| ((*n).into(), *p)).collect(),
        kafka_env: map(env),
        mounts: Vec::new(),
        state: None,
        place: 0,
        ready: false,
        started: false,
        restarts: 0,
        last_end: None,
    }
}

impl Cluster {
    fn new() -> Self {
        Cluster(Kubernetes::default())
    }

    /// `owner`: `StatefulSet/name`, or empty.
    fn pod(&mut self, name: &str, owner: &str, labels: Pairs, containers: Vec<Container>) -> &mut Self {
        let owner = owner.split_once('/').map(|(kind, name)| Owner {
            api_version: if kind == "StrimziPodSet" { "core.strimzi.io/v1" } else { "apps/v1" }.into(),
            kind: kind.into(),
            name: name.into(),
            uid: name.into(),
        });
        let (key, uid) = (Key::new("kafka", name), name.into());
        let meta = Meta { key, uid, labels: map(labels), owner, ..Meta::default() };
        let pod = Pod { meta, containers, ..Pod::default() };
        self.0.apply(KubernetesDelta::Pods(TableDelta::Put { row: pod, at: Time(0) }));
        self
    }

    fn set(&mut self, name: &str, replicas: i32, image: &str, annotations: Pairs) -> &mut Self {
        let (key, uid) = (Key::new("kafka", name), name.into());
        let meta = Meta { key, uid, annotations: map(annotations), ..Meta::default() };
        let row = StatefulSet { meta, replicas, images: vec![image.into()], ..StatefulSet::default() };
        self.0.apply(KubernetesDelta::StatefulSets(TableDelta::Put { row, at: Time(0) }));
        self
    }

    fn service(&mut self, name: &str, ip: &str, selector: Pairs, ports: &[(&str, u16, &str)]) -> &mut Self {
        let meta = Meta { key: Key::new("kafka", name), ..Meta::default() };
        let ports = ports.iter().map(|(name, port, target)| ServicePort {
            name: (*name).into(),
            port: *port,
            target: (*target).into(),
        });
        let (cluster_ip, ports, selector) = (ip.into(), ports.collect(), map(selector));
        let row = Service { meta, cluster_ip, ports, selector, ..Service::default() };
        self.0.apply(KubernetesDelta::Services(TableDelta::Put { row, at: Time(0) }));
        self
    }

    fn found(&self) -> Vec<String> {
        find(&self.0).iter().map(describe).collect()
    }
}

/// `kafka/main by Strimzi: main-kafka-0=0[9092,9093]m9404; bootstrap main-bootstrap:9092`
fn describe(cluster: &FoundCluster) -> String {
    let brokers = cluster.brokers.iter().map(|b| {
        let id = b.broker.map_or("?".into(), |id| id.to_string());
        let exporter = b.exporter.map(|port| format!("m{port}")).unwrap_or_default();
        let ports: Vec<_> = b.ports.iter().map(u16::to_string).collect();
        format!("{}={id}[{}]{exporter}", b.pod.name, ports.join(","))
    });
    let brokers: Vec<_> = brokers.collect();
    let bootstrap = cluster.bootstrap.as_ref().map(|(key, port)| format!("; bootstrap {}:{port}", key.name));
    let keeper = cluster.keeper.words();
    format!("{} by {keeper}: {}{}", cluster.name, brokers.join(" "), bootstrap.unwrap_or_default())
}

#[test]
fn what_works_with_kafka_is_no_broker() {
    let others = [
        ("provectuslabs/kafka-ui:v0.7.2", ("http", 8080)),
        ("danielqsj/kafka-exporter:v1.9.0", ("metrics", 9308)),
        ("confluentinc/cp-kafka-connect:7.9.0", ("", 8083)),
        ("confluentinc/cp-kafka-rest:7.9.0", ("", 8082)),
        ("confluentinc/cp-zookeeper:7.9.0", ("client", 2181)),
        ("quay.io/strimzi/kafka-bridge:0.31", ("rest-api", 8080)),
        ("obsidiandynamics/kafdrop:4", ("", 9000)),
        ("tchiotludo/akhq:0.25", ("http", 8080)),
        ("apache/kafka:4.1.1", ("rest", 8083)),
        ("acme/kafka-orders-consumer:1", ("kafka", 9092)),
        ("acme/kafka-mirror:1", ("", 9092)),
        ("acme/orders:1", ("http", 9092)),
    ];
    for (image, port) in others {
        let mut k = Cluster::new();
        let env = [("KAFKA_CLUSTER_ID", "x")];
        k.pod("it-0", "StatefulSet/it", &[], vec![container("main", image, &[port], &env)]);
        assert_eq!(k.found(), [""; 0], "{image}");
    }
    let mut k = Cluster::new();
    let env = [
        ("KAFKA_PROCESS_ROLES", "controller"),
        ("KAFKA_NODE_ID", "1"),
        ("KAFKA_LISTENERS", "CONTROLLER://:9093"),
    ];
    k.pod(
        "ctl-0",
        "StatefulSet/ctl",
        &[],
        vec![container("kafka", "apache/kafka:4.1.1", &[("", 9093)], &env)],
    );
    assert_eq!(k.found(), [""; 0], "a controller");
}

#[test]
fn ports_of_listeners() {
    let cases: [(Ports, Pairs, &[u16]); 8] = [
        (&[("", 9092), ("", 9093)], &[], &[9092]),
        (&[("", 9093)], &[], &[9093]),
        (&[], &[], &[9092]),
        (&[], &[("KAFKA_LISTENERS", "PLAINTEXT://:19092,CONTROLLER://:9093")], &[19092]),
        (
            &[("", 9095)],
            &[
                ("KAFKA_LISTENERS", "INTERNAL://:9092,QUORUM://:9095"),
                ("KAFKA_CONTROLLER_LISTENER_NAMES", "QUORUM"),
            ],
            &[9092],
        ),
        (&[("kafka-tls", 9093), ("kafka", 9092)], &[], &[9092, 9093]),
        (&[("jmx", 9999), ("tcp-kafka", 9092)], &[], &[9092]),
        (&[("http-metrics", 9404), ("external", 9094), ("client", 9092)], &[], &[9092, 9094]),
    ];
    for (ports, env, expected) in cases {
        let pod = Pod { containers: vec![container("kafka", "kafka", ports, env)], ..Pod::default() };
        assert_eq!(listeners::client_ports(&pod), expected, "{ports:?} {env:?}");
    }
}

#[test]
fn ports_of_exporters() {
    let cases: [(Ports, Option<u16>); 7] = [
        (&[("kafka", 9092)], None),
        (&[("jmx", 5555), ("", 5556)], Some(5556)),
        (&[("jmx-exporter", 8088)], Some(8088)),
        (&[("jmx", 9999)], None),
        (&[("", 7071)], Some(7071)),
        (&[("", 9404), ("metrics", 1234)], Some(1234)),
        (&[("tcp-prometheus", 9404)], Some(9404)),
    ];
    for (ports, expected) in cases {
        let pod = Pod { containers: vec![container("kafka", "kafka", ports, &[])], ..Pod::default() };
        assert_eq!(listeners::exporter_port(&pod), expected, "{ports:?}");
    }
}

#[test]
fn a_bond_is_verified_by_the_advertised_host() {
    let mut k = Cluster::new();
    k.pod(
        "kafka-0",
        "StatefulSet/kafka",
        &[],
        vec![container("kafka", "apache/kafka:4.1.1", &[("", 9092)], &[])],
    );
    let broker = &find(&k.0)[0].brokers[0];
    let mut pod = k.0.pods.get(&broker.pod).unwrap().clone();
    pod.ip = Some("10.44.1.7".into());
    let hosts = [
        ("kafka-0.kafka-headless.kafka.svc.cluster.local", Bond::Verified),
        ("kafka-0.kafka-headless.kafka.svc", Bond::Verified),
        ("Kafka-0.kafka-headless.kafka.svc.", Bond::Verified),
        ("kafka-0.kafka-headless", Bond::Verified),
        ("kafka-0", Bond::Verified),
        ("10.44.1.7", Bond::Verified),
        ("kafka-0.kafka-headless.staging.svc", Bond::Unverified),
        ("kafka-00.kafka-headless.kafka.svc", Bond::Unverified),
        ("kafka-1.kafka-headless.kafka.svc", Bond::Unverified),
        ("10.44.1.70", Bond::Unverified),
        ("localhost", Bond::Unverified),
        ("", Bond::Unverified),
    ];
    for (host, bond) in hosts {
        assert_eq!(verify(broker, &pod, host), bond, "{host}");
    }
    pod.meta.uid = "another".into();
    assert_eq!(verify(broker, &pod, "kafka-0"), Bond::Unverified, "the pod was replaced");
}

#[test]
fn secrets_in_the_environment_are_not_read() {
    for name in ["KAFKA_NODE_ID", "KAFKA_CFG_PROCESS_ROLES", "KAFKA_LISTENERS", "KAFKA_MIN_ID"] {
        assert!(env_is_read(name), "{name}");
    }
    for name in ["KAFKA_CLIENT_PASSWORDS", "KAFKA_CFG_SASL_JAAS_CONFIG", "NODE_ID", "KAFKA_", "PATH"] {
        assert!(!env_is_read(name), "{name}");
    }
}

#[test]
fn prometheus_servers_best_first() {
    let mut k = Cluster::new();
    let labelled = |k: &mut Cluster, name: &str, labels: Pairs, ports: &[(&str, u16, &str)]| {
        k.service(name, "10.0.0.1", &[("app", name)], ports);
        let mut row = k.0.services.get(&Key::new("kafka", name)).unwrap().clone();
        row.meta.labels = map(labels);
        k.0.apply(KubernetesDelta::Services(TableDelta::Put { row, at: Time(0) }));
    };
    let name = "app.kubernetes.io/name";
    let component = "app.kubernetes.io/component";
    labelled(
        &mut k,
        "thanos-query",
        &[(name, "thanos"), (component, "query")],
        &[("grpc", 10901, ""), ("http", 9090, "")],
    );
    labelled(
        &mut k,
        "mon-prometheus-server",
        &[(name, "prometheus"), (component, "server")],
        &[("http", 80, "9090")],
    );
    labelled(&mut k, "mon-alertmanager", &[(name, "alertmanager")], &[("http", 9093, "")]);
    labelled(
        &mut k,
        "mon-prometheus-node-exporter",
        &[(name, "prometheus-node-exporter")],
        &[("metrics", 9100, "")],
    );
    labelled(&mut k, "prometheus-operator", &[(name, "prometheus-operator")], &[("https", 8443, "")]);
    labelled(&mut k, "prometheus-operated", &[("operated-prometheus", "true")], &[("web", 9090, "")]);
    labelled(
        &mut k,
        "stack-kube-prometheus-prometheus",
        &[("app", "kube-prometheus-stack-prometheus")],
        &[("reloader-web", 8080, ""), ("http-web", 9090, "")],
    );
    labelled(&mut k, "prometheus-k8s", &[], &[("web", 9091, "")]);
    labelled(&mut k, "prometheus", &[], &[("http", 9090, "")]);
    let mut ready = Pod::default();
    ready.meta.key = Key::new("kafka", "prometheus-0");
    ready.meta.labels = map(&[("app", "prometheus")]);
    let (kind, status) = ("Ready".into(), true);
    ready.conditions.push(PodCondition { kind, status, reason: "".into(), message: "".into(), since: None });
    k.0.apply(KubernetesDelta::Pods(TableDelta::Put { row: ready, at: Time(0) }));
    let found: Vec<_> =
        find_prometheus(&k.0).iter().map(|(key, port, tls)| format!("{} {port} {tls}", key.name)).collect();
    assert_eq!(
        found,
        [
            "prometheus-operated 9090 false",
            "prometheus-k8s 9091 true",
            "stack-kube-prometheus-prometheus 9090 false",
            "prometheus 9090 false",
            "mon-prometheus-server 80 false",
            "thanos-query 9090 false",
        ]
    );
}
