//! One row per broker, joined from its pod and from the broker itself.

use super::groups::{Groups, Pods};
use crate::domain::{
    Text,
    discovery::{self, Bond, BrokerPod, FoundCluster},
    kafka::{Broker, BrokerId, Tally, Totals},
    kubernetes::{Key, Kubernetes, Node, Pod},
    object::{Kind, Object},
    snapshot::Snapshot,
    target::Server,
    time::Time,
};
use std::{collections::HashMap, sync::Arc};

/// What the rules and the panes share: the sources brought together, not yet judged.
#[derive(Debug, Clone, Default)]
pub struct Joined {
    /// The change of Kubernetes that `clusters`, `pods` and `pods_on` follow from; None: they were never made.
    kubernetes: Option<u64>,
    /// Every Kafka cluster found among the pods, in the order of their names.
    pub clusters: Arc<Vec<FoundCluster>>,
    chosen: Option<usize>,
    /// Several clusters were found and none was asked for: the largest is joined until one is chosen.
    pub undecided: bool,
    /// The cluster that was asked for by name.
    pub wanted: Option<Text>,
    /// By id; then pods that nobody knows the broker of, by name.
    pub brokers: Vec<BrokerRow>,
    pub totals: Totals,
    pub groups: Arc<Groups>,
    /// Pods by name and address, to recognise clients.
    pub pods: Arc<Pods>,
    /// How many pods each node carries.
    pub pods_on: Arc<HashMap<Text, u32>>,
}

/// A broker with no pod, a pod with no broker, a broker that only replica lists still name: each has its row.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerRow {
    /// None: a pod whose broker cannot be told.
    pub id: Option<BrokerId>,
    pub pod: Option<(Key, Text)>,
    /// None: there is nothing to compare, because a side is missing.
    pub bond: Option<Bond>,
    pub node: Option<Text>,
    /// The node's zone.
    pub zone: Option<Text>,
    /// Whether it is the active controller.
    pub controller: bool,
    pub tally: Tally,
    pub disk: Option<Disk>,
}

/// The fullest of a broker's log dirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes of replicas on all log dirs.
    pub replicas: u64,
    /// Bytes used and in all of the volume that is fullest; unknown before Kafka 3.3.
    pub volume: Option<(u64, u64)>,
}

impl Disk {
    /// From 0 to 1.
    pub fn share(&self) -> Option<f64> {
        let (used, total) = self.volume?;
        (total > 0).then(|| used as f64 / total as f64)
    }
}

impl BrokerRow {
    pub fn object(&self) -> Object {
        match (&self.id, self.pod_object()) {
            (Some(id), _) => Object::Broker(*id),
            (None, Some(pod)) => pod,
            (None, None) => unreachable!("a row has a broker or a pod"),
        }
    }

    pub fn pod_object(&self) -> Option<Object> {
        let (key, uid) = self.pod.clone()?;
        Some(Object::Kube { kind: Kind::Pod, key, uid })
    }

    /// The broker's id, else the pod's name.
    pub fn name(&self) -> String {
        match (&self.id, &self.pod) {
            (Some(id), _) => id.to_string(),
            (None, Some((key, _))) => key.name.to_string(),
            (None, None) => String::new(),
        }
    }
}

/// Which of the found Kafka clusters is joined.
#[derive(Debug, Clone, Copy)]
pub enum Choice<'a> {
    /// The one with most brokers.
    Largest,
    Named(&'a str),
    /// The one that these bootstrap servers, or the brokers that they led to, are of; else none.
    Servers(&'a [Server]),
}

impl<'a> From<Option<&'a str>> for Choice<'a> {
    fn from(name: Option<&'a str>) -> Self {
        name.map_or(Choice::Largest, Choice::Named)
    }
}

impl Joined {
    /// Brings the sources together; what follows from one that did not change is kept.
    pub fn next(&self, snapshot: &Snapshot, now: Time, choice: Choice<'_>) -> Self {
        let kubernetes = &snapshot.kubernetes;
        let (clusters, pods, pods_on) = if self.kubernetes == Some(snapshot.kubernetes_changed) {
            (self.clusters.clone(), self.pods.clone(), self.pods_on.clone())
        } else {
            (discovery::find(kubernetes).into(), Pods::of(kubernetes).into(), pods_on(kubernetes).into())
        };
        let chosen = choose(&clusters, choice, snapshot);
        let brokers = rows(snapshot, chosen.map(|i| &clusters[i]));
        Joined {
            kubernetes: Some(snapshot.kubernetes_changed),
            brokers,
            totals: snapshot.kafka.census.totals,
            groups: self.groups.next(snapshot, now),
            pods,
            pods_on,
            undecided: matches!(choice, Choice::Largest) && clusters.len() > 1,
            clusters,
            chosen,
            wanted: match choice {
                Choice::Named(name) => Some(name.into()),
                Choice::Largest | Choice::Servers(_) => None,
            },
        }
    }

    /// The cluster whose brokers are joined.
    pub fn cluster(&self) -> Option<&FoundCluster> {
        self.clusters.get(self.chosen?)
    }

    pub fn broker(&self, id: BrokerId) -> Option<&BrokerRow> {
        self.brokers.iter().find(|row| row.id == Some(id))
    }

    pub fn broker_of(&self, pod: &Key) -> Option<&BrokerRow> {
        self.brokers.iter().find(|row| row.pod.as_ref().is_some_and(|(key, _)| key == pod))
    }

    /// The pod of a broker.
    pub fn pod_of(&self, id: BrokerId) -> Option<Object> {
        self.broker(id)?.pod_object()
    }
}

fn choose(clusters: &[FoundCluster], choice: Choice<'_>, snapshot: &Snapshot) -> Option<usize> {
    match choice {
        Choice::Named(name) => clusters.iter().position(|c| &*c.name == name),
        Choice::Largest => (0..clusters.len()).rev().max_by_key(|i| clusters[*i].brokers.len()),
        Choice::Servers(servers) => {
            let advertised = snapshot.kafka.brokers.values().filter(|b| b.registered).map(|b| &*b.host);
            let hosts: Vec<&str> = servers.iter().map(|(host, _)| &**host).chain(advertised).collect();
            let mut of = (0..clusters.len())
                .filter(|i| hosts.iter().any(|host| clusters[*i].answers_to(&snapshot.kubernetes, host)));
            // A short name that two clusters have tells nothing.
            of.next().filter(|_| of.next().is_none())
        }
    }
}

fn pods_on(kubernetes: &Kubernetes) -> HashMap<Text, u32> {
    let mut counts: HashMap<&Text, u32> = HashMap::new();
    let there = kubernetes.pods.iter().filter(|pod| !pod.ended());
    for node in there.filter_map(|pod| pod.node.as_ref()) {
        *counts.entry(node).or_default() += 1;
    }
    counts.into_iter().map(|(node, n)| (node.clone(), n)).collect()
}

fn rows(snapshot: &Snapshot, cluster: Option<&FoundCluster>) -> Vec<BrokerRow> {
    let kafka = &snapshot.kafka;
    let mut rows: Vec<BrokerRow> = kafka
        .brokers
        .values()
        .map(|broker| BrokerRow {
            id: Some(broker.id),
            pod: None,
            bond: None,
            node: None,
            zone: None,
            controller: kafka.controller == Some(broker.id),
            tally: kafka.census.broker(broker.id),
            disk: disk(broker),
        })
        .collect();
    for pod in cluster.map_or(&[][..], |c| &c.brokers) {
        attach(&mut rows, pod, snapshot);
    }
    rows.sort_by(|a, b| {
        let key = |row: &BrokerRow| (row.id.is_none(), row.id, row.pod.clone());
        key(a).cmp(&key(b))
    });
    rows
}

/// Joins a pod to the broker that its advertised host proves it to be, else to the one that the naming
/// rule says, else gives it a row of its own.
fn attach(rows: &mut Vec<BrokerRow>, found: &BrokerPod, snapshot: &Snapshot) {
    let pod = snapshot.kubernetes.pods.get(&found.pod);
    let bond = |row: &BrokerRow| {
        let broker = snapshot.kafka.brokers.get(&row.id?).filter(|b| b.registered)?;
        Some(discovery::verify(found, pod?, &broker.host))
    };
    let free = |row: &BrokerRow| row.pod.is_none();
    let proven = rows.iter().position(|row| free(row) && bond(row) == Some(Bond::Verified));
    let named = || rows.iter().position(|row| free(row) && row.id.is_some() && row.id == found.broker);
    let index = proven.or_else(named).unwrap_or_else(|| {
        // A second pod that claims a broker's id does not get the broker's numbers.
        let id = found.broker.filter(|id| rows.iter().all(|row| row.id != Some(*id)));
        rows.push(BrokerRow::of_pod(id));
        rows.len() - 1
    });
    let bond = bond(&rows[index]);
    let row = &mut rows[index];
    row.bond = bond;
    row.pod = Some((found.pod.clone(), found.uid.clone()));
    row.node = pod.and_then(|p: &Pod| p.node.clone());
    row.zone = row.node.as_ref().and_then(|name| node(snapshot, name)).and_then(|n| n.zone.clone());
}

impl BrokerRow {
    fn of_pod(id: Option<BrokerId>) -> Self {
        BrokerRow {
            id,
            pod: None,
            bond: None,
            node: None,
            zone: None,
            controller: false,
            tally: Tally::default(),
            disk: None,
        }
    }
}

/// A node by its name.
pub fn node<'a>(snapshot: &'a Snapshot, name: &Text) -> Option<&'a Node> {
    snapshot.kubernetes.nodes.get(&Key { namespace: "".into(), name: name.clone() })
}

fn disk(broker: &Broker) -> Option<Disk> {
    let logs = broker.log_dirs.last()?;
    let volumes = logs.dirs.iter().filter_map(|d| {
        let (total, usable) = (d.total?, d.usable?);
        Some((total.saturating_sub(usable), total))
    });
    let fullest = volumes.max_by(|(a, of_a), (b, of_b)| {
        let share = |used: &u64, total: &u64| *used as f64 / (*total).max(1) as f64;
        share(a, of_a).total_cmp(&share(b, of_b))
    });
    Some(Disk { replicas: logs.dirs.iter().map(|d| d.used).sum(), volume: fullest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::derived::Derived,
        world::{self, NOW, SMALL},
    };

    #[test]
    fn servers_that_were_given_join_the_cluster_that_they_are_of_and_no_other() {
        let mut snapshot = world::healthy(SMALL);
        let joined = |snapshot: &Snapshot, host: &str| {
            let servers = [(Text::from(host), 9092)];
            Derived::of(snapshot, NOW, Choice::Servers(&servers)).cluster.map(|c| c.to_string())
        };
        let here = Some("kafka/kafka".to_string());
        assert_eq!(joined(&snapshot, "10.9.9.9"), here, "its brokers advertise the pods");
        snapshot.kafka = Default::default();
        assert_eq!(joined(&snapshot, "kafka-0.kafka-headless.kafka.svc"), here);
        assert_eq!(joined(&snapshot, "10.9.9.9"), None);
        assert_eq!(joined(&snapshot, "kafka-0.kafka-headless.elsewhere.svc"), None);
    }
}
