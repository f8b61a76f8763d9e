//! The plan of requests: what is asked, of whom, and how often.

mod broker;
mod cadence;
mod cluster;
mod configs;
mod describe;
mod disks;
mod ends;
mod groups;
mod layout;
mod topics;

use super::{Client, Error, Lane, Node, connection::Answer};
use crate::{
    domain::{
        Text,
        kafka::{Body, BrokerId, KafkaDelta, TopicName},
    },
    source::{News, now},
};
use cadence::Cadence;
pub use cluster::brokers_only;
use layout::Layout;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet, time::Instant};

/// How often to poll.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The pause between two polls of brokers and partitions; other bodies are read less often, in
    /// proportion. A cluster that is slow to answer is asked less often than that.
    pub refresh: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { refresh: Duration::from_secs(3) }
    }
}

/// Runs the poller; starts it again, and says so, if a part of it should fail by a mistake of its own.
pub async fn supervise(client: Client, settings: Settings, news: News) {
    loop {
        let poller = Poller {
            client: client.clone(),
            news: news.clone(),
            settings,
            shared: Arc::new(Shared::default()),
        };
        let mut loops = JoinSet::new();
        loops.spawn(poller.clone().cluster());
        loops.spawn(poller.clone().controller());
        loops.spawn(poller.clone().topics());
        loops.spawn(poller.clone().configs());
        loops.spawn(poller.clone().brokers());
        let ended = loops.join_next().await;
        drop(loops);
        tracing::error!("a part of the Kafka poller ended: {ended:?}");
        for body in [Body::Cluster, Body::Topics, Body::Ends, Body::Groups] {
            let reason = "castellan's poller failed and starts again; its log tells why".into();
            poller.tell(KafkaDelta::Failed { body, reason, at: now() }).await;
        }
        if news.is_closed() {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// A handle on the poller, one for each of its loops.
#[derive(Clone)]
struct Poller {
    client: Client,
    news: News,
    settings: Settings,
    shared: Arc<Shared>,
}

/// What the loops know in common.
struct Shared {
    brokers: watch::Sender<Vec<Node>>,
    layout: watch::Sender<Arc<Layout>>,
    ends: tokio::sync::Mutex<ends::Ends>,
    groups: Mutex<groups::Registry>,
    /// The cluster keeps its metadata in ZooKeeper; and whom Metadata names as its controller.
    zookeeper: Mutex<bool>,
    named_controller: Mutex<Option<BrokerId>>,
    /// Who told its part of a body last time.
    answering: Mutex<HashMap<Body, BTreeSet<BrokerId>>>,
    pauses: Mutex<HashMap<(Body, Option<BrokerId>), Duration>>,
    /// Topics that were being moved or throttled, and when that was last seen.
    suspects: watch::Sender<BTreeMap<TopicName, Instant>>,
}

/// So long after a move or a throttle its topic's configuration, and the brokers', are read more often: what
/// they hold changes soon, and is easily left behind.
const SUSPICION: Duration = Duration::from_secs(120);

impl Default for Shared {
    fn default() -> Self {
        Shared {
            brokers: watch::Sender::new(Vec::new()),
            layout: watch::Sender::new(Arc::default()),
            ends: tokio::sync::Mutex::default(),
            groups: Mutex::default(),
            zookeeper: Mutex::default(),
            named_controller: Mutex::default(),
            answering: Mutex::default(),
            pauses: Mutex::default(),
            suspects: watch::Sender::new(BTreeMap::new()),
        }
    }
}

impl Poller {
    async fn tell(&self, delta: KafkaDelta) {
        // Nobody listens any more: the owner is about to drop the poller.
        let _ = self.news.send(delta.into()).await;
    }

    async fn fail(&self, body: Body, reason: Text) {
        self.tell(KafkaDelta::Failed { body, reason, at: now() }).await;
    }

    /// A broker told its part of a body, or did not. The body as a whole fails only when nobody tells any.
    async fn told(&self, body: Body, broker: BrokerId, answer: Result<(), Text>) {
        let nobody = {
            let mut answering = lock(&self.shared.answering);
            let who = answering.entry(body).or_default();
            match answer {
                Ok(()) => who.insert(broker),
                Err(_) => who.remove(&broker),
            };
            who.is_empty()
        };
        match answer {
            Ok(()) => self.tell(KafkaDelta::Heard { body, at: now() }).await,
            Err(reason) if nobody => self.fail(body, reason).await,
            Err(_) => {}
        }
    }

    /// Waits until the next poll of some bodies.
    async fn pause(&self, bodies: &[Body], broker: Option<BrokerId>, cadence: &mut Cadence) {
        tokio::time::sleep(self.pace(bodies, broker, cadence).await).await;
    }

    /// The pause until the next poll of some bodies; lets their readers know how long it may take. `broker`:
    /// the one whose part this is.
    async fn pace(&self, bodies: &[Body], broker: Option<BrokerId>, cadence: &mut Cadence) -> Duration {
        let pause = cadence.next();
        for body in bodies {
            if let Some(longest) = self.set_pause(*body, broker, pause) {
                let patience = longest * 2 + Lane::Slow.patience();
                self.tell(KafkaDelta::Patience { body: *body, patience }).await;
            }
        }
        pause
    }

    /// The longest pause of a body, if it is another than before.
    fn set_pause(&self, body: Body, broker: Option<BrokerId>, pause: Duration) -> Option<Duration> {
        let mut pauses = lock(&self.shared.pauses);
        let before = longest(&pauses, body);
        pauses.insert((body, broker), pause);
        longest(&pauses, body).filter(|after| before != Some(*after))
    }

    /// These topics are being moved or throttled.
    fn suspect(&self, topics: impl IntoIterator<Item = TopicName>) {
        let seen: Vec<_> = topics.into_iter().map(|topic| (topic, Instant::now())).collect();
        let over = |at: &Instant| at.elapsed() > SUSPICION;
        self.shared.suspects.send_if_modified(|suspects| {
            let before = suspects.len();
            suspects.retain(|_, at| !over(at));
            suspects.extend(seen);
            suspects.len() != before
        });
    }

    fn suspects(&self) -> BTreeSet<TopicName> {
        self.suspect([]);
        self.shared.suspects.borrow().keys().cloned().collect()
    }

    fn cadence(&self, refreshes: u32) -> Cadence {
        Cadence::new(self.settings.refresh * refreshes)
    }
}

fn longest(pauses: &HashMap<(Body, Option<BrokerId>), Duration>, body: Body) -> Option<Duration> {
    pauses.iter().filter(|((b, _), _)| *b == body).map(|(_, pause)| *pause).max()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

/// The value of an answer, its time put on the account.
fn charge<T>(answer: Result<Answer<T>, Error>, cadence: &mut Cadence) -> Result<T, Error> {
    let answer = answer?;
    cadence.spend(answer.work);
    Ok(answer.value)
}
