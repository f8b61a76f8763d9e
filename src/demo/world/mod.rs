//! The simulated estate: a Kubernetes cluster, the Kafka clusters in its pods, and their clients.
//!
//! Nothing here reads a clock or opens a socket. The world moves when [`World::advance`] tells it the time, in
//! steps of [`STEP`], and the same seed and the same times make the same world.

pub mod kafka;
pub mod kubernetes;

use crate::domain::time::Time;
use std::time::Duration;

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
        let mut moved = false;
        while now.since(self.now) >= STEP {
            self.now = self.now.plus(STEP);
            self.kubernetes_step();
            moved = true;
        }
        moved
    }

    /// Lets the controllers do what has become due.
    fn kubernetes_step(&mut self) {
        self.turn().settle();
    }
}
