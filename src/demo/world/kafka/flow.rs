//! How much producers have sent, as a function of time: nothing has to be counted second by second, and what
//! was sent when can be told for all of the past.

use std::f64::consts::TAU;

const DAY: f64 = 86_400.0;
/// The day: its mean, and the two waves that make the hollow of the night and one at noon between two humps.
const MEAN: f64 = 0.72;
const ONE_WAVE: f64 = 0.29;
const TWO_WAVES: f64 = 0.20;
/// The hour of the night at which least is sent (UTC).
const NIGHT: f64 = 3.0 * 3_600.0;
/// Noise: periods in seconds, with amplitudes. They are no multiples of each other, so that nobody sees a
/// pattern; together they are less than the night has, so that nobody sends less than nothing.
const NOISE: [(f64, f64); 3] = [(47.0, 0.05), (613.0, 0.06), (5_003.0, 0.05)];

/// The course of a topic's day: about 1 at its height.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape {
    /// Where in its period each noise is.
    phases: [f32; 3],
}

impl Shape {
    pub fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        Shape { phases: [(); 3].map(|()| random.f32()) }
    }

    /// How much is sent at that second, in parts of the rate.
    pub fn at(&self, seconds: f64) -> f64 {
        let day = (seconds - NIGHT) / DAY * TAU;
        let noise = self
            .noise()
            .map(|(angle, amplitude, per_second)| amplitude * (angle + per_second * seconds).sin());
        MEAN - ONE_WAVE * day.cos() - TWO_WAVES * (2.0 * day).cos() + noise.sum::<f64>()
    }

    /// The integral of [`Self::at`], up to a constant.
    fn integral(&self, seconds: f64) -> f64 {
        let per_second = TAU / DAY;
        let day = (seconds - NIGHT) * per_second;
        let noise = self.noise().map(|(angle, amplitude, per_second)| {
            -amplitude * (angle + per_second * seconds).cos() / per_second
        });
        MEAN * seconds
            - ONE_WAVE * day.sin() / per_second
            - TWO_WAVES * (2.0 * day).sin() / (2.0 * per_second)
            + noise.sum::<f64>()
    }

    /// The second at which the integral was that.
    fn inverse(&self, value: f64) -> f64 {
        // How far the waves may lead or trail the mean.
        let waves = (ONE_WAVE + TWO_WAVES / 2.0) * DAY / TAU
            + NOISE.iter().map(|(period, amplitude)| period * amplitude / TAU).sum::<f64>();
        let (mut low, mut high) = ((value - waves) / MEAN, (value + waves) / MEAN);
        let mut seconds = value / MEAN;
        for _ in 0..64 {
            let over = self.integral(seconds) - value;
            if over.abs() < 1e-5 {
                break;
            }
            if over > 0.0 {
                high = seconds
            } else {
                low = seconds
            }
            // Newton's step, halving where it leaves what is known.
            seconds -= over / self.at(seconds);
            if !(low..=high).contains(&seconds) {
                seconds = (low + high) / 2.0;
            }
        }
        seconds
    }

    fn noise(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let phases = self.phases.map(|phase| f64::from(phase) * TAU);
        NOISE.into_iter().zip(phases).map(|((period, amplitude), phase)| (phase, amplitude, TAU / period))
    }
}

/// Changes of rate that are remembered.
const REMEMBERED: usize = 64;

/// What producers send to a topic: a shape, at rates that change now and then.
#[derive(Debug, Clone)]
pub struct Flow {
    shape: Shape,
    paces: Vec<Pace>,
}

#[derive(Debug, Clone, Copy)]
struct Pace {
    since: f64,
    /// The shape's integral then.
    base: f64,
    /// Messages sent until then.
    sent: f64,
    /// Messages a second at the height of the day.
    rate: f64,
}

impl Flow {
    pub fn new(shape: Shape, since: f64, rate: f64) -> Self {
        Flow {
            shape,
            paces: vec![Pace { since, base: shape.integral(since), sent: 0.0, rate: rate.max(0.0) }],
        }
    }

    /// Messages a second at the height of the day.
    pub fn rate(&self) -> f64 {
        self.last().rate
    }

    pub(super) fn set_rate(&mut self, seconds: f64, rate: f64) {
        let sent = self.sent(seconds);
        if rate.max(0.0) == self.rate() {
            return;
        }
        let base = self.shape.integral(seconds);
        self.paces.push(Pace { since: seconds, base, sent, rate: rate.max(0.0) });
        let over = self.paces.len().saturating_sub(REMEMBERED);
        self.paces.drain(..over);
    }

    /// Messages sent from the beginning until then.
    pub fn sent(&self, seconds: f64) -> f64 {
        let after = self.paces.partition_point(|pace| pace.since <= seconds);
        let Some(pace) = after.checked_sub(1).map(|i| &self.paces[i]) else { return 0.0 };
        let grown = self.shape.integral(seconds) - pace.base;
        pace.sent + pace.rate * grown.max(0.0)
    }

    /// The second at which so many had been sent.
    pub fn when(&self, sent: f64) -> f64 {
        let after = self.paces.partition_point(|pace| pace.sent < sent);
        let pace = after.checked_sub(1).map_or(&self.paces[0], |i| &self.paces[i]);
        if pace.rate <= 0.0 {
            return pace.since;
        }
        self.shape.inverse(pace.base + (sent - pace.sent).max(0.0) / pace.rate)
    }

    fn last(&self) -> &Pace {
        // There is always one: it begins with one, and the oldest go first.
        &self.paces[self.paces.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_day_has_two_humps_and_a_night() {
        let shape = Shape::new(7);
        let hour = |h: f64| (0..60).map(|m| shape.at(h * 3_600.0 + f64::from(m) * 60.0)).sum::<f64>() / 60.0;
        let (night, morning, noon, evening) = (hour(3.0), hour(9.5), hour(14.5), hour(20.0));
        assert!(night < 0.4 && morning > 2.0 * night && evening > 2.0 * night, "{night} {morning} {evening}");
        assert!(noon < morning - 0.05 && noon < evening - 0.05, "{morning} {noon} {evening}");
        assert!((0..DAY as i64).step_by(60).all(|s| (0.0..1.3).contains(&shape.at(s as f64))));
    }

    proptest! {
        #[test]
        fn what_was_sent_grows_as_fast_as_the_shape_says(seed: u64, at in 1.7e9..1.8e9) {
            let shape = Shape::new(seed);
            let grown = shape.integral(at + 1.0) - shape.integral(at);
            prop_assert!(grown > 0.0);
            prop_assert!((grown - shape.at(at + 0.5)).abs() < 1e-3);
        }

        #[test]
        fn the_second_of_a_message_is_found_again(
            seed: u64,
            rates in prop::collection::vec(0.1..10_000.0, 1..5),
            part in 0.0..1.0,
        ) {
            let start = 1.75e9;
            let mut flow = Flow::new(Shape::new(seed), start, rates[0]);
            for (i, rate) in rates.iter().enumerate().skip(1) {
                flow.set_rate(start + i as f64 * 5_000.0, *rate);
            }
            let asked = start + part * rates.len() as f64 * 5_000.0;
            prop_assert!((flow.when(flow.sent(asked)) - asked).abs() < 0.05);
        }
    }
}
