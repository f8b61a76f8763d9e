use super::*;
use crate::{
    action::{
        Friction, Goal, Sight, Write, goal,
        task::{At, Next, Part, Task},
        tests::{apply, broker, changed, healthy, known, made, notes, plan, refused, says},
        write::Assignment,
    },
    domain::{
        kafka::{KafkaDelta, LogDir, LogDirs, Reassignment, ReplicaLog, Replicas, Throttle, Topic},
        snapshot::Snapshot,
        throughput::{Metric, Subject, ThroughputDelta},
    },
    world::{Fixture, Mood, NOW, SMALL, fixture},
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

fn moving(snapshot: &mut Snapshot, moves: Vec<Reassignment>) {
    apply(snapshot, KafkaDelta::Reassignments { answer: Ok(moves), at: NOW });
}

fn set(list: &[i32]) -> Replicas {
    list.iter().copied().map(BrokerId).collect()
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
fn a_file_is_checked_as_the_command_line_tool_checks_it() {
    let file = |lines: &str| format!(r#"{{"version":1,"partitions":[{lines}]}}"#);
    let line = |rest: &str| file(&format!(r#"{{"topic":"orders","partition":0,{rest}}}"#));
    let cases = [
        ("{".to_string(), "this is not the JSON of kafka-reassign-partitions"),
        (r#"{"partitions":[]}"#.into(), "not of version 1"),
        (r#"{"version":2,"partitions":[]}"#.into(), "not of version 1"),
        (file(""), "names no partition"),
        (line(r#""replicas":[]"#), "gives orders-0 no replicas"),
        (line(r#""replicas":[1,1]"#), "puts two replicas of orders-0 on broker 1"),
        (line(r#""replicas":[1,9]"#), "puts orders-0 on broker 9, which is not registered"),
        (line(r#""replicas":[1,2],"log_dirs":["any"]"#), "not as many log dirs as replicas"),
        (line(r#""replicas":[1],"log_dirs":["/data"]"#), "castellan does not choose log dirs"),
        (line(r#""replicas":[0,1,2]"#), "every replica is where it is wanted already"),
        (file(r#"{"topic":"no","partition":0,"replicas":[1]}"#), "there is no partition no-0"),
        (file(r#"{"topic":"orders","partition":7,"replicas":[1]}"#), "there is no partition orders-7"),
        (
            file(
                r#"{"topic":"orders","partition":0,"replicas":[1]},{"topic":"orders","partition":0,"replicas":[2]}"#,
            ),
            "names orders-0 twice",
        ),
        (
            file("{\"topic\":\"\\u001b[31m\\nx\",\"partition\":0,\"replicas\":[1]}"),
            r#"there is no partition "\u{1b}[31m\nx"-0"#,
        ),
    ];
    for (text, words) in cases {
        let why = plan(&healthy(), "reassign", &[], &text).expect_err(&text);
        assert!(why.contains(words), "{text}: {why}");
        assert!(!why.chars().any(char::is_control), "{why:?}");
    }
    let reordered = plan(&healthy(), "reassign", &[], &line(r#""replicas":[2,1,0]"#)).expect("a plan");
    assert_eq!(reordered.changes, ["orders-0  [0,1,2] -> [2,1,0]"]);
    assert_eq!(reordered.amounts, ["nothing is copied"]);
    let fewer = plan(&healthy(), "reassign", &[], &line(r#""replicas":[0,1]"#)).expect("a plan");
    assert!(says(notes(&fewer), "left with no replica to spare above min ISR"));
}

#[test]
fn what_generate_prints_is_taken_for_what_it_proposes() {
    let file = |replicas: &str| {
        format!(r#"{{"version":1,"partitions":[{{"topic":"orders","partition":0,"replicas":{replicas}}}]}}"#)
    };
    let printed = format!(
        "Current partition replica assignment\n{}\n\nProposed partition reassignment configuration\n{}\n",
        file("[0,1,2]"),
        file("[3,1,2]")
    );
    let proposed = plan(&four(), "reassign", &[], &printed).expect("a plan");
    assert_eq!(proposed.changes, ["orders-0  [0,1,2] -> [3,1,2]  +3 -0"]);
    let bare = format!("{}\n{}", file("[0,1,2]"), file("[3,1,2]"));
    assert_eq!(plan(&four(), "reassign", &[], &bare).expect("a plan").changes, proposed.changes);
}

#[test]
fn what_is_wrong_with_a_long_text_is_said_in_short() {
    let long = "x".repeat(5_000);
    for text in [long.clone(), format!("{{\"version\":\"{long}\",\"partitions\":[]}}")] {
        let why = plan(&four(), "reassign", &[], &text).expect_err("no reassignment");
        assert!(why.len() < 250, "{why}");
    }
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

/// orders-0 goes to broker 3, which may take 1 KiB/s, its leader giving what it can.
fn throttled(replicas: &str, follower: Option<u64>) -> Fixture {
    changed(|s| {
        with_fourth(s);
        change(s, "orders", |topic| {
            let config = topic.config.as_mut().expect("a configuration");
            config.overrides = vec![("follower.replication.throttled.replicas".into(), replicas.into())];
        });
        let answer = Ok(Throttle { leader: None, follower });
        apply(s, KafkaDelta::Throttle { broker: BrokerId(3), answer, at: NOW });
    })
}

#[test]
fn a_throttle_that_slows_the_move_is_named_with_how_long_it_takes() {
    let free = "not throttled: it copies as fast as disks and network go";
    let plan = |world: &Fixture| made(world, "reassign", partition("orders", 0), "to 1,2,3");
    for replicas in ["*", "5:1,0:3"] {
        let plan = plan(&throttled(replicas, Some(1024)));
        let line = "throttled by follower.replication.throttled.rate 1024 B/s (1.00 KiB/s) of broker 3";
        assert!(says(notes(&plan), line) && !says(notes(&plan), free), "{:?}", plan.notes);
        // 1 MiB at 1 KiB/s takes 1024 seconds.
        assert!(says(&plan.amounts, "17m at the least"), "{:?}", plan.amounts);
    }
    for (replicas, rate) in [("", Some(1024)), ("0:1,1:3", Some(1024)), ("*", None)] {
        assert!(says(notes(&plan(&throttled(replicas, rate))), free), "{replicas:?} {rate:?}");
    }
    let unread = changed(|s| {
        with_fourth(s);
        let orders = Topic { config: None, ..s.kafka.topics["orders"].clone() };
        for (changed, removed) in [(vec![], vec!["orders".into()]), (vec![orders], vec![])] {
            apply(s, KafkaDelta::Topics { changed, removed, at: NOW });
        }
    });
    let plan = plan(&unread);
    assert!(says(&plan.unknown, "whether orders is throttled") && !says(notes(&plan), free));
}

#[test]
fn arguments_that_make_no_sense_are_answered_with_what_would() {
    for (argument, words) in [
        ("to", "\"to\" says nothing about brokers"),
        ("to ,", "type the ids of brokers"),
        ("to 1,x", "\"x\" is not the id of a broker"),
        ("to 1,1", "broker 1 is named twice"),
        ("to 9", "there is no broker 9; there are 0, 1, 2"),
        ("off \u{7}", "\"\\u{7}\" is not the id of a broker"),
        ("somewhere", "\"somewhere\" says nothing about brokers"),
        ("to 1,2", "has 3 replicas and only 2 brokers may hold one; the same holds for 6 other partitions"),
    ] {
        let why = refused(&healthy(), "reassign", topic("orders"), argument);
        assert!(why.contains(words), "{argument:?}: {why}");
        assert!(!why.chars().any(char::is_control));
    }
    let why = plan(&healthy(), "reassign", &[], "").expect_err("nothing is selected");
    assert_eq!(why, "select partitions, topics or a broker first, or type `off 4`");
    assert_eq!(refused(&healthy(), "reassign", topic("gone"), "off 1"), "there is no topic gone any more");
    assert_eq!(
        refused(&healthy(), "reassign", partition("orders", 70), "off 1"),
        "there is no partition orders-70 any more"
    );
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
fn preferred_leaders_are_elected_where_they_are_in_sync() {
    let world = changed(|s| {
        change(s, "orders", |topic| {
            topic.partitions[0].leader = Some(BrokerId(1));
            topic.partitions[1].leader = Some(BrokerId(2));
            topic.partitions[1].isr = set(&[2, 0]);
        });
    });
    let plan = made(&world, "elect", topic("orders"), "");
    assert_eq!(plan.changes, ["orders-0  leader 1 -> 0"]);
    assert!(says(notes(&plan), "broker 1 is not in sync and cannot lead orders-1"));
    assert_eq!(made(&world, "elect", broker(0), "").changes, plan.changes);
    assert_eq!(refused(&world, "elect", broker(1), ""), "broker 1 is not in sync and cannot lead orders-1");
    let why = refused(&world, "elect", topic("clicks"), "");
    assert_eq!(why, "every partition of clicks is led by its preferred leader already");
    let elect = crate::action::find("elect").expect("a verb");
    let why = "every partition that broker 2 is the preferred leader of is led by it already";
    assert_eq!((elect.takes)(&known(&world), Some(&broker(2))), Err(why.into()));
    assert_eq!(refused(&world, "elect", broker(2), ""), why);
    let goal = &plan.steps[0].until;
    let Sight::Awaited { words, .. } = goal::look(goal, &known(&world)) else { panic!("not awaited") };
    assert_eq!(words, "0 of 1 partition led by the preferred leader");
    assert_eq!(goal::look(goal, &known(&healthy())), Sight::Reached);
}

/// Bytes a second that are written to a topic.
fn written(s: &mut Snapshot, topic: &str, rate: f64) {
    let points = vec![(Metric::BytesIn, Subject::Topic(topic.into()), vec![(NOW, rate)])];
    apply(s, ThroughputDelta::Points { points, at: NOW });
}

fn known_rates(s: &mut Snapshot) {
    with_fourth(s);
    for id in 0..4 {
        apply(s, KafkaDelta::Throttle { broker: BrokerId(id), answer: Ok(Throttle::default()), at: NOW });
    }
}

#[test]
fn a_throttle_of_its_own_is_told_with_how_long_it_takes() {
    let world = changed(|s| {
        known_rates(s);
        written(s, "orders", 70.0);
    });
    let plan = made(&world, "reassign", topic("orders"), "to 1,2,3 at 10KiB");
    assert_eq!(
        (plan.title.as_str(), plan.asks()),
        ("reassign 7 partitions of orders to brokers 1, 2, 3", Friction::Yes)
    );
    assert_eq!(plan.tasks[0].part().title(), "move 7 replicas at 10.0 KiB/s");
    assert!(
        says(notes(&plan), "throttled at 10240 B/s (10.0 KiB/s) that a broker gives"),
        "{:?}",
        plan.notes
    );
    // Broker 3 gets 7 MiB, all others give less.
    assert!(says(&plan.amounts, "11m at the least, at 10.0 KiB/s a broker"), "{:?}", plan.amounts);
    assert!(says(&plan.commands, "--execute --throttle 10240"));
    assert_eq!(plan.unknown, [""; 0]);
    let none = made(&world, "reassign", topic("orders"), "to 1,2,3 at none");
    assert_eq!(none.tasks, made(&world, "reassign", topic("orders"), "to 1,2,3").tasks);
    let why = refused(&world, "reassign", topic("orders"), "to 1,2,3 at 50");
    assert!(why.starts_with("50 of what? type the rate with its unit"), "{why}");
    // What only changes its leader is not copied.
    let shuffled =
        r#"{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[2,1,0]}]} at 1MiB"#;
    let plan = super::super::tests::plan(&world, "reassign", &[], shuffled).expect("a plan");
    assert_eq!((plan.amounts[0].as_str(), plan.refusals.len()), ("nothing is copied", 0));
}

#[test]
fn a_throttle_under_what_is_written_is_refused_with_the_arithmetic() {
    // 700 KiB/s on seven partitions: five of them at once are written at 500 KiB/s.
    let world = changed(|s| {
        known_rates(s);
        written(s, "orders", f64::from(700 << 10));
    });
    let at = |rate: &str| made(&world, "reassign", topic("orders"), &format!("to 1,2,3 at {rate}"));
    let plan = at("400KiB");
    let line = "as much or more is written to what broker 3 gets at once than 400 KiB/s lets through";
    assert!(says(&plan.refusals, line), "{:?}", plan.refusals);
    assert!(says(&plan.amounts, "written to what broker 3 gets at once: 500 KiB/s, the throttle: 400 KiB/s"));
    assert_eq!(plan.asks(), Friction::ContextAndName);
    assert_eq!(at("600KiB").refusals, [""; 0]);
    // Without the topic's the leader's own tells.
    let world = changed(|s| {
        known_rates(s);
        let points = (0..3).map(|id| {
            let rate = f64::from(s.kafka.census.broker(BrokerId(id)).leaders) * f64::from(100 << 10);
            (Metric::BytesIn, Subject::Broker(BrokerId(id)), vec![(NOW, rate)])
        });
        let points = points.collect();
        for series in s.throughput.series.keys().cloned().collect::<Vec<_>>() {
            s.throughput.series.remove(&series);
        }
        apply(s, ThroughputDelta::Points { points, at: NOW });
    });
    assert!(!made(&world, "reassign", topic("orders"), "to 1,2,3 at 400KiB").refusals.is_empty());
    let unmeasured = changed(|s| {
        known_rates(s);
        apply(s, ThroughputDelta::Reset);
    });
    let plan = made(&unmeasured, "reassign", topic("orders"), "to 1,2,3 at 400KiB");
    assert!(says(notes(&plan), "how much is written to orders is not measured"), "{:?}", plan.notes);
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
