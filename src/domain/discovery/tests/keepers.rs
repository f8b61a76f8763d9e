//! Each keeper's own pods, as its charts and operators make them.

use super::*;

#[test]
fn strimzi_with_node_pools() {
    let image = "quay.io/strimzi/kafka:0.46.0-kafka-4.0.0";
    let labels = |pool: &'static str, broker: &'static str, controller: &'static str| {
        [
            ("strimzi.io/cluster", "main"),
            ("strimzi.io/kind", "Kafka"),
            ("strimzi.io/name", "main-kafka"),
            ("strimzi.io/pool-name", pool),
            ("strimzi.io/broker-role", broker),
            ("strimzi.io/controller-role", controller),
        ]
    };
    let ports = [
        ("tcp-ctrlplane", 9090),
        ("tcp-replication", 9091),
        ("tcp-clients", 9092),
        ("tcp-clientstls", 9093),
        ("tcp-external1", 9094),
        ("tcp-prometheus", 9404),
        ("tcp-kafkaagent", 8443),
    ];
    let kafka = || vec![container("kafka", image, &ports, &[])];
    let mut k = Cluster::new();
    k.pod("main-big-10", "StrimziPodSet/main-big", &labels("big", "true", "false"), kafka())
        .pod("main-big-9", "StrimziPodSet/main-big", &labels("big", "true", "false"), kafka())
        .pod("main-ctl-0", "StrimziPodSet/main-ctl", &labels("ctl", "false", "true"), kafka())
        .pod(
            "main-entity-operator-5d4f-x",
            "ReplicaSet/main-entity-operator-5d4f",
            &[
                ("strimzi.io/cluster", "main"),
                ("strimzi.io/kind", "Kafka"),
                ("strimzi.io/name", "main-entity-operator"),
            ],
            vec![container(
                "topic-operator",
                "quay.io/strimzi/operator:0.46.0",
                &[("healthcheck", 8080)],
                &[],
            )],
        )
        .pod(
            "events-connect-0",
            "StrimziPodSet/events-connect",
            &[
                ("strimzi.io/cluster", "events"),
                ("strimzi.io/kind", "KafkaConnect"),
                ("strimzi.io/name", "events-connect"),
            ],
            vec![container("events-connect", image, &[("rest-api", 8083), ("tcp-prometheus", 9404)], &[])],
        )
        .pod(
            "strimzi-cluster-operator-7-x",
            "ReplicaSet/strimzi-cluster-operator-7",
            &[("strimzi.io/kind", "cluster-operator")],
            vec![container("operator", "quay.io/strimzi/operator:0.46.0", &[("http", 8080)], &[])],
        )
        .service(
            "main-kafka-bootstrap",
            "10.0.0.7",
            &[("strimzi.io/cluster", "main"), ("strimzi.io/broker-role", "true")],
            &[
                ("tcp-replication", 9091, "9091"),
                ("tcp-clients", 9092, "9092"),
                ("tcp-clientstls", 9093, "9093"),
            ],
        )
        .service(
            "main-kafka-brokers",
            "None",
            &[("strimzi.io/cluster", "main")],
            &[("tcp-clients", 9092, "9092")],
        );
    let ports = "[9092,9093,9094]m9404";
    assert_eq!(
        k.found(),
        [format!(
            "kafka/main by Strimzi: main-big-9=9{ports} main-big-10=10{ports}; bootstrap main-kafka-bootstrap:9092"
        )]
    );
}

#[test]
fn strimzi_before_role_labels() {
    let labels = |name: &'static str| {
        [("strimzi.io/cluster", "old"), ("strimzi.io/kind", "Kafka"), ("strimzi.io/name", name)]
    };
    let image = "quay.io/strimzi/kafka:0.28.0-kafka-3.1.0";
    let mut k = Cluster::new();
    k.pod(
        "old-kafka-1",
        "StatefulSet/old-kafka",
        &labels("old-kafka"),
        vec![container("kafka", image, &[("tcp-clientstls", 9093)], &[])],
    )
    .pod(
        "old-zookeeper-0",
        "StatefulSet/old-zookeeper",
        &labels("old-zookeeper"),
        vec![container("zookeeper", image, &[("tcp-clients", 2181)], &[])],
    )
    .pod(
        "old-kafka-exporter-6-x",
        "ReplicaSet/old-kafka-exporter-6",
        &labels("old-kafka-exporter"),
        vec![container("exporter", image, &[("tcp-prometheus", 9404)], &[])],
    );
    assert_eq!(k.found(), ["kafka/old by Strimzi: old-kafka-1=1[9093]"]);
}

#[test]
fn confluent_for_kubernetes() {
    let labels = |kind: &'static str| [("confluent-platform", "true"), ("platform.confluent.io/type", kind)];
    let ports = [
        ("external", 9092),
        ("internal", 9071),
        ("replication", 9072),
        ("jolokia", 7777),
        ("jmx", 7203),
        ("prometheus", 7778),
    ];
    let server = || vec![container("kafka", "confluentinc/cp-server:7.9.0", &ports, &[])];
    let mut k = Cluster::new();
    k.set("kafka", 2, "confluentinc/cp-server:7.9.0", &[("platform.confluent.io/broker-id-offset", "100")])
        .pod("kafka-0", "StatefulSet/kafka", &labels("kafka"), server())
        .pod("kafka-1", "StatefulSet/kafka", &labels("kafka"), server())
        .pod("kraftcontroller-0", "StatefulSet/kraftcontroller", &labels("kraftcontroller"), server())
        .pod("connect-0", "StatefulSet/connect", &labels("connect"), server());
    let ports = "[9071,9092]m7778";
    assert_eq!(
        k.found(),
        [format!("kafka/kafka by Confluent for Kubernetes: kafka-0=100{ports} kafka-1=101{ports}")]
    );
}

#[test]
fn koperator() {
    let labels = |id: &'static str, broker: &'static str| {
        [("app", "kafka"), ("kafka_cr", "main"), ("brokerId", id), ("isBrokerNode", broker)]
    };
    let ports = [("tcp-internal", 29092), ("tcp-controller", 29093), ("metrics", 9020)];
    let kafka = || vec![container("kafka", "ghcr.io/banzaicloud/kafka:2.13-3.4.1", &ports, &[])];
    let mut k = Cluster::new();
    k.pod("main-7-abcde", "KafkaCluster/main", &labels("7", "true"), kafka())
        .pod("main-8-fghij", "KafkaCluster/main", &labels("8", "false"), kafka())
        .pod(
            "main-cruisecontrol-6-x",
            "ReplicaSet/main-cruisecontrol-6",
            &[("app", "cruisecontrol"), ("kafka_cr", "main")],
            vec![container("cruisecontrol", "ghcr.io/banzaicloud/cruise-control:2.5", &[("cc", 8090)], &[])],
        );
    assert_eq!(k.found(), ["kafka/main by Koperator: main-7-abcde=7[29092]m9020"]);
}

#[test]
fn redpanda() {
    let labels = [("app.kubernetes.io/name", "redpanda"), ("app.kubernetes.io/instance", "rp")];
    let ports = [
        ("admin", 9644),
        ("http", 8082),
        ("kafka", 9093),
        ("rpc", 33145),
        ("schemaregistry", 8081),
        ("kafka-default", 9094),
    ];
    let image = "docker.redpanda.com/redpandadata/redpanda:v25.1.1";
    let mut k = Cluster::new();
    k.pod("rp-0", "StatefulSet/rp", &labels, vec![container("redpanda", image, &ports, &[])])
        .pod(
            "rp-configuration-x",
            "Job/rp-configuration",
            &labels,
            vec![container("redpanda", image, &[], &[])],
        )
        .pod(
            "rp-console-6-x",
            "ReplicaSet/rp-console-6",
            &labels,
            vec![container("console", "docker.redpanda.com/redpandadata/console:v3", &[("http", 8080)], &[])],
        );
    assert_eq!(k.found(), ["kafka/rp by Redpanda: rp-0=?[9093,9094]"]);
}

#[test]
fn bitnami_with_controllers_and_brokers() {
    let labels = |component: &'static str| {
        [
            ("app.kubernetes.io/name", "kafka"),
            ("app.kubernetes.io/part-of", "kafka"),
            ("app.kubernetes.io/instance", "prod"),
            ("app.kubernetes.io/component", component),
            ("helm.sh/chart", "kafka-32.2.1"),
        ]
    };
    let image = "docker.io/bitnami/kafka:4.0.0-debian-12-r0";
    let ports = [("controller", 9093), ("client", 9092), ("interbroker", 9094), ("external", 9095)];
    let kafka = |roles, first| {
        let env = [("KAFKA_CFG_PROCESS_ROLES", roles), ("KAFKA_MIN_ID", first)];
        let jmx =
            container("jmx-exporter", "docker.io/bitnami/jmx-exporter:1.3.0", &[("metrics", 5556)], &[]);
        vec![container("kafka", image, &ports, &env), jmx]
    };
    let mut k = Cluster::new();
    k.pod(
        "prod-kafka-controller-0",
        "StatefulSet/prod-kafka-controller",
        &labels("controller-eligible"),
        kafka("controller", "0"),
    )
    .pod("prod-kafka-broker-1", "StatefulSet/prod-kafka-broker", &labels("broker"), kafka("broker", "100"))
    .pod(
        "prod-kafka-provisioning-x",
        "Job/prod-kafka-provisioning",
        &labels("kafka-provisioning"),
        vec![container("kafka-provisioning", image, &[], &[])],
    )
    .service(
        "prod-kafka",
        "10.0.0.3",
        &[("app.kubernetes.io/instance", "prod")],
        &[("tcp-client", 9092, "client")],
    )
    .service(
        "prod-kafka-broker-1-external",
        "10.0.0.4",
        &[("app.kubernetes.io/component", "broker")],
        &[("tcp-kafka", 9094, "external")],
    );
    assert_eq!(
        k.found(),
        [
            "kafka/prod by Bitnami chart: prod-kafka-broker-1=101[9092,9094,9095]m5556; bootstrap prod-kafka:9092"
        ]
    );
}

#[test]
fn cp_helm_charts() {
    let jmx = || {
        container(
            "prometheus-jmx-exporter",
            "solsson/kafka-prometheus-jmx-exporter@sha256:6f82",
            &[("", 5556)],
            &[],
        )
    };
    let mut k = Cluster::new();
    k.pod(
        "demo-cp-kafka-2",
        "StatefulSet/demo-cp-kafka",
        &[("app", "cp-kafka"), ("release", "demo")],
        vec![
            jmx(),
            container(
                "cp-kafka-broker",
                "confluentinc/cp-enterprise-kafka:6.1.0",
                &[("kafka", 9092), ("jmx", 5555)],
                &[],
            ),
        ],
    )
    .pod(
        "demo-cp-kafka-connect-6-x",
        "ReplicaSet/demo-cp-kafka-connect-6",
        &[("app", "cp-kafka-connect"), ("release", "demo")],
        vec![
            jmx(),
            container(
                "cp-kafka-connect-server",
                "confluentinc/cp-kafka-connect:6.1.0",
                &[("kafka-connect", 8083)],
                &[],
            ),
        ],
    );
    assert_eq!(k.found(), ["kafka/demo by cp-helm-charts: demo-cp-kafka-2=2[9092]m5556"]);
}

#[test]
fn a_plain_stateful_set() {
    let ports = [("kafka", 9092), ("controller", 9093), ("metrics", 9404)];
    let kafka = |env| vec![container("kafka", "apache/kafka:4.1.1", &ports, env)];
    let mut k = Cluster::new();
    // The id in the template is not the id of each.
    k.set("kafka", 3, "apache/kafka:4.1.1", &[]);
    for name in ["kafka-2", "kafka-0", "kafka-1"] {
        k.pod(name, "StatefulSet/kafka", &[("app", "kafka")], kafka(&[("KAFKA_NODE_ID", "1")]));
    }
    k.service("kafka-headless", "None", &[("app", "kafka")], &[("kafka", 9092, "kafka")]).service(
        "kafka-bootstrap",
        "10.0.0.9",
        &[("app", "kafka")],
        &[("kafka", 9092, "9092")],
    );
    let ports = "[9092]m9404";
    assert_eq!(
        k.found(),
        [format!(
            "kafka/kafka by StatefulSet: kafka-0=0{ports} kafka-1=1{ports} kafka-2=2{ports}; bootstrap kafka-bootstrap:9092"
        )]
    );
}

#[test]
fn a_single_broker_says_its_id() {
    let env = [("KAFKA_BROKER_ID", "7"), ("KAFKA_ZOOKEEPER_CONNECT", "zk:2181")];
    let mut k = Cluster::new();
    k.set("own", 1, "acme/streaming:3", &[]);
    k.pod("own-0", "StatefulSet/own", &[], vec![container("main", "acme/streaming:3", &[], &env)]);
    k.pod(
        "lone",
        "",
        &[],
        vec![container("kafka", "bitnami/kafka:3.9", &[("", 9092)], &[("KAFKA_CFG_NODE_ID", "4")])],
    );
    assert_eq!(
        k.found(),
        ["kafka/lone by no controller: lone=4[9092]", "kafka/own by StatefulSet: own-0=7[9092]"]
    );
}

#[test]
fn a_set_scaled_to_nothing_is_still_a_cluster() {
    let mut k = Cluster::new();
    k.set("kafka", 0, "apache/kafka:4.1.1", &[]).set("web", 0, "nginx:1", &[]);
    assert_eq!(k.found(), ["kafka/kafka by StatefulSet: "]);
}
