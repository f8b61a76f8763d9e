//! A StatefulSet of brokers with more or fewer replicas.

use super::{At, Empty, Next, Part};
use crate::{
    action::{Act, Goal, Known, Radius, Step, goal, rights::Deed, workload::Workload},
    domain::{
        Text,
        kafka::BrokerId,
        kubernetes::{Key, StatefulSet},
        object::Kind,
    },
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Until the API server shows what it was asked for.
const ASKED: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resize {
    pub set: Key,
    pub uid: Text,
    pub from: i32,
    pub to: i32,
    /// Scaled in: the broker that goes, which must hold nothing.
    pub leaves: Option<Empty>,
}

impl Part for Resize {
    fn title(&self) -> String {
        format!("scale StatefulSet {} from {} to {} replicas", self.set, self.from, self.to)
    }

    fn deeds(&self, known: &Known<'_>) -> Vec<Deed> {
        let emptied = self.leaves.iter().flat_map(|empty| empty.deeds(known));
        emptied.chain([Deed::within(Act::Scale(Kind::StatefulSet), &self.set.namespace)]).collect()
    }

    fn conditions(&self) -> Vec<String> {
        match &self.leaves {
            None => vec![format!("it has {} replicas still", self.from)],
            Some(Empty { broker, .. }) => vec![
                format!("it has {} replicas still", self.from),
                format!("broker {broker} holds no replica, and the controller quorum can spare it"),
            ],
        }
    }

    fn next(&self, at: &At<'_>) -> Next {
        let set = match self.look(at) {
            Ok(set) => set,
            Err(next) => return next,
        };
        match set.replicas {
            n if n == self.to => self.settled(at, self.to),
            n if n == self.from => match self.gate(at, set) {
                Some(next) => next,
                None => self.scale(set, self.to),
            },
            n => Next::Stop(format!(
                "somebody else set StatefulSet {} to {n} replicas; it was to go from {} to {}",
                self.set, self.from, self.to
            )),
        }
    }

    /// New brokers that hold nothing yet go again. Nothing else is to be put back: what was moved is safe where it is.
    fn undo(&self, at: &At<'_>) -> Next {
        if self.to < self.from {
            return Next::Done;
        }
        let set = match self.look(at) {
            Ok(set) => set,
            Err(next) => return next,
        };
        if set.replicas != self.to {
            return Next::Done;
        }
        let kafka = &at.known.world.snapshot.kafka;
        let feeds = [("replicas", &kafka.topics_feed), ("reassignments", &kafka.reassignments.feed)];
        if let Some(wait) = at.blind(feeds) {
            return wait;
        }
        let new = self.new_brokers(at, set);
        if new.iter().any(|id| kafka.brokers.get(id).is_some_and(|broker| broker.named > 0)) {
            return Next::Done;
        }
        match Radius::without(at.known, &new).refusals.into_iter().next() {
            Some(why) => Next::wait(why),
            None => self.scale(set, self.from),
        }
    }
}

impl Resize {
    /// The StatefulSet, if it can be told.
    fn look<'a>(&self, at: &At<'a>) -> Result<&'a StatefulSet, Next> {
        let kubernetes = &at.known.world.snapshot.kubernetes;
        let feeds = [("workloads", &kubernetes.stateful_sets.feed), ("pods", &kubernetes.pods.feed)];
        if let Some(wait) = at.blind(feeds) {
            return Err(wait);
        }
        let set = kubernetes.stateful_sets.get(&self.set).filter(|set| set.meta.uid == self.uid);
        set.ok_or_else(|| Next::Stop(format!("StatefulSet {} is gone, or another in its place", self.set)))
    }

    /// What has to hold before it is scaled in.
    fn gate(&self, at: &At<'_>, set: &StatefulSet) -> Option<Next> {
        let empty = self.leaves.as_ref()?;
        let kafka = &at.known.world.snapshot.kafka;
        let feeds = [("replicas", &kafka.topics_feed), ("registered brokers", &kafka.cluster_feed)];
        if let Some(wait) = at.blind(feeds) {
            return Some(wait);
        }
        if kafka.brokers.get(&empty.broker).is_some_and(|broker| broker.named > 0) {
            return Some(Next::Unfold(vec![empty.clone().into(), self.clone().into()]));
        }
        let pods = Workload::StatefulSet(set).pods(at.known);
        let last = pods.first().map(|pod| (pod.key(), pod.broker));
        if let Some((pod, broker)) = last.filter(|(_, broker)| *broker != Some(empty.broker)) {
            let who = broker.map_or_else(|| "not known to be any broker".into(), |id| format!("broker {id}"));
            let id = empty.broker;
            return Some(Next::wait(format!("pod {pod}, the next to go, to be broker {id}: it is {who}")));
        }
        Radius::without(at.known, &[empty.broker]).refusals.into_iter().next().map(Next::wait)
    }

    /// Pinned to what is seen now.
    fn scale(&self, set: &StatefulSet, replicas: i32) -> Next {
        Next::step(Step {
            title: format!("scale StatefulSet {} from {} to {replicas} replicas", self.set, set.replicas),
            write: Workload::StatefulSet(set).scale(replicas),
            until: Goal::Scaled { kind: Kind::StatefulSet, key: self.set.clone(), replicas },
            patience: ASKED,
        })
    }

    /// The wait until its pods and brokers are there, or gone.
    fn settled(&self, at: &At<'_>, replicas: i32) -> Next {
        let (kind, key) = (Kind::StatefulSet, self.set.clone());
        goal::look(&Goal::Replicas { kind, key, replicas, after: 0 }, at.known).into()
    }

    /// Those in the pods beyond what there were.
    fn new_brokers(&self, at: &At<'_>, set: &StatefulSet) -> Vec<BrokerId> {
        let pods = Workload::StatefulSet(set).pods(at.known);
        let more = usize::try_from(self.to - self.from).unwrap_or(0);
        pods.iter().take(more).filter_map(|pod| pod.broker).collect()
    }
}
