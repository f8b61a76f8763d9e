//! What a source should read: data that the app derives from the snapshot and the command line.

use super::{Text, kafka::BrokerId, kubernetes::Key};

/// A host and a port.
pub type Server = (Text, u16);

/// One Kafka cluster to poll.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KafkaTarget {
    /// As shown in the header and the picker: `kafka/kafka`.
    pub name: Text,
    /// Addresses to try first, as given by `--kafka` or by the bootstrap Service.
    pub bootstrap: Vec<Server>,
    /// The brokers' pods: how they are reached when their advertised listeners are not.
    pub pods: Vec<TargetPod>,
    pub security: Security,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetPod {
    pub pod: Key,
    /// As far as the owner's naming rules tell.
    pub broker: Option<BrokerId>,
    /// Kafka client listeners among the container's ports, best first.
    pub ports: Vec<u16>,
    /// The port of the JMX exporter, if one is named.
    pub exporter: Option<u16>,
    /// The pod's address: Prometheus often knows a broker by nothing else.
    pub ip: Option<Text>,
}

/// How clients authenticate; from the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Security {
    pub tls: bool,
    /// PEM file of the authority that signed the brokers' certificates; None: the system's roots.
    pub ca_file: Option<String>,
    pub certificate_file: Option<String>,
    pub key_file: Option<String>,
    pub sasl: Option<Sasl>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Sasl {
    pub mechanism: SaslMechanism,
    pub user: String,
    pub password: String,
}

impl std::fmt::Debug for Sasl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} as {}", self.mechanism, self.user)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaslMechanism {
    Plain,
    ScramSha256,
    ScramSha512,
}

impl SaslMechanism {
    /// As brokers and configuration files spell it.
    pub fn name(self) -> &'static str {
        match self {
            SaslMechanism::Plain => "PLAIN",
            SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
            SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Where throughput may be read, best first; the source falls back by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThroughputTarget {
    /// Given by `--prometheus` or the configuration.
    pub url: Option<String>,
    /// Services that look like a Prometheus: (service, port, https).
    pub services: Vec<(Key, u16, bool)>,
    /// The brokers' pods, to scrape their exporters.
    pub pods: Vec<TargetPod>,
    /// The namespace that the brokers' series carry, to tell two Kafka clusters in one Prometheus apart.
    pub namespace: Text,
}
