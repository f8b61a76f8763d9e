//! One world for all servers.

use super::world::World;
use crate::domain::time::Time;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// The world as the servers share it: whoever looks sees it at the present.
#[derive(Clone)]
pub struct Shared {
    world: Arc<Mutex<World>>,
    /// The resource version of the newest change in Kubernetes, for the watches.
    changed: Arc<watch::Sender<u64>>,
    clock: fn() -> Time,
}

impl Shared {
    /// `clock` tells the time; the servers' is the wall clock.
    pub fn new(world: World, clock: fn() -> Time) -> Self {
        let changed = Arc::new(watch::Sender::new(world.kubernetes.version()));
        Shared { world: Arc::new(Mutex::new(world)), changed, clock }
    }

    /// Brings the world to the present, looks at it or changes it, and tells the watches.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.lock();
        world.advance((self.clock)());
        let seen = look(&mut world);
        let version = world.kubernetes.version();
        self.changed.send_if_modified(|told| std::mem::replace(told, version) != version);
        seen
    }

    /// Wakes when Kubernetes' objects changed; whoever waits then looks.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        // A request that panicked half-way has left numbers, not broken pointers.
        self.world.lock().unwrap_or_else(|e| e.into_inner())
    }
}
