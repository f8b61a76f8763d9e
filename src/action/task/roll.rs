//! Brokers are restarted, one at a time and never sooner than Kafka can bear it.
//!
//! Which of them were restarted is told by their pods' UIDs; which comes next, by how the cluster is then.
//!
//! Source of the order and of the rules: Strimzi `KafkaRoller` (kafka.md §1).

use super::{At, Next, OPERATOR, Part, Wait};
use crate::{
    action::{
        Act, Goal, Known, Radius, Sight, Step, Write,
        delete::{ROLL, STRIMZI},
        goal::{self, pods},
        owner,
        rights::Deed,
        words,
    },
    domain::{
        Text,
        derived::{BrokerRow, Trouble, trouble},
        kafka::BrokerId,
        kubernetes::{Budget, Key, Pod},
        object::Kind,
        reading::Feed,
        time::age,
    },
};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, fmt, time::Duration};

/// What keeps a pod from starting may pass by itself for so long: a volume that is still attached elsewhere, a
/// first crash before its peers are found.
const PASSING: Duration = Duration::from_secs(60);
/// A pod whose containers are made for longer is stuck.
const CREATING: Duration = Duration::from_secs(300);
/// So long a broker that is up and not Ready may be recovering its logs: it is left alone.
const RECOVERY: Duration = Duration::from_secs(600);
/// The API server shows soon that a pod is to end.
const SHOWN: Duration = Duration::from_secs(60);

/// A broker's pod as it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Old {
    pub pod: Key,
    pub uid: Text,
    pub broker: BrokerId,
    /// Strimzi keeps it and is asked to roll it.
    #[serde(default)]
    pub strimzi: bool,
}

/// Each of these pods is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roll {
    pub pods: Vec<Old>,
}

/// Where one of them stands.
enum Stand<'a> {
    /// It is the one that it was before.
    Due(&'a Pod),
    /// It ends, or another in its place is not back yet: what is awaited, or why it does not come.
    Away(Next),
    /// Replaced, registered and in every ISR.
    Back,
}

impl Part for Roll {
    fn title(&self) -> String {
        let brokers: Vec<BrokerId> = self.pods.iter().map(|old| old.broker).collect();
        match brokers.as_slice() {
            [one] => format!("restart broker {one}"),
            many => format!("restart {} one at a time", words::brokers(many)),
        }
    }

    fn pins(&self) -> Vec<String> {
        self.pods.iter().map(|old| format!("{} {}", old.pod, old.uid)).collect()
    }

    fn deeds(&self, _known: &Known<'_>) -> Vec<Deed> {
        self.pods.iter().map(Old::deed).collect()
    }

    fn conditions(&self) -> Vec<String> {
        let mut conditions = vec![
            "without it no partition falls under its min ISR and the controllers keep their quorum, as read \
             since the last one came back"
                .to_string(),
            "no other broker's pod is ending, and none of them is stuck".into(),
        ];
        if self.pods.iter().any(|old| !old.strimzi) {
            conditions.push("the disruption budgets allow its eviction".into());
        }
        if self.pods.len() > 1 {
            conditions.push(
                "the next one when its pod is Ready and it is registered and in every ISR; the active \
                 controller last"
                    .into(),
            );
        }
        conditions
    }

    fn next(&self, at: &At<'_>) -> Next {
        next(at, &self.pods)
    }

    fn hold(&self, at: &At<'_>) -> Next {
        let asked = self.pods.iter().find(|old| old.due(at.known).is_some_and(|pod| old.is_asked(pod)));
        Next::wait(match asked {
            Some(old) => {
                format!("{OPERATOR}; Strimzi was asked to roll pod {} and may still do it", old.pod)
            }
            None => OPERATOR.into(),
        })
    }

    fn undo(&self, at: &At<'_>) -> Next {
        undo(at, &self.pods)
    }
}

/// What is next where these are to be replaced.
pub fn next(at: &At<'_>, pods: &[Old]) -> Next {
    if let Some(wait) = blind(at) {
        return wait;
    }
    let (mut due, mut away, mut back) = (Vec::new(), None, 0_usize);
    for old in pods {
        match old.stand(at.known) {
            Stand::Due(pod) => due.push((old, pod)),
            Stand::Away(next) => drop(away.get_or_insert(next)),
            Stand::Back => back += 1,
        }
    }
    let share = Some(back as f64 / pods.len().max(1) as f64);
    let next = match away {
        Some(next) => next,
        None if due.is_empty() => return Next::Done,
        None => choose(at, pods, due),
    };
    match next {
        Next::Wait(wait) => Next::Wait(Wait { share, ..wait }),
        other => other,
    }
}

/// Nothing is put back but what was only asked for; a broker that is away is waited for until it is up.
pub fn undo(at: &At<'_>, pods: &[Old]) -> Next {
    let kubernetes = &at.known.world.snapshot.kubernetes;
    if let Some(wait) = at.blind([("the pods", &kubernetes.pods.feed)]) {
        return wait;
    }
    for old in pods {
        if let Some(pod) = old.due(at.known) {
            if old.is_asked(pod) {
                return Next::step(old.take_back());
            }
            continue;
        }
        match goal::look(&old.replaced(), at.known) {
            // It is up: what it still catches up with, it does by itself. Or it is not meant to come back.
            Sight::Reached | Sight::Awaited { share: Some(_), .. } | Sight::Lost(_) => {}
            Sight::Awaited { words, .. } | Sight::Idle(words) | Sight::Unknown(words) => {
                return Next::wait(words);
            }
        }
    }
    Next::Done
}

pub fn blind(at: &At<'_>) -> Option<Next> {
    let (kafka, kubernetes) = (&at.known.world.snapshot.kafka, &at.known.world.snapshot.kubernetes);
    at.blind([
        ("the pods", &kubernetes.pods.feed),
        ("the brokers", &kafka.cluster_feed),
        ("leaders and ISRs", &kafka.topics_feed),
    ])
}

/// The one that may go now, in this order: controllers that are not ready, those that are, brokers that are
/// not, and those that are; the active controller after all others.
fn choose(at: &At<'_>, pods: &[Old], mut due: Vec<(&Old, &Pod)>) -> Next {
    let known = at.known;
    let kafka = &known.world.snapshot.kafka;
    if let Some((old, _)) = due.iter().find(|(old, pod)| old.is_asked(pod)) {
        return old.rolls();
    }
    if kafka.leaderless {
        return Next::wait("the controllers to elect a leader");
    }
    if let Some(wait) = unread(at, pods) {
        return wait;
    }
    let votes = |id| kafka.quorum.last().is_some_and(|quorum| quorum.voters.iter().any(|v| v.id == id));
    let active = |id| kafka.controller == Some(id);
    due.sort_by_key(|(old, pod)| {
        (active(old.broker), !votes(old.broker), pod.is_ready(), Reverse(old.broker))
    });
    let alone = due.len() == 1;
    let mut why = None;
    for (old, pod) in due.into_iter().filter(|(old, _)| alone || !active(old.broker)) {
        match old.may_go(known, pod) {
            Ok(()) => return Next::step(old.go(pod)),
            Err(next @ Next::Stop(_)) => return next,
            Err(next) => drop(why.get_or_insert(next)),
        }
    }
    why.unwrap_or(Next::Done)
}

/// What was read before the last one came back tells nothing of how the cluster is without the next.
fn unread(at: &At<'_>, pods: &[Old]) -> Option<Next> {
    let (kafka, kubernetes) = (&at.known.world.snapshot.kafka, &at.known.world.snapshot.kubernetes);
    let came = |old: &Old| {
        let pod = kubernetes.pods.get(&old.pod).filter(|pod| pod.meta.uid != old.uid)?;
        pods::ready_since(pod)
    };
    let since = pods.iter().filter_map(came).max()?;
    let quorum = kafka.quorum.last().map(|_| ("the controllers", &kafka.quorum.feed));
    let feeds: [Option<(&str, &Feed)>; 3] =
        [Some(("the ISRs", &kafka.topics_feed)), Some(("the brokers", &kafka.cluster_feed)), quorum];
    let old = feeds.into_iter().flatten().find(|(_, feed)| feed.heard() < Some(since));
    old.map(|(what, _)| Next::wait(format!("{what} to be read since the last broker came back")))
}

impl Old {
    /// The pod, where it is still the one that it was and nobody ends it.
    fn due<'a>(&self, known: &Known<'a>) -> Option<&'a Pod> {
        let pod = known.world.snapshot.kubernetes.pods.get(&self.pod)?;
        (pod.meta.uid == self.uid && pod.meta.deleting.is_none()).then_some(pod)
    }

    pub fn deed(&self) -> Deed {
        let act = if self.strimzi { Act::Annotate(Kind::Pod) } else { Act::Evict };
        Deed::within(act, &self.pod.namespace)
    }

    pub fn is_asked(&self, pod: &Pod) -> bool {
        self.strimzi && pods::is_asked(pod, ROLL)
    }

    /// The wait for Strimzi, which was asked to roll it.
    pub fn rolls(&self) -> Next {
        strimzi(format_args!("roll pod {}", self.pod))
    }

    pub fn replaced(&self) -> Goal {
        Goal::PodReplaced { pod: self.pod.clone(), uid: self.uid.clone(), broker: Some(self.broker) }
    }

    fn stand<'a>(&self, known: &Known<'a>) -> Stand<'a> {
        if let Some(pod) = self.due(known) {
            return Stand::Due(pod);
        }
        if let Some(words) = stuck(known, &self.pod) {
            return Stand::Away(Next::Stop(words));
        }
        match goal::look(&self.replaced(), known) {
            Sight::Reached => Stand::Back,
            sight => Stand::Away(sight.into()),
        }
    }

    /// Whether it may go down now; else what is awaited, or why it does not go on by itself.
    fn may_go(&self, known: &Known<'_>, pod: &Pod) -> Result<(), Next> {
        let now = known.world.now;
        if let Some(trouble) = lasting(known, pod).filter(|_| is_newest(known, pod)) {
            let words = told(&self.pod, &trouble);
            return Err(Next::Stop(format!("{words}; a restart does not help: mend it, then go on")));
        }
        let since = pod.conditions.iter().find(|c| &*c.kind == "Ready" && !c.status).and_then(|c| c.since);
        let starts = lasting(known, pod).is_none() && since.is_some_and(|since| now.since(since) < RECOVERY);
        if starts {
            let words = format!("broker {} to be Ready: it may be recovering its logs", self.broker);
            return Err(Next::wait(words));
        }
        self.is_spared(known)?;
        if self.strimzi { Ok(()) } else { allowed(known, pod) }
    }

    /// kafka.md §1, with the brokers that are about to be away besides.
    pub fn is_spared(&self, known: &Known<'_>) -> Result<(), Next> {
        let kafka = &known.world.snapshot.kafka;
        let others = known.world.derived.joined.brokers.iter().filter(|row| row.id != Some(self.broker));
        let mut gone = vec![self.broker];
        for row in others {
            let pod = row.pod.as_ref().and_then(|(key, _)| known.world.snapshot.kubernetes.pods.get(key));
            if let Some(pod) = pod.filter(|pod| pod.meta.deleting.is_some()) {
                return Err(Next::wait(format!("pod {} to end: one at a time", pod.meta.key)));
            }
            // What its absence costs is not in the ISRs yet.
            if !pod.is_none_or(Pod::is_ready) && in_sync(row) {
                gone.extend(row.id);
            }
        }
        let registered = kafka.brokers.get(&self.broker).is_some_and(|broker| broker.registered);
        let row = known.world.derived.joined.broker(self.broker);
        if !registered && !row.is_some_and(in_sync) {
            // It serves nothing as it is: its restart takes nothing away.
            return Ok(());
        }
        let absence = Radius::without(known, &gone);
        match absence.refusals.into_iter().chain(absence.unknown).next() {
            Some(reason) => Err(Next::wait(reason)),
            None => Ok(()),
        }
    }

    pub fn go(&self, pod: &Pod) -> Step {
        if self.strimzi {
            return self.asks(ROLL, &self.uid);
        }
        Step {
            title: format!("evict pod {} of broker {}", self.pod, self.broker),
            write: Write::Evict { pod: self.pod.clone(), uid: pod.meta.uid.clone() },
            until: Goal::PodEnding { pod: self.pod.clone(), uid: pod.meta.uid.clone(), asked: None },
            patience: SHOWN,
        }
    }

    /// Asks Strimzi by this annotation.
    pub fn asks(&self, annotation: &'static str, uid: &Text) -> Step {
        let until =
            Goal::PodEnding { pod: self.pod.clone(), uid: uid.clone(), asked: Some(annotation.into()) };
        Step {
            title: format!("ask Strimzi to roll pod {} of broker {}", self.pod, self.broker),
            write: self.annotate(annotation, uid, "true"),
            until,
            patience: SHOWN,
        }
    }

    fn take_back(&self) -> Step {
        Step {
            title: format!("take back that Strimzi rolls pod {}", self.pod),
            write: self.annotate(ROLL, &self.uid, "false"),
            until: Goal::Answered,
            patience: SHOWN,
        }
    }

    fn annotate(&self, name: &'static str, uid: &Text, value: &str) -> Write {
        let (kind, name) = (Kind::Pod, name.into());
        Write::Annotate { kind, key: self.pod.clone(), uid: uid.clone(), name, value: value.into() }
    }
}

/// The wait until Strimzi does what it was asked for.
pub fn strimzi(what: impl fmt::Display) -> Next {
    let words = format!("Strimzi to {what}: it looks every two minutes");
    Next::Wait(Wait { limit: STRIMZI, ..Wait::new(words) })
}

/// Whether some ISR names it.
fn in_sync(row: &BrokerRow) -> bool {
    row.tally.replicas > row.tally.out_of_sync
}

/// Whether the budgets let it be evicted.
pub fn allowed(known: &Known<'_>, pod: &Pod) -> Result<(), Next> {
    let feed = &known.world.snapshot.kubernetes.budgets.feed;
    if let Some(words) = words::doubt(known, "budgets", feed) {
        return Err(Next::wait(words));
    }
    match owner::budgets(known, pod).as_slice() {
        [] => Ok(()),
        [budget] if budget.allowed > 0 || spares(budget, pod) => Ok(()),
        [budget] => Err(Next::wait(format!(
            "budget {} to allow a disruption ({} of {} healthy, {} wanted)",
            budget.meta.key, budget.healthy, budget.expected, budget.desired
        ))),
        many => Err(Next::Stop(format!(
            "{} budgets protect pod {}, and Kubernetes evicts no pod with more than one: delete one of them",
            many.len(),
            pod.meta.key
        ))),
    }
}

/// A pod that is not Ready disrupts nothing by going, where enough others are.
///
/// Source: Kubernetes `eviction.go`, `unhealthyPodEvictionPolicy: IfHealthyBudget`, the default.
fn spares(budget: &Budget, pod: &Pod) -> bool {
    !pod.is_ready() && budget.desired > 0 && budget.healthy >= budget.desired
}

/// Why the pod of this name does not come back, where waiting does not help.
pub fn stuck(known: &Known<'_>, key: &Key) -> Option<String> {
    let pod = known.world.snapshot.kubernetes.pods.get(key)?;
    Some(format!("{}; mend it, then go on", told(key, &lasting(known, pod)?)))
}

fn told(key: &Key, trouble: &Trouble) -> String {
    let detail = if trouble.detail.is_empty() { String::new() } else { format!(": {}", trouble.detail) };
    format!("pod {key} is stuck: {}{detail}", trouble.word)
}

/// What keeps it from working and does not pass by waiting.
fn lasting(known: &Known<'_>, pod: &Pod) -> Option<Trouble> {
    let now = known.world.now;
    let lasts = |trouble: &Trouble| trouble.since.is_none_or(|since| now.since(since) >= PASSING);
    let found = trouble(known.world.snapshot, pod, now).filter(|trouble| trouble.stuck && lasts(trouble));
    let creating = || {
        let span = now.since(pod.meta.created);
        let is = pod.status().status == "ContainerCreating" && span >= CREATING;
        is.then(|| Trouble {
            word: "ContainerCreating".into(),
            detail: format!("for {}", age(span)),
            since: Some(pod.meta.created),
            stuck: true,
        })
    };
    found.or_else(creating)
}

/// Whether another in its place would be of the same revision: what ails it would ail that, too.
fn is_newest(known: &Known<'_>, pod: &Pod) -> bool {
    let owner = pod.meta.owner.as_ref();
    let key = owner.map(|owner| Key { namespace: pod.meta.key.namespace.clone(), name: owner.name.clone() });
    let set = key.and_then(|key| known.world.snapshot.kubernetes.stateful_sets.get(&key));
    match (set, pod.meta.label("controller-revision-hash")) {
        (Some(set), Some(revision)) => *revision == *set.update_revision,
        _ => true,
    }
}

#[cfg(test)]
#[path = "roll_tests.rs"]
mod tests;
