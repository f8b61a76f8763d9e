//! Simulated seconds, and when they were by the wall clock.
//!
//! What moves by itself moves with the simulated seconds; every instant that is told is the wall clock's. The
//! two run apart where the world runs faster.

use crate::domain::time::Time;

/// Changes of speed that are remembered; what was before the oldest is told as if it had run at speed 1.
const REMEMBERED: usize = 256;
/// Every world begins at this hour of the traffic's day, whatever the wall clock says: a scenario opens at night
/// as it does at noon.
const FORENOON: f64 = 20_000.0 * 86_400.0 + 9.0 * 3_600.0;

#[derive(Debug, Clone)]
pub struct Clock {
    now: Time,
    seconds: f64,
    marks: Vec<Mark>,
}

/// From here on, so many simulated seconds pass in one of the wall clock.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: Time,
    seconds: f64,
    speed: f64,
}

impl Clock {
    pub fn new(now: Time) -> Self {
        Clock { now, seconds: FORENOON, marks: vec![Mark { at: now, seconds: FORENOON, speed: 1.0 }] }
    }

    pub fn now(&self) -> Time {
        self.now
    }

    /// Simulated seconds up to now.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Goes on to `now`, in which `dt` simulated seconds pass.
    pub(super) fn step(&mut self, now: Time, dt: f64) {
        let wall = now.since(self.now).as_secs_f64();
        if wall <= 0.0 {
            return;
        }
        let (speed, before) = (dt / wall, self.last().speed);
        if (speed - before).abs() > before * 1e-3 {
            self.marks.push(Mark { at: self.now, seconds: self.seconds, speed });
            let over = self.marks.len().saturating_sub(REMEMBERED);
            self.marks.drain(..over);
        }
        self.now = now;
        // Not added up step by step, which would round each time.
        self.seconds = self.last().at(now);
    }

    /// When it was.
    pub fn time(&self, seconds: f64) -> Time {
        let after = self.marks.partition_point(|mark| mark.seconds <= seconds);
        self.mark_before(after).time(seconds).min(self.now)
    }

    /// The simulated seconds at that time.
    pub fn at(&self, time: Time) -> f64 {
        let after = self.marks.partition_point(|mark| mark.at <= time);
        self.mark_before(after).at(time)
    }

    fn mark_before(&self, after: usize) -> Mark {
        match after.checked_sub(1) {
            Some(i) => self.marks[i],
            None => Mark { speed: 1.0, ..self.marks[0] },
        }
    }

    fn last(&self) -> &Mark {
        // There is always one: it begins with one, and the oldest go first.
        &self.marks[self.marks.len() - 1]
    }
}

impl Mark {
    fn at(&self, time: Time) -> f64 {
        self.seconds + (time.0 - self.at.0) as f64 / 1000.0 * self.speed
    }

    fn time(&self, seconds: f64) -> Time {
        let passed = if self.speed > 0.0 { (seconds - self.seconds) / self.speed } else { 0.0 };
        Time(self.at.0 + (passed * 1000.0).round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faster_world_tells_the_wall_clocks_instants() {
        let mut clock = Clock::new(Time(1_000_000));
        clock.step(Time(1_001_000), 1.0);
        clock.step(Time(1_002_000), 60.0);
        clock.step(Time(1_004_000), 120.0);
        assert_eq!(clock.seconds(), FORENOON + 181.0);
        let cases = [(-1.0, 999_000), (1.0, 1_001_000), (31.0, 1_001_500), (121.0, 1_003_000)];
        for (seconds, at) in cases {
            assert_eq!(clock.time(FORENOON + seconds), Time(at));
            assert_eq!(clock.at(Time(at)), FORENOON + seconds);
        }
    }
}
