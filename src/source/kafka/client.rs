//! One cluster's brokers as peers to ask: connections are opened when needed, kept and shared.

use super::{
    connection::{Answer, Connection, PATIENCE},
    error::Error,
    poll::brokers_only,
    reach::{Node, Reach, Way},
    rewrite,
    written::Written,
};
use crate::{
    domain::{
        Text,
        kafka::{BrokerId, Route},
        target::KafkaTarget,
    },
    source::gate::{Gate, Stream},
};
use kafka_protocol::protocol::Request;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};

/// Pauses between attempts to connect grow from the first to the second.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));

/// How long brokers may work on a request that is sent once, as it says itself.
const ONCE: Duration = Duration::from_secs(10);

/// A handle on one cluster, shared by the poller and by whoever administers it.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

/// Each broker is asked over up to three connections. Answers come in the order of requests, so what may
/// take long must not hold up the rest. A lane is connected when it is first used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// What a broker holds in its memory.
    Quick,
    /// What makes it work: disks, whole-cluster answers.
    Slow,
    /// What it passes on to the controller, which may hang alone.
    Relay,
}

impl Lane {
    /// How long a broker may stay silent over a request.
    pub fn patience(self) -> Duration {
        match self {
            Lane::Quick | Lane::Relay => PATIENCE,
            Lane::Slow => Duration::from_secs(15),
        }
    }
}

type Links = BTreeMap<(Lane, BrokerId), Arc<Link>>;

struct Inner {
    reach: Reach,
    links: RwLock<Links>,
    bootstrap: Link,
    /// Spreads what any broker can answer.
    turn: AtomicUsize,
    once: Duration,
    written: Written,
}

impl Client {
    pub fn new(target: KafkaTarget, gate: Option<Gate>) -> Client {
        Client::with_patience(target, gate, ONCE)
    }

    /// `once`: how long brokers may work on a request that is sent once.
    pub fn with_patience(target: KafkaTarget, gate: Option<Gate>, once: Duration) -> Client {
        Client(Arc::new(Inner {
            once,
            reach: Reach::new(target, gate),
            links: RwLock::default(),
            bootstrap: Link::new(None),
            turn: AtomicUsize::new(0),
            written: Written::default(),
        }))
    }

    /// Asks one broker. The error says whom it is about: `kafka-1 (broker 1) does not answer: …` by
    /// [`Client::name`].
    pub async fn ask<R: Request>(
        &self,
        broker: BrokerId,
        lane: Lane,
        make: impl FnOnce(i16) -> R,
    ) -> Result<Answer<R::Response>, Error> {
        let link = self.link(lane, broker).ok_or_else(unregistered)?;
        link.ask(&self.0.reach, lane, make).await
    }

    /// The version in which a request would be sent to a broker.
    pub async fn version<R: Request>(&self, broker: BrokerId) -> Result<i16, Error> {
        let link = self.link(Lane::Quick, broker).ok_or_else(unregistered)?;
        link.connection(&self.0.reach).await?.version::<R>()
    }

    /// Asks whichever broker answers: connected ones in turn, then the others, then the bootstrap addresses.
    pub async fn ask_any<R: Request>(
        &self,
        lane: Lane,
        make: impl Fn(i16) -> R,
    ) -> Result<Answer<R::Response>, Error> {
        match self.ask_in_turn(self.in_turn(lane), lane, &make).await {
            Err(error) if error.is_of_the_way() => {
                let bootstrapped = self.0.bootstrap.ask(&self.0.reach, lane, &make).await;
                match bootstrapped {
                    Err(e) if e.is_of_the_way() && matches!(error, Error::Nobody(_)) => Err(error),
                    answer => answer,
                }
            }
            answer => answer,
        }
    }

    /// Asks the controller: through `controller` itself (with ZooKeeper it alone answers), else through any
    /// broker, which passes the request on.
    pub async fn ask_controller<R: Request>(
        &self,
        controller: Option<BrokerId>,
        make: impl Fn(i16) -> R,
    ) -> Result<Answer<R::Response>, Error> {
        match controller.and_then(|id| self.link(Lane::Relay, id)) {
            Some(link) => link.ask(&self.0.reach, Lane::Relay, make).await,
            None => {
                let mut links = self.in_turn(Lane::Relay);
                // If two brokers cannot pass it on, it is not for them.
                links.truncate(2);
                self.ask_in_turn(links, Lane::Relay, &make).await
            }
        }
    }

    /// How long brokers may work on a request that is sent once, for it to say so itself.
    pub fn once(&self) -> Duration {
        self.0.once
    }

    /// What was written through it, for whoever reads what came of it.
    pub fn written(&self) -> &Written {
        &self.0.written
    }

    /// Sends a request once: to the controller, else, where no connection to it comes about, to the first
    /// broker that can be connected to, which passes it on (or refuses, with ZooKeeper). The connection is
    /// new: one that was idle may be dead without anybody having noticed.
    ///
    /// # Errors
    /// After [`Error::Silent`], [`Error::Closed`] and [`Error::Garbled`] it is not known what became of the
    /// request; after any other it was not carried out.
    pub async fn ask_once<R: Request>(
        &self,
        make: impl FnOnce(i16) -> R,
    ) -> Result<Answer<R::Response>, Error> {
        let (mut nodes, controller) = self.registered().await?;
        let connected = |node: &Node| self.link(Lane::Quick, node.id).is_some_and(|link| link.is_connected());
        nodes.sort_by_cached_key(|n| (n.id != controller, !connected(n)));
        let mut unreached = Vec::new();
        for node in nodes {
            match self.anew(&node).await {
                Ok(connection) => return self.send_once(&connection, make).await,
                Err(error) => unreached.push(error.about(&node.name())),
            }
        }
        Err(if unreached.is_empty() { unregistered() } else { Error::Nobody(unreached.join("; ").into()) })
    }

    /// Sends a request once to this broker, and to no other, over a new connection.
    ///
    /// # Errors
    /// As [`Client::ask_once`]; [`Error::Unreachable`] where it is not registered.
    pub async fn ask_broker_once<R: Request>(
        &self,
        broker: BrokerId,
        make: impl FnOnce(i16) -> R,
    ) -> Result<Answer<R::Response>, Error> {
        let (nodes, _) = self.registered().await?;
        let node = nodes.iter().find(|node| node.id == broker).ok_or_else(unregistered)?;
        let connection = self.anew(node).await?;
        self.send_once(&connection, make).await
    }

    /// Who is registered now, and whom Metadata names as the controller.
    async fn registered(&self) -> Result<(Vec<Node>, BrokerId), Error> {
        let asked = self.ask_any(Lane::Quick, brokers_only).await;
        let metadata = asked.map_err(|e| Error::Nobody(e.about("the bootstrap address")))?.value;
        let told = metadata.cluster_id.as_ref().map(|id| id.as_str());
        self.0.reach.verify("the bootstrap address", told)?;
        let nodes = metadata.brokers.iter().map(|b| rewrite::node(b.node_id.0, &b.host, b.port)).collect();
        Ok((nodes, BrokerId(metadata.controller_id.0)))
    }

    async fn anew(&self, node: &Node) -> Result<Connection, Error> {
        let known = self.link(Lane::Quick, node.id).filter(|link| link.is_connected());
        let (connection, _) = self.0.reach.broker(node, known.and_then(|link| link.way())).await?;
        Ok(connection)
    }

    /// It waits a third longer than the request allows the brokers themselves.
    async fn send_once<R: Request>(
        &self,
        connection: &Connection,
        make: impl FnOnce(i16) -> R,
    ) -> Result<Answer<R::Response>, Error> {
        connection.send(self.0.once * 4 / 3, make).await
    }

    async fn ask_in_turn<R: Request>(
        &self,
        links: Vec<Arc<Link>>,
        lane: Lane,
        make: &impl Fn(i16) -> R,
    ) -> Result<Answer<R::Response>, Error> {
        let mut silent = Vec::new();
        for link in links {
            match link.ask(&self.0.reach, lane, make).await {
                Err(error) if error.is_of_the_way() => silent.push(link.about(&error)),
                answer => return answer,
            }
        }
        if silent.is_empty() { Err(unregistered()) } else { Err(Error::Nobody(silent.join("; ").into())) }
    }

    /// Takes in which cluster it is, which brokers are registered and where they listen. A broker that moved
    /// is connected anew.
    pub fn learn(&self, cluster: Option<Text>, nodes: &[Node]) {
        self.0.reach.learn(cluster);
        let mut links = self.0.links.write().unwrap_or_else(|e| e.into_inner());
        links.retain(|_, link| link.node.as_ref().is_some_and(|n| nodes.contains(n)));
        nodes.iter().for_each(|node| add(&mut links, node));
    }

    /// Takes in that a broker listens there, and nothing of the others.
    pub(super) fn meet(&self, node: Node) {
        let mut links = self.0.links.write().unwrap_or_else(|e| e.into_inner());
        links.retain(|(_, id), link| *id != node.id || link.node.as_ref() == Some(&node));
        add(&mut links, &node);
    }

    /// As people speak of it: `kafka-1 (broker 1)`.
    pub fn name(&self, broker: BrokerId) -> String {
        let link = self.link(Lane::Quick, broker);
        let node = link.as_ref().and_then(|l| l.node.as_ref());
        node.map_or_else(|| format!("broker {broker}"), Node::name)
    }

    /// How the brokers are reached now, or, while none of them was, who named them; None before the first
    /// contact.
    pub fn route(&self) -> Option<Route> {
        let mut ways: Vec<Way> = self.links(Lane::Quick).iter().filter_map(|l| l.way()).collect();
        if ways.is_empty() {
            ways.extend(self.0.bootstrap.way());
        }
        ways.into_iter()
            .map(|way| match way {
                Way::Direct => Route::Direct,
                Way::Forward(_) => Route::PortForward,
            })
            .reduce(|a, b| if a == b { a } else { Route::Mixed })
    }

    /// A byte stream of its own to a broker (inside TLS, if that is on), by the way that is known to work.
    pub(super) async fn stream(&self, broker: BrokerId) -> Result<Box<dyn Stream>, Error> {
        let link = self.link(Lane::Quick, broker).ok_or_else(unregistered)?;
        link.connection(&self.0.reach).await?;
        match (&link.node, link.way()) {
            (Some(node), Some(way)) => self.0.reach.stream(node, way).await,
            _ => Err(unregistered()),
        }
    }

    fn link(&self, lane: Lane, broker: BrokerId) -> Option<Arc<Link>> {
        self.0.links.read().unwrap_or_else(|e| e.into_inner()).get(&(lane, broker)).cloned()
    }

    fn links(&self, lane: Lane) -> Vec<Arc<Link>> {
        let links = self.0.links.read().unwrap_or_else(|e| e.into_inner());
        links.iter().filter(|((l, _), _)| *l == lane).map(|(_, link)| link.clone()).collect()
    }

    /// Connected ones first, beginning with another each time; those that backed off last.
    fn in_turn(&self, lane: Lane) -> Vec<Arc<Link>> {
        let mut links = self.links(lane);
        if !links.is_empty() {
            let turn = self.0.turn.fetch_add(1, Ordering::Relaxed) % links.len();
            links.rotate_left(turn);
        }
        // A broker that is not reached on its quick lane is not tried on another before the rest.
        let reached = |link: &Link| {
            let quick = link.node.as_ref().and_then(|n| self.link(Lane::Quick, n.id));
            quick.is_some_and(|quick| quick.is_connected())
        };
        links.sort_by_cached_key(|link| !reached(link));
        links
    }
}

fn add(links: &mut Links, node: &Node) {
    for lane in [Lane::Quick, Lane::Slow, Lane::Relay] {
        links.entry((lane, node.id)).or_insert_with(|| Arc::new(Link::new(Some(node.clone()))));
    }
}

fn unregistered() -> Error {
    Error::Unreachable("it is not registered".into())
}

/// One broker's connection, or why there is none.
struct Link {
    /// None: the bootstrap addresses.
    node: Option<Node>,
    state: Mutex<State>,
    /// What others may see without waiting for an attempt to end.
    seen: RwLock<Seen>,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    last_way: Option<Way>,
    refused: Option<Refused>,
}

struct Refused {
    error: Error,
    until: Instant,
    pause: Duration,
}

#[derive(Default)]
struct Seen {
    connection: Option<Connection>,
    way: Option<Way>,
}

impl Link {
    fn new(node: Option<Node>) -> Link {
        Link { node, state: Mutex::default(), seen: RwLock::default() }
    }

    async fn ask<R: Request>(
        &self,
        reach: &Reach,
        lane: Lane,
        make: impl FnOnce(i16) -> R,
    ) -> Result<Answer<R::Response>, Error> {
        self.connection(reach).await?.send(lane.patience(), make).await
    }

    /// The open connection, or a new one; while it backs off, the last reason at once.
    async fn connection(&self, reach: &Reach) -> Result<Connection, Error> {
        let mut state = self.state.lock().await;
        if let Some(open) = state.connection.as_ref().filter(|c| !c.is_closed()) {
            return Ok(open.clone());
        }
        if let Some(refused) = state.refused.as_ref().filter(|r| Instant::now() < r.until) {
            return Err(refused.error.clone());
        }
        let opened = match &self.node {
            Some(node) => reach.broker(node, state.last_way).await,
            None => reach.bootstrap().await,
        };
        match opened {
            Ok((connection, way)) => {
                *state = State { connection: Some(connection.clone()), last_way: Some(way), refused: None };
                self.see(Some(connection.clone()), Some(way));
                Ok(connection)
            }
            Err(error) => {
                let pause = state.refused.as_ref().map_or(BACK_OFF.0, |r| (r.pause * 2).min(BACK_OFF.1));
                let until = Instant::now() + pause;
                state.connection = None;
                state.refused = Some(Refused { error: error.clone(), until, pause });
                self.see(None, None);
                Err(error)
            }
        }
    }

    fn see(&self, connection: Option<Connection>, way: Option<Way>) {
        let mut seen = self.seen.write().unwrap_or_else(|e| e.into_inner());
        seen.connection = connection;
        seen.way = way.or(seen.way);
    }

    fn is_connected(&self) -> bool {
        let seen = self.seen.read().unwrap_or_else(|e| e.into_inner());
        seen.connection.as_ref().is_some_and(|c| !c.is_closed())
    }

    /// The way that worked last.
    fn way(&self) -> Option<Way> {
        self.seen.read().unwrap_or_else(|e| e.into_inner()).way
    }

    fn about(&self, error: &Error) -> Text {
        self.node.as_ref().map_or_else(|| error.to_string().into(), |node| error.about(&node.name()))
    }
}
