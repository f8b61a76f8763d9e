//! Plans of the runbooks that move replicas, and their tasks as the cluster changes.

use crate::{
    action::{
        Friction, Known, Plan, Risk, Write,
        task::{At, Empty, Next, Part, Resize, Spread, Task, Until},
        tests::{
            apply, broker, changed, healthy, known, made, notes, object, plan, put, refused, says, set,
            with_set,
        },
    },
    domain::{
        kafka::{BrokerId, KafkaDelta, LogDirs, Quorum, Reassignment, ReplicaLog, Replicas, Topic, Voter},
        kubernetes::{Key, KubernetesDelta},
        object::{Kind, Object},
        snapshot::Snapshot,
        time::Time,
    },
    world::{Fixture, NOW, SMALL, kubernetes::broker_pod},
};
use std::time::Duration;

fn topic(name: &str) -> Object {
    Object::Topic(name.into())
}

fn ids(list: &[i32]) -> Replicas {
    list.iter().copied().map(BrokerId).collect()
}

fn cluster(snapshot: &mut Snapshot, brokers: i32, at: Time) {
    let brokers = (0..brokers).map(|i| {
        let host = format!("kafka-{i}.kafka-brokers.kafka.svc").into();
        (BrokerId(i), host, 9092, Some(["zone-a", "zone-b", "zone-c"][i as usize % 3].into()))
    });
    apply(snapshot, KafkaDelta::Cluster { id: None, controller: None, brokers: brokers.collect(), at });
}

fn log_dirs(snapshot: &mut Snapshot, broker: i32, replicas: &[(&str, i32)], at: Time) {
    let dirs = snapshot.kafka.brokers[&BrokerId(0)].log_dirs.last().cloned().unwrap_or_default().dirs;
    let log = |partition| ReplicaLog { partition, bytes: 1 << 20, lag: 0, future: false };
    let replicas =
        replicas.iter().map(|(topic, partition)| ((*topic).into(), vec![log(*partition)])).collect();
    let answer = Ok(LogDirs { dirs, replicas });
    apply(snapshot, KafkaDelta::LogDirs { broker: BrokerId(broker), answer, at });
}

/// A fourth pod of the StatefulSet, and in it a broker that holds nothing, in the rack of the first.
fn fourth(snapshot: &mut Snapshot) {
    with_set(snapshot, |set| (set.replicas, set.ready) = (4, 4));
    apply(snapshot, KubernetesDelta::Pods(put(broker_pod(3, SMALL))));
    cluster(snapshot, 4, NOW);
    log_dirs(snapshot, 3, &[], NOW);
}

fn change(snapshot: &mut Snapshot, name: &str, at: Time, change: impl FnOnce(&mut Topic)) {
    let mut topic = snapshot.kafka.topics[name].clone();
    change(&mut topic);
    apply(snapshot, KafkaDelta::Topics { changed: vec![topic], removed: vec![], at });
}

/// orders-0 is on [3,1,2].
fn holding(snapshot: &mut Snapshot) {
    fourth(snapshot);
    change(snapshot, "orders", NOW, |topic| {
        (topic.partitions[0].replicas, topic.partitions[0].isr) = (ids(&[3, 1, 2]), ids(&[3, 1, 2]));
        topic.partitions[0].leader = Some(BrokerId(3));
    });
}

fn titles(plan: &Plan) -> Vec<String> {
    plan.tasks.iter().map(|task| task.part().title()).collect()
}

fn next_since(world: &Fixture, task: &dyn Part, since: Time) -> Next {
    let known: Known<'_> = known(world);
    task.next(&At { known: &known, done: &[], resumed: None, since })
}

fn next(world: &Fixture, task: &dyn Part) -> Next {
    next_since(world, task, NOW)
}

fn awaits(next: &Next, words: &str) -> bool {
    matches!(next, Next::Wait(wait) if wait.words.contains(words))
}

fn unfolded(next: Next) -> Vec<String> {
    let Next::Unfold(tasks) = next else { panic!("{next:?}") };
    tasks.iter().map(|task| task.part().title()).collect()
}

#[test]
fn a_rebalance_says_what_it_comes_to_and_keeps_racks() {
    let world = changed(fourth);
    let plan = made(&world, "rebalance", broker(3), "at 50MiB");
    assert_eq!(plan.title, "rebalance the cluster, within 10% of the mean");
    // Only broker 0 is in the rack of the new one: they share what it has, and the others keep theirs.
    assert_eq!(plan.amounts[0], "bytes: at most 100% off the mean now, 33% afterwards");
    assert_eq!(plan.amounts[1], "replicas: at most 100% off the mean now, 33% afterwards");
    assert!(says(&plan.amounts, "21.0 MiB to move in all, in 21 replicas"), "{:?}", plan.amounts);
    assert!(says(&plan.amounts, "broker 0: +0 B -21.0 MiB"), "{:?}", plan.amounts);
    assert_eq!((plan.risk, plan.asks(), plan.name.as_str()), (Risk::Low, Friction::Yes, "cluster"));
    assert_eq!(titles(&plan), ["move replicas until brokers are within 10% of the mean, at 50.0 MiB/s"]);
    let tasks = unfolded(next(&world, plan.tasks[0].part()));
    assert_eq!(tasks[0], "move 21 replicas at 50.0 MiB/s");
    assert_eq!(tasks[1], "give brokers 0, 1, 2, 3 back the partitions that they should lead");
    assert!(plan.undo.is_some_and(|undo| undo.contains("\"replicas\":[0,1,2]")));
}

#[test]
fn what_was_read_of_a_rebalance_holds_while_partitions_grow() {
    let grown = changed(|s| {
        fourth(s);
        for broker in 0..3 {
            let mut logs = s.kafka.brokers[&BrokerId(broker)].log_dirs.last().cloned().expect("log dirs");
            logs.replicas
                .values_mut()
                .flatten()
                .filter(|log| log.partition == 1)
                .for_each(|log| log.bytes *= 3);
            apply(s, KafkaDelta::LogDirs { broker: BrokerId(broker), answer: Ok(logs), at: NOW });
        }
    });
    let (read, now) =
        (made(&changed(fourth), "rebalance", broker(3), ""), made(&grown, "rebalance", broker(3), ""));
    assert_ne!(read.amounts, now.amounts);
    assert!(read.holds(&now));
}

#[test]
fn what_is_alike_is_left_alone_and_what_is_typed_is_checked() {
    let why = refused(&healthy(), "rebalance", topic("orders"), "all");
    assert!(why.starts_with("brokers 0, 1, 2 are alike already: bytes at most 0% off the mean"), "{why}");
    for (argument, words) in [
        ("within 0%", "\"0%\" is no percentage"),
        ("within much", "\"much\" is no percentage"),
        ("quickly", "\"quickly\" is not understood; type `all`, `within 5%`"),
        ("at 50", "50 of what?"),
    ] {
        let why = refused(&changed(fourth), "rebalance", broker(0), argument);
        assert!(why.contains(words), "{argument}: {why}");
    }
    let one = made(&changed(fourth), "rebalance", topic("orders"), "");
    assert_eq!(one.title, "rebalance partitions of orders, within 10% of the mean");
    assert!(one.commands.iter().all(|line| !line.contains("payments")), "{:?}", one.commands);
    let two = plan(&changed(fourth), "rebalance", &[broker(0), broker(3)], "").expect("a plan");
    assert_eq!(two.title, "rebalance brokers 0, 3, within 10% of the mean");
    assert_eq!(two.amounts[0], "bytes: at most 100% off the mean now, 10% afterwards");
}

#[test]
fn the_last_broker_is_drained_and_then_scaled_in() {
    let plan = made(&changed(holding), "drain-broker", broker(3), "at 10MiB");
    assert_eq!(plan.title, "drain broker 3, then scale StatefulSet kafka/kafka from 4 to 3 replicas");
    assert_eq!(plan.changes[0], "orders-0  [3,1,2] -> [0,1,2]  +0 -3");
    assert_eq!(
        titles(&plan),
        [
            "move 1 replica at 10.0 MiB/s",
            "see that broker 3 holds nothing",
            "scale StatefulSet kafka/kafka from 4 to 3 replicas"
        ]
    );
    assert!(says(notes(&plan), "its volume stays") && plan.refusals.is_empty(), "{:?}", plan.refusals);
    assert_eq!(plan.asks(), Friction::Name);
    let keep = made(&changed(holding), "drain-broker", broker(3), "keep");
    assert_eq!(titles(&keep), ["move 1 replica", "see that broker 3 holds nothing"]);
    assert_eq!(
        refused(&changed(fourth), "drain-broker", broker(3), "keep"),
        "broker 3 holds no replica already"
    );
    assert_eq!(titles(&made(&changed(fourth), "drain-broker", broker(3), "")).len(), 2);
}

#[test]
fn a_broker_that_would_not_go_is_not_scaled_in() {
    let why = refused(&changed(holding), "drain-broker", broker(1), "");
    assert!(
        why.contains("from its highest ordinal, which is broker 3 (pod kafka-3), so broker 1 would not go"),
        "{why}"
    );
    assert!(why.contains("type `keep`") && why.contains(":replace"), "{why}");
    assert!(made(&changed(holding), "drain-broker", broker(1), "keep").changes.len() > 40);
    let few = refused(&healthy(), "drain-broker", broker(2), "");
    assert!(few.contains("may hold one") && few.contains(":set-replication"), "{few}");
    let strimzi = changed(|s| {
        fourth(s);
        crate::action::tests::pods::strimzi(s);
    });
    assert!(refused(&strimzi, "drain-broker", broker(1), "").contains("kafkanodepools"));
    let voter = changed(|s| {
        fourth(s);
        let voter = |id| Voter { id: BrokerId(id), log_end: 5, behind: Some(Duration::ZERO) };
        let voters = [1, 2, 3].map(voter).to_vec();
        let answer = Ok(Quorum { leader: Some(BrokerId(1)), epoch: 3, voters, observers: vec![] });
        apply(s, KafkaDelta::Quorum { answer, at: NOW });
    });
    let plan = made(&voter, "drain-broker", broker(3), "");
    assert!(
        says(&plan.refusals, "one of the 3 controllers of the quorum, which could lose 1"),
        "{:?}",
        plan.refusals
    );
    assert_eq!(plan.asks(), Friction::ContextAndName);
}

#[test]
fn a_broker_is_empty_when_nothing_names_it_and_its_log_dirs_say_so() {
    let empty = Empty { broker: BrokerId(3), rate: None };
    let after = NOW.plus(Duration::from_secs(5));
    assert_eq!(
        unfolded(next(&changed(holding), &empty)),
        ["move 1 replica", "see that broker 3 holds nothing"],
        "what came since is moved, too"
    );
    assert!(awaits(&next_since(&changed(fourth), &empty, after), "the log dirs of broker 3 to be read"));
    let stray = changed(|s| {
        fourth(s);
        log_dirs(s, 3, &[("orders", 0), ("deleted", 1)], NOW);
    });
    assert!(awaits(&next(&stray, &empty), "broker 3 to delete 1 replica (1.00 MiB)"));
    let moving = changed(|s| {
        fourth(s);
        let (topic, replicas) = ("orders".into(), ids(&[3, 0, 1, 2]));
        let (adding, removing) = (ids(&[3]), ids(&[0]));
        let moves = vec![Reassignment { topic, partition: 0, replicas, adding, removing }];
        apply(s, KafkaDelta::Reassignments { answer: Ok(moves), at: NOW });
    });
    assert!(awaits(&next(&moving, &empty), "reassignments that broker 3 has a part in"));
    assert_eq!(next(&changed(fourth), &empty), Next::Done);
    let mut stale = changed(fourth);
    stale.now = NOW.plus(Duration::from_secs(300));
    assert!(awaits(&next(&stale, &empty), "to be read again"));
}

fn resize(from: i32, to: i32) -> Resize {
    let leaves = (to < from).then_some(Empty { broker: BrokerId(3), rate: None });
    Resize { set: Key::new("kafka", "kafka"), uid: "uid-kafka-kafka".into(), from, to, leaves }
}

fn scaled(next: Next) -> i32 {
    let Next::Do(step) = next else { panic!("{next:?}") };
    let Write::Scale { resource_version, replicas, .. } = step.write else { panic!("{step:?}") };
    assert_eq!(&*resource_version, "7", "as it is now");
    replicas
}

#[test]
fn a_statefulset_is_scaled_in_only_past_an_empty_broker() {
    let with = |change: fn(&mut Snapshot)| {
        changed(|s| {
            fourth(s);
            with_set(s, |set| set.meta.resource_version = "7".into());
            change(s);
        })
    };
    assert_eq!(scaled(next(&with(|_| {}), &resize(4, 3))), 3);
    let named = next(
        &with(|s| {
            change(s, "orders", NOW, |topic| topic.partitions[0].replicas = ids(&[3, 1, 2]));
        }),
        &resize(4, 3),
    );
    assert_eq!(
        unfolded(named),
        ["see that broker 3 holds nothing", "scale StatefulSet kafka/kafka from 4 to 3 replicas"]
    );
    let other = next(&with(|s| with_set(s, |set| set.replicas = 6)), &resize(4, 3));
    assert!(
        matches!(other, Next::Stop(why) if why.contains("somebody else set StatefulSet kafka/kafka to 6"))
    );
    let anew = next(&with(|s| with_set(s, |set| set.meta.uid = "another".into())), &resize(4, 3));
    assert!(matches!(anew, Next::Stop(why) if why.contains("is gone, or another")));
    let done = with(|s| with_set(s, |set| set.replicas = 3));
    assert!(awaits(&next(&done, &resize(4, 3)), "1 pod of StatefulSet kafka/kafka to end"));
    let elsewhere = Resize { leaves: Some(Empty { broker: BrokerId(2), rate: None }), ..resize(4, 3) };
    let world = with(|s| {
        for name in s.kafka.topics.keys().cloned().collect::<Vec<_>>() {
            change(s, &name, NOW, |t| t.partitions.iter_mut().for_each(|p| p.replicas = ids(&[0, 1])));
        }
    });
    assert!(awaits(&next(&world, &elsewhere), "the next to go, to be broker 2: it is broker 3"));
}

#[test]
fn new_brokers_that_hold_nothing_go_again_when_it_is_aborted() {
    let undo = |world: &Fixture| {
        let known = known(world);
        resize(3, 4).undo(&At { known: &known, done: &[], resumed: None, since: NOW })
    };
    let with = |change: fn(&mut Snapshot)| {
        changed(|s| {
            change(s);
            with_set(s, |set| set.meta.resource_version = "7".into());
        })
    };
    assert_eq!(scaled(undo(&with(fourth))), 3);
    assert_eq!(undo(&with(holding)), Next::Done, "what was moved is safe where it is");
    assert_eq!(undo(&with(|_| {})), Next::Done, "it was never scaled");
    assert_eq!(scaled(next(&with(|_| {}), &resize(3, 4))), 4);
}

#[test]
fn scaling_out_forecasts_and_moves_when_the_new_brokers_are_there() {
    let plan = made(&healthy(), "scale-out", set(), "6 at 20MiB");
    assert_eq!(plan.title, "scale StatefulSet kafka/kafka out from 3 to 6 replicas, then rebalance");
    assert!(says(
        notes(&plan),
        "brokers 3, 4, 5, empty, with disks as the others have, in zone-a, zone-b, zone-c"
    ));
    assert_eq!(plan.amounts[0], "bytes: at most 100% off the mean now, 10% afterwards");
    assert!(titles(&plan)[1].starts_with("move replicas onto 3 new brokers until all are within 10%"));
    for (argument, words) in
        [("3", "type more, or drain a broker"), ("x", "such as 4"), ("4 at 9", "9 of what?")]
    {
        let why = refused(&healthy(), "scale-out", set(), argument);
        assert!(why.contains(words), "{argument}: {why}");
    }
    let billing = object(Kind::Deployment, "shop", "billing");
    assert!(refused(&healthy(), "scale-out", billing, "3").contains("is no StatefulSet"));
    let until = Until::Joined {
        set: Key::new("kafka", "kafka"),
        uid: "uid-kafka-kafka".into(),
        had: vec![BrokerId(0), BrokerId(1), BrokerId(2)],
        more: 1,
    };
    let spread = Spread { of: vec![], within: 10, rate: None, until };
    assert!(awaits(&next(&healthy(), &spread), "0 of 1 new broker registered"));
    let unread = changed(|s| {
        fourth(s);
        let answer = Err("connection refused".into());
        apply(s, KafkaDelta::LogDirs { broker: BrokerId(3), answer, at: NOW });
    });
    assert!(awaits(&next(&unread, &spread), "the disks of broker 3 to be read"));
    assert_eq!(unfolded(next(&changed(fourth), &spread))[0], "move 21 replicas");
}

#[test]
fn the_rate_of_what_is_still_to_be_told_is_tuned() {
    for task in [
        Task::from(Empty { broker: BrokerId(3), rate: None }),
        made(&changed(fourth), "rebalance", broker(3), "").tasks.remove(0),
        made(&healthy(), "scale-out", set(), "4").tasks.remove(1),
    ] {
        let tuned = task.part().at_rate(1 << 20).expect("a rate");
        let text = serde_json::to_string(&tuned).expect("JSON");
        assert!(text.contains("1048576"), "{text}");
        assert_eq!(serde_json::from_str::<Task>(&text).expect("a task"), tuned, "the journal keeps it");
    }
}

#[test]
fn the_replication_factor_is_raised_and_lowered() {
    let more = made(&changed(fourth), "set-replication", topic("orders"), "4 at 5MiB");
    assert_eq!(more.title, "replication factor of orders from 3 to 4");
    assert_eq!(more.changes[0], "orders-0  [0,1,2] -> [0,1,2,3]  +3  RF 3 -> 4");
    assert_eq!(
        (more.risk, more.asks(), titles(&more)),
        (Risk::Low, Friction::Yes, vec!["move 7 replicas at 5.00 MiB/s".into()])
    );
    let out = changed(|s| change(s, "orders", NOW, |t| t.partitions[0].isr = ids(&[0, 2])));
    let fewer = made(&out, "set-replication", topic("orders"), "2");
    assert_eq!(fewer.changes[0], "orders-0  [0,1,2] -> [0,2]  -1  RF 3 -> 2", "the one that is out of sync");
    assert_eq!((fewer.risk, fewer.asks()), (Risk::Elevated, Friction::Name));
    let doubled = changed(|s| {
        fourth(s);
        change(s, "orders", NOW, |t| {
            (t.partitions[0].replicas, t.partitions[0].isr) = (ids(&[0, 1, 3]), ids(&[0, 1, 3]))
        });
    });
    let fewer = made(&doubled, "set-replication", topic("orders"), "2");
    assert_eq!(fewer.changes[0], "orders-0  [0,1,3] -> [0,1]  -3  RF 3 -> 2", "two are in one rack");
    let under = made(&healthy(), "set-replication", topic("orders"), "1");
    assert!(says(&under.refusals, "1 replica under the min ISR of 2 of orders"), "{:?}", under.refusals);
    for (argument, words) in [
        ("5", "5 replicas cannot be on 3 brokers"),
        ("0", "is not a number of replicas"),
        ("3", "every partition has 3 replicas already"),
    ] {
        let why = refused(&healthy(), "set-replication", topic("orders"), argument);
        assert!(why.contains(words), "{argument}: {why}");
    }
}

#[test]
fn racks_are_repaired_with_a_move_for_each_that_shares_one() {
    let world = changed(|s| {
        fourth(s);
        for name in ["orders", "payments"] {
            change(s, name, NOW, |t| t.partitions[0].replicas = ids(&[0, 3, 1]));
        }
    });
    let all = made(&world, "repair-racks", broker(1), "");
    assert_eq!(all.changes, ["orders-0  [0,3,1] -> [0,1,2]  +2 -3", "payments-0  [0,3,1] -> [0,1,2]  +2 -3"]);
    assert_eq!(made(&world, "repair-racks", topic("orders"), "").changes.len(), 1);
    assert_eq!(made(&world, "repair-racks", topic("orders"), "all").changes.len(), 2);
    let why = refused(&healthy(), "repair-racks", topic("orders"), "");
    assert_eq!(why, "replicas are spread over the 3 racks as well as they can be");
    let flat = changed(|s| {
        let brokers = (0..3).map(|i| (BrokerId(i), "h".into(), 9092, None)).collect();
        apply(s, KafkaDelta::Cluster { id: None, controller: None, brokers, at: NOW });
    });
    assert!(refused(&flat, "repair-racks", topic("orders"), "").contains("set broker.rack"));
}
