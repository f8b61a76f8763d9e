//! A node is emptied: cordoned, and its pods evicted one by one, brokers as a rolling restart takes them.

use super::{
    At, Next, Part,
    roll::{self, Old},
};
use crate::{
    action::{Act, Goal, Known, Step, Write, rights::Deed, target::Target},
    domain::{
        Text,
        derived::node,
        human,
        kubernetes::{Key, Node, Pod},
    },
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};

const SHOWN: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    pub node: Text,
    pub uid: Text,
    /// It was before, and stays so if this is aborted.
    pub cordoned: bool,
    pub brokers: Vec<Old>,
    /// Pods that nothing puts back and that are to go all the same, with their UIDs.
    pub bare: Vec<(Key, Text)>,
}

impl Part for Drain {
    fn title(&self) -> String {
        format!("drain node {}", self.node)
    }

    fn pins(&self) -> Vec<String> {
        let brokers = self.brokers.iter().map(|old| old.uid.to_string());
        let bare = self.bare.iter().map(|(_, uid)| uid.to_string());
        std::iter::once(self.uid.to_string()).chain(brokers).chain(bare).collect()
    }

    fn deeds(&self, known: &Known<'_>) -> Vec<Deed> {
        let own = |pod: &&Pod| self.brokers.iter().any(|old| old.pod == pod.meta.key);
        let others = on(known, &self.node).filter(|pod| !stays(pod) && !own(pod));
        let namespaces: BTreeSet<&Text> = others.map(|pod| &pod.meta.key.namespace).collect();
        let evicted = namespaces.into_iter().map(|namespace| Deed::within(Act::Evict, namespace));
        std::iter::once(Deed::new(Act::Cordon))
            .chain(evicted)
            .chain(self.brokers.iter().map(Old::deed))
            .collect()
    }

    fn conditions(&self) -> Vec<String> {
        let mut conditions = vec![
            "the node is cordoned".to_string(),
            "the disruption budgets allow the eviction, and the pod before has ended".into(),
        ];
        if !self.brokers.is_empty() {
            let roll = roll::Roll { pods: self.brokers.clone() };
            conditions.push(format!("then to {}:", roll.title()));
            conditions.extend(roll.conditions());
        }
        conditions
    }

    fn next(&self, at: &At<'_>) -> Next {
        let known = at.known;
        if let Some(wait) = blind(at) {
            return wait;
        }
        if let Some(node) = self.present(known) {
            if !node.unschedulable {
                return self.cordon(at);
            }
            if let Some(next) = self.clear(known) {
                return next;
            }
        }
        if self.brokers.is_empty() { Next::Done } else { roll::next(at, &self.brokers) }
    }

    /// It takes pods again where it did before; a broker that is away may need just that to come back.
    fn undo(&self, at: &At<'_>) -> Next {
        if let Some(wait) = blind(at) {
            return wait;
        }
        match self.present(at.known) {
            Some(node) if node.unschedulable && !self.cordoned => Next::step(self.cordoning(false)),
            _ => roll::undo(at, &self.brokers),
        }
    }
}

fn blind(at: &At<'_>) -> Option<Next> {
    let kubernetes = &at.known.world.snapshot.kubernetes;
    at.blind([("the nodes", &kubernetes.nodes.feed), ("the pods", &kubernetes.pods.feed)])
}

/// What stays on a node that is drained: it belongs to it, or has ended.
///
/// Source: Kubernetes `kubectl/pkg/drain/filters.go`.
pub fn stays(pod: &Pod) -> bool {
    let daemon = pod.meta.owner.as_ref().is_some_and(|owner| &*owner.kind == "DaemonSet");
    daemon || pod.meta.annotations.contains_key("kubernetes.io/config.mirror") || pod.ended()
}

/// Every pod on a node.
pub fn on<'a>(known: &Known<'a>, node: &Text) -> impl Iterator<Item = &'a Pod> {
    let pods = known.world.snapshot.kubernetes.pods.iter();
    pods.filter(move |pod| pod.node.as_ref() == Some(node))
}

impl Drain {
    /// The node, unless it is gone, or another under its name.
    fn present<'a>(&self, known: &Known<'a>) -> Option<&'a Node> {
        node(known.world.snapshot, &self.node).filter(|node| node.meta.uid == self.uid)
    }

    fn cordoning(&self, on: bool) -> Step {
        let (node, uid) = (self.node.clone(), self.uid.clone());
        Step {
            title: format!("{} node {node}", if on { "cordon" } else { "uncordon" }),
            until: Goal::Cordoned { node: node.clone(), on },
            write: Write::Cordon { node, uid, on },
            patience: SHOWN,
        }
    }

    /// Once; where somebody uncordons it meanwhile there are two minds about it.
    fn cordon(&self, at: &At<'_>) -> Next {
        let again = at.lately().iter().any(|step| matches!(step.write, Write::Cordon { .. }));
        if again {
            return Next::Stop(format!(
                "somebody uncordoned node {}: go on to cordon it again, or abort",
                self.node
            ));
        }
        Next::step(self.cordoning(true))
    }

    /// What is next for the pods on it that are none of its brokers; None: there are none left.
    fn clear(&self, known: &Known<'_>) -> Option<Next> {
        let own = |pod: &&Pod| self.brokers.iter().any(|old| old.pod == pod.meta.key);
        let pods: Vec<&Pod> = on(known, &self.node).filter(|pod| !stays(pod) && !own(pod)).collect();
        if let Some(pod) = pods.iter().find(|pod| pod.meta.deleting.is_some()) {
            return Some(match roll::stuck(known, &pod.meta.key) {
                Some(words) => Next::Stop(words),
                None => {
                    let rest = human::plural(pods.len(), "pod");
                    Next::wait(format!("pod {} to end (it has {} s; {rest} left)", pod.meta.key, pod.grace))
                }
            });
        }
        let mut why = None;
        for pod in pods {
            match self.may_go(known, pod) {
                Ok(()) => return Some(Next::step(evict(pod))),
                Err(next @ Next::Stop(_)) => return Some(next),
                Err(next) => drop(why.get_or_insert(next)),
            }
        }
        why
    }

    fn may_go(&self, known: &Known<'_>, pod: &Pod) -> Result<(), Next> {
        let meta = &pod.meta;
        if Target::on(known, pod).keeper.is_some() {
            let words =
                "is a broker that came since, or of a cluster that is not looked at: move it yourself";
            return Err(Next::Stop(format!("pod {} {words}", meta.key)));
        }
        let let_go = self.bare.iter().any(|(key, uid)| *key == meta.key && *uid == meta.uid);
        if meta.owner.is_none() && !let_go {
            return Err(Next::Stop(format!(
                "nothing puts pod {} back: it has no controller; delete it yourself, then go on",
                meta.key
            )));
        }
        roll::allowed(known, pod)
    }
}

fn evict(pod: &Pod) -> Step {
    let (key, uid) = (pod.meta.key.clone(), pod.meta.uid.clone());
    Step {
        title: format!("evict pod {key}"),
        until: Goal::PodEnding { pod: key.clone(), uid: uid.clone(), asked: None },
        write: Write::Evict { pod: key, uid },
        patience: SHOWN,
    }
}

#[cfg(test)]
#[path = "drain_tests.rs"]
mod tests;
