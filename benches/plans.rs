//! How long plans take on 24 brokers with 200,000 partitions, and how much memory they allocate: they are made anew
//! while they are looked at.

#[path = "../tests/world/mod.rs"]
mod world;

use castellan::{
    action::{self, Intent, Known, Plan, Policy},
    domain::{
        kafka::{BrokerId, KafkaDelta},
        object::{Kind, Object},
        snapshot::Snapshot,
    },
};
use divan::{AllocProfiler, Bencher, black_box};
use std::sync::LazyLock;
use world::{Fixture, LARGE, NOW};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

static WORLD: LazyLock<Fixture> = LazyLock::new(|| Fixture::of(world::healthy(LARGE), NOW));

/// Three brokers have joined, one in each rack, and hold nothing.
static JOINED: LazyLock<Fixture> = LazyLock::new(|| {
    let mut snapshot: Snapshot = WORLD.snapshot.clone();
    let brokers = (0..27).map(|i| {
        let host = format!("kafka-{i}.kafka-brokers.kafka.svc").into();
        (BrokerId(i), host, 9092, Some(world::kubernetes::ZONES[i as usize % 3].into()))
    });
    let cluster = KafkaDelta::Cluster { id: None, controller: None, brokers: brokers.collect(), at: NOW };
    snapshot.apply(cluster.into());
    let mut logs = snapshot.kafka.brokers[&BrokerId(0)].log_dirs.last().cloned().expect("log dirs");
    logs.replicas.clear();
    for broker in (24..27).map(BrokerId) {
        snapshot.apply(KafkaDelta::LogDirs { broker, answer: Ok(logs.clone()), at: NOW }.into());
    }
    Fixture::of(snapshot, NOW)
});

fn main() {
    LazyLock::force(&JOINED);
    divan::main();
}

fn plan(fixture: &Fixture, verb: &str, objects: Vec<Object>, argument: &str) -> Plan {
    let known = Known { world: fixture.world(), policy: Policy::default() };
    let intent = Intent { verb: verb.into(), objects, argument: argument.into() };
    let verb = action::find(verb).expect("a verb");
    (verb.plan)(&known, black_box(&intent)).unwrap_or_else(|why| panic!("{}: {why}", verb.name))
}

/// Of 600,000 replicas a ninth goes to the new brokers.
#[divan::bench(sample_count = 10)]
fn rebalance_onto_new_brokers(bencher: Bencher) {
    bencher.bench(|| plan(&JOINED, "rebalance", vec![], "").tasks.len());
}

/// The forecast of the same.
#[divan::bench(sample_count = 10)]
fn scale_out(bencher: Bencher) {
    let set = WORLD.snapshot.kubernetes.stateful_sets.iter().next().expect("the brokers' set");
    let (key, uid) = (set.meta.key.clone(), set.meta.uid.clone());
    let set = Object::Kube { kind: Kind::StatefulSet, key, uid };
    bencher.bench(|| plan(&WORLD, "scale-out", vec![set.clone()], "27").tasks.len());
}

#[divan::bench(sample_count = 10)]
fn drain_a_broker(bencher: Bencher) {
    bencher.bench(|| plan(&WORLD, "drain-broker", vec![Object::Broker(BrokerId(5))], "keep").changes.len());
}

/// Of 1,000 topics with 20,000 partitions.
#[divan::bench(sample_count = 10)]
fn raise_the_replication_factor(bencher: Bencher) {
    let topics: Vec<Object> =
        WORLD.snapshot.kafka.topics.keys().take(1_000).cloned().map(Object::Topic).collect();
    bencher.bench(|| plan(&WORLD, "set-replication", topics.clone(), "4").changes.len());
}
