//! The control plane's memory, and whose turn it is.
//!
//! Controllers are level-triggered: whatever changed is looked at again, with its owner and what depends on
//! it, until nothing changes. What has to wait asks to be looked at later. So a world in which nothing happens
//! costs nothing.

use super::{
    BUDGETS, CLAIMS, Changed, DEPLOYMENTS, PODS, REPLICA_SETS, Resource, STATEFUL_SETS, Store, Turn,
    controllers::{self, Kubelet, Revisions},
    object,
};
use crate::domain::{Text, kubernetes::Key, time::Time};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Item = (&'static Resource, Key);

/// Rounds in one step; more mean that two controllers undo each other's work, and the rest waits for the next.
const ROUNDS: usize = 200;

#[derive(Debug, Default)]
pub struct Plane {
    /// The version up to which changes were looked at.
    seen: u64,
    queue: BTreeSet<Item>,
    later: BTreeSet<(Time, Item)>,
    /// What each object controls, by UID.
    owned: BTreeMap<Text, BTreeSet<Item>>,
    /// Pods that wait for a node.
    pub unscheduled: BTreeSet<Key>,
    pub on_node: BTreeMap<Text, Aboard>,
    pub kubelet: Kubelet,
    pub revisions: Revisions,
    /// Nodes that are not heard of, and since when.
    pub silent: BTreeMap<Text, Time>,
    /// When a pod that fits nowhere was last tried in earnest.
    pub last_try: BTreeMap<Key, Time>,
    /// When each autoscaler last looked.
    pub looked: BTreeMap<Key, Time>,
    /// When a pod of a Strimzi set was last rolled, and since when that is under way.
    pub rolled: BTreeMap<Key, (Time, Time)>,
    /// What each workload that is scaled by its load needs of a processor, in cores.
    pub load: BTreeMap<Key, f64>,
    /// The long past, of which nobody asks any more: no events, and no reports of nodes.
    pub long_past: bool,
    /// Where the scheduler begins to look next, where there are too many nodes to look at all.
    pub next_node: usize,
    addresses: u32,
}

/// What a node carries.
#[derive(Debug, Default)]
pub struct Aboard {
    pub pods: BTreeSet<Key>,
    /// Thousandths of cores and of bytes that they ask for.
    pub cpu: u64,
    pub memory: u64,
    /// How many each controller has here, by UID.
    of: BTreeMap<Text, usize>,
}

impl Aboard {
    pub fn board(&mut self, key: &Key, pod: &Value) {
        if self.pods.insert(key.clone()) {
            let (cpu, memory) = controllers::requests(pod);
            (self.cpu, self.memory) = (self.cpu + cpu, self.memory + memory);
            if let Some(owner) = object::owner(pod) {
                *self.of.entry(object::text(owner, "/uid").into()).or_default() += 1;
            }
        }
    }

    fn leave(&mut self, key: &Key, pod: &Value) {
        if self.pods.remove(key) {
            let (cpu, memory) = controllers::requests(pod);
            (self.cpu, self.memory) = (self.cpu.saturating_sub(cpu), self.memory.saturating_sub(memory));
            let owner = object::owner(pod).map(|owner| object::text(owner, "/uid"));
            if let Some(of) = owner.and_then(|owner| self.of.get_mut(owner)) {
                *of = of.saturating_sub(1);
            }
        }
    }

    /// How many pods of the same controller are here.
    pub fn siblings(&self, pod: &Value) -> usize {
        let owner = object::owner(pod).map(|owner| object::text(owner, "/uid"));
        owner.and_then(|owner| self.of.get(owner)).copied().unwrap_or_default()
    }
}

impl Plane {
    pub fn look_at(&mut self, at: Time, resource: &'static Resource, key: &Key) {
        self.later.insert((at, (resource, key.clone())));
    }

    pub fn look_now(&mut self, resource: &'static Resource, key: &Key) {
        self.queue.insert((resource, key.clone()));
    }

    pub fn owned(&self, uid: &str) -> impl Iterator<Item = &Item> {
        self.owned.get(uid).into_iter().flatten()
    }

    /// When something is to be looked at next; None: nothing waits.
    pub fn next(&self) -> Option<Time> {
        self.later.first().map(|(at, _)| *at)
    }

    /// The next cluster IP.
    pub fn address(&mut self) -> impl FnOnce() -> String + use<> {
        self.addresses += 1;
        let n = self.addresses * 37 % 65_000 + 10;
        move || format!("10.96.{}.{}", n >> 8, n & 255)
    }

    /// Takes note of what changed since the last look, and of what has become due.
    fn observe(&mut self, store: &Store, now: Time) {
        match store.since(self.seen) {
            Some(changes) => {
                let changes: Vec<_> = changes.cloned().collect();
                for change in &changes {
                    let item = (change.resource, change.key.clone());
                    self.note(store, change.what, item, &change.object, change.before.as_deref());
                }
            }
            None => self.note_all(store),
        }
        self.seen = store.version();
        while let Some(due) = self.later.first().filter(|(at, _)| *at <= now).cloned() {
            self.later.remove(&due);
            self.queue.insert(due.1);
        }
    }

    /// The changes were forgotten: everything is looked at.
    fn note_all(&mut self, store: &Store) {
        (self.owned, self.on_node, self.unscheduled) = Default::default();
        for resource in &super::RESOURCES {
            for (key, object) in store.list(resource, None) {
                self.note(store, Changed::Added, (resource, key.clone()), object, None);
            }
        }
    }

    fn note(&mut self, store: &Store, what: Changed, item: Item, object: &Value, before: Option<&Value>) {
        let gone = what == Changed::Deleted;
        if let Some(owner) = object::owner(object) {
            let owned = self.owned.entry(object::text(owner, "/uid").into()).or_default();
            if gone {
                owned.remove(&item)
            } else {
                owned.insert(item.clone())
            };
            let key = Key::new(&item.1.namespace, object::text(owner, "/name"));
            let of = Resource::of(object::text(owner, "/apiVersion"), object::text(owner, "/kind"));
            self.queue.extend(of.map(|of| (of, key)));
        }
        match item.0.kind {
            "Pod" => self.note_pod(store, gone, &item.1, object),
            "Node" if before.is_none_or(|before| before["spec"] != object["spec"]) => {
                self.queue.extend(self.unscheduled.iter().map(|key| (&PODS, key.clone())))
            }
            _ => {}
        }
        if gone {
            self.queue.extend(self.owned(object::uid(object)).cloned().collect::<Vec<_>>());
        }
        self.queue.insert(item);
    }

    fn note_pod(&mut self, store: &Store, gone: bool, key: &Key, pod: &Value) {
        let node = object::text(pod, "/spec/nodeName");
        if node.is_empty() && !gone {
            self.unscheduled.insert(key.clone());
        } else {
            self.unscheduled.remove(key);
        }
        if !node.is_empty() {
            let here = self.on_node.entry(node.into()).or_default();
            if gone || object::has_ended(pod) {
                here.leave(key, pod)
            } else {
                here.board(key, pod)
            };
        }
        if gone {
            // There is room again, and a claim may be let go.
            self.queue.extend(self.unscheduled.iter().map(|key| (&PODS, key.clone())));
            let claims = object::list(pod, "/spec/volumes").iter().filter_map(claim_of);
            self.queue.extend(claims.map(|claim| (&CLAIMS, Key::new(&key.namespace, claim))));
        }
        let budgets = store
            .list(&BUDGETS, Some(&key.namespace))
            .filter(|(_, budget)| object::selects(&budget["spec"]["selector"], &pod["metadata"]["labels"]));
        self.queue.extend(budgets.map(|(key, _)| (&BUDGETS, key.clone())));
    }
}

/// The name of the claim that a pod's volume mounts.
pub fn claim_of(volume: &Value) -> Option<&str> {
    volume["persistentVolumeClaim"]["claimName"].as_str()
}

impl Turn<'_> {
    /// Lets every controller act on what changed until they have nothing more to do.
    pub fn settle(&mut self) {
        for _ in 0..ROUNDS {
            self.plane.observe(self.store, self.now);
            if self.plane.queue.is_empty() {
                return;
            }
            for (resource, key) in std::mem::take(&mut self.plane.queue) {
                self.sync(resource, &key);
            }
        }
    }

    fn sync(&mut self, resource: &'static Resource, key: &Key) {
        if let Some(object) = self.get(resource, key)
            && self.is_orphan(&object)
        {
            return self.collect(resource, &object);
        }
        match resource.kind {
            "Pod" => controllers::pod(self, key),
            "Node" => controllers::node(self, key),
            "StatefulSet" => controllers::stateful_set(self, key),
            "Deployment" => controllers::deployment(self, key),
            "ReplicaSet" => controllers::replica_set(self, key),
            "PersistentVolumeClaim" => controllers::claim(self, key),
            "PodDisruptionBudget" => controllers::budget(self, key),
            "HorizontalPodAutoscaler" => controllers::autoscaler(self, key),
            "StrimziPodSet" => controllers::pod_set(self, key),
            "Kafka" => controllers::strimzi(self, key),
            "KafkaNodePool" => controllers::node_pool(self, key),
            "Event" => super::event::expire(self, key),
            _ => {}
        }
    }

    /// Whether the controller that it names is gone.
    fn is_orphan(&self, object: &Value) -> bool {
        let Some(owner) = object::owner(object) else { return false };
        let Some(of) = Resource::of(object::text(owner, "/apiVersion"), object::text(owner, "/kind")) else {
            return false;
        };
        let key = Key::new(object::text(object, "/metadata/namespace"), object::text(owner, "/name"));
        self.store.get(of, &key).is_none_or(|found| object::uid(found) != object::text(owner, "/uid"))
    }

    /// The garbage collector's part: what has lost its controller goes.
    fn collect(&mut self, resource: &'static Resource, object: &Value) {
        if resource != &PODS {
            return self.remove(resource, &object::key(object));
        }
        self.end_pod(object);
        controllers::pod(self, &object::key(object));
    }
}

/// The workloads that have replicas to scale.
pub fn is_scaled(resource: &Resource) -> bool {
    [&STATEFUL_SETS, &DEPLOYMENTS, &REPLICA_SETS, &super::NODE_POOLS].contains(&resource)
}
