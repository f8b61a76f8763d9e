//! A cluster that does as it is told, in some order and with faults, and the task asked again and again.

use super::*;
use crate::domain::kafka::throttle::{replica, replicas};
use proptest::prelude::*;

/// Takes the changes as Kafka does.
pub fn configure(snapshot: &mut Snapshot, changes: &[ConfigChange]) {
    for change in changes {
        match &change.of {
            ConfigOf::Topic(name) => of_topic(snapshot, name, change),
            ConfigOf::Broker(id) => of_broker(snapshot, *id, change),
        }
    }
}

fn of_topic(snapshot: &mut Snapshot, name: &str, change: &ConfigChange) {
    let side = side(|side| side.replicas_key(), change);
    let set: Vec<String> = list(snapshot, name, side).map(words).unwrap_or_default();
    let new = match &change.how {
        ConfigHow::Set(value) => Some(value.clone()),
        ConfigHow::Remove => None,
        ConfigHow::Append(more) => {
            let more = words(more).into_iter().filter(|entry| !set.contains(entry));
            Some(set.iter().cloned().chain(more).collect::<Vec<_>>().join(","))
        }
        ConfigHow::Subtract(less) => {
            let less = words(less);
            Some(set.into_iter().filter(|entry| !less.contains(entry)).collect::<Vec<_>>().join(","))
        }
    };
    override_(snapshot, name, side, new.as_deref());
}

fn of_broker(snapshot: &mut Snapshot, id: BrokerId, change: &ConfigChange) {
    let mut throttle = snapshot.kafka.brokers[&id].throttle.last().copied().unwrap_or_default();
    let rate = match &change.how {
        ConfigHow::Set(rate) => Some(rate.parse().expect("a rate")),
        _ => None,
    };
    match side(|side| side.rate_key(), change) {
        Side::Leader => throttle.leader = rate,
        Side::Follower => throttle.follower = rate,
    }
    rates(snapshot, id, throttle);
}

fn side(key: impl Fn(Side) -> &'static str, change: &ConfigChange) -> Side {
    Side::BOTH.into_iter().find(|side| key(*side) == change.name).expect("a throttle's setting")
}

fn words(list: &str) -> Vec<String> {
    replicas(list).map(String::from).collect()
}

/// Every throttle that is set, in words.
pub fn throttles(snapshot: &Snapshot) -> Vec<String> {
    let kafka = &snapshot.kafka;
    let lists = kafka.topics.values().flat_map(|topic| {
        let set = Side::BOTH.into_iter().filter_map(move |side| Some((side, side.list(topic)?)));
        set.map(|(side, list)| format!("{} {side:?} {list:?}", topic.name))
    });
    let rates = kafka.brokers.values().filter_map(|broker| {
        let set = *broker.throttle.last()?;
        (set != Throttle::default()).then(|| format!("broker {} {set:?}", broker.id))
    });
    lists.chain(rates).collect()
}

/// A leg has come to its end.
pub fn arrive(snapshot: &mut Snapshot, leg: &Change) {
    place(snapshot, leg, leg.to.iter().copied().collect(), leg.to.iter().copied().collect());
    unlist(snapshot, leg);
}

fn place(snapshot: &mut Snapshot, leg: &Change, replicas: Replicas, isr: Replicas) {
    change(snapshot, &leg.topic, |topic| {
        let p = &mut topic.partitions[leg.partition as usize];
        p.leader = isr.first().copied();
        (p.replicas, p.isr) = (replicas, isr);
    });
}

fn unlist(snapshot: &mut Snapshot, leg: &Change) {
    let rest =
        listed(snapshot).into_iter().filter(|r| (&r.topic, r.partition) != (&leg.topic, leg.partition));
    let rest = rest.collect();
    moving(snapshot, rest);
}

fn listed(snapshot: &Snapshot) -> Vec<Reassignment> {
    snapshot.kafka.reassignments.last().map(|moves| moves.to_vec()).unwrap_or_default()
}

struct Sim {
    snapshot: Snapshot,
    task: Move,
    done: Vec<Step>,
    /// Names every partition that may move.
    legs: Vec<Change>,
    /// The throttles of brokers that are away.
    kept: BTreeMap<BrokerId, Throttle>,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    /// The nth move that is under way comes to its end.
    Arrive(usize),
    /// A broker that gets replicas goes, or is back.
    Away(i32),
    Back,
    /// A partition falls under min ISR, or recovers.
    Strain,
    Recover,
    /// Another castellan goes on, with nothing but the journal.
    Killed,
    Tune(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0usize..7).prop_map(Event::Arrive),
        1 => (3..6i32).prop_map(Event::Away),
        1 => Just(Event::Back),
        1 => Just(Event::Strain),
        1 => Just(Event::Recover),
        1 => Just(Event::Killed),
        1 => (1..4u64).prop_map(|n| Event::Tune(n * RATE)),
    ];
    prop::collection::vec(event, 0..40)
}

impl Sim {
    fn act(&mut self, step: &Step) {
        match &step.write {
            Write::Configure { changes, .. } => configure(&mut self.snapshot, changes),
            Write::Reassign { partitions, .. } => {
                self.checks(partitions);
                partitions.iter().for_each(|a| self.assign(a));
            }
            other => panic!("it does not belong here: {other:?}"),
        }
        self.done.push(step.clone());
    }

    fn leg(&self, a: &Assignment) -> Change {
        let leg = self.legs.iter().find(|leg| (&leg.topic, leg.partition) == (&a.topic, a.partition));
        leg.expect("a leg").clone()
    }

    fn assign(&mut self, a: &Assignment) {
        let leg = self.leg(a);
        match &a.replicas {
            Some(to) => {
                assert_eq!(*to, leg.to);
                let moves = listed(&self.snapshot).into_iter().chain([active(&leg)]).collect();
                let isr =
                    self.snapshot.kafka.topics[&leg.topic].partitions[leg.partition as usize].isr.clone();
                place(&mut self.snapshot, &leg, active(&leg).replicas, isr);
                moving(&mut self.snapshot, moves);
            }
            None => {
                let back: Replicas =
                    active(&leg).replicas.iter().copied().filter(|id| leg.from.contains(id)).collect();
                place(&mut self.snapshot, &leg, back.clone(), back);
                unlist(&mut self.snapshot, &leg);
            }
        }
    }

    /// What holds whenever something is begun.
    fn checks(&self, partitions: &[Assignment]) {
        let begun: Vec<Change> =
            partitions.iter().filter(|a| a.replicas.is_some()).map(|a| self.leg(a)).collect();
        if begun.is_empty() {
            return;
        }
        let kafka = &self.snapshot.kafka;
        let under = |t: &Topic| t.partitions.iter().any(|p| t.under_min_isr(p) && p.offline.is_empty());
        assert!(!kafka.topics.values().any(under), "something is under min ISR");
        let leader = |topic: &str, p: i32| kafka.topics[topic].partition(p).and_then(|p| p.leader);
        let all =
            listed(&self.snapshot).into_iter().map(|r| (leader(&r.topic, r.partition), r.adding.to_vec()));
        let more = begun.iter().map(|leg| (leader(&leg.topic, leg.partition), leg.added().collect()));
        let more: Vec<_> = more.collect();
        let load = tally(&all.chain(more.iter().cloned()).collect::<Vec<_>>());
        for id in tally(&more).keys() {
            assert!(load[id] <= self.task.each, "{load:?}");
        }
        for leg in &begun {
            assert!(leg.added().all(|id| kafka.brokers[&id].registered));
            let Some(rate) = self.task.rate else { continue };
            let named = |side: Side, id| {
                words(list(&self.snapshot, &leg.topic, side).unwrap_or_default())
                    .contains(&replica(leg.partition, id))
            };
            assert!(leg.from.iter().all(|id| named(Side::Leader, *id)), "{leg:?}");
            assert!(leg.added().all(|id| named(Side::Follower, id)), "{leg:?}");
            for id in leg.from.iter().copied().chain(leg.added()) {
                let set = kafka.brokers[&id].throttle.last().copied().unwrap_or_default();
                let tuned = Throttle { leader: Some(rate), follower: Some(rate) };
                assert!(set == tuned || !kafka.brokers[&id].registered, "broker {id}: {set:?}");
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(nth) => {
                let all = listed(&self.snapshot);
                if let Some(r) = all.get(nth % all.len().max(1)) {
                    let leg = self.leg(&Assignment {
                        topic: r.topic.clone(),
                        partition: r.partition,
                        replicas: None,
                    });
                    arrive(&mut self.snapshot, &leg);
                }
            }
            Event::Away(id) => {
                self.happen(Event::Back);
                let throttle = self.snapshot.kafka.brokers[&BrokerId(id)].throttle.last();
                self.kept.insert(BrokerId(id), throttle.copied().unwrap_or_default());
                let there: Vec<i32> = (0..6).filter(|broker| *broker != id).collect();
                registered(&mut self.snapshot, &there);
            }
            Event::Back => {
                registered(&mut self.snapshot, &[0, 1, 2, 3, 4, 5]);
                for (id, throttle) in std::mem::take(&mut self.kept) {
                    rates(&mut self.snapshot, id, throttle);
                }
            }
            Event::Strain => {
                change(&mut self.snapshot, "clicks", |topic| topic.partitions[0].isr = set(&[0]));
            }
            Event::Recover => change(&mut self.snapshot, "clicks", |topic| {
                let p = &mut topic.partitions[0];
                p.isr = p.replicas.clone();
            }),
            Event::Killed => {
                let line = serde_json::to_string(&self.task).expect("JSON");
                self.task = serde_json::from_str(&line).expect("a task");
            }
            Event::Tune(rate) if self.task.rate.is_some() => {
                let Some(Task::Move(tuned)) = self.task.at_rate(rate) else { panic!("it copies") };
                self.task = tuned;
            }
            Event::Tune(_) => {}
        }
    }

    fn ask(&self, undo: bool) -> Next {
        let ask = |at: &At<'_>| if undo { self.task.undo(at) } else { self.task.next(at) };
        asked_after(&self.snapshot, &self.done, ask)
    }

    /// Asks again and again, while things happen and then come to rest, until it is done.
    fn run(&mut self, undo: bool, events: &[Event]) {
        let calm = [Event::Back, Event::Recover].into_iter().chain([Event::Arrive(0); 120]);
        for event in events.iter().copied().chain(calm) {
            match self.ask(undo) {
                Next::Do(step) => self.act(&step),
                Next::Wait(wait) => assert!(!wait.words.is_empty()),
                Next::Done => return,
                other => panic!("{other:?}"),
            }
            self.happen(event);
        }
        panic!("it does not end: {:?}", self.ask(undo));
    }
}

/// Where a leg is, and which of the throttle's settings are there: by whatever was done before somebody was killed.
fn started(legs: Vec<Change>, rate: Option<u64>, states: &[u8], lists: u8, rated: u8) -> Sim {
    let (snapshot, mut task) = planned(legs.clone(), rate);
    task.each = 2;
    let mut sim = Sim { snapshot, task, done: vec![], legs, kept: BTreeMap::new() };
    if let Some(rate) = rate {
        for (nth, side) in Side::BOTH.into_iter().enumerate() {
            let ids = |leg: &Change| match side {
                Side::Leader => leg.from.clone(),
                Side::Follower => leg.added().collect(),
            };
            let entries = sim.legs.iter().flat_map(|leg| {
                ids(leg).into_iter().map(|id| replica(leg.partition, id)).collect::<Vec<_>>()
            });
            let entries: Vec<String> = entries.collect();
            let some = match lists >> (2 * nth) & 3 {
                0 => None,
                1 => Some(String::new()),
                2 => Some(entries[..entries.len() / 2].join(",")),
                _ => Some(entries.join(",")),
            };
            override_(&mut sim.snapshot, "orders", side, some.as_deref());
        }
        for id in 0..6 {
            let set = (rated >> id & 1 == 1).then_some(rate);
            rates(&mut sim.snapshot, BrokerId(id), Throttle { leader: set, follower: set });
        }
        let given = (0..6).filter(|id| rated >> id & 1 == 1).flat_map(|id| {
            Side::BOTH.map(|side| ConfigChange {
                of: ConfigOf::Broker(BrokerId(id)),
                name: side.rate_key().into(),
                how: ConfigHow::Set(rate.to_string()),
            })
        });
        let write = Write::Configure { changes: given.collect(), ids: Ids::default() };
        let step = Step { title: String::new(), write, until: Goal::Answered, patience: PATIENCE };
        sim.done.push(step);
    }
    for (leg, state) in sim.legs.clone().iter().zip(states) {
        match state {
            0 => {}
            1 => arrive(&mut sim.snapshot, leg),
            _ => sim.assign(&assignment(leg, Some(leg.to.clone()))),
        }
    }
    sim
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn from_any_state_it_comes_to_its_end_and_leaves_no_throttle(
        states in prop::collection::vec(0u8..3, 7),
        throttled: bool,
        lists: u8,
        rated in 0u8..64,
        events in events(),
    ) {
        let mut sim = started(legs(7), throttled.then_some(RATE), &states, lists, rated);
        sim.run(false, &events);
        for leg in &sim.legs {
            let partition = &sim.snapshot.kafka.topics[&leg.topic].partitions[leg.partition as usize];
            prop_assert_eq!(&partition.replicas[..], &leg.to[..]);
        }
        prop_assert_eq!(listed(&sim.snapshot), vec![]);
        prop_assert_eq!(throttles(&sim.snapshot), Vec::<String>::new());
    }

    #[test]
    fn from_any_state_an_abort_leaves_nothing_moving_and_no_throttle(
        states in prop::collection::vec(0u8..3, 7),
        throttled: bool,
        lists: u8,
        rated in 0u8..64,
        events in events(),
    ) {
        let mut sim = started(legs(7), throttled.then_some(RATE), &states, lists, rated);
        sim.run(true, &events);
        prop_assert_eq!(listed(&sim.snapshot), vec![]);
        prop_assert_eq!(throttles(&sim.snapshot), Vec::<String>::new());
    }
}
