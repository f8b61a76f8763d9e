//! Rates as a Prometheus server has them.
//!
//! Everything is evaluated at the time of the newest sample, never at the clock's: when scraping stops,
//! no rate is made up of the last samples, and the reading's age is that of what was measured.

use super::{
    Settings,
    dialect::{DIALECTS, Dialect, Fact},
    identity::{self, Labels, Owner},
    promql,
    server::{Row, Server},
};
use crate::domain::{
    Text,
    kafka::BrokerId,
    target::ThroughputTarget,
    throughput::{HISTORY, Metric, PATIENCE, Points, Sampling, Subject},
    time::Time,
};
use futures::future::join_all;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

/// A Prometheus that knows our brokers, and how far it was read.
pub struct Reader {
    server: Server,
    target: ThroughputTarget,
    step: Duration,
    look: Duration,
    pub dialect: &'static Dialect,
    matchers: Text,
    /// How often the brokers are scraped.
    interval: Duration,
    read_to: Option<Time>,
    /// When each broker last had a rate.
    rated: BTreeMap<BrokerId, Time>,
    looks: u32,
    /// What the last queries lacked.
    gaps: Vec<Text>,
}

/// Every so many looks, brokers are looked for anew: pods come and go.
const SURVEY: u32 = 12;

/// What one look at Prometheus brought.
#[derive(Debug, PartialEq)]
pub struct Look {
    /// Empty while Prometheus has no newer samples.
    pub points: Points,
    /// When the newest sample was taken.
    pub newest: Time,
    pub sampled: BTreeMap<BrokerId, Sampling>,
    pub lacks: Vec<Text>,
    pub patience: Duration,
}

/// Where the brokers' series are found.
struct Sighting {
    dialect: &'static Dialect,
    matchers: Text,
    brokers: usize,
    newest: Time,
}

impl Reader {
    /// Looks for our brokers under every dialect and reads the history. Errors: why this Prometheus is no
    /// help, in a sentence.
    pub async fn find(
        server: Server,
        target: &ThroughputTarget,
        settings: &Settings,
    ) -> Result<(Self, Look), Text> {
        let seen = sight(&server, target).await?;
        let interval = scrape_interval(&server, &seen).await;
        let mut reader = Reader {
            server,
            target: target.clone(),
            step: settings.step,
            look: settings.look,
            dialect: seen.dialect,
            matchers: seen.matchers,
            interval,
            read_to: None,
            rated: BTreeMap::new(),
            looks: 0,
            gaps: Vec::new(),
        };
        let look = reader.look().await?;
        Ok((reader, look))
    }

    pub fn place(&self) -> Text {
        self.server.place()
    }

    pub fn is_behind_api(&self) -> bool {
        self.server.is_behind_api()
    }

    /// Reads what is new: the whole history at first. Errors: no query was answered.
    pub async fn look(&mut self) -> Result<Look, Text> {
        self.looks += 1;
        let survey = self.looks.is_multiple_of(SURVEY);
        let matchers = if survey { "".into() } else { self.matchers.clone() };
        let newest = newest_by_broker(&self.server, &self.target, self.dialect, &matchers).await?;
        let last = newest.values().copied().max().ok_or_else(no_samples)?;
        if survey {
            self.matchers = identity::matchers(newest.keys());
        }
        let mut points = Points::new();
        if let Some((from, to)) = self.due(last) {
            let (answers, broken) = self.read(from, to).await?;
            for (fact, rows) in answers {
                match rows {
                    Rows::Brokers(rows) => points.extend(self.brokers(fact, rows, &newest)),
                    Rows::Topics(rows) => points.extend(topics(fact, rows)),
                }
            }
            self.rate(&points);
            self.gaps = broken;
            self.gaps.extend(missing(&points));
            self.read_to = Some(to);
        }
        let sampled = self.sampled(&newest);
        let lacks = self.lacks(&sampled, last);
        Ok(Look { points, newest: last, sampled, lacks, patience: PATIENCE.max(self.interval * 3) })
    }

    /// Notes which brokers have a rate; counts, which need no window, tell nothing of it.
    fn rate(&mut self, points: &Points) {
        let rates =
            points.iter().filter(|(metric, ..)| !matches!(metric, Metric::UnderReplicated | Metric::Offline));
        for (_, subject, points) in rates {
            if let (Subject::Broker(id), Some((at, _))) = (subject, points.last()) {
                let last = self.rated.entry(*id).or_insert(*at);
                *last = (*at).max(*last);
            }
        }
    }

    /// A lost scrape, and a step whose rate it cost, are borne with.
    fn sampled(&self, newest: &HashMap<Labels, Time>) -> BTreeMap<BrokerId, Sampling> {
        let whole = |id| {
            let rated = self.rated.get(&id).zip(self.read_to);
            rated.is_some_and(|(at, to)| to.since(*at) <= self.step)
        };
        let patience = self.interval * 5 / 2 + self.look;
        let mut sampled = BTreeMap::new();
        for (labels, at) in newest {
            if let Owner::Ours(Some(id)) = identity::owner(labels, &self.target) {
                let of = sampled.entry(id).or_insert(Sampling { newest: *at, whole: whole(id), patience });
                of.newest = of.newest.max(*at);
            }
        }
        sampled
    }

    /// The steps that newer samples have made due.
    fn due(&self, newest: Time) -> Option<(Time, Time)> {
        match self.read_to {
            Some(to) if newest < to.plus(self.step) => None,
            Some(to) if newest.since(to) < HISTORY => {
                let steps = newest.since(to).as_millis() / self.step.as_millis().max(1);
                Some((to.plus(self.step), to.plus(self.step * steps as u32)))
            }
            _ => {
                let steps = HISTORY.as_millis() / self.step.as_millis().max(1);
                Some((newest.minus(self.step * steps as u32), newest))
            }
        }
    }

    /// All queries at once; those that failed cost only their own metric.
    async fn read(&self, from: Time, to: Time) -> Result<(Vec<(&'static Fact, Rows)>, Vec<Text>), Text> {
        let facts = &self.dialect.facts;
        let brokers = facts.iter().map(|f| (f, false, promql::by_broker(f, &self.matchers, self.interval)));
        let by_topic = facts.iter().filter(|f| f.by_topic());
        let topics = by_topic.map(|f| (f, true, promql::by_topic(f, &self.matchers, self.interval)));
        let asked = brokers.chain(topics).map(async |(fact, topics, query)| {
            let rows = self.server.range(&query, from, to, self.step).await;
            (fact, topics, rows.map(if topics { Rows::Topics } else { Rows::Brokers }))
        });
        let (mut good, mut broken, mut total) = (Vec::new(), Vec::new(), 0);
        for (fact, topics, answer) in join_all(asked).await {
            total += 1;
            match answer {
                Ok(rows) => good.push((fact, rows)),
                Err(reason) => broken.push((fact, topics, reason)),
            }
        }
        match broken.first() {
            Some((_, _, reason)) if broken.len() == total => Err(reason.clone()),
            _ => Ok((good, broken.into_iter().map(|(f, t, r)| lost(f, t, &r)).collect())),
        }
    }

    /// Each broker's points, and their sum. A broker whose own samples ended gets no points after them:
    /// its rate would sink only because the window empties.
    fn brokers(&self, fact: &Fact, rows: Vec<Row>, newest: &HashMap<Labels, Time>) -> Points {
        let mut cluster: BTreeMap<Time, f64> = BTreeMap::new();
        let mut brokers: BTreeMap<BrokerId, BTreeMap<Time, f64>> = BTreeMap::new();
        for row in rows {
            let Owner::Ours(broker) = identity::owner(&row.labels, &self.target) else { continue };
            let end = newest.get(&row.labels).map(|t| t.plus(self.interval * 3 / 2));
            for (at, value) in row.points {
                if !value.is_finite() || end.is_some_and(|end| at > end) {
                    continue;
                }
                let sum = cluster.entry(at).or_default();
                // Every controller counts the same offline partitions; all else adds up.
                *sum = if fact.metric == Metric::Offline { sum.max(value) } else { *sum + value };
                if let Some(id) = broker.filter(|_| fact.metric != Metric::Offline) {
                    *brokers.entry(id).or_default().entry(at).or_default() += value;
                }
            }
        }
        let brokers = brokers.into_iter().map(|(id, points)| (Subject::Broker(id), points));
        let all = brokers.chain([(Subject::Cluster, cluster)]).filter(|(_, points)| !points.is_empty());
        all.map(|(subject, points)| (fact.metric, subject, points.into_iter().collect())).collect()
    }

    fn lacks(&self, sampled: &BTreeMap<BrokerId, Sampling>, last: Time) -> Vec<Text> {
        let mut lacks: Vec<Text> = self.dialect.lacks.iter().map(|&l| l.into()).collect();
        lacks.extend(self.gaps.iter().cloned());
        let known = self.target.pods.iter().filter_map(|p| p.broker);
        for id in known.chain(sampled.keys().copied()).collect::<BTreeSet<_>>() {
            match sampled.get(&id).filter(|s| last.since(s.newest) <= s.patience) {
                None => lacks.push(format!("broker {id}: Prometheus has no samples of it now").into()),
                Some(s) if !s.whole => {
                    lacks.push(
                        format!("broker {id}: no rate until Prometheus has sampled it long enough").into(),
                    );
                }
                Some(_) => {}
            }
        }
        lacks
    }
}

enum Rows {
    Brokers(Vec<Row>),
    Topics(Vec<Row>),
}

fn topics(fact: &Fact, rows: Vec<Row>) -> Points {
    let of =
        |mut row: Row| Some((fact.metric, Subject::Topic(row.labels.remove("topic")?.into()), row.points));
    rows.into_iter().filter_map(of).collect()
}

fn lost(fact: &Fact, topics: bool, reason: &str) -> Text {
    let by = if topics { "topic" } else { "broker" };
    format!("{} by {by}: {reason}", fact.metric.words()).into()
}

/// Metrics that have no series at all.
fn missing(points: &Points) -> Vec<Text> {
    let metrics = DIALECTS[0].facts.iter().map(|f| f.metric);
    let lacking = metrics.filter(|m| !points.iter().any(|(metric, ..)| metric == m));
    lacking.map(|m| format!("{}: Prometheus has no series of it", m.words()).into()).collect()
}

fn no_samples() -> Text {
    format!("it has no sample of these brokers in the last {} minutes", HISTORY.as_secs() / 60).into()
}

/// Looks under every dialect and takes the one that knows most brokers, and among those the freshest.
async fn sight(server: &Server, target: &ThroughputTarget) -> Result<Sighting, Text> {
    let looks = DIALECTS.iter().map(async |dialect| {
        let newest = newest_by_broker(server, target, dialect, "").await?;
        Ok::<_, Text>(newest.values().copied().max().map(|last| Sighting {
            dialect,
            matchers: identity::matchers(newest.keys()),
            brokers: newest.len(),
            newest: last,
        }))
    });
    let mut seen = Vec::new();
    for look in join_all(looks).await {
        seen.extend(look?);
    }
    seen.into_iter().rev().max_by_key(|s| (s.brokers, s.newest)).ok_or_else(no_samples)
}

/// The newest sample of each series that is ours.
async fn newest_by_broker(
    server: &Server,
    target: &ThroughputTarget,
    dialect: &Dialect,
    matchers: &str,
) -> Result<HashMap<Labels, Time>, Text> {
    let rows = server.instant(&promql::newest_samples(dialect, matchers), None).await?;
    let ours = rows.into_iter().filter(|r| identity::owner(&r.labels, target) != Owner::Another);
    let newest = |r: Row| Some((r.points.last()?.1 * 1000.0).round() as i64).map(|ms| (r.labels, Time(ms)));
    Ok(ours.filter_map(newest).collect())
}

/// The usual distance between two samples of a broker; half a minute when it cannot be told.
async fn scrape_interval(server: &Server, seen: &Sighting) -> Duration {
    let query = promql::raw_samples(seen.dialect, &seen.matchers);
    let rows = server.instant(&query, Some(seen.newest)).await.unwrap_or_default();
    let mut gaps: Vec<Duration> =
        rows.iter().flat_map(|r| r.points.windows(2).map(|w| w[1].0.since(w[0].0))).collect();
    gaps.sort();
    gaps.get(gaps.len() / 2).copied().unwrap_or(Duration::from_secs(30)).max(Duration::from_secs(1))
}
