//! Which source measures now: the best that works.

use super::{
    Settings,
    dialect::Dialect,
    exporters::{self, Scraped, Way},
    meter::Meter,
    prometheus::{Look, Reader},
    server::Server,
};
use crate::{
    domain::{
        Text,
        kafka::BrokerId,
        snapshot::Delta,
        target::ThroughputTarget,
        throughput::{Origin, PATIENCE, Points, ThroughputDelta},
        time::Time,
    },
    source::{News, gate::Gate, now},
};
use futures::{Stream, StreamExt};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    time::Duration,
};
use tokio::time::{Instant, sleep};

pub struct Gatherer {
    pub target: ThroughputTarget,
    pub gate: Option<Gate>,
    pub settings: Settings,
    pub news: News,
}

/// The app takes no more news.
struct Closed;

/// A source that works.
enum Source {
    Prometheus(Box<Reader>, Look),
    Exporters(Box<dyn Stream<Item = Scraped> + Send + Unpin>, Scraped),
    Offsets,
}

/// The source chosen: its place in the order of preference, and what was tried before it.
struct Choice {
    rank: usize,
    source: Source,
    tried: Vec<Text>,
}

impl Choice {
    /// Why a Prometheus that answers is no help now.
    fn stopped(&self) -> Option<Text> {
        match &self.source {
            Source::Prometheus(reader, look) => stopped(&reader.place(), look),
            Source::Exporters(..) | Source::Offsets => None,
        }
    }
}

impl Gatherer {
    pub async fn run(self) {
        let mut choice = self.choose(0, Vec::new()).await;
        loop {
            let Choice { rank, source, mut tried } = choice;
            choice = tokio::select! {
                better = self.better(rank) => better,
                end = self.follow(source, &tried) => match end {
                    Ok(reason) => {
                        tried.push(reason);
                        self.choose(rank + 1, tried).await
                    }
                    Err(Closed) => return,
                },
            };
        }
    }

    /// The best source from a rank on that works now. Log end offsets always do: Kafka's own poller reads
    /// them.
    async fn choose(&self, from: usize, tried: Vec<Text>) -> Choice {
        let exporters = self.servers().len();
        let found = self.first_of(from..exporters + 1, tried).await;
        found.unwrap_or_else(|tried| Choice { rank: exporters + 1, source: Source::Offsets, tried })
    }

    /// Ends when a source better than the present one works (again), with samples that are new.
    async fn better(&self, rank: usize) -> Choice {
        loop {
            sleep(self.settings.retry).await;
            let mut tried = Vec::new();
            for at in 0..rank {
                tried = match self.first_of(at..at + 1, tried).await {
                    Err(reasons) => reasons,
                    Ok(choice) => match choice.stopped() {
                        None => return choice,
                        Some(reason) => choice.tried.into_iter().chain([reason]).collect(),
                    },
                };
            }
        }
    }

    /// The first of the ranks that works; else why none does.
    async fn first_of(&self, ranks: Range<usize>, mut tried: Vec<Text>) -> Result<Choice, Vec<Text>> {
        let servers = self.servers();
        for rank in ranks {
            let source = match servers.get(rank) {
                Some(server) => self.prometheus(server.clone()).await,
                None => self.exporters().await,
            };
            match source {
                Ok(source) => return Ok(Choice { rank, source, tried }),
                Err(reason) => tried.push(reason),
            }
        }
        Err(tried)
    }

    fn servers(&self) -> Vec<Result<Server, Text>> {
        let deadline = self.settings.deadline;
        let url = self.target.url.iter().map(|url| Server::at(url, deadline));
        let services = self.gate.iter().flat_map(|gate| {
            let behind = move |(service, port, https): &(_, _, _)| {
                Ok(Server::behind(gate.clone(), Clone::clone(service), *port, *https, deadline))
            };
            self.target.services.iter().map(behind)
        });
        url.chain(services).collect()
    }

    async fn prometheus(&self, server: Result<Server, Text>) -> Result<Source, Text> {
        let server = server?;
        let place = server.place();
        let found = Reader::find(server, &self.target, &self.settings).await;
        let (reader, look) = found.map_err(|reason| Text::from(format!("Prometheus {place}: {reason}")))?;
        Ok(Source::Prometheus(Box::new(reader), look))
    }

    /// The exporters, if one answers.
    async fn exporters(&self) -> Result<Source, Text> {
        let gate = self.gate.as_ref().ok_or("exporters: castellan is not connected to Kubernetes")?;
        let mut waiting: BTreeSet<_> = self.scraped_brokers().collect();
        if waiting.is_empty() {
            return Err("exporters: no broker's pod names a metrics port".into());
        }
        let mut scrapes = exporters::scrapes(&self.target, gate, &self.settings);
        let mut reason = Text::from("no answer");
        while let Some(first) = scrapes.next().await {
            match &first.answer {
                Ok(_) => return Ok(Source::Exporters(Box::new(scrapes), first)),
                Err(why) => reason = why.clone(),
            }
            waiting.remove(&first.broker);
            if waiting.is_empty() {
                break;
            }
        }
        Err(format!("exporters: {reason}").into())
    }

    fn scraped_brokers(&self) -> impl Iterator<Item = BrokerId> {
        self.target.pods.iter().filter(|p| p.exporter.is_some()).filter_map(|p| p.broker)
    }

    /// Reports what a source measures until it fails for longer than the grace; returns why.
    async fn follow(&self, source: Source, tried: &[Text]) -> Result<Text, Closed> {
        match source {
            Source::Prometheus(reader, first) => self.follow_prometheus(*reader, first, tried).await,
            Source::Exporters(scrapes, first) => self.follow_exporters(scrapes, first, tried).await,
            Source::Offsets => {
                let lacks = [
                    "bytes in and out, and rates by broker: only metrics tell them",
                    "messages in: transaction markers count too",
                ];
                self.announce(Origin::Offsets, lacks.map(Text::from).to_vec(), tried, now()).await?;
                std::future::pending().await
            }
        }
    }

    async fn follow_prometheus(
        &self,
        mut reader: Reader,
        first: Look,
        tried: &[Text],
    ) -> Result<Text, Closed> {
        let (place, dialect) = (reader.place(), reader.dialect.name.into());
        let mut said = first.lacks.clone();
        let origin = Origin::Prometheus { place: place.clone(), behind: reader.is_behind_api(), dialect };
        self.announce(origin, said.clone(), tried, first.newest).await?;
        let mut stopped = stopped(&place, &first);
        self.report(first).await?;
        let mut heard = Instant::now();
        loop {
            // What it has is shown; what is now is asked of another.
            if let Some(reason) = stopped {
                return Ok(reason);
            }
            sleep(self.settings.look).await;
            match reader.look().await {
                Ok(look) => {
                    heard = Instant::now();
                    if look.lacks != said {
                        said = look.lacks.clone();
                        self.send(ThroughputDelta::Lacks(said.clone())).await?;
                    }
                    stopped = self::stopped(&place, &look);
                    self.report(look).await?;
                }
                Err(reason) => {
                    let reason = Text::from(format!("Prometheus {place}: {reason}"));
                    self.send(ThroughputDelta::Failed { reason: reason.clone(), at: now() }).await?;
                    if heard.elapsed() > self.settings.grace {
                        return Ok(reason);
                    }
                }
            }
        }
    }

    async fn report(&self, look: Look) -> Result<(), Closed> {
        self.send(ThroughputDelta::Patience(look.patience)).await?;
        self.send(ThroughputDelta::Sampled(look.sampled)).await?;
        self.send(ThroughputDelta::Points { points: look.points, at: look.newest }).await
    }

    async fn follow_exporters(
        &self,
        mut scrapes: Box<dyn Stream<Item = Scraped> + Send + Unpin>,
        first: Scraped,
        tried: &[Text],
    ) -> Result<Text, Closed> {
        let mut round = Round::default();
        let (mut said, mut heard, mut summed) = (None, Instant::now(), None::<Instant>);
        let mut next = Some(first);
        while let Some(scraped) = next {
            let at = scraped.at;
            match round.take(scraped) {
                Ok(mut points) => {
                    heard = Instant::now();
                    if summed.is_none_or(|s| s.elapsed() >= self.settings.step) {
                        let totals = round.meter.totals();
                        summed = if totals.is_empty() { summed } else { Some(Instant::now()) };
                        points.extend(totals);
                    }
                    let state = (round.origin(), self.exporters_lack(&round));
                    if said.as_ref() != Some(&state) {
                        said = Some(state.clone());
                        self.announce(state.0, state.1, tried, at).await?;
                    }
                    self.send(ThroughputDelta::Patience(round.patience())).await?;
                    self.send(ThroughputDelta::Sampled(round.meter.sampled())).await?;
                    self.send(ThroughputDelta::Points { points, at }).await?;
                }
                Err(reason) if self.scraped_brokers().all(|b| round.failed.contains_key(&b)) => {
                    let reason = Text::from(format!("exporters: {reason}"));
                    self.send(ThroughputDelta::Failed { reason: reason.clone(), at }).await?;
                    if heard.elapsed() > self.settings.grace {
                        return Ok(reason);
                    }
                }
                Err(_) => self.send(ThroughputDelta::Lacks(self.exporters_lack(&round))).await?,
            }
            next = scrapes.next().await;
        }
        Ok("exporters: no broker is left to scrape".into())
    }

    fn exporters_lack(&self, round: &Round) -> Vec<Text> {
        let mut lacks = vec![Text::from("the history begins when castellan began to scrape")];
        lacks.extend(round.dialect.iter().flat_map(|d| d.lacks).map(|&l| Text::from(l)));
        for pod in self.target.pods.iter().filter(|p| p.exporter.is_none()) {
            lacks.push(format!("{}: its pod names no metrics port", pod.pod.name).into());
        }
        let failed = round.failed.iter().map(|(id, why)| Text::from(format!("broker {id}: {why}")));
        lacks.extend(failed);
        lacks
    }

    async fn announce(
        &self,
        origin: Origin,
        lacks: Vec<Text>,
        tried: &[Text],
        at: Time,
    ) -> Result<(), Closed> {
        self.send(ThroughputDelta::Origin { origin, lacks, tried: tried.to_vec(), at }).await
    }

    async fn send(&self, delta: ThroughputDelta) -> Result<(), Closed> {
        self.news.send(Delta::Throughput(delta)).await.map_err(|_| Closed)
    }
}

/// Why a Prometheus that answers is no help now: it has no newer samples.
fn stopped(place: &str, look: &Look) -> Option<Text> {
    let reason = || format!("Prometheus {place}: it answers but does not scrape these brokers now");
    is_stale(look).then(|| reason().into())
}

fn is_stale(look: &Look) -> bool {
    now().since(look.newest) > look.patience
}

/// The exporters as last scraped.
#[derive(Default)]
struct Round {
    meter: Meter,
    dialect: Option<&'static Dialect>,
    ways: BTreeMap<BrokerId, Way>,
    periods: BTreeMap<BrokerId, Duration>,
    failed: BTreeMap<BrokerId, Text>,
}

impl Round {
    fn take(&mut self, scraped: Scraped) -> Result<Points, Text> {
        self.periods.insert(scraped.broker, scraped.period);
        match scraped.answer {
            Ok((way, scrape)) => {
                self.failed.remove(&scraped.broker);
                self.ways.insert(scraped.broker, way);
                self.dialect = Some(scrape.dialect);
                Ok(self.meter.take(scraped.broker, scraped.at, scraped.period, scrape))
            }
            Err(reason) => {
                self.failed.insert(scraped.broker, reason.clone());
                Err(reason)
            }
        }
    }

    /// Two scrapes may be missed.
    fn patience(&self) -> Duration {
        PATIENCE.max(self.periods.values().max().copied().unwrap_or_default() * 3)
    }

    fn origin(&self) -> Origin {
        let ways: BTreeSet<&str> = self.ways.values().map(|w| w.words()).collect();
        let route = ways.into_iter().collect::<Vec<_>>().join(" and ").into();
        Origin::Exporters { route, dialect: self.dialect.map_or("", |d| d.name).into() }
    }
}
