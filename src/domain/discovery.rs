//! Finding Kafka among the pods: who runs it, which pod is which broker, and where it listens.

mod keeper;
mod listeners;
mod prometheus;

pub use prometheus::find_prometheus;

use super::{
    Text,
    kafka::BrokerId,
    kubernetes::{Key, Kubernetes, Pod, StatefulSet},
};
use std::collections::BTreeMap;

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
    /// StatefulSets of brokers that have no pod at all.
    pub podless: Vec<Key>,
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

impl FoundCluster {
    /// Whether the host is one of its brokers' pods or its bootstrap Service, as clients name them.
    pub fn answers_to(&self, kubernetes: &Kubernetes, host: &str) -> bool {
        let of_service = self.bootstrap.as_ref().is_some_and(|(service, _)| {
            let mut labels = host.split('.');
            labels.next() == Some(&*service.name)
                && labels.next().is_none_or(|namespace| namespace == &*service.namespace)
        });
        let of_pod = |broker: &BrokerPod| {
            let pod = kubernetes.pods.get(&broker.pod);
            pod.is_some_and(|pod| verify(broker, pod, host) == Bond::Verified)
        };
        of_service || self.brokers.iter().any(of_pod)
    }
}

/// Every Kafka cluster among the pods, by name.
pub fn find(kubernetes: &Kubernetes) -> Vec<FoundCluster> {
    let mut clusters: BTreeMap<(Text, Text), FoundCluster> = BTreeMap::new();
    for pod in kubernetes.pods.iter() {
        let Some(kept) = keeper::keeps(kubernetes, pod) else { continue };
        let namespace = pod.meta.key.namespace.clone();
        let cluster = clusters
            .entry((namespace.clone(), kept.cluster.clone()))
            .or_insert_with(|| empty(namespace, &kept.cluster, kept.keeper));
        cluster.brokers.push(BrokerPod {
            pod: pod.meta.key.clone(),
            uid: pod.meta.uid.clone(),
            broker: kept.broker,
            ports: listeners::client_ports(pod),
            exporter: listeners::exporter_port(pod),
        });
    }
    for set in kubernetes.stateful_sets.iter() {
        let Some((keeper, name)) = keeper::keeps_none(set).filter(|_| is_podless(kubernetes, set)) else {
            continue;
        };
        let namespace = set.meta.key.namespace.clone();
        let cluster = clusters.entry((namespace.clone(), name.clone()));
        cluster.or_insert_with(|| empty(namespace, &name, keeper)).podless.push(set.meta.key.clone());
    }
    let mut found: Vec<_> = clusters.into_values().collect();
    for cluster in &mut found {
        forget_shared_ids(&mut cluster.brokers);
        cluster.brokers.sort_by(|a, b| {
            (a.broker.is_none(), a.broker, &a.pod).cmp(&(b.broker.is_none(), b.broker, &b.pod))
        });
        cluster.bootstrap = listeners::bootstrap(kubernetes, cluster);
    }
    found
}

/// It has no pods, as far as all were listed.
fn is_podless(kubernetes: &Kubernetes, set: &StatefulSet) -> bool {
    let owned = |pod: &Pod| pod.meta.owner.as_ref().is_some_and(|owner| owner.uid == set.meta.uid);
    set.replicas == 0 || kubernetes.pods.feed.heard().is_some() && !kubernetes.pods.iter().any(owned)
}

fn empty(namespace: Text, name: &str, keeper: Keeper) -> FoundCluster {
    let name = format!("{namespace}/{name}").into();
    FoundCluster { name, namespace, keeper, brokers: Vec::new(), podless: Vec::new(), bootstrap: None }
}

/// A rule that gives two pods the same id is wrong for this cluster (a literal in a shared template).
fn forget_shared_ids(brokers: &mut [BrokerPod]) {
    let mut times: BTreeMap<BrokerId, usize> = BTreeMap::new();
    for id in brokers.iter().filter_map(|b| b.broker) {
        *times.entry(id).or_default() += 1;
    }
    for broker in brokers {
        broker.broker = broker.broker.filter(|id| times.get(id) == Some(&1));
    }
}

/// Whether the host that a broker advertises is this pod: its address, its name, or
/// `pod.service[.namespace[.svc…]]`.
pub fn verify(broker: &BrokerPod, pod: &Pod, advertised_host: &str) -> Bond {
    let same_pod = broker.uid == pod.meta.uid && broker.pod == pod.meta.key;
    let host = advertised_host.trim_end_matches('.').to_ascii_lowercase();
    let by_ip = pod.ip.as_deref().is_some_and(|ip| ip == host);
    let mut labels = host.split('.');
    let by_name = labels.next() == Some(&*pod.meta.key.name)
        && labels.nth(1).is_none_or(|namespace| namespace == &*pod.meta.key.namespace);
    if same_pod && (by_ip || by_name) { Bond::Verified } else { Bond::Unverified }
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

#[cfg(test)]
mod tests;
