//! A small cluster that takes a task's writes, for tests: pods end, are made again and become Ready; brokers
//! leave and join ISRs; the controller moves. It is moved by ticks of a few seconds.

use super::{At, Next, Task};
use crate::{
    action::{Known, Policy, Sight, Step, Write, goal, rights::Deed},
    domain::{
        derived::Derived,
        kafka::{Body, BrokerId, KafkaDelta, Partition, Quorum, Replicas, Topic, Voter},
        kubernetes::{Budget, Claim, ContainerState, Key, KubernetesDelta, Node, Pod, TableDelta},
        snapshot::{Delta, Snapshot},
        time::Time,
        world::World,
    },
    world::{self, NOW, SMALL, kubernetes::broker_pod},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const TICK: Duration = Duration::from_secs(5);

pub struct Sim {
    pub snapshot: Snapshot,
    pub now: Time,
    /// How often each pod was made.
    pub made: BTreeMap<Key, u32>,
    /// Pods that never start.
    pub broken: BTreeSet<Key>,
    /// Brokers that do not catch up.
    pub lagging: BTreeSet<BrokerId>,
    /// What an operator does in a tick to a pod that its annotation asks to roll.
    pub operator: fn(&mut Sim, &Key),
    pub writes: Vec<Write>,
}

/// How a run of a task ended.
#[derive(Debug, PartialEq)]
pub enum End {
    Done,
    Stopped(String),
    /// Nothing came of waiting.
    Waits(String),
}

impl Default for Sim {
    fn default() -> Sim {
        Sim::of(world::healthy(SMALL))
    }
}

impl Sim {
    pub fn of(snapshot: Snapshot) -> Sim {
        let mut sim = Sim {
            snapshot,
            now: NOW,
            made: BTreeMap::new(),
            broken: BTreeSet::new(),
            lagging: BTreeSet::new(),
            operator: |sim, key| sim.end(key),
            writes: Vec::new(),
        };
        sim.hear();
        sim
    }

    pub fn key(id: BrokerId) -> Key {
        Key::new("kafka", &format!("kafka-{id}"))
    }

    pub fn pod(&self, id: BrokerId) -> Option<&Pod> {
        self.snapshot.kubernetes.pods.get(&Sim::key(id))
    }

    pub fn apply(&mut self, news: impl Into<Delta>) {
        self.snapshot.apply(news.into());
    }

    pub fn put(&mut self, pod: Pod) {
        let at = self.now;
        self.apply(KubernetesDelta::Pods(TableDelta::Put { row: pod, at }));
    }

    pub fn change_pod(&mut self, key: &Key, how: impl FnOnce(&mut Pod)) {
        let mut pod = self.snapshot.kubernetes.pods.get(key).expect("a pod").clone();
        how(&mut pod);
        self.put(pod);
    }

    /// Somebody ends it.
    pub fn end(&mut self, key: &Key) {
        let now = self.now;
        self.change_pod(key, |pod| pod.meta.deleting = pod.meta.deleting.or(Some(now)));
    }

    /// Asks the task with what is known now.
    pub fn ask<T>(&self, done: &[Step], ask: impl FnOnce(&At<'_>) -> T) -> T {
        let derived = Derived::of(&self.snapshot, self.now, None);
        let world = World { snapshot: &self.snapshot, derived: &derived, now: self.now };
        let known = Known { world, policy: Policy::default() };
        ask(&At { known: &known, done, resumed: None, since: self.now })
    }

    pub fn next(&self, task: &Task) -> Next {
        self.ask(&[], |at| task.part().next(at))
    }

    /// The task to its end, or until it waits in vain; `between` looks before each write and may do harm after
    /// each tick.
    pub fn run(&mut self, task: &Task, undo: bool, mut between: impl FnMut(&mut Sim, Option<&Step>)) -> End {
        let (mut done, mut waited, mut words) = (Vec::new(), 0, String::new());
        while waited < 200 {
            match self.ask(&done, |at| if undo { task.part().undo(at) } else { task.part().next(at) }) {
                Next::Done => return End::Done,
                Next::Stop(words) if !undo => return End::Stopped(words),
                Next::Unfold(_) => panic!("it does not unfold"),
                Next::Do(step) => {
                    let deeds = self.ask(&[], |at| task.part().deeds(at.known));
                    for deed in Deed::of(&step.write) {
                        let foreseen = deeds.iter().any(|foreseen| foreseen.act == deed.act);
                        assert!(foreseen, "{}: {deed:?} is not among {deeds:?}", step.title);
                    }
                    between(self, Some(&step));
                    waited = 0;
                    if self.perform(&step.write) {
                        let reached = |sim: &Sim| {
                            sim.ask(&[], |at| goal::look(&step.until, at.known) == Sight::Reached)
                        };
                        (0..60).find(|_| {
                            reached(self) || {
                                self.tick();
                                false
                            }
                        });
                        assert!(reached(self), "{} never came true", step.title);
                        done.push(*step);
                    }
                }
                Next::Wait(wait) => words = wait.words,
                Next::Stop(why) => words = why,
            }
            waited += 1;
            self.tick();
            between(self, None);
        }
        End::Waits(words)
    }

    /// Whether it is taken.
    pub fn perform(&mut self, write: &Write) -> bool {
        self.writes.push(write.clone());
        match write {
            Write::Evict { pod, uid } | Write::Delete { pod, uid } => {
                let found = self.snapshot.kubernetes.pods.get(pod).filter(|found| found.meta.uid == *uid);
                let Some(found) = found.cloned() else { return false };
                let spare = |b: &Budget| b.allowed > 0 || !found.is_ready() && b.healthy >= b.desired;
                let allowed = self.budget(&found).is_none_or(|budget| spare(&budget));
                if allowed || matches!(write, Write::Delete { .. }) {
                    self.end(pod);
                    self.hear();
                }
                allowed
            }
            Write::Annotate { key, name, value, .. } => {
                self.change_pod(key, |pod| {
                    pod.meta.annotations.insert(name.clone(), value.clone());
                });
                true
            }
            Write::Cordon { node, on, .. } => {
                let node = self.snapshot.kubernetes.nodes.get(&Key::new("", node)).expect("a node").clone();
                let (row, at) = (Node { unschedulable: *on, ..node }, self.now);
                self.apply(KubernetesDelta::Nodes(TableDelta::Put { row, at }));
                true
            }
            Write::DeleteClaim { claim, uid } => {
                let found = self.snapshot.kubernetes.claims.get(claim).filter(|c| c.meta.uid == *uid);
                let Some(mut row) = found.cloned() else { return false };
                row.meta.deleting = Some(self.now);
                let at = self.now;
                self.apply(KubernetesDelta::Claims(TableDelta::Put { row, at }));
                true
            }
            Write::Elect { partitions, .. } => {
                let meant: BTreeSet<_> = partitions.iter().cloned().collect();
                self.change_topics(|topic, p| {
                    if meant.contains(&(topic.clone(), p.index)) && p.electable() {
                        p.leader = p.preferred_leader();
                    }
                });
                true
            }
            other => panic!("{other:?} is not taken here"),
        }
    }

    fn budget(&self, pod: &Pod) -> Option<Budget> {
        self.snapshot.kubernetes.budgets_of(pod).next().cloned()
    }

    pub fn change_topics(&mut self, mut how: impl FnMut(&crate::domain::kafka::TopicName, &mut Partition)) {
        let mut changed: Vec<Topic> = self.snapshot.kafka.topics.values().cloned().collect();
        for topic in &mut changed {
            let name = topic.name.clone();
            topic.partitions.iter_mut().for_each(|p| how(&name, p));
        }
        let at = self.now;
        self.apply(KafkaDelta::Topics { changed, removed: vec![], at });
    }

    /// It is in no ISR any more and leads nothing; the last replica in sync stays in the list.
    pub fn drop_out(&mut self, id: BrokerId) {
        self.change_topics(|_, p| {
            let rest: Replicas = p.isr.iter().copied().filter(|other| *other != id).collect();
            if p.isr.contains(id) && !rest.is_empty() {
                p.isr = rest;
            }
            if p.leader == Some(id) {
                p.leader = p.isr.iter().copied().find(|other| *other != id);
            }
        });
    }

    /// It is in every ISR again.
    pub fn catch_up(&mut self, id: BrokerId) {
        self.change_topics(|_, p| {
            if p.replicas.contains(id) && !p.isr.contains(id) {
                p.isr = p.isr.iter().copied().chain([id]).collect();
            }
            p.leader = p.leader.or(Some(id).filter(|_| p.isr.contains(id)));
        });
    }

    fn brokers() -> impl Iterator<Item = BrokerId> {
        (0..SMALL.brokers as i32).map(BrokerId)
    }

    pub fn serves(&self, id: BrokerId) -> bool {
        self.pod(id).is_some_and(Pod::is_ready)
    }

    /// One tick: everything goes one step further.
    pub fn tick(&mut self) {
        self.now = self.now.plus(TICK);
        let asked = |pod: &&Pod| goal::pods::is_asked(pod, crate::action::delete::ROLL);
        let asked: Vec<Key> =
            self.snapshot.kubernetes.pods.iter().filter(asked).map(|p| p.meta.key.clone()).collect();
        asked.iter().for_each(|key| (self.operator)(self, key));
        let others: Vec<Pod> = self.snapshot.kubernetes.pods.iter().cloned().collect();
        for pod in others.iter().filter(|pod| !pod.meta.key.name.starts_with("kafka-")) {
            if pod.meta.deleting.is_some_and(|since| self.now.since(since) >= TICK * 2) {
                self.remove(&pod.meta.key);
            }
        }
        for id in Sim::brokers() {
            self.live(id);
        }
        self.hear();
    }

    fn remove(&mut self, key: &Key) {
        let at = self.now;
        self.apply(KubernetesDelta::Pods(TableDelta::Remove { key: key.clone(), at }));
    }

    /// What one broker's pod does in a tick.
    fn live(&mut self, id: BrokerId) {
        let key = Sim::key(id);
        let now = self.now;
        let Some(pod) = self.pod(id).cloned() else { return self.make(id) };
        match pod.meta.deleting {
            Some(since) if now.since(since) >= TICK * 2 => {
                self.remove(&key);
                self.drop_out(id);
                self.release(&pod);
            }
            Some(_) => {}
            None if pod.is_ready() && self.lagging.contains(&id) => {}
            None if pod.is_ready() => self.catch_up(id),
            None if self.broken.contains(&key) => {}
            None if now.since(pod.meta.created) >= TICK * 2 => self.change_pod(&key, |pod| {
                pod.conditions.iter_mut().for_each(|c| (c.status, c.since) = (true, Some(now)));
                pod.phase = "Running".into();
                pod.containers[0].ready = true;
                pod.containers[0].state = Some(ContainerState::Running { since: Some(now) });
            }),
            None => {}
        }
    }

    /// Its claim goes, where that was asked for.
    fn release(&mut self, pod: &Pod) {
        let at = self.now;
        for key in pod.claims.values().map(|name| Key::new(&pod.meta.key.namespace, name)) {
            if self.snapshot.kubernetes.claims.get(&key).is_some_and(|c| c.meta.deleting.is_some()) {
                self.apply(KubernetesDelta::Claims(TableDelta::Remove { key, at }));
            }
        }
    }

    /// Its StatefulSet makes it again, and its claim.
    fn make(&mut self, id: BrokerId) {
        let (key, now) = (Sim::key(id), self.now);
        let made = self.made.entry(key.clone()).or_default();
        *made += 1;
        let mut pod = broker_pod(id.0 as usize, SMALL);
        pod.meta.uid = format!("{}-{made}", pod.meta.uid).into();
        pod.meta.created = now;
        pod.containers[0].ready = false;
        for condition in &mut pod.conditions {
            (condition.status, condition.since) = (&*condition.kind == "PodScheduled", Some(now));
        }
        for claim in pod.claims.values() {
            let key = Key::new("kafka", claim);
            if self.snapshot.kubernetes.claims.get(&key).is_none() {
                let mut row = Claim { phase: "Bound".into(), ..Claim::default() };
                (row.meta.key, row.meta.uid, row.meta.created) =
                    (key, format!("claim-{id}-{made}").into(), now);
                self.snapshot.apply(KubernetesDelta::Claims(TableDelta::Put { row, at: now }).into());
            }
        }
        self.put(pod);
    }

    /// Everything is read anew.
    pub fn hear(&mut self) {
        let at = self.now;
        self.judge_budgets();
        let up: Vec<BrokerId> = Sim::brokers().filter(|id| self.serves(*id)).collect();
        let brokers =
            up.iter().map(|id| (*id, format!("kafka-{id}.kafka-brokers.kafka.svc").into(), 9092, None));
        self.apply(KafkaDelta::Cluster { id: None, controller: None, brokers: brokers.collect(), at });
        let leader = self.snapshot.kafka.controller.filter(|id| up.contains(id)).or(up.first().copied());
        self.lead(leader);
        for body in [Body::Topics, Body::Configs, Body::Reassignments] {
            self.apply(KafkaDelta::Heard { body, at });
        }
        self.apply(KubernetesDelta::Pods(TableDelta::Heard { at }));
        self.apply(KubernetesDelta::Nodes(TableDelta::Heard { at }));
        self.apply(KubernetesDelta::Claims(TableDelta::Heard { at }));
        self.apply(KubernetesDelta::StatefulSets(TableDelta::Heard { at }));
        self.apply(KubernetesDelta::ReplicaSets(TableDelta::Heard { at }));
    }

    /// This one is the active controller; the voters that are up keep up.
    pub fn lead(&mut self, leader: Option<BrokerId>) {
        let voter = |id: BrokerId| {
            let behind = if self.serves(id) { 100 } else { 60_000 };
            Voter { id, log_end: 5_000, behind: Some(Duration::from_millis(behind)) }
        };
        let voters = Sim::brokers().map(voter).collect();
        let at = self.now;
        let quorum = Quorum { leader, epoch: 3, voters, observers: vec![] };
        self.apply(KafkaDelta::Quorum { answer: Ok(quorum), at });
    }

    fn judge_budgets(&mut self) {
        let at = self.now;
        let budgets: Vec<Budget> = self.snapshot.kubernetes.budgets.iter().cloned().collect();
        for mut budget in budgets {
            let of_it = self.snapshot.kubernetes.pods_of_budget(&budget);
            let healthy = of_it.filter(|pod| pod.is_ready() && pod.meta.deleting.is_none()).count() as i32;
            (budget.healthy, budget.allowed) = (healthy, (healthy - budget.desired).max(0));
            self.apply(KubernetesDelta::Budgets(TableDelta::Put { row: budget, at }));
        }
    }
}
