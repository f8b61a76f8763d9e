//! A broker as its connections know it.

use super::listen::Ports;
use crate::demo::{
    Shared,
    world::kafka::{self, Cluster, Life},
};
use kafka_protocol::{
    messages::{BrokerId, TopicName},
    protocol::StrBytes,
};
use std::sync::Arc;
use uuid::Uuid;

/// The addresses under which a listener makes the brokers known.
#[derive(Clone)]
pub enum Advertised {
    /// The pods' own names, which resolve inside the cluster.
    Pods,
    /// 127.0.0.1 and the port of each broker's outside listener.
    Outside(Arc<Ports>),
}

/// One broker, as it is reached by one of its listeners.
#[derive(Clone)]
pub struct Broker {
    pub shared: Shared,
    pub cluster: usize,
    pub id: i32,
    pub advertised: Advertised,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// None, or one that does not listen yet.
    Gone,
    /// It takes bytes and does nothing with them.
    Hung,
    Serving,
}

/// What an answer is made from.
pub struct Here<'a> {
    pub cluster: &'a mut Cluster,
    pub random: &'a mut fastrand::Rng,
    /// The broker that was asked.
    pub id: i32,
    pub advertised: &'a Advertised,
    pub version: i16,
    pub client_id: &'a str,
    pub host: &'a str,
}

impl Broker {
    pub fn process(&self) -> Process {
        let life = self.shared.with(|world| {
            let broker = world.kafka.get(self.cluster)?.brokers.get(&self.id)?;
            Some(broker.life)
        });
        match life {
            Some(Life::Up | Life::Stopping) => Process::Serving,
            Some(Life::Hung) => Process::Hung,
            // A broker listens when it has recovered its log.
            Some(Life::Starting | Life::Down) | None => Process::Gone,
        }
    }

    /// Of its listener outside; 0 when it was reached by its pod.
    pub fn outside_port(&self) -> u16 {
        match &self.advertised {
            Advertised::Pods => 0,
            Advertised::Outside(ports) => ports.of(self.id),
        }
    }
}

impl Here<'_> {
    /// Host and port under which a broker is made known.
    pub fn address(&self, broker: &kafka::Broker) -> (StrBytes, i32) {
        match self.advertised {
            Advertised::Pods => (text(self.cluster.host(broker)), i32::from(self.cluster.port)),
            Advertised::Outside(ports) => {
                (StrBytes::from_static_str("127.0.0.1"), i32::from(ports.of(broker.id)))
            }
        }
    }

    /// Id, host and port of each broker, for clients that are sent to another (KIP-951).
    pub fn endpoints(&self) -> impl Iterator<Item = (BrokerId, StrBytes, i32)> {
        self.registered().map(|broker| {
            let (host, port) = self.address(broker);
            (BrokerId(broker.id), host, port)
        })
    }

    /// The brokers that the metadata names.
    pub fn registered(&self) -> impl Iterator<Item = &kafka::Broker> {
        self.cluster.brokers.values().filter(|b| b.registered)
    }
}

pub fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

pub fn topic_name(name: &str) -> TopicName {
    TopicName(text(name))
}

pub fn ids(brokers: &[i32]) -> Vec<BrokerId> {
    brokers.iter().copied().map(BrokerId).collect()
}

pub fn uuid(id: u128) -> Uuid {
    Uuid::from_u128(id)
}
