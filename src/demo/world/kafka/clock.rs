//! Simulated seconds, and when they were by the wall clock.
//!
//! What moves by itself moves with the simulated seconds; every instant that is told is the wall clock's. The
//! two run apart where the world runs faster.

use crate::domain::time::Time;

/// Changes of speed that are remembered; what was before the oldest is told as if it had run at speed 1.
const REMEMBERED: usize = 256;

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
    /// The simulated seconds begin as those since the epoch, so that the day's shape is that of the day.
    pub fn new(now: Time) -> Self {
        Clock { now, seconds: now.0 as f64 / 1000.0, marks: Vec::new() }
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
        if wall > 0.0 {
            let speed = dt / wall;
            let before = self.marks.last().map_or(1.0, |mark| mark.speed);
            if (speed - before).abs() > before * 1e-3 {
                self.marks.push(Mark { at: self.now, seconds: self.seconds, speed });
                let over = self.marks.len().saturating_sub(REMEMBERED);
                self.marks.drain(..over);
            }
            self.now = now;
        }
        self.seconds += dt;
    }

    /// When it was.
    pub fn time(&self, seconds: f64) -> Time {
        let after = self.marks.partition_point(|mark| mark.seconds <= seconds);
        let (at, since, speed) = match (after.checked_sub(1).map(|i| &self.marks[i]), self.marks.first()) {
            (Some(mark), _) => (mark.at, mark.seconds, mark.speed),
            (None, Some(first)) => (first.at, first.seconds, 1.0),
            (None, None) => (self.now, self.seconds, 1.0),
        };
        let passed = if speed > 0.0 { (seconds - since) / speed } else { 0.0 };
        Time(at.0 + (passed * 1000.0).round() as i64).min(self.now)
    }

    /// The simulated seconds at that time.
    pub fn at(&self, time: Time) -> f64 {
        let after = self.marks.partition_point(|mark| mark.at <= time);
        let (at, since, speed) = match (after.checked_sub(1).map(|i| &self.marks[i]), self.marks.first()) {
            (Some(mark), _) => (mark.at, mark.seconds, mark.speed),
            (None, Some(first)) => (first.at, first.seconds, 1.0),
            (None, None) => (self.now, self.seconds, 1.0),
        };
        since + (time.0 - at.0) as f64 / 1000.0 * speed
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
        assert_eq!(clock.seconds(), 1_181.0);
        let cases = [(999.0, 999_000), (1_001.0, 1_001_000), (1_031.0, 1_001_500), (1_121.0, 1_003_000)];
        for (seconds, at) in cases {
            assert_eq!(clock.time(seconds), Time(at));
            assert_eq!(clock.at(Time(at)), seconds);
        }
    }
}
