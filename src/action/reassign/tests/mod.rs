//! The plan of a reassignment: what it moves, and what it says of it.

mod elected;
mod throttled;
mod typed;
mod under_way;

use super::*;
use crate::{
    action::{
        Friction, Sight,
        task::{At, Next, Part, Task},
        tests::{apply, broker, changed, healthy, known, made, notes, plan, refused, says},
    },
    domain::{
        kafka::{KafkaDelta, LogDir, Replicas, Topic},
        snapshot::Snapshot,
    },
    world::{Fixture, NOW},
};

fn ids(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().copied().map(BrokerId).collect()
}

fn topic(name: &str) -> Object {
    Object::Topic(name.into())
}

fn partition(name: &str, index: i32) -> Object {
    Object::Partition(name.into(), index)
}

/// A fourth broker that holds nothing, in the zone of the first.
fn with_fourth(snapshot: &mut Snapshot) {
    let racks = ["zone-a", "zone-b", "zone-c", "zone-a"];
    let brokers = (0..4).map(|i| {
        let host = format!("kafka-{i}.kafka-brokers.kafka.svc").into();
        (BrokerId(i), host, 9092, Some(racks[i as usize].into()))
    });
    let brokers = brokers.collect();
    apply(snapshot, KafkaDelta::Cluster { id: None, controller: None, brokers, at: NOW });
    disk(snapshot, 3, 60 << 30);
}

fn disk(snapshot: &mut Snapshot, broker: i32, usable: u64) {
    let mut logs = snapshot.kafka.brokers[&BrokerId(broker)].log_dirs.last().cloned().unwrap_or_default();
    logs.dirs = vec![LogDir {
        path: "/data".into(),
        total: Some(100 << 30),
        usable: Some(usable),
        used: 0,
        error: None,
    }];
    apply(snapshot, KafkaDelta::LogDirs { broker: BrokerId(broker), answer: Ok(logs), at: NOW });
}

fn four() -> Fixture {
    changed(with_fourth)
}

fn change(snapshot: &mut Snapshot, name: &str, change: impl Fn(&mut Topic)) {
    let mut topic = snapshot.kafka.topics[name].clone();
    change(&mut topic);
    apply(snapshot, KafkaDelta::Topics { changed: vec![topic], removed: vec![], at: NOW });
}

fn set(list: &[i32]) -> Replicas {
    list.iter().copied().map(BrokerId).collect()
}

#[test]
fn a_topic_is_moved_to_chosen_brokers_and_the_plan_says_all_of_it() {
    let plan = made(&four(), "reassign", topic("orders"), "to 1,2,3");
    assert_eq!(plan.title, "reassign 7 partitions of orders to brokers 1, 2, 3");
    assert_eq!(plan.changes[0], "orders-0  [0,1,2] -> [3,1,2]  +3 -0");
    assert_eq!(plan.changes[1], "orders-1  [1,2,0] -> [1,2,3]  +3 -0");
    assert_eq!(plan.amounts[0], "7.00 MiB to move in all, in 7 replicas");
    assert!(
        says(&plan.amounts, "broker 3: +7.00 MiB -0 B") && says(&plan.amounts, "broker 0: +0 B -7.00 MiB")
    );
    assert_eq!((plan.risk, plan.asks(), plan.name.as_str()), (Risk::Low, Friction::Yes, "orders"));
    // Broker 0 leads three of the seven now.
    assert_eq!(plan.radius.leaderless.len(), 3);
    assert_eq!(the_move(&plan).legs[0].to, ids(&[3, 1, 2]));
    assert_eq!((the_move(&plan).rate, plan.steps.len()), (None, 0));
    assert!(says(&plan.commands, "--reassignment-json-file plan.json --execute"));
}

/// The task that makes the changes.
fn the_move(plan: &Plan) -> &Move {
    let [Task::Move(task)] = &plan.tasks[..] else { panic!("{plan:?}") };
    task
}

#[test]
fn a_topic_that_was_created_anew_is_another_and_what_was_done_to_the_old_one_is_lost() {
    let anew = changed(|s| {
        with_fourth(s);
        change(s, "orders", |topic| topic.id = Some("another".into()));
    });
    let seen = made(&four(), "reassign", topic("orders"), "to 1,2,3");
    let again = made(&anew, "reassign", topic("orders"), "to 1,2,3");
    assert_eq!(seen.changes, again.changes, "it looks the same");
    assert!(!seen.holds(&again), "and is not");
    let at = |world: &Fixture| {
        let known = known(world);
        the_move(&seen).next(&At { known: &known, done: &[], resumed: None, since: NOW })
    };
    let Next::Do(step) = at(&four()) else { panic!("it waits") };
    assert_eq!(step.write.pins(), [(&"orders".into(), Some(&"id-of-orders".into()))]);
    let replaced = |world: &Fixture| crate::action::topics::goal::replaced(&known(world), &step.write);
    assert_eq!(replaced(&four()), None);
    assert_eq!(replaced(&anew), Some(Sight::Lost("topic orders was deleted and created anew".into())));
    assert_eq!(at(&anew), Next::Done, "nothing is left of what was to be moved");
}

#[test]
fn the_undo_is_a_plan_that_puts_it_back() {
    let there = made(&four(), "reassign", topic("orders"), "to 1,2,3");
    let undo = there.undo.clone().expect("an undo");
    assert!(undo.starts_with(
        "{\"version\":1,\"partitions\":[\n{\"topic\":\"orders\",\"partition\":0,\"replicas\":[0,1,2]},\n"
    ));
    let moved = changed(|s| {
        with_fourth(s);
        change(s, "orders", |topic| {
            for p in &mut topic.partitions {
                p.replicas = set(&[3, 1, 2]);
            }
        });
    });
    let back = plan(&moved, "reassign", &[], &undo).expect("a plan");
    assert_eq!(back.changes[0], "orders-0  [3,1,2] -> [0,1,2]  +0 -3");
    assert_eq!(back.changes.len(), 7);
}

#[test]
fn everything_goes_off_a_broker() {
    let world = four();
    let by_argument = plan(&world, "reassign", &[], "off 2").expect("a plan");
    assert_eq!(by_argument.changes.len(), 42);
    assert!(says(&by_argument.amounts, "broker 3: +42.0 MiB"));
    assert_eq!(made(&world, "reassign", broker(2), "").changes, by_argument.changes);
    assert_eq!(made(&world, "reassign", broker(2), "to 3").changes, by_argument.changes);
    let one = made(&world, "reassign", partition("orders", 0), "off 2");
    assert_eq!(one.changes, ["orders-0  [0,1,2] -> [0,1,3]  +3 -2"]);
    assert!(says(notes(&one), "1 partition in fewer racks afterwards: orders-0"));
    assert_eq!(
        refused(&healthy(), "reassign", partition("orders", 0), "off 2"),
        "orders-0 has 3 replicas and only 2 brokers may hold one"
    );
}

#[test]
fn what_is_away_is_replaced_and_what_is_well_stays() {
    assert!(refused(&healthy(), "reassign", topic("orders"), "").starts_with("every replica is on a broker"));
    let away = changed(|s| {
        with_fourth(s);
        let brokers = [0, 2, 3].map(|i| (BrokerId(i), format!("h{i}").into(), 9092, None)).into();
        apply(s, KafkaDelta::Cluster { id: None, controller: None, brokers, at: NOW });
    });
    let plan = made(&away, "reassign", partition("orders", 1), "");
    assert_eq!(plan.changes, ["orders-1  [1,2,0] -> [3,2,0]  +3 -1"]);
    // Emptying another broker leaves the replicas of one that is away where they are.
    let off = made(&away, "reassign", partition("orders", 1), "off 2");
    assert_eq!(off.changes, ["orders-1  [1,2,0] -> [1,0,3]  +3 -2"]);
    assert!(refused(&away, "reassign", topic("orders"), "to 0,1,2").contains("broker 1 is not registered"));
}

#[test]
fn racks_are_mended_where_the_planner_decides() {
    let world = changed(|s| {
        with_fourth(s);
        change(s, "orders", |topic| topic.partitions[0].replicas = set(&[0, 3, 1]));
    });
    let plan = made(&world, "reassign", topic("orders"), "");
    assert_eq!(plan.changes, ["orders-0  [0,3,1] -> [0,1,2]  +2 -3"]);
}

#[test]
fn no_disk_goes_past_its_limit() {
    let full = changed(|s| {
        with_fourth(s);
        disk(s, 3, 15 << 30);
    });
    assert_eq!(
        refused(&full, "reassign", partition("orders", 0), "to 1,2,3"),
        "no broker has room for orders-0 (1.00 MiB) below the limit of its disks"
    );
    let json = r#"{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[3,1,2]}]}"#;
    let plan = plan(&full, "reassign", &[], json).expect("a plan");
    assert_eq!(plan.refusals, ["the disks of broker 3 would be 85% full, over the limit of 85%"]);
    let unknown = changed(|s| {
        with_fourth(s);
        let answer = Err("connection refused".into());
        apply(s, KafkaDelta::LogDirs { broker: BrokerId(3), answer, at: NOW });
    });
    let plan = made(&unknown, "reassign", partition("orders", 0), "to 1,2,3");
    assert_eq!(plan.unknown, ["how full the disks of broker 3 are"]);
    assert_eq!((plan.risk, plan.asks()), (Risk::Elevated, Friction::Name));
}

#[test]
fn fewer_replicas_are_told_and_ask_for_the_name() {
    let to = |replicas: &str| {
        let line = format!(r#"{{"topic":"orders","partition":0,"replicas":{replicas}}}"#);
        let file = format!(r#"{{"version":1,"partitions":[{line}]}}"#);
        plan(&four(), "reassign", &[], &file).expect("a plan")
    };
    let one = to("[0]");
    assert_eq!(one.changes, ["orders-0  [0,1,2] -> [0]  -1 -2  RF 3 -> 1"]);
    assert_eq!((one.risk, one.asks()), (Risk::Elevated, Friction::Name));
    assert_eq!(one.radius.unprotected, [("orders".into(), 0)]);
    assert!(says(notes(&one), "RF 3 -> 1: 1 partition with fewer replicas afterwards: orders-0"));
    let more = to("[0,1,2,3]");
    assert_eq!(more.changes, ["orders-0  [0,1,2] -> [0,1,2,3]  +3  RF 3 -> 4"]);
    assert_eq!((more.risk, more.asks()), (Risk::Low, Friction::Yes));
    assert!(more.radius.is_empty());
}
