//! The course of a runbook: its tasks one after another, and the operator's hand on them.

use super::{
    Known, Step,
    journal::What,
    task::{At, Next, Task},
};
use crate::domain::time::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// After so many failures on end it does not go on by itself.
const FAILURES: u32 = 5;
/// Between a failure and the next look, times the failures so far.
const BREATH: Duration = Duration::from_secs(4);

/// What an operator does to a runbook that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "steer", rename_all = "kebab-case")]
pub enum Steer {
    Pause,
    GoOn,
    /// Back to as safe as it was.
    Abort,
    /// Another rate for what it copies, in bytes a second.
    Rate {
        rate: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    #[default]
    Running,
    Paused,
    Aborting,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    tasks: Vec<Task>,
    /// The task that it is at; the number of tasks when all are done.
    task: usize,
    mode: Mode,
    /// Whose hand was on it last, and why.
    why: String,
    /// Steps that were reached before the present task.
    before: usize,
    /// How many were when the operator last had the present task go on.
    resumed: Option<usize>,
    /// Failures since the last step that was reached, the last of them in words.
    failures: u32,
    failure: String,
    /// Nothing is done before.
    rests: Option<Time>,
    /// The least that ISRs had above min ISR at any time.
    margin: Option<Margin>,
}

/// How far the worst partition was from refusing writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Margin {
    Offline,
    UnderMinIsr,
    /// At least at min ISR, and some with a replica out of sync.
    UnderReplicated,
    Full,
}

impl Margin {
    pub fn words(self) -> &'static str {
        match self {
            Margin::Offline => "partitions were offline",
            Margin::UnderMinIsr => "partitions were under min ISR",
            Margin::UnderReplicated => "no partition was under min ISR; some were under-replicated",
            Margin::Full => "every ISR was full",
        }
    }

    /// None: it cannot be told now.
    pub fn of(known: &Known<'_>) -> Option<Margin> {
        let kafka = &known.world.snapshot.kafka;
        let totals = kafka.census.totals;
        let live = kafka.topics_feed.state(known.world.now).is_live();
        live.then_some(match totals {
            _ if totals.offline > 0 => Margin::Offline,
            _ if totals.under_min > 0 => Margin::UnderMinIsr,
            _ if totals.under_replicated > 0 => Margin::UnderReplicated,
            _ => Margin::Full,
        })
    }
}

impl Course {
    /// None: it is no runbook.
    pub fn of(tasks: &[Task]) -> Option<Course> {
        let course = Course {
            tasks: tasks.to_vec(),
            task: 0,
            mode: Mode::Running,
            why: String::new(),
            before: 0,
            resumed: None,
            failures: 0,
            failure: String::new(),
            rests: None,
            margin: None,
        };
        (!tasks.is_empty()).then_some(course)
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whose hand was on it last, and why: `by the operator`.
    pub fn why(&self) -> &str {
        &self.why
    }

    pub fn at(&self) -> usize {
        self.task
    }

    pub fn margin(&self) -> Option<Margin> {
        self.margin
    }

    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    pub fn titles(&self) -> Vec<String> {
        self.tasks.iter().map(|task| task.part().title()).collect()
    }

    /// Takes in what the journal tells, or is about to be told. `reached`: the steps so far.
    pub fn take(&mut self, what: &What, reached: usize) {
        match what {
            What::Turned { task } => (self.task, self.before, self.resumed) = (*task, reached, None),
            What::Unfolded { task, tasks } => {
                let there = self.tasks.len();
                self.tasks.splice((*task).min(there)..(task + 1).min(there), tasks.iter().cloned());
                (self.before, self.resumed) = (reached, None);
            }
            What::Steered { how, words } => {
                self.steer(how, reached);
                self.why.clone_from(words);
            }
            What::Margin { margin } => self.margin = Some(*margin),
            What::Reached { .. } => self.failures = 0,
            _ => {}
        }
    }

    fn steer(&mut self, how: &Steer, reached: usize) {
        (self.failures, self.rests) = (0, None);
        match how {
            Steer::Pause => self.mode = Mode::Paused,
            Steer::GoOn => (self.mode, self.resumed) = (Mode::Running, Some(reached)),
            Steer::Abort => self.mode = Mode::Aborting,
            Steer::Rate { rate } => {
                let tuned = |task: &mut Task| {
                    if let Some(other) = task.part().at_rate(*rate) {
                        *task = other;
                    }
                };
                self.tasks.iter_mut().skip(self.task).for_each(tuned);
            }
        }
    }

    /// Whether it may be done to it now.
    ///
    /// # Errors
    /// Why not.
    pub fn takes(&self, how: &Steer) -> Result<(), String> {
        match (how, self.mode) {
            (Steer::Abort, Mode::Aborting) => Err("it is being aborted already".into()),
            (_, Mode::Aborting) => Err("it is being aborted, which is not to be stopped half-way".into()),
            (Steer::Pause, Mode::Paused) => Err("it is paused already".into()),
            (Steer::GoOn, Mode::Running) => Err("it goes on already".into()),
            (Steer::Rate { rate }, _) => {
                let some = self.tuned(*rate).next().is_some();
                if some { Ok(()) } else { Err("nothing that is left of it is throttled".into()) }
            }
            _ => Ok(()),
        }
    }

    /// What is left of it, at another rate.
    pub fn tuned(&self, rate: u64) -> impl Iterator<Item = Task> + '_ {
        self.tasks.iter().skip(self.task).filter_map(move |task| task.part().at_rate(rate))
    }

    /// What is to be done next; None: it is over.
    pub fn next(&self, known: &Known<'_>, reached: &[Step], since: Time) -> Option<Next> {
        let task = self.tasks.get(self.task)?;
        let now = known.world.now;
        if self.rests.is_some_and(|until| now < until) {
            return Some(Next::wait(format!("a moment before it is tried again ({})", self.failure)));
        }
        let at = At {
            known,
            done: reached.get(self.before..).unwrap_or(&[]),
            resumed: self.resumed.map(|at| at.saturating_sub(self.before)),
            since,
        };
        Some(match self.mode {
            Mode::Running => task.part().next(&at),
            Mode::Paused => task.part().hold(&at),
            Mode::Aborting => task.part().undo(&at),
        })
    }

    /// The task after the one that is done; None: there is none.
    pub fn following(&self) -> Option<usize> {
        match self.mode {
            Mode::Aborting => self.task.checked_sub(1),
            _ => Some(self.task + 1).filter(|task| *task < self.tasks.len()),
        }
    }

    /// A step failed. Whether it is tried again by itself; what is being put back is, for ever.
    pub fn fail(&mut self, words: &str, now: Time) -> bool {
        self.failures += 1;
        self.failure = words.to_string();
        self.rests = Some(now.plus(BREATH * self.failures.min(FAILURES)));
        self.failures < FAILURES || self.mode == Mode::Aborting
    }

    /// What the last step of another castellan did is first to be seen.
    pub fn breathe(&mut self, now: Time) {
        self.failure = "its last step may have been sent".into();
        self.rests = Some(now.plus(BREATH * 2));
    }

    /// What is worse than anything seen before.
    pub fn worse(&self, known: &Known<'_>) -> Option<Margin> {
        let seen = Margin::of(known)?;
        self.margin.is_none_or(|worst| seen < worst).then_some(seen)
    }
}
