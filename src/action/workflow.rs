//! An operation under way: step after step, each a write and then a goal that is looked at until it is
//! reached.
//!
//! Pure: it takes in answers, looks and time, and gives back what is to be done outside.

use super::{
    Goal, Known, Plan, Said, Sight, Step, Write, goal,
    journal::{Record, Told, What},
};
use crate::domain::{
    operation::{Operation, OperationId, Stage},
    time::{Time, age},
};
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
/// A rate is reckoned from so much time and so much progress.
const RATED: (Duration, f64) = (Duration::from_secs(10), 0.005);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The write was ordered; its answer is awaited.
    Asked,
    /// The write may have been done; the goal is awaited.
    Looking,
    /// The write was never sent, by a castellan that ended before.
    Unsent,
    Over,
}

#[derive(Debug, Clone)]
pub struct Workflow {
    operation: Operation,
    steps: Vec<Step>,
    phase: Phase,
    /// A castellan before this one began it: it is looked at, and nothing of it is sent.
    left: bool,
    /// What was heard of the present step.
    said: Option<Said>,
    /// When the present phase began.
    entered: Time,
    /// The share of the present step when it was first told, and the largest so far.
    first: Option<(Time, f64)>,
    best: Option<(Time, f64)>,
}

impl Workflow {
    /// Begins what was confirmed. The plan is recorded before anything is sent.
    pub fn begin(id: OperationId, plan: &Plan, now: Time) -> (Workflow, Vec<Order>) {
        let record = Record::from(plan);
        let mut flow = Workflow::of(id, &record, now);
        let mut orders = vec![Order::Record(What::Planned(record))];
        orders.extend(flow.send(now));
        (flow, orders)
    }

    /// Takes up what the journal tells of an operation that had not ended: only to look.
    pub fn left(told: &Told) -> Workflow {
        let mut flow = Workflow::of(told.id.clone(), &told.record, told.began);
        flow.left = true;
        flow.said.clone_from(&told.answer);
        flow.operation.stage = Stage::Left;
        flow.operation.at = told.at.min(flow.steps.len());
        flow.enter(if told.begun { Phase::Looking } else { Phase::Unsent }, told.last);
        if !told.begun {
            flow.operation.words = flow.unsent();
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
            words: String::new(),
            since: began,
            share: None,
            undo: record.undo.clone(),
        };
        let steps = record.steps.clone();
        let (phase, left, said) = (Phase::Asked, false, None);
        Workflow { operation, steps, phase, left, said, entered: began, first: None, best: None }
    }

    /// What is shown of it.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Whether it sends its next steps by itself: nobody else would.
    pub fn has_more_to_send(&self) -> bool {
        !self.left && self.phase != Phase::Over && self.operation.at + 1 < self.steps.len()
    }

    pub fn is_left(&self) -> bool {
        self.left
    }

    fn enter(&mut self, phase: Phase, now: Time) {
        (self.phase, self.entered) = (phase, now);
        self.operation.since = now;
    }

    /// Orders the present step's write, or ends where there is none left.
    fn send(&mut self, now: Time) -> Vec<Order> {
        (self.said, self.first, self.best, self.operation.share) = (None, None, None, None);
        let step = self.operation.at;
        let Some(Step { title, write, .. }) = self.steps.get(step) else {
            let took = age(now.since(self.operation.began));
            return self.end(true, format!("done after {took}"), now);
        };
        self.operation.words = format!("the answer to: {title}");
        self.operation.stage = Stage::Running;
        let write = write.clone();
        self.enter(Phase::Asked, now);
        vec![Order::Act { step, write }]
    }

    /// Takes in what was heard of a step's write. What is heard of any other than the present one is late.
    pub fn acted(&mut self, step: usize, said: Said, now: Time) -> Vec<Order> {
        let Some(present) = self.steps.get(step).filter(|_| step == self.operation.at) else { return vec![] };
        if self.phase != Phase::Asked {
            return vec![];
        }
        let nothing_to_see = present.until == Goal::Answered;
        let words = said.words().to_string();
        let orders = match &said {
            Said::Refused(_) => self.end(false, self.of_step(&words), now),
            Said::Unheard(_) if nothing_to_see => self.end(false, self.of_step(&words), now),
            Said::Taken(_) if nothing_to_see && step + 1 == self.steps.len() => {
                let mut orders = vec![Order::Record(What::Reached { step })];
                self.operation.at += 1;
                orders.extend(self.end(true, words, now));
                orders
            }
            Said::Taken(_) | Said::Unheard(_) => {
                self.enter(Phase::Looking, now);
                self.operation.words = words;
                vec![]
            }
        };
        self.said = Some(said);
        orders
    }

    /// Looks where the present step's goal stands.
    pub fn look(&mut self, known: &Known<'_>) -> Vec<Order> {
        let now = known.world.now;
        match (self.phase, self.steps.get(self.operation.at)) {
            (Phase::Looking, Some(step)) => {
                let sight = goal::look(&step.until, known);
                self.see(sight, now)
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
        match sight {
            Sight::Reached if self.unanswerable() => {
                let words = "it ended before an answer was heard: whether it was done is not known";
                self.end(false, words.into(), now)
            }
            Sight::Reached if now.since(self.entered) < SETTLING => vec![],
            Sight::Reached => self.reached(now),
            Sight::Lost(words) => self.end(false, self.of_step(&words), now),
            Sight::Unknown(words) => {
                self.operation.words = format!("to be able to tell: {words}");
                self.operation.share = None;
                self.judge(now);
                vec![]
            }
            Sight::Awaited { words, share } => {
                self.measure(share, now);
                let unheard = match &self.said {
                    Some(Said::Unheard(said)) => format!(" ({said})"),
                    _ => String::new(),
                };
                let eta = self.eta(now).map_or(String::new(), |left| format!(", about {} left", age(left)));
                self.operation.words = format!("{words}{eta}{unheard}");
                self.judge(now);
                vec![]
            }
        }
    }

    /// Nothing can be looked at but an answer, and none was heard.
    fn unanswerable(&self) -> bool {
        let answered = matches!(self.said, Some(Said::Taken(_)));
        !answered && self.steps.get(self.operation.at).is_some_and(|s| s.until == Goal::Answered)
    }

    fn reached(&mut self, now: Time) -> Vec<Order> {
        let mut orders = vec![Order::Record(What::Reached { step: self.operation.at })];
        self.operation.at += 1;
        if !self.left {
            orders.extend(self.send(now));
        } else if self.operation.at == self.steps.len() {
            orders.extend(self.end(true, "reached, seen by this castellan; begun by one before".into(), now));
        } else {
            self.operation.words = self.unsent();
            self.operation.share = None;
            self.enter(Phase::Unsent, now);
        }
        orders
    }

    fn end(&mut self, done: bool, words: String, now: Time) -> Vec<Order> {
        self.enter(Phase::Over, now);
        self.operation.stage = if done { Stage::Done } else { Stage::Failed };
        self.operation.share = None;
        self.operation.words.clone_from(&words);
        vec![Order::Record(What::Ended { done, words })]
    }

    /// The operator does not want to hear of it any more: what a castellan before this one had begun.
    pub fn give_up(&mut self, now: Time) -> Vec<Order> {
        if !self.left || self.phase == Phase::Over {
            return vec![];
        }
        let words = format!("given up: {}", self.operation.words);
        self.end(false, words, now)
    }

    fn unsent(&self) -> String {
        let (at, all) = (self.operation.at, self.steps.len());
        match self.steps.get(at) {
            Some(_) if at == 0 => "nothing of it was sent".into(),
            Some(step) => format!("step {} of {all} was not sent: {}", at + 1, step.title),
            None => "every step was reached".into(),
        }
    }

    fn of_step(&self, words: &str) -> String {
        match self.steps.len() {
            0 | 1 => words.to_string(),
            all => format!("step {} of {all}: {words}", self.operation.at + 1),
        }
    }

    fn measure(&mut self, share: Option<f64>, now: Time) {
        self.operation.share = share;
        let Some(share) = share else { return };
        self.first.get_or_insert((now, share));
        if self.best.is_none_or(|(_, best)| share > best) {
            self.best = Some((now, share));
        }
    }

    /// Running or stuck: for longer than the step's patience nothing went forward.
    fn judge(&mut self, now: Time) {
        if self.left {
            return;
        }
        let Some(step) = self.steps.get(self.operation.at) else { return };
        let moved = self.best.map_or(self.entered, |(at, _)| at.max(self.entered));
        self.operation.stage = if now.since(moved) > step.patience { Stage::Stuck } else { Stage::Running };
        self.operation.since = if self.operation.stage == Stage::Stuck { moved } else { self.entered };
    }

    /// How long it still takes at the pace since the share was first told.
    fn eta(&self, now: Time) -> Option<Duration> {
        let ((from, first), (_, best)) = (self.first?, self.best?);
        let (span, gained) = (now.since(from), best - first);
        if span < RATED.0 || gained < RATED.1 {
            return None;
        }
        let seconds = span.as_secs_f64() * (1.0 - best).max(0.0) / gained;
        Duration::try_from_secs_f64(seconds.round()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Intent;
    use proptest::prelude::*;

    const START: Time = Time(1_000_000);

    fn step(n: usize, until: Goal) -> Step {
        let write = Write::Cordon { node: format!("node-{n}").into(), uid: "u".into(), on: true };
        Step { title: format!("cordon node-{n}"), write, until, patience: Duration::from_secs(60) }
    }

    fn plan(goals: &[Goal]) -> Plan {
        let intent = Intent { verb: "cordon".into(), objects: vec![], argument: String::new() };
        let steps = goals.iter().cloned().enumerate().map(|(n, goal)| step(n, goal)).collect();
        Plan { steps, undo: Some("kubectl uncordon".into()), ..Plan::new(&intent, "cordon nodes", "node") }
    }

    fn cordoned() -> Goal {
        Goal::Cordoned { node: "node-0".into(), on: true }
    }

    fn begun(goals: &[Goal]) -> Workflow {
        Workflow::begin("id".into(), &plan(goals), START).0
    }

    fn at(seconds: u64) -> Time {
        START.plus(Duration::from_secs(seconds))
    }

    fn awaited(share: f64) -> Sight {
        Sight::Awaited { words: "1 of 2".into(), share: Some(share) }
    }

    fn taken() -> Said {
        Said::Taken("ok".into())
    }

    #[test]
    fn the_plan_is_recorded_before_anything_is_sent() {
        let (_, orders) = Workflow::begin("id".into(), &plan(&[cordoned(), cordoned()]), START);
        assert!(matches!(&orders[..], [Order::Record(What::Planned(_)), Order::Act { step: 0, .. }]));
    }

    #[test]
    fn a_step_waits_for_the_goal_of_the_one_before() {
        let mut flow = begun(&[cordoned(), cordoned()]);
        assert_eq!(flow.acted(0, taken(), at(1)), []);
        assert_eq!(flow.see(awaited(0.5), at(4)), []);
        let orders = flow.see(Sight::Reached, at(5));
        let [Order::Record(What::Reached { step: 0 }), Order::Act { step: 1, .. }] = &orders[..] else {
            panic!("{orders:?}")
        };
        flow.acted(1, taken(), at(6));
        let orders = flow.see(Sight::Reached, at(9));
        let [Order::Record(What::Reached { step: 1 }), Order::Record(What::Ended { done: true, .. })] =
            &orders[..]
        else {
            panic!("{orders:?}")
        };
        assert_eq!((flow.operation().stage, flow.operation().at), (Stage::Done, 2));
    }

    #[test]
    fn what_was_true_before_the_write_is_not_taken_for_its_effect() {
        let mut flow = begun(&[cordoned()]);
        flow.acted(0, taken(), at(1));
        assert_eq!(flow.see(Sight::Reached, at(1)), []);
        assert_eq!(flow.see(Sight::Reached, at(3)).len(), 2);
    }

    #[test]
    fn a_refusal_ends_it_and_silence_does_not() {
        let mut flow = begun(&[cordoned(), cordoned()]);
        let orders = flow.acted(0, Said::Refused("409: it changed".into()), at(1));
        let words = "step 1 of 2: 409: it changed".to_string();
        assert_eq!(orders, [Order::Record(What::Ended { done: false, words: words.clone() })]);
        assert_eq!((flow.operation().stage, flow.operation().words.clone()), (Stage::Failed, words));

        let mut flow = begun(&[cordoned()]);
        assert_eq!(flow.acted(0, Said::Unheard("no answer within 10 s".into()), at(10)), []);
        flow.see(awaited(0.0), at(12));
        assert!(flow.operation().words.contains("no answer within 10 s"), "{}", flow.operation().words);
        flow.see(Sight::Reached, at(13));
        assert_eq!(flow.operation().stage, Stage::Done, "the goal tells what the answer did not");
    }

    #[test]
    fn an_answer_is_all_there_is_to_a_message() {
        let mut flow = begun(&[Goal::Answered]);
        flow.acted(0, Said::Taken("written to orders-3 at offset 42".into()), at(1));
        assert_eq!(flow.operation().words, "written to orders-3 at offset 42");
        let mut flow = begun(&[Goal::Answered]);
        flow.acted(0, Said::Unheard("no answer: whether it was done is not known".into()), at(1));
        assert_eq!(flow.operation().stage, Stage::Failed, "nothing could ever tell that it was done");
    }

    #[test]
    fn without_progress_it_is_stuck_since_the_last_of_it() {
        let mut flow = begun(&[cordoned()]);
        flow.acted(0, taken(), at(0));
        flow.see(awaited(0.1), at(50));
        flow.see(awaited(0.2), at(100));
        flow.see(awaited(0.2), at(159));
        assert_eq!(flow.operation().stage, Stage::Running, "it went forward within its patience");
        flow.see(awaited(0.15), at(161));
        assert_eq!((flow.operation().stage, flow.operation().since), (Stage::Stuck, at(100)));
        flow.see(awaited(0.3), at(170));
        assert_eq!(flow.operation().stage, Stage::Running);
    }

    #[test]
    fn what_is_left_is_reckoned_from_the_pace() {
        let mut flow = begun(&[cordoned()]);
        flow.acted(0, taken(), at(0));
        flow.see(awaited(0.2), at(10));
        assert_eq!(flow.operation().words, "1 of 2");
        flow.see(awaited(0.5), at(40));
        assert_eq!(flow.operation().words, "1 of 2, about 50s left", "0.3 in 30 s, 0.5 to go");
    }

    fn told(at: usize, begun: bool, answer: Option<Said>, goals: &[Goal]) -> Told {
        let record = Record::from(&plan(goals));
        let (id, context) = ("id".into(), "lab".into());
        Told { id, began: START, last: START, context, record, at, begun, answer, ended: None }
    }

    #[test]
    fn what_was_left_is_looked_at_and_never_gone_on_with() {
        let two = [cordoned(), cordoned()];
        let mut flow = Workflow::left(&told(0, true, None, &two));
        flow.see(awaited(0.5), at(100));
        assert_eq!(flow.operation().stage, Stage::Left);
        let orders = flow.see(Sight::Reached, at(101));
        assert_eq!(orders, [Order::Record(What::Reached { step: 0 })]);
        assert_eq!(flow.operation().words, "step 2 of 2 was not sent: cordon node-1");

        let mut flow = Workflow::left(&told(1, true, Some(taken()), &two));
        let orders = flow.see(Sight::Reached, at(100));
        assert!(
            matches!(&orders[1], Order::Record(What::Ended { done: true, words }) if words.contains("seen by"))
        );

        let flow = Workflow::left(&told(0, false, None, &two));
        assert_eq!(flow.operation().words, "nothing of it was sent");

        let mut flow = Workflow::left(&told(0, true, None, &[Goal::Answered]));
        flow.see(Sight::Reached, at(100));
        assert_eq!(flow.operation().stage, Stage::Failed, "nobody heard whether the message was taken");
    }

    #[derive(Debug, Clone)]
    enum Event {
        Acted(usize, Said),
        Seen(Sight),
        GiveUp,
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let text = || crate::domain::Text::from("words");
        let said = prop_oneof![
            4 => Just(Said::Taken(text())),
            1 => Just(Said::Refused(text())),
            1 => Just(Said::Unheard(text())),
        ];
        let sight = prop_oneof![
            4 => Just(Sight::Reached),
            3 => (0.0..1.0f64).prop_map(awaited),
            1 => Just(Sight::Unknown("silent".into())),
            1 => Just(Sight::Lost("gone".into())),
        ];
        let event = prop_oneof![
            (0usize..4, said).prop_map(|(step, said)| Event::Acted(step, said)),
            sight.prop_map(Event::Seen),
            Just(Event::GiveUp),
        ];
        prop::collection::vec(event, 0..60)
    }

    proptest! {
        #[test]
        fn each_step_is_sent_once_in_order_and_the_end_is_the_end(
            count in 1usize..4, events in events(), left: bool,
        ) {
            let goals = vec![cordoned(); count];
            let (mut flow, mut orders) = match left {
                false => Workflow::begin("id".into(), &plan(&goals), START),
                true => (Workflow::left(&told(0, true, None, &goals)), vec![]),
            };
            for (n, event) in events.into_iter().enumerate() {
                let now = at(3 * n as u64);
                let over = flow.operation().stage.is_over();
                let more = match event {
                    Event::Acted(step, said) => flow.acted(step, said, now),
                    Event::Seen(sight) if flow.phase == Phase::Looking => flow.see(sight, now),
                    Event::Seen(_) => vec![],
                    Event::GiveUp => flow.give_up(now),
                };
                prop_assert!(!over || more.is_empty(), "nothing comes after the end");
                orders.extend(more);
            }
            let sent: Vec<usize> = orders.iter().filter_map(|o| match o {
                Order::Act { step, .. } => Some(*step),
                Order::Record(_) => None,
            }).collect();
            prop_assert_eq!(&sent, &(0..sent.len()).collect::<Vec<_>>());
            prop_assert!(!left || sent.is_empty(), "what was left is not gone on with");
            for (nth, order) in orders.iter().enumerate() {
                // A step is only sent after the goal of the one before was recorded as reached.
                if let Order::Act { step, .. } = order && *step > 0 {
                    let before = Order::Record(What::Reached { step: step - 1 });
                    prop_assert!(orders[..nth].contains(&before));
                }
            }
            let ends = orders.iter().filter(|o| matches!(o, Order::Record(What::Ended { .. }))).count();
            prop_assert_eq!(ends, usize::from(flow.operation().stage.is_over()));
        }
    }
}
