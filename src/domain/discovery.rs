//! Finding Kafka among the pods: who runs it, which pod is which broker, and where it listens.

use super::{Text, kafka::BrokerId, kubernetes::Key};

/// Who keeps the brokers' pods, and so whose verb scales and restarts them (kubernetes.md §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keeper {
    Strimzi,
    Confluent,
    Koperator,
    Redpanda,
    BitnamiChart,
    CpHelmChart,
    StatefulSet,
    /// Pods without a controller that castellan knows.
    Bare,
}

impl Keeper {
    pub fn words(self) -> &'static str {
        match self {
            Keeper::Strimzi => "Strimzi",
            Keeper::Confluent => "Confluent for Kubernetes",
            Keeper::Koperator => "Koperator",
            Keeper::Redpanda => "Redpanda",
            Keeper::BitnamiChart => "Bitnami chart",
            Keeper::CpHelmChart => "cp-helm-charts",
            Keeper::StatefulSet => "StatefulSet",
            Keeper::Bare => "no controller",
        }
    }
}

/// A Kafka cluster as Kubernetes shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCluster {
    /// `namespace/name` of its owner.
    pub name: Text,
    pub namespace: Text,
    pub keeper: Keeper,
    /// In the order of broker ids, then names.
    pub brokers: Vec<BrokerPod>,
    /// A Service that selects the brokers and has a cluster IP: (service, client port).
    pub bootstrap: Option<(Key, u16)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerPod {
    pub pod: Key,
    pub uid: Text,
    /// By the keeper's naming rule, or the container's environment; unverified until the advertised
    /// host agrees ([`verify`]).
    pub broker: Option<BrokerId>,
    /// Client ports, best first.
    pub ports: Vec<u16>,
    pub exporter: Option<u16>,
}

/// Whether Metadata confirms that a pod is a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// The advertised host names the pod (`pod.headless.namespace.svc`) or its IP.
    Verified,
    /// Only the naming rule says so.
    Unverified,
}

/// Whether a rule reads the environment variable `name` of a container: those that say which broker it is
/// and what it listens on, and none that may hold a secret.
pub fn env_is_read(name: &str) -> bool {
    const READ: [&str; 10] = [
        "NODE_ID",
        "BROKER_ID",
        "MIN_ID",
        "PROCESS_ROLES",
        "LISTENERS",
        "ADVERTISED_LISTENERS",
        "CONTROLLER_LISTENER_NAMES",
        "CONTROLLER_QUORUM_VOTERS",
        "ZOOKEEPER_CONNECT",
        "CLUSTER_ID",
    ];
    let Some(name) = name.strip_prefix("KAFKA_") else { return false };
    READ.contains(&name.strip_prefix("CFG_").unwrap_or(name))
}
