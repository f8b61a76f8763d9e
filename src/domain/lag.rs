//! Lag in time: how long ago a group's offset was the log end, and whether it catches up.
//!
//! Source: kafka-lag-exporter `LookupTable.scala`, without its defects: a flat series divides by zero
//! there, ages come out negative, and one unknown poisons a sum (kafka-lag-exporter#111, #138, #265).
//! Here what is unknown stays unknown.

use super::{
    kafka::{GroupId, TopicName},
    time::Time,
};
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// Points of a partition's series, and the least time between two of them.
const POINTS: usize = 60;
const STEP: Duration = Duration::from_secs(10);
/// The least span of a series that what is older than it is reckoned from: the rate of a few seconds
/// misleads by hours.
const SPAN: Duration = Duration::from_secs(20);
/// Points of all series together: 16 MB. With very many partitions each keeps fewer.
const ALL_POINTS: usize = 1_000_000;
/// The least that is worth keeping of a series.
const FEWEST: usize = 4;
/// Over how long a trend is told.
const TREND: Duration = Duration::from_secs(120);
/// A change of lag below this share of what was produced or consumed meanwhile is none.
const STEADY: f64 = 0.05;

/// A log end, and when it was that.
type Point = (Time, i64);

/// The log end of one partition over time: both grow from point to point.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// In place, because nearly every age is told from these two: a cluster has hundreds of thousands of
    /// series, and each look at the older points goes somewhere else in memory.
    newest: Option<Point>,
    before: Option<Point>,
    older: VecDeque<Point>,
}

impl Series {
    /// Adds what was the log end at `at`. A point that is not later, or whose offset went back, is
    /// dropped; while the log does not grow, its last point moves on in time.
    pub fn push(&mut self, at: Time, end: i64, capacity: usize) {
        match (self.newest, self.before) {
            (Some((t, o)), _) if at <= t || end < o => return,
            (Some((_, o)), Some((_, b))) if o == end && b == end => {}
            // Too close to the one before: the newest point stands for both.
            (Some((t, o)), Some((earlier, b))) if b < o && t.since(earlier) < STEP => {}
            (newest, before) => {
                self.older.extend(before);
                self.before = newest;
            }
        }
        self.newest = Some((at, end));
        while self.older.len() + 2 > capacity && self.older.pop_front().is_some() {}
    }

    fn points(&self) -> impl DoubleEndedIterator<Item = Point> {
        self.older.iter().copied().chain(self.before).chain(self.newest)
    }

    /// The log ends from `from` on, and the one that held then.
    pub fn since(&self, from: Time) -> impl Iterator<Item = i64> {
        let past = self.points().take_while(|(at, _)| *at <= from).count();
        self.points().skip(past.saturating_sub(1)).map(|(_, end)| end)
    }

    /// How long before `now` `offset` was the log end, where `now` is when the log end was last confirmed:
    /// zero when it still is, None when that cannot be told.
    pub fn age(&self, offset: i64, now: Time) -> Option<Duration> {
        let newest = self.newest?;
        if offset >= newest.1 {
            return Some(Duration::ZERO);
        }
        let before = self.before?;
        let ((t0, o0), (t1, o1)) =
            if before.1 <= offset { (before, newest) } else { self.around(offset, before, newest)? };
        if o1 <= o0 {
            return None;
        }
        let back = (o1 - offset) as f64 * (t1.0 - t0.0) as f64 / (o1 - o0) as f64;
        let was = t1.0 as f64 - back;
        Some(Duration::from_millis((now.max(newest.0).0 as f64 - was).max(0.0).round() as u64))
    }

    /// The two points that an offset before both of the newest lies between. Older than the series: its ends,
    /// as if the log had always grown as fast as in it, once it is long enough for a rate.
    fn around(&self, offset: i64, before: Point, newest: Point) -> Option<(Point, Point)> {
        let later = self.older.partition_point(|(_, o)| *o <= offset);
        let next = self.older.get(later).copied().unwrap_or(before);
        if let Some(earlier) = later.checked_sub(1) {
            return Some((self.older[earlier], next));
        }
        (newest.0.since(next.0) >= SPAN).then_some((next, newest))
    }
}

/// What a group had to do and did, summed over the partitions whose log end is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    pub at: Time,
    pub committed: i64,
    pub end: i64,
    /// Over how many partitions; sums over different partitions are not compared.
    pub partitions: usize,
}

/// Rates in messages a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    pub consumed: f64,
    pub produced: f64,
    /// Messages behind now.
    pub lag: u64,
}

/// Where a lag is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trend {
    #[default]
    Unknown,
    Growing,
    Steady,
    Shrinking,
}

impl Trend {
    pub fn arrow(self) -> &'static str {
        match self {
            Trend::Unknown => "",
            Trend::Growing => " ↑",
            Trend::Steady => " →",
            Trend::Shrinking => " ↓",
        }
    }
}

impl Pace {
    pub fn trend(&self) -> Trend {
        let change = self.produced - self.consumed;
        let noise = STEADY * self.produced.max(self.consumed);
        match change {
            c if c > noise && self.lag > 0 => Trend::Growing,
            c if c < -noise => Trend::Shrinking,
            _ => Trend::Steady,
        }
    }

    /// How long until the lag is gone: lag / (consumed − produced); None: never at this pace.
    pub fn drained_in(&self) -> Option<Duration> {
        if self.lag == 0 {
            return Some(Duration::ZERO);
        }
        let gain = self.consumed - self.produced;
        (gain > 0.0).then(|| Duration::try_from_secs_f64(self.lag as f64 / gain).ok()).flatten()
    }
}

/// The histories that lag in time is told from: of each partition that some group has committed in, and
/// of each group.
///
/// They also tell when what a group's lag is made from last changed, so that nothing has to be worked out again
/// for a group that stands as it stood.
#[derive(Debug, Clone, Default)]
pub struct Lags {
    series: HashMap<TopicName, Followed>,
    count: usize,
    groups: HashMap<GroupId, History>,
    /// How many changes there were so far.
    changes: u64,
}

/// The log ends of a topic by partition.
#[derive(Debug, Clone, Default)]
struct Followed {
    series: Vec<Option<Series>>,
    /// The last change of its log ends or leaders.
    changed: u64,
}

#[derive(Debug, Clone, Default)]
struct History {
    work: VecDeque<Work>,
    /// The last change of its commits, its members or its pace.
    changed: u64,
}

impl Lags {
    /// Nothing is known any more; changes are counted on.
    pub fn begun_anew(&self) -> Self {
        Lags { changes: self.changes + 1, ..Lags::default() }
    }

    /// The last change of all.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether anything changed after `seen` of what the lag of a group that reads these topics is made from.
    /// Where that cannot be told, it did.
    pub fn changed_since<'a>(
        &self,
        seen: u64,
        group: &str,
        mut topics: impl Iterator<Item = &'a TopicName>,
    ) -> bool {
        let held = |changed: Option<u64>| changed.is_some_and(|changed| changed <= seen);
        !held(self.groups.get(group).map(|history| history.changed))
            || !topics.all(|topic| held(self.series.get(topic).map(|followed| followed.changed)))
    }

    /// The topic is laid out otherwise than before.
    pub fn touch_topic(&mut self, topic: &str) {
        self.changes += 1;
        if let Some(followed) = self.series.get_mut(topic) {
            followed.changed = self.changes;
        }
    }

    /// The group's commits or members are others than before.
    pub fn touch_group(&mut self, group: &GroupId) {
        self.changes += 1;
        self.history(group).changed = self.changes;
    }

    fn history(&mut self, group: &GroupId) -> &mut History {
        self.groups.entry(group.clone()).or_insert_with(|| {
            self.changes += 1;
            History { changed: self.changes, ..History::default() }
        })
    }

    /// A group consumes this partition: its log end is followed from now on.
    pub fn follow(&mut self, topic: &TopicName, partition: i32) {
        let Ok(index) = usize::try_from(partition) else { return };
        // No topic has more partitions; a hostile number must not take the memory.
        if index >= 1_000_000 {
            return;
        }
        let followed = match self.series.get_mut(topic) {
            Some(followed) => followed,
            None => {
                // Its log ends may have come before anybody read it.
                self.changes += 1;
                let new = Followed { changed: self.changes, ..Followed::default() };
                self.series.entry(topic.clone()).or_insert(new)
            }
        };
        let series = &mut followed.series;
        if series.len() <= index {
            series.resize(index + 1, None);
        }
        if series[index].is_none() {
            series[index] = Some(Series::default());
            self.count += 1;
        }
    }

    /// The log ends of a topic, by partition (−1: unknown); those that moved were read at `at`. `before`: what
    /// each was, and when that was last confirmed; so much is known of a log that had not grown since its last
    /// point. An end that did not move may not have been read at all: the topic's partitions have many leaders.
    pub fn observe(
        &mut self,
        topic: &str,
        ends: &[i64],
        at: Time,
        before: impl Fn(usize) -> Option<(Time, i64)>,
    ) {
        let capacity = (ALL_POINTS / self.count.max(1)).clamp(FEWEST, POINTS);
        self.changes += 1;
        let Some(followed) = self.series.get_mut(topic) else { return };
        followed.changed = self.changes;
        for (index, (series, end)) in followed.series.iter_mut().zip(ends).enumerate() {
            let Some(series) = series.as_mut().filter(|_| *end >= 0) else { continue };
            match before(index) {
                Some((_, was)) if was == *end => continue,
                Some((confirmed, was)) => series.push(confirmed, was, capacity),
                None => {}
            }
            series.push(at, *end, capacity);
        }
    }

    /// The log ends of a topic's partitions over time; None: nobody consumes it.
    pub fn topic(&self, topic: &str) -> &[Option<Series>] {
        self.series.get(topic).map_or(&[], |followed| &followed.series)
    }

    /// Notes a group's work; one unlike the last (other partitions, offsets set back) begins anew.
    pub fn note(&mut self, group: &GroupId, work: Work) {
        let history = &mut self.history(group).work;
        let unlike = |last: &Work| {
            last.partitions != work.partitions || work.committed < last.committed || work.end < last.end
        };
        if history.back().is_some_and(unlike) {
            history.clear();
        }
        if history.back().is_some_and(|last| work.at.since(last.at) < STEP) {
            return;
        }
        history.push_back(work);
        while history.len() > 2 && history.get(1).is_some_and(|w| work.at.since(w.at) >= TREND) {
            history.pop_front();
        }
        self.touch_group(group);
    }

    /// How fast a group consumes and its topics are produced to, over the last two minutes; None until
    /// half a minute of that was seen.
    pub fn pace(&self, group: &str) -> Option<Pace> {
        let history = &self.groups.get(group)?.work;
        let (first, last) = (history.front()?, history.back()?);
        let seconds = last.at.since(first.at).as_secs_f64();
        if seconds < 30.0 {
            return None;
        }
        Some(Pace {
            consumed: (last.committed - first.committed) as f64 / seconds,
            produced: (last.end - first.end) as f64 / seconds,
            lag: u64::try_from(last.end - last.committed).unwrap_or(0),
        })
    }

    pub fn forget_topic(&mut self, topic: &str) {
        self.changes += 1;
        if let Some(followed) = self.series.remove(topic) {
            self.count -= followed.series.iter().flatten().count();
        }
    }

    pub fn forget_group(&mut self, group: &str) {
        self.groups.remove(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(points: &[(i64, i64)]) -> Series {
        let mut series = Series::default();
        points.iter().for_each(|(t, o)| series.push(Time(t * 1_000), *o, POINTS));
        series
    }

    fn seconds(series: &Series, offset: i64) -> Option<f64> {
        series.age(offset, Time(0)).map(|age| age.as_secs_f64())
    }

    #[test]
    fn the_age_is_read_off_the_line_between_two_points() {
        let s = series(&[(0, 0), (30, 300), (60, 600)]);
        assert_eq!(seconds(&s, 600), Some(0.0));
        assert_eq!(seconds(&s, 450), Some(15.0));
        assert_eq!(seconds(&s, 0), Some(60.0));
        assert_eq!(seconds(&s, 700), Some(0.0), "a commit after the end was read is not behind");
    }

    #[test]
    fn what_is_older_than_the_series_is_extrapolated() {
        let s = series(&[(100, 1_000), (130, 1_300)]);
        assert_eq!(seconds(&s, 700), Some(60.0));
    }

    #[test]
    fn an_idle_log_with_a_lag_is_as_late_as_when_it_last_grew() {
        let s = series(&[(0, 0), (30, 300), (60, 300), (90, 300), (900, 300)]);
        assert_eq!(s.points().count(), 3, "its last point moves on in time");
        assert_eq!(seconds(&s, 150), Some(885.0));
        let told_once = series(&[(0, 0), (30, 300)]);
        assert_eq!(told_once.age(150, Time(900_000)), Some(Duration::from_secs(885)));
    }

    #[test]
    fn a_log_that_slept_did_not_grow_while_it_slept() {
        let mut lags = Lags::default();
        let topic: TopicName = "orders".into();
        lags.follow(&topic, 0);
        lags.observe("orders", &[0], Time(0), |_| None);
        lags.observe("orders", &[300], Time(30_000), |_| Some((Time(29_000), 0)));
        lags.observe("orders", &[400], Time(930_000), |_| Some((Time(920_000), 300)));
        assert_eq!(
            lags.topic("orders")[0].as_ref().and_then(|s| s.age(350, Time(930_000))),
            Some(Duration::from_secs(5))
        );
    }

    #[test]
    fn what_one_leader_tells_says_nothing_of_the_others_partitions() {
        let mut lags = Lags::default();
        let topic: TopicName = "orders".into();
        (0..2).for_each(|partition| lags.follow(&topic, partition));
        let mut was = vec![-1, -1];
        for second in 0..6 {
            let at = Time(second * 10_000);
            let confirmed = at.minus(Duration::from_secs(10));
            // The leader of the first tells, and at the same instant the leader of the second.
            for ends in [vec![100 * second, was[1]], vec![100 * second, 100 * second]] {
                let before = |index: usize| Some((confirmed, was[index])).filter(|(_, end)| *end >= 0);
                lags.observe("orders", &ends, at, before);
                was = ends;
            }
        }
        let age = |partition: usize| lags.topic("orders")[partition].as_ref()?.age(350, Time(50_000));
        assert_eq!((age(0), age(1)), (Some(Duration::from_secs(15)), Some(Duration::from_secs(15))));
    }

    #[test]
    fn a_flat_series_and_a_single_point_tell_nothing_of_a_lag() {
        assert_eq!(seconds(&series(&[(0, 300), (30, 300), (60, 300)]), 10), None);
        assert_eq!(seconds(&series(&[(0, 300)]), 10), None);
        assert_eq!(seconds(&Series::default(), 10), None);
        assert_eq!(seconds(&series(&[(0, 300)]), 300), Some(0.0));
    }

    #[test]
    fn a_pace_needs_half_a_minute_of_the_same_partitions() {
        let group: GroupId = "audit".into();
        let mut lags = Lags::default();
        let work =
            |s: i64, committed, end, partitions| Work { at: Time(s * 1_000), committed, end, partitions };
        lags.note(&group, work(0, 100, 200, 2));
        lags.note(&group, work(10, 150, 400, 2));
        assert_eq!(lags.pace("audit"), None);
        lags.note(&group, work(40, 300, 1_000, 2));
        let pace = lags.pace("audit").unwrap();
        assert_eq!((pace.consumed, pace.produced, pace.lag), (5.0, 20.0, 700));
        assert_eq!((pace.trend(), pace.drained_in()), (Trend::Growing, None));
        lags.note(&group, work(50, 300, 1_100, 3));
        assert_eq!(lags.pace("audit"), None, "another partition, another sum");
    }

    #[test]
    fn a_lag_that_shrinks_is_drained_at_the_difference_of_the_rates() {
        let pace = Pace { consumed: 30.0, produced: 20.0, lag: 600 };
        assert_eq!((pace.trend(), pace.drained_in()), (Trend::Shrinking, Some(Duration::from_secs(60))));
        let pace = Pace { consumed: 20.1, produced: 20.0, lag: 5 };
        assert_eq!(pace.trend(), Trend::Steady);
    }

    proptest! {
        /// Against the definition, by walking every point.
        #[test]
        fn an_age_is_never_negative_and_grows_with_the_lag(
            steps in proptest::collection::vec((1i64..100, 0i64..500), 1..80), below in 0i64..20_000,
        ) {
            let mut series = Series::default();
            let (mut t, mut o) = (0, 0);
            for (dt, grown) in steps {
                t += dt * 1_000;
                o += grown;
                series.push(Time(t), o, POINTS);
            }
            prop_assert!(series.points().count() <= POINTS);
            let ages = [o - below, o - below / 2].map(|offset| series.age(offset, Time(t)));
            if let [Some(older), Some(younger)] = ages {
                prop_assert!(older >= younger);
            }
            prop_assert_eq!(series.age(o, Time(t)), Some(Duration::ZERO));
        }

        /// A log that grows evenly is late by lag / rate, wherever the offset lies.
        #[test]
        fn on_an_even_log_the_age_is_the_lag_over_the_rate(
            rate in 1i64..1_000, points in 2i64..100, lag in 0i64..100_000,
        ) {
            let mut series = Series::default();
            (0..points).for_each(|i| series.push(Time(i * 30_000), i * 30 * rate, POINTS));
            let end = (points - 1) * 30 * rate;
            let age = series.age(end - lag, Time(0)).unwrap().as_secs_f64();
            prop_assert!((age - lag as f64 / rate as f64).abs() < 0.01, "{} for {}", age, lag);
        }
    }
}
