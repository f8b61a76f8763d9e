//! Brokers, and the cluster that they make.

use super::{Group, Topic};
use crate::domain::{Text, kubernetes::Key};
use std::collections::BTreeMap;

/// What a broker's process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// There is no process: its pod is not there, or its container does not run.
    Down,
    /// It reads its log before it registers.
    Starting,
    /// Registered: it serves clients and fetches from leaders.
    Up,
    /// It has stopped answering (as by SIGSTOP); the controller fences it after the session's timeout.
    Hung,
}

#[derive(Debug, Clone)]
pub struct Broker {
    pub id: i32,
    /// The pod that it runs in. It advertises `<pod>.<service>.<namespace>.svc`, on [`super::Cluster::port`].
    pub pod: Key,
    pub rack: Option<Text>,
    pub life: Life,
    /// Whether the controller has it as registered and not fenced: only such brokers are in the metadata.
    pub registered: bool,
    /// Bytes of its volume.
    pub capacity: u64,
    /// Dynamic configuration: throttles, for instance.
    pub configs: BTreeMap<Text, Text>,
    /// Messages and bytes that it took and gave since it started; counters of its exporter.
    pub messages_in: f64,
    pub bytes_in: f64,
    pub bytes_out: f64,
}

#[derive(Debug, Clone)]
pub struct Cluster {
    pub namespace: Text,
    /// Of the workload that runs it: the StatefulSet's or Strimzi's Kafka.
    pub name: Text,
    /// The headless Service that gives the brokers their names.
    pub service: Text,
    /// Of the clients' listener in the pods.
    pub port: u16,
    /// Kafka's own id of it.
    pub id: Text,
    pub brokers: BTreeMap<i32, Broker>,
    /// Ids of the quorum's voters, and who leads it.
    pub voters: Vec<i32>,
    pub controller: Option<i32>,
    pub topics: BTreeMap<Text, Topic>,
    pub groups: BTreeMap<Text, Group>,
}

impl Cluster {
    /// The host that a broker advertises.
    pub fn host(&self, broker: &Broker) -> String {
        format!("{}.{}.{}.svc", broker.pod.name, self.service, self.namespace)
    }

    /// The broker that coordinates a group: the leader of its partition of `__consumer_offsets`, which is
    /// chosen by Java's hash of the group's name.
    ///
    /// Source: Apache Kafka `GroupMetadataManager.partitionFor`.
    pub fn coordinator(&self, group: &str) -> Option<i32> {
        let offsets = self.topics.get("__consumer_offsets")?;
        let hash =
            group.encode_utf16().fold(0i32, |h, unit| h.wrapping_mul(31).wrapping_add(i32::from(unit)));
        let partition = (hash & i32::MAX) as usize % offsets.partitions.len().max(1);
        offsets.partitions.get(partition)?.leader
    }
}
