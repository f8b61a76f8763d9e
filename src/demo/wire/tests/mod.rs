//! The protocol over a small world, as those speak it who will.

mod exchange;
mod garbage;
mod hand;
mod polled;
mod rdkafka;

use crate::{
    demo::{
        Shared,
        wire::{Outside, listen},
        world::{
            World,
            kafka::{Assignor, Broker, Cluster, Committed, Group, GroupState, Member, NewTopic, OFFSETS},
        },
    },
    domain::{kubernetes::Key, time::Time},
};
use std::time::Duration;

/// When it is: the world stands still, and with it the pods that these brokers do not have.
const AT: Time = Time(1_795_000_000_000);

/// Name, partitions, messages a second, configuration.
type Laid = (&'static str, i32, f64, &'static [(&'static str, &'static str)]);

/// Three brokers in three racks; topics that have been sent to for an hour, and a group that reads one.
pub fn world() -> World {
    let at = AT;
    let mut random = fastrand::Rng::with_seed(7);
    let mut cluster = Cluster::new("kafka", "kafka", "kafka-headless", 9092, 7, at);
    for id in 0..3 {
        let (pod, rack) = (Key::new("kafka", &format!("kafka-{id}")), Some(format!("zone-{id}").into()));
        cluster.brokers.insert(id, Broker::new(id, pod, rack, 100 << 30, cluster.clock.seconds()));
    }
    (cluster.voters, cluster.controller) = (vec![0, 1, 2], Some(1));
    let topics: [Laid; 4] = [
        (OFFSETS, 50, 0.0, &[("cleanup.policy", "compact")]),
        ("orders", 6, 20.0, &[("min.insync.replicas", "2")]),
        ("payments", 3, 5.0, &[]),
        ("empty", 1, 0.0, &[]),
    ];
    for (name, partitions, rate, configs) in topics {
        let configs = configs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let new = NewTopic { partitions, replication: 3, configs, ..NewTopic::default() };
        cluster.lay_topic(name, &new, (3_600.0, rate, 300.0), &mut random).unwrap();
    }
    cluster.groups.insert("billing".into(), billing(&cluster));
    let mut world = World::new(7, 1.0, at);
    world.kafka.push(cluster);
    world
}

fn billing(cluster: &Cluster) -> Group {
    let mut group = Group::new(vec!["orders".into()], 100.0, Assignor::Range);
    let orders = &cluster.topics["orders"];
    let committed = |p| Committed { position: (orders.end(p) - 10) as f64, metadata: None };
    group.committed.insert("orders".into(), (0..6).map(|p| (p != 5).then(|| committed(p))).collect());
    let member = |n: i32| Member {
        id: format!("billing-{n}-00000000-0000-0000-0000-00000000000{n}").into(),
        client: format!("billing-{n}").into(),
        pod: Key::new("shop", &format!("billing-{n}")),
        host: format!("10.244.1.{n}").into(),
        assigned: (0..3).map(|p| ("orders".into(), n * 3 + p)).collect(),
        stuck: false,
        outside: None,
    };
    (group.members, group.state, group.generation) = (vec![member(0), member(1)], GroupState::Stable, 3);
    group
}

pub fn shared() -> Shared {
    Shared::new(world(), || AT)
}

/// A world with listeners; they end with the second.
pub async fn outside() -> (Shared, Outside) {
    let shared = shared();
    let outside = listen(shared.clone(), 0).await.unwrap();
    (shared, outside)
}

pub fn bootstrap(outside: &Outside) -> String {
    outside.bootstrap().iter().map(|a| a.to_string()).collect::<Vec<_>>().join(",")
}

/// Lets the brokers' own time pass, until it is dropped.
pub fn passing(shared: &Shared) -> crate::source::Running {
    let shared = shared.clone();
    crate::source::Running::spawn(async move {
        let mut at = AT;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            at = at.plus(Duration::from_millis(100));
            shared.with(|world| world.kafka[0].step(at, 0.1, &mut world.random));
        }
    })
}
