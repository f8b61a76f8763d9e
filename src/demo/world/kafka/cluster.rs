//! A cluster: its brokers, its quorum, its topics and groups.

use super::{Broker, Clock, Group, Life, Topic, quorum::Metadata};
use crate::domain::{Text, time::Time};
use std::collections::{BTreeMap, BTreeSet};

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
    /// Ids of the quorum's voters, and who leads it. Voters that are no brokers are always there.
    pub voters: Vec<i32>,
    pub controller: Option<i32>,
    pub topics: BTreeMap<Text, Topic>,
    pub groups: BTreeMap<Text, Group>,
    pub clock: Clock,
    pub(super) seed: u64,
    /// Partitions that something may be out of the ordinary with: those that the steps look at.
    pub(super) troubled: BTreeMap<Text, BTreeSet<usize>>,
    /// Simulated seconds that the once-a-second part of the steps has not done yet.
    pub(super) due: f64,
    pub(super) metadata: Metadata,
    /// The simulated second at which old records were last deleted.
    pub(super) expired: f64,
    /// The simulated second at which the brokers' disks were counted.
    pub(super) counted: f64,
}

/// The topic that groups' commits are in.
pub const OFFSETS: &str = "__consumer_offsets";

impl Cluster {
    /// One without brokers and topics.
    pub fn new(namespace: &str, name: &str, service: &str, port: u16, seed: u64, now: Time) -> Self {
        let mut random = fastrand::Rng::with_seed(super::seed::mix([seed, super::seed::of(namespace)]));
        Cluster {
            namespace: namespace.into(),
            name: name.into(),
            service: service.into(),
            port,
            id: super::names::uuid(random.u128(..)).into(),
            brokers: BTreeMap::new(),
            voters: Vec::new(),
            controller: None,
            topics: BTreeMap::new(),
            groups: BTreeMap::new(),
            clock: Clock::new(now),
            seed,
            troubled: BTreeMap::new(),
            due: 0.0,
            metadata: Metadata::default(),
            expired: 0.0,
            counted: 0.0,
        }
    }

    /// The host that a broker advertises.
    pub fn host(&self, broker: &Broker) -> String {
        format!("{}.{}.{}.svc", broker.pod.name, self.service, self.namespace)
    }

    /// The broker that coordinates a group: the leader of its partition of `__consumer_offsets`, which is
    /// chosen by Java's hash of the group's name.
    ///
    /// Source: Apache Kafka `GroupMetadataManager.partitionFor`.
    pub fn coordinator(&self, group: &str) -> Option<i32> {
        let offsets = self.topics.get(OFFSETS)?;
        let hash =
            group.encode_utf16().fold(0i32, |h, unit| h.wrapping_mul(31).wrapping_add(i32::from(unit)));
        let partition = (hash & i32::MAX) as usize % offsets.partitions.len().max(1);
        offsets.partitions.get(partition)?.leader
    }

    /// Whether the broker's process is there and answers.
    pub fn answers(&self, broker: i32) -> bool {
        self.brokers.get(&broker).is_some_and(|b| matches!(b.life, Life::Up | Life::Stopping))
    }
}
