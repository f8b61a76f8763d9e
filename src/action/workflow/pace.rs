//! How fast something goes forward.

use crate::domain::time::Time;
use std::time::Duration;

/// It is reckoned from so much time and so much progress.
const RATED: (Duration, f64) = (Duration::from_secs(10), 0.005);

/// A share when it was first told, and the largest so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pace {
    first: Option<(Time, f64)>,
    best: Option<(Time, f64)>,
}

impl Pace {
    pub fn take(&mut self, share: Option<f64>, now: Time) {
        let Some(share) = share else { return };
        self.first.get_or_insert((now, share));
        if self.best.is_none_or(|(_, best)| share > best) {
            self.best = Some((now, share));
        }
    }

    /// When it last went forward: not before `begun`.
    pub fn since(&self, begun: Time) -> Time {
        self.best.map_or(begun, |(at, _)| at.max(begun))
    }

    /// The share of a second, since it was first told.
    pub fn rate(&self, now: Time) -> Option<f64> {
        let ((from, first), (_, best)) = (self.first?, self.best?);
        let (span, gained) = (now.since(from), best - first);
        (span >= RATED.0 && gained >= RATED.1).then(|| gained / span.as_secs_f64())
    }

    /// How long it still takes.
    pub fn left(&self, now: Time) -> Option<Duration> {
        let (rate, (_, best)) = (self.rate(now)?, self.best?);
        Duration::try_from_secs_f64(((1.0 - best).max(0.0) / rate).round()).ok()
    }
}
