//! How a cluster moves.

use super::Cluster;
use crate::{demo::world::World, domain::time::Time};

/// Simulated seconds after which what takes longer is looked at again.
const TURN: f64 = 1.0;

impl World {
    /// Moves the Kafka clusters by `dt` simulated seconds, up to the world's time.
    pub fn kafka_step(&mut self, dt: f64) {
        for cluster in &mut self.kafka {
            cluster.step(self.now, dt, &mut self.random);
        }
    }
}

impl Cluster {
    /// Moves by `dt` simulated seconds, which end at `now`.
    pub fn step(&mut self, now: Time, dt: f64, _random: &mut fastrand::Rng) {
        self.clock.step(now, dt);
        self.due += dt;
        if self.due >= TURN {
            self.due = 0.0;
            self.traffic();
        }
    }
}
