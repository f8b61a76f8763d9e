//! Goals about pods and the brokers in them.

use super::{Known, Sight};
use crate::action::workload::{Workload, ordinal};
use crate::domain::{
    Text, human,
    kafka::BrokerId,
    kubernetes::{Key, Pod},
    object::Kind,
    time::Time,
};

fn awaited(words: String) -> Sight {
    Sight::Awaited { words, share: None }
}

fn silent(what: &str) -> Sight {
    Sight::Unknown(format!("the {what} are not read now"))
}

/// Another pod in its place, Ready, its broker back.
pub fn replaced(known: &Known<'_>, key: &Key, uid: &Text, broker: Option<BrokerId>) -> Sight {
    let kubernetes = &known.world.snapshot.kubernetes;
    if !kubernetes.pods.feed.state(known.world.now).is_live() {
        return silent("pods");
    }
    let ready_since = match kubernetes.pods.get(key) {
        Some(pod) if pod.meta.uid == *uid => return ends(pod),
        Some(pod) if !pod.is_ready() => {
            return awaited(format!("pod {key} to be Ready ({})", pod.status().status));
        }
        Some(pod) => ready_since(pod),
        None => match in_place(known, key, broker) {
            Some(sight) => return sight,
            None => None,
        },
    };
    broker.map_or(Sight::Reached, |id| back(known, &[id], ready_since))
}

/// It is being ended, or is another by now; or the annotation asks for it.
pub fn ending(known: &Known<'_>, key: &Key, uid: &Text, asked: Option<&Text>) -> Sight {
    let pods = &known.world.snapshot.kubernetes.pods;
    if !pods.feed.state(known.world.now).is_live() {
        return silent("pods");
    }
    let asks = |pod: &Pod| asked.is_some_and(|name| is_asked(pod, name));
    match pods.get(key).filter(|pod| pod.meta.uid == *uid && pod.meta.deleting.is_none()) {
        Some(pod) if !asks(pod) => Sight::Idle(format!("the API server to show that pod {key} is to end")),
        _ => Sight::Reached,
    }
}

/// Whether its operator is asked by this annotation.
pub fn is_asked(pod: &Pod, annotation: &str) -> bool {
    pod.meta.annotations.get(annotation).is_some_and(|value| &**value == "true")
}

fn ends(pod: &Pod) -> Sight {
    let key = &pod.meta.key;
    match pod.meta.deleting {
        Some(_) => awaited(format!("pod {key} to end (it has {} s)", pod.grace)),
        None => awaited(format!("pod {key} to be ended")),
    }
}

/// Since when it is Ready; None: it is not.
pub fn ready_since(pod: &Pod) -> Option<Time> {
    pod.conditions.iter().find(|c| &*c.kind == "Ready" && c.status).and_then(|c| c.since)
}

/// What stands where a pod of this name is no more; None: nothing is missing. Its controller is told from
/// its name, because nothing else is left of it.
fn in_place(known: &Known<'_>, key: &Key, broker: Option<BrokerId>) -> Option<Sight> {
    let kubernetes = &known.world.snapshot.kubernetes;
    let Some((stem, _)) = key.name.rsplit_once('-') else { return waits_for(key, broker) };
    let stem = Key::new(&key.namespace, stem);
    if let (Some(set), Some(n)) = (kubernetes.stateful_sets.get(&stem), ordinal(&key.name)) {
        return Some(if n < set.replicas {
            awaited(format!("StatefulSet {stem} to make pod {key} again"))
        } else {
            Sight::Lost(format!(
                "pod {key} is not made again: StatefulSet {stem} was scaled to {}",
                set.replicas
            ))
        });
    }
    match kubernetes.replica_sets.get(&stem) {
        Some(set) if set.ready < set.replicas => {
            Some(awaited(format!("{} of {} pods of ReplicaSet {stem} Ready", set.ready, set.replicas)))
        }
        Some(_) => None,
        None => waits_for(key, broker),
    }
}

/// A broker comes back under its name whoever keeps it; of other pods nothing is awaited.
fn waits_for(key: &Key, broker: Option<BrokerId>) -> Option<Sight> {
    broker.map(|_| awaited(format!("pod {key} to be made again")))
}

/// The brokers registered and in every ISR of their partitions, as read after `since`.
fn back(known: &Known<'_>, brokers: &[BrokerId], since: Option<Time>) -> Sight {
    let (kafka, now) = (&known.world.snapshot.kafka, known.world.now);
    if !kafka.cluster_feed.state(now).is_live() || !kafka.topics_feed.state(now).is_live() {
        return silent("brokers and ISRs");
    }
    let registered = |id: &&BrokerId| kafka.brokers.get(id).is_some_and(|b| b.registered);
    if let Some(id) = brokers.iter().find(|id| !registered(id)) {
        return awaited(format!("broker {id} to register"));
    }
    if since.is_some_and(|since| kafka.topics_feed.heard() < Some(since)) {
        return awaited("the ISRs to be read".into());
    }
    let (mut all, mut synced) = (0_u64, 0_u64);
    let mut out = None;
    for partition in kafka.topics.values().flat_map(|t| &t.partitions) {
        for id in brokers.iter().filter(|id| partition.replicas.contains(**id)) {
            all += 1;
            let is = partition.isr.contains(*id);
            synced += u64::from(is);
            out = out.or((!is).then_some(id));
        }
    }
    match out {
        None => Sight::Reached,
        Some(id) => {
            let who = if brokers.len() == 1 { format!("broker {id}") } else { "brokers".to_string() };
            let words = format!("{who} back in {synced} of {all} ISRs");
            Sight::Awaited { words, share: Some(synced as f64 / all as f64) }
        }
    }
}

/// The workload, if it can be told and its controller has seen the change.
fn seen<'a>(known: &Known<'a>, kind: Kind, key: &Key, after: i64) -> Result<Workload<'a>, Sight> {
    if !Workload::feed(known, kind).state(known.world.now).is_live() {
        return Err(silent("workloads"));
    }
    let gone = || Sight::Lost(format!("{} {key} is gone", kind.name()));
    let workload = Workload::find(known, kind, key).ok_or_else(gone)?;
    let (generation, observed) = workload.generations();
    if generation <= after {
        return Err(Sight::Idle(format!("the API server to show it on {} {key}", kind.name())));
    }
    if observed < generation {
        return Err(awaited(format!("the controller of {} {key} to see it", kind.name())));
    }
    Ok(workload)
}

pub fn scaled(known: &Known<'_>, kind: Kind, key: &Key, wanted: i32) -> Sight {
    if !Workload::feed(known, kind).state(known.world.now).is_live() {
        return silent("workloads");
    }
    match Workload::find(known, kind, key) {
        None => Sight::Lost(format!("{} {key} is gone", kind.name())),
        Some(workload) if workload.replicas() == wanted => Sight::Reached,
        Some(workload) => Sight::Idle(format!("the API server to show it on {}", workload.name())),
    }
}

pub fn replicas(known: &Known<'_>, kind: Kind, key: &Key, wanted: i32, after: i64) -> Sight {
    let workload = match seen(known, kind, key, after) {
        Ok(workload) => workload,
        Err(sight) => return sight,
    };
    if workload.replicas() != wanted {
        let has = workload.replicas();
        return Sight::Lost(format!("somebody else set {} to {has} replicas", workload.name()));
    }
    let pods = workload.pods(known);
    let surplus = pods.len().saturating_sub(usize::try_from(wanted).unwrap_or(0));
    if surplus > 0 {
        return awaited(format!("{} of {} to end", human::plural(surplus, "pod"), workload.name()));
    }
    let ready = workload.ready();
    if ready < wanted {
        let share = Some(f64::from(ready) / f64::from(wanted));
        return Sight::Awaited {
            words: format!("{ready} of {wanted} pods of {} Ready", workload.name()),
            share,
        };
    }
    brokers_in(known, &workload)
}

pub fn rolled_out(known: &Known<'_>, kind: Kind, key: &Key, after: i64) -> Sight {
    let workload = match seen(known, kind, key, after) {
        Ok(workload) => workload,
        Err(sight) => return sight,
    };
    let kept = match workload {
        Workload::StatefulSet(set) => set.partition.clamp(0, set.replicas),
        Workload::Deployment(_) => 0,
    };
    let (wanted, updated) = (workload.replicas() - kept, workload.updated());
    let ready = workload.ready().min(workload.replicas());
    if updated < wanted || ready < workload.replicas() {
        let all = f64::from(wanted.max(1));
        let words = format!("{updated} of {wanted} pods of {} new, {ready} Ready", workload.name());
        return Sight::Awaited { words, share: Some(f64::from(updated) / all) };
    }
    if let Workload::Deployment(deployment) = workload
        && workload.pods(known).len() > usize::try_from(deployment.replicas).unwrap_or(0)
    {
        return awaited(format!("the old pods of {} to end", workload.name()));
    }
    brokers_in(known, &workload)
}

/// The brokers among a workload's pods, all of them back.
fn brokers_in(known: &Known<'_>, workload: &Workload<'_>) -> Sight {
    let pods = workload.pods(known);
    if let Some(pod) = pods.iter().find(|t| t.keeper.is_some() && !t.pod.is_ready()) {
        return awaited(format!("pod {} to be Ready", pod.key()));
    }
    let brokers: Vec<BrokerId> = pods.iter().filter_map(|t| t.broker).collect();
    if brokers.is_empty() {
        return Sight::Reached;
    }
    let since = pods.iter().filter_map(|t| ready_since(t.pod)).max();
    back(known, &brokers, since)
}
