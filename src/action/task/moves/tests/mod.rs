//! A move task, look by look, and against a simulated cluster.

mod room;
mod sim;

use super::*;
use crate::{
    action::{
        tests::{apply, changed, known, says},
        write::{ConfigChange, ConfigHow, ConfigOf},
    },
    domain::{
        kafka::{BrokerId, KafkaDelta, LogDirs, Reassignment, ReplicaLog, Replicas, Side, Throttle, Topic},
        snapshot::Snapshot,
    },
    world::{Fixture, Mood, NOW, SMALL, fixture},
};
use std::collections::BTreeMap;

const GIB: u64 = 1 << 30;
const RATE: u64 = 50 << 20;

fn ids(list: &[i32]) -> Vec<BrokerId> {
    list.iter().copied().map(BrokerId).collect()
}

fn set(list: &[i32]) -> Replicas {
    list.iter().copied().map(BrokerId).collect()
}

/// Six brokers, the last three empty, their throttles known.
fn six(snapshot: &mut Snapshot) {
    registered(snapshot, &[0, 1, 2, 3, 4, 5]);
    for broker in ids(&[0, 1, 2, 3, 4, 5]) {
        rates(snapshot, broker, Throttle::default());
    }
}

fn registered(snapshot: &mut Snapshot, list: &[i32]) {
    let brokers = ids(list).into_iter().map(|id| (id, format!("kafka-{id}").into(), 9092, None)).collect();
    apply(snapshot, KafkaDelta::Cluster { id: None, controller: None, brokers, at: NOW });
}

fn rates(snapshot: &mut Snapshot, broker: BrokerId, throttle: Throttle) {
    apply(snapshot, KafkaDelta::Throttle { broker, answer: Ok(throttle), at: NOW });
}

fn change(snapshot: &mut Snapshot, name: &str, change: impl FnOnce(&mut Topic)) {
    let mut topic = snapshot.kafka.topics[name].clone();
    change(&mut topic);
    apply(snapshot, KafkaDelta::Topics { changed: vec![topic], removed: vec![], at: NOW });
}

fn override_(snapshot: &mut Snapshot, name: &str, side: Side, list: Option<&str>) {
    let mut config = snapshot.kafka.topics[name].config.clone().expect("its settings");
    config.overrides.retain(|(key, _)| key != side.replicas_key());
    config.overrides.extend(list.map(|list| (side.replicas_key().to_string(), list.to_string())));
    apply(snapshot, KafkaDelta::Configs { configs: vec![(name.into(), config)], at: NOW });
}

fn list<'a>(snapshot: &'a Snapshot, name: &str, side: Side) -> Option<&'a str> {
    side.list(&snapshot.kafka.topics[name])
}

fn moving(snapshot: &mut Snapshot, moves: Vec<Reassignment>) {
    apply(snapshot, KafkaDelta::Reassignments { answer: Ok(moves), at: NOW });
}

/// Kafka's view of a leg that moves.
fn active(leg: &Change) -> Reassignment {
    Reassignment {
        topic: leg.topic.clone(),
        partition: leg.partition,
        replicas: leg.to.iter().copied().chain(leg.removed()).collect(),
        adding: leg.added().collect(),
        removing: leg.removed().collect(),
    }
}

/// Partition `p` of orders has the replicas p, p + 1, p + 2 of three brokers; here the first is replaced.
fn leg(partition: i32, by: i32) -> Change {
    let from = ids(&[partition % 3, (partition + 1) % 3, (partition + 2) % 3]);
    let to = vec![BrokerId(by), from[1], from[2]];
    Change { topic: "orders".into(), partition, from, to, bytes: Some(GIB) }
}

fn legs(n: i32) -> Vec<Change> {
    (0..n).map(|p| leg(p, 3 + p % 3)).collect()
}

/// A world with six brokers, and a task planned in it.
fn planned(legs: Vec<Change>, rate: Option<u64>) -> (Snapshot, Move) {
    planned_in(|_| (), legs, rate)
}

fn planned_in(world: impl FnOnce(&mut Snapshot), legs: Vec<Change>, rate: Option<u64>) -> (Snapshot, Move) {
    let world = changed(|s| {
        six(s);
        let on = |logs: &mut LogDirs| {
            for log in logs.replicas.values_mut().flatten() {
                log.bytes = GIB;
            }
        };
        for id in ids(&[0, 1, 2]) {
            let mut logs = s.kafka.brokers[&id].log_dirs.last().cloned().expect("log dirs");
            on(&mut logs);
            apply(s, KafkaDelta::LogDirs { broker: id, answer: Ok(logs), at: NOW });
        }
        world(s);
    });
    let task = Move::new(&known(&world), legs, rate);
    (world.snapshot, task)
}

/// What it asks for, with what it has done.
fn asked_after(snapshot: &Snapshot, done: &[Step], ask: impl Fn(&At<'_>) -> Next) -> Next {
    let world = Fixture::of(snapshot.clone(), NOW);
    let known = known(&world);
    ask(&At { known: &known, done, resumed: None, since: NOW })
}

fn asked(snapshot: &Snapshot, task: &Move) -> Next {
    asked_after(snapshot, &[], |at| task.next(at))
}

fn step(next: Next) -> Step {
    match next {
        Next::Do(step) => *step,
        other => panic!("no step: {other:?}"),
    }
}

fn configured(next: Next) -> Vec<ConfigChange> {
    match step(next).write {
        Write::Configure { changes, .. } => changes,
        other => panic!("configures nothing: {other:?}"),
    }
}

fn assigned(next: Next) -> Vec<Assignment> {
    match step(next).write {
        Write::Reassign { partitions, .. } => partitions,
        other => panic!("moves nothing: {other:?}"),
    }
}

fn waits(next: Next) -> String {
    match next {
        Next::Wait(wait) => wait.words,
        other => panic!("no wait: {other:?}"),
    }
}

fn told(change: &ConfigChange) -> String {
    format!("{} {} {:?}", change.of, change.name, change.how)
}

/// Does what it says until it would move something; what was configured.
fn brought(snapshot: &mut Snapshot, task: &Move) -> Vec<String> {
    let changes = configured(asked(snapshot, task));
    let words = changes.iter().map(told).collect();
    sim::configure(snapshot, &changes);
    words
}

#[test]
fn a_throttle_is_set_before_anything_moves() {
    let (mut world, task) = planned(vec![leg(0, 3)], Some(RATE));
    let mut words = brought(&mut world, &task);
    words.sort();
    assert_eq!(words.len(), 10, "{words:#?}");
    assert!(says(&words, r#"topic orders leader.replication.throttled.replicas Append("0:0,0:1,0:2")"#));
    assert!(says(&words, r#"topic orders follower.replication.throttled.replicas Append("0:3")"#));
    for broker in 0..4 {
        for side in ["leader", "follower"] {
            let line = format!(r#"broker {broker} {side}.replication.throttled.rate Set("52428800")"#);
            assert!(says(&words, &line), "{line}");
        }
    }
    let moved = assigned(asked(&world, &task));
    assert_eq!(moved.len(), 1);
    assert_eq!(moved[0].replicas, Some(ids(&[3, 1, 2])));
    // Where none is wanted, none is set.
    let (world, task) = planned(vec![leg(0, 3)], None);
    assert_eq!(assigned(asked(&world, &task)).len(), 1);
}

#[test]
fn what_is_throttled_by_others_stays_so() {
    let theirs = |s: &mut Snapshot| {
        override_(s, "orders", Side::Leader, Some("*"));
        override_(s, "orders", Side::Follower, Some("5:1,0:3"));
        rates(s, BrokerId(1), Throttle { leader: Some(7), follower: None });
    };
    let (mut world, task) = planned_in(theirs, vec![leg(0, 3), leg(1, 4)], Some(RATE));
    let words = brought(&mut world, &task);
    assert!(!says(&words, "leader.replication.throttled.replicas"), "all are named already: {words:#?}");
    assert!(says(&words, r#"follower.replication.throttled.replicas Append("1:4")"#));
    for leg in [leg(0, 3), leg(1, 4)] {
        sim::arrive(&mut world, &leg);
    }
    let words = brought(&mut world, &task);
    assert!(says(&words, r#"follower.replication.throttled.replicas Subtract("1:4")"#), "{words:#?}");
    assert!(says(&words, r#"broker 1 leader.replication.throttled.rate Set("7")"#));
    assert!(says(&words, "broker 1 follower.replication.throttled.rate Remove"));
    assert_eq!(list(&world, "orders", Side::Leader), Some("*"));
    assert_eq!(list(&world, "orders", Side::Follower), Some("5:1,0:3"));
    assert_eq!(asked(&world, &task), Next::Done);
}

#[test]
fn no_empty_list_is_left_where_others_took_theirs_away_meanwhile() {
    let theirs = |s: &mut Snapshot| {
        override_(s, "orders", Side::Leader, Some("*"));
        override_(s, "orders", Side::Follower, Some("5:1"));
    };
    let (mut world, task) = planned_in(theirs, vec![leg(0, 3)], Some(RATE));
    for side in Side::BOTH {
        override_(&mut world, "orders", side, None);
    }
    brought(&mut world, &task);
    assert_eq!(list(&world, "orders", Side::Follower), Some("0:3"), "it names its own again");
    sim::arrive(&mut world, &leg(0, 3));
    let words = brought(&mut world, &task);
    assert!(says(&words, "follower.replication.throttled.replicas Remove"), "{words:#?}");
    assert_eq!(Side::BOTH.map(|side| list(&world, "orders", side)), [None, None]);
    assert_eq!(asked(&world, &task), Next::Done);
}

#[test]
fn rates_of_moves_that_are_over_are_not_put_back() {
    let other = leg(6, 5);
    let busy = |s: &mut Snapshot| {
        moving(s, vec![active(&other)]);
        rates(s, BrokerId(1), Throttle { leader: Some(7), follower: Some(7) });
    };
    let (mut world, task) = planned_in(busy, vec![leg(0, 3)], Some(RATE));
    brought(&mut world, &task);
    sim::arrive(&mut world, &leg(0, 3));
    let words: Vec<String> = configured(asked(&world, &task)).iter().map(told).collect();
    assert!(says(&words, r#"broker 1 leader.replication.throttled.rate Set("7")"#), "the other still moves");
    moving(&mut world, vec![]);
    let words: Vec<String> = configured(asked(&world, &task)).iter().map(told).collect();
    assert!(says(&words, "broker 1 leader.replication.throttled.rate Remove"), "{words:#?}");
}

#[test]
fn a_rate_is_tuned_and_what_somebody_else_set_since_is_left() {
    let (mut world, task) = planned(vec![leg(0, 3)], Some(RATE));
    brought(&mut world, &task);
    moving(&mut world, vec![active(&leg(0, 3))]);
    let faster = task.at_rate(2 * RATE).expect("it copies");
    let Task::Move(faster) = faster else { panic!("another task") };
    let tuned = step(asked(&world, &faster));
    let Write::Configure { changes, .. } = &tuned.write else { panic!("{tuned:?}") };
    assert!(changes.iter().all(|c| c.how == ConfigHow::Set("104857600".into())) && changes.len() == 8);
    sim::configure(&mut world, changes);
    rates(&mut world, BrokerId(1), Throttle { leader: Some(9), follower: Some(9) });
    let next = |world: &Snapshot| asked_after(world, std::slice::from_ref(&tuned), |at| faster.next(at));
    assert!(matches!(next(&world), Next::Wait(_)), "another move set it: it is not set to and fro");
    rates(&mut world, BrokerId(1), Throttle::default());
    assert_eq!(configured(next(&world)).len(), 2, "it is gone");
    assert_eq!(task.title(), "move 1 replica at 50.0 MiB/s");
    let (_, shuffled) = planned(vec![Change { to: ids(&[1, 0, 2]), ..leg(0, 3) }], Some(RATE));
    assert_eq!((shuffled.at_rate(RATE), shuffled.title()), (None, "assign 1 partition".into()));
}

#[test]
fn a_broker_takes_part_in_few_moves_at_once_whoever_began_them() {
    let (mut world, task) = planned((0..7).map(|p| leg(p, 3)).collect(), None);
    assert_eq!(assigned(asked(&world, &task)).len(), 5, "broker 3 gets five");
    let theirs = Reassignment { topic: "payments".into(), ..active(&leg(1, 3)) };
    moving(&mut world, vec![theirs.clone()]);
    assert_eq!(assigned(asked(&world, &task)).len(), 4);
    let ours: Vec<Reassignment> = (0..4).map(|p| active(&leg(p, 3))).collect();
    moving(&mut world, ours.into_iter().chain([theirs]).collect());
    assert_eq!(waits(asked(&world, &task)), "0 of 7 partitions in place, 0% of the bytes");
    // Small ones cost little: many of them are as one.
    let small = changed(six);
    let task = Move::new(&known(&small), (0..7).map(|p| leg(p, 3)).collect(), None);
    assert_eq!(assigned(asked(&small.snapshot, &task)).len(), 7);
}

#[test]
fn it_heeds_min_isr() {
    let isr = |isr: &'static [i32], offline: &'static [i32]| {
        move |s: &mut Snapshot| {
            change(s, "payments", |topic| {
                let p = &mut topic.partitions[2];
                (p.isr, p.offline) = (set(isr), set(offline));
            });
        }
    };
    // payments-2 is on 0, 1, 2, and its min ISR is 2.
    let (world, task) = planned_in(isr(&[0, 1], &[]), legs(3), None);
    assert_eq!(assigned(asked(&world, &task)).len(), 1, "one at a time");
    let (mut world, task) = planned_in(isr(&[0, 1], &[]), legs(3), None);
    moving(&mut world, vec![active(&leg(0, 3))]);
    let words = waits(asked(&world, &task));
    let why = "0 of 3 partitions in place, 0% of the bytes; then one at a time while at min ISR: payments-2";
    assert_eq!(words, why);
    let (world, task) = planned_in(isr(&[0], &[]), legs(3), None);
    assert_eq!(waits(asked(&world, &task)), "no move is begun while under min ISR: payments-2");
    // With a broker away the moves are what helps.
    for isr_ in [&[0][..], &[0, 1][..]] {
        let (world, task) = planned_in(isr(isr_, &[2]), legs(3), None);
        assert_eq!(assigned(asked(&world, &task)).len(), 3);
    }
    // What is being added is not in sync yet: its partition is not under min ISR for that.
    let (mut world, task) = planned(legs(3), None);
    let pair = Change { from: ids(&[0, 1]), to: ids(&[0, 1, 3]), ..leg(6, 3) };
    change(&mut world, "orders", |topic| {
        let p = &mut topic.partitions[6];
        (p.replicas, p.isr) = (set(&[0, 1, 3]), set(&[0, 1]));
    });
    moving(&mut world, vec![active(&pair)]);
    assert_eq!(assigned(asked(&world, &task)).len(), 3);
}

#[test]
fn replicas_that_stay_out_of_sync_do_not_count_when_the_others_go() {
    let (mut world, task) = planned(vec![Change { to: ids(&[0, 1]), ..leg(0, 3) }], None);
    assert_eq!(assigned(asked(&world, &task)).len(), 1);
    change(&mut world, "orders", |topic| topic.partitions[0].isr = set(&[0, 2]));
    assert_eq!(waits(asked(&world, &task)), "orders-0 to have enough in sync of what stays");
}

#[test]
fn it_waits_for_who_is_away_and_for_what_is_not_read() {
    let (mut world, task) = planned(vec![leg(0, 3), leg(1, 4)], None);
    registered(&mut world, &[0, 1, 2, 4, 5]);
    let begun = assigned(asked(&world, &task));
    assert_eq!((begun.len(), begun[0].partition), (1, 1), "the other goes on");
    moving(&mut world, vec![active(&leg(1, 4))]);
    let words = waits(asked(&world, &task));
    assert!(words.ends_with("; then broker 3 to come back, which gets orders-0"), "{words}");
    registered(&mut world, &[0, 1, 2, 3, 4, 5]);
    change(&mut world, "orders", |topic| topic.partitions[0].leader = None);
    assert!(waits(asked(&world, &task)).ends_with("then orders-0 to have a leader"));
    let stale = fixture(Mood::Stale, SMALL);
    for ask in [Move::next, Move::hold, Move::undo] {
        let known = known(&stale);
        let next = ask(&task, &At { known: &known, done: &[], resumed: None, since: NOW });
        assert_eq!(waits(next), "reassignments to be read again");
    }
    // A throttle is not set on a broker that is not heard.
    let (mut world, task) = planned(vec![leg(0, 3)], Some(RATE));
    let answer = Err("connection refused".into());
    apply(&mut world, KafkaDelta::Throttle { broker: BrokerId(3), answer, at: NOW });
    assert_eq!(waits(asked(&world, &task)), "the throttles of broker 3 to be read again");
}

#[test]
fn what_somebody_called_back_is_the_operators_to_decide() {
    let (mut world, task) = planned(vec![leg(0, 3), leg(1, 4)], None);
    let begun = [step(asked(&world, &task))];
    // A revert leaves the replicas in another order.
    change(&mut world, "orders", |topic| topic.partitions[0].replicas = set(&[1, 2, 0]));
    sim::arrive(&mut world, &leg(1, 4));
    let ask = |resumed: Option<usize>| {
        let fixture = Fixture::of(world.clone(), NOW);
        let known = known(&fixture);
        task.next(&At { known: &known, done: &begun, resumed, since: NOW })
    };
    assert_eq!(ask(None), Next::Stop("called back: orders-0; going on moves them all the same".into()));
    let again = assigned(ask(Some(1)));
    assert_eq!((again.len(), again[0].partition), (1, 0));
    let held = asked_after(&world, &begun, |at| task.hold(at));
    assert_eq!(waits(held), "the operator");

    let (mut world, task) = planned(vec![leg(0, 3)], None);
    change(&mut world, "orders", |topic| topic.partitions[0].replicas = set(&[4, 5, 0]));
    let Next::Stop(words) = asked(&world, &task) else { panic!("it goes on") };
    assert!(words.starts_with("with other replicas than before or planned: orders-0"), "{words}");
    // Somebody else moves it now.
    let elsewhere = Change { to: ids(&[5, 1, 2]), ..leg(0, 3) };
    let (mut world, task) = planned(vec![leg(0, 3)], None);
    moving(&mut world, vec![active(&elsewhere)]);
    assert_eq!(waits(asked(&world, &task)), "orders-0 to come to rest, which somebody moves elsewhere");
}

#[test]
fn a_topic_that_is_gone_is_left_out_by_name() {
    let payments =
        Change { topic: "payments".into(), from: ids(&[1, 2, 0]), to: ids(&[4, 2, 0]), ..leg(0, 3) };
    let (mut world, task) = planned(vec![leg(0, 3), payments], Some(RATE));
    brought(&mut world, &task);
    moving(&mut world, vec![active(&leg(0, 3))]);
    apply(&mut world, KafkaDelta::Topics { changed: vec![], removed: vec!["payments".into()], at: NOW });
    let words = waits(asked(&world, &task));
    assert!(words.ends_with("; left out, as its topic was deleted: payments-0"), "{words}");
    sim::arrive(&mut world, &leg(0, 3));
    brought(&mut world, &task);
    assert_eq!(asked(&world, &task), Next::Done);
    // One that was created anew under the name is another.
    let (mut world, task) = planned(vec![leg(0, 3)], None);
    change(&mut world, "orders", |topic| topic.id = Some("another".into()));
    assert_eq!(asked(&world, &task), Next::Done);
}

#[test]
fn progress_is_told_by_bytes() {
    let (mut world, task) = planned(legs(2), None);
    moving(&mut world, legs(2).iter().map(active).collect());
    let log = ReplicaLog { partition: 0, bytes: GIB / 2, lag: 0, future: false };
    let logs = LogDirs { dirs: vec![], replicas: [("orders".into(), vec![log])].into() };
    apply(&mut world, KafkaDelta::LogDirs { broker: BrokerId(3), answer: Ok(logs), at: NOW });
    let Next::Wait(wait) = asked(&world, &task) else { panic!("no wait") };
    assert_eq!((wait.share, wait.bytes), (Some(0.25), Some(2 * GIB)));
    assert_eq!(wait.words, "0 of 2 partitions in place, 25% of the bytes");
}

#[test]
fn an_abort_cancels_what_moves_unless_that_would_lose_data() {
    let (mut world, task) = planned(legs(3), Some(RATE));
    brought(&mut world, &task);
    moving(&mut world, legs(2).iter().map(active).collect());
    change(&mut world, "orders", |topic| {
        topic.partitions[0].replicas = set(&[3, 1, 2, 0]);
        topic.partitions[0].isr = set(&[3]);
    });
    let undo = |world: &Snapshot| asked_after(world, &[], |at| task.undo(at));
    let cancelled = assigned(undo(&world));
    assert_eq!((cancelled.len(), cancelled[0].partition), (1, 1));
    assert_eq!(cancelled[0].replicas, None);
    moving(&mut world, vec![active(&leg(0, 3))]);
    let words = waits(undo(&world));
    assert!(words.contains("orders-0 to have more in sync") && words.contains("loses data"), "{words}");
    change(&mut world, "orders", |topic| topic.partitions[0].isr = set(&[3, 1]));
    assert_eq!(assigned(undo(&world)).len(), 1);
    moving(&mut world, vec![]);
    let changes = configured(undo(&world));
    sim::configure(&mut world, &changes);
    assert_eq!(sim::throttles(&world), [""; 0]);
    assert_eq!(undo(&world), Next::Done);
    // A pure addition is called back, too.
    let more = Change { to: ids(&[0, 1, 2, 3]), ..leg(0, 3) };
    let (mut world, task) = planned(vec![more.clone()], None);
    moving(&mut world, vec![active(&more)]);
    assert_eq!(assigned(asked_after(&world, &[], |at| task.undo(at))).len(), 1);
}

#[test]
fn while_it_is_held_nothing_begins_and_no_throttle_stays_on_what_rests() {
    let (mut world, task) = planned(legs(2), Some(RATE));
    brought(&mut world, &task);
    moving(&mut world, vec![active(&leg(0, 3))]);
    let hold = |world: &Snapshot| asked_after(world, &[], |at| task.hold(at));
    assert_eq!(waits(hold(&world)), "0 of 2 partitions in place, 0% of the bytes");
    sim::arrive(&mut world, &leg(0, 3));
    let changes = configured(hold(&world));
    sim::configure(&mut world, &changes);
    assert_eq!(sim::throttles(&world), [""; 0]);
    assert_eq!(waits(hold(&world)), "the operator");
    assert!(!configured(asked(&world, &task)).is_empty(), "it is throttled anew before it goes on");
}

#[test]
fn a_throttle_of_a_broker_that_is_away_is_taken_away_when_it_is_back() {
    let (mut world, task) = planned(vec![leg(0, 3)], Some(RATE));
    brought(&mut world, &task);
    sim::arrive(&mut world, &leg(0, 3));
    registered(&mut world, &[0, 1, 3, 4, 5]);
    brought(&mut world, &task);
    let words = "broker 2 to come back, for the throttle to be taken away there";
    assert_eq!(waits(asked(&world, &task)), words);
    registered(&mut world, &[0, 1, 2, 3, 4, 5]);
    brought(&mut world, &task);
    assert_eq!((sim::throttles(&world), asked(&world, &task)), (vec![], Next::Done));
}

#[test]
fn what_it_needs_is_in_its_journal() {
    let theirs = |s: &mut Snapshot| {
        override_(s, "orders", Side::Leader, Some("*"));
        rates(s, BrokerId(1), Throttle { leader: Some(7), follower: None });
    };
    let (_, task) = planned_in(theirs, legs(2), Some(RATE));
    let task = Task::from(task);
    let line = serde_json::to_string(&task).expect("JSON");
    assert_eq!(serde_json::from_str::<Task>(&line).expect("a task"), task, "{line}");
}

/// How often each broker is named.
fn tally(assignments: &[(Option<BrokerId>, Vec<BrokerId>)]) -> BTreeMap<BrokerId, usize> {
    let mut tally = BTreeMap::new();
    for (leader, added) in assignments {
        leader.iter().chain(added).for_each(|id| *tally.entry(*id).or_default() += 1);
    }
    tally
}
