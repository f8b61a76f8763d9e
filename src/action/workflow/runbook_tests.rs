//! Runbooks as workflows: what they order, how they fail, are steered, and gone on with by another.

use super::*;
use crate::{
    action::{
        Intent, Policy,
        course::Steer,
        journal::{Entry, tell},
        reassign::Change,
        task::{Move, Once, Task},
        write::Assignment,
    },
    domain::{
        derived::Derived,
        kafka::{Body, KafkaDelta, Moves, Reassignment, Replicas},
        snapshot::Snapshot,
        world::World,
    },
    world::{self, NOW, SMALL},
};

struct Scene {
    snapshot: Snapshot,
    derived: Derived,
}

impl Scene {
    fn new() -> Scene {
        let snapshot = world::healthy(SMALL);
        let derived = Derived::of(&snapshot, NOW, None);
        Scene { snapshot, derived }
    }

    fn look(&self, flow: &mut Workflow, now: Time) -> Vec<Order> {
        let world = World { snapshot: &self.snapshot, derived: &self.derived, now };
        flow.look(&Known { world, policy: Policy::default() })
    }
}

fn task(n: usize) -> Task {
    let write = Write::Cordon { node: format!("node-{n}").into(), uid: "u".into(), on: true };
    let title = format!("cordon node-{n}");
    let step = Step { title, write, until: Goal::Answered, patience: Duration::from_secs(60) };
    Once { step }.into()
}

fn plan(tasks: usize) -> Plan {
    let intent = Intent { verb: "cordon".into(), objects: vec![], argument: String::new() };
    Plan { tasks: (0..tasks).map(task).collect(), ..Plan::new(&intent, "cordon nodes", "node") }
}

fn after(seconds: u64) -> Time {
    NOW.plus(Duration::from_secs(seconds))
}

/// Answers every write and looks again until it ends or `seconds` passed; every entry of the journal on the way.
fn run(scene: &Scene, flow: &mut Workflow, mut orders: Vec<Order>, from: u64, seconds: u64) -> Vec<What> {
    let mut told = Vec::new();
    for second in from..from + seconds {
        let mut answers = Vec::new();
        for order in orders.drain(..) {
            match order {
                Order::Record(what) => told.push(what),
                Order::Act { step, .. } => {
                    told.push(What::Began { step });
                    let answer = Said::Taken("ok".into());
                    told.push(What::Answered { step, answer: answer.clone() });
                    answers.extend(flow.acted(step, answer, after(second)));
                }
            }
        }
        orders = answers;
        orders.extend(scene.look(flow, after(second)));
        if orders.is_empty() && flow.operation().stage.is_over() {
            break;
        }
    }
    told
}

fn writes(told: &[What]) -> Vec<String> {
    let chosen = told.iter().filter_map(|what| match what {
        What::Chosen { does, .. } => Some(does.title.clone()),
        _ => None,
    });
    chosen.collect()
}

#[test]
fn tasks_are_done_one_after_another_each_step_told_before_it_is_sent() {
    let scene = Scene::new();
    let (mut flow, orders) = Workflow::begin("id".into(), &plan(2), NOW);
    assert!(matches!(&orders[..], [Order::Record(What::Planned(_))]), "nothing is sent before a look");
    let told = run(&scene, &mut flow, orders, 0, 60);
    assert_eq!(writes(&told), ["cordon node-0", "cordon node-1"]);
    assert_eq!(flow.operation().stage, Stage::Done, "{}", flow.operation().words);
    assert!(flow.operation().words.contains("every ISR was full"), "{}", flow.operation().words);
    let began = told.iter().position(|what| matches!(what, What::Began { .. })).unwrap();
    assert!(matches!(told[began - 1], What::Chosen { .. }));
}

#[test]
fn whoever_reads_any_beginning_of_its_journal_brings_it_to_its_end() {
    let scene = Scene::new();
    let (mut flow, orders) = Workflow::begin("2026-a-1".into(), &plan(3), NOW);
    let whole = run(&scene, &mut flow, orders, 0, 60);
    assert!(whole.len() > 12);
    for cut in 1..whole.len() {
        let entry = |what: &What| Entry {
            at: NOW,
            operation: "2026-a-1".into(),
            context: "lab".into(),
            what: what.clone(),
        };
        let told = tell(whole[..cut].iter().map(entry)).remove(0);
        if told.ended.is_some() {
            continue;
        }
        let mut flow = Workflow::left(&told);
        assert!(scene.look(&mut flow, after(100)).iter().all(|o| matches!(o, Order::Record(_))));
        assert_eq!(flow.operation().stage, Stage::Left, "it does not go on by itself");
        let orders = flow.take_up(after(101));
        assert_eq!(orders, [Order::Record(What::TakenUp)]);
        let rest = run(&scene, &mut flow, orders, 101, 120);
        assert_eq!(flow.operation().stage, Stage::Done, "cut at {cut}: {}", flow.operation().words);
        let (before, rest) = (writes(&whole[..cut]), writes(&rest));
        let last = format!("cordon node-{}", 2);
        assert_eq!(rest.last().or(before.last()), Some(&last), "cut at {cut}");
    }
}

#[test]
fn a_refused_step_is_tried_again_and_then_waits_for_the_operator() {
    let scene = Scene::new();
    let (mut flow, _) = Workflow::begin("id".into(), &plan(1), NOW);
    let mut tries = 0;
    for second in 0..300 {
        for order in scene.look(&mut flow, after(second)) {
            if let Order::Act { step, .. } = order {
                tries += 1;
                flow.acted(step, Said::Refused("no".into()), after(second));
            }
        }
    }
    assert_eq!((tries, flow.operation().stage), (5, Stage::Paused));
    assert_eq!(flow.may_steer(&Steer::Pause), Err("it is paused already".into()));
    flow.steer(Steer::GoOn, after(300));
    let told = run(&scene, &mut flow, vec![], 300, 60);
    assert_eq!(writes(&told), ["cordon node-0"]);
    assert_eq!(flow.operation().stage, Stage::Done);
}

#[test]
fn it_is_held_and_put_back_by_the_operators_hand() {
    let scene = Scene::new();
    let (mut flow, orders) = Workflow::begin("id".into(), &plan(2), NOW);
    flow.steer(Steer::Pause, NOW);
    assert_eq!(writes(&run(&scene, &mut flow, orders, 0, 30)), [""; 0]);
    assert_eq!(flow.operation().stage, Stage::Paused);
    let orders = flow.steer(Steer::Abort, after(30));
    assert!(flow.may_steer(&Steer::GoOn).is_err(), "an abort is brought to its end");
    let told = run(&scene, &mut flow, orders, 30, 30);
    assert!(matches!(told.last(), Some(What::Cancelled { .. })));
    assert_eq!(flow.operation().stage, Stage::Cancelled);
}

/// A run that moves two partitions of `orders`, both of which Kafka lists.
fn moving() -> (Scene, Workflow, Vec<Assignment>) {
    let mut scene = Scene::new();
    let legs = (0..2).map(|partition| {
        let p = &scene.snapshot.kafka.topics["orders"].partitions[partition as usize];
        let (from, mut to) = (p.replicas.to_vec(), p.replicas.to_vec());
        to.swap(0, 1);
        Change { topic: "orders".into(), partition, from, to, bytes: None }
    });
    let legs: Vec<Change> = legs.collect();
    let world = World { snapshot: &scene.snapshot, derived: &scene.derived, now: NOW };
    let task = Move::new(&Known { world, policy: Policy::default() }, legs.clone(), None);
    let (mut flow, _) = Workflow::begin("id".into(), &Plan { tasks: vec![task.into()], ..plan(0) }, NOW);
    let orders = scene.look(&mut flow, after(1));
    assert!(matches!(orders.last(), Some(Order::Act { .. })), "{orders:?}");
    flow.acted(0, Said::Taken("ok".into()), after(1));
    let listed = legs.iter().map(|leg| Reassignment {
        topic: leg.topic.clone(),
        partition: leg.partition,
        replicas: leg.to.iter().copied().collect(),
        adding: Replicas::default(),
        removing: Replicas::default(),
    });
    scene.list(listed.collect());
    scene.look(&mut flow, after(5));
    let cancelled =
        |leg: &Change| Assignment { topic: leg.topic.clone(), partition: leg.partition, replicas: None };
    (scene, flow, legs.iter().map(cancelled).collect())
}

impl Scene {
    fn list(&mut self, moves: Vec<Reassignment>) {
        self.snapshot.apply(KafkaDelta::Reassignments { answer: Ok(moves), at: NOW }.into());
    }

    fn hear(&mut self, now: Time) {
        for body in [Body::Cluster, Body::Topics, Body::Reassignments] {
            self.snapshot.apply(KafkaDelta::Heard { body, at: now }.into());
        }
    }

    fn left(&self) -> &Moves {
        self.snapshot.kafka.reassignments.last().expect("they are read")
    }
}

#[test]
fn a_run_whose_moves_castellan_itself_cancelled_is_aborted() {
    let (mut scene, mut flow, cancelled) = moving();
    assert_eq!(flow.call_back(&cancelled, scene.left(), after(9)), [], "they still move");
    scene.list(vec![]);
    let other = [Assignment { topic: "payments".into(), ..cancelled[0].clone() }];
    assert_eq!(flow.call_back(&other, scene.left(), after(9)), [], "others were cancelled");
    let orders = flow.call_back(&cancelled, scene.left(), after(10));
    let [Order::Record(What::Steered { how: Steer::Abort, words })] = &orders[..] else {
        panic!("{orders:?}")
    };
    assert_eq!(words, "its moves were called back");
    let told = run(&scene, &mut flow, orders, 10, 20);
    assert!(matches!(told.last(), Some(What::Cancelled { .. })), "{told:?}");
}

fn steers(orders: &[Order]) -> usize {
    orders.iter().filter(|order| !matches!(order, Order::Record(What::Waits { .. }))).count()
}

#[test]
fn a_wait_is_told_once_when_it_is_long() {
    let (mut scene, mut flow, _) = moving();
    let mut told = Vec::new();
    for second in 6..60 {
        scene.hear(after(second));
        told.extend(scene.look(&mut flow, after(second)).into_iter().map(|order| (second, order)));
    }
    let [(second, Order::Record(What::Waits { words }))] = &told[..] else { panic!("{told:?}") };
    assert!((16..20).contains(second), "{second}");
    assert_eq!(words, "0 of 2 partitions in place");
}

#[test]
fn what_somebody_else_called_back_is_looked_at_for_a_while_and_then_paused() {
    let (mut scene, mut flow, _) = moving();
    scene.list(vec![]);
    for second in 10..30 {
        scene.hear(after(second));
        let orders = scene.look(&mut flow, after(second));
        assert_eq!(steers(&orders), 0, "one source may only not have told yet");
        assert!(flow.operation().words.starts_with("whether that stays so: called back: "));
    }
    assert_eq!(flow.operation().stage, Stage::Running);
    let mut orders = Vec::new();
    for second in 30..45 {
        scene.hear(after(second));
        orders.extend(scene.look(&mut flow, after(second)));
    }
    let [Order::Record(What::Steered { how: Steer::Pause, words })] = &orders[..] else {
        panic!("{orders:?}")
    };
    assert!(words.contains("by itself: called back: orders-0, orders-1"), "{words}");
    assert_eq!(flow.operation().stage, Stage::Paused);
    flow.steer(Steer::GoOn, after(45));
    let orders = scene.look(&mut flow, after(46));
    assert!(matches!(orders.last(), Some(Order::Act { .. })), "the operator wants it: {orders:?}");
}
