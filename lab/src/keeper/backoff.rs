//! How long a container that ended waits before it is started again.

use std::time::Duration;

/// The waits between restarts: a kubelet's doubling, from 1 s to 40 s instead of 10 s to 5 min.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    restarts: u32,
}

impl Backoff {
    const LONGEST: Duration = Duration::from_secs(40);
    /// A container that ran this long is forgiven.
    const FORGIVEN: Duration = Duration::from_secs(90);

    /// The wait after a container that ran this long; none the first time.
    pub(super) fn after(&mut self, ran: Duration) -> Duration {
        if ran > Self::FORGIVEN {
            self.restarts = 0;
        }
        self.restarts += 1;
        match self.restarts {
            1 => Duration::ZERO,
            n => Duration::from_secs(1 << (n - 2).min(6)).min(Self::LONGEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_and_forgives() {
        let mut backoff = Backoff::default();
        let short = Duration::from_secs(1);
        let waits: Vec<_> = (0..9).map(|_| backoff.after(short).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 40, 40]);
        assert_eq!(backoff.after(Duration::from_secs(100)), Duration::ZERO);
    }
}
