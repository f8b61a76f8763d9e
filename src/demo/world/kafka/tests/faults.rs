//! Whatever happens in whatever order, what Kafka promises holds.

use super::{Lab, record};
use crate::demo::world::kafka::{At, Code, Election, Life};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Event {
    Pass(u8),
    Kill(i32),
    Stop(i32),
    Hang(i32),
    /// Starts it if it is down, lets it go on if it hangs.
    Revive(i32),
    Fetching(i32, bool),
    Produce {
        topic: usize,
        partition: i32,
        acks: i16,
    },
    Move {
        topic: usize,
        partition: i32,
        to: Vec<i32>,
    },
    Cancel {
        topic: usize,
        partition: i32,
    },
    Prefer {
        topic: usize,
        partition: i32,
    },
    Grow {
        topic: usize,
    },
}

/// The last one elects unclean leaders.
const TOPICS: [&str; 4] = ["orders", "payments", "scratch", "clicks"];
const UNCLEAN: usize = 3;

fn event() -> impl Strategy<Value = Event> {
    let broker = 0..5i32;
    let place = (0..TOPICS.len(), 0..3i32);
    let replicas = prop::sample::subsequence(vec![0, 1, 2, 3, 4], 1..4).prop_shuffle();
    prop_oneof![
        6 => (1..40u8).prop_map(Event::Pass),
        2 => broker.clone().prop_map(Event::Kill),
        1 => broker.clone().prop_map(Event::Stop),
        2 => broker.clone().prop_map(Event::Hang),
        5 => broker.clone().prop_map(Event::Revive),
        1 => (broker, any::<bool>()).prop_map(|(b, on)| Event::Fetching(b, on)),
        6 => (place.clone(), prop_oneof![Just(-1i16), Just(1)])
            .prop_map(|((topic, partition), acks)| Event::Produce { topic, partition, acks }),
        3 => (place.clone(), replicas)
            .prop_map(|((topic, partition), to)| Event::Move { topic, partition, to }),
        1 => place.clone().prop_map(|(topic, partition)| Event::Cancel { topic, partition }),
        2 => place.prop_map(|(topic, partition)| Event::Prefer { topic, partition }),
        1 => (0..TOPICS.len()).prop_map(|topic| Event::Grow { topic }),
    ]
}

/// What the clients know to be committed.
#[derive(Default)]
struct Witness {
    produced: u64,
    /// By topic, partition and offset: the value that all in sync had.
    committed: BTreeMap<(usize, i32, i64), u64>,
    watermarks: BTreeMap<(usize, usize), i64>,
}

impl Witness {
    fn apply(&mut self, lab: &mut Lab, event: &Event) {
        let life = |lab: &Lab, b: i32| lab.cluster.brokers[&b].life;
        match event {
            Event::Pass(tenths) => lab.step(f64::from(*tenths) / 2.0),
            Event::Kill(b) => lab.live(*b, Life::Down),
            Event::Stop(b) if life(lab, *b) == Life::Up => lab.live(*b, Life::Stopping),
            Event::Hang(b) if life(lab, *b) == Life::Up => lab.live(*b, Life::Hung),
            Event::Revive(b) if life(lab, *b) == Life::Down => lab.live(*b, Life::Starting),
            Event::Revive(b) if life(lab, *b) == Life::Hung => lab.live(*b, Life::Up),
            Event::Fetching(b, on) => lab.cluster.brokers.get_mut(b).unwrap().fetching = *on,
            Event::Produce { topic, partition, acks } => self.produce(lab, *topic, *partition, *acks),
            Event::Move { topic, partition, to } => {
                let _ = lab.cluster.alter_reassignment(TOPICS[*topic], *partition, Some(to));
            }
            Event::Cancel { topic, partition } => {
                let _ = lab.cluster.alter_reassignment(TOPICS[*topic], *partition, None);
            }
            Event::Prefer { topic, partition } => {
                let _ = lab.cluster.elect_leader(TOPICS[*topic], *partition, Election::Preferred);
            }
            Event::Grow { topic } => {
                let count = lab.cluster.topics[TOPICS[*topic]].partitions.len() as i32 + 1;
                let _ = lab.cluster.add_partitions(TOPICS[*topic], count, &[], false, &mut lab.random);
            }
            _ => {}
        }
    }

    fn produce(&mut self, lab: &mut Lab, topic: usize, partition: i32, acks: i16) {
        let Some(leader) = lab.cluster.topics[TOPICS[topic]].partition(partition).and_then(|p| p.leader)
        else {
            return;
        };
        self.produced += 1;
        let sent = vec![record(self.produced)];
        if let (Ok(offset), -1) = (lab.cluster.produce(leader, TOPICS[topic], partition, sent, acks), acks) {
            self.committed.insert((topic, partition, offset), self.produced);
        }
    }

    fn check(&mut self, lab: &Lab) -> Result<(), TestCaseError> {
        for (t, name) in TOPICS.iter().enumerate() {
            let topic = &lab.cluster.topics[*name];
            for (i, p) in topic.partitions.iter().enumerate() {
                let told = format!("{name}-{i}: {p:?}");
                prop_assert!(!p.isr.is_empty() && p.isr.iter().all(|id| p.replicas.contains(id)), "{}", told);
                prop_assert!(p.leader.is_none_or(|leader| p.isr.contains(&leader)), "{}", told);
                prop_assert!(p.adding().iter().chain(p.removing()).all(|id| p.replicas.contains(id)));
                let mut replicas = p.replicas.to_vec();
                replicas.sort_unstable();
                replicas.dedup();
                prop_assert_eq!(replicas.len(), p.replicas.len(), "{}", told);
                prop_assert!(p.behind().iter().all(|r| p.replicas.contains(&r.broker)), "{}", told);
                let watermark = topic.high_watermark(i);
                prop_assert!(topic.start(i) <= watermark && watermark <= topic.end(i), "{}", told);
                let before = self.watermarks.insert((t, i), watermark).unwrap_or(0);
                prop_assert!(t == UNCLEAN || watermark >= before, "{} was {}", told, before);
            }
        }
        Ok(())
    }

    /// That each committed record is where it was.
    fn check_committed(&self, lab: &Lab) -> Result<(), TestCaseError> {
        for (&(t, partition, offset), value) in self.committed.iter().filter(|(at, _)| at.0 != UNCLEAN) {
            let topic = &lab.cluster.topics[TOPICS[t]];
            prop_assert!(offset < topic.high_watermark(partition as usize));
            let found = topic.record(TOPICS[t], partition as usize, offset, &lab.cluster.clock);
            prop_assert_eq!(found.value, record(*value).value);
        }
        Ok(())
    }
}

fn lab(seed: u64) -> Lab {
    let mut lab = Lab::new(5, seed);
    lab.topic("orders", 3, 3, &[("min.insync.replicas", "2")], 50.0);
    lab.topic("payments", 3, 2, &[], 20.0);
    lab.topic("scratch", 3, 1, &[], 5.0);
    lab.topic("clicks", 3, 3, &[("unclean.leader.election.enable", "true")], 100.0);
    lab
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn kafkas_promises_hold_whatever_happens(seed: u64, events in prop::collection::vec(event(), 1..60)) {
        let (mut lab, mut witness) = (lab(seed), Witness::default());
        for event in &events {
            witness.apply(&mut lab, event);
            witness.check(&lab)?;
        }
        witness.check_committed(&lab)?;
        // And everything heals when the brokers come back.
        for id in 0..5 {
            lab.cluster.brokers.get_mut(&id).unwrap().fetching = true;
            if lab.cluster.brokers[&id].life == Life::Stopping {
                lab.step(3.0);
            }
            witness.apply(&mut lab, &Event::Revive(id));
        }
        lab.step(90.0);
        witness.check(&lab)?;
        witness.check_committed(&lab)?;
        for topic in TOPICS.map(|name| &lab.cluster.topics[name]) {
            for p in &topic.partitions {
                prop_assert!(p.leader.is_some() && !p.reassigning() && p.isr.len() == p.replicas.len(), "{p:?}");
                prop_assert!(p.behind().is_empty() && (!p.held() || p.isr.len() < topic.rules.min_isr), "{p:?}");
            }
        }
        prop_assert!(lab.cluster.troubled.is_empty());
    }

    #[test]
    fn the_same_seed_and_times_make_the_same_world(seed: u64, events in prop::collection::vec(event(), 1..30)) {
        let told = || {
            let (mut lab, mut witness) = (lab(seed), Witness::default());
            for event in &events {
                witness.apply(&mut lab, event);
            }
            format!("{:?}", lab.cluster)
        };
        prop_assert_eq!(told(), told());
    }
}

#[test]
fn a_broker_that_hangs_is_fenced_after_nine_seconds_and_its_leaders_move() {
    let mut lab = lab(1);
    let it = lab.cluster.topics["scratch"].partitions[0].leader.unwrap();
    lab.cluster.alter_reassignment("orders", 0, Some(&[it, (it + 1) % 5, (it + 2) % 5])).unwrap();
    lab.step(30.0);
    let _ = lab.cluster.elect_leader("orders", 0, Election::Preferred);
    let orders = |lab: &Lab| lab.cluster.topics["orders"].partitions.clone();
    let mine = |lab: &Lab| orders(lab).iter().filter(|p| p.leader == Some(it)).count();
    let led = mine(&lab);
    assert!(led > 0);
    lab.live(it, Life::Hung);
    lab.step(8.0);
    assert_eq!((mine(&lab), lab.cluster.brokers[&it].registered), (led, true));
    for p in orders(&lab) {
        assert_eq!(p.isr.contains(&it), p.held(), "producers wait for who is in sync and does not answer");
    }
    lab.step(2.0);
    assert_eq!((mine(&lab), lab.cluster.brokers[&it].registered), (0, false));
    assert!(orders(&lab).iter().all(|p| !p.isr.contains(&it) && !p.held()));
    let scratch = lab.cluster.topics["scratch"].partitions.iter();
    let offline: Vec<_> = scratch.filter(|p| p.leader.is_none()).collect();
    assert!(!offline.is_empty() && offline.iter().all(|p| *p.isr == [it]));
    lab.live(it, Life::Up);
    lab.step(5.0);
    assert!(lab.cluster.brokers[&it].registered);
    assert!(lab.cluster.topics.values().flat_map(|t| &t.partitions).all(|p| p.isr.len() == p.replicas.len()));
    assert_eq!(mine(&lab), 0, "leaders do not go back by themselves");
}

#[test]
fn one_that_is_stopped_gives_its_leaders_away_before_it_goes() {
    let mut lab = lab(2);
    lab.live(1, Life::Stopping);
    lab.step(0.2);
    let orders = &lab.cluster.topics["orders"];
    assert!(orders.partitions.iter().all(|p| p.leader != Some(1) && !p.isr.contains(&1) && !p.held()));
    lab.step(2.5);
    let broker = &lab.cluster.brokers[&1];
    assert_eq!((broker.life, broker.registered), (Life::Down, false));
    lab.live(1, Life::Starting);
    lab.step(3.0);
    assert_eq!(lab.cluster.brokers[&1].life, Life::Starting);
    lab.step(4.0);
    assert!(lab.cluster.brokers[&1].registered);
}

#[test]
fn too_few_in_sync_take_no_record_that_all_should_have() {
    let mut lab = lab(3);
    let leader = lab.cluster.topics["orders"].partitions[0].leader.unwrap();
    let replicas = lab.cluster.topics["orders"].partitions[0].replicas.clone();
    // The voters' majority stays.
    replicas.iter().filter(|&&id| id != leader).for_each(|&id| {
        lab.cluster.brokers.get_mut(&id).unwrap().fetching = false;
    });
    lab.step(5.0);
    let produce = |lab: &mut Lab, acks| lab.cluster.produce(leader, "orders", 0, vec![record(1)], acks);
    assert_eq!(produce(&mut lab, -1), Err(Code::RequestTimedOut));
    lab.step(30.0);
    assert_eq!(*lab.cluster.topics["orders"].partitions[0].isr, [leader]);
    assert_eq!(produce(&mut lab, -1), Err(Code::NotEnoughReplicas));
    let end = lab.cluster.topics["orders"].end(0);
    lab.step(10.0);
    assert_eq!(lab.cluster.topics["orders"].end(0), end, "simulated producers are refused too");
    assert_eq!(produce(&mut lab, 1), Ok(end));
    assert_eq!(lab.cluster.topics["orders"].high_watermark(0), end + 1);
}

#[test]
fn without_a_majority_of_voters_nothing_is_decided() {
    let mut lab = lab(4);
    let active = lab.cluster.controller.unwrap();
    lab.live(active, Life::Down);
    lab.step(1.0);
    let refused = lab.cluster.delete_topic("scratch").unwrap_err();
    assert_eq!(refused.code, Code::RequestTimedOut);
    lab.step(2.0);
    let next = lab.cluster.controller.unwrap();
    assert!(next != active && lab.cluster.quorum().unwrap().epoch == 2);
    lab.live(next, Life::Down);
    lab.step(60.0);
    assert_eq!(lab.cluster.controller, None);
    assert!(lab.cluster.brokers[&next].registered, "nobody fences it");
    lab.live(active, Life::Starting);
    lab.step(20.0);
    assert!(lab.cluster.controller.is_some() && !lab.cluster.brokers[&next].registered);
}

#[test]
fn a_full_disk_stops_its_broker_until_there_is_room() {
    let mut lab = lab(5);
    let broker = lab.cluster.brokers.get_mut(&0).unwrap();
    broker.other_bytes = broker.capacity;
    lab.step(12.0);
    assert_eq!(lab.cluster.brokers[&0].life, Life::Down);
    lab.live(0, Life::Starting);
    lab.step(130.0);
    let broker = lab.cluster.brokers.get_mut(&0).unwrap();
    assert!(broker.disk_failed && broker.life == Life::Down);
    broker.other_bytes = 0;
    lab.cluster.count_disks();
    lab.live(0, Life::Starting);
    lab.step(10.0);
    assert!(lab.cluster.brokers[&0].registered);
}

#[test]
fn offsets_and_times_tell_the_same() {
    let mut lab = lab(6);
    lab.step(20.0);
    let orders = &lab.cluster.topics["orders"];
    let leader = orders.partitions[1].leader.unwrap();
    let list = |at| lab.cluster.list_offset(leader, "orders", 1, at).unwrap();
    let (start, end) = (list(At::Earliest).0, list(At::Latest).0);
    assert!(start == 0 && end > 10_000, "an hour at 50 a second: {end}");
    let read = lab.cluster.fetch(leader, "orders", 1, end - 200, 1 << 30).unwrap().records;
    assert_eq!(read.len(), 200);
    assert!(read.windows(2).all(|w| w[0].1.at <= w[1].1.at && w[0].0 + 1 == w[1].0));
    let newest = read.last().unwrap();
    assert!(lab.now.0 - newest.1.at < 3_000, "the newest is of now");
    assert_eq!(list(At::MaxTimestamp), (newest.0, newest.1.at));
    for (offset, record) in &read {
        let (found, at) = list(At::Time(crate::domain::time::Time(record.at)));
        assert!(found <= *offset && at == record.at);
    }
    assert_eq!(lab.cluster.fetch(leader, "orders", 1, end + 1, 1), Err(Code::OffsetOutOfRange));
    assert_eq!(lab.cluster.fetch(leader, "orders", 1, 0, 1).unwrap().records.len(), 1);
}
