//! What time it is: the wall clock's, unless another was set.

use crate::domain::time::Time;
use std::sync::atomic::{AtomicI64, Ordering};

/// Milliseconds by which castellan's time is ahead of the wall clock's.
static AHEAD: AtomicI64 = AtomicI64::new(0);
/// The instant at which time stands; [`RUNS`]: it does not.
static STANDS: AtomicI64 = AtomicI64::new(RUNS);
const RUNS: i64 = i64::MIN;

/// The time. Only sources and the main loop ask for it; rules are given it.
pub fn now() -> Time {
    match STANDS.load(Ordering::Relaxed) {
        RUNS => Time(wall().0.saturating_add(AHEAD.load(Ordering::Relaxed))),
        stands => Time(stands),
    }
}

/// From now on it is `at`, and time goes on: for a demo, which brings its own cluster along. To be called
/// before anything asks for the time.
pub fn set(at: Time) {
    AHEAD.store(at.0.saturating_sub(wall().0), Ordering::Relaxed);
}

/// From now on it is `at`, until it is said again: so that what is seen at an instant does not depend on how
/// long looking takes.
pub fn stand(at: Time) {
    STANDS.store(at.0, Ordering::Relaxed);
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn wall() -> Time {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::default().plus(since_epoch)
}
