//! What an operation was, told from its journal for whoever was not there.

use super::{
    Said,
    course::{Margin, Steer},
    journal::{Record, What},
    task::Task,
};
use crate::domain::{operation::Stage, time::Time};
use serde::Serialize;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub title: String,
    pub began: Time,
    pub last: Time,
    /// How it ended, in words; None: it had not.
    pub ended: Option<(Stage, String)>,
    /// What was overridden.
    pub refusals: Vec<String>,
    /// None for a single action.
    pub tasks: Vec<TaskTold>,
    /// Every try, in the order of the tries.
    pub steps: Vec<StepTold>,
    /// The operator's hand on it, and what castellan did by itself.
    pub hand: Vec<Event>,
    /// The nearest that partitions were to refusing writes, and since when.
    pub margin: Option<(Margin, Time)>,
    /// The task that it is at, and since when.
    task: usize,
    turned: Time,
    /// Since when it is paused.
    paused: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskTold {
    pub title: String,
    /// What it copies.
    pub bytes: u64,
    #[serde(rename = "took_seconds", serialize_with = "seconds")]
    pub took: Duration,
    pub fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It was not come to.
    Waiting,
    Begun,
    Done,
    /// It was begun or done, and put back by an abort.
    PutBack,
}

impl Fate {
    pub fn word(self) -> &'static str {
        match self {
            Fate::Waiting => "not begun",
            Fate::Begun => "begun",
            Fate::Done => "done",
            Fate::PutBack => "put back",
        }
    }
}

/// One try of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTold {
    pub nth: usize,
    pub title: String,
    /// When its write was about to be sent; None: it was not.
    pub began: Option<Time>,
    pub answer: Option<Said>,
    pub reached: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    pub at: Time,
    pub words: String,
    /// How long it had been paused, or nobody had led it.
    #[serde(rename = "after_seconds", serialize_with = "some_seconds")]
    pub after: Option<Duration>,
}

fn seconds<S: serde::Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(span.as_secs())
}

fn some_seconds<S: serde::Serializer>(span: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    span.map(|span| span.as_secs()).serialize(to)
}

impl From<&Task> for TaskTold {
    fn from(task: &Task) -> Self {
        let part = task.part();
        TaskTold { title: part.title(), bytes: part.bytes(), took: Duration::ZERO, fate: Fate::Waiting }
    }
}

impl Report {
    /// Of what is planned, and nothing of it done.
    pub fn of(record: &Record, at: Time) -> Report {
        let step =
            |(nth, title): (usize, String)| StepTold { nth, title, began: None, answer: None, reached: None };
        let mut tasks: Vec<TaskTold> = record.tasks.iter().map(TaskTold::from).collect();
        tasks.iter_mut().take(1).for_each(|task| task.fate = Fate::Begun);
        Report {
            title: record.title.clone(),
            began: at,
            last: at,
            ended: None,
            refusals: record.refusals.clone(),
            tasks,
            steps: record.steps.iter().map(|s| s.title.clone()).enumerate().map(step).collect(),
            hand: Vec::new(),
            margin: None,
            task: 0,
            turned: at,
            paused: None,
        }
    }

    /// Takes in what the journal tells next.
    pub fn take(&mut self, what: &What, at: Time) {
        match what {
            What::Planned(_) | What::Waits { .. } => {}
            What::Chosen { step, does } => {
                let title = does.title.clone();
                self.steps.push(StepTold { nth: *step, title, began: None, answer: None, reached: None });
            }
            What::Began { step } => self.step(*step, |told| told.began = Some(at)),
            What::Answered { step, answer } => self.step(*step, |told| told.answer = Some(answer.clone())),
            What::Reached { step } => self.step(*step, |told| told.reached = Some(at)),
            What::Turned { task } => self.turn(*task, at),
            What::Unfolded { task, tasks } => self.unfold(*task, tasks, at),
            What::Steered { how, words } => self.steered(how, words, at),
            What::Margin { margin } => self.margin = Some((*margin, at)),
            What::TakenUp => {
                let after = Some(at.since(self.last));
                self.hand.push(Event { at, words: "gone on with by another castellan".into(), after });
            }
            What::Ended { done, words } => {
                let stage = if *done { Stage::Done } else { Stage::Failed };
                self.end(stage, words, at);
            }
            What::Cancelled { words } => self.end(Stage::Cancelled, words, at),
            What::GivenUp { words } => self.end(Stage::GivenUp, words, at),
        }
        self.last = at;
    }

    fn step(&mut self, step: usize, tell: impl FnOnce(&mut StepTold)) {
        if let Some(told) = self.steps.iter_mut().rev().find(|told| told.nth == step) {
            tell(told);
        }
    }

    /// The present task's time is up to now; what became of it.
    fn leave(&mut self, fate: Option<Fate>, at: Time) {
        let since = std::mem::replace(&mut self.turned, at);
        if let Some(task) = self.tasks.get_mut(self.task) {
            task.took += at.since(since);
            task.fate = fate.unwrap_or(task.fate);
        }
    }

    fn turn(&mut self, task: usize, at: Time) {
        let forward = task > self.task;
        self.leave(Some(if forward { Fate::Done } else { Fate::PutBack }), at);
        self.task = task;
        if let Some(task) = self.tasks.get_mut(task).filter(|_| forward) {
            task.fate = Fate::Begun;
        }
    }

    fn unfold(&mut self, task: usize, into: &[Task], at: Time) {
        self.leave(None, at);
        let took = self.tasks.get(task).map_or(Duration::ZERO, |told| told.took);
        let mut told: Vec<TaskTold> = into.iter().map(TaskTold::from).collect();
        if let Some(first) = told.first_mut() {
            (first.took, first.fate) = (took, Fate::Begun);
        }
        let there = self.tasks.len();
        self.tasks.splice(task.min(there)..(task + 1).min(there), told);
    }

    fn steered(&mut self, how: &Steer, words: &str, at: Time) {
        let paused = self.paused.take();
        let what = match how {
            Steer::Pause => {
                self.paused = Some(paused.unwrap_or(at));
                "paused".to_string()
            }
            Steer::GoOn => "gone on with".into(),
            Steer::Abort => "aborted".into(),
            Steer::Rate { rate } => {
                self.paused = paused;
                format!("copying at {}", super::rate::words(*rate))
            }
        };
        let after = paused.filter(|_| self.paused.is_none()).map(|since| at.since(since));
        self.hand.push(Event { at, words: format!("{what} {words}"), after });
    }

    fn end(&mut self, stage: Stage, words: &str, at: Time) {
        let fate = match stage {
            Stage::Done => Some(Fate::Done),
            Stage::Cancelled if !self.tasks.is_empty() => Some(Fate::PutBack),
            _ => None,
        };
        self.leave(fate, at);
        self.ended = Some((stage, words.to_string()));
    }

    /// How long it took so far.
    pub fn took(&self) -> Duration {
        self.last.since(self.began)
    }

    /// Bytes that the tasks copied that are done.
    pub fn copied(&self) -> u64 {
        self.tasks.iter().filter(|task| task.fate == Fate::Done).map(|task| task.bytes).sum()
    }

    /// Steps that were tried more than once, by how often they were tried again.
    pub fn retries(&self) -> usize {
        let first = |at: usize| !self.steps[..at].iter().any(|told| told.nth == self.steps[at].nth);
        (0..self.steps.len()).filter(|at| !first(*at)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Goal, Intent, Step, Write, task::Once};

    fn step(n: usize) -> Step {
        let write = Write::Cordon { node: format!("node-{n}").into(), uid: "u".into(), on: true };
        Step { title: format!("cordon node-{n}"), write, until: Goal::Answered, patience: Duration::ZERO }
    }

    fn report(told: &[(i64, What)]) -> Report {
        let tasks: Vec<Task> = (0..2).map(|n| Once { step: step(n) }.into()).collect();
        let record = Record {
            title: "cordon two nodes".into(),
            intent: Intent { verb: "probe".into(), objects: vec![], argument: String::new() },
            changes: vec![],
            refusals: vec![],
            steps: vec![],
            tasks,
            undo: None,
        };
        let mut report = Report::of(&record, Time(0));
        told.iter().for_each(|(second, what)| report.take(what, Time(second * 1_000)));
        report
    }

    fn steered(how: Steer) -> What {
        What::Steered { how, words: "by the operator".into() }
    }

    fn chosen(step: usize, n: usize) -> What {
        What::Chosen { step, does: Box::new(self::step(n)) }
    }

    #[test]
    fn times_tries_pauses_and_who_led_it_are_told() {
        let report = report(&[
            (1, chosen(0, 0)),
            (1, What::Began { step: 0 }),
            (2, What::Answered { step: 0, answer: Said::Refused("no".into()) }),
            (8, chosen(0, 0)),
            (9, What::Reached { step: 0 }),
            (10, What::Turned { task: 1 }),
            (20, steered(Steer::Pause)),
            (25, steered(Steer::Rate { rate: 50 << 20 })),
            (80, steered(Steer::GoOn)),
            (90, What::Margin { margin: Margin::UnderReplicated }),
            (150, What::TakenUp),
            (200, What::Ended { done: true, words: String::new() }),
        ]);
        let tasks: Vec<_> = report.tasks.iter().map(|t| (t.took.as_secs(), t.fate)).collect();
        assert_eq!(tasks, [(10, Fate::Done), (190, Fate::Done)]);
        assert_eq!((report.took().as_secs(), report.steps.len(), report.retries()), (200, 2, 1));
        assert_eq!(report.margin, Some((Margin::UnderReplicated, Time(90_000))));
        let hand: Vec<_> =
            report.hand.iter().map(|e| (e.words.as_str(), e.after.map(|a| a.as_secs()))).collect();
        assert_eq!(
            hand,
            [
                ("paused by the operator", None),
                ("copying at 52428800 B/s (50.0 MiB/s) by the operator", None),
                ("gone on with by the operator", Some(60)),
                ("gone on with by another castellan", Some(60)),
            ]
        );
        let answers: Vec<bool> = report.steps.iter().map(|s| s.answer.is_some()).collect();
        assert_eq!(answers, [true, false], "each try has its own answer");
    }

    #[test]
    fn an_abort_puts_back_what_was_begun_and_done() {
        let report = report(&[
            (10, What::Turned { task: 1 }),
            (20, steered(Steer::Abort)),
            (30, What::Turned { task: 0 }),
            (40, What::Cancelled { words: "aborted".into() }),
        ]);
        let tasks: Vec<_> = report.tasks.iter().map(|t| (t.took.as_secs(), t.fate)).collect();
        assert_eq!(tasks, [(20, Fate::PutBack), (20, Fate::PutBack)]);
        assert_eq!(report.ended, Some((Stage::Cancelled, "aborted".into())));
    }
}
