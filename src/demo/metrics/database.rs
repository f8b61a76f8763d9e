//! The samples that the Prometheus in the cluster has scraped.

use super::exporter::{self, Sample, Tally};
use super::promql::Selector;
use crate::demo::world::kafka::{Broker, Cluster, Life};
use crate::domain::{Text, kubernetes::Key, time::Time};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

/// Between two scrapes.
pub const INTERVAL: Duration = Duration::from_secs(15);
/// How long samples are kept: somewhat longer than consoles look back.
const KEPT: Duration = Duration::from_secs(40 * 60);

pub type Labels = BTreeMap<&'static str, Text>;
/// When, and what; None marks that the series ended there.
///
/// Source: Prometheus, "Staleness": the series of a target that cannot be scraped go stale at once.
pub type Point = (Time, Option<f64>);

#[derive(Debug, Clone)]
pub struct Series {
    pub labels: Labels,
    pub points: VecDeque<Point>,
}

#[derive(Debug, Default)]
pub struct Database {
    series: HashMap<&'static str, Vec<Series>>,
    /// Where a series lies: by name, pod and topic.
    places: HashMap<(&'static str, Key, Option<Text>), usize>,
    due: Time,
    /// Whether it scrapes.
    pub paused: bool,
}

impl Database {
    /// Scrapes every broker that answers, if it is time to.
    pub fn scrape(&mut self, clusters: &[Cluster], addresses: impl Fn(&Key) -> Option<Text>, now: Time) {
        if now < self.due || self.paused {
            return;
        }
        self.due = now.plus(INTERVAL);
        for cluster in clusters {
            let tally = Tally::of(cluster);
            for broker in cluster.brokers.values() {
                match broker.life {
                    Life::Up | Life::Starting | Life::Stopping => {
                        let samples = exporter::samples(cluster, broker, &tally);
                        self.take(broker, samples, addresses(&broker.pod), now);
                    }
                    Life::Down | Life::Hung => self.end(&broker.pod, now),
                }
            }
        }
        self.forget(now.minus(KEPT));
    }

    fn take(&mut self, broker: &Broker, samples: Vec<Sample>, address: Option<Text>, now: Time) {
        let Some(address) = address else { return };
        for Sample { name, topic, value } in samples {
            let all = self.series.entry(name).or_default();
            let place = self.places.entry((name, broker.pod.clone(), topic.clone())).or_insert_with(|| {
                let mut labels = Labels::from([
                    ("namespace", broker.pod.namespace.clone()),
                    ("pod", broker.pod.name.clone()),
                    ("instance", format!("{address}:9404").into()),
                    ("job", "kafka".into()),
                ]);
                labels.extend(topic.map(|t| ("topic", t)));
                all.push(Series { labels, points: VecDeque::new() });
                all.len() - 1
            });
            all[*place].points.push_back((now, Some(value)));
        }
    }

    /// Marks the series of a pod that does not answer.
    fn end(&mut self, pod: &Key, now: Time) {
        let of = |s: &&mut Series| s.labels["pod"] == pod.name && s.labels["namespace"] == pod.namespace;
        for series in self.series.values_mut().flatten().filter(of) {
            if series.points.back().is_some_and(|(_, value)| value.is_some()) {
                series.points.push_back((now, None));
            }
        }
    }

    fn forget(&mut self, before: Time) {
        for series in self.series.values_mut().flatten() {
            while series.points.front().is_some_and(|(at, _)| *at < before) {
                series.points.pop_front();
            }
        }
    }

    /// The series that a selector names.
    pub fn select<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = &'a Series> {
        let named = self.series.get(&*selector.name).into_iter().flatten();
        named.filter(|series| {
            let value = |label: &str| series.labels.get(label).map_or("", |v| v);
            selector.matchers.iter().all(|(label, matcher)| matcher.fits(value(label)))
        })
    }
}
