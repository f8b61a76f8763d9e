//! The pod that a verb is called on, and what Kafka has on it.

use super::{Absence, Intent, Known, Note, Plan, owner};
use crate::domain::{
    derived::BrokerRow,
    discovery::{Bond, Keeper},
    kafka::BrokerId,
    kubernetes::{Key, Pod},
    object::{Kind, Object},
};
use std::collections::BTreeMap;

/// A broker's controlled shutdown moves its leaders and flushes its logs; with less time than this it may
/// be killed half-way and has to recover its logs. Seconds.
const CONTROLLED_SHUTDOWN: u32 = 60;

#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub pod: &'a Pod,
    pub keeper: Option<Keeper>,
    /// Its broker, as far as that can be told.
    pub broker: Option<BrokerId>,
    row: Option<&'a BrokerRow>,
}

impl<'a> Target<'a> {
    /// A pod, or a broker's pod.
    pub fn of(known: &Known<'a>, object: Option<&Object>) -> Result<Target<'a>, String> {
        let (key, uid) = match object {
            Some(Object::Kube { kind: Kind::Pod, key, uid }) => (key.clone(), uid.clone()),
            Some(Object::Broker(id)) => known
                .world
                .derived
                .joined
                .broker(*id)
                .and_then(|row| row.pod.clone())
                .ok_or_else(|| format!("the pod of broker {id} is not known"))?,
            Some(other) => {
                return Err(format!("a {} has no pod of its own; select a pod or a broker", other.noun()));
            }
            None => return Err("select a pod or a broker first".into()),
        };
        let pod = known.world.snapshot.kubernetes.pods.get(&key);
        match pod {
            Some(pod) if pod.meta.uid == uid => Ok(Target::on(known, pod)),
            Some(_) => Err(format!("pod {key} was replaced since you looked; select it again")),
            None => Err(format!("pod {key} is not there any more")),
        }
    }

    pub fn on(known: &Known<'a>, pod: &'a Pod) -> Target<'a> {
        let joined = &known.world.derived.joined;
        let keeper = joined
            .clusters
            .iter()
            .find(|cluster| cluster.brokers.iter().any(|broker| broker.pod == pod.meta.key))
            .map(|cluster| cluster.keeper);
        let row = joined.broker_of(&pod.meta.key);
        Target { pod, keeper, broker: row.and_then(|row| row.id), row }
    }

    /// The pods of the objects, none of them twice.
    pub fn all(known: &Known<'a>, intent: &Intent) -> Result<Vec<Target<'a>>, String> {
        let objects = intent.objects.iter().map(Some);
        let objects = if intent.objects.is_empty() { vec![None] } else { objects.collect() };
        let mut targets: Vec<Target<'a>> = Vec::new();
        for object in objects {
            let target = Target::of(known, object)?;
            if targets.iter().all(|t| t.pod.meta.uid != target.pod.meta.uid) {
                targets.push(target);
            }
        }
        Ok(targets)
    }

    pub fn key(&self) -> &'a Key {
        &self.pod.meta.key
    }

    /// What is to be said of its being away for a while, besides what its broker's absence costs.
    fn away(&self, known: &Known<'_>) -> Absence {
        let mut absence = Absence { notes: self.notes(known), ..Absence::default() };
        if let (Some(_), None) = (self.keeper, self.broker) {
            absence.unknown.push(format!(
                "which partitions feel it: pod {} is a Kafka broker, but which one cannot be told, or it is \
                 of a cluster that is not looked at",
                self.key()
            ));
        }
        let guessed = self.row.is_some_and(|row| row.bond == Some(Bond::Unverified));
        if let (Some(id), true) = (self.broker, guessed) {
            absence.unknown.push(format!(
                "whether pod {} is broker {id}: its name says so, but the broker advertises another host",
                self.key()
            ));
        }
        absence.unknown.extend(super::words::doubt(
            known,
            "pods",
            &known.world.snapshot.kubernetes.pods.feed,
        ));
        absence
    }

    /// What is to be said of every way in which a pod ends.
    pub fn notes(&self, known: &Known<'_>) -> Vec<Note> {
        let mut notes = Vec::new();
        if let Some(id) = self.broker.filter(|_| self.row.is_some_and(|row| row.controller)) {
            notes.push(Note::plain(format!("broker {id} is the active controller: another takes over")));
        }
        let registered = |id| known.world.snapshot.kafka.brokers.get(&id).is_some_and(|b| b.registered);
        if let Some(id) = self.broker.filter(|id| !registered(*id)) {
            notes.push(Note::plain(format!("broker {id} is not registered: it serves nothing as it is")));
        }
        notes.extend(owner::of_pod(known, self.pod));
        notes
    }

    /// Why its pod cannot be ended by anyone, if so.
    pub fn refuses(&self) -> Result<(), String> {
        let meta = &self.pod.meta;
        if meta.deleting.is_some() {
            return Err(format!("pod {} is terminating already", meta.key));
        }
        if meta.annotations.contains_key("kubernetes.io/config.mirror") {
            return Err(format!("pod {} is a static pod: its node's kubelet keeps it", meta.key));
        }
        Ok(())
    }
}

/// Brokers' pods that have less time to end than a controlled shutdown may take, those of one time together.
pub fn killed(targets: &[Target<'_>]) -> Vec<Note> {
    let mut short: BTreeMap<u32, Vec<&Target<'_>>> = BTreeMap::new();
    for target in targets.iter().filter(|t| t.keeper.is_some() && t.pod.grace < CONTROLLED_SHUTDOWN) {
        short.entry(target.pod.grace).or_default().push(target);
    }
    let line = |(grace, pods): (u32, Vec<&Target<'_>>)| {
        let who = match pods.as_slice() {
            [one] => format!("pod {} is", one.key()),
            many => format!("{} pods are", many.len()),
        };
        Note::warning(format!(
            "{who} killed after {grace} s: a broker's controlled shutdown may take longer, and then it has to \
             recover its logs"
        ))
    };
    short.into_iter().map(line).collect()
}

/// `pod kafka/kafka-1`, `3 pods`
pub fn title(targets: &[Target<'_>]) -> String {
    match targets {
        [one] => format!("pod {}", one.key()),
        many => format!("{} pods", many.len()),
    }
}

/// A plan that ends pods one after another, each back before the next.
pub fn ending(known: &Known<'_>, intent: &Intent, verb: &str, targets: &[Target<'_>]) -> Plan {
    let name = match targets {
        [one] => one.key().name.to_string(),
        many => format!("{} pods", many.len()),
    };
    let mut plan = Plan::new(intent, format!("{verb} {}", title(targets)), name);
    let brokers: Vec<BrokerId> = targets.iter().filter_map(|target| target.broker).collect();
    let mut all = Absence::in_turn(known, &brokers);
    all.notes.extend(killed(targets));
    targets.iter().for_each(|target| all.join(target.away(known)));
    plan.risk = super::Risk::Low;
    all.burden(&mut plan);
    if targets.len() > 1 {
        plan.notes.push(Note::plain("one after another, each back before the next; judged by how it is now"));
    }
    plan
}
