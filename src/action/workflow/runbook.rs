//! A workflow whose steps are not written down beforehand: after each, its runbook tells the next.

use super::{NOTICED, Order, Pace, Phase, Waiting, Workflow};
use crate::{
    action::{
        Known, Said, Step, Write,
        course::{Course, Mode, Steer},
        journal::What,
        rights::{self, Deed},
        task::{At, Next, OPERATOR, Task, Wait},
        write::Assignment,
    },
    domain::{
        human,
        kafka::Moves,
        operation::Stage,
        time::{Time, age},
    },
};

use std::{collections::BTreeSet, time::Duration};

/// So many tasks may be done, or give way to others, in one look: each is asked again a moment later.
const TURNS: usize = 16;
/// Those who watch are told what is awaited for longer.
const LONG: Duration = Duration::from_secs(10);

/// What would be put back of a task: its title, and what that begins with now.
pub struct Undone {
    pub title: String,
    pub first: String,
}

fn undone(task: &Task, known: &Known<'_>) -> Undone {
    let part = task.part();
    let first = match part.undo(&At::new(known)) {
        Next::Done => "nothing of it is to be put back now".into(),
        Next::Do(step) => step.title,
        Next::Wait(wait) => format!("waits for {}", wait.words),
        Next::Stop(words) => words,
        Next::Unfold(_) => "what is to be done is told then".into(),
    };
    Undone { title: part.title(), first }
}

impl Workflow {
    /// What is left of a castellan that ended and can be gone on with: its runbook and the cluster tell how.
    pub fn is_resumable(&self) -> bool {
        self.left && !self.lives && self.phase != Phase::Over && self.course.is_some()
    }

    /// When the journal last told of it.
    pub fn last(&self) -> Time {
        self.told
    }

    /// Goes on with what another had begun, in the mode that it left it in.
    pub fn take_up(&mut self, now: Time) -> Vec<Order> {
        if !self.is_resumable() {
            return vec![];
        }
        self.left = false;
        match (self.phase, &self.said) {
            (Phase::Looking, Some(Said::Taken(_) | Said::Partly { .. } | Said::Unheard(_))) => {
                self.enter(Phase::Looking, now);
                self.operation.stage = Stage::Running;
            }
            // Nobody knows whether its last write was sent: a moment later the cluster tells.
            (Phase::Looking, None) => {
                self.choosing(now);
                self.course.iter_mut().for_each(|course| course.breathe(now));
            }
            _ => self.choosing(now),
        }
        self.show_course();
        vec![Order::Record(What::TakenUp)]
    }

    /// Whether this can be done to it now.
    ///
    /// # Errors
    /// Why not.
    pub fn may_steer(&self, how: &Steer) -> Result<(), String> {
        match &self.course {
            _ if self.phase == Phase::Over => Err("it is over".into()),
            None => Err("it is one action and no runbook: it cannot be paused or aborted".into()),
            Some(_) if self.lives => Err("another castellan leads it: do it there".into()),
            Some(course) if self.left => match (how, course.mode()) {
                // To go on with it is to take the lead, whatever it is at.
                (Steer::GoOn, _) => Ok(()),
                (Steer::Abort, _) => course.takes(how),
                (Steer::Pause | Steer::Rate { .. }, _) => {
                    Err("nobody leads it now: go on with it first".into())
                }
            },
            Some(course) => course.takes(how),
        }
    }

    /// Whether what is left of it may go at another rate; and why it would never end so.
    ///
    /// # Errors
    /// What is not allowed.
    pub fn may_tune(&self, rate: u64, known: &Known<'_>) -> Result<Option<String>, String> {
        let tasks: Vec<Task> = self.course.iter().flat_map(|course| course.tuned(rate)).collect();
        let deeds: Vec<Deed> = tasks.iter().flat_map(|task| task.part().deeds(known)).collect();
        match rights::missing(known, &rights::rights(known, &deeds)) {
            Some(right) => Err(format!("needs {right}, which this context may not do")),
            None => Ok(tasks.iter().find_map(|task| task.part().outrun(known))),
        }
    }

    /// The operator's hand on it.
    pub fn steer(&mut self, how: Steer, now: Time) -> Vec<Order> {
        if self.may_steer(&how).is_err() || self.left {
            return vec![];
        }
        self.steered(how, "by the operator".into(), now)
    }

    /// castellan cancelled these reassignments, and these are left. Where nothing moves any more of what the
    /// runbook had begun, that was meant for all of it; of a part it says by itself that it was called back.
    pub fn call_back(&mut self, cancelled: &[Assignment], left: &Moves, now: Time) -> Vec<Order> {
        let begun = self.steps.iter().filter_map(|step| match &step.write {
            Write::Reassign { partitions, .. } => Some(partitions),
            _ => None,
        });
        let begun: Vec<&Assignment> = begun.flatten().filter(|a| a.replicas.is_some()).collect();
        let gone: BTreeSet<_> = cancelled.iter().map(|a| (&a.topic, a.partition)).collect();
        let called_back = begun.iter().any(|a| gone.contains(&(&a.topic, a.partition)));
        let moves = begun.iter().any(|a| left.get(&a.topic, a.partition).is_some());
        if !called_back || moves || self.left || self.may_steer(&Steer::Abort).is_err() {
            return vec![];
        }
        if self.phase == Phase::Looking {
            self.steps.truncate(self.at);
            self.choosing(now);
        }
        self.steered(Steer::Abort, "its moves were called back".into(), now)
    }

    fn steered(&mut self, how: Steer, words: String, now: Time) -> Vec<Order> {
        let steered = self.tell(What::Steered { how, words });
        if self.phase == Phase::Choosing {
            self.choosing(now);
        }
        vec![steered]
    }

    /// Takes in what the journal is to be told of the course.
    fn tell(&mut self, what: What) -> Order {
        if let Some(course) = &mut self.course {
            course.take(&what, self.at);
        }
        if matches!(what, What::Turned { .. } | What::Unfolded { .. } | What::Steered { .. }) {
            self.task_pace = Pace::default();
        }
        match what {
            What::Unfolded { .. } | What::Steered { .. } => self.show_tasks(),
            _ => self.show_course(),
        }
        Order::Record(what)
    }

    /// What is shown of a runbook: its tasks are its steps. Their titles are made only when the tasks change: a
    /// move's counts its legs.
    pub(super) fn show_tasks(&mut self) {
        if let Some(course) = &self.course {
            self.operation.steps = course.titles();
        }
        self.show_course();
    }

    /// Where it is among its tasks.
    pub(super) fn show_course(&mut self) {
        let Some(course) = &self.course else { return };
        self.operation.at = course.at();
        if self.phase != Phase::Over && !self.left && course.mode() == Mode::Paused {
            self.operation.stage = Stage::Paused;
        }
    }

    /// Where a runbook is that this castellan does not lead, as the journal has it.
    pub(super) fn stands(&self) -> Option<String> {
        let course = self.course.as_ref()?;
        let task = course.tasks().get(course.at()).map(|task| task.part().title()).unwrap_or_default();
        let mode = match course.mode() {
            Mode::Running => String::new(),
            Mode::Paused => format!("paused {}: ", course.why()),
            Mode::Aborting => "aborting: ".into(),
        };
        let hint = if self.lives { "" } else { " (:go-on or :abort)" };
        let waits =
            self.waits.as_ref().map(|waits| format!(" · awaiting {}", waits.words)).unwrap_or_default();
        Some(format!("{mode}{task}{waits}{hint}"))
    }

    /// What an abort would put back, the present task first.
    pub fn undoes(&self, known: &Known<'_>) -> Vec<Undone> {
        let Some(course) = &self.course else { return Vec::new() };
        let tasks = course.tasks().iter().take(course.at() + 1).rev();
        tasks.map(|task| undone(task, known)).collect()
    }

    /// Whether it stands still until the operator says so.
    pub fn is_paused(&self) -> bool {
        self.course.as_ref().is_some_and(|course| course.mode() == Mode::Paused)
    }

    pub fn is_runbook(&self) -> bool {
        self.course.is_some()
    }

    pub(super) fn choosing(&mut self, now: Time) {
        (self.said, self.pace, self.waits) = (None, Pace::default(), None);
        (self.operation.share, self.operation.left) = (None, None);
        self.enter(Phase::Choosing, now);
        if !self.left {
            self.operation.stage = Stage::Running;
        }
        self.show_course();
    }

    /// The present step failed. What is known tells anew what to do, for a few times.
    pub(super) fn stumble(&mut self, words: &str, now: Time) -> Vec<Order> {
        let again = self.course.as_mut().is_some_and(|course| course.fail(words, now));
        self.steps.truncate(self.at);
        self.choosing(now);
        if again {
            return vec![];
        }
        self.steered(Steer::Pause, format!("by itself: {words}"), now)
    }

    /// A goal that did not come for as long as its step has patience: what is known tells anew what to do.
    pub(super) fn give_way(&mut self, now: Time) -> Vec<Order> {
        let stuck = self.phase == Phase::Looking && self.operation.stage == Stage::Stuck;
        if !stuck || self.left || self.course.is_none() {
            return vec![];
        }
        let words = format!("it did not come true: {}", self.operation.words);
        self.stumble(&words, now)
    }

    /// Does what the runbook says, from what is known now.
    pub(super) fn choose(&mut self, known: &Known<'_>) -> Vec<Order> {
        if self.left {
            return vec![];
        }
        let now = known.world.now;
        let mut orders = Vec::new();
        if let Some(margin) = self.course.as_ref().and_then(|course| course.worse(known)) {
            orders.push(self.tell(What::Margin { margin }));
        }
        for _ in 0..TURNS {
            let Some(course) = &self.course else { break };
            let (at, following) = (course.at(), course.following());
            let next = course.next(known, &self.steps[..self.at], self.entered);
            if !matches!(next, Some(Next::Stop(_))) {
                self.idle = None;
            }
            let last = match (next, following) {
                (Some(Next::Unfold(tasks)), _) => {
                    orders.push(self.tell(What::Unfolded { task: at, tasks }));
                    continue;
                }
                (Some(Next::Done), Some(task)) => {
                    orders.push(self.tell(What::Turned { task }));
                    self.choosing(now);
                    continue;
                }
                (Some(Next::Do(step)), _) => self.take_step(*step, now),
                (Some(Next::Wait(wait)), _) => self.await_(&wait, now),
                (Some(Next::Stop(words)), _) => self.stop(words, now),
                (Some(Next::Done) | None, _) => self.finish(now),
            };
            orders.extend(last);
            break;
        }
        orders
    }

    /// It does not go on by itself: the operator is to decide, unless it holds still or is put back already.
    fn stop(&mut self, words: String, now: Time) -> Vec<Order> {
        let runs = self.course.as_ref().is_some_and(|course| course.mode() == Mode::Running);
        // One source may only not have told yet what another tells already.
        if !runs || now.since(*self.idle.get_or_insert(now)) < NOTICED {
            return self.await_(&Wait::new(format!("whether that stays so: {words}")), now);
        }
        let words = format!("by itself: {words}");
        let orders = self.steered(Steer::Pause, words.clone(), now);
        self.operation.words = words;
        orders
    }

    fn take_step(&mut self, step: Step, now: Time) -> Vec<Order> {
        self.steps.truncate(self.at);
        self.steps.push(step.clone());
        let mut orders = vec![Order::Record(What::Chosen { step: self.at, does: Box::new(step) })];
        orders.extend(self.send(now));
        self.show_course();
        orders
    }

    /// A wait of the runbook: it has its reason, and its limit.
    fn await_(&mut self, wait: &Wait, now: Time) -> Vec<Order> {
        self.operation.share = wait.share;
        self.task_pace.take(wait.share, now);
        self.operation.left = wait.share.and_then(|_| self.task_pace.left(now));
        let speed = wait.bytes.and_then(|all| Some(self.task_pace.rate(now)? * all as f64));
        let speed = speed.map(|speed| format!(", {}", human::byte_rate(speed))).unwrap_or_default();
        let words = format!("{}{speed}", wait.words);
        self.operation.words = match &self.course {
            Some(course) if course.mode() == Mode::Aborting => format!("{words} (aborting)"),
            // Why it is held is what the operator has to know.
            Some(course) if course.mode() == Mode::Paused && words == OPERATOR => course.why().to_string(),
            Some(course) if course.mode() == Mode::Paused => format!("{} · {words}", course.why()),
            _ => words,
        };
        let moved = self.task_pace.since(self.entered);
        let stuck = now.since(moved) > wait.limit;
        self.operation.stage = if stuck { Stage::Stuck } else { Stage::Running };
        self.operation.since = if stuck { moved } else { self.entered };
        self.show_course();
        self.lasts(&wait.words, now)
    }

    /// What is awaited for long is told once, whatever its numbers are.
    fn lasts(&mut self, words: &str, now: Time) -> Vec<Order> {
        // That it is paused was told.
        if words == OPERATOR {
            return vec![];
        }
        let bare = |words: &str| words.replace(|c: char| c.is_ascii_digit() || c == '.', "");
        let same = self.waits.as_ref().is_some_and(|waits| bare(&waits.words) == bare(words));
        if !same {
            self.waits = Some(Waiting { words: words.to_string(), since: now, told: false });
        }
        let Some(waits) = self.waits.as_mut().filter(|waits| !waits.told && now.since(waits.since) >= LONG)
        else {
            return vec![];
        };
        waits.told = true;
        vec![Order::Record(What::Waits { words: words.to_string() })]
    }

    /// All of it is done, or put back.
    fn finish(&mut self, now: Time) -> Vec<Order> {
        let took = age(now.since(self.operation.began));
        let seen = self.course.as_ref().and_then(Course::margin).map(|margin| margin.words());
        let seen = seen.map(|words| format!("; {words}")).unwrap_or_default();
        if self.course.as_ref().is_some_and(|c| c.mode() == Mode::Aborting) {
            let words = format!("aborted, and as safe as it was{seen}");
            self.close(Stage::Cancelled, &words, now);
            return vec![Order::Record(What::Cancelled { words })];
        }
        if let Some(course) = &self.course {
            self.operation.at = course.tasks().len();
        }
        self.close(Stage::Done, &format!("took {took}{seen}"), now);
        vec![Order::Record(What::Ended { done: true, words: seen.trim_start_matches("; ").into() })]
    }
}
