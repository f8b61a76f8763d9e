//! Throughput: rates over the last quarter of an hour, whoever measured them.

use super::{
    Text,
    kafka::{BrokerId, TopicName},
    rates::Ends,
    reading::{Reading, State},
    time::Time,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::Duration,
};

/// How long a history is kept.
pub const HISTORY: Duration = Duration::from_secs(15 * 60);
/// Points further apart than this have a hole between them.
const HOLE: Duration = Duration::from_secs(60);
/// Several scrapes may fail before the rates count as stale.
pub const PATIENCE: Duration = Duration::from_secs(45);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Bytes per second.
    BytesIn,
    BytesOut,
    /// Messages per second.
    MessagesIn,
    /// Partitions.
    UnderReplicated,
    Offline,
}

impl Metric {
    pub fn words(self) -> &'static str {
        match self {
            Metric::BytesIn => "bytes in",
            Metric::BytesOut => "bytes out",
            Metric::MessagesIn => "messages in",
            Metric::UnderReplicated => "under-replicated partitions",
            Metric::Offline => "offline partitions",
        }
    }
}

/// Whose rate it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    Cluster,
    Broker(BrokerId),
    Topic(TopicName),
}

/// Who measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A Prometheus server: where, whether that is behind the API server, and the names that its metrics have.
    Prometheus { place: Text, behind: bool, dialect: Text },
    /// The brokers' own exporters, scraped by castellan: how they are reached, and the names.
    Exporters { route: Text, dialect: Text },
    /// Differences of log end offsets: messages only.
    Offsets,
}

impl Origin {
    pub fn words(&self) -> String {
        match self {
            Origin::Prometheus { place, dialect, .. } => format!("Prometheus {place} ({dialect})"),
            Origin::Exporters { route, dialect } => format!("exporters by {route} ({dialect})"),
            Origin::Offsets => "log end offsets (messages only)".into(),
        }
    }

    /// It is reached through the API server.
    pub fn is_behind_api(&self) -> bool {
        matches!(self, Origin::Prometheus { behind: true, .. } | Origin::Exporters { .. })
    }
}

/// Points in the order of time, none older than [`HISTORY`] before the newest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    points: VecDeque<(Time, f64)>,
}

impl Series {
    /// Adds a point; one that is not after the last replaces or precedes nothing and is dropped.
    pub fn push(&mut self, at: Time, value: f64) {
        if self.points.back().is_some_and(|(last, _)| *last >= at) || !value.is_finite() {
            return;
        }
        self.points.push_back((at, value));
        while self.points.front().is_some_and(|(first, _)| at.since(*first) > HISTORY) {
            self.points.pop_front();
        }
    }

    /// Takes in points in the order of time: after the last, they go on; from before it, they replace
    /// what was there since the first of them (a history read anew), but where they have a hole.
    pub fn splice(&mut self, points: Vec<(Time, f64)>) {
        let Some((first, _)) = points.first() else { return };
        let replaced = self.points.split_off(self.points.partition_point(|(t, _)| t < first));
        let mut replaced = replaced.into_iter().peekable();
        for (at, value) in points {
            let before = self.points.back().map(|(t, _)| *t).filter(|t| at.since(*t) > HOLE);
            while let Some(old) = replaced.next_if(|(t, _)| *t < at) {
                if before.is_some_and(|before| before < old.0) {
                    self.points.push_back(old);
                }
            }
            self.push(at, value);
        }
    }

    pub fn last(&self) -> Option<(Time, f64)> {
        self.points.back().copied()
    }

    pub fn points(&self) -> impl DoubleEndedIterator<Item = (Time, f64)> + ExactSizeIterator + '_ {
        self.points.iter().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }
}

/// How a broker's own samples come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// When the newest was taken.
    pub newest: Time,
    /// It was sampled all through the time that a rate is taken over. After a pause it takes a while until
    /// it is so again.
    pub whole: bool,
    /// Older than this, samples have ended.
    pub patience: Duration,
}

#[derive(Debug, Clone)]
pub struct Throughput {
    pub origin: Reading<Origin>,
    pub series: HashMap<(Metric, Subject), Series>,
    /// Of the brokers that the present origin ever sampled.
    pub sampled: BTreeMap<BrokerId, Sampling>,
    /// What the found dialect or source lacks, in words.
    pub lacks: Vec<Text>,
    /// The fall-backs that were tried first and why each was left, in words.
    pub tried: Vec<Text>,
    /// What the present origin measures; the rest may be told by Kafka itself ([`super::rates`]).
    measured: BTreeSet<Metric>,
    /// The log ends that the next are compared with.
    pub(super) ends: Option<Ends>,
    /// When partitions were last counted.
    pub(super) counted: Option<Time>,
}

impl Throughput {
    /// Why Prometheus, which was found, does not measure now; None: it does, or there is none.
    pub fn without_prometheus(&self) -> Option<&Text> {
        let other = matches!(self.origin.last()?, Origin::Exporters { .. } | Origin::Offsets);
        self.tried.iter().find(|reason| other && reason.starts_with("Prometheus "))
    }

    /// How far a last value can be trusted: who measures may be well while this broker's own samples have
    /// ended, or have only just begun again. What is pending has an old value, if any.
    pub fn state(&self, metric: Metric, subject: &Subject, now: Time) -> State {
        let origin = self.origin.state(now);
        if !origin.is_live() {
            return origin;
        }
        let old = |since: Time, patience| {
            Some(now.since(since)).filter(|age| *age > patience).map(|age| State::Stale { age })
        };
        let sampling = match subject {
            // What the origin does not tell, Kafka counts itself.
            Subject::Broker(id) => self.sampled.get(id).filter(|_| self.tells(metric)),
            Subject::Cluster | Subject::Topic(_) => None,
        };
        let last = self.series(metric, subject.clone()).and_then(Series::last);
        let stale = match sampling {
            Some(sampling) => old(sampling.newest, sampling.patience),
            // What is measured no longer, or by nobody now.
            None => last.and_then(|(at, _)| old(at, self.origin.feed.patience())),
        };
        let filling = sampling.is_some_and(|s| !s.whole);
        stale.unwrap_or(if filling { State::Pending(None) } else { State::Live })
    }

    /// The last value, however old, with what it is worth ([`Throughput::state`]): none while there is nothing
    /// to go by yet.
    pub fn rate(&self, metric: Metric, subject: &Subject, now: Time) -> (Option<f64>, State) {
        let state = self.state(metric, subject, now);
        let last = self.series(metric, subject.clone()).and_then(Series::last);
        (last.map(|(_, value)| value).filter(|_| !matches!(state, State::Pending(_))), state)
    }

    /// The brokers whose part is not in the sums over brokers now.
    pub fn left_out(&self, now: Time) -> Vec<BrokerId> {
        let is_in = |s: &Sampling| s.whole && now.since(s.newest) <= s.patience;
        self.sampled.iter().filter(|(_, sampling)| !is_in(sampling)).map(|(id, _)| *id).collect()
    }
}

impl Default for Throughput {
    fn default() -> Self {
        Throughput {
            origin: Reading::pending(PATIENCE),
            series: HashMap::new(),
            sampled: BTreeMap::new(),
            lacks: Vec::new(),
            tried: Vec::new(),
            measured: BTreeSet::new(),
            ends: None,
            counted: None,
        }
    }
}

/// Points of several series, each in the order of time.
pub type Points = Vec<(Metric, Subject, Vec<(Time, f64)>)>;

/// News of throughput.
#[derive(Debug, Clone)]
pub enum ThroughputDelta {
    Reset,
    /// The source was found or changed over.
    Origin {
        origin: Origin,
        lacks: Vec<Text>,
        tried: Vec<Text>,
        at: Time,
    },
    /// New points, or a whole history ([`Series::splice`]). `at` is when the newest was measured, which
    /// may be long before it was read.
    Points {
        points: Points,
        at: Time,
    },
    /// How each broker's samples come in: of all that the source knows.
    Sampled(BTreeMap<BrokerId, Sampling>),
    /// What the source lacks has changed.
    Lacks(Vec<Text>),
    /// The cadence of measuring changed; what is older than this is stale.
    Patience(Duration),
    Failed {
        reason: Text,
        at: Time,
    },
}

impl Throughput {
    pub fn apply(&mut self, delta: ThroughputDelta) -> bool {
        match delta {
            ThroughputDelta::Reset => *self = Throughput::default(),
            ThroughputDelta::Origin { origin, lacks, tried, at } => {
                self.origin = Reading::pending(self.origin.feed.patience());
                self.origin.set(origin, at);
                (self.lacks, self.tried) = (lacks, tried);
                self.measured.clear();
                self.sampled.clear();
                self.ends = None;
            }
            ThroughputDelta::Points { points, at } => {
                let changed = !points.is_empty() || self.origin.feed.failure().is_some();
                self.measured.extend(points.iter().map(|(metric, ..)| *metric));
                self.add(points);
                self.origin.feed.hear(at);
                self.series.retain(|_, s| s.last().is_some_and(|(t, _)| at.since(t) <= HISTORY));
                return changed;
            }
            ThroughputDelta::Sampled(sampled) => {
                let whole = |all: &BTreeMap<BrokerId, Sampling>| {
                    all.iter().map(|(id, s)| (*id, s.whole)).collect::<Vec<_>>()
                };
                let changed = whole(&self.sampled) != whole(&sampled);
                self.sampled = sampled;
                return changed;
            }
            ThroughputDelta::Lacks(lacks) => self.lacks = lacks,
            ThroughputDelta::Patience(patience) => {
                self.origin.feed.set_patience(patience);
                return false;
            }
            ThroughputDelta::Failed { reason, at } => {
                let changed = self.origin.feed.failure().is_none_or(|f| f.reason != reason);
                self.origin.feed.fail(reason, at);
                return changed;
            }
        }
        true
    }

    pub(super) fn add(&mut self, points: Points) {
        for (metric, subject, points) in points {
            self.series.entry((metric, subject)).or_default().splice(points);
        }
    }

    /// Whether the present origin measures it.
    pub fn tells(&self, metric: Metric) -> bool {
        self.measured.contains(&metric)
    }

    pub fn series(&self, metric: Metric, subject: Subject) -> Option<&Series> {
        self.series.get(&(metric, subject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(m: i64) -> Time {
        Time(m * 60_000)
    }

    #[test]
    fn a_quarter_of_an_hour_is_kept() {
        let mut series = Series::default();
        (0..100).for_each(|m| series.push(minutes(m), m as f64));
        assert_eq!(series.points().next(), Some((minutes(84), 84.0)));
        assert_eq!(series.last(), Some((minutes(99), 99.0)));
    }

    #[test]
    fn a_history_read_anew_replaces_and_increments_go_on() {
        let mut series = Series::default();
        series.splice(vec![(minutes(1), 1.0), (minutes(2), 2.0), (minutes(3), 3.0)]);
        series.splice(vec![(minutes(4), 4.0)]);
        series.splice(vec![(minutes(2), 20.0), (minutes(3), 30.0)]);
        let points: Vec<_> = series.points().collect();
        assert_eq!(points, [(minutes(1), 1.0), (minutes(2), 20.0), (minutes(3), 30.0)]);
    }

    #[test]
    fn a_hole_in_the_history_keeps_what_another_source_told() {
        let mut series = Series::default();
        series.splice((1..=9).map(|m| (minutes(m), 1.0)).collect());
        series.splice([1, 2, 3, 7, 8].map(|m| (minutes(m), 2.0)).to_vec());
        let points: Vec<_> = series.points().map(|(t, v)| (t.0 / 60_000, v)).collect();
        let expected = [(1, 2.0), (2, 2.0), (3, 2.0), (4, 1.0), (5, 1.0), (6, 1.0), (7, 2.0), (8, 2.0)];
        assert_eq!(points, expected);
    }

    #[test]
    fn what_is_not_a_number_leaves_a_gap() {
        let mut series = Series::default();
        series.splice(vec![(minutes(1), f64::NAN), (minutes(2), f64::INFINITY), (minutes(3), 3.0)]);
        assert_eq!(series.points().collect::<Vec<_>>(), [(minutes(3), 3.0)]);
    }

    #[test]
    fn a_broker_whose_samples_end_is_stale_then_pending_until_its_window_is_filled_again() {
        let (id, seconds) = (BrokerId(1), |s: i64| Time(s * 1000));
        let mut throughput = Throughput::default();
        let point = |s| vec![(Metric::BytesIn, Subject::Broker(id), vec![(seconds(s), 7.0)])];
        throughput.apply(ThroughputDelta::Points { points: point(10), at: seconds(10) });
        let mut sampled = |newest, whole, now| {
            let sampling = Sampling { newest: seconds(newest), whole, patience: Duration::from_secs(15) };
            throughput.apply(ThroughputDelta::Sampled([(id, sampling)].into()));
            throughput.apply(ThroughputDelta::Points { points: vec![], at: seconds(now) });
            let (rate, state) = throughput.rate(Metric::BytesIn, &Subject::Broker(id), seconds(now));
            assert_eq!(rate.is_none(), state == State::Pending(None));
            (state, throughput.left_out(seconds(now)))
        };
        assert_eq!(sampled(10, true, 25), (State::Live, vec![]));
        assert_eq!(sampled(10, true, 26), (State::Stale { age: Duration::from_secs(16) }, vec![id]));
        assert_eq!(sampled(40, false, 41), (State::Pending(None), vec![id]));
        assert_eq!(sampled(60, true, 61), (State::Live, vec![]));
    }

    #[test]
    fn old_samples_of_a_new_origin_are_stale_at_once() {
        let mut throughput = Throughput::default();
        throughput.apply(ThroughputDelta::Points { points: vec![], at: minutes(10) });
        throughput.apply(ThroughputDelta::Origin {
            origin: Origin::Offsets,
            lacks: vec![],
            tried: vec![],
            at: minutes(5),
        });
        let state = throughput.origin.state(minutes(10));
        assert_eq!(state, State::Stale { age: Duration::from_secs(300) });
    }
}
