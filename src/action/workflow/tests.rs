use super::*;
use crate::action::{Intent, write::Assignment};
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

fn moved(partitions: &[i32]) -> Goal {
    let assignment = |p: &i32| Assignment { topic: "orders".into(), partition: *p, replicas: None };
    Goal::Reassigned { partitions: partitions.iter().map(assignment).collect() }
}

fn partly() -> Said {
    let words = "Kafka refuses 1 of 3 partitions: orders-1: no; the other 2 were taken".into();
    Said::Partly { words, refused: vec![("orders".into(), 1)] }
}

#[test]
fn what_was_taken_in_part_is_followed_to_its_end_and_then_has_failed() {
    let all = [moved(&[0, 1, 2]), cordoned()];
    let mut flow = begun(&all);
    assert_eq!(flow.acted(0, partly(), at(1)), []);
    assert_eq!(flow.steps[0].until, moved(&[0, 2]), "the one that was refused is not waited for");
    flow.see(awaited(0.5), at(5));
    assert_eq!(flow.operation().stage, Stage::Running);
    assert!(flow.operation().words.contains("orders-1: no"), "{}", flow.operation().words);
    let orders = flow.see(Sight::Reached, at(60));
    let words =
        "step 1 of 2: Kafka refuses 1 of 3 partitions: orders-1: no; the other 2 were taken, and are done";
    let ended = Order::Record(What::Ended { done: false, words: words.into() });
    assert_eq!(orders, std::slice::from_ref(&ended), "and no step is sent after it");

    let mut left = Workflow::left(&told(0, true, Some(partly()), &all));
    assert_eq!(left.steps[0].until, moved(&[0, 2]));
    assert_eq!(left.see(Sight::Reached, at(60)), [ended]);
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
    assert_eq!(flow.operation().left, None);
    flow.see(awaited(0.5), at(40));
    assert_eq!(flow.operation().left, Some(Duration::from_secs(50)), "0.3 in 30 s, 0.5 to go");
}

fn told(at: usize, begun: bool, answer: Option<Said>, goals: &[Goal]) -> Told {
    let record = Record::from(&plan(goals));
    let (id, context) = ("id".into(), "lab".into());
    let report = Report::of(&record, START);
    Told {
        report,
        id,
        began: START,
        last: START,
        context,
        record,
        at,
        begun,
        answer,
        course: None,
        waits: None,
        ended: None,
        lives: false,
    }
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

#[test]
fn what_is_not_seen_for_long_was_not_done() {
    let idle = || Sight::Idle("not moving: orders-0".into());
    let mut flow = begun(&[cordoned()]);
    flow.acted(0, Said::Unheard("no answer".into()), at(1));
    flow.see(idle(), at(2));
    assert_eq!(flow.operation().words, "not moving: orders-0 (no answer)");
    // It moves after all, and what was seen between counts anew.
    flow.see(awaited(0.5), at(20));
    flow.see(idle(), at(40));
    flow.see(Sight::Unknown("silent".into()), at(60));
    flow.see(idle(), at(65));
    flow.see(idle(), at(94));
    assert!(!flow.operation().stage.is_over());
    let orders = flow.see(idle(), at(95));
    assert!(matches!(orders[..], [Order::Record(What::Ended { done: false, .. })]));
    let words = "it was not done, or was called back: still awaiting not moving: orders-0 (no answer)";
    assert_eq!(flow.operation().words, words);
}

#[test]
fn what_was_done_is_said_once() {
    let mut flow = begun(&[cordoned()]);
    flow.acted(0, taken(), at(1));
    assert_eq!(flow.operation().words, "its effect (the answer: ok)", "an answer is not what is awaited");
    let orders = flow.see(Sight::Reached, at(4));
    assert_eq!(orders[1], Order::Record(What::Ended { done: true, words: String::new() }));
    assert_eq!(flow.operation().words, "took 4s");
}

#[test]
fn what_another_castellan_runs_is_looked_at_and_left_to_it() {
    let told = Told { lives: true, ..told(0, true, None, &[cordoned(), cordoned()]) };
    let mut flow = Workflow::left(&told);
    assert_eq!(flow.see(awaited(0.5), at(4)), []);
    assert_eq!((flow.operation().stage, flow.operation().share), (Stage::Watched, Some(0.5)));
    for sight in [Sight::Reached, Sight::Lost("gone".into()), Sight::Idle("not seen".into())] {
        assert_eq!(flow.see(sight, at(100)), [], "that one writes what becomes of it");
    }
    assert_eq!(flow.give_up(at(101)), []);
    assert_eq!(flow.operation().stage, Stage::Watched);
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
        1 => Just(partly()),
        1 => Just(Said::Unheard(text())),
    ];
    let sight = prop_oneof![
        4 => Just(Sight::Reached),
        3 => (0.0..1.0f64).prop_map(awaited),
        1 => Just(Sight::Unknown("silent".into())),
        1 => Just(Sight::Lost("gone".into())),
        1 => Just(Sight::Idle("not seen".into())),
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
        let ended = |o: &&Order| matches!(o, Order::Record(What::Ended { .. } | What::GivenUp { .. }));
        let ends = orders.iter().filter(ended).count();
        prop_assert_eq!(ends, usize::from(flow.operation().stage.is_over()));
    }
}
