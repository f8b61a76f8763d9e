use super::*;
use crate::{
    action::{
        Friction, Goal, Risk, Sight, Write,
        goal::look,
        journal::Record,
        tests::{apply, changed, healthy, known, made, notes, plan, refused, says},
        write::{ConfigChange, ConfigHow, ConfigOf, Content},
    },
    domain::{
        kafka::{BrokerId, KafkaDelta, Replicas, TopicConfig},
        snapshot::Snapshot,
        throughput::{Metric, Subject, ThroughputDelta},
    },
    world::{Fixture, Mood, NOW, SMALL, fixture},
};

fn orders() -> Object {
    Object::Topic("orders".into())
}

fn create(argument: &str) -> Result<crate::action::Plan, String> {
    plan(&healthy(), "create-topic", &[], argument)
}

fn change(snapshot: &mut Snapshot, change: impl Fn(&mut Topic)) {
    let mut topic = snapshot.kafka.topics["orders"].clone();
    change(&mut topic);
    apply(snapshot, KafkaDelta::Topics { changed: vec![topic], removed: vec![], at: NOW });
}

fn configured(change_config: impl Fn(&mut TopicConfig)) -> Fixture {
    changed(|s| change(s, |topic| change_config(topic.config.as_mut().expect("a configuration"))))
}

#[test]
fn a_topic_is_created_as_typed() {
    let plan = create("refunds partitions=6 rf=3 retention.ms=86400000 cleanup.policy=compact,delete")
        .expect("a plan");
    assert_eq!((plan.title.as_str(), plan.name.as_str()), ("create topic refunds", "refunds"));
    assert_eq!(
        plan.changes,
        [
            "topic refunds with 6 partitions of 3 replicas",
            "retention.ms = 86400000",
            "cleanup.policy = compact,delete"
        ]
    );
    let Write::CreateTopic { partitions, replication, .. } = &plan.steps[0].write else { panic!("{plan:?}") };
    assert_eq!((*partitions, *replication), (6, 3));
    assert_eq!(
        plan.commands,
        ["kafka-topics.sh --bootstrap-server kafka-0.kafka-brokers.kafka.svc:9092 --create --topic refunds \
          --partitions 6 --replication-factor 3 --config retention.ms=86400000 \
          --config cleanup.policy=compact,delete"]
    );
    for (argument, words) in [
        ("x", "topic x with as many partitions and replicas as is the brokers' default"),
        ("x rf=1", "topic x with as many partitions as is the brokers' default, of 1 replica"),
        ("x partitions=1", "topic x with 1 partition, with as many replicas as is the brokers' default"),
        ("x partitions=200000 rf=1", "topic x with 200000 partitions of 1 replica"),
    ] {
        assert_eq!(create(argument).expect("a plan").changes, [words]);
    }
    let plan = create("refunds").expect("a plan");
    let Write::CreateTopic { partitions, replication, .. } = &plan.steps[0].write else { panic!("{plan:?}") };
    assert_eq!((*partitions, *replication), (-1, -1), "the brokers' defaults");
    assert!(says(notes(&create("x rf=1").expect("a plan")), "offline whenever its broker is"));
    assert!(says(notes(&create("x rf=2 min.insync.replicas=2").expect("a plan")), "no broker may go"));
    assert_eq!(create("x partitions=5000").expect("a plan").asks(), Friction::Name);
}

#[test]
fn a_topic_that_cannot_be_is_refused_in_a_sentence() {
    let long = "x".repeat(250);
    for (argument, words) in [
        ("", "type the topic's name first"),
        ("orders", "topic orders exists already"),
        ("partitions=6 refunds", "the topic's name comes first"),
        ("re/funds", "\"re/funds\" is no name of a topic"),
        ("\u{1b}]0;x\u{7}", "is no name of a topic"),
        ("..", "a topic cannot be called .."),
        ("__consumer.offsets", "differs from __consumer_offsets by dots and underscores only"),
        ("x partitions=0", "\"0\" is not a number of partitions"),
        ("x rf=many", "\"many\" is not a number of replicas"),
        ("x rf=4", "4 replicas need as many brokers, and there are 3"),
        ("x retention.m=4", "did you mean retention.ms?"),
        ("x partitions=1 partitions=2", "partitions is given twice"),
        ("x rf=1 replication-factor=2", "replication-factor is given twice"),
        ("x retention.ms=-5", "retention.ms is at least -1, not -5"),
        ("x retention.ms=4 retention.ms=5", "retention.ms is given twice"),
        ("x retention.ms-", "a new topic has no retention.ms that could be unset"),
        (&long, "the name has 250 characters"),
    ] {
        let why = create(argument).expect_err(argument);
        assert!(why.contains(words), "{argument:?}: {why}");
        assert!(!why.chars().any(char::is_control), "{why:?}");
    }
    let why = plan(&fixture(Mood::Pending, SMALL), "create-topic", &[], "x").expect_err("no broker");
    assert_eq!(why, "no Kafka broker is known yet");
}

#[test]
fn partitions_are_added_with_a_word_about_keys() {
    let plan = made(&healthy(), "add-partitions", orders(), "12");
    assert_eq!(plan.changes, ["orders: 7 -> 12 partitions"]);
    assert!(says(notes(&plan), "keys map to other partitions") && !says(notes(&plan), "compacted"));
    let compacted = configured(|c| c.cleanup = "compact".into());
    assert!(says(notes(&made(&compacted, "add-partitions", orders(), "12")), "it is compacted"));
    for (argument, words) in
        [("7", "orders has 7 already"), ("3", "cannot have fewer"), ("x\u{7}", "\"x\\u{7}\"")]
    {
        assert!(refused(&healthy(), "add-partitions", orders(), argument).contains(words));
    }
    let internal = Object::Topic("__consumer_offsets".into());
    assert!(
        refused(&healthy(), "add-partitions", internal, "12")
            .starts_with("__consumer_offsets is Kafka's own")
    );
}

#[test]
fn settings_change_and_the_undo_puts_them_back() {
    let world = configured(|c| c.overrides = vec![("retention.ms".into(), "604800000".into())]);
    let plan = made(&world, "alter-config", orders(), "segment.ms=60000 retention.ms=-1");
    assert_eq!(
        plan.changes,
        ["orders  segment.ms: default -> 60000", "orders  retention.ms: 604800000 -> -1"]
    );
    assert_eq!((plan.risk, plan.asks()), (Risk::None, Friction::Yes));
    assert!(plan.undo.as_ref().is_some_and(|undo| {
        undo.ends_with("--entity-name orders --add-config retention.ms=604800000 --delete-config segment.ms")
    }));
    assert_eq!(
        refused(&world, "alter-config", orders(), "retention.ms=604800000"),
        "that is how it is set already"
    );
    let two = super::super::tests::plan(
        &world,
        "alter-config",
        &[orders(), Object::Topic("clicks".into())],
        "segment.ms=1",
    );
    let two = two.expect("a plan");
    assert_eq!((two.title.as_str(), two.steps.len()), ("alter settings of 2 topics", 1));
    let Write::Configure { changes, ids } = &two.steps[0].write else { panic!("{two:?}") };
    let named: Vec<String> = changes.iter().map(|change| change.of.to_string()).collect();
    assert_eq!((named, ids.len()), (vec!["topic orders".to_owned(), "topic clicks".to_owned()], 2));
    let unset = made(&world, "alter-config", orders(), "retention.ms-");
    assert_eq!(unset.unknown, ["what retention.ms of orders falls back to, or is now"]);
    assert_eq!(unset.asks(), Friction::Name);
}

#[test]
fn settings_that_lose_data_ask_for_the_name() {
    let loses = |world: &Fixture, argument: &str| {
        let plan = made(world, "alter-config", orders(), argument);
        assert_eq!(plan.risk == Risk::Loss, plan.asks() == Friction::Name, "{argument}");
        plan.risk == Risk::Loss
    };
    let world = healthy();
    assert!(loses(&world, "retention.ms=1000") && !loses(&world, "retention.ms=999999999999"));
    assert!(!loses(&world, "retention.ms=-1"));
    assert!(loses(&world, "retention.bytes=1000"), "there was no limit before");
    assert!(loses(&world, "cleanup.policy=compact") && loses(&world, "cleanup.policy=compact,delete"));
    assert!(!loses(&world, "cleanup.policy=delete"));
    let compacted = configured(|c| c.cleanup = "compact".into());
    assert!(loses(&compacted, "cleanup.policy=delete") && !loses(&compacted, "retention.ms=1000"));
}

/// A world of full disks: 7 partitions of 4 GiB each with 3 replicas, kept for a week.
fn full(rate: Option<f64>) -> Fixture {
    changed(|s| {
        for id in 0..3 {
            let mut logs = s.kafka.brokers[&BrokerId(id)].log_dirs.last().unwrap().clone();
            logs.replicas.values_mut().flatten().for_each(|log| log.bytes = 4 << 30);
            apply(s, KafkaDelta::LogDirs { broker: BrokerId(id), answer: Ok(logs), at: NOW });
        }
        let points = rate.map(|rate| (Metric::BytesIn, Subject::Topic("orders".into()), vec![(NOW, rate)]));
        match points {
            Some(points) => apply(s, ThroughputDelta::Points { points: vec![points], at: NOW }),
            None => apply(s, ThroughputDelta::Reset),
        }
    })
}

#[test]
fn a_shorter_retention_says_what_it_frees() {
    let frees = |world: &Fixture, argument: &str| {
        made(world, "alter-config", orders(), argument).amounts.first().cloned().unwrap_or_default()
    };
    // A day of a week is kept of 28 GiB on each of three replicas.
    let day = "retention.ms=86400000";
    assert_eq!(
        frees(&full(None), day),
        "orders frees 51.0 GiB to 72.0 GiB of 84.0 GiB, as if it was written evenly"
    );
    // 100 kB/s are 8.6 GB a day.
    assert_eq!(
        frees(&full(Some(1e5)), day),
        "orders frees 38.9 GiB to 59.9 GiB of 84.0 GiB, by what is written now"
    );
    assert_eq!(
        frees(&full(Some(1e5)), "retention.bytes=1073741824"),
        "orders frees 42.0 GiB to 63.0 GiB of 84.0 GiB, by what is written now"
    );
    assert_eq!(frees(&full(Some(1e9)), day), "orders frees about 0 B of 84.0 GiB, by what is written now");
    assert_eq!(frees(&full(None), "retention.ms=-1"), "");
    let many = super::super::tests::plan(
        &full(None),
        "alter-config",
        &[orders(), Object::Topic("clicks".into())],
        day,
    );
    let amounts = many.expect("a plan").amounts;
    assert_eq!(amounts[2], "all 2 free 102 GiB to 144 GiB of 168 GiB, as if it was written evenly");
}

#[test]
fn a_min_isr_that_would_stop_writes_is_refused() {
    let set = |n: i32| -> Replicas { (0..n).map(BrokerId).collect() };
    let world = changed(|s| change(s, |topic| topic.partitions[2].isr = set(2)));
    let plan = made(&world, "alter-config", orders(), "min.insync.replicas=3");
    assert_eq!(
        plan.refusals,
        ["1 partition of orders with fewer than 3 in sync would refuse acks=all at once: orders-2"]
    );
    assert_eq!((plan.risk, plan.asks()), (Risk::Outage, Friction::ContextAndName));
    assert_eq!(plan.radius.under_min_isr, [("orders".into(), 2)]);
    assert_eq!(plan.radius.unprotected.len(), 6);
    let well = made(&healthy(), "alter-config", orders(), "min.insync.replicas=3");
    assert!(well.refusals.is_empty() && says(notes(&well), "no replica to spare"));
    assert!(says(
        notes(&made(&healthy(), "alter-config", orders(), "min.insync.replicas=1")),
        "fewer replicas"
    ));
}

#[test]
fn what_acts_on_a_topic_that_was_created_anew_is_another_plan() {
    let anew = changed(|s| change(s, |topic| topic.id = Some("another".into())));
    for (verb, argument) in
        [("delete-topic", ""), ("alter-config", "retention.ms=1000"), ("add-partitions", "24")]
    {
        let [seen, now] = [&healthy(), &anew].map(|w| made(w, verb, orders(), argument));
        assert!(!now.steps[0].write.does_as(&seen.steps[0].write), "{verb}");
    }
}

#[test]
fn a_topic_is_deleted_by_its_name_and_its_readers_are_named() {
    let plan = made(&healthy(), "delete-topic", orders(), "");
    assert_eq!((plan.risk, plan.asks(), plan.name.as_str()), (Risk::Loss, Friction::Name, "orders"));
    assert_eq!(plan.amounts, ["7.00 MiB (21.0 MiB with its replicas)"]);
    assert!(says(notes(&plan), "3 groups reading it now: audit, group-0003, shipping"));
    let degraded = made(&fixture(Mood::Degraded, SMALL), "delete-topic", orders(), "");
    assert!(
        says(notes(&degraded), "1 group with commits on it and no reader: group-0003"),
        "{:?}",
        degraded.notes
    );
    let internal = made(&healthy(), "delete-topic", Object::Topic("__consumer_offsets".into()), "");
    assert_eq!(internal.asks(), Friction::ContextAndName);
    assert_eq!(
        refused(&healthy(), "delete-topic", Object::Topic("no".into()), ""),
        "topic no is not there any more"
    );
    assert_eq!(
        refused(&healthy(), "delete-topic", Object::Broker(BrokerId(1)), ""),
        "a broker is no topic; select a topic"
    );
}

#[test]
fn a_message_is_written_as_typed() {
    let plan = made(&healthy(), "produce", orders(), "key=4 it's \u{1b}[31mred");
    assert_eq!(
        plan.changes,
        ["one more message, where its key maps to: \"it's \\u{1b}[31mred\" (13 B)", "key \"4\" (1 B)"]
    );
    let Write::Produce { key, value, .. } = &plan.steps[0].write else { panic!("{plan:?}") };
    let text = |content: &Option<Content>| content.as_ref().and_then(|c| c.text().map(String::from));
    assert_eq!((text(key).as_deref(), text(value).as_deref()), (Some("4"), Some("it's \u{1b}[31mred")));
    let keyless = made(&healthy(), "produce", orders(), "hello");
    assert_eq!(keyless.changes, ["one more message, in a partition of the client's choice: \"hello\" (5 B)"]);
    let there = made(&healthy(), "produce", Object::Partition("orders".into(), 3), "hello");
    assert!(matches!(there.steps[0].write, Write::Produce { partition: Some(3), key: None, .. }));
    let tombstone = made(&healthy(), "produce", orders(), "key=4");
    assert!(says(&tombstone.changes, "one tombstone") && says(&tombstone.commands, "null.marker"));
    let compacted = configured(|c| c.cleanup = "compact".into());
    assert!(refused(&compacted, "produce", orders(), "hello").contains("takes no message without a key"));
    assert_eq!(
        refused(&healthy(), "produce", orders(), "partition=7 x"),
        "orders has no partition 7; it has 7"
    );
    let internal = Object::Topic("__consumer_offsets".into());
    assert!(refused(&healthy(), "produce", internal, "x").contains("Kafka's own"));
    let degraded = fixture(Mood::Degraded, SMALL);
    assert!(says(
        notes(&made(&degraded, "produce", orders(), "x")),
        "no message is taken now by orders-0, orders-1"
    ));
}

#[test]
fn goals_about_topics_come_true_when_they_are_read_so() {
    let there = |name: &str, partitions| Goal::Topic { topic: name.into(), partitions };
    let sight = |world: &Fixture, goal: &Goal| look(goal, &known(world));
    let awaited = |words: &str, share| Sight::Awaited { words: words.into(), share };
    let world = healthy();
    assert_eq!(sight(&world, &there("refunds", 6)), awaited("topic refunds to appear", None));
    assert_eq!(sight(&world, &there("orders", 7)), Sight::Reached);
    let share = Some(7.0 / 9.0);
    assert_eq!(
        sight(&world, &there("orders", 9)),
        awaited("7 of 9 partitions of orders with a leader", share)
    );
    let leaderless = changed(|s| change(s, |topic| topic.partitions[0].leader = None));
    assert!(matches!(sight(&leaderless, &there("orders", 7)), Sight::Awaited { .. }));

    let gone = Goal::NoTopic { topic: "orders".into(), id: world.snapshot.kafka.topics["orders"].id.clone() };
    assert_eq!(sight(&world, &gone), awaited("topic orders to go", None));
    let deleted = changed(|s| {
        apply(s, KafkaDelta::Topics { changed: vec![], removed: vec!["orders".into()], at: NOW });
    });
    assert_eq!(sight(&deleted, &gone), Sight::Reached);
    let created_anew = changed(|s| change(s, |topic| topic.id = Some("another".into())));
    assert_eq!(sight(&created_anew, &gone), Sight::Reached);

    let setting =
        |name: &str, how| ConfigChange { of: ConfigOf::Topic("orders".into()), name: name.into(), how };
    let changes =
        vec![setting("retention.ms", ConfigHow::Set("1".into())), setting("segment.ms", ConfigHow::Remove)];
    let set = Goal::Settings { changes };
    assert!(matches!(sight(&world, &set), Sight::Awaited { .. }));
    let read = configured(|c| c.overrides = vec![("retention.ms".into(), "1".into())]);
    assert_eq!(sight(&read, &set), Sight::Reached);
    assert_eq!(sight(&deleted, &set), Sight::Lost("topic orders was deleted".into()));
    for goal in [set, gone, there("orders", 7)] {
        assert!(matches!(sight(&fixture(Mood::Stale, SMALL), &goal), Sight::Unknown(_)));
    }
}

#[test]
fn what_a_message_says_is_not_kept() {
    let plan = made(&healthy(), "produce", orders(), "partition=2 key=4711 hush, secret");
    assert!(says(&plan.changes, "hush, secret"), "it is shown");
    let kept = serde_json::to_string(&Record::from(&plan)).unwrap();
    for word in ["hush", "secret", "4711"] {
        assert!(!kept.contains(word), "{kept}");
    }
    // sha256sum of `hush, secret`.
    let digest = "151b2d8d642179551b47c8322a593228069bf0004206e72ff3c3d620f59d8490";
    assert!(kept.contains(&format!(r#""value":{{"bytes":12,"sha256":"{digest}"}}"#)), "{kept}");
    assert_eq!(
        plan.steps[0].title,
        format!(
            "write a message to orders: key of 4 B, sha256 de650d61f5bd…; value of 12 B, sha256 {digest:.12}…"
        )
    );
    let read: Record = serde_json::from_str(&kept).unwrap();
    let Write::Produce { value: Some(value), .. } = &read.steps[0].write else { panic!("{read:?}") };
    assert_eq!((value.text(), format!("{value:?}").contains("hush")), (None, false));
    let shown = format!("{:?}", plan.steps[0].write);
    assert!(!shown.contains("hush"), "nor logged: {shown}");
}
