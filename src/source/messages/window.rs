//! Which offsets to read for a start, and what of the read messages is shown.

use crate::domain::{
    ask::{Message, Start},
    time::Time,
};
use std::collections::{BTreeMap, HashMap};

/// The most messages that are read, over all partitions, to find the newest or first ones among them.
const BUDGET: i64 = 10_000;

/// A partition's log: the first offset and the one after the last committed message, and where a start in
/// time falls in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    pub low: i64,
    pub high: i64,
    pub at_time: Option<i64>,
}

/// Offsets `from..to` of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub from: i64,
    pub to: i64,
    /// There is more of the log on the side where the window was cut.
    pub cut: bool,
}

/// Where reading starts in a log, when it starts anywhere but at the newest.
pub fn first(start: Start, log: &Log) -> i64 {
    let wanted = match start {
        Start::Newest(_) => log.high,
        Start::Beginning => log.low,
        Start::Offset(offset) => offset,
        Start::Time(_) => log.at_time.unwrap_or(log.high),
    };
    wanted.clamp(log.low, log.high.max(log.low))
}

/// One window a partition, `factor` times as wide as should do: compaction and transactions leave gaps.
/// Each is as wide as all that is wanted, for the wanted messages may all be in one partition.
pub fn windows(start: Start, limit: usize, logs: &BTreeMap<i32, Log>, factor: i64) -> BTreeMap<i32, Window> {
    let fair = BUDGET / i64::try_from(logs.len()).unwrap_or(BUDGET).max(1);
    let wide = i64::try_from(wanted(start, limit)).unwrap_or(BUDGET).min(fair.max(1)).saturating_mul(factor);
    let window = |log: &Log| match start {
        Start::Newest(_) => {
            let from = log.high.saturating_sub(wide).max(log.low);
            Window { from, to: log.high, cut: from > log.low }
        }
        _ => {
            let from = first(start, log);
            let to = from.saturating_add(wide).min(log.high);
            Window { from, to, cut: to < log.high }
        }
    };
    logs.iter().map(|(partition, log)| (*partition, window(log))).collect()
}

/// How many messages are wanted.
pub fn wanted(start: Start, limit: usize) -> usize {
    match start {
        Start::Newest(n) => limit.min(n as usize),
        _ => limit,
    }
}

/// Of the messages read in the windows, those to show, in the order of time: without gaps, the wanted
/// number at most. None: windows must be wider to tell.
///
/// Where a window was cut, nothing is known beyond its edge, so nothing of any partition beyond that time
/// is shown.
pub fn shown(
    start: Start,
    limit: usize,
    windows: &BTreeMap<i32, Window>,
    mut messages: Vec<Message>,
) -> Option<Vec<Message>> {
    let newest = matches!(start, Start::Newest(_));
    let mut edges: BTreeMap<i32, Option<Time>> =
        windows.iter().filter(|(_, w)| w.cut).map(|(p, _)| (*p, None)).collect();
    for message in &messages {
        if let (Some(edge), Some(time)) = (edges.get_mut(&message.partition), message.time) {
            let further =
                if newest { edge.map_or(time, |e| e.min(time)) } else { edge.map_or(time, |e| e.max(time)) };
            *edge = Some(further);
        }
    }
    let known: Vec<Time> = edges.values().flatten().copied().collect();
    let blind = known.len() < edges.len();
    let horizon = if newest { known.into_iter().max() } else { known.into_iter().min() };
    if let Some(horizon) = horizon {
        messages.retain(|m| m.time.is_none_or(|t| if newest { t >= horizon } else { t <= horizon }));
    }
    sort(&mut messages);
    let wanted = wanted(start, limit);
    if !edges.is_empty() && (blind || messages.len() < wanted) {
        return None;
    }
    trim(newest, wanted, &mut messages);
    Some(messages)
}

/// In the order of time; but those of a partition stay in the order of their offsets, whatever times their
/// producers gave them: one with a time before its predecessor's follows it at once.
pub fn sort(messages: &mut [Message]) {
    messages.sort_by_key(|m| (m.partition, m.offset));
    let mut latest: BTreeMap<i32, Option<Time>> = BTreeMap::new();
    let times: HashMap<(i32, i64), Option<Time>> = messages
        .iter()
        .map(|m| {
            let latest = latest.entry(m.partition).or_default();
            *latest = m.time.max(*latest);
            ((m.partition, m.offset), *latest)
        })
        .collect();
    messages.sort_by_key(|m| (times.get(&(m.partition, m.offset)).copied(), m.partition, m.offset));
}

/// Keeps the last, or the first, of sorted messages.
pub fn trim(newest: bool, wanted: usize, messages: &mut Vec<Message>) {
    if newest {
        messages.drain(..messages.len().saturating_sub(wanted));
    } else {
        messages.truncate(wanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log(low: i64, high: i64) -> Log {
        Log { low, high, at_time: None }
    }

    fn message(partition: i32, offset: i64, time: i64) -> Message {
        Message { partition, offset, time: Some(Time(time)), key: None, value: None, headers: vec![] }
    }

    #[test]
    fn windows_lie_at_the_start_and_within_the_log() {
        let logs = BTreeMap::from([(0, log(10, 500)), (1, log(0, 3)), (2, log(7, 7))]);
        let newest = windows(Start::Newest(100), 2_000, &logs, 1);
        assert_eq!(newest[&0], Window { from: 400, to: 500, cut: true });
        assert_eq!(newest[&1], Window { from: 0, to: 3, cut: false });
        assert_eq!(newest[&2], Window { from: 7, to: 7, cut: false });
        let offset = windows(Start::Offset(450), 20, &logs, 1);
        assert_eq!(offset[&0], Window { from: 450, to: 470, cut: true });
        assert_eq!(offset[&1], Window { from: 3, to: 3, cut: false });
        assert_eq!(windows(Start::Beginning, 2_000, &logs, 1)[&0], Window { from: 10, to: 500, cut: false });
        let timed = Log { at_time: Some(90), ..log(10, 100) };
        assert_eq!(first(Start::Time(Time(0)), &timed), 90);
        assert_eq!(first(Start::Time(Time(0)), &log(10, 100)), 100, "nothing is that new");
    }

    #[test]
    fn a_gap_makes_windows_wider_instead_of_showing_less() {
        let windows = BTreeMap::from([(0, Window { from: 90, to: 100, cut: true })]);
        assert_eq!(shown(Start::Newest(10), 100, &windows, vec![message(0, 99, 5)]), None);
        assert_eq!(shown(Start::Newest(10), 100, &windows, vec![]), None);
    }

    proptest! {
        #[test]
        fn offsets_of_a_partition_ascend_whatever_times_they_have(
            messages in proptest::collection::vec((0..3i32, 0..40i64, proptest::option::of(0..50i64)), 0..40),
        ) {
            let mut messages: Vec<Message> = messages
                .into_iter()
                .map(|(p, o, time)| Message { time: time.map(Time), ..message(p, o, 0) })
                .collect();
            sort(&mut messages);
            for partition in 0..3 {
                let offsets: Vec<i64> =
                    messages.iter().filter(|m| m.partition == partition).map(|m| m.offset).collect();
                prop_assert!(offsets.is_sorted(), "{offsets:?}");
            }
        }

        /// The shown ones are exactly the newest (or first) of all that the topic holds.
        #[test]
        fn what_is_shown_is_what_reading_everything_would_show(
            times in proptest::collection::vec(proptest::collection::vec(0..1_000i64, 0..40), 1..5),
            n in 1..30u32,
            newest in any::<bool>(),
        ) {
            let start = if newest { Start::Newest(n) } else { Start::Beginning };
            let mut all = Vec::new();
            let mut logs = BTreeMap::new();
            for (p, mut times) in times.into_iter().enumerate() {
                times.sort_unstable();
                logs.insert(p as i32, log(0, times.len() as i64));
                all.extend(times.into_iter().enumerate().map(|(o, t)| message(p as i32, o as i64, t * 10 + p as i64)));
            }
            let mut expected = all.clone();
            sort(&mut expected);
            trim(newest, n as usize, &mut expected);
            for factor in [1, 4, 16, 64] {
                let windows = windows(start, n as usize, &logs, factor);
                let inside = |m: &Message| (windows[&m.partition].from..windows[&m.partition].to).contains(&m.offset);
                let read = all.iter().filter(|m| inside(m)).cloned().collect();
                if let Some(shown) = shown(start, n as usize, &windows, read) {
                    prop_assert_eq!(shown, expected);
                    return Ok(());
                }
            }
            prop_assert!(false, "never wide enough");
        }
    }
}
