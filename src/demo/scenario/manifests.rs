//! The objects of a scenario, as somebody would have applied them.

use super::estate::{Kafka, Workload};
use serde_json::{Value, json};

/// Where a broker serves clients, and where its figures are.
pub const PORT: u16 = 9092;
const NAME: &str = "app.kubernetes.io/name";

pub fn namespace(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

/// `number`: its place among all nodes, from 1, which its addresses are made from.
pub fn node(name: &str, zone: &str, number: usize, cpu: &str, memory: &str) -> Value {
    let network = format!("10.{}.{}", 44 + number / 250, number % 250);
    json!({
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "node.kubernetes.io/instance-type": "r6i.2xlarge",
            "topology.kubernetes.io/region": "demo",
            "topology.kubernetes.io/zone": zone,
        }},
        "spec": {"podCIDR": format!("{network}.0/24"), "providerID": format!("demo://{zone}/{name}")},
        "status": {
            "capacity": {"cpu": cpu, "memory": memory, "pods": "110"},
            "allocatable": {"cpu": cpu, "memory": memory, "pods": "110"},
            "addresses": [
                {"type": "InternalIP", "address": format!("{network}.1")},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "kubeletVersion": "v1.35.4", "operatingSystem": "linux", "architecture": "amd64",
                "osImage": "Debian GNU/Linux 13 (trixie)", "kernelVersion": "6.12.48",
                "containerRuntimeVersion": "containerd://2.1.4", "bootID": "", "machineID": "",
                "systemUUID": "", "kubeProxyVersion": "",
            },
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        },
    })
}

pub fn service(namespace: &str, name: &str, app: &str, ports: &[(&str, u16)], headless: bool) -> Value {
    let ports: Vec<Value> = ports.iter().map(|(name, port)| json!({"name": name, "port": port})).collect();
    let mut service = json!({
        "metadata": {"namespace": namespace, "name": name, "labels": {NAME: app}},
        "spec": {"selector": {NAME: app}, "ports": ports},
    });
    if headless {
        service["spec"]["clusterIP"] = json!("None");
        service["spec"]["publishNotReadyAddresses"] = json!(true);
    }
    service
}

pub fn budget(namespace: &str, name: &str, labels: &Value, most: usize) -> Value {
    json!({
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"maxUnavailable": most, "selector": {"matchLabels": labels}},
    })
}

/// The brokers' StatefulSet.
pub fn stateful_kafka(kafka: &Kafka, id: &str) -> Value {
    let labels = json!({NAME: kafka.name});
    json!({
        "metadata": {"namespace": kafka.namespace, "name": kafka.name, "labels": labels},
        "spec": {
            "replicas": kafka.brokers,
            "serviceName": headless(&kafka.name),
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {
                    "prometheus.io/scrape": "true", "prometheus.io/port": "9404",
                }},
                "spec": broker_spec(kafka, &labels, environment(kafka, id)),
            },
            "volumeClaimTemplates": [claim("data", &kafka.disk)],
        },
    })
}

pub fn headless(cluster: &str) -> String {
    format!("{cluster}-headless")
}

fn claim(name: &str, size: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "zonal",
            "resources": {"requests": {"storage": size}},
        },
    })
}

fn broker_spec(kafka: &Kafka, labels: &Value, env: Value) -> Value {
    json!({
        "terminationGracePeriodSeconds": 30,
        "topologySpreadConstraints": [{
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": labels},
        }],
        "containers": [{
            "name": "kafka",
            "image": kafka.image,
            "env": env,
            "ports": [
                {"name": "kafka", "containerPort": PORT},
                {"name": "controller", "containerPort": 9093},
                {"name": "metrics", "containerPort": 9404},
            ],
            "readinessProbe": {
                "tcpSocket": {"port": PORT}, "periodSeconds": 3, "timeoutSeconds": 2, "failureThreshold": 3,
            },
            "resources": {"requests": {"cpu": "500m", "memory": "4Gi"}, "limits": {"memory": "4Gi"}},
            "volumeMounts": [{"name": "data", "mountPath": "/var/lib/kafka"}],
        }],
    })
}

fn environment(kafka: &Kafka, id: &str) -> Value {
    let host = |n: usize| {
        format!("{n}@{0}-{n}.{1}.{2}.svc:9093", kafka.name, headless(&kafka.name), kafka.namespace)
    };
    let voters: Vec<String> = (0..kafka.brokers.min(3)).map(host).collect();
    let offsets = kafka.brokers.min(3).to_string();
    let isr = kafka.min_isr.to_string();
    let all = [
        ("CLUSTER_ID", id),
        ("KAFKA_PROCESS_ROLES", "broker,controller"),
        ("KAFKA_LISTENERS", "PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093"),
        ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
        ("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER"),
        ("KAFKA_INTER_BROKER_LISTENER_NAME", "PLAINTEXT"),
        ("KAFKA_CONTROLLER_QUORUM_VOTERS", &voters.join(",")),
        ("KAFKA_LOG_DIRS", "/var/lib/kafka/data"),
        ("KAFKA_DEFAULT_REPLICATION_FACTOR", &offsets),
        ("KAFKA_MIN_INSYNC_REPLICAS", &isr),
        ("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", &offsets),
        ("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false"),
    ];
    all.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

/// A Deployment, or a StatefulSet where it has claims.
pub fn workload(w: &Workload) -> Value {
    let mut labels = json!({NAME: w.name});
    if let Some(whole) = &w.part_of {
        labels["app.kubernetes.io/part-of"] = json!(whole);
    }
    let mut container = json!({
        "name": w.name,
        "image": w.image,
        "resources": {"requests": {"cpu": w.cpu, "memory": w.memory}},
    });
    if let Some(port) = w.port {
        container["ports"] = json!([{"name": "web", "containerPort": port}]);
    }
    let mut spec = json!({
        "replicas": w.replicas,
        "selector": {"matchLabels": {NAME: w.name}},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"terminationGracePeriodSeconds": 10, "containers": [container]},
        },
    });
    if let Some(size) = &w.claim {
        spec["serviceName"] = json!(w.service.as_ref().unwrap_or(&w.name));
        spec["template"]["spec"]["containers"][0]["volumeMounts"] =
            json!([{"name": "data", "mountPath": "/data"}]);
        spec["volumeClaimTemplates"] = json!([claim("data", size)]);
    }
    json!({"metadata": {"namespace": w.namespace, "name": w.name, "labels": labels}, "spec": spec})
}

pub fn autoscaler(w: &Workload, (least, most, aim): (usize, usize, usize)) -> Value {
    json!({
        "metadata": {"namespace": w.namespace, "name": w.name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": w.name},
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [{"type": "Resource", "resource": {
                "name": "cpu", "target": {"type": "Utilization", "averageUtilization": aim},
            }}],
        },
    })
}

/// What Strimzi has of a cluster: the Kafka, its one pool, and the pod set that the operator made of it.
pub mod strimzi {
    use super::*;

    const POOL: &str = "broker";

    pub fn pods(kafka: &Kafka) -> String {
        format!("{}-{POOL}-", kafka.name)
    }

    pub fn service_name(cluster: &str) -> String {
        format!("{cluster}-kafka-brokers")
    }

    fn labels(kafka: &Kafka) -> Value {
        json!({
            "app.kubernetes.io/instance": kafka.name,
            "app.kubernetes.io/managed-by": "strimzi-cluster-operator",
            "app.kubernetes.io/name": "kafka",
            "strimzi.io/cluster": kafka.name,
            "strimzi.io/kind": "Kafka",
            "strimzi.io/name": format!("{}-kafka", kafka.name),
            "strimzi.io/component-type": "kafka",
        })
    }

    pub fn cluster(kafka: &Kafka, id: &str) -> Value {
        let bootstrap = format!("{}-kafka-bootstrap.{}.svc:{PORT}", kafka.name, kafka.namespace);
        json!({
            "metadata": {"namespace": kafka.namespace, "name": kafka.name},
            "spec": {"kafka": {
                "version": "4.1.1",
                "metadataVersion": "4.1-IV1",
                "listeners": [{"name": "plain", "port": PORT, "type": "internal", "tls": false}],
                "config": {"default.replication.factor": 3, "min.insync.replicas": kafka.min_isr},
            }},
            "status": {
                "clusterId": id,
                "kafkaVersion": "4.1.1",
                "listeners": [{"name": "plain", "bootstrapServers": bootstrap}],
                "kafkaNodePools": [{"name": POOL}],
            },
        })
    }

    pub fn pool(kafka: &Kafka) -> Value {
        let ids: Vec<usize> = (0..kafka.brokers).collect();
        json!({
            "metadata": {
                "namespace": kafka.namespace, "name": POOL, "labels": {"strimzi.io/cluster": kafka.name},
            },
            "spec": {
                "replicas": kafka.brokers,
                "roles": ["controller", "broker"],
                "storage": {"type": "jbod", "volumes": [
                    {"id": 0, "type": "persistent-claim", "size": kafka.disk, "deleteClaim": false},
                ]},
            },
            "status": {"nodeIds": ids, "replicas": kafka.brokers, "roles": ["controller", "broker"]},
        })
    }

    pub fn pod_set(kafka: &Kafka) -> Value {
        let pods: Vec<Value> = (0..kafka.brokers).map(|id| pod(kafka, id)).collect();
        let mut all = labels(kafka);
        all["strimzi.io/pool-name"] = json!(POOL);
        json!({
            "metadata": {
                "namespace": kafka.namespace,
                "name": format!("{}-{POOL}", kafka.name),
                "labels": all,
                "annotations": {"strimzi.io/storage-size": kafka.disk},
            },
            "spec": {"selector": {"matchLabels": {"strimzi.io/cluster": kafka.name}}, "pods": pods},
        })
    }

    fn pod(kafka: &Kafka, id: usize) -> Value {
        let name = format!("{}{id}", pods(kafka));
        let mut all = labels(kafka);
        for (label, value) in [
            ("strimzi.io/pool-name", POOL),
            ("strimzi.io/broker-role", "true"),
            ("strimzi.io/controller-role", "true"),
            ("strimzi.io/pod-name", &name),
        ] {
            all[label] = json!(value);
        }
        let env = json!([
            {"name": "KAFKA_METRICS_ENABLED", "value": "true"},
            {"name": "STRIMZI_KAFKA_GC_LOG_ENABLED", "value": "false"},
        ]);
        let mut spec = broker_spec(kafka, &json!({"strimzi.io/name": format!("{}-kafka", kafka.name)}), env);
        spec["hostname"] = json!(name);
        spec["subdomain"] = json!(service_name(&kafka.name));
        let container = &mut spec["containers"][0];
        container["ports"] = json!([
            {"name": "tcp-ctrlplane", "containerPort": 9090},
            {"name": "tcp-replication", "containerPort": 9091},
            {"name": "tcp-plain", "containerPort": PORT},
            {"name": "tcp-prometheus", "containerPort": 9404},
        ]);
        container["volumeMounts"] = json!([{"name": "data-0", "mountPath": "/var/lib/kafka/data-0"}]);
        spec["volumes"] = json!([{
            "name": "data-0", "persistentVolumeClaim": {"claimName": format!("data-0-{name}")},
        }]);
        let metadata = json!({
            "name": name, "labels": all,
            "annotations": {"strimzi.io/kafka-version": "4.1.1", "strimzi.io/revision": "5c1d6e3a"},
        });
        json!({"metadata": metadata, "spec": spec})
    }

    pub fn bootstrap(kafka: &Kafka) -> Value {
        json!({
            "metadata": {
                "namespace": kafka.namespace, "name": format!("{}-kafka-bootstrap", kafka.name),
                "labels": labels(kafka),
            },
            "spec": {
                "selector": {"strimzi.io/cluster": kafka.name, "strimzi.io/broker-role": "true"},
                "ports": [{"name": "tcp-clients", "port": PORT}],
            },
        })
    }

    pub fn headless(kafka: &Kafka) -> Value {
        json!({
            "metadata": {
                "namespace": kafka.namespace, "name": service_name(&kafka.name), "labels": labels(kafka),
            },
            "spec": {
                "clusterIP": "None",
                "publishNotReadyAddresses": true,
                "selector": {"strimzi.io/cluster": kafka.name},
                "ports": [{"name": "tcp-ctrlplane", "port": 9090}, {"name": "tcp-clients", "port": PORT}],
            },
        })
    }

    pub fn budget(kafka: &Kafka) -> Value {
        let labels =
            json!({"strimzi.io/cluster": kafka.name, "strimzi.io/name": format!("{}-kafka", kafka.name)});
        super::budget(&kafka.namespace, &format!("{}-kafka", kafka.name), &labels, 1)
    }
}
