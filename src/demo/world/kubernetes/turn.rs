//! What a controller has in hand while it acts.

use super::{Plane, Refusal, Resource, Store, defaults, object};
use crate::domain::{kubernetes::Key, time::Time};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// The objects, the plane's memory, the time and chance.
pub struct Turn<'a> {
    pub store: &'a mut Store,
    pub plane: &'a mut Plane,
    pub now: Time,
    pub speed: f64,
    pub random: &'a mut fastrand::Rng,
}

impl Turn<'_> {
    /// The instant that is so many simulated seconds ahead.
    pub fn after(&self, seconds: f64) -> Time {
        self.now.plus(self.span(seconds))
    }

    /// How long simulated seconds take on the wall clock.
    pub fn span(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64((seconds / self.speed).clamp(0.0, 1e9))
    }

    /// Simulated seconds since an instant.
    pub fn seconds_since(&self, at: Time) -> f64 {
        self.now.since(at).as_secs_f64() * self.speed
    }

    /// Has an object looked at again at that time.
    pub fn look_at(&mut self, at: Time, resource: &'static Resource, key: &Key) {
        self.plane.look_at(at, resource, key);
    }

    pub fn get(&self, resource: &'static Resource, key: &Key) -> Option<Arc<Value>> {
        self.store.get(resource, key).cloned()
    }

    /// The objects of one kind that `owner` controls, by name.
    pub fn owned(&self, owner: &Value, resource: &'static Resource) -> Vec<Arc<Value>> {
        let keys = self.plane.owned(object::uid(owner)).filter(|(of, _)| *of == resource);
        keys.filter_map(|(_, key)| self.get(resource, key)).collect()
    }

    /// Takes a new object, with what the API server adds to it.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn create(&mut self, resource: &'static Resource, mut object: Value) -> Result<Arc<Value>, Refusal> {
        let suffix = object::safe(self.random.u64(..), 5);
        defaults::apply(resource, &mut object, &suffix, self.plane.address());
        let uid = uuid(self.random);
        self.store.create(resource, object, uid, self.now)
    }

    /// Sets an object's status, where it is still there.
    pub fn set_status(&mut self, resource: &'static Resource, key: &Key, status: Value) {
        let _gone = self.store.update(resource, key, |object| object["status"] = status);
    }

    pub fn remove(&mut self, resource: &'static Resource, key: &Key) {
        let _gone = self.store.remove(resource, key);
    }

    /// Asks a pod to end, as a controller does: with the grace that it has asked for.
    pub fn end_pod(&mut self, pod: &Value) {
        let grace = object::number(pod, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
        let until = self.after(grace as f64);
        let key = object::key(pod);
        if text_is_empty(pod) {
            return self.remove(&super::PODS, &key);
        }
        let _gone = self.store.update(&super::PODS, &key, |pod| {
            if !object::is_deleting(pod) {
                pod["metadata"]["deletionTimestamp"] = json!(super::rfc3339(until));
                pod["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
            }
        });
    }
}

/// No kubelet has it: nobody has to be waited for.
fn text_is_empty(pod: &Value) -> bool {
    object::text(pod, "/spec/nodeName").is_empty()
}

/// A random UUID of version 4.
pub fn uuid(random: &mut fastrand::Rng) -> String {
    let bits = random.u128(..) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
