use super::{super::tests::*, *};
use crate::{
    action::{
        Friction, Goal, Plan, Risk, Step, Write,
        task::{At, Next, Task},
    },
    domain::{
        kafka::{Committed, KafkaDelta},
        kubernetes::KubernetesDelta,
        snapshot::Snapshot,
    },
    world::{Fixture, Mood, NOW, SMALL, fixture},
};
use proptest::prelude::*;

fn billing() -> Object {
    Object::Group("billing".into())
}

/// `billing` with nobody in it and these commits.
fn idle(commits: &[(&str, i32, i64)]) -> Fixture {
    let commits = commits.iter().map(|(topic, partition, offset)| Committed {
        topic: (*topic).into(),
        partition: *partition,
        offset: *offset,
    });
    changed(|s| empty(s, commits.collect()))
}

fn empty(snapshot: &mut Snapshot, commits: Vec<Committed>) {
    let mut group = snapshot.kafka.groups["billing"].clone();
    (group.state, group.members) = (GroupState::Empty, vec![]);
    apply(snapshot, KafkaDelta::Groups { changed: vec![group], removed: vec![], at: NOW });
    let answers = vec![("billing".into(), Ok(commits))];
    apply(snapshot, KafkaDelta::Offsets { answers, at: NOW });
}

fn reset(world: &Fixture, object: Object, argument: &str) -> Result<Plan, String> {
    let argument = looked_up(world, "reset-offsets", std::slice::from_ref(&object), argument);
    plan(world, "reset-offsets", &[object], &argument)
}

/// What would be committed.
fn committed(plan: &Plan) -> Vec<(String, i32, i64)> {
    let [step] = &plan.steps[..] else { panic!("{plan:?}") };
    let Write::CommitOffsets { group, offsets } = &step.write else { panic!("{step:?}") };
    assert_eq!(step.until, Goal::Offsets { group: group.clone(), offsets: offsets.clone() });
    offsets.iter().map(|(topic, partition, offset)| (topic.to_string(), *partition, *offset)).collect()
}

#[test]
fn a_group_goes_to_the_place_that_is_typed() {
    let world = idle(&[("orders", 0, 20), ("orders", 1, 30)]);
    let end = |p| world.snapshot.kafka.end("orders", p).unwrap();
    let all = |a, b| vec![("orders".to_owned(), 0, a), ("orders".to_owned(), 1, b)];
    for (argument, wanted) in [
        ("earliest", all(5, 5)),
        ("latest", all(end(0), end(1))),
        ("+4", all(24, 34)),
        ("-4", all(16, 26)),
        // A shift beyond the log's beginning, and an offset beyond its end.
        ("-1000", all(5, 5)),
        ("99999999", all(end(0), end(1))),
        ("7", all(7, 7)),
        ("2h", all(end(0) - 10, end(1) - 10)),
        ("time:2026-01-01T10:00", all(end(0) - 10, end(1) - 10)),
        ("latest orders:1", vec![("orders".into(), 1, end(1))]),
        ("orders,0,9\norders,1,3\n", all(9, 5)),
        ("billing,orders,1,8", vec![("orders".into(), 1, 8)]),
    ] {
        let plan = reset(&world, billing(), argument).unwrap_or_else(|why| panic!("{argument}: {why}"));
        assert_eq!(committed(&plan), wanted, "{argument}");
        assert_eq!((plan.friction, plan.risk), (Friction::Name, Risk::Elevated));
    }
    let one = Object::GroupPartition("billing".into(), "orders".into(), 1);
    let plan = reset(&world, one, "earliest").unwrap();
    assert_eq!(committed(&plan), [("orders".to_owned(), 1, 5)], "a partition stands for itself");
    assert_eq!(plan.changes, [format!("orders-1  30 -> 5  lag {}", human::count(end(1) as u64 - 5))]);
    assert!(says(notes(&plan), "25 messages are read again"), "{:?}", plan.notes);
    assert_eq!(plan.undo.as_deref(), Some("orders,1,30"));
    let back = plan.undo.unwrap();
    let at_five = idle(&[("orders", 1, 5)]);
    assert_eq!(committed(&reset(&at_five, billing(), &back).unwrap()), [("orders".to_owned(), 1, 30)]);
}

#[test]
fn the_same_by_hand_is_kafkas_own_tool() {
    let world = idle(&[("orders", 0, 20)]);
    let by_hand = |argument: &str| {
        let plan = reset(&world, billing(), argument).unwrap();
        let line = plan.commands.last().unwrap().clone();
        line.split_once("--reset-offsets ").unwrap().1.to_owned()
    };
    assert_eq!(by_hand("earliest"), "--to-earliest --all-topics --execute");
    assert_eq!(
        by_hand("latest orders:0 orders:1"),
        "--to-latest --topic orders:0 --topic orders:1 --execute"
    );
    assert_eq!(by_hand("-3"), "--shift-by -3 --all-topics --execute");
    assert_eq!(by_hand("7"), "--to-offset 7 --all-topics --execute");
    assert_eq!(by_hand("90m"), "--by-duration PT90M --all-topics --execute");
    assert_eq!(by_hand("2d"), "--by-duration P2D --all-topics --execute");
    let datetime = "--to-datetime 2026-01-01T10:00:00.000 --all-topics --execute";
    assert_eq!(by_hand("time:2026-01-01T10:00"), datetime);
    assert_eq!(by_hand("orders,0,9"), "--from-file FILE --execute");
}

#[test]
fn what_is_no_place_is_said_to_be_none() {
    let world = idle(&[("orders", 0, 20)]);
    for (argument, why) in [
        ("", "type where to"),
        ("soon", "\"soon\" is no place in a log; type earliest, latest"),
        ("+x", "\"+x\" is no number to shift by"),
        ("time:soon", "\"time:soon\" is no time; type it as in time:2026-03-01T14:05, in UTC"),
        ("earliest nothing", "there is no topic \"nothing\""),
        ("earliest orders:x", "\"x\" is no partition of orders"),
        ("earliest orders:99", "not there: orders-99"),
        ("+5 payments:0", "nothing is committed on payments-0, which could be shifted"),
        ("20", "that is where group billing is already"),
        ("orders,0,9\norders,0,9", "line 2 names orders-0 again"),
        ("audit,orders,0,9", "line 1 is of group \"audit\", not of billing"),
        ("orders,0,x", "line 1 is not `topic,partition,offset`"),
        ("gone,0,1", "not there: gone-0"),
    ] {
        let said = reset(&world, billing(), argument).expect_err(argument);
        assert!(said.starts_with(why), "{argument:?}: {said}");
    }
    let said = reset(&idle(&[]), billing(), "earliest").unwrap_err();
    assert!(said.contains("has committed nothing that is known: name the topics"), "{said}");
}

/// A group that somebody is in would go on from where it is, whatever was committed.
#[test]
fn consumers_are_stopped_before_and_started_again() {
    let world = healthy();
    let plan = reset(&world, billing(), "earliest payments:0").unwrap();
    assert!(plan.steps.is_empty());
    let titles: Vec<String> = plan.tasks.iter().map(|task| task.part().title()).collect();
    assert_eq!(
        titles,
        [
            "scale Deployment shop/billing to 0, until group billing is Empty",
            "commit 1 offset of group billing",
            "scale Deployment shop/billing back to 2",
        ]
    );
    assert!(matches!(plan.tasks[..], [Task::StopConsumers(_), Task::Once(_), Task::StartConsumers(_)]));
    assert!(says(&plan.changes, "Deployment shop/billing: 2 -> 0 -> 2 replicas"), "{:?}", plan.changes);
    assert!(plan.commands[0].ends_with("--replicas 0") && plan.commands[2].ends_with("--replicas 2"));
    // It goes on committing while one reads the plan, which holds all the same.
    let on = changed(|s| {
        let mut commits = s.kafka.groups["billing"].offsets.last().unwrap().clone();
        commits.iter_mut().for_each(|commit| commit.offset -= 3);
        apply(s, KafkaDelta::Offsets { answers: vec![("billing".into(), Ok(commits))], at: NOW });
    });
    let argument = &plan.intent.argument;
    let later = super::super::tests::plan(&on, "reset-offsets", &[billing()], argument).unwrap();
    assert!(plan.holds(&later));
    let moving = reset(&world, billing(), "-10").unwrap_err();
    assert!(moving.contains("stop its consumers first, or name a place"), "{moving}");
}

/// What a runbook's task says is to be done, in a word.
fn next(world: &Fixture, task: &Task, done: &[Step], undo: bool) -> String {
    let known = known(world);
    let at = At { known: &known, done, resumed: None, since: NOW };
    match if undo { task.part().undo(&at) } else { task.part().next(&at) } {
        Next::Do(step) => step.title,
        Next::Wait(wait) => format!("wait: {}", wait.words),
        Next::Stop(why) => format!("stop: {why}"),
        Next::Done => "done".into(),
        Next::Unfold(_) => panic!("it unfolds"),
    }
}

/// `billing`'s Deployment at so many replicas, and its group in this state.
fn at(replicas: i32, state: GroupState) -> Fixture {
    changed(|s| {
        let key = crate::domain::kubernetes::Key::new("shop", "billing");
        let mut deployment = s.kubernetes.deployments.get(&key).unwrap().clone();
        deployment.replicas = replicas;
        apply(s, KubernetesDelta::Deployments(put(deployment)));
        if state == GroupState::Empty {
            empty(s, vec![]);
        }
    })
}

#[test]
fn consumers_stop_until_nobody_is_in_the_group_and_start_as_many_as_before() {
    let plan = reset(&healthy(), billing(), "earliest payments:0").unwrap();
    let [stop, _, start] = &plan.tasks[..] else { panic!("{:?}", plan.tasks) };
    let (running, leaving) = (at(2, GroupState::Stable), at(0, GroupState::Stable));
    let gone = at(0, GroupState::Empty);
    let (down, up) = ("scale Deployment shop/billing to 0", "scale Deployment shop/billing to 2");
    assert_eq!(next(&running, stop, &[], false), down);
    assert_eq!(next(&leaving, stop, &[], false), "wait: 2 members of group billing to leave");
    assert_eq!(next(&gone, stop, &[], false), "done");
    let Next::Do(step) =
        stop.part().next(&At { known: &known(&running), done: &[], resumed: None, since: NOW })
    else {
        panic!("it scales")
    };
    let done = [*step];
    let again = next(&running, stop, &done, false);
    assert!(again.starts_with("stop: somebody scaled Deployment shop/billing to 2 again"), "{again}");
    let resumed = At { known: &known(&running), done: &done, resumed: Some(1), since: NOW };
    assert!(matches!(stop.part().next(&resumed), Next::Do(_)), "the operator had it go on");
    assert_eq!(next(&gone, start, &[], false), up);
    assert_eq!(next(&running, start, &[], false), "done");
    // Aborted wherever it is, they run again.
    for task in [stop, start] {
        assert_eq!(next(&gone, task, &[], true), up);
        assert_eq!(next(&running, task, &[], true), "done");
    }
    assert!(next(&fixture(Mood::Stale, SMALL), stop, &[], false).starts_with("wait: "));
}

#[test]
fn members_that_nobody_can_stop_are_named() {
    let said = reset(&healthy(), Object::Group("group-0003".into()), "latest").unwrap_err();
    let why = "2 members of group group-0003 are no pod of a workload that castellan knows: stop them first \
               (client-0, client-1)";
    assert_eq!(said, why);
}

#[test]
fn groups_and_commits_that_are_in_use_stay() {
    let used = refused(&healthy(), "delete-group", billing(), "");
    assert_eq!(
        used,
        "group billing has 2 members; stop its consumers first: kubectl scale -n shop deployment/billing \
         --replicas 0 (and back to 2)"
    );
    let read = refused(&healthy(), "delete-offsets", billing(), "payments");
    assert!(read.starts_with("billing-5d8c7-0 reads payments for group billing: stop it first"), "{read}");
    let world = idle(&[("orders", 0, 20), ("orders", 1, 30), ("payments", 0, 1)]);
    let plan = made(&world, "delete-offsets", billing(), "orders");
    let partitions = vec![("orders".into(), 0), ("orders".into(), 1)];
    assert_eq!(plan.steps[0].write, Write::DeleteOffsets { group: "billing".into(), partitions });
    assert_eq!(plan.undo.as_deref(), Some("orders,0,20\norders,1,30"));
    let none = refused(&world, "delete-offsets", billing(), "orders clicks");
    assert_eq!(none, "group billing has committed nothing on clicks");
    let plan = made(&world, "delete-group", billing(), "");
    assert_eq!(plan.steps[0].write, Write::DeleteGroup { group: "billing".into() });
    assert_eq!((plan.friction, plan.risk), (Friction::Name, Risk::Loss));
}

proptest! {
    /// Whatever is typed, a group is never sent to where its logs are not, and nowhere it is already.
    #[test]
    fn a_reset_stays_within_the_logs(
        spot in "earliest|latest|[+-][0-9]{1,9}|[0-9]{1,9}|[1-9][smhd]", at in 0i64..100_000,
    ) {
        let world = idle(&[("orders", 0, at), ("orders", 1, 30)]);
        if let Ok(plan) = reset(&world, billing(), &spot) {
            for (topic, partition, offset) in committed(&plan) {
                let end = world.snapshot.kafka.end(&topic, partition).unwrap();
                prop_assert!((5..=end).contains(&offset), "{} of {}..{}", offset, 5, end);
                let before = [at, 30][partition as usize];
                prop_assert_ne!(offset, before);
            }
        }
    }
}
