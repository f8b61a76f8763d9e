//! Ways to a broker: TCP to its advertised listener, else a port-forward to its pod.

use super::{connection::Connection, connection::PATIENCE, error::Error, poll::brokers_only, tls};
use crate::{
    domain::{
        Text,
        kafka::BrokerId,
        target::{KafkaTarget, TargetPod},
    },
    source::gate::{Gate, Stream},
};
use futures::{StreamExt, stream::FuturesUnordered};
use std::{sync::RwLock, time::Duration};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// How long a direct connection may take to come about.
const DIRECT: Duration = Duration::from_millis(1_500);
/// The same through the API server.
const FORWARD: Duration = Duration::from_secs(4);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Direct,
    /// By a port-forward to this port of the broker's pod.
    Forward(u16),
}

/// A broker's advertised address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub id: BrokerId,
    pub host: Text,
    pub port: u16,
}

impl Node {
    /// As people speak of it: `kafka-1 (broker 1)`.
    pub fn name(&self) -> String {
        match self.host.parse::<std::net::IpAddr>() {
            _ if self.host.is_empty() => format!("broker {}", self.id),
            Ok(_) => format!("{} (broker {})", self.host, self.id),
            Err(_) => format!("{} (broker {})", first_label(&self.host), self.id),
        }
    }
}

fn first_label(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}

/// Opens streams and connections to one cluster's brokers.
pub struct Reach {
    target: KafkaTarget,
    gate: Option<Gate>,
    /// Made at the first use: it reads files. Its failure is told with each connection.
    tls: tokio::sync::OnceCell<Option<TlsConnector>>,
    /// The id of the cluster, once it was told.
    cluster: RwLock<Option<Text>>,
}

impl Reach {
    pub fn new(target: KafkaTarget, gate: Option<Gate>) -> Self {
        Reach { target, gate, tls: tokio::sync::OnceCell::new(), cluster: RwLock::default() }
    }

    /// Takes in which cluster it is.
    pub fn learn(&self, cluster: Option<Text>) {
        *self.cluster.write().unwrap_or_else(|e| e.into_inner()) = cluster;
    }

    /// Refuses what tells the id of another cluster than is known. Kafka before 0.10.1 tells none.
    pub fn verify(&self, address: &str, told: Option<&str>) -> Result<(), Error> {
        let known = self.cluster.read().unwrap_or_else(|e| e.into_inner()).clone();
        match (known, told) {
            (Some(known), Some(told)) if *known != *told => Err(Error::Unreachable(
                format!("{address} is of another Kafka cluster ({told}, not {known})").into(),
            )),
            _ => Ok(()),
        }
    }

    /// An advertised address may lead elsewhere from here: everybody has a `localhost`.
    async fn advertised(&self, node: &Node) -> Result<Connection, Error> {
        let connection = self.direct(&node.host, node.port).await?;
        let told = connection.send(PATIENCE, brokers_only).await?.value.cluster_id;
        let address = format!("{}:{}", node.host, node.port);
        self.verify(&address, told.as_ref().map(|id| id.as_str())).map(|()| connection)
    }

    /// A connection to a broker; `last` is the way that worked before and is tried first.
    pub async fn broker(&self, node: &Node, last: Option<Way>) -> Result<(Connection, Way), Error> {
        let mut reasons = Vec::new();
        let forward_first = matches!(last, Some(Way::Forward(_)));
        for forward in [forward_first, !forward_first] {
            let opened = match (forward, self.pod_of(node)) {
                (false, _) => self.advertised(node).await.map(|c| (c, Way::Direct)),
                (true, Some(pod)) => self.forward(pod, Some(node)).await,
                (true, None) => continue,
            };
            match opened {
                Ok(opened) => return Ok(opened),
                // It was reached: another way leads to the same broker.
                Err(error @ (Error::Silent(_) | Error::Refused(_) | Error::Configuration(_))) => {
                    return Err(error);
                }
                Err(error) => reasons.push(reason(&error)),
            }
        }
        Err(Error::Unreachable(reasons.join("; ").into()))
    }

    /// A connection to any broker: the bootstrap addresses at once, then the pods at once.
    pub async fn bootstrap(&self) -> Result<(Connection, Way), Error> {
        let mut reasons = Vec::new();
        let direct = self.target.bootstrap.iter().map(async |(host, port)| {
            self.direct(host, *port).await.map(|connection| (connection, Way::Direct))
        });
        match first_of(direct, &mut reasons).await {
            Some(opened) => return Ok(opened),
            None if self.gate.is_none() && self.target.bootstrap.is_empty() => {
                return Err(Error::Unreachable("no bootstrap address is known".into()));
            }
            None => {}
        }
        let forward = self.target.pods.iter().map(|pod| self.forward(pod, None));
        match first_of(forward, &mut reasons).await {
            Some(opened) => Ok(opened),
            None if reasons.is_empty() => Err(Error::Unreachable("no broker's pod is known".into())),
            None => Err(Error::Unreachable(reasons.join("; ").into())),
        }
    }

    /// A byte stream to a broker (inside TLS, if that is on), without a word of Kafka spoken on it yet.
    pub async fn stream(&self, node: &Node, way: Way) -> Result<Box<dyn Stream>, Error> {
        match way {
            Way::Direct => self.direct_stream(&node.host, node.port).await,
            Way::Forward(port) => {
                let pod = self.pod_of(node).ok_or_else(|| Error::Unreachable("its pod is unknown".into()))?;
                self.forward_stream(pod, port, Some(node)).await
            }
        }
    }

    async fn direct(&self, host: &str, port: u16) -> Result<Connection, Error> {
        let stream = self.direct_stream(host, port).await?;
        Connection::open(stream, self.target.security.sasl.as_ref()).await.map_err(|e| match e {
            Error::Closed => Error::Unreachable(format!("{host}:{port} closes the connection").into()),
            other => other,
        })
    }

    async fn direct_stream(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, Error> {
        let unreachable = |why: String| Error::Unreachable(format!("{host}:{port} {why}").into());
        let connect = async {
            let addresses: Vec<_> = lookup_host((host, port))
                .await
                .map_err(|_| unreachable("does not resolve".into()))?
                .collect();
            TcpStream::connect(&addresses[..]).await.map_err(|e| unreachable(connect_words(&e)))
        };
        let stream = timeout(DIRECT, connect)
            .await
            .map_err(|_| unreachable(format!("does not answer within {} s", DIRECT.as_secs_f32())))??;
        // Small requests must not wait for one another; failing to say so costs only latency.
        let _ = stream.set_nodelay(true);
        self.secure(Box::new(stream), host).await
    }

    /// Tries the pod's ports in turn, until one speaks Kafka.
    async fn forward(&self, pod: &TargetPod, node: Option<&Node>) -> Result<(Connection, Way), Error> {
        let mut error = Error::Unreachable(format!("pod {} names no Kafka port", pod.pod.name).into());
        for port in ports(pod, node) {
            let opened = async {
                let stream = self.forward_stream(pod, port, node).await?;
                Connection::open(stream, self.target.security.sasl.as_ref()).await
            };
            error = match opened.await {
                Ok(connection) => return Ok((connection, Way::Forward(port))),
                Err(e @ (Error::Refused(_) | Error::Configuration(_))) => return Err(e),
                Err(Error::Closed) => {
                    let text = format!("port {port} of pod {} closes the connection", pod.pod.name);
                    Error::Unreachable(text.into())
                }
                Err(other) => other,
            };
        }
        Err(error)
    }

    async fn forward_stream(
        &self,
        pod: &TargetPod,
        port: u16,
        node: Option<&Node>,
    ) -> Result<Box<dyn Stream>, Error> {
        let name = &pod.pod.name;
        let unreachable = |why: &str| Error::Unreachable(format!("port-forward to pod {name}: {why}").into());
        let gate = self.gate.as_ref().ok_or_else(|| unreachable("no API server is connected"))?;
        let stream = timeout(FORWARD, gate.port_forward(&pod.pod, port))
            .await
            .map_err(|_| unreachable("the API server does not answer"))?
            .map_err(|e| unreachable(&e))?;
        let advertised = node.map(|n| &n.host).or(self.target.bootstrap.first().map(|(host, _)| host));
        self.secure(stream, advertised.unwrap_or(name)).await
    }

    async fn secure(&self, stream: Box<dyn Stream>, host: &str) -> Result<Box<dyn Stream>, Error> {
        match self.tls.get_or_try_init(|| tls::connector(&self.target.security)).await? {
            None => Ok(stream),
            Some(connector) => timeout(PATIENCE, tls::handshake(connector, host, stream))
                .await
                .unwrap_or(Err(Error::Silent(PATIENCE))),
        }
    }

    /// The pod that the advertised host names, else the one that the naming rule gives.
    fn pod_of(&self, node: &Node) -> Option<&TargetPod> {
        self.gate.as_ref()?;
        let pods = &self.target.pods;
        let named = pods.iter().find(|p| is_advertised_by(p, node));
        named.or_else(|| pods.iter().find(|p| p.broker == Some(node.id)))
    }
}

/// The advertised host is the pod's own name (`kafka-1.kafka-headless.kafka.svc`) or address.
fn is_advertised_by(pod: &TargetPod, node: &Node) -> bool {
    *pod.pod.name == *first_label(&node.host) || pod.ip.as_ref() == Some(&node.host)
}

/// The advertised port first where the advertised host is the pod itself, then the container's.
fn ports(pod: &TargetPod, node: Option<&Node>) -> impl Iterator<Item = u16> {
    let own = node.filter(|n| is_advertised_by(pod, n)).map(|n| n.port);
    own.into_iter().chain(pod.ports.iter().copied().filter(move |p| Some(*p) != own))
}

async fn first_of(
    attempts: impl Iterator<Item = impl Future<Output = Result<(Connection, Way), Error>>>,
    reasons: &mut Vec<String>,
) -> Option<(Connection, Way)> {
    let mut attempts: FuturesUnordered<_> = attempts.collect();
    while let Some(opened) = attempts.next().await {
        match opened {
            Ok(opened) => return Some(opened),
            Err(error) => reasons.push(reason(&error)),
        }
    }
    None
}

fn reason(error: &Error) -> String {
    match error {
        Error::Unreachable(why) => why.to_string(),
        other => other.to_string(),
    }
}

fn connect_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "refuses the connection".into(),
        _ => error.to_string(),
    }
}
