//! The rules of a cluster, over time.

mod faults;
mod groups;
mod moves;

use super::{Broker, Cluster, Life, NewTopic, Record, config::Change};
use crate::domain::{kubernetes::Key, time::Time};

/// A Saturday in November, about noon.
const START: Time = Time(1_795_262_400_000);

/// One with its brokers' pods, `zones` of them.
struct Lab {
    cluster: Cluster,
    now: Time,
    random: fastrand::Rng,
}

impl Lab {
    fn new(brokers: i32, seed: u64) -> Self {
        let mut cluster = Cluster::new("kafka", "kafka", "kafka-headless", 9092, seed, START);
        for id in 0..brokers {
            let rack = format!("zone-{}", id % 3);
            let pod = Key::new("kafka", &format!("kafka-{id}"));
            let now = cluster.clock.seconds();
            cluster.brokers.insert(id, Broker::new(id, pod, Some(rack.as_str().into()), 1 << 40, now));
        }
        cluster.voters = (0..brokers.min(3)).collect();
        let mut lab = Lab { cluster, now: START, random: fastrand::Rng::with_seed(seed) };
        lab.step(1.0);
        lab
    }

    /// Lets so many seconds pass, as a world does.
    fn step(&mut self, seconds: f64) {
        for _ in 0..(seconds * 10.0).round() as usize {
            self.now = Time(self.now.0 + 100);
            self.cluster.step(self.now, 0.1, &mut self.random);
        }
    }

    /// A topic of an hour, with so many messages a second.
    fn topic(&mut self, name: &str, partitions: i32, replication: i16, configs: &[(&str, &str)], rate: f64) {
        let configs = configs.iter().map(|&(k, v)| (k.into(), v.into())).collect();
        let new = NewTopic { partitions, replication, configs, ..NewTopic::default() };
        self.cluster.lay_topic(name, &new, (3_600.0, rate, 1_000.0), &mut self.random).unwrap();
        self.step(1.0);
    }

    fn live(&mut self, broker: i32, life: Life) {
        self.cluster.brokers.get_mut(&broker).unwrap().life = life;
    }

    fn set(&mut self, broker: i32, name: &str, value: &str) {
        let change = [(name.into(), Change::Set(value.into()))];
        self.cluster.alter_broker(broker, &change, false).unwrap();
    }
}

fn record(value: u64) -> Record {
    let value = Some(value.to_string().into_bytes().into());
    Record { at: START.0, key: None, value, headers: Vec::new() }
}
