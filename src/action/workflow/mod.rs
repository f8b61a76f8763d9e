//! An operation under way: step after step, each a write and then a goal that is looked at until it is
//! reached.
//!
//! Pure: it takes in answers, looks and time, and gives back what is to be done outside.

mod pace;
mod runbook;

pub use runbook::Undone;

use super::{
    Goal, Known, Plan, Said, Sight, Step, Write,
    course::Course,
    goal,
    journal::{Record, Told, What},
    report::Report,
    topics,
    write::Assignment,
};
use crate::domain::{
    operation::{Operation, OperationId, Stage},
    time::{Time, age},
};
use pace::Pace;
use std::time::Duration;

/// What the outside is to do, in the order in which it is given.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    Record(What),
    Act { step: usize, write: Write },
}

/// Before so much time has passed since the answer, a goal that seems reached may be what was true before
/// the write: watches need a moment to tell of it.
const SETTLING: Duration = Duration::from_secs(2);
/// So long after nothing of a goal can be seen, it was not done, or somebody called it back: watches and
/// polls have told of it by then.
const NOTICED: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The write was ordered; its answer is awaited.
    Asked,
    /// The write may have been done; the goal is awaited.
    Looking,
    /// What the runbook does next is to be told.
    Choosing,
    /// The write was never sent, by a castellan that ended before.
    Unsent,
    Over,
}

/// A wait of a runbook, without the numbers that change meanwhile.
#[derive(Debug, Clone)]
struct Waiting {
    words: String,
    since: Time,
    /// The journal was told of it.
    told: bool,
}

#[derive(Debug, Clone)]
pub struct Workflow {
    operation: Operation,
    /// Of a runbook: those so far.
    steps: Vec<Step>,
    /// The step that it is at: so many were reached.
    at: usize,
    /// Of a runbook.
    course: Option<Course>,
    phase: Phase,
    /// A castellan before this one began it: it is looked at, and nothing of it is sent.
    left: bool,
    /// That castellan still runs, and does the rest.
    lives: bool,
    /// The journal's last word of it, where another wrote it.
    told: Time,
    /// What was heard of the present step.
    said: Option<Said>,
    /// What is told of it when it ended.
    report: Report,
    /// When the present phase began.
    entered: Time,
    /// Since when nothing of the present step can be seen.
    idle: Option<Time>,
    /// Of the present step, and of a runbook's present task.
    pace: Pace,
    task_pace: Pace,
    /// What a runbook awaits; of one that another leads, as the journal tells it.
    waits: Option<Waiting>,
}

impl Workflow {
    /// Begins what was confirmed. The plan is recorded before anything is sent.
    pub fn begin(id: OperationId, plan: &Plan, now: Time) -> (Workflow, Vec<Order>) {
        let record = Record::from(plan);
        let mut flow = Workflow::of(id, &record, now);
        let mut orders = vec![Order::Record(What::Planned(record))];
        match flow.course {
            Some(_) => flow.choosing(now),
            None => orders.extend(flow.send(now)),
        }
        (flow, orders)
    }

    /// Takes up what the journal tells of an operation that had not ended: only to look.
    pub fn left(told: &Told) -> Workflow {
        let mut flow = Workflow::of(told.id.clone(), &told.record, told.began);
        (flow.left, flow.lives, flow.told) = (true, told.lives, told.last);
        flow.operation.stage = if told.lives { Stage::Watched } else { Stage::Left };
        flow.at = told.at.min(flow.steps.len());
        flow.operation.at = flow.at;
        flow.course.clone_from(&told.course);
        flow.report.clone_from(&told.report);
        flow.said.clone_from(&told.answer);
        flow.waits = told.waits.clone().map(|(words, since)| Waiting { words, since, told: true });
        flow.leave_out_refused();
        flow.enter(if told.begun { Phase::Looking } else { Phase::Unsent }, told.last);
        if !told.begun {
            flow.operation.words = flow.unsent();
        }
        flow.show_tasks();
        if let Some((stage, words)) = &told.ended {
            flow.close(*stage, words, told.last);
        }
        flow
    }

    fn of(id: OperationId, record: &Record, began: Time) -> Workflow {
        let operation = Operation {
            id,
            title: record.title.clone(),
            began,
            stage: Stage::Running,
            steps: record.steps.iter().map(|s| s.title.clone()).collect(),
            at: 0,
            runbook: !record.tasks.is_empty(),
            words: String::new(),
            since: began,
            share: None,
            left: None,
            undo: record.undo.clone(),
            report: Vec::new(),
        };
        let mut flow = Workflow {
            operation,
            steps: record.steps.clone(),
            at: 0,
            course: Course::of(&record.tasks),
            phase: Phase::Asked,
            left: false,
            lives: false,
            told: began,
            said: None,
            report: Report::of(record, began),
            entered: began,
            idle: None,
            pace: Pace::default(),
            task_pace: Pace::default(),
            waits: None,
        };
        flow.show_tasks();
        flow
    }

    /// What an operator reads of it afterwards.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Keeps for the report what it ordered.
    pub fn keep(&mut self, orders: &[Order], now: Time) {
        for order in orders {
            match order {
                Order::Record(what) => self.report.take(what, now),
                Order::Act { step, .. } => self.report.take(&What::Began { step: *step }, now),
            }
        }
    }

    /// What is shown of it.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Whether it sends its next steps by itself: nobody else would.
    pub fn has_more_to_send(&self) -> bool {
        let more = self.course.is_some() || self.at + 1 < self.steps.len();
        !self.left && self.phase != Phase::Over && more
    }

    pub fn is_left(&self) -> bool {
        self.left
    }

    /// Another castellan runs it: it is looked at, and nothing of it is written.
    pub fn is_watched(&self) -> bool {
        self.lives
    }

    /// Whether the journal tells something else of it than what it was taken up from.
    pub fn is_outdated(&self, told: &Told) -> bool {
        (told.last, told.lives) != (self.told, self.lives)
    }

    /// The partitions whose reassignment it cancels.
    pub fn cancels(&self) -> &[Assignment] {
        match self.steps.first().map(|s| &s.write) {
            Some(Write::Reassign { partitions, .. }) if partitions.iter().all(|a| a.replicas.is_none()) => {
                partitions
            }
            _ => &[],
        }
    }

    fn enter(&mut self, phase: Phase, now: Time) {
        (self.phase, self.entered, self.idle) = (phase, now, None);
        self.operation.since = now;
    }

    /// Orders the present step's write, or ends where there is none left.
    fn send(&mut self, now: Time) -> Vec<Order> {
        (self.said, self.pace) = (None, Pace::default());
        (self.operation.share, self.operation.left) = (None, None);
        let step = self.at;
        let Some(Step { title, write, .. }) = self.steps.get(step) else {
            let took = age(now.since(self.operation.began));
            self.close(Stage::Done, &format!("took {took}"), now);
            // How long it took is told by the entries' times.
            return vec![Order::Record(What::Ended { done: true, words: String::new() })];
        };
        self.operation.words = format!("the answer to: {title}");
        self.operation.stage = Stage::Running;
        let write = write.clone();
        self.enter(Phase::Asked, now);
        vec![Order::Act { step, write }]
    }

    /// Takes in what was heard of a step's write. What is heard of any other than the present one is late.
    pub fn acted(&mut self, step: usize, said: Said, now: Time) -> Vec<Order> {
        let Some(present) = self.steps.get(step).filter(|_| step == self.at) else { return vec![] };
        if self.phase != Phase::Asked {
            return vec![];
        }
        self.report.take(&What::Answered { step, answer: said.clone() }, now);
        let nothing_to_see = present.until == Goal::Answered;
        let words = said.words().to_string();
        let orders = match &said {
            Said::Refused(_) => self.fail(&words, now),
            Said::Unheard(_) if nothing_to_see => self.fail(&words, now),
            Said::Taken(_) if nothing_to_see && self.course.is_none() && step + 1 == self.steps.len() => {
                let mut orders = vec![Order::Record(What::Reached { step })];
                self.forward();
                orders.extend(self.end(true, words, now));
                orders
            }
            Said::Taken(_) | Said::Partly { .. } | Said::Unheard(_) => {
                self.enter(Phase::Looking, now);
                self.operation.words = format!("its effect (the answer: {words})");
                vec![]
            }
        };
        self.said = Some(said);
        self.leave_out_refused();
        orders
    }

    /// What was refused in part is followed for the rest.
    fn leave_out_refused(&mut self) {
        if let (Some(Said::Partly { refused, .. }), Some(step)) = (&self.said, self.steps.get_mut(self.at)) {
            step.until = step.until.clone().without(refused);
        }
    }

    /// Looks where the present step's goal stands.
    pub fn look(&mut self, known: &Known<'_>) -> Vec<Order> {
        let now = known.world.now;
        match (self.phase, self.steps.get(self.at)) {
            (Phase::Choosing, _) => self.choose(known),
            (Phase::Looking, Some(step)) => {
                let replaced = topics::goal::replaced(known, &step.write);
                let sight = replaced.unwrap_or_else(|| goal::look(&step.until, known));
                let orders = self.see(sight, now);
                if orders.is_empty() { self.give_way(now) } else { orders }
            }
            (Phase::Asked, Some(_)) => {
                self.judge(now);
                vec![]
            }
            _ => vec![],
        }
    }

    /// Takes in how far the goal is.
    fn see(&mut self, sight: Sight, now: Time) -> Vec<Order> {
        self.idle = matches!(sight, Sight::Idle(_)).then(|| self.idle.unwrap_or(now));
        match sight {
            _ if !self.leads() => {
                self.watch(sight, now);
                vec![]
            }
            Sight::Reached if self.unanswerable() => {
                let words = "it ended before an answer was heard: whether it was done is not known";
                self.fail(words, now)
            }
            Sight::Reached if now.since(self.entered) < SETTLING => vec![],
            Sight::Reached => match &self.said {
                Some(Said::Partly { words, .. }) => {
                    let words = format!("{words}, and are done");
                    self.fail(&words, now)
                }
                _ => self.reached(now),
            },
            Sight::Lost(words) => {
                let words = format!("{words}{}", self.aside());
                self.fail(&words, now)
            }
            Sight::Idle(words) if self.idle.is_some_and(|since| now.since(since) >= NOTICED) => {
                let words =
                    format!("it was not done, or was called back: still awaiting {words}{}", self.aside());
                self.fail(&words, now)
            }
            Sight::Idle(words) => {
                self.wait(&words, None, now);
                vec![]
            }
            Sight::Unknown(words) => {
                self.operation.words = format!("to be able to tell: {words}{}", self.aside());
                (self.operation.share, self.operation.left) = (None, None);
                self.judge(now);
                vec![]
            }
            Sight::Awaited { words, share } => {
                self.wait(&words, share, now);
                vec![]
            }
        }
    }

    /// What another castellan does is told; what follows from it is that one's business.
    fn watch(&mut self, sight: Sight, now: Time) {
        match sight {
            Sight::Reached => (self.operation.share, self.operation.words) = (None, "it is reached".into()),
            Sight::Awaited { words, share } => self.wait(&words, share, now),
            Sight::Idle(words) | Sight::Unknown(words) | Sight::Lost(words) => self.wait(&words, None, now),
        }
        if let Some(stands) = self.stands() {
            self.operation.words = format!("{stands} · {}", self.operation.words);
        }
    }

    /// What follows from it is for this castellan to tell: of what was left only a single action's end is.
    fn leads(&self) -> bool {
        !(self.lives || self.left && self.course.is_some())
    }

    fn wait(&mut self, words: &str, share: Option<f64>, now: Time) {
        self.operation.share = share;
        self.pace.take(share, now);
        self.operation.left = share.and_then(|_| self.pace.left(now));
        self.operation.words = format!("{words}{}", self.aside());
        self.judge(now);
    }

    /// What was heard, where that was no plain yes.
    fn aside(&self) -> String {
        match &self.said {
            Some(said @ (Said::Unheard(_) | Said::Partly { .. })) => format!(" ({})", said.words()),
            _ => String::new(),
        }
    }

    /// Nothing can be looked at but an answer, and none was heard.
    fn unanswerable(&self) -> bool {
        let answered = matches!(self.said, Some(Said::Taken(_)));
        !answered && self.steps.get(self.at).is_some_and(|s| s.until == Goal::Answered)
    }

    fn reached(&mut self, now: Time) -> Vec<Order> {
        let reached = What::Reached { step: self.at };
        self.forward();
        if let Some(course) = &mut self.course {
            course.take(&reached, self.at);
        }
        let mut orders = vec![Order::Record(reached)];
        if self.course.is_some() {
            self.choosing(now);
        } else if !self.left {
            orders.extend(self.send(now));
        } else if self.at == self.steps.len() {
            orders.extend(self.end(true, "reached, seen by this castellan; begun by one before".into(), now));
        } else {
            self.operation.words = self.unsent();
            (self.operation.share, self.operation.left) = (None, None);
            self.enter(Phase::Unsent, now);
        }
        orders
    }

    /// One step further.
    fn forward(&mut self) {
        self.at += 1;
        if self.course.is_none() {
            self.operation.at = self.at;
        }
    }

    /// The present step failed: that is the end, but of a runbook, which looks again.
    fn fail(&mut self, words: &str, now: Time) -> Vec<Order> {
        match self.course {
            Some(_) => self.stumble(words, now),
            None => self.end(false, self.of_step(words), now),
        }
    }

    fn end(&mut self, done: bool, words: String, now: Time) -> Vec<Order> {
        self.close(if done { Stage::Done } else { Stage::Failed }, &words, now);
        vec![Order::Record(What::Ended { done, words })]
    }

    fn close(&mut self, stage: Stage, words: &str, now: Time) {
        self.enter(Phase::Over, now);
        self.operation.stage = stage;
        (self.operation.share, self.operation.left) = (None, None);
        self.operation.words = words.to_string();
    }

    /// The operator does not want to hear of it any more: what a castellan before this one had begun.
    pub fn give_up(&mut self, now: Time) -> Vec<Order> {
        if !self.left || self.lives || self.phase == Phase::Over {
            return vec![];
        }
        let words = format!("how it ended is not known; last: {}", self.operation.words);
        self.close(Stage::GivenUp, &words, now);
        vec![Order::Record(What::GivenUp { words })]
    }

    fn unsent(&self) -> String {
        if let Some(words) = self.stands() {
            return words;
        }
        let (at, all) = (self.at, self.steps.len());
        match self.steps.get(at) {
            Some(_) if at == 0 => "nothing of it was sent".into(),
            Some(step) => format!("step {} of {all} was not sent: {}", at + 1, step.title),
            None => "every step was reached".into(),
        }
    }

    fn of_step(&self, words: &str) -> String {
        match self.steps.len() {
            0 | 1 => words.to_string(),
            all => format!("step {} of {all}: {words}", self.at + 1),
        }
    }

    /// Running or stuck: for longer than the step's patience nothing went forward.
    fn judge(&mut self, now: Time) {
        if self.left {
            return;
        }
        let Some(step) = self.steps.get(self.at) else { return };
        let moved = self.pace.since(self.entered);
        self.operation.stage = if now.since(moved) > step.patience { Stage::Stuck } else { Stage::Running };
        self.operation.since = if self.operation.stage == Stage::Stuck { moved } else { self.entered };
        if self.is_paused() {
            self.operation.stage = Stage::Paused;
        }
    }
}

#[cfg(test)]
mod runbook_tests;
#[cfg(test)]
mod tests;
