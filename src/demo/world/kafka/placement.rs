//! Where new replicas go.

use super::{Broker, Code, Refused, Replicas};
use crate::domain::Text;
use std::collections::{BTreeMap, VecDeque};

/// Gives each of `count` new partitions its replicas: leaders in turn, racks in turn, and beginning elsewhere
/// each time. `first` is the number of the first partition.
///
/// Source: Apache Kafka `StripedReplicaPlacer`.
///
/// # Errors
/// INVALID_REPLICATION_FACTOR where fewer brokers are registered.
pub(super) fn place(
    brokers: &BTreeMap<i32, Broker>,
    count: usize,
    replicas: usize,
    random: &mut fastrand::Rng,
) -> Result<Vec<Replicas>, Refused> {
    let usable: Vec<&Broker> = brokers.values().filter(|b| b.registered).collect();
    if usable.len() < replicas {
        let told = format!(
            "Unable to replicate the partition {replicas} time(s): The target replication factor of {replicas} \
             cannot be reached because only {} broker(s) are registered.",
            usable.len()
        );
        return Err(Refused::because(Code::InvalidReplicationFactor, told));
    }
    let mut striped = stripe(&usable);
    let turn = random.usize(..striped.len().max(1));
    striped.rotate_left(turn);
    let ring = striped.len();
    let of = |p: usize| {
        // Each time around the ring the followers are others.
        let shift = p / ring % ring.saturating_sub(replicas).max(1);
        let follower = |r: usize| striped[(p + r + if r > 0 { shift } else { 0 }) % ring];
        let spread = by_rack(&usable, (0..replicas).map(follower).collect(), &striped);
        Replicas::from(spread)
    };
    Ok((0..count).map(of).collect())
}

/// Brokers in such an order that neighbours are in different racks.
fn stripe(brokers: &[&Broker]) -> Vec<i32> {
    let mut racks: BTreeMap<Option<&Text>, VecDeque<i32>> = BTreeMap::new();
    for broker in brokers {
        racks.entry(broker.rack.as_ref()).or_default().push_back(broker.id);
    }
    let mut striped = Vec::with_capacity(brokers.len());
    while striped.len() < brokers.len() {
        striped.extend(racks.values_mut().filter_map(VecDeque::pop_front));
    }
    striped
}

/// Exchanges followers that are in a rack which has one already, where a rack has none.
fn by_rack(brokers: &[&Broker], mut replicas: Vec<i32>, all: &[i32]) -> Vec<i32> {
    let rack = |id: i32| brokers.iter().find(|b| b.id == id).and_then(|b| b.rack.as_ref());
    for i in 1..replicas.len() {
        let taken = |id: i32, own: &[i32]| own.iter().any(|&other| rack(other) == rack(id));
        if !taken(replicas[i], &replicas[..i]) {
            continue;
        }
        let from = all.iter().position(|&id| id == replicas[i]).unwrap_or(0);
        let others = (0..all.len()).map(|n| all[(from + n) % all.len()]);
        let better = others.into_iter().find(|&id| !replicas.contains(&id) && !taken(id, &replicas[..i]));
        if let Some(better) = better {
            replicas[i] = better;
        }
    }
    replicas
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kubernetes::Key;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn replicas_are_on_different_brokers_in_as_many_racks_as_can_be_and_leaders_are_even(
            racks in 1..4i32, brokers in 1..9i32, partitions in 1..60usize, replicas in 1..4usize, seed: u64,
        ) {
            let all: BTreeMap<i32, Broker> = (0..brokers).map(|id| {
                let rack: Text = format!("zone-{}", id % racks).into();
                (id, Broker::new(id, Key::new("kafka", "kafka"), Some(rack), 1, 0.0))
            }).collect();
            let placed = place(&all, partitions, replicas, &mut fastrand::Rng::with_seed(seed));
            prop_assert_eq!(placed.is_err(), replicas > brokers as usize);
            let Ok(placed) = placed else { return Ok(()) };
            prop_assert_eq!(placed.len(), partitions);
            let mut leads = vec![0; brokers as usize];
            for p in &placed {
                let mut ids = p.to_vec();
                ids.sort_unstable();
                ids.dedup();
                prop_assert_eq!(ids.len(), replicas);
                let mut zones: Vec<_> = p.iter().map(|id| id % racks).collect();
                zones.sort_unstable();
                zones.dedup();
                prop_assert_eq!(zones.len(), replicas.min(racks.min(brokers) as usize));
                leads[p[0] as usize] += 1;
            }
            prop_assert!(leads.iter().max().unwrap() - leads.iter().min().unwrap() <= 1);
        }
    }
}
