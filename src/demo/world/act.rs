//! What can happen in a world: faults, their mending, and what people do.

use super::{
    World,
    kafka::{Cluster, Life, config::Change},
    kubernetes::{
        DEPLOYMENTS, Deletion, KAFKAS, Killed, NODES, POD_SETS, PODS, Program, Resource, STATEFUL_SETS,
        rfc3339,
    },
};
use crate::domain::{Text, kubernetes::Key};
use serde::Deserialize;
use serde_json::json;

/// One thing that happens. Names are `namespace/name`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// A pod's program ends, once.
    Crash {
        pod: String,
        code: i32,
        /// The kernel ended it for its memory.
        #[serde(default)]
        memory: bool,
    },
    /// A pod's program ends again and again, so many seconds after it began.
    Break {
        pod: String,
        after: f64,
        code: i32,
        #[serde(default)]
        says: Vec<Text>,
    },
    /// It runs well again from its next start.
    Mend {
        pod: String,
    },
    /// A broker stops answering, as by SIGSTOP.
    Hang {
        pod: String,
    },
    /// It goes on.
    Wake {
        pod: String,
    },
    /// A node's machine stops.
    Lose {
        node: String,
    },
    /// It is back.
    Return {
        node: String,
    },
    Cordon {
        node: String,
    },
    Uncordon {
        node: String,
    },
    /// `kubectl rollout restart` of a StatefulSet or a Deployment.
    Restart {
        workload: String,
    },
    Scale {
        workload: String,
        replicas: i64,
    },
    Delete {
        pod: String,
    },
    /// The image of a workload's first container.
    Image {
        workload: String,
        image: String,
    },
    /// Sets or, where it is empty, removes an annotation of a Strimzi pod set or pod.
    Annotate {
        object: String,
        name: String,
        value: String,
    },
    /// A broker's or (`topic`) a topic's configuration; an empty value removes it.
    Configure {
        cluster: String,
        broker: Option<i32>,
        topic: Option<String>,
        name: Text,
        value: Text,
    },
    /// Partitions of a topic move to these brokers.
    Reassign {
        cluster: String,
        topic: String,
        partitions: Vec<i32>,
        to: Vec<Vec<i32>>,
    },
    /// What the producers of a topic send, in messages a second.
    Send {
        cluster: String,
        topic: String,
        rate: f64,
    },
    /// What a member of a group works off at most, in messages a second.
    Pace {
        cluster: String,
        group: String,
        pace: f64,
    },
    /// The first `members` of a group read nothing any more; 0: all read.
    Stick {
        cluster: String,
        group: String,
        members: usize,
    },
}

fn key(name: &str) -> Key {
    name.split_once('/').map_or_else(|| Key::new("", name), |(namespace, name)| Key::new(namespace, name))
}

impl World {
    /// Does it. What it is about and is not there is let be.
    pub fn act(&mut self, act: Act) {
        match act {
            Act::Crash { pod, code, memory } => {
                let killed = if memory { Killed::ForMemory } else { Killed::No };
                self.turn().end_process(&key(&pod), code, killed);
            }
            Act::Break { pod, after, code, says } => self.break_pod(key(&pod), after, code, says),
            Act::Mend { pod } => {
                self.plane.kubelet.faults.remove(&key(&pod));
            }
            Act::Hang { pod } => self.hang(&key(&pod), true),
            Act::Wake { pod } => self.hang(&key(&pod), false),
            Act::Lose { node } => self.turn().set_silent(&node, true),
            Act::Return { node } => self.turn().set_silent(&node, false),
            Act::Cordon { node } => self.cordon(&node, true),
            Act::Uncordon { node } => self.cordon(&node, false),
            Act::Restart { workload } => self.restart(&key(&workload)),
            Act::Scale { workload, replicas } => self.scale(&key(&workload), replicas),
            Act::Delete { pod } => {
                let _gone = self.turn().delete(&PODS, &key(&pod), &Deletion::default());
            }
            Act::Image { workload, image } => self.set_image(&key(&workload), &image),
            Act::Annotate { object, name, value } => self.annotate(&key(&object), &name, &value),
            Act::Configure { cluster, broker, topic, name, value } => {
                self.configure(&cluster, broker, topic.as_deref(), name, value);
            }
            Act::Reassign { cluster, topic, partitions, to } => {
                self.on(&cluster, |cluster| {
                    for (partition, replicas) in partitions.into_iter().zip(to) {
                        let _refused = cluster.alter_reassignment(&topic, partition, Some(&replicas));
                    }
                });
            }
            Act::Send { cluster, topic, rate } => {
                for producer in self.bonds.producers.iter_mut().filter(|p| *p.topic == *topic) {
                    producer.rate = rate;
                }
                self.on(&cluster, |cluster| cluster.set_rate(&topic, rate));
            }
            Act::Pace { cluster, group, pace } => self.on(&cluster, |cluster| {
                if let Some(group) = cluster.groups.get_mut(&*group) {
                    group.pace = pace;
                }
            }),
            Act::Stick { cluster, group, members } => self.stick(&cluster, &group, members),
        }
    }

    /// The cluster of that namespace and name.
    fn on(&mut self, name: &str, change: impl FnOnce(&mut Cluster)) {
        let key = key(name);
        let found = self.kafka.iter_mut().find(|c| c.namespace == key.namespace && c.name == key.name);
        if let Some(cluster) = found {
            change(cluster);
        }
    }

    fn stick(&mut self, cluster: &str, group: &str, members: usize) {
        let mut stuck = Vec::new();
        self.on(cluster, |cluster| {
            let group = cluster.groups.get_mut(group);
            for (place, member) in group.into_iter().flat_map(|group| &mut group.members).enumerate() {
                member.stuck = place < members;
                stuck.push((member.pod.clone(), member.stuck));
            }
        });
        for (pod, is_stuck) in stuck {
            if is_stuck {
                self.bonds.stuck.insert(pod, self.now);
            } else {
                self.bonds.stuck.remove(&pod);
            }
        }
    }

    fn break_pod(&mut self, pod: Key, after: f64, code: i32, says: Vec<Text>) {
        let Some(run) = self.plane.kubelet.runs.get(&pod) else { return };
        let image = run.containers.first().map(|c| c.image.clone()).unwrap_or_default();
        let program = self.plane.kubelet.program(&pod, &image);
        let fault = Program { ends: Some((after, code)), last_words: says, ..program };
        self.plane.kubelet.faults.insert(pod.clone(), fault);
        self.turn().end_process(&pod, code, Killed::No);
    }

    fn hang(&mut self, pod: &Key, hangs: bool) {
        for cluster in &mut self.kafka {
            for broker in cluster.brokers.values_mut().filter(|b| b.pod == *pod) {
                broker.life = match broker.life {
                    Life::Up if hangs => Life::Hung,
                    Life::Hung if !hangs => Life::Up,
                    other => other,
                };
            }
        }
        if let Some(run) = self.plane.kubelet.runs.get_mut(pod) {
            run.deaf = hangs;
        }
    }

    fn cordon(&mut self, node: &str, on: bool) {
        let _gone = self.kubernetes.update(&NODES, &Key::new("", node), |node| {
            node["spec"]["unschedulable"] = if on { json!(true) } else { json!(null) };
        });
    }

    fn workload(&self, key: &Key) -> Option<&'static Resource> {
        [&STATEFUL_SETS, &DEPLOYMENTS].into_iter().find(|of| self.kubernetes.get(of, key).is_some())
    }

    fn restart(&mut self, key: &Key) {
        let Some(of) = self.workload(key) else { return };
        let at = rfc3339(self.now);
        let _gone = self.kubernetes.update(of, key, |workload| {
            workload["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] =
                json!(at);
        });
    }

    fn scale(&mut self, key: &Key, replicas: i64) {
        if let Some(of) = self.workload(key) {
            let _refused = self.turn().scale(of, key, replicas, &Deletion::default());
        }
    }

    fn set_image(&mut self, key: &Key, image: &str) {
        if let Some(of) = self.workload(key) {
            let _gone = self.kubernetes.update(of, key, |workload| {
                workload["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
            });
        }
    }

    fn annotate(&mut self, key: &Key, name: &str, value: &str) {
        for of in [&POD_SETS, &PODS, &KAFKAS] {
            let _gone = self.kubernetes.update(of, key, |object| {
                if !value.is_empty() {
                    object["metadata"]["annotations"][name] = json!(value);
                } else if let Some(all) = object["metadata"]["annotations"].as_object_mut() {
                    all.remove(name);
                }
            });
        }
    }

    fn configure(
        &mut self,
        cluster: &str,
        broker: Option<i32>,
        topic: Option<&str>,
        name: Text,
        value: Text,
    ) {
        let change = if value.is_empty() { Change::Delete } else { Change::Set(value) };
        let changes = [(name, change)];
        self.on(cluster, |cluster| {
            let _refused = match (broker, topic) {
                (_, Some(topic)) => cluster.alter_topic(topic, &changes, false),
                (Some(broker), None) => cluster.alter_broker(broker, &changes, false),
                (None, None) => Ok(()),
            };
        });
    }
}
