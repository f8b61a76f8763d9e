//! Racks that are not the zones, and replicas that one zone's loss takes together.

use super::{super::Finding, Joined, Severity, live};
use crate::domain::{
    Text, human,
    kafka::{BrokerId, Partition, Replicas},
    object::Object,
    snapshot::Snapshot,
    time::Time,
};
use std::collections::BTreeSet;

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    if !live(&snapshot.kafka.cluster_feed, now) || !live(&snapshot.kubernetes.nodes.feed, now) {
        return Vec::new();
    }
    mismatch(snapshot, joined).into_iter().chain(shared(snapshot, joined, now)).collect()
}

fn mismatch(snapshot: &Snapshot, joined: &Joined) -> Option<Finding> {
    let wrong: Vec<(BrokerId, &Text, &Text)> = joined
        .brokers
        .iter()
        .filter_map(|row| {
            let (id, zone) = (row.id?, row.zone.as_ref()?);
            let rack = snapshot.kafka.brokers.get(&id)?.rack.as_ref()?;
            (rack != zone).then_some((id, rack, zone))
        })
        .collect();
    let (first, ..) = wrong.first()?;
    let ids = human::list(wrong.iter().map(|(id, ..)| id), 4);
    let line =
        format!("rack is not the node's zone on broker {ids}: replicas are spread over the wrong racks");
    let finding = Finding::new("rack", Severity::Warning, Object::Broker(*first), line)
        .brief(format!("rack ≠ zone on broker {ids}"));
    Some(wrong.iter().fold(finding, |f, (id, rack, zone)| {
        f.seen(format!("broker {id}: broker.rack {rack}, its node's zone {zone}"))
    }))
}

/// Partitions with two replicas in one zone although there are zones enough.
fn shared(snapshot: &Snapshot, joined: &Joined, now: Time) -> Option<Finding> {
    if !live(&snapshot.kafka.topics_feed, now) {
        return None;
    }
    let zones: BTreeSet<&Text> = joined.brokers.iter().filter_map(|row| row.zone.as_ref()).collect();
    if zones.len() < 2 || zones.len() > 64 {
        return None;
    }
    let zones: Vec<&Text> = zones.into_iter().collect();
    // Rows are in the order of their ids.
    let bits: Vec<(BrokerId, u64)> = joined
        .brokers
        .iter()
        .filter_map(|row| {
            let zone = zones.binary_search(&row.zone.as_ref()?).ok()?;
            Some((row.id?, 1u64 << zone))
        })
        .collect();
    let bit = |id: &BrokerId| bits.binary_search_by_key(id, |(id, _)| *id).ok().map(|i| bits[i].1);
    let twice = |replicas: &Replicas| {
        let mut seen = 0;
        replicas.len() <= zones.len()
            && replicas.iter().filter_map(bit).any(|zone| {
                let again = seen & zone != 0;
                seen |= zone;
                again
            })
    };
    let kafka = &snapshot.kafka;
    let count: u32 = kafka.census.placements().filter(|(on, _)| twice(on)).map(|(_, n)| n).sum();
    if count == 0 {
        return None;
    }
    let mut partitions = kafka.topics.values().flat_map(|t| t.partitions.iter().map(move |p| (t, p)));
    let (topic, Partition { index, .. }) = partitions.find(|(_, p)| twice(&p.replicas))?;
    let line = format!("{} with two replicas in one zone", human::plural(count as usize, "partition"));
    Some(
        Finding::new("zones", Severity::Ok, Object::Partition(topic.name.clone(), *index), line)
            .seen(format!("{} zones: {}", zones.len(), human::list(&zones, 4))),
    )
}
