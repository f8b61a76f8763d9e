use super::*;
use crate::{
    action::task::{
        Task,
        sim::{End, Sim},
    },
    domain::{
        kafka::BrokerId,
        kubernetes::{KubernetesDelta, Owner, TableDelta},
    },
    world::kubernetes::{node_name, pod},
};

/// Broker 0's node: a client's pod, a DaemonSet's, a static one, and the broker.
fn sim() -> (Sim, Text) {
    let mut sim = Sim::default();
    let node = node_name(0);
    let owned = |name: &str, kind: &str| {
        let mut pod = pod("web", name, 0, 90);
        let owner =
            Owner { api_version: "apps/v1".into(), kind: kind.into(), name: "x".into(), uid: "x".into() };
        pod.meta.owner = Some(owner);
        pod
    };
    let mut mirror = owned("static", "Node");
    mirror.meta.annotations.insert("kubernetes.io/config.mirror".into(), "1".into());
    for pod in [owned("agent", "DaemonSet"), owned("web-x", "ReplicaSet"), mirror] {
        sim.put(pod);
    }
    (sim, node)
}

fn drain(sim: &Sim, node: &Text) -> Drain {
    let meta = &sim.snapshot.kubernetes.nodes.get(&Key::new("", node)).unwrap().meta;
    let broker = sim.pod(BrokerId(0)).unwrap();
    let old = Old {
        pod: broker.meta.key.clone(),
        uid: broker.meta.uid.clone(),
        broker: BrokerId(0),
        strimzi: false,
    };
    Drain { node: node.clone(), uid: meta.uid.clone(), cordoned: false, brokers: vec![old], bare: vec![] }
}

fn cordoned(sim: &Sim, node: &Text) -> bool {
    sim.snapshot.kubernetes.nodes.get(&Key::new("", node)).unwrap().unschedulable
}

fn evicted(sim: &Sim) -> Vec<&str> {
    let name = |write: &'_ Write| match write {
        Write::Evict { pod, .. } => sim.snapshot.kubernetes.pods.get(pod).map_or("gone", |_| "there"),
        _ => "cordon",
    };
    sim.writes.iter().map(name).collect()
}

#[test]
fn a_node_is_cordoned_and_emptied_with_its_broker_last() {
    let (mut sim, node) = sim();
    let task: Task = drain(&sim, &node).into();
    let mut ending = 0;
    let end = sim.run(&task, false, |sim, step| {
        let pods = sim.snapshot.kubernetes.pods.iter();
        ending = pods.filter(|pod| pod.meta.deleting.is_some()).count();
        assert!(ending <= 1 && (step.is_none() || ending == 0), "one by one");
    });
    assert_eq!(end, End::Done);
    assert!(cordoned(&sim, &node));
    let last = sim.writes.last().unwrap();
    assert!(matches!(last, Write::Evict { pod, .. } if *pod == Sim::key(BrokerId(0))), "{last:?}");
    let left: Vec<&str> = {
        let pods = sim.snapshot.kubernetes.pods.iter();
        let on =
            pods.filter(|pod| pod.node.as_ref() == Some(&node) && pod.meta.key.namespace != "kafka".into());
        on.map(|pod| &*pod.meta.key.name).collect()
    };
    assert_eq!(left, ["agent", "static"]);
    assert!(evicted(&sim).len() >= 3);
}

#[test]
fn the_broker_waits_for_who_is_out_of_sync() {
    let (mut sim, node) = sim();
    sim.lagging.insert(BrokerId(1));
    sim.drop_out(BrokerId(1));
    let task: Task = drain(&sim, &node).into();
    let End::Waits(words) = sim.run(&task, false, |_, _| {}) else { panic!() };
    assert!(words.starts_with("without broker 0"), "{words}");
    assert!(!sim.made.contains_key(&Sim::key(BrokerId(0))));
}

#[test]
fn an_abort_uncordons_what_was_cordoned_here_and_waits_for_the_broker() {
    let (mut sim, node) = sim();
    let task = drain(&sim, &node);
    sim.perform(&Write::Cordon { node: node.clone(), uid: task.uid.clone(), on: true });
    sim.end(&Sim::key(BrokerId(0)));
    sim.hear();
    let before: Task = Drain { cordoned: true, ..task.clone() }.into();
    let Next::Wait(_) = sim.ask(&[], |at| before.part().undo(at)) else { panic!("it was cordoned before") };
    let task: Task = task.into();
    let Next::Do(step) = sim.ask(&[], |at| task.part().undo(at)) else { panic!() };
    assert_eq!(step.title, format!("uncordon node {node}"));
    assert_eq!(sim.run(&task, true, |_, _| {}), End::Done);
    assert!(!cordoned(&sim, &node) && sim.serves(BrokerId(0)));
}

#[test]
fn what_nothing_puts_back_is_the_operators_unless_it_was_typed() {
    let (mut sim, node) = sim();
    let lone = pod("aaa", "lone", 0, 91);
    let meta = lone.meta.clone();
    sim.put(lone);
    let mut task = drain(&sim, &node);
    sim.perform(&Write::Cordon { node: node.clone(), uid: task.uid.clone(), on: true });
    let Next::Stop(words) = sim.next(&task.clone().into()) else { panic!() };
    assert!(words.starts_with("nothing puts pod aaa/lone back"), "{words}");
    task.bare = vec![(meta.key, meta.uid)];
    assert_eq!(sim.run(&task.into(), false, |_, _| {}), End::Done);
}

#[test]
fn who_is_uncordoned_by_another_is_the_operators_to_decide() {
    let (mut sim, node) = sim();
    let task = drain(&sim, &node);
    let done = [task.cordoning(true)];
    let task: Task = task.into();
    let Next::Stop(words) = sim.ask(&done, |at| task.part().next(at)) else { panic!() };
    assert!(words.starts_with("somebody uncordoned node"), "{words}");
    let resumed = sim.ask(&done, |at| task.part().next(&At { resumed: Some(1), ..*at }));
    assert!(matches!(resumed, Next::Do(_)), "the operator had it go on");
    let at = sim.now;
    sim.apply(KubernetesDelta::Nodes(TableDelta::Remove { key: Key::new("", &node), at }));
    assert!(!matches!(sim.next(&task), Next::Stop(_)), "a node that is gone needs no cordon");
}
