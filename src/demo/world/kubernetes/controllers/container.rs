//! The life of one container, as its kubelet leads it.

use crate::domain::{Text, time::Time};

/// What a program does, which no manifest tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// The registry has no such image.
    pub missing: bool,
    /// Seconds that its image takes to come, where it is not on the node yet.
    pub pull: f64,
    /// Seconds until its probe finds it ready; None: it says so itself ([`super::Kubelet::tell_ready`]).
    pub ready_after: Option<f64>,
    /// It ends by itself after so many seconds, with this code.
    pub ends: Option<(f64, i32)>,
    /// Seconds between SIGTERM and its end.
    pub stops_in: f64,
    /// The code with which it ends at SIGTERM.
    pub stops_with: i32,
    /// What it writes before it ends by itself.
    pub last_words: Vec<Text>,
}

impl Default for Program {
    fn default() -> Self {
        Program {
            missing: false,
            pull: 2.0,
            ready_after: Some(2.0),
            ends: None,
            stops_in: 1.0,
            stops_with: 0,
            last_words: Vec::new(),
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub code: i32,
    pub killed: Killed,
    pub started: Time,
    pub finished: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Killed {
    No,
    /// For its memory.
    ForMemory,
    /// With its machine: nobody saw how.
    Unseen,
}

impl End {
    pub fn reason(&self) -> &'static str {
        match (self.killed, self.code) {
            (Killed::ForMemory, _) => "OOMKilled",
            (Killed::Unseen, _) => "Unknown",
            (Killed::No, 0) => "Completed",
            (Killed::No, _) => "Error",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum State {
    /// Volumes are mounted and the network is made.
    Creating {
        until: Time,
    },
    Pulling {
        since: Time,
        until: Time,
    },
    /// The pull failed; at first that is told, then that it is put off.
    NoImage {
        told_until: Time,
        until: Time,
        wait: f64,
    },
    Running {
        since: Time,
        ends: Option<Time>,
    },
    /// It ended; a restart comes at once the first time, and is put off by `wait` seconds after that.
    Ended {
        end: End,
        until: Option<Time>,
        wait: f64,
    },
}

#[derive(Debug, Clone)]
pub struct Container {
    pub name: Text,
    pub image: Text,
    pub state: State,
    pub restarts: u32,
    pub last: Option<End>,
    /// Ends in a row, each before it had run for long.
    pub crashes: u32,
    /// Failed pulls in a row.
    pub pulls: u32,
    /// What it says itself about being ready.
    pub told: bool,
}

impl Container {
    pub fn new(name: &str, image: &str, until: Time) -> Self {
        Container {
            name: name.into(),
            image: image.into(),
            state: State::Creating { until },
            restarts: 0,
            last: None,
            crashes: 0,
            pulls: 0,
            told: false,
        }
    }

    pub fn running(&self) -> Option<Time> {
        match self.state {
            State::Running { since, .. } => Some(since),
            _ => None,
        }
    }

    /// When something becomes of it by itself.
    pub fn due(&self, now: Time) -> Option<Time> {
        match self.state {
            State::Creating { until } | State::Pulling { until, .. } => Some(until),
            State::NoImage { told_until, until, .. } => {
                Some(if told_until > now { told_until } else { until })
            }
            State::Running { ends, .. } => ends,
            State::Ended { until, .. } => until,
        }
    }
}

/// Seconds before the next try after so many failures: 10, 20, 40 … 300.
///
/// Source: kubelet `backOffPeriod` and `MaxContainerBackOff`.
pub fn back_off(failures: u32) -> f64 {
    if failures == 0 { 0.0 } else { (10.0 * 2f64.powi(failures.min(6) as i32 - 1)).min(300.0) }
}

/// `1m20s`, as Go prints a duration of whole seconds.
pub fn go_duration(seconds: f64) -> String {
    let seconds = seconds as u64;
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_doubles_up_to_five_minutes() {
        let waits: Vec<_> = (0..8).map(back_off).collect();
        assert_eq!(waits, [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]);
        assert_eq!([10.0, 80.0, 300.0].map(go_duration), ["10s", "1m20s", "5m0s"]);
    }
}
