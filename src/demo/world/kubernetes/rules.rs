//! What the API server does with a write that has rules of its own: evictions, deletions, scales.

use super::{BUDGETS, CLAIMS, NAMESPACES, PODS, RESOURCES, Refusal, Resource, Turn, object, plane, rfc3339};
use crate::domain::kubernetes::Key;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a deletion asks for (`DeleteOptions`).
#[derive(Debug, Clone, Default)]
pub struct Deletion {
    /// Seconds; None: what the pod says.
    pub grace: Option<u32>,
    pub uid: Option<String>,
    pub resource_version: Option<String>,
    pub dry_run: bool,
    /// What it controls stays.
    pub orphan: bool,
}

/// What an eviction asks for.
pub type Eviction = Deletion;

/// Source: Kubernetes `MaxDisruptedPodSize`, and the statuses of `pkg/registry/core/pod/storage/eviction.go`.
const VIOLATES: &str = "Cannot evict pod as it would violate the pod's disruption budget.";
const SEVERAL: &str =
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";

impl Turn<'_> {
    /// Asks a pod to end if its budget lets it.
    ///
    /// # Errors
    /// [`Refusal::Budget`] where the budget says no, and as [`Turn::delete`].
    pub fn evict(&mut self, key: &Key, asks: &Eviction) -> Result<(), Refusal> {
        let pod = self.get(&PODS, key).ok_or(Refusal::NotFound)?;
        precondition(&pod, asks)?;
        if !counts(&pod) {
            return self.delete(&PODS, key, asks).map(|_| ());
        }
        let near = self.store.list(&BUDGETS, Some(&key.namespace));
        let protecting = near
            .filter(|(_, budget)| object::selects(&budget["spec"]["selector"], &pod["metadata"]["labels"]));
        let protecting: Vec<Arc<Value>> = protecting.map(|(_, budget)| budget.clone()).collect();
        match &protecting[..] {
            [] => {}
            [budget] => self.ask(&pod, budget, asks.dry_run)?,
            _ => return Err(Refusal::Internal(SEVERAL.into())),
        }
        self.delete(&PODS, key, asks).map(|_| ())
    }

    /// Takes one disruption from the budget, unless the pod is broken anyway and may go.
    fn ask(&mut self, pod: &Value, budget: &Value, dry_run: bool) -> Result<(), Refusal> {
        let count = |field: &str| object::number(budget, &format!("/status/{field}")).unwrap_or_default();
        let (healthy, desired) = (count("currentHealthy"), count("desiredHealthy"));
        if !object::is_ready(pod) {
            let always = budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow";
            if always || healthy >= desired && desired > 0 {
                return Ok(());
            }
        }
        let name = object::text(budget, "/metadata/name");
        let generation = |pointer| object::number(budget, pointer).unwrap_or_default();
        if generation("/status/observedGeneration") < generation("/metadata/generation") {
            let message = VIOLATES.into();
            let cause = format!("The disruption budget {name} is still being processed by the server.");
            return Err(Refusal::Budget { message, cause: Some(cause) });
        }
        if count("disruptionsAllowed") <= 0 {
            let cause = format!(
                "The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
            );
            return Err(Refusal::Budget { message: VIOLATES.into(), cause: Some(cause) });
        }
        if dry_run {
            return Ok(());
        }
        let pod = object::text(pod, "/metadata/name").to_owned();
        let at = rfc3339(self.now);
        let _gone = self.store.update(&BUDGETS, &object::key(budget), |budget| {
            let allowed = object::number(budget, "/status/disruptionsAllowed").unwrap_or(1);
            budget["status"]["disruptionsAllowed"] = json!(allowed - 1);
            budget["status"]["disruptedPods"][&pod] = json!(at);
        });
        Ok(())
    }

    /// Deletes an object: a pod with grace, a claim once no pod uses it, a namespace with all that is in it,
    /// the rest at once; what it controls follows.
    ///
    /// # Errors
    /// Where it is not there, or not the one that was meant.
    pub fn delete(
        &mut self,
        resource: &'static Resource,
        key: &Key,
        asks: &Deletion,
    ) -> Result<Arc<Value>, Refusal> {
        let object = self.get(resource, key).ok_or(Refusal::NotFound)?;
        precondition(&object, asks)?;
        if asks.dry_run {
            return Ok(object);
        }
        if asks.orphan {
            self.orphan(&object);
        }
        if resource == &NAMESPACES {
            self.empty(&key.name);
        }
        match resource {
            r if r == &PODS => self.delete_pod(&object, asks.grace),
            r if r == &CLAIMS => self.store.update(resource, key, |claim| {
                if !object::is_deleting(claim) {
                    claim["metadata"]["deletionTimestamp"] = json!(rfc3339(self.now));
                    claim["metadata"]["deletionGracePeriodSeconds"] = json!(0);
                }
            }),
            _ => self.store.remove(resource, key),
        }
    }

    fn delete_pod(&mut self, pod: &Value, grace: Option<u32>) -> Result<Arc<Value>, Refusal> {
        let key = object::key(pod);
        let own = object::number(pod, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
        let grace = grace.map_or(own, i64::from);
        let nobody_has_it = object::text(pod, "/spec/nodeName").is_empty() || object::has_ended(pod);
        if grace == 0 || nobody_has_it {
            return self.store.remove(&PODS, &key);
        }
        let until = self.after(grace as f64);
        self.store.update(&PODS, &key, |pod| {
            // A second deletion may shorten the time that is left, and never lengthens it.
            let before = object::time(pod, "/metadata/deletionTimestamp");
            if before.is_none_or(|before| until < before) {
                pod["metadata"]["deletionTimestamp"] = json!(rfc3339(until));
                pod["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
            }
        })
    }

    fn orphan(&mut self, owner: &Value) {
        for (resource, key) in self.plane.owned(object::uid(owner)).cloned().collect::<Vec<_>>() {
            let _gone = self.store.update(resource, &key, |object| {
                object["metadata"].as_object_mut().map(|metadata| metadata.remove("ownerReferences"));
            });
        }
    }

    fn empty(&mut self, namespace: &str) {
        for resource in RESOURCES.iter().filter(|r| r.namespaced) {
            let keys: Vec<Key> = self.store.list(resource, Some(namespace)).map(|(k, _)| k.clone()).collect();
            for key in keys {
                let at_once = Deletion { grace: Some(0), ..Deletion::default() };
                let _gone = self.delete(resource, &key, &at_once);
            }
        }
    }

    /// Sets the replicas that a workload asks for, as its scale subresource does.
    ///
    /// # Errors
    /// Where it has none, is not there or has changed, or the number is none.
    pub fn scale(
        &mut self,
        resource: &'static Resource,
        key: &Key,
        replicas: i64,
        asks: &Deletion,
    ) -> Result<Arc<Value>, Refusal> {
        let object =
            self.get(resource, key).filter(|_| plane::is_scaled(resource)).ok_or(Refusal::NotFound)?;
        precondition(&object, asks)?;
        if replicas < 0 {
            let words =
                format!("spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0");
            return Err(Refusal::Invalid(words));
        }
        let set = |object: &mut Value| object["spec"]["replicas"] = json!(replicas);
        if asks.dry_run {
            let mut object = (*object).clone();
            set(&mut object);
            return Ok(Arc::new(object));
        }
        self.store.update(resource, key, set)
    }
}

/// Whether a budget is asked at all.
///
/// Source: `canIgnorePDB`.
fn counts(pod: &Value) -> bool {
    !object::is_deleting(pod)
        && !matches!(object::text(pod, "/status/phase"), "Pending" | "Succeeded" | "Failed")
}

/// Source: `storage.Preconditions.Check`.
fn precondition(object: &Value, asks: &Deletion) -> Result<(), Refusal> {
    let uid = object::uid(object);
    if let Some(asked) = asks.uid.as_deref().filter(|asked| *asked != uid) {
        let words = format!("Precondition failed: UID in precondition: {asked}, UID in object meta: {uid}");
        return Err(Refusal::Precondition(words));
    }
    let version = object::text(object, "/metadata/resourceVersion");
    if asks.resource_version.as_deref().is_some_and(|asked| asked != version) {
        return Err(Refusal::Conflict);
    }
    Ok(())
}
