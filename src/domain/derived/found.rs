//! Kafka among the StatefulSets: by image, broker ids by ordinal.

use crate::domain::{
    discovery::{Bond, BrokerPod, FoundCluster, Keeper},
    kafka::BrokerId,
    kubernetes::Kubernetes,
};

pub fn clusters(kubernetes: &Kubernetes) -> Vec<FoundCluster> {
    let sets = kubernetes.stateful_sets.iter().filter(|s| s.images.iter().any(|i| i.contains("kafka")));
    sets.map(|set| {
        let pods =
            kubernetes.pods.iter().filter(|p| p.meta.owner.as_ref().is_some_and(|o| o.uid == set.meta.uid));
        FoundCluster {
            name: set.meta.key.to_string().into(),
            namespace: set.meta.key.namespace.clone(),
            keeper: Keeper::StatefulSet,
            brokers: pods
                .map(|p| BrokerPod {
                    pod: p.meta.key.clone(),
                    uid: p.meta.uid.clone(),
                    broker: p.meta.key.name.rsplit('-').next().and_then(|n| n.parse().ok()).map(BrokerId),
                    ports: vec![9092],
                    exporter: None,
                })
                .collect(),
            bootstrap: None,
        }
    })
    .collect()
}

pub fn verify(pod: &BrokerPod, ip: Option<&str>, host: &str) -> Bond {
    let named = host.split('.').next() == Some(&*pod.pod.name);
    if named || ip == Some(host) { Bond::Verified } else { Bond::Unverified }
}
