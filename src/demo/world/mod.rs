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
    /// By namespace and name.
    pub kafka: Vec<kafka::Cluster>,
}

impl World {
    /// Moves the world to `now`, in steps. Returns whether anything moved; time does not go back.
    pub fn advance(&mut self, now: Time) -> bool {
        let mut moved = false;
        while now.since(self.now) >= STEP {
            self.now = self.now.plus(STEP);
            moved = true;
        }
        moved
    }
}
