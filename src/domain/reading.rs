//! An observed value and how far it can be trusted: pending, live, stale or failed.
//!
//! A pane can only get at a value together with its state, so old data is never drawn as new.

use super::{Text, time::Time};
use std::time::Duration;

/// How much of a first reading has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    /// Unknown until the server says how many there are.
    pub total: Option<u64>,
}

/// Why the last attempt to observe failed, and since when attempts have failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub reason: Text,
    pub since: Time,
}

/// What is known of a value's truth at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Never observed yet; nothing has gone wrong.
    Pending(Option<Progress>),
    Live,
    /// Observed once, not confirmed for longer than its source's patience.
    Stale {
        age: Duration,
    },
    /// The last attempt failed. `age` is that of the value still held, if there is one.
    Failed {
        reason: Text,
        age: Option<Duration>,
    },
}

impl State {
    pub fn is_live(&self) -> bool {
        matches!(self, State::Live)
    }

    /// Of two sources that one sentence needs, the one that limits its truth.
    pub fn worse(self, other: State) -> State {
        let rank = |s: &State| match s {
            State::Live => 0,
            State::Pending(_) => 1,
            State::Stale { .. } => 2,
            State::Failed { .. } => 3,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

/// When a body of observations was last confirmed, and what stands in the way now.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    heard: Option<Time>,
    failure: Option<Failure>,
    progress: Option<Progress>,
    patience: Duration,
}

impl Feed {
    /// Pending; once heard it goes stale after `patience` without news.
    pub fn pending(patience: Duration) -> Self {
        Feed { heard: None, failure: None, progress: None, patience }
    }

    /// What we hold was true at `at`: a full answer, or a word that nothing changed.
    pub fn hear(&mut self, at: Time) {
        self.heard = Some(self.heard.map_or(at, |h| h.max(at)));
        self.failure = None;
        self.progress = None;
    }

    /// An attempt failed. What was heard before stays, and keeps ageing.
    pub fn fail(&mut self, reason: impl Into<Text>, at: Time) {
        let since = self.failure.as_ref().map_or(at, |f| f.since);
        self.failure = Some(Failure { reason: reason.into(), since });
    }

    pub fn advance(&mut self, done: u64, total: Option<u64>) {
        self.progress = Some(Progress { done, total });
    }

    /// The source's cadence changed (a slower poll needs more patience).
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    pub fn patience(&self) -> Duration {
        self.patience
    }

    pub fn heard(&self) -> Option<Time> {
        self.heard
    }

    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    pub fn state(&self, now: Time) -> State {
        let age = self.heard.map(|h| now.since(h));
        match (&self.failure, age) {
            (Some(f), age) => State::Failed { reason: f.reason.clone(), age },
            (None, None) => State::Pending(self.progress),
            (None, Some(age)) if age > self.patience => State::Stale { age },
            (None, Some(_)) => State::Live,
        }
    }
}

/// One observed value with its own [`Feed`].
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<T> {
    value: Option<T>,
    pub feed: Feed,
}

impl<T> Reading<T> {
    pub fn pending(patience: Duration) -> Self {
        Reading { value: None, feed: Feed::pending(patience) }
    }

    pub fn set(&mut self, value: T, at: Time) {
        self.value = Some(value);
        self.feed.hear(at);
    }

    /// Takes an answer or the reason why there is none.
    pub fn take(&mut self, answer: Result<T, Text>, at: Time) {
        match answer {
            Ok(value) => self.set(value, at),
            Err(reason) => self.feed.fail(reason, at),
        }
    }

    /// The last value, however old. Pair it with [`Reading::state`] before showing it.
    pub fn last(&self) -> Option<&T> {
        self.value.as_ref()
    }

    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }

    /// The value, if it may be taken for true now: what rules and plans reason from.
    pub fn live(&self, now: Time) -> Option<&T> {
        self.value.as_ref().filter(|_| self.feed.state(now).is_live())
    }

    pub fn state(&self, now: Time) -> State {
        self.feed.state(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn a_reading_is_pending_then_live_then_stale() {
        let mut r = Reading::pending(PATIENCE);
        assert_eq!(r.state(Time(0)), State::Pending(None));
        r.set(7, Time(1_000));
        assert_eq!(r.live(Time(11_000)), Some(&7));
        assert_eq!(r.state(Time(11_001)), State::Stale { age: Duration::from_millis(10_001) });
        assert_eq!(r.live(Time(11_001)), None);
        assert_eq!(r.last(), Some(&7));
    }

    #[test]
    fn a_failure_keeps_the_old_value_and_says_why_and_since_when() {
        let mut r = Reading::pending(PATIENCE);
        r.set(7, Time(0));
        r.take(Err("connection refused".into()), Time(1_000));
        r.take(Err("timed out".into()), Time(2_000));
        let State::Failed { reason, age } = r.state(Time(3_000)) else { panic!("not failed") };
        assert_eq!((&*reason, age), ("timed out", Some(Duration::from_secs(3))));
        assert_eq!(r.feed.failure().map(|f| f.since), Some(Time(1_000)));
        r.set(8, Time(4_000));
        assert_eq!(r.live(Time(4_000)), Some(&8));
    }
}
