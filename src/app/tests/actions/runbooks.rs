//! The operator's hand on a runbook, and going on with one that was left.

use super::*;
use crate::action::{
    self, Goal, Intent, Plan, Step, Verb,
    course::Steer,
    journal::{Entry, Told, tell},
    task::{Next, Once, Task},
};

/// Cordons two nodes, one after the other.
static RUNBOOK: Verb = Verb {
    name: "probe",
    plan: |_, intent| {
        Ok(Plan { tasks: vec![task(0), task(1)], ..Plan::new(intent, "cordon two nodes", "node") })
    },
    ..Verb::PLAIN
};

fn task(n: usize) -> Task {
    let write = Write::Cordon { node: format!("node-{n}").into(), uid: "u".into(), on: true };
    let title = format!("cordon node-{n}");
    Once { step: Step { title, write, until: Goal::Answered, patience: Duration::from_secs(60) } }.into()
}

fn intent() -> Intent {
    Intent { verb: "probe".into(), objects: vec![], argument: String::new() }
}

/// The runbook's plan on the screen.
fn planned() -> Hands {
    let mut hands = Hands::on(Mood::Healthy, "operations");
    hands.model.session.context = "lab".into();
    acting::intend(&mut hands.model, &RUNBOOK, vec![], "");
    hands.model.settle();
    hands.effects.clear();
    hands
}

/// A session that has joined a Kafka cluster whose id is known.
fn joined(pane: &str) -> Hands {
    let mut hands = Hands::on(Mood::Healthy, pane);
    hands.send(Msg::Derive);
    hands
}

/// It is confirmed, and selected in :operations.
fn begun() -> Hands {
    let mut hands = planned();
    hands.read().press("y").press("g");
    hands
}

fn lines(hands: &Hands) -> String {
    let plan = hands.plan().expect("a plan");
    let mut sheet = confirm::Confirm::new(
        plan.verb,
        plan.plan.clone(),
        &hands.model.session,
        confirm::Ground::default(),
        hands.model.now,
    );
    sheet.settle(80, plan.len().max(100));
    sheet.window().map(|line| line.text.clone()).collect::<Vec<_>>().join("\n")
}

/// What the journal tells of a runbook whose first step was done `ago` seconds before now.
fn told(hands: &Hands, ago: u64, more: Vec<What>, lives: bool) -> Told {
    let plan = (RUNBOOK.plan)(&hands.model.known(), &intent()).expect("a plan");
    let entries = [
        What::Planned((&plan).into()),
        What::Chosen { step: 0, does: Box::new(first(&plan, &hands.model.known())) },
        What::Began { step: 0 },
        What::Answered { step: 0, answer: Said::Taken("ok".into()) },
        What::Reached { step: 0 },
        What::Turned { task: 1 },
    ];
    let at = hands.model.now.minus(Duration::from_secs(ago));
    let entry = |what| Entry { at, operation: "20260101-before-1".into(), context: "lab".into(), what };
    Told { lives, ..tell(entries.into_iter().chain(more).map(entry)).remove(0) }
}

fn first(plan: &Plan, known: &action::Known<'_>) -> Step {
    match plan.tasks[0].first(known) {
        Next::Do(step) => *step,
        next => panic!("{next:?}"),
    }
}

fn takings(hands: &Hands) -> usize {
    hands.effects.iter().filter(|e| matches!(e, Effect::TakeUp(_))).count()
}

fn words(hands: &Hands) -> &str {
    &hands.model.snapshot.operations.last().expect("an operation").words
}

#[test]
fn its_plan_lists_its_steps_and_a_dry_run_is_of_the_first() {
    let mut hands = planned();
    let text = lines(&hands);
    assert!(text.contains("1. cordon node-0\n   2. cordon node-1"), "{text}");
    hands.read().press("ctrl-r");
    let Some(Effect::Rehearse(id, Write::Cordon { node, .. })) = hands.effects.last().cloned() else {
        panic!("{:?}", hands.effects.last())
    };
    assert_eq!(&*node, "node-0");
    hands.send(Msg::Answer(id, Answer::Rehearsed(Ok("it would be taken".into()))));
    let said = hands.plan().unwrap().said().1;
    assert!(said.contains("it would be taken") && said.contains("begin with: cordon node-0"), "{said}");
}

#[test]
fn it_is_paused_and_gone_on_with_by_keys_and_says_why_where_it_cannot_be() {
    let mut hands = begun();
    hands.press("o");
    assert!(hands.said().contains("it goes on already"), "{}", hands.said());
    hands.press("t");
    assert!(hands.said().contains("nothing that is left of it is throttled"), "{}", hands.said());
    hands.press("h");
    assert_eq!(hands.stage(), Stage::Paused);
    assert_eq!(words(&hands), "by the operator");
    let acts = hands.acts();
    hands.wait(5_000).wait(5_000);
    assert_eq!((hands.acts(), hands.stage()), (acts, Stage::Paused), "nothing more is sent");
    hands.press("h");
    assert!(hands.said().contains("it is paused already"), "{}", hands.said());
    hands.press("o");
    assert!(hands.said().starts_with("goes on: cordon two nodes"), "{}", hands.said());
    let steered = hands.recorded().into_iter().filter(|what| matches!(what, What::Steered { .. }));
    assert_eq!(steered.count(), 2);
    hands.wait(5_000);
    assert_ne!(hands.stage(), Stage::Paused);
}

#[test]
fn its_name_is_enough_elsewhere_and_its_key_is_not() {
    let mut hands = begun();
    hands.command("pods").press("h");
    assert!(
        hands.said().contains("its key is for the runbook that is selected in :operations"),
        "{}",
        hands.said()
    );
    hands.command("pause");
    assert_eq!(hands.stage(), Stage::Paused, "{}", hands.said());
    let mut hands = Hands::on(Mood::Healthy, "pods");
    hands.command("pause");
    assert!(hands.said().contains("no runbook is under way"), "{}", hands.said());
    for key in ["h", "o", "u", "t"] {
        hands.press(key);
        assert!(hands.said().contains("no runbook is under way"), "{key}: {}", hands.said());
    }
}

#[test]
fn a_single_action_is_no_runbook() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.press("x").read().press("y").command("ops").press("g h");
    assert!(hands.said().contains("it is one action and no runbook"), "{}", hands.said());
}

#[test]
fn it_is_aborted_only_when_that_was_confirmed() {
    let mut hands = begun();
    hands.press("u").read().press("enter");
    assert_eq!(hands.said(), "cancelled: nothing was done");
    assert_eq!(hands.stage(), Stage::Running);
    hands.press("u").read();
    assert!(lines(&hands).contains("put back what is left of: cordon node-0"), "{}", lines(&hands));
    hands.press("y");
    let how = hands.recorded().into_iter().rev().find_map(|what| match what {
        What::Steered { how, .. } => Some(how.clone()),
        _ => None,
    });
    assert_eq!(how, Some(Steer::Abort));
    assert!(hands.plan().is_none());
}

#[test]
fn its_end_says_where_its_report_is_and_enter_opens_it() {
    let mut hands = begun();
    let id = hands.operation();
    for step in 0..2 {
        hands.wait(1_000);
        hands.send(Msg::Acted(id.clone(), step, Said::Taken("patched".into())));
        hands.wait(3_000);
    }
    hands.wait(1_000);
    assert_eq!(hands.stage(), Stage::Done, "{}", words(&hands));
    assert!(hands.said().ends_with("report: enter on it in :operations"), "{}", hands.said());
    hands.press("g enter");
    let text = hands.model.sheets.last().unwrap().pager().unwrap().text();
    for line in ["1. cordon node-0: done", "cordon node-1: patched; reached after", "2 writes"] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn quitting_says_that_it_is_gone_on_with() {
    let mut hands = begun();
    hands.press("ctrl-c");
    assert!(hands.said().contains("the next castellan goes on with it"), "{}", hands.said());
    assert!(!hands.effects.contains(&Effect::Quit));
}

#[test]
fn one_that_was_left_a_moment_ago_is_gone_on_with_by_itself() {
    let mut hands = joined("pods");
    let told = told(&hands, 60, vec![], false);
    hands.send(Msg::Recalled(vec![told.clone()]));
    assert_eq!((hands.stage(), takings(&hands), hands.acts()), (Stage::Left, 1, 0), "nobody leads it yet");
    hands.wait(1_000);
    assert_eq!(takings(&hands), 1, "it is asked for once");
    let id = told.id.clone();
    hands.send(Msg::TookUp(id, Ok(Box::new(told))));
    assert!(hands.said().starts_with("going on with cordon two nodes, left 61s ago"), "{}", hands.said());
    assert!(matches!(hands.recorded()[0], What::TakenUp));
    hands.wait(1_000).wait(1_000);
    let Some(Effect::Act { write: Write::Cordon { node, .. }, step: 1, .. }) =
        hands.effects.iter().find(|e| matches!(e, Effect::Act { .. }))
    else {
        panic!("{:?}", hands.effects)
    };
    assert_eq!(&**node, "node-1", "from where it was");
}

#[test]
fn it_waits_for_its_operator_where_it_is_old_or_the_session_may_not_write() {
    let took = |change: &dyn Fn(&mut Hands), ago| {
        let mut hands = joined("operations");
        change(&mut hands);
        let told = told(&hands, ago, vec![], false);
        hands.send(Msg::Recalled(vec![told])).wait(1_000);
        (takings(&hands), hands)
    };
    assert!(took(&|_| (), 60).0 > 0);
    assert_eq!(took(&|h| h.model.session.read_only = true, 60).0, 0);
    assert_eq!(took(&|h| h.model.session.production = true, 60).0, 0);
    let (count, mut hands) = took(&|_| (), 3_700);
    assert_eq!(count, 0);
    hands.press("g o");
    assert_eq!(takings(&hands), 1, "by the key: {}", hands.said());
    let (_, mut hands) = took(&|h| h.model.session.read_only = true, 60);
    hands.press("g o");
    assert!(hands.said().contains("read-only"), "{}", hands.said());
}

#[test]
fn nothing_is_gone_on_with_before_the_sources_are_live() {
    let mut hands = Hands::on(Mood::Stale, "operations");
    let told = told(&hands, 60, vec![], false);
    hands.send(Msg::Recalled(vec![told])).wait(1_000).press("g o");
    assert!(hands.said().contains("it waits until"), "{}", hands.said());
    assert_eq!(takings(&hands), 0);
}

#[test]
fn of_two_one_leads_and_the_other_watches_until_the_leader_is_gone() {
    let mut hands = joined("operations");
    let left = told(&hands, 60, vec![], false);
    let id = left.id.clone();
    hands.send(Msg::Recalled(vec![left]));
    assert_eq!(takings(&hands), 1);
    hands.send(Msg::TookUp(id.clone(), Err("another castellan leads it".into())));
    let led = told(&hands, 0, vec![What::TakenUp], true);
    hands.send(Msg::Recalled(vec![led]));
    assert!(hands.said().contains("another castellan goes on with cordon two nodes"), "{}", hands.said());
    assert_eq!((hands.stage(), words(&hands)), (Stage::Watched, "cordon node-1"));
    hands.press("g h");
    assert!(hands.said().contains("another castellan leads it: do it there"), "{}", hands.said());
    // The leader pauses it, is seen to, and dies.
    let pause = What::Steered { how: Steer::Pause, words: "by the operator".into() };
    let paused = |hands: &Hands, lives| told(hands, 0, vec![What::TakenUp, pause.clone()], lives);
    hands.wait(6_000);
    let led = paused(&hands, true);
    hands.send(Msg::Recalled(vec![led]));
    assert_eq!((hands.stage(), words(&hands)), (Stage::Watched, "paused by the operator: cordon node-1"));
    assert_eq!((hands.acts(), hands.recorded().len()), (0, 0), "who watches does nothing");
    // What it awaits for long is seen here, too.
    hands.wait(1_000);
    let waits = What::Waits { words: "budget kafka/kafka to allow a disruption".into() };
    let led = told(&hands, 0, vec![What::TakenUp, waits], true);
    hands.send(Msg::Recalled(vec![led]));
    assert_eq!(words(&hands), "cordon node-1 · awaiting budget kafka/kafka to allow a disruption");
    let left = paused(&hands, false);
    hands.send(Msg::Recalled(vec![left.clone()])).wait(100);
    assert_eq!(takings(&hands), 2);
    hands.send(Msg::TookUp(id, Ok(Box::new(left))));
    assert_eq!(hands.stage(), Stage::Paused, "it stays paused");
    hands.press("o").wait(1_000);
    assert_eq!(hands.acts(), 1, "{}", hands.said());
}
