//! Growing pauses between attempts.

use std::time::Duration;

pub const FIRST: Duration = Duration::from_millis(800);
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::from(FIRST)
    }
}

impl From<Duration> for Backoff {
    /// Begins with `first`.
    fn from(first: Duration) -> Self {
        Backoff { first, next: first }
    }
}

impl Backoff {
    /// The next pause: from 0.8 to 30 s, doubling, with up to a half of it left to chance, so that many
    /// watches don't come back at the same instant.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        pause.mul_f64(jitter(0.5))
    }

    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// A factor between 1 − `spread` and 1.
pub fn jitter(spread: f64) -> f64 {
    1.0 - spread * fastrand::f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit_and_start_again() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..10).map(|_| backoff.pause()).collect();
        assert!(pauses[0] <= FIRST && pauses[0] >= FIRST / 2);
        assert!(pauses[9] <= LONGEST && pauses[9] >= LONGEST / 2);
        backoff.reset();
        assert!(backoff.pause() <= FIRST);
    }
}
