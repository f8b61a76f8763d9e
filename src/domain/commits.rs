//! How a group's commits went on, partition by partition: what tells a consumer that stopped, or went back,
//! from one that is only slow.
//!
//! Source: Burrow `evaluator/caching.go`. Its window is the last ten commits; ours are the last ten changes
//! that were seen, for brokers do not tell when a commit was made.

use super::{kafka::Committed, lag::Series, time::Time};
use std::time::Duration;

/// Changes in the window.
const WINDOW: usize = 10;
/// How long ago a log end counts as known: as long as Burrow's ten, ten seconds apart.
const ENDS: Duration = Duration::from_secs(100);

/// One partition's commits so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Past {
    /// When the offset was seen to change, the last ten times, oldest first: `seen` of them. In place, because
    /// every derivation looks at those of each partition with a lag.
    changes: [Time; WINDOW],
    seen: usize,
    /// The offset from which it went back, until it is there again.
    pub rewound: Option<i64>,
}

impl Past {
    fn goes_on(&mut self, before: i64, now: i64, at: Time) {
        if now == before {
            return;
        }
        if now < before {
            self.rewound = self.rewound.max(Some(before));
        }
        self.rewound = self.rewound.filter(|from| now < *from);
        if self.seen == WINDOW {
            self.changes.rotate_left(1);
            self.seen -= 1;
        }
        self.changes[self.seen] = at;
        self.seen += 1;
    }

    /// It commits no more: for longer than the whole window took, and behind every log end lately known. A
    /// window that is not full tells nothing.
    pub fn stopped(&self, offset: i64, ends: &Series, now: Time) -> bool {
        let [first, .., last] = self.changes;
        self.seen == WINDOW
            && now.since(last) > last.since(first)
            && ends.since(now.minus(ENDS)).all(|end| end > offset)
    }
}

/// The pasts that belong to `now`, from those that belonged to `before`; both in the order of topic and
/// partition, as commits are kept.
pub fn go_on(before: &[Committed], pasts: Vec<Past>, now: &[Committed], at: Time) -> Vec<Past> {
    fn place(c: &Committed) -> (&str, i32) {
        (&c.topic, c.partition)
    }
    let mut old = before.iter().zip(pasts).peekable();
    let of = |commit: &Committed| {
        while old.next_if(|(b, _)| place(b) < place(commit)).is_some() {}
        let Some((before, mut past)) = old.next_if(|(b, _)| place(b) == place(commit)) else {
            return Past::default();
        };
        past.goes_on(before.offset, commit.offset, at);
        past
    };
    now.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(partition: i32, offset: i64) -> Committed {
        Committed { topic: "orders".into(), partition, offset }
    }

    fn at(second: i64) -> Time {
        Time(1_000_000 + second * 1_000)
    }

    /// Commits of one partition, seen every five seconds.
    fn seen(offsets: &[i64]) -> (Past, i64, i64) {
        let (mut pasts, mut before) = (Vec::new(), Vec::new());
        for (i, offset) in (0..).zip(offsets) {
            let now = vec![commit(0, *offset)];
            pasts = go_on(&before, pasts, &now, at(i * 5));
            before = now;
        }
        (pasts[0].clone(), offsets[offsets.len() - 1], offsets.len() as i64 * 5 - 5)
    }

    fn ends(points: &[(i64, i64)]) -> Series {
        let mut series = Series::default();
        points.iter().for_each(|(second, end)| series.push(at(*second), *end, 60));
        series
    }

    #[test]
    fn no_commit_for_longer_than_the_last_ten_took_is_a_stop() {
        let (past, offset, last) = seen(&(0..=10).map(|n| n * 100).collect::<Vec<_>>());
        let growing = ends(&(0..40).map(|n| (n * 10, 5_000 + n)).collect::<Vec<_>>());
        assert!(!past.stopped(offset, &growing, at(last + 45)), "the ten took 45 seconds");
        assert!(past.stopped(offset, &growing, at(last + 46)));
    }

    #[test]
    fn who_was_at_the_end_of_the_log_lately_did_not_stop() {
        let (past, offset, last) = seen(&(0..=10).map(|n| n * 100).collect::<Vec<_>>());
        let slept = ends(&[(0, offset), (last + 60, offset), (last + 70, offset + 1)]);
        assert!(!past.stopped(offset, &slept, at(last + 71)));
        assert!(
            past.stopped(offset, &slept, at(last + 170)),
            "a hundred seconds later it should have read it"
        );
    }

    #[test]
    fn a_short_past_tells_nothing() {
        let (past, offset, last) = seen(&[0, 100, 200]);
        assert!(!past.stopped(offset, &ends(&[(0, 900), (10_000, 901)]), at(last + 10_000)));
    }

    #[test]
    fn an_offset_that_went_back_is_a_rewind_until_it_is_there_again() {
        assert_eq!(seen(&[500, 200]).0.rewound, Some(500));
        assert_eq!(seen(&[500, 200, 300, 100]).0.rewound, Some(500));
        assert_eq!(seen(&[500, 200, 499]).0.rewound, Some(500));
        assert_eq!(seen(&[500, 200, 500]).0.rewound, None);
    }

    #[test]
    fn each_partition_keeps_its_own_past() {
        let before = [commit(0, 10), commit(2, 30)];
        let pasts = vec![Past { rewound: Some(99), ..Past::default() }, Past::default()];
        let now = [commit(0, 10), commit(1, 7), commit(2, 20)];
        let pasts = go_on(&before, pasts, &now, at(0));
        let rewound: Vec<_> = pasts.iter().map(|p| p.rewound).collect();
        assert_eq!(rewound, [Some(99), None, Some(30)]);
    }
}
