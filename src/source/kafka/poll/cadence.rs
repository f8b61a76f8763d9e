//! How often to ask, so that castellan never costs a broker more than a small share of its time.

use std::time::Duration;

/// The share of one request handler's time that one body may take. About eight bodies are polled, and a
/// broker has eight handlers by default: in all, 2% of its time.
const SHARE: f64 = 0.02;
/// However slow a cluster is, it is looked at this often.
const LONGEST: Duration = Duration::from_secs(600);

/// The pause between the polls of one body.
#[derive(Debug)]
pub struct Cadence {
    base: Duration,
    last: Duration,
    /// What the round so far took of a broker's time.
    spent: Duration,
    /// Over how many brokers the rounds are spread in turn.
    brokers: u32,
}

impl Cadence {
    pub fn new(base: Duration) -> Cadence {
        Cadence { base, last: base, spent: Duration::ZERO, brokers: 1 }
    }

    /// The shortest pause from now on; a longer one is come to in a few rounds.
    pub fn rebase(&mut self, base: Duration) {
        self.base = base;
    }

    /// The requests of a round go to so many brokers in turn.
    pub fn spread_over(&mut self, brokers: usize) {
        self.brokers = u32::try_from(brokers).unwrap_or(u32::MAX).max(1);
    }

    /// An answer cost a broker so much of its time.
    pub fn spend(&mut self, work: Duration) {
        self.spent += work;
    }

    /// The pause after a round; begins the account of the next. It at most doubles from one to the next,
    /// so that one hiccup does not blind us.
    pub fn next(&mut self) -> Duration {
        let spent = std::mem::take(&mut self.spent) / self.brokers;
        let allowed = Duration::try_from_secs_f64(spent.as_secs_f64() / SHARE).unwrap_or(LONGEST);
        let longest = LONGEST.max(self.base);
        self.last = allowed.clamp(self.base, longest).min((self.last * 2).min(longest));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: Duration = Duration::from_secs(3);

    fn after(cadence: &mut Cadence, work: u64) -> Duration {
        cadence.spend(Duration::from_millis(work));
        cadence.next()
    }

    #[test]
    fn a_quick_cluster_is_polled_as_asked_and_a_slow_one_less_often() {
        let mut cadence = Cadence::new(BASE);
        assert_eq!(after(&mut cadence, 2), BASE);
        assert_eq!(after(&mut cadence, 240), BASE * 2, "one slow answer may be a hiccup");
        assert_eq!(after(&mut cadence, 240), BASE * 4, "two are not");
        assert_eq!(after(&mut cadence, 240), BASE * 4, "12 s are 2%");
        cadence.spread_over(4);
        assert_eq!(after(&mut cadence, 240), BASE, "four brokers share the rounds");
        cadence.rebase(BASE * 3);
        assert_eq!([after(&mut cadence, 2), after(&mut cadence, 2)], [BASE * 2, BASE * 3]);
    }

    proptest! {
        #[test]
        fn steady_work_comes_to_stay_within_the_share(work in 0u64..12_000) {
            let mut cadence = Cadence::new(BASE);
            let pause = (0..20).map(|_| after(&mut cadence, work)).last().unwrap();
            prop_assert!(pause >= BASE);
            prop_assert!(work as f64 / 1_000.0 / pause.as_secs_f64() <= SHARE * 1.001);
        }
    }
}
