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
    pub fn step(&mut self, now: Time, dt: f64, random: &mut fastrand::Rng) {
        self.clock.step(now, dt);
        self.vote(dt, random);
        self.lives();
        self.due += dt;
        if self.due >= TURN - 1e-6 {
            let dt = std::mem::take(&mut self.due);
            self.traffic();
            self.replicate(dt);
            self.settle();
            self.consume();
            self.expire_members();
            self.fill_disks();
        }
    }
}
