//! What moves already: it is followed, cancelled and left alone.

use super::*;
use crate::{
    action::{Goal, Write, goal, workflow::Workflow, write::Assignment},
    domain::{
        kafka::{LogDirs, Reassignment, ReplicaLog, Throttle},
        snapshot::Delta,
    },
    world::{Mood, SMALL, fixture},
};

fn moving(snapshot: &mut Snapshot, moves: Vec<Reassignment>) {
    apply(snapshot, KafkaDelta::Reassignments { answer: Ok(moves), at: NOW });
}

/// orders-0 going from [0,1,2] to [3,1,2].
fn orders_0_to_3() -> Reassignment {
    Reassignment {
        topic: "orders".into(),
        partition: 0,
        replicas: set(&[3, 0, 1, 2]),
        adding: set(&[3]),
        removing: set(&[0]),
    }
}

#[test]
fn a_partition_that_moves_already_is_refused_and_others_are_said() {
    let world = changed(|s| {
        with_fourth(s);
        moving(s, vec![orders_0_to_3()]);
    });
    let same = made(&world, "reassign", partition("orders", 0), "to 1,2,3");
    assert!(says(&same.refusals, "1 partition is being reassigned already: orders-0; wait, or cancel"));
    let other = made(&world, "reassign", partition("orders", 1), "to 1,2,3");
    assert!(other.refusals.is_empty() && says(notes(&other), "1 other partition being reassigned meanwhile"));
}

#[test]
fn what_nothing_in_this_journal_does_is_told() {
    let words = "and nothing in this journal does that";
    let told = |world: &Fixture| {
        let plan = made(world, "reassign", partition("orders", 1), "to 1,2,3 at 50MiB");
        notes(&plan).into_iter().filter(|note| note.contains(words)).collect::<Vec<_>>()
    };
    let moves = |s: &mut Snapshot| {
        with_fourth(s);
        moving(s, vec![orders_0_to_3()]);
    };
    let said = told(&changed(moves));
    assert!(
        said.len() == 1 && said[0].starts_with("partitions are being reassigned, and nothing"),
        "{said:?}"
    );
    let throttled = |s: &mut Snapshot| {
        with_fourth(s);
        let answer = Ok(Throttle { leader: Some(1024), follower: None });
        apply(s, KafkaDelta::Throttle { broker: BrokerId(2), answer, at: NOW });
    };
    let said = told(&changed(throttled));
    assert!(said.len() == 1 && said[0].starts_with("broker 2 is throttled, and nothing"), "{said:?}");
    assert_eq!(told(&changed(with_fourth)), [""; 0]);
    let ours = changed(|s| {
        moves(s);
        let plan = made(&changed(moves), "cancel-reassignment", partition("orders", 0), "");
        let operation = Workflow::begin("id".into(), &plan, NOW).0.operation().clone();
        s.apply(Delta::Operation(operation));
    });
    assert_eq!(told(&ours), [""; 0], "it may be ours");
}

#[test]
fn a_reassignment_is_cancelled_unless_only_the_added_are_in_sync() {
    let world = changed(|s| {
        with_fourth(s);
        moving(s, vec![orders_0_to_3()]);
    });
    let plan = made(&world, "cancel-reassignment", partition("orders", 0), "");
    assert_eq!(plan.changes, ["orders-0  [0,1,2] stays, 3 is not added"]);
    assert_eq!((plan.title.as_str(), plan.asks()), ("cancel the reassignment of orders-0", Friction::Yes));
    let Write::Reassign { partitions, .. } = &plan.steps[0].write else { panic!("{plan:?}") };
    assert_eq!(partitions[0].replicas, None);
    assert!(plan.undo.is_some_and(|undo| undo.contains("\"replicas\":[3,1,2]")));
    for object in [broker(3), topic("orders")] {
        assert_eq!(made(&world, "cancel-reassignment", object, "").changes.len(), 1);
    }
    assert_eq!(
        refused(&world, "cancel-reassignment", topic("clicks"), ""),
        "nothing of topic clicks is being reassigned"
    );
    let unclean = changed(|s| {
        with_fourth(s);
        change(s, "orders", |topic| topic.partitions[0].isr = set(&[3]));
        moving(s, vec![orders_0_to_3()]);
    });
    let plan = made(&unclean, "cancel-reassignment", partition("orders", 0), "");
    assert_eq!((plan.risk, plan.asks()), (Risk::Outage, Friction::ContextAndName));
    assert!(says(&plan.refusals, "would need an unclean election, which loses data, for orders-0"));
}

#[test]
fn progress_is_told_by_bytes() {
    let to = Assignment { topic: "orders".into(), partition: 0, replicas: Some(ids(&[3, 1, 2])) };
    let goal = &Goal::Reassigned { partitions: vec![to.clone()] };
    let begun = |world: &Fixture| goal::look(&Goal::Begun { partitions: vec![to.clone()] }, &known(world));
    let at = |bytes: u64| {
        changed(|s| {
            with_fourth(s);
            moving(s, vec![orders_0_to_3()]);
            let log = ReplicaLog { partition: 0, bytes, lag: 0, future: false };
            let logs = LogDirs { dirs: vec![], replicas: [("orders".into(), vec![log])].into() };
            apply(s, KafkaDelta::LogDirs { broker: BrokerId(3), answer: Ok(logs), at: NOW });
        })
    };
    let sight = |world: &Fixture| goal::look(goal, &known(world));
    let awaited = |words: &str, share| Sight::Awaited { words: words.into(), share: Some(share) };
    let idle = Sight::Idle("0 of 1 partition in place; not moving: orders-0".into());
    assert_eq!(sight(&four()), idle);
    assert_eq!(begun(&four()), Sight::Idle("the move of orders-0 to be listed".into()));
    assert_eq!(begun(&at(1)), Sight::Reached);
    assert_eq!(sight(&at(1 << 18)), awaited("0 of 1 partition in place, 25% of the bytes", 0.25));
    // The log may have grown on the new broker since the leader told its size.
    assert_eq!(sight(&at(1 << 21)), awaited("0 of 1 partition in place, 100% of the bytes", 1.0));
    let done = changed(|s| {
        with_fourth(s);
        change(s, "orders", |topic| topic.partitions[0].replicas = set(&[3, 1, 2]));
    });
    assert_eq!((sight(&done), begun(&done)), (Sight::Reached, Sight::Reached));
    let deleted = changed(|s| {
        apply(s, KafkaDelta::Topics { changed: vec![], removed: vec!["orders".into()], at: NOW });
    });
    assert_eq!(sight(&deleted), Sight::Lost("orders-0 is gone: its topic was deleted".into()));
    assert!(matches!(sight(&fixture(Mood::Stale, SMALL)), Sight::Unknown(_)));

    let cancelled = Goal::Reassigned {
        partitions: vec![Assignment { topic: "orders".into(), partition: 0, replicas: None }],
    };
    assert_eq!(goal::look(&cancelled, &known(&healthy())), Sight::Reached);
    assert!(matches!(goal::look(&cancelled, &known(&at(1))), Sight::Awaited { .. }));
}
