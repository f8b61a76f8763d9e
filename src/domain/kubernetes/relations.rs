//! What belongs to what: selectors, owners, claims.

use super::{Budget, Claim, Key, Kubernetes, Meta, Owner, Pod, Row, Service, Table};
use crate::domain::{Text, object::Kind};
use std::collections::BTreeMap;

/// A chain of controllers longer than this is a loop.
const LONGEST_CHAIN: usize = 8;

/// Whether `labels` have every label of `selector`. An empty selector matches everything; whether it
/// means everything is up to the kind (a Service without one selects nothing).
pub fn selects(selector: &BTreeMap<Text, Text>, labels: &BTreeMap<Text, Text>) -> bool {
    selector.iter().all(|(name, value)| labels.get(name) == Some(value))
}

impl Service {
    /// Whether the pod is behind this Service; never when it has no selector (its endpoints are then made
    /// by others).
    pub fn selects(&self, pod: &Pod) -> bool {
        !self.selector.is_empty()
            && self.meta.key.namespace == pod.meta.key.namespace
            && selects(&self.selector, &pod.meta.labels)
    }
}

impl Budget {
    /// Whether it protects the pod. In policy/v1 an empty selector means all of its namespace.
    pub fn selects(&self, pod: &Pod) -> bool {
        self.meta.key.namespace == pod.meta.key.namespace && selects(&self.selector, &pod.meta.labels)
    }
}

impl Kubernetes {
    /// The controllers above an object, nearest first: of a Deployment's pod its ReplicaSet and the
    /// Deployment. The chain ends at a kind that is not watched (an operator's own), which is in it.
    pub fn owners<'a>(&'a self, meta: &'a Meta) -> Vec<&'a Owner> {
        let mut chain: Vec<&Owner> = Vec::new();
        let mut owner = meta.owner.as_ref();
        while let Some(next) = owner.filter(|_| chain.len() < LONGEST_CHAIN) {
            chain.push(next);
            owner = self.owner_meta(next, &meta.key.namespace).and_then(|m| m.owner.as_ref());
        }
        chain
    }

    /// The controller at the top of the chain.
    pub fn top_owner<'a>(&'a self, meta: &'a Meta) -> Option<&'a Owner> {
        self.owners(meta).pop()
    }

    fn owner_meta(&self, owner: &Owner, namespace: &Text) -> Option<&Meta> {
        fn find<'a, T: Row>(table: &'a Table<T>, key: &Key) -> Option<&'a Meta> {
            table.get(key).map(Row::meta)
        }
        if !owner.api_version.starts_with("apps/") {
            return None;
        }
        let key = Key { namespace: namespace.clone(), name: owner.name.clone() };
        let meta = match Kind::from_name(&owner.kind)? {
            Kind::ReplicaSet => find(&self.replica_sets, &key),
            Kind::StatefulSet => find(&self.stateful_sets, &key),
            Kind::Deployment => find(&self.deployments, &key),
            _ => None,
        };
        meta.filter(|m| m.uid == owner.uid)
    }

    /// The pods whose chain of controllers goes through the object with this UID.
    pub fn pods_of<'a>(&'a self, uid: &'a str) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().filter(move |pod| self.owners(&pod.meta).iter().any(|o| &*o.uid == uid))
    }

    /// The pods that a budget protects.
    pub fn pods_of_budget<'a>(&'a self, budget: &'a Budget) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().filter(|pod| budget.selects(pod))
    }

    /// The budgets that protect a pod; with more than one, Kubernetes refuses to evict it.
    pub fn budgets_of<'a>(&'a self, pod: &'a Pod) -> impl Iterator<Item = &'a Budget> {
        self.budgets.iter().filter(|budget| budget.selects(pod))
    }

    /// The pods behind a Service.
    pub fn pods_of_service<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().filter(|pod| service.selects(pod))
    }

    /// The claims that a pod mounts, each with the volume's name in the pod; None: it is not there.
    pub fn claims_of<'a>(&'a self, pod: &'a Pod) -> impl Iterator<Item = (&'a Text, Key, Option<&'a Claim>)> {
        pod.claims.iter().map(|(volume, claim)| {
            let key = Key { namespace: pod.meta.key.namespace.clone(), name: claim.clone() };
            let found = self.claims.get(&key);
            (volume, key, found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        kubernetes::{Deployment, KubernetesDelta, ReplicaSet, TableDelta},
        time::Time,
    };

    fn meta(name: &str, owner: Option<(&str, &str, &str)>, labels: &[(&str, &str)]) -> Meta {
        Meta {
            key: Key::new("shop", name),
            uid: name.into(),
            labels: labels.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            owner: owner.map(|(api, kind, name)| Owner {
                api_version: api.into(),
                kind: kind.into(),
                name: name.into(),
                uid: name.into(),
            }),
            ..Meta::default()
        }
    }

    fn put<T>(row: T) -> TableDelta<T> {
        TableDelta::Put { row, at: Time(0) }
    }

    fn shop() -> Kubernetes {
        let mut k = Kubernetes::default();
        let app = [("app", "web")];
        let pod = |meta| Pod { meta, claims: [("data".into(), "data-web".into())].into(), ..Pod::default() };
        k.apply(KubernetesDelta::Pods(put(pod(meta(
            "web-1-a",
            Some(("apps/v1", "ReplicaSet", "web-1")),
            &app,
        )))));
        k.apply(KubernetesDelta::Pods(put(pod(meta("lone", None, &[])))));
        let owner = Some(("apps/v1", "Deployment", "web"));
        k.apply(KubernetesDelta::ReplicaSets(put(ReplicaSet {
            meta: meta("web-1", owner, &app),
            ..Default::default()
        })));
        let owner = Some(("shop.example/v1", "Shop", "main"));
        k.apply(KubernetesDelta::Deployments(put(Deployment {
            meta: meta("web", owner, &app),
            ..Default::default()
        })));
        k.apply(KubernetesDelta::Claims(put(Claim {
            meta: meta("data-web", None, &[]),
            ..Default::default()
        })));
        k
    }

    #[test]
    fn owners_are_followed_to_the_one_that_is_not_watched() {
        let k = shop();
        let pod = k.pods.get(&Key::new("shop", "web-1-a")).unwrap();
        let kinds: Vec<_> = k.owners(&pod.meta).iter().map(|o| o.kind.to_string()).collect();
        assert_eq!(kinds, ["ReplicaSet", "Deployment", "Shop"]);
        assert_eq!(k.top_owner(&pod.meta).map(|o| &*o.name), Some("main"));
        assert_eq!(k.pods_of("web").count(), 1);
        let lone = k.pods.get(&Key::new("shop", "lone")).unwrap();
        assert!(k.owners(&lone.meta).is_empty());
    }

    #[test]
    fn an_owner_that_was_replaced_by_a_namesake_is_not_followed() {
        let mut k = shop();
        let mut replaced = meta("web-1", Some(("apps/v1", "Deployment", "web")), &[]);
        replaced.uid = "another".into();
        k.apply(KubernetesDelta::ReplicaSets(put(ReplicaSet { meta: replaced, ..Default::default() })));
        let pod = k.pods.get(&Key::new("shop", "web-1-a")).unwrap();
        assert_eq!(k.owners(&pod.meta).len(), 1);
    }

    #[test]
    fn selectors_select_as_each_kind_means_it() {
        let k = shop();
        let web: BTreeMap<Text, Text> = [("app".into(), "web".into())].into();
        let budget = |selector| Budget { meta: meta("b", None, &[]), selector, ..Default::default() };
        let service = |selector| Service { meta: meta("s", None, &[]), selector, ..Default::default() };
        assert_eq!(k.pods_of_budget(&budget(web.clone())).count(), 1);
        assert_eq!(k.pods_of_budget(&budget(BTreeMap::new())).count(), 2);
        assert_eq!(k.pods_of_service(&service(web)).count(), 1);
        assert_eq!(k.pods_of_service(&service(BTreeMap::new())).count(), 0);
    }

    #[test]
    fn a_pods_claims_are_found_or_missed() {
        let mut k = shop();
        let find = |k: &Kubernetes| {
            let pod = k.pods.get(&Key::new("shop", "lone")).unwrap();
            k.claims_of(pod)
                .map(|(v, key, c)| (v.to_string(), key.to_string(), c.is_some()))
                .collect::<Vec<_>>()
        };
        assert_eq!(find(&k), [("data".into(), "shop/data-web".into(), true)]);
        k.apply(KubernetesDelta::Claims(TableDelta::Remove {
            key: Key::new("shop", "data-web"),
            at: Time(1),
        }));
        assert!(!find(&k)[0].2);
    }
}
