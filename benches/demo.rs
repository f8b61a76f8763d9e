//! What a simulated second of a big Kafka cluster costs: 50 brokers, 10,000 topics with 200,000 partitions,
//! 2,000 groups. The whole demo may take a twentieth of one core.

use castellan::{
    demo::world::kafka::{Assignor, Broker, Cluster, Group, Life, NewTopic},
    domain::{kubernetes::Key, time::Time},
};
use divan::Bencher;
use std::time::Duration;

const NOW: Time = Time(1_795_230_245_000);

fn main() {
    divan::main();
}

fn estate() -> (Cluster, fastrand::Rng) {
    let mut random = fastrand::Rng::with_seed(1);
    let mut cluster = Cluster::new("kafka", "kafka", "kafka-headless", 9092, 1, NOW);
    for id in 0..50 {
        let (pod, rack) = (Key::new("kafka", &format!("kafka-{id}")), format!("zone-{}", id % 3));
        let now = cluster.clock.seconds();
        cluster.brokers.insert(id, Broker::new(id, pod, Some(rack.as_str().into()), 1 << 50, now));
    }
    cluster.voters = vec![0, 1, 2];
    let new = NewTopic { partitions: 20, replication: 3, ..NewTopic::default() };
    let offsets = NewTopic { partitions: 50, ..new.clone() };
    let lay = |cluster: &mut Cluster, name: &str, new: &NewTopic, random: &mut fastrand::Rng| {
        cluster.lay_topic(name, new, (1e6, 50.0, 400.0), random).expect("a topic that can be");
    };
    lay(&mut cluster, "__consumer_offsets", &offsets, &mut random);
    for n in 0..10_000 {
        lay(&mut cluster, &format!("topic-{n:05}"), &new, &mut random);
    }
    for n in 0..2_000 {
        let (name, topics) = (format!("group-{n:04}"), (0..5).map(|t| format!("topic-{:05}", n * 5 + t)));
        let topics = topics.map(|t| t.as_str().into()).collect();
        cluster.groups.insert(name.as_str().into(), Group::new(topics, 200.0, Assignor::Range));
        let pod = |m: usize| (Key::new("shop", &format!("{name}-{m}")), "10.0.0.1".into());
        cluster.set_members(&name, &name, &(0..4).map(pod).collect::<Vec<_>>(), &mut random);
    }
    (cluster, random)
}

/// Goes on by so many seconds, in the world's steps.
fn go(cluster: &mut Cluster, random: &mut fastrand::Rng, seconds: u64) {
    for _ in 0..seconds * 10 {
        let now = cluster.clock.now().plus(Duration::from_millis(100));
        cluster.step(now, 0.1, random);
    }
}

#[divan::bench(sample_count = 20)]
fn a_second(bencher: Bencher) {
    let (mut cluster, mut random) = estate();
    go(&mut cluster, &mut random, 10);
    bencher.bench_local(|| go(&mut cluster, &mut random, 1));
}

/// The session's end of a broker that 12,000 partitions have a replica on among the others.
#[divan::bench(sample_count = 20)]
fn a_second_while_a_broker_is_lost_and_comes_back(bencher: Bencher) {
    let (mut cluster, mut random) = estate();
    go(&mut cluster, &mut random, 10);
    let mut second = 0;
    bencher.bench_local(|| {
        if let Some(broker) = cluster.brokers.get_mut(&7) {
            match second {
                0 => broker.life = Life::Down,
                10 => broker.life = Life::Starting,
                _ => {}
            }
        }
        second += 1;
        go(&mut cluster, &mut random, 1);
    });
}
