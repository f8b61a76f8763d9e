//! A broker's pod is made anew, and with it its volumes, where those are to go.
//!
//! Its claims are deleted first: they stay until the pod goes, and then both are made again. From the first of
//! them on there is no way back but through the end: what is deleted cannot be kept.

use super::{
    At, Next, OPERATOR, Part,
    roll::{self, Old},
};
use crate::{
    action::{Act, Goal, Known, Step, Write, goal, radius::PartitionName, rights::Deed, words},
    domain::{
        Text,
        kafka::BrokerId,
        kubernetes::{Claim, Key, Pod},
    },
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Kubernetes' own controllers make a claim that a pod lacks within so long, or not at all.
const LACKING: Duration = Duration::from_secs(60);
const SHOWN: Duration = Duration::from_secs(60);
/// Strimzi's verb for both.
pub const STRIMZI: &str = "strimzi.io/delete-pod-and-pvc";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renew {
    pub old: Old,
    /// What is deleted with it, with their UIDs; none: its volumes stay.
    pub claims: Vec<(Key, Text)>,
}

impl Part for Renew {
    fn title(&self) -> String {
        let with = match self.claims.as_slice() {
            [] => String::new(),
            [(claim, _)] => format!(" and its claim {}", claim.name),
            many => format!(" and its {} claims", many.len()),
        };
        format!("replace pod {} of broker {}{with}", self.old.pod.name, self.old.broker)
    }

    fn pins(&self) -> Vec<String> {
        let claims = self.claims.iter().map(|(claim, uid)| format!("{claim} {uid}"));
        std::iter::once(format!("{} {}", self.old.pod, self.old.uid)).chain(claims).collect()
    }

    fn deeds(&self, _known: &Known<'_>) -> Vec<Deed> {
        let namespace = &self.old.pod.namespace;
        // Its pod may have to be made once more.
        let deleted = [Act::DeleteClaim, Act::DeletePod].map(|act| Deed::within(act, namespace));
        let deleted = deleted.into_iter().filter(|_| !self.claims.is_empty() && !self.old.strimzi);
        deleted.chain([self.old.deed()]).collect()
    }

    fn conditions(&self) -> Vec<String> {
        let mut conditions = Vec::new();
        if !self.claims.is_empty() {
            conditions.push(
                "every partition on it has another replica in sync: what is on its volumes is gone for good"
                    .into(),
            );
        }
        conditions.extend(roll::Roll { pods: vec![self.old.clone()] }.conditions());
        conditions
    }

    fn next(&self, at: &At<'_>) -> Next {
        if let Some(wait) = self.blind(at) {
            return wait;
        }
        let known = at.known;
        let pod = known.world.snapshot.kubernetes.pods.get(&self.old.pod);
        let kept = self.first(known, |claim| claim.meta.deleting.is_none());
        let ending = self.first(known, |claim| claim.meta.deleting.is_some());
        match (pod, kept, ending) {
            (Some(pod), Some(claim), _) if lives(pod) => self.give_up(known, pod, claim),
            (_, Some((claim, _)), _) => {
                Next::wait(format!("pod {} to be made again, before claim {claim} goes", self.old.pod))
            }
            // It uses the claim as long as it is on a node.
            (Some(pod), None, Some(_)) if lives(pod) && pod.node.is_some() => self.let_go(known, pod),
            (_, None, Some((claim, _))) => Next::wait(format!("claim {claim} to go")),
            (Some(pod), None, None) if lives(pod) && pod.meta.uid == self.old.uid => self.let_go(known, pod),
            (pod, None, None) => self.comes(known, pod),
        }
    }

    /// Where a claim is being deleted already, what follows is the way back, too.
    fn undo(&self, at: &At<'_>) -> Next {
        if let Some(wait) = self.blind(at) {
            return wait;
        }
        match self.first(at.known, |claim| claim.meta.deleting.is_some()) {
            Some(_) if !self.old.strimzi => self.next(at),
            _ => roll::undo(at, std::slice::from_ref(&self.old)),
        }
    }

    fn hold(&self, at: &At<'_>) -> Next {
        match self.first(at.known, |claim| claim.meta.deleting.is_some()) {
            Some((claim, _)) => Next::wait(format!(
                "{OPERATOR}; claim {claim} goes as soon as its pod does, whoever restarts it"
            )),
            None => Next::wait(OPERATOR),
        }
    }
}

fn lives(pod: &Pod) -> bool {
    pod.meta.deleting.is_none()
}

impl Renew {
    fn blind(&self, at: &At<'_>) -> Option<Next> {
        let claims = &at.known.world.snapshot.kubernetes.claims.feed;
        roll::blind(at).or_else(|| at.blind([("the claims", claims)]))
    }

    /// The first of its old claims that is so.
    fn first(&self, known: &Known<'_>, is: impl Fn(&Claim) -> bool) -> Option<&(Key, Text)> {
        let claims = &known.world.snapshot.kubernetes.claims;
        let old = |(key, uid): &&(Key, Text)| {
            claims.get(key).is_some_and(|claim| claim.meta.uid == *uid && is(claim))
        };
        self.claims.iter().find(old)
    }

    /// Deletes a claim, or asks Strimzi to, when everything is looked at that is before the pod goes, too.
    fn give_up(&self, known: &Known<'_>, pod: &Pod, (claim, uid): &(Key, Text)) -> Next {
        if self.old.strimzi && goal::pods::is_asked(pod, STRIMZI) {
            return roll::strimzi(format_args!("delete pod {} and its claims", self.old.pod));
        }
        if let Err(next) = self.may_go(known, pod) {
            return next;
        }
        if self.old.strimzi {
            return Next::step(self.old.asks(STRIMZI, &pod.meta.uid));
        }
        Next::step(Step {
            title: format!("delete claim {claim}"),
            write: Write::DeleteClaim { claim: claim.clone(), uid: uid.clone() },
            until: Goal::ClaimEnding { claim: claim.clone(), uid: uid.clone() },
            patience: SHOWN,
        })
    }

    fn let_go(&self, known: &Known<'_>, pod: &Pod) -> Next {
        if self.old.is_asked(pod) {
            return self.old.rolls();
        }
        match self.may_go(known, pod) {
            Ok(()) => Next::step(self.old.go(pod)),
            Err(next) => next,
        }
    }

    /// A pod that is stuck may be why it is replaced: that keeps nobody.
    fn may_go(&self, known: &Known<'_>, pod: &Pod) -> Result<(), Next> {
        if !self.claims.is_empty() {
            let kafka = &known.world.snapshot.kafka;
            if let Some(words) = words::doubt(known, "reassignments", &kafka.reassignments.feed) {
                return Err(Next::wait(words));
            }
            let only = only_here(known, self.old.broker);
            if !only.is_empty() {
                let names = words::partitions(&only, 3);
                return Err(Next::wait(format!(
                    "another replica in sync of {names}: broker {} has the only one, and it would be lost",
                    self.old.broker
                )));
            }
        }
        self.old.is_spared(known)?;
        if self.old.strimzi { Ok(()) } else { roll::allowed(known, pod) }
    }

    /// The pod ends, or is made again.
    fn comes(&self, known: &Known<'_>, pod: Option<&Pod>) -> Next {
        let now = known.world.now;
        let claims = &known.world.snapshot.kubernetes.claims;
        let lacks = self.claims.iter().find(|(claim, _)| claims.get(claim).is_none());
        if let (Some(pod), Some((claim, _))) = (pod.filter(|pod| lives(pod) && !pod.is_ready()), lacks) {
            // Kubernetes before 1.27 makes no claim for a pod that is there.
            return match now.since(pod.meta.created) >= LACKING {
                true => Next::step(self.again(pod)),
                false => Next::wait(format!("claim {claim} to be made again")),
            };
        }
        if let Some(words) = roll::stuck(known, &self.old.pod) {
            return Next::Stop(words);
        }
        goal::look(&self.old.replaced(), known).into()
    }

    /// Its StatefulSet makes it once more, and the claim that it lacks.
    fn again(&self, pod: &Pod) -> Step {
        let (key, uid) = (pod.meta.key.clone(), pod.meta.uid.clone());
        Step {
            title: format!("delete pod {key}, which was made before its claim had gone"),
            write: Write::Delete { pod: key.clone(), uid: uid.clone() },
            until: Goal::PodEnding { pod: key, uid, asked: None },
            patience: SHOWN,
        }
    }
}

/// The partitions whose data nobody else has whole: without it they are lost.
pub fn only_here(known: &Known<'_>, broker: BrokerId) -> Vec<PartitionName> {
    let mut only = Vec::new();
    for (name, topic) in &known.world.snapshot.kafka.topics {
        let here = topic.partitions.iter().filter(|p| {
            p.replicas.contains(broker) && !p.isr.iter().any(|id| *id != broker && p.leader.is_some())
        });
        only.extend(here.map(|p| (name.clone(), p.index)));
    }
    only
}

#[cfg(test)]
#[path = "renew_tests.rs"]
mod tests;
