//! What ties Kubernetes and Kafka: brokers live in pods, on the claims of these; clients are pods.

use super::{
    World,
    kafka::{Broker, Life},
    kubernetes::{CLAIMS, DEPLOYMENTS, Killed, NODES, PODS, REPLICA_SETS, Store, object},
};
use crate::domain::{Text, kubernetes::Key, time::Time};
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// Simulated seconds between two looks at what does not matter at once.
const LOOK: f64 = 1.0;
/// Simulated seconds over which a load is measured.
const MEASURE: f64 = 15.0;
/// Registrations that are remembered.
const REMEMBERED: usize = 200;
/// How the client ids of consumers end, after the workload's name.
const CLIENT: &str = "-consumer";

#[derive(Debug, Default)]
pub struct Bonds {
    /// Of each Kafka cluster: what the names of its brokers' pods begin with; the rest is the broker's id.
    pub pods: Vec<Text>,
    pub consumers: Vec<Consumer>,
    pub producers: Vec<Producer>,
    /// Since when members are stuck, by pod.
    pub stuck: BTreeMap<Key, Time>,
    /// When brokers were registered and fenced, lately.
    pub registrations: VecDeque<Registration>,
    processes: BTreeMap<(usize, i32), Process>,
    /// The second and the log ends of when each load was last measured.
    measured: BTreeMap<Key, (f64, i64)>,
    due: f64,
    /// The version of Kubernetes' objects that the clients were last counted at.
    counted: Option<u64>,
}

/// A Deployment whose pods are the members of a group.
#[derive(Debug, Clone)]
pub struct Consumer {
    pub workload: Key,
    /// The place of its cluster in [`World::kafka`].
    pub cluster: usize,
    pub group: Text,
    /// Cores that a thousand messages a second take; 0: nobody scales by them.
    pub cores: f64,
}

/// A Deployment whose pods send to a topic.
#[derive(Debug, Clone)]
pub struct Producer {
    pub workload: Key,
    pub cluster: usize,
    pub topic: Text,
    /// Messages a second at the height of the day, of all the pods that it began with.
    pub rate: f64,
    pub pods: usize,
}

/// A broker was registered, or fenced.
#[derive(Debug, Clone, Copy)]
pub struct Registration {
    pub at: Time,
    pub cluster: usize,
    pub broker: i32,
    pub registered: bool,
}

/// A broker's process as it was last seen.
#[derive(Debug, Clone)]
struct Process {
    pod: Text,
    /// None: it did not run.
    since: Option<Time>,
    registered: bool,
    /// The UID of the claim that it had.
    claim: Text,
}

/// What Kubernetes says of a broker's process.
struct Seen {
    pod: Text,
    since: Option<Time>,
    stopping: bool,
}

impl World {
    /// Ties what has changed on either side.
    pub fn bonds_step(&mut self, dt: f64) {
        self.bonds.due += dt;
        let slow = self.bonds.due >= LOOK;
        for cluster in 0..self.kafka.len() {
            self.tie_brokers(cluster, slow);
        }
        if slow {
            self.bonds.due = 0.0;
            self.load();
            if self.bonds.counted != Some(self.kubernetes.version()) {
                self.bonds.counted = Some(self.kubernetes.version());
                self.tie_consumers();
                self.tie_producers();
            }
        }
    }

    fn tie_brokers(&mut self, index: usize, slow: bool) {
        if slow {
            self.find_brokers(index);
        }
        let ids: Vec<i32> = self.kafka[index].brokers.keys().copied().collect();
        for id in ids {
            let seen = self.seen(index, id);
            self.follow(index, id, &seen);
            if slow && seen.since.is_some() {
                self.measure(index, id);
            }
        }
    }

    /// Pods of brokers that the cluster does not know yet.
    fn find_brokers(&mut self, index: usize) {
        let Some(prefix) = self.bonds.pods.get(index).cloned() else { return };
        let cluster = &mut self.kafka[index];
        let first = Key::new(&cluster.namespace, &prefix);
        let runs = self.plane.kubelet.runs.range(first..);
        let ours =
            runs.take_while(|(key, _)| key.namespace == cluster.namespace && key.name.starts_with(&*prefix));
        for (key, run) in ours {
            let Ok(id) = key.name[prefix.len()..].parse::<i32>() else { continue };
            if cluster.brokers.contains_key(&id) || run.running().is_none() {
                continue;
            }
            let zone = zone(&self.kubernetes, &run.node);
            let mut broker = Broker::new(id, key.clone(), zone, u64::MAX, cluster.clock.seconds());
            (broker.life, broker.registered) = (Life::Down, false);
            cluster.brokers.insert(id, broker);
        }
    }

    fn seen(&self, index: usize, id: i32) -> Seen {
        let pod = self.kafka[index].brokers.get(&id).map(|broker| &broker.pod);
        let run = pod.and_then(|pod| self.plane.kubelet.runs.get(pod));
        let Some(run) = run.filter(|run| !self.plane.silent.contains_key(&run.node)) else {
            return Seen { pod: "".into(), since: None, stopping: false };
        };
        Seen { pod: run.uid.clone(), since: run.running(), stopping: run.stopping.is_some() }
    }

    /// Brings a broker to what its process does, and its pod to what the broker says.
    fn follow(&mut self, index: usize, id: i32, seen: &Seen) {
        let Some(broker) = self.kafka[index].brokers.get_mut(&id) else { return };
        let known = self.bonds.processes.get(&(index, id));
        let known_registered = known.map(|known| known.registered);
        let same = known.is_some_and(|known| known.pod == seen.pod && known.since == seen.since);
        let pod = broker.pod.clone();
        match (seen.since, broker.life) {
            (None, Life::Down) => {}
            (None, _) => broker.life = Life::Down,
            (Some(_), _) if !same => {
                // The first look finds brokers that have always run.
                if known.is_some() || broker.life == Life::Down {
                    broker.life = Life::Starting;
                }
                self.begin(index, id);
            }
            (Some(_), Life::Down) => return self.end_of(&pod, index, id, seen.stopping),
            (Some(_), Life::Up | Life::Starting) if seen.stopping => broker.life = Life::Stopping,
            _ => {}
        }
        let registered = self.kafka[index].brokers.get(&id).is_some_and(|broker| broker.registered);
        if known_registered.is_some_and(|before| before != registered) {
            self.bonds.registrations.push_back(Registration {
                at: self.now,
                cluster: index,
                broker: id,
                registered,
            });
            let over = self.bonds.registrations.len().saturating_sub(REMEMBERED);
            self.bonds.registrations.drain(..over);
        }
        if !same || known_registered != Some(registered) {
            let before = self.bonds.processes.get(&(index, id)).map(|process| process.claim.clone());
            let claim =
                self.claim_of(&pod).map(|claim| object::uid(&claim).into()).filter(|_| seen.since.is_some());
            let claim = claim.or(before).unwrap_or_default();
            let process = Process { pod: seen.pod.clone(), since: seen.since, registered, claim };
            self.bonds.processes.insert((index, id), process);
        }
        let ready = self.kafka[index].brokers.get(&id).is_some_and(|b| b.registered && b.life == Life::Up);
        self.turn().tell_ready(&pod, ready);
    }

    /// A new process begins: on another claim than the one before it finds nothing.
    fn begin(&mut self, index: usize, id: i32) {
        let Some(pod) = self.kafka[index].brokers.get(&id).map(|broker| broker.pod.clone()) else { return };
        let node = self.plane.kubelet.runs.get(&pod).map(|run| run.node.clone());
        let zone = node.and_then(|node| zone(&self.kubernetes, &node));
        let now = self.claim_of(&pod).map(|claim| Text::from(object::uid(&claim)));
        let before = self.bonds.processes.get(&(index, id)).map(|process| process.claim.clone());
        let another = before.is_some_and(|before| !before.is_empty() && now.is_some_and(|now| now != before));
        let cluster = &mut self.kafka[index];
        if let Some(broker) = cluster.brokers.get_mut(&id) {
            broker.rack = zone.or(broker.rack.take());
        }
        if another {
            cluster.wipe(id);
        }
    }

    /// The broker's process has ended by itself: so has its container.
    fn end_of(&mut self, pod: &Key, index: usize, id: i32, stopping: bool) {
        if stopping {
            return self.turn().stopped(pod);
        }
        let disk = self.kafka[index].brokers.get(&id).is_some_and(|broker| broker.disk_failed);
        self.turn().end_process(pod, if disk { 1 } else { 143 }, Killed::No);
    }

    /// The claim is the broker's disk.
    fn measure(&mut self, index: usize, id: i32) {
        let Some(pod) = self.kafka[index].brokers.get(&id).map(|broker| broker.pod.clone()) else { return };
        let capacity =
            self.claim_of(&pod).map(|claim| object::quantity(&claim["status"]["capacity"]["storage"]) / 1000);
        if let Some(broker) = self.kafka[index].brokers.get_mut(&id)
            && let Some(capacity) = capacity.filter(|bytes| *bytes > 0)
        {
            broker.capacity = capacity;
        }
    }

    fn claim_of(&self, pod: &Key) -> Option<Arc<Value>> {
        let object = self.kubernetes.get(&PODS, pod)?;
        let mut claims = object::list(object, "/spec/volumes").iter();
        let claim = claims.find_map(|v| v["persistentVolumeClaim"]["claimName"].as_str())?;
        self.kubernetes.get(&CLAIMS, &Key::new(&pod.namespace, claim)).cloned()
    }

    /// The ready pods of a Deployment, with their addresses.
    fn ready_pods(&self, workload: &Key) -> Vec<(Key, Text)> {
        let Some(deployment) = self.kubernetes.get(&DEPLOYMENTS, workload) else { return Vec::new() };
        let sets = self.plane.owned(object::uid(deployment)).filter(|(of, _)| *of == &REPLICA_SETS);
        let sets = sets.filter_map(|(_, key)| self.kubernetes.get(&REPLICA_SETS, key));
        let pods = sets.flat_map(|set| self.plane.owned(object::uid(set)));
        let pods = pods.filter_map(|(_, key)| Some((key, self.kubernetes.get(&PODS, key)?)));
        let ready = pods.filter(|(_, pod)| object::is_ready(pod) && !object::is_deleting(pod));
        ready.map(|(key, pod)| (key.clone(), object::text(pod, "/status/podIP").into())).collect()
    }

    /// The members of a group are the ready pods of its workload.
    fn tie_consumers(&mut self) {
        for consumer in self.bonds.consumers.clone() {
            let pods = self.ready_pods(&consumer.workload);
            let client = format!("{}{CLIENT}", consumer.workload.name);
            self.kafka[consumer.cluster].set_members(&consumer.group, &client, &pods, &mut self.random);
        }
    }

    fn tie_producers(&mut self) {
        for producer in self.bonds.producers.clone() {
            let here = self.ready_pods(&producer.workload).len();
            let rate = producer.rate * here as f64 / producer.pods.max(1) as f64;
            self.kafka[producer.cluster].set_rate(&producer.topic, rate);
        }
    }

    /// What the workloads that are scaled by their load need of a processor.
    fn load(&mut self) {
        for consumer in self.bonds.consumers.iter().filter(|consumer| consumer.cores > 0.0) {
            let cluster = &self.kafka[consumer.cluster];
            let Some(group) = cluster.groups.get(&consumer.group) else { continue };
            let topics = group.topics.iter().filter_map(|name| cluster.topics.get(name));
            let ends: i64 =
                topics.map(|topic| (0..topic.partitions.len()).map(|p| topic.end(p)).sum::<i64>()).sum();
            let now = cluster.clock.seconds();
            let seen = self.bonds.measured.entry(consumer.workload.clone()).or_insert((now, ends));
            let passed = now - seen.0;
            if passed < MEASURE {
                continue;
            }
            let rate = (ends - seen.1).max(0) as f64 / passed;
            *seen = (now, ends);
            self.plane.load.insert(consumer.workload.clone(), rate / 1000.0 * consumer.cores);
        }
    }
}

fn zone(store: &Store, node: &str) -> Option<Text> {
    let node = store.get(&NODES, &Key::new("", node))?;
    node["metadata"]["labels"]["topology.kubernetes.io/zone"].as_str().map(Text::from)
}
