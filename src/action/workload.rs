//! What makes pods: StatefulSets and Deployments, as the verbs on both see them.

use super::{Goal, Known, Write, owner, target::Target, words};
use crate::domain::{
    discovery::Keeper,
    kubernetes::{Deployment, Key, Meta, StatefulSet},
    object::{Kind, Object},
    reading::Feed,
};

#[derive(Clone, Copy)]
pub enum Workload<'a> {
    StatefulSet(&'a StatefulSet),
    Deployment(&'a Deployment),
}

impl<'a> Workload<'a> {
    pub fn find(known: &Known<'a>, kind: Kind, key: &Key) -> Option<Workload<'a>> {
        let kubernetes = &known.world.snapshot.kubernetes;
        match kind {
            Kind::StatefulSet => kubernetes.stateful_sets.get(key).map(Workload::StatefulSet),
            Kind::Deployment => kubernetes.deployments.get(key).map(Workload::Deployment),
            _ => None,
        }
    }

    /// The one that is selected, or why it is none.
    pub fn selected(known: &Known<'a>, object: Option<&Object>) -> Result<Workload<'a>, String> {
        match object {
            Some(Object::Kube { kind: kind @ (Kind::StatefulSet | Kind::Deployment), key, uid }) => {
                Workload::find(known, *kind, key)
                    .filter(|workload| workload.meta().uid == *uid)
                    .ok_or_else(|| format!("{} {key} is not there any more", kind.name()))
            }
            Some(pod @ (Object::Broker(_) | Object::Kube { kind: Kind::Pod, .. })) => {
                let target = Target::of(known, Some(pod))?;
                Err(Workload::of_pod(known, &target))
            }
            Some(other) => {
                Err(format!("a {} has no replicas; select a StatefulSet or Deployment", other.noun()))
            }
            None => Err("select a StatefulSet or Deployment first".into()),
        }
    }

    /// What to do instead of calling the verb on a pod.
    fn of_pod(known: &Known<'_>, target: &Target<'_>) -> String {
        if target.keeper == Some(Keeper::Strimzi) {
            return owner::strimzi_scale(target.pod);
        }
        let kubernetes = &known.world.snapshot.kubernetes;
        let makes = |kind: &str| matches!(kind, "StatefulSet" | "Deployment");
        match kubernetes.owners(&target.pod.meta).into_iter().find(|o| makes(&o.kind)) {
            Some(owner) => {
                format!("pod {} belongs to {} {}: select that", target.key(), owner.kind, owner.name)
            }
            None => format!("pod {} belongs to no StatefulSet or Deployment", target.key()),
        }
    }

    pub fn kind(&self) -> Kind {
        match self {
            Workload::StatefulSet(_) => Kind::StatefulSet,
            Workload::Deployment(_) => Kind::Deployment,
        }
    }

    pub fn meta(&self) -> &'a Meta {
        match self {
            Workload::StatefulSet(set) => &set.meta,
            Workload::Deployment(deployment) => &deployment.meta,
        }
    }

    /// `StatefulSet kafka/kafka`
    pub fn name(&self) -> String {
        format!("{} {}", self.kind().name(), self.meta().key)
    }

    /// `-n kafka statefulset/kafka`, as kubectl takes it.
    pub fn argument(&self) -> String {
        let kind = self.kind().name().to_lowercase();
        let key = &self.meta().key;
        format!("-n {} {kind}/{}", words::sh(&key.namespace), words::sh(&key.name))
    }

    /// Asked for in the spec.
    pub fn replicas(&self) -> i32 {
        match self {
            Workload::StatefulSet(set) => set.replicas,
            Workload::Deployment(deployment) => deployment.replicas,
        }
    }

    /// It with so many replicas, pinned to what is seen of it now.
    pub fn scale(&self, replicas: i32) -> Write {
        let meta = self.meta();
        let (key, uid, resource_version) =
            (meta.key.clone(), meta.uid.clone(), meta.resource_version.clone());
        Write::Scale { kind: self.kind(), key, uid, resource_version, replicas }
    }

    /// So many replicas are there, as told after this.
    pub fn scaled(&self, replicas: i32) -> Goal {
        let (kind, key, after) = (self.kind(), self.meta().key.clone(), self.generations().0);
        Goal::Replicas { kind, key, replicas, after }
    }

    pub fn ready(&self) -> i32 {
        match self {
            Workload::StatefulSet(set) => set.ready,
            Workload::Deployment(deployment) => deployment.ready,
        }
    }

    pub fn updated(&self) -> i32 {
        match self {
            Workload::StatefulSet(set) => set.updated,
            Workload::Deployment(deployment) => deployment.updated,
        }
    }

    /// That of the spec, and that which its controller has seen.
    pub fn generations(&self) -> (i64, i64) {
        match self {
            Workload::StatefulSet(set) => (set.generation, set.observed_generation),
            Workload::Deployment(deployment) => (deployment.generation, deployment.observed_generation),
        }
    }

    pub fn feed(known: &Known<'a>, kind: Kind) -> &'a Feed {
        let kubernetes = &known.world.snapshot.kubernetes;
        match kind {
            Kind::Deployment => &kubernetes.deployments.feed,
            _ => &kubernetes.stateful_sets.feed,
        }
    }

    /// Its pods, of a StatefulSet the highest ordinal first: the order in which they go.
    pub fn pods(&self, known: &Known<'a>) -> Vec<Target<'a>> {
        let kubernetes = &known.world.snapshot.kubernetes;
        let pods = kubernetes.pods_of(&self.meta().uid);
        let mut pods: Vec<Target<'a>> = pods.map(|pod| Target::on(known, pod)).collect();
        pods.sort_by_key(|t| std::cmp::Reverse(ordinal(&t.key().name)));
        pods
    }

    /// Who keeps its pods, where they are brokers.
    pub fn keeper(pods: &[Target<'_>]) -> Option<Keeper> {
        pods.iter().find_map(|pod| pod.keeper)
    }
}

/// The number that a StatefulSet's pod ends in.
pub fn ordinal(pod: &str) -> Option<i32> {
    pod.rsplit_once('-')?.1.parse().ok()
}
