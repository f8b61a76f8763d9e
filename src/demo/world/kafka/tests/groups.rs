//! Consumer groups: the simulated ones, and those whose members come from outside.

use super::Lab;
use crate::{
    demo::world::kafka::{Assignor, Code, Committed, Group, GroupState, Join, Life, OFFSETS},
    domain::{Text, kubernetes::Key},
};
use proptest::prelude::*;

fn pods(count: usize) -> Vec<(Key, Text)> {
    let pod = |i: usize| (Key::new("shop", &format!("billing-{i}")), format!("10.0.0.{i}").into());
    (0..count).map(pod).collect()
}

/// `billing` reads `orders`, to which 60 messages a second are sent, and has as much to read of each partition.
fn lab(pace: f64, lag: f64) -> Lab {
    let mut lab = Lab::new(3, 8);
    lab.topic(OFFSETS, 10, 3, &[("cleanup.policy", "compact")], 1.0);
    lab.topic("orders", 6, 3, &[], 60.0);
    let mut group = Group::new(vec!["orders".into()], pace, Assignor::Range);
    for p in 0..6 {
        let position = lab.cluster.topics["orders"].end(p) as f64 - lag / 6.0;
        *group.commit_at(&"orders".into(), p) = Some(Committed { position, metadata: None });
    }
    lab.cluster.groups.insert("billing".into(), group);
    lab
}

fn join(lab: &mut Lab, members: usize) {
    lab.cluster.set_members("billing", "billing", &pods(members), &mut lab.random);
    lab.step(6.0);
}

fn lags(lab: &Lab) -> Vec<i64> {
    let (topic, group) = (&lab.cluster.topics["orders"], &lab.cluster.groups["billing"]);
    let lag = |p: usize| topic.high_watermark(p) - group.committed("orders", p as i32).unwrap().offset();
    (0..topic.partitions.len()).map(lag).collect()
}

#[test]
fn a_group_that_is_fast_enough_works_its_lag_off_and_one_that_is_not_falls_behind() {
    let mut fast = lab(500.0, 3_000.0);
    assert!((2_900..3_100).contains(&lags(&fast).iter().sum::<i64>()));
    join(&mut fast, 2);
    fast.step(15.0);
    // What is sent between two commits remains.
    assert!(lags(&fast).iter().all(|&lag| (0..=120).contains(&lag)), "{:?}", lags(&fast));
    let mut slow = lab(5.0, 0.0);
    join(&mut slow, 2);
    slow.step(30.0);
    let before: i64 = lags(&slow).iter().sum();
    slow.step(30.0);
    let grown = lags(&slow).iter().sum::<i64>() - before;
    assert!(grown > 500, "of 60 a second 10 are read: {grown}");
}

#[test]
fn who_is_stuck_commits_nothing_and_a_change_of_members_is_a_rebalance() {
    let mut lab = lab(500.0, 0.0);
    join(&mut lab, 3);
    lab.cluster.groups.get_mut("billing").unwrap().members[1].stuck = true;
    let group = &lab.cluster.groups["billing"];
    assert_eq!((group.state, group.generation), (GroupState::Stable, 1));
    let stuck: Vec<_> = group.members.iter().filter(|m| m.stuck).flat_map(|m| m.assigned.clone()).collect();
    assert_eq!(stuck.len(), 2);
    let at = |lab: &Lab, p: i32| lab.cluster.groups["billing"].committed("orders", p).unwrap().offset();
    let before: Vec<i64> = stuck.iter().map(|(_, p)| at(&lab, *p)).collect();
    lab.step(20.0);
    assert_eq!(stuck.iter().map(|(_, p)| at(&lab, *p)).collect::<Vec<_>>(), before);
    let stays = pods(3);
    let one = lab.cluster.groups["billing"].members[1].pod.clone();
    let stays: Vec<_> = stays.into_iter().filter(|(pod, _)| *pod != one).collect();
    lab.cluster.set_members("billing", "billing", &stays, &mut lab.random);
    assert_eq!(lab.cluster.groups["billing"].state, GroupState::PreparingRebalance);
    lab.step(20.0);
    assert_eq!(lab.cluster.groups["billing"].generation, 2);
    assert!(lags(&lab).iter().all(|&lag| lag <= 120));
    lab.cluster.set_members("billing", "billing", &[], &mut lab.random);
    assert_eq!(lab.cluster.groups["billing"].state, GroupState::Empty);
}

#[test]
fn commits_are_taken_from_outside_only_while_nobody_reads() {
    let mut lab = lab(500.0, 0.0);
    join(&mut lab, 1);
    let commit = |lab: &mut Lab, at| lab.cluster.commit_offset("billing", ("", -1), ("orders", 0), at, None);
    assert_eq!(commit(&mut lab, 5), Err(Code::UnknownMemberId));
    assert_eq!(lab.cluster.delete_group("billing"), Err(Code::NonEmptyGroup));
    assert_eq!(lab.cluster.delete_offset("billing", "orders", 0), Err(Code::GroupSubscribedToTopic));
    join(&mut lab, 0);
    assert_eq!(commit(&mut lab, 5), Ok(()));
    assert_eq!(lab.cluster.groups["billing"].committed("orders", 0).unwrap().offset(), 5);
    assert_eq!(lab.cluster.delete_offset("billing", "orders", 0), Ok(()));
    assert_eq!(lab.cluster.groups["billing"].committed("orders", 0), None);
    assert_eq!(lab.cluster.delete_group("billing"), Ok(()));
    assert_eq!(lab.cluster.delete_group("billing"), Err(Code::GroupIdNotFound));
    assert_eq!(commit(&mut lab, 7), Ok(()), "a commit makes the group");
}

#[test]
fn without_its_coordinator_a_group_commits_nothing() {
    let mut lab = lab(500.0, 0.0);
    join(&mut lab, 1);
    lab.step(10.0);
    let coordinator = lab.cluster.coordinator("billing").unwrap();
    lab.live(coordinator, Life::Hung);
    lab.step(0.1);
    let committed = lab.cluster.groups["billing"].committed.clone();
    lab.step(8.0);
    assert_eq!(lab.cluster.groups["billing"].committed, committed);
    lab.step(10.0);
    assert_ne!(lab.cluster.groups["billing"].committed, committed, "another coordinates it");
}

fn asks(member: &str, returns: bool) -> Join {
    Join {
        member: member.into(),
        client: "kcat".into(),
        host: "127.0.0.1".into(),
        kind: "consumer".into(),
        protocols: vec![("range".into(), b"orders"[..].into())],
        session_ms: 10_000,
        rebalance_ms: 60_000,
        returns,
    }
}

#[test]
fn two_clients_join_share_out_and_lose_one_another() {
    let mut lab = lab(500.0, 0.0);
    let (code, first) = lab.cluster.join_group("tail", asks("", true), &mut lab.random).unwrap_err();
    assert_eq!(code, Code::MemberIdRequired);
    assert_eq!(lab.cluster.join_group("tail", asks(&first, true), &mut lab.random).unwrap(), first);
    let second = lab.cluster.join_group("tail", asks("", false), &mut lab.random).unwrap();
    assert_eq!(lab.cluster.joined("tail", &first), Ok(None), "others may come yet");
    lab.step(3.5);
    let joined = lab.cluster.joined("tail", &first).unwrap().unwrap();
    assert_eq!((joined.generation, &joined.leader, joined.members.len()), (1, &first, 2));
    assert!(lab.cluster.joined("tail", &second).unwrap().unwrap().members.is_empty());
    assert_eq!(
        lab.cluster.sync_group("tail", &second, 1, vec![]),
        Ok(None),
        "the leader has said nothing yet"
    );
    let given = vec![(first.clone(), b"0"[..].into()), (second.clone(), b"1"[..].into())];
    assert_eq!(lab.cluster.sync_group("tail", &first, 1, given), Ok(Some(b"0"[..].into())));
    assert_eq!(lab.cluster.sync_group("tail", &second, 1, vec![]), Ok(Some(b"1"[..].into())));
    assert_eq!(lab.cluster.heartbeat("tail", &second, 1), Ok(()));
    assert_eq!(lab.cluster.heartbeat("tail", &second, 0), Err(Code::IllegalGeneration));
    assert_eq!(lab.cluster.commit_offset("tail", (&first, 1), ("orders", 0), 3, None), Ok(()));
    lab.cluster.leave_group("tail", &first).unwrap();
    assert_eq!(lab.cluster.heartbeat("tail", &second, 1), Err(Code::RebalanceInProgress));
    lab.cluster.join_group("tail", asks(&second, true), &mut lab.random).unwrap();
    assert_eq!(lab.cluster.joined("tail", &second).unwrap().unwrap().generation, 2);
    lab.step(11.5);
    assert_eq!(lab.cluster.groups["tail"].state, GroupState::Empty, "it was not heard of");
    assert_eq!(lab.cluster.heartbeat("tail", &second, 2), Err(Code::UnknownMemberId));
    join(&mut lab, 1);
    let refused = lab.cluster.join_group("billing", asks("", false), &mut lab.random).unwrap_err();
    assert_eq!(refused.0, Code::InconsistentGroupProtocol);
}

proptest! {
    #[test]
    fn every_partition_has_one_reader_and_nobody_has_two_more_than_another(
        counts in prop::collection::vec(1..20usize, 1..3),
        changes in prop::collection::vec(1..8usize, 1..5),
        sticky: bool,
    ) {
        let counts: Vec<(Text, usize)> =
            counts.iter().enumerate().map(|(i, n)| (format!("topic-{i}").into(), *n)).collect();
        let assignor = if sticky { Assignor::Sticky } else { Assignor::Range };
        let mut group = Group::new(counts.iter().map(|(name, _)| name.clone()).collect(), 1.0, assignor);
        let mut lab = Lab::new(1, 1);
        lab.cluster.groups.insert("billing".into(), group.clone());
        for members in changes {
            lab.cluster.set_members("billing", "billing", &pods(members), &mut lab.random);
            group = lab.cluster.groups["billing"].clone();
            group.assign(&counts);
            let mut all: Vec<_> = group.members.iter().flat_map(|m| m.assigned.clone()).collect();
            all.sort();
            let expected: Vec<_> =
                counts.iter().flat_map(|(t, n)| (0..*n as i32).map(move |p| (t.clone(), p))).collect();
            prop_assert_eq!(all, expected);
            let sizes = group.members.iter().map(|m| m.assigned.len());
            // Ranges are even within a topic, what sticks is even over all.
            let uneven = if sticky { 1 } else { counts.len() };
            prop_assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= uneven);
            lab.cluster.groups.insert("billing".into(), group.clone());
        }
    }
}
