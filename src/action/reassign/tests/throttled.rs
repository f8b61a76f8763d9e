//! Throttles that are there, and one of its own.

use super::*;
use crate::domain::{
    kafka::Throttle,
    throughput::{Metric, Subject, ThroughputDelta},
};

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
    let plan = super::plan(&world, "reassign", &[], shuffled).expect("a plan");
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
