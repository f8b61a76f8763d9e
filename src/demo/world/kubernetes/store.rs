//! The objects, their versions, and what happened to them lately.

use super::Resource;
use crate::domain::{kubernetes::Key, time::Time};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// Changes that a watch may still ask for; older ones are answered with 410.
const HISTORY: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Added,
    Modified,
    Deleted,
}

/// One change, as the watches tell it.
#[derive(Debug, Clone)]
pub struct Change {
    pub version: u64,
    pub what: Changed,
    pub resource: &'static Resource,
    pub key: Key,
    /// As it is after the change; of a deletion, as it was, with the deletion's version.
    pub object: Arc<Value>,
    /// As it was before; None: it was not there.
    pub before: Option<Arc<Value>>,
}

/// Why the API server does not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    NotFound,
    AlreadyExists,
    /// The UID or resource version that was asked for is not the object's.
    Conflict,
    /// Not what was asked for, in words: 409.
    Precondition(String),
    /// An object that cannot be: 422, with the reason.
    Invalid(String),
    /// A disruption budget says no: 429, the message and the cause of `DisruptionBudget`.
    Budget {
        message: String,
        cause: Option<String>,
    },
    /// 400, with the reason.
    BadRequest(String),
    /// 500, with the reason.
    Internal(String),
}

type Objects = BTreeMap<Key, Arc<Value>>;

#[derive(Debug, Default)]
pub struct Store {
    version: u64,
    objects: BTreeMap<&'static Resource, Objects>,
    history: VecDeque<Change>,
}

impl Store {
    /// The version of the newest change.
    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn get(&self, resource: &'static Resource, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(resource)?.get(key)
    }

    /// In the order of namespace and name; `namespace`: None is all of them.
    pub fn list<'a>(
        &'a self,
        resource: &'static Resource,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> {
        let first = Key::new(namespace.unwrap_or_default(), "");
        let all = self.objects.get(resource).into_iter().flat_map(move |all| all.range(first.clone()..));
        all.take_while(move |(key, _)| namespace.is_none_or(|n| *key.namespace == *n))
    }

    pub(super) fn of(&self, resource: &'static Resource) -> Option<&BTreeMap<Key, Arc<Value>>> {
        self.objects.get(resource)
    }

    /// The changes after `version`; None: they are forgotten.
    pub fn since(&self, version: u64) -> Option<impl Iterator<Item = &Change>> {
        let known = self.history.front().map_or(self.version, |oldest| oldest.version - 1);
        (version >= known).then(|| {
            let from = self.history.partition_point(|change| change.version <= version);
            self.history.range(from..)
        })
    }

    /// Forgets what happened, as etcd's compaction does: watches of older versions are answered with 410.
    pub fn forget(&mut self) {
        self.history.clear();
    }

    /// Takes a new object: gives it a UID, a creation time and a version.
    ///
    /// # Errors
    /// Where there is one of that name, or none was given.
    pub fn create(
        &mut self,
        resource: &'static Resource,
        mut object: Value,
        uid: String,
        now: Time,
    ) -> Result<Arc<Value>, Refusal> {
        let key = key_of(resource, &object).ok_or_else(|| Refusal::Invalid("it has no name".into()))?;
        if self.get(resource, &key).is_some() {
            return Err(Refusal::AlreadyExists);
        }
        let metadata = &mut object["metadata"];
        metadata["uid"] = json!(uid);
        metadata["creationTimestamp"] = json!(rfc3339(now));
        if resource.kind != "Event" {
            metadata["generation"] = json!(1);
        }
        object["apiVersion"] = json!(resource.api_version());
        object["kind"] = json!(resource.kind);
        Ok(self.put(Changed::Added, resource, key, object))
    }

    /// Changes an object in place. What leaves it as it was makes no new version; what changes the spec moves
    /// its generation.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn update(
        &mut self,
        resource: &'static Resource,
        key: &Key,
        change: impl FnOnce(&mut Value),
    ) -> Result<Arc<Value>, Refusal> {
        let before = self.get(resource, key).ok_or(Refusal::NotFound)?.clone();
        let mut object = (*before).clone();
        change(&mut object);
        if object == *before {
            return Ok(before);
        }
        if object["spec"] != before["spec"] {
            let generation = before["metadata"]["generation"].as_i64().unwrap_or(0);
            object["metadata"]["generation"] = json!(generation + 1);
        }
        Ok(self.put(Changed::Modified, resource, key.clone(), object))
    }

    /// Takes an object away for good.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn remove(&mut self, resource: &'static Resource, key: &Key) -> Result<Arc<Value>, Refusal> {
        let objects = self.objects.get_mut(resource).ok_or(Refusal::NotFound)?;
        let before = objects.remove(key).ok_or(Refusal::NotFound)?;
        let object = (*before).clone();
        Ok(self.note(Changed::Deleted, resource, key.clone(), object, Some(before)))
    }

    fn put(&mut self, what: Changed, resource: &'static Resource, key: Key, object: Value) -> Arc<Value> {
        let before = self.get(resource, &key).cloned();
        let object = self.note(what, resource, key.clone(), object, before);
        self.objects.entry(resource).or_default().insert(key, object.clone());
        object
    }

    fn note(
        &mut self,
        what: Changed,
        resource: &'static Resource,
        key: Key,
        mut object: Value,
        before: Option<Arc<Value>>,
    ) -> Arc<Value> {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let object = Arc::new(object);
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        let version = self.version;
        self.history.push_back(Change { version, what, resource, key, object: object.clone(), before });
        object
    }
}

fn key_of(resource: &Resource, object: &Value) -> Option<Key> {
    let metadata = &object["metadata"];
    let namespace =
        if resource.namespaced { metadata["namespace"].as_str().unwrap_or("default") } else { "" };
    Some(Key::new(namespace, metadata["name"].as_str().filter(|n| !n.is_empty())?))
}

/// `2026-03-01T14:05:09Z`
pub fn rfc3339(at: Time) -> String {
    jiff::Timestamp::from_millisecond(at.0 - at.0.rem_euclid(1000)).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods() -> &'static Resource {
        Resource::find("", "v1", "pods").unwrap()
    }

    fn store() -> Store {
        let mut store = Store::default();
        for name in ["a", "b"] {
            let pod = json!({"metadata": {"namespace": "shop", "name": name}, "spec": {"nodeName": ""}});
            store.create(pods(), pod, format!("uid-{name}"), Time(1_000)).unwrap();
        }
        store
    }

    #[test]
    fn a_watch_is_told_what_happened_after_its_version_and_410_after_a_compaction() {
        let mut store = store();
        let key = Key::new("shop", "a");
        store.update(pods(), &key, |pod| pod["spec"]["nodeName"] = json!("node-1")).unwrap();
        store.remove(pods(), &key).unwrap();
        let told: Vec<_> = store.since(1).unwrap().map(|c| (c.version, c.what)).collect();
        assert_eq!(told, [(2, Changed::Added), (3, Changed::Modified), (4, Changed::Deleted)]);
        store.forget();
        assert!(store.since(1).is_none() && store.since(4).is_some());
    }

    #[test]
    fn only_a_change_makes_a_version_and_only_one_of_the_spec_a_generation() {
        let mut store = store();
        let key = Key::new("shop", "b");
        let same = store.update(pods(), &key, |_| ()).unwrap();
        assert_eq!((store.version(), &same["metadata"]["generation"]), (2, &json!(1)));
        let status = store.update(pods(), &key, |pod| pod["status"] = json!({"phase": "Running"})).unwrap();
        assert_eq!(status["metadata"]["generation"], 1);
        let spec = store.update(pods(), &key, |pod| pod["spec"]["nodeName"] = json!("n")).unwrap();
        assert_eq!(
            (&spec["metadata"]["generation"], &spec["metadata"]["resourceVersion"]),
            (&json!(2), &json!("4"))
        );
    }
}
