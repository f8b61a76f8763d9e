//! The simulated estate: a Kubernetes cluster, the Kafka clusters in its pods, and their clients.
//!
//! Nothing here reads a clock or opens a socket. The world moves when [`World::advance`] tells it the time, in
//! steps of [`STEP`], and the same seed and the same times make the same world.

mod act;
mod bonds;
pub mod kafka;
pub mod kubernetes;
mod log;

use super::metrics::Database;
use crate::domain::{Text, kubernetes::Key, time::Time};
use kubernetes::Resource;
use std::{collections::VecDeque, time::Duration};

pub use act::Act;
pub use bonds::{Bonds, Consumer, Producer};
pub use log::{Line, Wanted};

/// The grain of the simulation.
pub const STEP: Duration = Duration::from_millis(100);

pub struct World {
    /// The wall clock's time up to which the world has come: every instant that it tells is one of these.
    pub now: Time,
    /// Simulated seconds in a second of the wall clock: everything takes this much less time.
    pub speed: f64,
    pub random: fastrand::Rng,
    pub kubernetes: kubernetes::Store,
    /// What the controllers and kubelets of it remember.
    pub plane: kubernetes::Plane,
    /// By namespace and name.
    pub kafka: Vec<kafka::Cluster>,
    pub bonds: Bonds,
    /// What happens by itself, in the order of time.
    pub script: VecDeque<(Time, Act)>,
    /// What the Prometheus in the cluster has scraped.
    pub prometheus: Database,
}

impl World {
    /// An empty one.
    pub fn new(seed: u64, speed: f64, now: Time) -> Self {
        World {
            now,
            speed,
            random: fastrand::Rng::with_seed(seed),
            kubernetes: kubernetes::Store::default(),
            plane: kubernetes::Plane::default(),
            kafka: Vec::new(),
            bonds: Bonds::default(),
            script: VecDeque::new(),
            prometheus: Database::default(),
        }
    }

    /// Kubernetes, with what acts on it: evictions, deletions and scales are asked of this.
    pub fn turn(&mut self) -> kubernetes::Turn<'_> {
        kubernetes::Turn {
            store: &mut self.kubernetes,
            plane: &mut self.plane,
            now: self.now,
            speed: self.speed,
            random: &mut self.random,
        }
    }

    /// Moves the world to `now`, in steps. Returns whether anything moved; time does not go back.
    pub fn advance(&mut self, now: Time) -> bool {
        self.advance_by(STEP, now)
    }

    /// As [`Self::advance`], in coarser steps: for a past that nobody looks at.
    pub fn advance_by(&mut self, step: Duration, now: Time) -> bool {
        let mut moved = false;
        while now.since(self.now) >= step {
            self.now = self.now.plus(step);
            let dt = step.as_secs_f64() * self.speed;
            self.script_step();
            self.kubernetes_step();
            self.bonds_step(dt);
            self.kafka_step(dt);
            self.metrics_step();
            moved = true;
        }
        moved
    }

    /// Does what the script has for now.
    fn script_step(&mut self) {
        while let Some((_, act)) = self.script.pop_front_if(|(at, _)| *at <= self.now) {
            self.act(act);
        }
    }

    /// Lets the controllers do what has become due.
    fn kubernetes_step(&mut self) {
        self.turn().settle();
    }

    /// Lets Kubernetes alone live up to `now`, from one thing that is due to the next: for the long past,
    /// before there is a Kafka.
    pub fn settle_until(&mut self, now: Time) {
        loop {
            self.turn().settle();
            match self.plane.next().filter(|at| *at <= now) {
                Some(next) => self.now = next.max(self.now),
                None => break,
            }
        }
        self.now = self.now.max(now);
    }

    fn metrics_step(&mut self) {
        let pods = Resource::find("", "v1", "pods");
        let address = |pod: &Key| {
            let pod = self.kubernetes.get(pods?, pod)?;
            pod["status"]["podIP"].as_str().map(Text::from)
        };
        self.prometheus.scrape(&self.kafka, address, self.now);
    }
}
