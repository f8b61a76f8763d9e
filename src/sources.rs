//! The sources of one session: started, pointed at other targets, and heard in one place.

use crate::{
    domain::{
        Text,
        snapshot::Delta,
        target::{KafkaTarget, ThroughputTarget},
    },
    source::{
        CAPACITY, News, Running,
        asking::{Desk, Kafka},
        gate::Gate,
        kafka,
        kubernetes::{self, Connection},
        throughput,
    },
};
use std::time::Duration;
use tokio::sync::mpsc;

/// One source with a channel of its own, so that what an abandoned target still had to say is dropped with
/// the channel.
struct Lane {
    running: Option<Running>,
    news: News,
    deltas: mpsc::Receiver<Delta>,
}

impl Lane {
    fn new() -> Self {
        let (news, deltas) = mpsc::channel(CAPACITY);
        Lane { running: None, news, deltas }
    }

    /// Lets go of what runs; `anew` forgets also what it has sent and nobody has taken yet.
    fn stop(&mut self, anew: bool) {
        self.running = None;
        if anew {
            *self = Lane::new();
        }
    }
}

pub struct Sources {
    namespace: Option<Text>,
    kubernetes: Lane,
    kafka: Lane,
    throughput: Lane,
    /// Between two polls of Kafka.
    refresh: Duration,
    targets: (Option<KafkaTarget>, Option<ThroughputTarget>),
    desk: Desk,
}

impl Sources {
    /// Starts watching Kubernetes, if there is one, in `namespace` (None: all).
    pub fn new(connection: Option<Connection>, namespace: Option<Text>, refresh: Duration) -> Self {
        let mut sources = Sources {
            namespace,
            kubernetes: Lane::new(),
            kafka: Lane::new(),
            throughput: Lane::new(),
            refresh,
            targets: (None, None),
            desk: Desk { kubernetes: connection, kafka: None },
        };
        sources.watch();
        sources
    }

    fn gate(&self) -> Option<Gate> {
        self.desk.kubernetes.as_ref().map(|c| c.gate.clone())
    }

    /// Where questions about one object are put.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    fn watch(&mut self) {
        self.kubernetes.stop(false);
        if let Some(connection) = &self.desk.kubernetes {
            let news = self.kubernetes.news.clone();
            self.kubernetes.running = Some(kubernetes::watch(connection, self.namespace.clone(), news));
        }
    }

    /// Polls that Kafka cluster; `anew` where it is another than before.
    pub fn poll(&mut self, target: KafkaTarget, anew: bool) {
        self.kafka.stop(anew);
        let (gate, news) = (self.gate(), self.kafka.news.clone());
        let settings = kafka::Settings { refresh: self.refresh };
        let client = kafka::Client::new(target.clone(), gate);
        self.kafka.running = Some(kafka::poll_with(client.clone(), settings, news));
        let sasl = target.security.sasl.clone();
        self.desk.kafka = Some(Kafka { name: target.name.clone(), client, sasl });
        self.targets.0 = Some(target);
    }

    /// Measures throughput there; `anew` where the Kafka cluster is another.
    pub fn gather(&mut self, target: ThroughputTarget, anew: bool) {
        self.throughput.stop(anew);
        let (gate, news) = (self.gate(), self.throughput.news.clone());
        let settings = throughput::Settings::default();
        self.throughput.running = Some(throughput::gather(target.clone(), gate, settings, news));
        self.targets.1 = Some(target);
    }

    /// Reads everything anew, keeping what is known until then.
    pub fn reread(&mut self) {
        self.watch();
        if let Some(target) = self.targets.0.clone() {
            self.poll(target, false);
        }
        if let Some(target) = self.targets.1.clone() {
            self.gather(target, false);
        }
    }

    /// The next news of any source.
    pub async fn next(&mut self) -> Delta {
        // The lanes keep a sender each, so none of the channels can end.
        tokio::select! {
            Some(delta) = self.kubernetes.deltas.recv() => delta,
            Some(delta) = self.kafka.deltas.recv() => delta,
            Some(delta) = self.throughput.deltas.recv() => delta,
            else => std::future::pending().await,
        }
    }

    /// News that wait already.
    pub fn waiting(&mut self) -> Option<Delta> {
        let lanes = [&mut self.kubernetes, &mut self.kafka, &mut self.throughput];
        lanes.into_iter().find_map(|lane| lane.deltas.try_recv().ok())
    }
}
