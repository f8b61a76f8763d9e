//! Reassignments, throttles, and retention.

use super::Lab;
use crate::demo::world::kafka::{At, Code, Election, config::Change};
use proptest::prelude::*;

/// A topic of one partition with about 180 MB on brokers 0, 1 and 2.
fn loaded(seed: u64) -> Lab {
    let mut lab = Lab::new(5, seed);
    lab.topic("orders", 1, 3, &[], 50.0);
    lab.cluster.alter_reassignment("orders", 0, Some(&[0, 1, 2])).unwrap();
    lab.step(30.0);
    let p = &lab.cluster.topics["orders"].partitions[0];
    assert!(*p.replicas == [0, 1, 2] && !p.reassigning() && p.isr.len() == 3, "{p:?}");
    lab
}

fn throttle(lab: &mut Lab, rate: u64, sources: &str, targets: &str) {
    let set = |key: &str, value: &str| (key.into(), Change::Set(value.into()));
    let topic = [
        set("leader.replication.throttled.replicas", sources),
        set("follower.replication.throttled.replicas", targets),
    ];
    lab.cluster.alter_topic("orders", &topic, false).unwrap();
    for broker in 0..5 {
        lab.set(broker, "leader.replication.throttled.rate", &rate.to_string());
        lab.set(broker, "follower.replication.throttled.rate", &rate.to_string());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn throttles_are_obeyed(seed: u64, rate in 500_000..5_000_000u64, follower: bool) {
        let mut lab = loaded(seed);
        let (sources, targets) = if follower { ("", "0:3,0:4") } else { ("0:0,0:1,0:2", "") };
        throttle(&mut lab, rate, sources, targets);
        lab.cluster.alter_reassignment("orders", 0, Some(&[0, 3, 4])).unwrap();
        let copied = |lab: &Lab, broker: i32| lab.cluster.topics["orders"].bytes_on(0, broker) as f64;
        lab.step(2.0);
        let before = [copied(&lab, 3), copied(&lab, 4)];
        lab.step(10.0);
        let speed = [3, 4].map(|b| copied(&lab, b)).iter().zip(before).map(|(a, b)| (a - b) / 10.0).sum::<f64>();
        // A follower's limit is each one's own; the leader's is shared.
        let limit = rate as f64 * if follower { 2.0 } else { 1.0 };
        prop_assert!((speed / limit - 1.0).abs() < 0.1, "{} of {}", speed, limit);
    }

    #[test]
    fn reassignments_end_in_the_replicas_that_were_asked_for(
        seed: u64,
        targets in prop::collection::vec(
            prop::sample::subsequence(vec![0, 1, 2, 3, 4], 1..5).prop_shuffle(), 1..5),
    ) {
        let mut lab = loaded(seed);
        for target in &targets {
            lab.cluster.alter_reassignment("orders", 0, Some(target)).unwrap();
            let p = &lab.cluster.topics["orders"].partitions[0];
            prop_assert_eq!(&p.replicas[..target.len()], target.as_slice());
            lab.step(10.0);
        }
        lab.step(20.0);
        let p = &lab.cluster.topics["orders"].partitions[0];
        prop_assert_eq!(&*p.replicas, targets.last().unwrap().as_slice());
        prop_assert!(!p.reassigning() && p.isr.len() == p.replicas.len());
        prop_assert!(p.replicas.contains(&p.leader.unwrap()));
    }
}

#[test]
fn a_throttle_below_what_is_produced_lets_a_move_never_end_and_a_cancel_puts_it_back() {
    let mut lab = loaded(1);
    throttle(&mut lab, 10_000, "*", "*");
    lab.cluster.alter_reassignment("orders", 0, Some(&[4, 1, 2])).unwrap();
    let lag = |lab: &Lab| lab.cluster.topics["orders"].lag_on(0, 4);
    lab.step(60.0);
    let before = lag(&lab);
    lab.step(60.0);
    assert!(lag(&lab) > before && before > 0);
    let p = &lab.cluster.topics["orders"].partitions[0];
    assert_eq!((&*p.replicas, p.adding(), p.removing()), (&[4, 1, 2, 0][..], &[4][..], &[0][..]));
    assert_eq!(lab.cluster.reassignments().count(), 1);
    lab.cluster.alter_reassignment("orders", 0, None).unwrap();
    let p = &lab.cluster.topics["orders"].partitions[0];
    assert_eq!((&*p.replicas, p.reassigning(), p.isr.len()), (&[1, 2, 0][..], false, 3));
    let refused = lab.cluster.alter_reassignment("orders", 0, None).unwrap_err();
    assert_eq!(refused.code, Code::NoReassignmentInProgress);
    for (target, says) in [(&[][..], "empty"), (&[1, 1][..], "more than once"), (&[9][..], "no such broker")]
    {
        let refused = lab.cluster.alter_reassignment("orders", 0, Some(target)).unwrap_err();
        assert!(refused.code == Code::InvalidReplicaAssignment && refused.to_string().contains(says));
    }
}

#[test]
fn the_preferred_leader_is_elected_when_it_is_in_sync() {
    let mut lab = loaded(2);
    let elect =
        |lab: &mut Lab| lab.cluster.elect_leader("orders", 0, Election::Preferred).map_err(|r| r.code);
    lab.cluster.alter_reassignment("orders", 0, Some(&[1, 0, 2])).unwrap();
    let led = lab.cluster.topics["orders"].partitions[0].leader.unwrap();
    let (first, second) = if led == 1 { (Err(Code::ElectionNotNeeded), led) } else { (Ok(()), 1) };
    assert_eq!((elect(&mut lab), second), (first, 1));
    assert_eq!(elect(&mut lab), Err(Code::ElectionNotNeeded));
    lab.cluster.alter_reassignment("orders", 0, Some(&[3, 1, 0])).unwrap();
    assert_eq!(elect(&mut lab), Err(Code::PreferredLeaderNotAvailable), "it has not copied yet");
}

#[test]
fn what_is_old_or_too_much_is_deleted_and_does_not_come_back() {
    let mut lab = Lab::new(3, 3);
    lab.topic("orders", 2, 3, &[("retention.ms", "600000")], 50.0);
    let start = |lab: &Lab| {
        let leader = lab.cluster.topics["orders"].partitions[0].leader.unwrap();
        lab.cluster.list_offset(leader, "orders", 0, At::Earliest).unwrap().0
    };
    let first = start(&lab);
    let oldest = lab.cluster.topics["orders"].record("orders", 0, first, &lab.cluster.clock).at;
    assert!((lab.now.0 - oldest - 600_000).abs() < 12_000, "{}", lab.now.0 - oldest);
    lab.step(20.0);
    let later = start(&lab);
    assert!(later > first);
    let change = |value: &str| [("retention.ms".into(), Change::Set(value.into()))];
    lab.cluster.alter_topic("orders", &change("3600000"), false).unwrap();
    lab.step(5.0);
    assert_eq!(start(&lab), later);
    let size = [("retention.bytes".into(), Change::Set("1000000".into()))];
    lab.cluster.alter_topic("orders", &size, false).unwrap();
    assert_eq!(lab.cluster.topics["orders"].bytes(0), 1_000_000);
    let leader = lab.cluster.topics["orders"].partitions[0].leader.unwrap();
    let end = lab.cluster.topics["orders"].end(0);
    assert_eq!(lab.cluster.delete_records(leader, "orders", 0, -1), Ok(end));
    assert_eq!((start(&lab), lab.cluster.topics["orders"].bytes(0)), (end, 0));
}

#[test]
fn what_clients_produce_is_kept_up_to_a_limit() {
    let mut lab = loaded(4);
    let leader = lab.cluster.topics["orders"].partitions[0].leader.unwrap();
    let big = |n: u8| crate::demo::world::kafka::Record {
        at: lab.now.0,
        key: None,
        value: Some(vec![n; 1_000_000].into()),
        headers: Vec::new(),
    };
    let records: Vec<_> = (0..30).map(big).collect();
    let mut last = 0;
    for record in records {
        last = lab.cluster.produce(leader, "orders", 0, vec![record], -1).unwrap();
    }
    let orders = &lab.cluster.topics["orders"];
    let (start, bytes) = (orders.start(0), orders.bytes(0));
    assert_eq!((last - start, orders.end(0)), (15, last + 1), "16 MiB hold 16 of them");
    assert!((16_000_000..16_777_216).contains(&bytes), "{bytes}");
    let read = lab.cluster.fetch(leader, "orders", 0, start, u64::MAX).unwrap().records;
    assert!(read.len() == 16 && read[15].1.value.as_ref().unwrap()[0] == 29);
}
