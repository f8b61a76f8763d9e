//! How often to ask, so that castellan never costs a broker more than a small share of its time.

use std::time::Duration;

/// The share of one request handler's time that one body may take; about eight bodies are polled, and a
/// broker has eight such handlers by default: in all, half a percent.
const SHARE: f64 = 0.005;
/// Every answer takes this long on the way: it is not the broker's work.
const WAY: f64 = 0.75;
/// However slow a cluster is, it is looked at this often.
const LONGEST: Duration = Duration::from_secs(600);

/// The pause between the polls of one body.
#[derive(Debug)]
pub struct Cadence {
    base: Duration,
    /// What the round so far took of a broker's time.
    spent: Duration,
    /// The quickest answer ever: the length of the way there and back.
    quickest: Option<Duration>,
    /// Over how many brokers the rounds are spread in turn.
    brokers: u32,
}

impl Cadence {
    pub fn new(base: Duration) -> Cadence {
        Cadence { base, spent: Duration::ZERO, quickest: None, brokers: 1 }
    }

    /// The requests of a round go to so many brokers in turn.
    pub fn spread_over(&mut self, brokers: usize) {
        self.brokers = u32::try_from(brokers).unwrap_or(u32::MAX).max(1);
    }

    /// An answer took so long, the way included.
    pub fn spend(&mut self, took: Duration) {
        let quickest = self.quickest.map_or(took, |q| q.min(took));
        self.quickest = Some(quickest);
        self.spent += took.saturating_sub(quickest.mul_f64(WAY));
    }

    /// The pause after a round; begins the account of the next.
    pub fn next(&mut self) -> Duration {
        let spent = std::mem::take(&mut self.spent) / self.brokers;
        let allowed = Duration::try_from_secs_f64(spent.as_secs_f64() / SHARE).unwrap_or(LONGEST);
        allowed.clamp(self.base, LONGEST.max(self.base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: Duration = Duration::from_secs(3);

    #[test]
    fn a_quick_cluster_is_polled_as_asked() {
        let mut cadence = Cadence::new(BASE);
        cadence.spend(Duration::from_millis(2));
        assert_eq!(cadence.next(), BASE);
    }

    #[test]
    fn a_long_way_is_not_taken_for_work() {
        let mut cadence = Cadence::new(BASE);
        cadence.spend(Duration::from_millis(40));
        assert!(cadence.next() <= BASE);
        cadence.spend(Duration::from_millis(240));
        assert!(cadence.next() > Duration::from_secs(30));
        assert_eq!(cadence.next(), BASE, "a round's account begins anew");
    }

    proptest! {
        #[test]
        fn work_stays_within_the_share(answers in proptest::collection::vec(1u64..3_000, 1..40)) {
            let mut cadence = Cadence::new(BASE);
            let way = answers.iter().min().copied().unwrap_or(0);
            answers.iter().for_each(|ms| cadence.spend(Duration::from_millis(*ms)));
            let work: u64 = answers.iter().map(|ms| ms - way).sum();
            let pause = cadence.next().as_secs_f64() * 1_000.0;
            prop_assert!(pause >= 599_000.0 || work as f64 / pause <= SHARE * 1.001);
        }
    }
}
