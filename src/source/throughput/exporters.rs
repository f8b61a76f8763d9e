//! The brokers' own exporters, scraped through the API server.

use super::{Settings, meter::Scrape};
use crate::{
    domain::{Text, kafka::BrokerId, kubernetes::Key, target::ThroughputTarget, time::Time},
    source::{gate::Gate, now},
};
use futures::{Stream, stream};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// A broker with 10,000 partitions exports about 20 MiB.
const LIMIT: usize = 64 << 20;
/// JMX is slow: 10,000 partitions take 23 s (kafka.md §6 has worse).
const DEADLINE: Duration = Duration::from_secs(120);
/// The share of the time that a broker may spend on answering us: one part in this many.
const SHARE: u32 = 10;
/// However slow, a broker is scraped this often.
const SLOWEST: Duration = Duration::from_secs(300);
const PATH: &str = "/metrics";

/// How a pod's port is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    PodProxy,
    PortForward,
}

impl Way {
    pub fn words(self) -> &'static str {
        match self {
            Way::PodProxy => "pod proxy",
            Way::PortForward => "port-forward",
        }
    }
}

/// What came of one scrape of one broker.
pub struct Scraped {
    pub broker: BrokerId,
    pub at: Time,
    /// When the next is due, at the latest.
    pub period: Duration,
    pub answer: Result<(Way, Scrape), Text>,
}

/// Scrapes every broker for ever, each at the pace that it can bear.
pub fn scrapes(
    target: &ThroughputTarget,
    gate: &Gate,
    settings: &Settings,
) -> impl Stream<Item = Scraped> + Send + Unpin + use<> {
    let exporters = target.pods.iter().filter_map(|p| {
        let (broker, port) = (p.broker?, p.exporter?);
        Some(Exporter {
            gate: gate.clone(),
            pod: p.pod.clone(),
            broker,
            port,
            way: Way::PodProxy,
            least: settings.step,
            due: Instant::now(),
        })
    });
    stream::select_all(exporters.map(|e| Box::pin(stream::unfold(e, Exporter::next))))
}

struct Exporter {
    gate: Gate,
    pod: Key,
    broker: BrokerId,
    port: u16,
    way: Way,
    /// The shortest period.
    least: Duration,
    due: Instant,
}

impl Exporter {
    async fn next(mut self) -> Option<(Scraped, Self)> {
        sleep_until(self.due).await;
        let started = Instant::now();
        let answer = self.scrape().await;
        let period = (started.elapsed() * SHARE).clamp(self.least, SLOWEST.max(self.least));
        self.due = started + period;
        Some((Scraped { broker: self.broker, at: now(), period, answer }, self))
    }

    /// One scrape, by the way that worked last or else by the other.
    async fn scrape(&mut self) -> Result<(Way, Scrape), Text> {
        let other = if self.way == Way::PodProxy { Way::PortForward } else { Way::PodProxy };
        let text = match self.get(self.way).await {
            Ok(text) => text,
            Err(first) => match self.get(other).await {
                Ok(text) => {
                    self.way = other;
                    text
                }
                Err(second) => {
                    let (way, other) = (self.way.words(), other.words());
                    return Err(format!("{way}: {first}; {other}: {second}").into());
                }
            },
        };
        let scrape = tokio::task::spawn_blocking(move || Scrape::read(&text)).await;
        scrape.map_err(|_| Text::from("its answer could not be read"))?.map(|s| (self.way, s))
    }

    async fn get(&self, way: Way) -> Result<String, Text> {
        let answer = timeout(DEADLINE, async {
            match way {
                Way::PodProxy => self.gate.ask_pod(&self.pod, self.port, PATH, LIMIT).await,
                Way::PortForward => self.forwarded().await,
            }
        });
        match answer.await {
            Err(_) => Err(format!("no answer within {} s", DEADLINE.as_secs()).into()),
            Ok(Ok((200, text))) => Ok(text),
            Ok(Ok((status, text))) => Err(super::server::refusal(status, &text).into()),
            Ok(Err(reason)) => Err(reason),
        }
    }

    /// A GET over a port-forward of its own.
    async fn forwarded(&self) -> Result<(u16, String), Text> {
        let broken = |e: hyper::Error| Text::from(format!("the connection broke: {e}"));
        let stream = self.gate.port_forward(&self.pod, self.port).await?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(broken)?;
        let request = http::Request::get(PATH).header("host", &*self.pod.name).header("connection", "close");
        let request = request.body(Empty::<bytes::Bytes>::new()).map_err(|e| Text::from(e.to_string()))?;
        let answer = async move {
            let answer = sender.send_request(request).await.map_err(broken)?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), LIMIT).collect().await;
            let body = body.map_err(|e| Text::from(format!("the answer broke off: {e}")))?.to_bytes();
            Ok((status, String::from_utf8_lossy(&body).into_owned()))
        };
        // The connection ends when its sender is dropped; its own error shows in the answer.
        futures::future::join(answer, connection).await.0
    }
}
