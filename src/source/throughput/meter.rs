//! Rates from the brokers' own counters, scrape by scrape.

use super::{
    TOPICS,
    dialect::{DIALECTS, Dialect, Fact, Kind},
    exposition::{Sample, samples},
};
use crate::domain::{
    Text,
    kafka::BrokerId,
    throughput::{Metric, Points, Sampling, Subject},
    time::Time,
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// A fact of a broker, or of a topic on it.
type Gauge = (Metric, Option<Text>);

/// What one scrape said: the dialect it spoke and the values under the dialect's names.
#[derive(Debug, Clone, PartialEq)]
pub struct Scrape {
    pub dialect: &'static Dialect,
    values: HashMap<Gauge, (Kind, f64)>,
}

impl Scrape {
    /// Reads an exporter's text. Errors: it has none of the names that castellan knows.
    pub fn read(text: &str) -> Result<Self, Text> {
        let facts = || DIALECTS.iter().flat_map(|d| &d.facts);
        let wanted = |name: &str| facts().any(|f| f.name == name || f.total_name() == name);
        let samples = samples(text, wanted);
        let marked = |d: &&Dialect| samples.iter().any(|s| about(d.mark(), s).is_some());
        let dialect = DIALECTS.iter().find(marked);
        let dialect = dialect.ok_or("the exporter has no broker metrics under a name that is known")?;
        let mut values = HashMap::new();
        for sample in samples.iter().filter(|s| s.value.is_finite()) {
            for fact in &dialect.facts {
                if let Some(topic) = about(fact, sample) {
                    let value = values.entry((fact.metric, topic)).or_insert((fact.kind, 0.0));
                    value.1 += sample.value;
                }
            }
        }
        Ok(Scrape { dialect, values })
    }

    /// Whether it may have come from the same run of the same broker as one before it.
    fn follows(&self, before: &Scrape) -> bool {
        let fell = |(gauge, (kind, value)): (&Gauge, &(Kind, f64))| {
            let of_broker = *kind == Kind::Counter && gauge.1.is_none();
            of_broker && before.values.get(gauge).is_some_and(|(_, last)| value < last)
        };
        self.dialect == before.dialect && !self.values.iter().any(fell)
    }
}

/// Whether a sample tells the fact, and of which topic (none: of all).
fn about(fact: &Fact, sample: &Sample) -> Option<Option<Text>> {
    let labelled = fact.label.is_none_or(|(name, value)| sample.labels.get(name).is_some_and(|v| v == value));
    let topic = sample.labels.get("topic").filter(|t| !t.is_empty()).map(|t| Text::from(t.as_str()));
    let name = if topic.is_some() { fact.name } else { fact.total_name() };
    (labelled && sample.name == name).then_some(topic)
}

/// The brokers' last scrapes and the rates between them.
#[derive(Debug, Default)]
pub struct Meter {
    brokers: BTreeMap<BrokerId, Measured>,
    totalled: Option<Time>,
}

#[derive(Debug)]
struct Measured {
    at: Time,
    /// Older than this, scrapes have ended.
    patience: Duration,
    scrape: Scrape,
    rates: HashMap<Gauge, f64>,
    /// It was scraped twice in a row and ran all the time between, so that its counters have rates.
    rated: bool,
}

impl Measured {
    fn is_fresh(&self, now: Time) -> bool {
        now.since(self.at) <= self.patience
    }
}

impl Meter {
    /// Takes in a scrape and returns the broker's points. Rates need two scrapes, of which none was missed
    /// between; a counter that fell was reset with the whole broker, which ran for a part of the time only.
    /// `period`: until the next.
    pub fn take(&mut self, broker: BrokerId, at: Time, period: Duration, scrape: Scrape) -> Points {
        let before = self.brokers.get(&broker);
        let before = before.filter(|b| b.at < at && b.is_fresh(at) && scrape.follows(&b.scrape));
        let rate = |gauge: &Gauge, value: f64| {
            let before = before?;
            let grown = value - before.scrape.values.get(gauge)?.1;
            // A topic that was made anew.
            (grown >= 0.0).then(|| grown / at.since(before.at).as_secs_f64())
        };
        let told = scrape.values.iter().filter_map(|(gauge, (kind, value))| match kind {
            Kind::Counter => Some((gauge.clone(), rate(gauge, *value)?)),
            Kind::Rate | Kind::Gauge => Some((gauge.clone(), *value)),
        });
        let rates: HashMap<Gauge, f64> = told.collect();
        let of_broker =
            rates.iter().filter(|((metric, topic), _)| topic.is_none() && *metric != Metric::Offline);
        let points =
            of_broker.map(|((m, _), rate)| (*m, Subject::Broker(broker), vec![(at, *rate)])).collect();
        let rated = before.is_some();
        // Two scrapes may be missed or late.
        let patience = period * 5 / 2;
        self.brokers.insert(broker, Measured { at, patience, scrape, rates, rated });
        points
    }

    /// How the brokers' scrapes come in.
    pub fn sampled(&self) -> BTreeMap<BrokerId, Sampling> {
        let of = |b: &Measured| Sampling { newest: b.at, whole: b.rated, patience: b.patience };
        self.brokers.iter().map(|(id, measured)| (*id, of(measured))).collect()
    }

    /// The sums over brokers, of the cluster and of its busiest topics, once there is anything newer. A
    /// broker that is no longer scraped is left out; one that is new holds the sums back until it has rates,
    /// since a sum without it would dip.
    pub fn totals(&mut self) -> Points {
        let newest = self.brokers.values().map(|b| b.at).max();
        let Some(at) = newest.filter(|at| self.totalled < Some(*at)) else { return Points::new() };
        let fresh: Vec<&Measured> = self.brokers.values().filter(|b| b.is_fresh(at)).collect();
        if fresh.iter().any(|b| !b.rated) {
            return Points::new();
        }
        self.totalled = Some(at);
        let mut sums: HashMap<&Gauge, f64> = HashMap::new();
        for (gauge, rate) in fresh.iter().flat_map(|b| &b.rates) {
            let sum = sums.entry(gauge).or_default();
            // Every controller counts the same offline partitions; all else adds up.
            *sum = if gauge.0 == Metric::Offline { sum.max(*rate) } else { *sum + rate };
        }
        let mut points = Points::new();
        let mut topics: BTreeMap<Metric, Vec<(f64, &Text)>> = BTreeMap::new();
        for ((metric, topic), sum) in sums {
            match topic {
                None => points.push((*metric, Subject::Cluster, vec![(at, sum)])),
                Some(topic) => topics.entry(*metric).or_default().push((sum, topic)),
            }
        }
        for (metric, mut busiest) in topics {
            busiest.sort_by(|a, b| b.0.total_cmp(&a.0));
            let of = |(rate, topic): (f64, &Text)| (metric, Subject::Topic(topic.clone()), vec![(at, rate)]);
            points.extend(busiest.into_iter().take(TOPICS).map(of));
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::throughput::Metric::{BytesIn, MessagesIn, Offline, UnderReplicated};

    const PERIOD: Duration = Duration::from_secs(10);

    fn strimzi(total: f64, orders: f64) -> Scrape {
        Scrape::read(&format!(
            "# TYPE kafka_server_brokertopicmetrics_bytesin_total counter\n\
             kafka_server_brokertopicmetrics_bytesin_total {total}\n\
             kafka_server_brokertopicmetrics_bytesin_total{{topic=\"orders\",}} {orders}\n\
             kafka_server_replicamanager_underreplicatedpartitions 2.0\n\
             kafka_controller_kafkacontroller_offlinepartitionscount 1.0\n\
             jvm_threads_current 77\n"
        ))
        .unwrap()
    }

    fn value(points: &Points, metric: Metric, subject: Subject) -> Option<f64> {
        points.iter().find(|(m, s, _)| *m == metric && *s == subject).map(|(_, _, p)| p[0].1)
    }

    #[test]
    fn rates_are_differences_over_time_and_add_up_once() {
        let mut meter = Meter::default();
        for broker in [0, 1] {
            let first = meter.take(BrokerId(broker), Time(0), PERIOD, strimzi(1_000.0, 600.0));
            assert_eq!(
                value(&first, BytesIn, Subject::Broker(BrokerId(broker))),
                None,
                "one scrape is no rate"
            );
            assert!(meter.totals().is_empty());
        }
        let points = meter.take(BrokerId(0), Time(10_000), PERIOD, strimzi(3_000.0, 1_600.0));
        assert_eq!(value(&points, BytesIn, Subject::Broker(BrokerId(0))), Some(200.0));
        assert!(meter.totals().is_empty(), "a broker without a rate would make the sum dip");
        meter.take(BrokerId(1), Time(10_000), PERIOD, strimzi(2_000.0, 600.0));
        let totals = meter.totals();
        assert_eq!(value(&totals, BytesIn, Subject::Cluster), Some(300.0));
        assert_eq!(value(&totals, BytesIn, Subject::Topic("orders".into())), Some(100.0));
        assert_eq!(value(&totals, UnderReplicated, Subject::Cluster), Some(4.0));
        assert_eq!(
            value(&totals, Offline, Subject::Cluster),
            Some(1.0),
            "both controllers mean the same one"
        );
        assert!(meter.totals().is_empty(), "nothing newer");
    }

    #[test]
    fn a_broker_that_was_away_has_no_rate_until_it_was_scraped_twice_again() {
        let (id, mut meter) = (BrokerId(0), Meter::default());
        let mut rate = |second: i64, total| {
            let points = meter.take(id, Time(second * 1000), PERIOD, strimzi(total, 0.0));
            (value(&points, BytesIn, Subject::Broker(id)), meter.sampled()[&id].whole)
        };
        assert_eq!(rate(0, 9_000.0), (None, false));
        assert_eq!(rate(10, 9_500.0), (Some(50.0), true));
        assert_eq!(rate(20, 500.0), (None, false), "it ran for a part of the time only");
        assert_eq!(rate(30, 1_500.0), (Some(100.0), true));
        assert_eq!(rate(90, 1_600.0), (None, false), "nobody knows when in that minute it was");
        assert_eq!(rate(100, 1_700.0), (Some(10.0), true));
    }

    #[test]
    fn a_broker_that_is_no_longer_scraped_leaves_the_sum() {
        let mut meter = Meter::default();
        for at in [0, 10_000] {
            meter.take(BrokerId(0), Time(at), PERIOD, strimzi(at as f64, 0.0));
            meter.take(BrokerId(1), Time(at), PERIOD, strimzi(at as f64, 0.0));
        }
        assert_eq!(value(&meter.totals(), BytesIn, Subject::Cluster), Some(2_000.0));
        for at in [20_000, 30_000, 40_000] {
            meter.take(BrokerId(0), Time(at), PERIOD, strimzi(at as f64, 0.0));
        }
        assert_eq!(value(&meter.totals(), BytesIn, Subject::Cluster), Some(1_000.0));
    }

    #[test]
    fn every_dialect_is_told_and_read() {
        let samples = [
            (
                "Confluent",
                "kafka_server_brokertopicmetrics_bytesinpersec{topic=\"\",} 7\n\
                 kafka_server_brokertopicmetrics_bytesinpersec{topic=\"a\",} 7\n",
            ),
            (
                "Bitnami",
                "kafka_server_brokertopicmetrics_total_bytesinpersec_count 7.0\n\
                 kafka_server_brokertopicmetrics_bytesinpersec_count{topic=\"a\",} 7.0\n",
            ),
            (
                "Strimzi Metrics Reporter",
                "kafka_server_brokertopicmetrics_bytesinpersec_total 7.0\n\
                 kafka_server_brokertopicmetrics_bytesinpersec_total{topic=\"a\"} 7.0\n",
            ),
            (
                "Yolean",
                "kafka_server_brokertopicmetrics_oneminuterate{name=\"MessagesInPerSec\",} 3.0\n\
                 kafka_server_brokertopicmetrics_oneminuterate{name=\"BytesInPerSec\",} 7.0\n\
                 kafka_server_brokertopicmetrics_oneminuterate{name=\"BytesInPerSec\",topic=\"a\",} 7.0\n",
            ),
        ];
        for (name, text) in samples {
            let scrape = Scrape::read(text).unwrap();
            assert_eq!(scrape.dialect.name, name);
            for topic in [None, Some("a".into())] {
                assert_eq!(scrape.values.get(&(BytesIn, topic)).map(|v| v.1), Some(7.0), "{name}");
            }
        }
        let yolean = Scrape::read(samples[3].1).unwrap();
        let points = Meter::default().take(BrokerId(1), Time(0), PERIOD, yolean);
        let messages = value(&points, MessagesIn, Subject::Broker(BrokerId(1)));
        assert_eq!(messages, Some(3.0), "a ready rate needs one scrape only");
        assert!(Scrape::read("jvm_threads_current 77\n").is_err());
    }
}
