use super::*;
use crate::{
    action::Policy,
    domain::{
        derived::Derived,
        kafka::{Body, KafkaDelta, Quorum, Reassignment, Replicas, TopicConfig, Voter},
        snapshot::Snapshot,
        time::Time,
        world::World,
    },
    world::{self, Fixture, Mood, NOW, SMALL, fixture},
};
use proptest::prelude::*;

fn known(fixture: &Fixture, headroom: usize) -> Known<'_> {
    Known { world: fixture.world(), policy: Policy { headroom, ..Policy::default() } }
}

fn ids(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().copied().map(BrokerId).collect()
}

/// A cluster of these (replicas, in sync, min ISR), one topic each; the first in sync leads.
fn cluster(partitions: &[(Vec<i32>, Vec<i32>, Option<u16>)]) -> Fixture {
    let topics = partitions.iter().enumerate().map(|(i, (replicas, isr, min))| Topic {
        id: None,
        name: format!("t{i:02}").into(),
        internal: false,
        partitions: vec![Partition {
            index: 0,
            leader: isr.first().copied().map(BrokerId),
            epoch: 1,
            replicas: replicas.iter().copied().map(BrokerId).collect(),
            isr: isr.iter().copied().map(BrokerId).collect(),
            offline: Replicas::default(),
        }],
        config: min.map(|min_insync| TopicConfig { min_insync, ..TopicConfig::default() }),
    });
    let mut snapshot = Snapshot::default();
    let brokers = (0..8).map(|i| (BrokerId(i), format!("b{i}").into(), 9092, None)).collect();
    let news = [
        KafkaDelta::Cluster { id: None, controller: None, brokers, at: NOW },
        KafkaDelta::Topics { changed: topics.collect(), removed: vec![], at: NOW },
        KafkaDelta::Heard { body: Body::Configs, at: NOW },
        KafkaDelta::Quorum { answer: Ok(Quorum::default()), at: NOW },
    ];
    world::apply(&mut snapshot, news.into_iter().map(Into::into));
    Fixture::of(snapshot, NOW)
}

fn one(replicas: &[i32], isr: &[i32], min: u16) -> Fixture {
    cluster(&[(replicas.to_vec(), isr.to_vec(), Some(min))])
}

/// (replicas, in sync, min ISR, who goes, blocked, lists that it is in)
type Rule = (&'static [i32], &'static [i32], u16, i32, bool, &'static str);

#[test]
fn the_rule_of_availability_case_by_case() {
    let cases: &[Rule] = &[
        (&[1, 2, 3], &[1, 2, 3], 2, 1, false, "leader at-min"),
        (&[1, 2, 3], &[1, 2, 3], 2, 2, false, "at-min"),
        (&[1, 2, 3], &[1, 2, 3], 1, 2, false, ""),
        (&[1, 2, 3], &[1, 2], 2, 1, true, "leader under"),
        (&[1, 2, 3], &[1, 2], 2, 3, false, ""),
        (&[1, 2, 3], &[1], 2, 3, true, "under"),
        (&[1, 2, 3], &[1], 2, 1, true, "offline"),
        (&[1, 2, 3], &[1], 1, 1, true, "offline"),
        (&[1], &[1], 1, 1, false, "offline unprotected"),
        (&[1, 2], &[1, 2], 2, 1, false, "leader under unprotected"),
        (&[1, 2], &[1, 2], 2, 3, false, ""),
        (&[1], &[1], 2, 1, false, "offline unprotected"),
    ];
    for (replicas, isr, min, gone, blocked, lists) in cases {
        let fixture = one(replicas, isr, *min);
        let absence = Radius::without(&known(&fixture, 0), &ids(&[*gone]));
        let r = &absence.radius;
        let named = [
            (!r.leaderless.is_empty(), "leader"),
            (!r.at_min_isr.is_empty(), "at-min"),
            (!r.under_min_isr.is_empty(), "under"),
            (!r.offline.is_empty(), "offline"),
            (!r.unprotected.is_empty(), "unprotected"),
        ];
        let named: Vec<_> = named.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect();
        let case = format!("{replicas:?} in sync {isr:?} min {min} without {gone}: {absence:?}");
        assert_eq!(named.join(" "), *lists, "{case}");
        assert_eq!(!absence.refusals.is_empty(), *blocked, "{case}");
        assert!(absence.unknown.is_empty(), "{case}");
    }
}

#[test]
fn a_refusal_names_the_partitions_and_who_is_missing() {
    let fixture = fixture(Mood::Degraded, SMALL);
    let absence = Radius::without(&known(&fixture, 0), &ids(&[2]));
    assert_eq!(
        absence.refusals,
        [
            "2 partitions of broker 2 refuse acks=all already: orders-0, orders-1; brokers 0, 1, 2 are \
             out of sync: wait until that is over",
            "without broker 2 39 partitions would refuse acks=all: __consumer_offsets-0, \
             __consumer_offsets-1, __consumer_offsets-2 and 36 more; broker 1 is out of sync",
        ]
    );
    assert_eq!(absence.risk(), Risk::Outage);
}

#[test]
fn what_cannot_be_protected_is_named_and_does_not_block() {
    let fixture = one(&[1], &[1], 1);
    let absence = Radius::without(&known(&fixture, 0), &ids(&[1]));
    assert!(absence.refusals.is_empty());
    assert_eq!(
        absence.notes,
        [Note::warning("1 partition has no replica to spare and cannot be protected: t00-0")]
    );
}

#[test]
fn headroom_asks_for_more_where_there_are_replicas_for_it() {
    let blocked = |replicas: &[i32], isr: &[i32], headroom| {
        let fixture = one(replicas, isr, 2);
        !Radius::without(&known(&fixture, headroom), &ids(&[1])).refusals.is_empty()
    };
    assert!(!blocked(&[1, 2, 3, 4], &[1, 2, 3], 0));
    assert!(blocked(&[1, 2, 3, 4], &[1, 2, 3], 1));
    assert!(!blocked(&[1, 2, 3, 4], &[1, 2, 3, 4], 1));
    // Three replicas have no more than one to spare.
    assert!(!blocked(&[1, 2, 3], &[1, 2, 3], 1));
}

#[test]
fn what_is_not_known_is_not_assumed() {
    let fresh = cluster(&[(vec![1, 2, 3], vec![1, 2, 3], None)]);
    assert_eq!(Radius::without(&known(&fresh, 0), &ids(&[1])).unknown, ["min ISR of 1 topic: not read yet"]);
    let stale = fixture(Mood::Stale, SMALL);
    let absence = Radius::without(&known(&stale, 0), &ids(&[1]));
    assert!(absence.unknown.iter().any(|u| u.starts_with("leaders and ISRs")), "{absence:?}");
    assert_eq!(absence.risk(), Risk::Elevated);
    let pending = fixture(Mood::Pending, SMALL);
    assert_eq!(Radius::without(&known(&pending, 0), &ids(&[1])).unknown.len(), 4);
}

#[test]
fn the_quorum_keeps_enough_voters_that_are_caught_up() {
    // (voters as milliseconds behind, −1 unknown; who goes; refused; unknown; noted)
    let cases: &[(&[i64], i32, bool, bool, bool)] = &[
        (&[0], 0, false, false, true),
        (&[0, 10], 1, false, false, false),
        (&[0, 9_000], 0, true, false, false),
        (&[0, 10, 10], 2, false, false, false),
        (&[0, 10, 9_000], 1, true, false, false),
        (&[0, 10, 9_000], 2, false, false, false),
        (&[0, 10, -1], 1, false, true, false),
        (&[0, 10, 10, 9_000, 9_000], 4, false, false, false),
        (&[0, 10, 10, 9_000, 9_000], 1, true, false, false),
        (&[0, 10, 10], 7, false, false, false),
    ];
    for (voters, gone, refused, unknown, noted) in cases {
        let mut fixture = one(&[1, 2, 3], &[1, 2, 3], 1);
        let voter = |(id, behind): (usize, &i64)| Voter {
            id: BrokerId(id as i32),
            log_end: 9,
            behind: u64::try_from(*behind).ok().map(Duration::from_millis),
        };
        let voters: Vec<Voter> = voters.iter().enumerate().map(voter).collect();
        let quorum = Quorum { leader: Some(BrokerId(0)), epoch: 1, voters, observers: vec![] };
        let news = KafkaDelta::Quorum { answer: Ok(quorum.clone()), at: NOW };
        fixture.snapshot.apply(news.into());
        let absence = Radius::without(&known(&fixture, 0), &ids(&[*gone]));
        let case = format!("{:?} without {gone}: {absence:?}", quorum.voters);
        assert_eq!(!absence.refusals.is_empty(), *refused, "{case}");
        assert_eq!(!absence.unknown.is_empty(), *unknown, "{case}");
        assert_eq!(!absence.notes.is_empty(), *noted, "{case}");
    }
}

type Case = (Vec<(Vec<i32>, Vec<i32>, Option<u16>)>, Vec<i32>);

/// Random partitions over eight brokers and one to three that go.
fn cases() -> impl Strategy<Value = Case> {
    let brokers = Just((0..8).collect::<Vec<i32>>()).prop_shuffle();
    let partition =
        (brokers, 1..6_usize, proptest::bits::u8::ANY, 1..5_u16).prop_map(|(brokers, rf, in_sync, min)| {
            let replicas = brokers[..rf].to_vec();
            let isr = replicas.iter().copied().filter(|id| in_sync & (1 << id) != 0).collect();
            (replicas, isr, Some(min))
        });
    let gone = proptest::sample::subsequence((0..8).collect::<Vec<i32>>(), 1..4);
    (proptest::collection::vec(partition, 1..20), gone)
}

/// kafka.md §1 read a second time: the brokers are struck out of every list, and what is left is counted.
fn struck(replicas: &[i32], isr: &[i32], min: usize, gone: &[i32]) -> (bool, [bool; 5]) {
    let strike = |list: &[i32]| -> Vec<i32> {
        let mut list = list.to_vec();
        for g in gone {
            if let Some(at) = list.iter().position(|id| id == g) {
                list.remove(at);
            }
        }
        list
    };
    let (replicas_after, isr_after) = (strike(replicas), strike(isr));
    if replicas_after.len() == replicas.len() {
        return (false, [false; 5]);
    }
    let touched = isr_after != isr;
    let hopeless = min >= replicas.len();
    // acks=all asks for no more than all the replicas that there are.
    let refuses = isr_after.len() < usize::min(replicas.len(), min);
    let alive = !isr_after.is_empty();
    let leads = isr.first().is_some_and(|leader| gone.contains(leader));
    let blocked = if hopeless {
        false
    } else if isr.len() < min {
        true
    } else {
        touched && refuses
    };
    (
        blocked,
        [leads && alive, touched && !hopeless && isr_after.len() == min, alive && refuses, !alive, hopeless],
    )
}

proptest! {
    #[test]
    fn agrees_with_striking_the_brokers_out((partitions, gone) in cases()) {
        let fixture = cluster(&partitions);
        let absence = Radius::without(&known(&fixture, 0), &ids(&gone));
        let mut wanted = [vec![], vec![], vec![], vec![], vec![]];
        let mut blocked = 0;
        for (i, (replicas, isr, min)) in partitions.iter().enumerate() {
            let (blocks, lists) = struck(replicas, isr, usize::from(min.unwrap_or(1)), &gone);
            blocked += usize::from(blocks);
            for (list, holds) in wanted.iter_mut().zip(lists) {
                if holds {
                    list.push((TopicName::from(format!("t{i:02}")), 0));
                }
            }
        }
        let r = &absence.radius;
        let [leaderless, at_min, under, offline, unprotected] = &wanted;
        prop_assert_eq!(&r.leaderless, leaderless);
        prop_assert_eq!(&r.at_min_isr, at_min);
        prop_assert_eq!(&r.under_min_isr, under);
        prop_assert_eq!(&r.offline, offline);
        prop_assert_eq!(&r.unprotected, unprotected);
        // The sentences account for every partition that blocks.
        let said: usize = absence.refusals.iter().map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let at = words.iter().position(|w| w.starts_with("partition")).expect("a number of partitions");
            words[at - 1].parse::<usize>().expect("a number")
        }).sum();
        prop_assert_eq!(said, blocked);
    }
}

/// As [`cluster`], with one more replica on its way to each partition, on a broker that nothing else is on.
fn moving(partitions: &[(Vec<i32>, Vec<i32>, Option<u16>)]) -> Fixture {
    let with = |(replicas, isr, min): &(Vec<i32>, Vec<i32>, Option<u16>)| {
        let replicas = [9].iter().chain(replicas).copied().collect();
        (replicas, isr.clone(), *min)
    };
    let mut fixture = cluster(&partitions.iter().map(with).collect::<Vec<_>>());
    let moves = fixture.snapshot.kafka.topics.values().map(|topic| Reassignment {
        topic: topic.name.clone(),
        partition: 0,
        replicas: topic.partitions[0].replicas.clone(),
        adding: [BrokerId(9)].into_iter().collect(),
        removing: Replicas::default(),
    });
    let moves = moves.collect();
    fixture.snapshot.apply(KafkaDelta::Reassignments { answer: Ok(moves), at: NOW }.into());
    fixture
}

#[test]
fn one_replica_that_is_being_moved_has_none_to_spare_and_does_not_block() {
    let absence = Radius::without(&known(&moving(&[(vec![0], vec![0], Some(1))]), 0), &ids(&[0]));
    assert!(absence.refusals.is_empty(), "{absence:?}");
    assert_eq!((absence.radius.offline.len(), absence.radius.unprotected.len()), (1, 1));
}

proptest! {
    /// What is on its way is not there yet, and its lacking is nobody's fault.
    #[test]
    fn a_move_under_way_changes_nothing_of_what_may_go((partitions, gone) in cases()) {
        let (still, moved) = (cluster(&partitions), moving(&partitions));
        let [still, moved] = [&still, &moved].map(|f| Radius::without(&known(f, 1), &ids(&gone)));
        prop_assert_eq!(still.refusals, moved.refusals);
        prop_assert_eq!(still.notes, moved.notes);
        prop_assert_eq!(still.radius.offline, moved.radius.offline);
        prop_assert_eq!(still.radius.at_min_isr, moved.radius.at_min_isr);
    }
}

proptest! {
    /// As if each was looked at by itself.
    #[test]
    fn brokers_in_turn_cost_what_each_costs_alone((partitions, gone) in cases()) {
        let fixture = cluster(&partitions);
        let known = known(&fixture, 1);
        let together = Absence::in_turn(&known, &ids(&gone));
        let mut each = Absence::default();
        for id in &gone {
            each.join(Radius::without(&known, &ids(&[*id])));
        }
        prop_assert_eq!(&together.radius, &each.radius);
        prop_assert_eq!(&together.refusals, &each.refusals);
        prop_assert_eq!(&together.unknown, &each.unknown);
    }
}

#[test]
fn a_world_that_was_never_seen_knows_nothing() {
    let snapshot = Snapshot::default();
    let derived = Derived::of(&snapshot, Time(0), None);
    let world = World { snapshot: &snapshot, derived: &derived, now: Time(0) };
    let absence = Radius::without(&Known { world, policy: Policy::default() }, &ids(&[1]));
    assert!(absence.radius.is_empty() && !absence.unknown.is_empty());
}
