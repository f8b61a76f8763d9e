//! A second, independent reading of kafka.md §1 (Strimzi `KafkaAvailability`): which partitions lose what when a
//! broker goes. It reads the cluster, not what castellan knows.

use crate::cluster::{Cluster, Life};
use castellan::action::Write;

/// Why the write must not be done to this cluster now, naming the partitions.
pub fn forbids(cluster: &Cluster, write: &Write) -> Vec<String> {
    match write {
        Write::Evict { pod, .. } | Write::Delete { pod, .. } => ends(cluster, &pod.name),
        // The pod may have been ended already: its data goes all the same.
        Write::DeleteClaim { claim, .. } => loses(cluster, &claim.name),
        Write::Scale { replicas, .. } => strands(cluster, *replicas),
        Write::Reassign { partitions, .. } => {
            let doubled = partitions.iter().filter_map(|a| {
                let mut ids = a.replicas.clone()?;
                let all = ids.len();
                ids.sort();
                ids.dedup();
                (ids.len() < all || all == 0)
                    .then(|| format!("{}-{} has no replicas of its own", a.topic, a.partition))
            });
            doubled.collect()
        }
        _ => Vec::new(),
    }
}

fn number(name: &str) -> i32 {
    name.rsplit('-').next().and_then(|n| n.parse().ok()).expect("a broker's name")
}

fn ends(cluster: &Cluster, pod: &str) -> Vec<String> {
    let id = number(pod);
    let mut why = Vec::new();
    for (topic, index, of, p) in cluster.partitions() {
        // Those on their way count only when they have arrived.
        let meant = p.moving.as_ref().map_or(&p.replicas, |(from, _)| from);
        if !p.replicas.contains(&id) || meant.len() <= of.min {
            continue;
        }
        let left = p.isr.iter().filter(|in_sync| **in_sync != id && cluster.is_up(**in_sync)).count();
        if p.isr.len() < of.min {
            why.push(format!("{topic}-{index} is under min ISR as it is"));
        } else if p.isr.contains(&id) && left < of.min {
            why.push(format!("{topic}-{index} falls under min ISR"));
        }
    }
    let others =
        cluster.brokers.iter().filter(|(other, b)| **other != id && matches!(b.life, Life::Ending(_)));
    why.extend(others.map(|(other, _)| format!("broker {other} is away by our hand already")));
    why
}

/// What only this broker has in sync is gone with its disk.
fn loses(cluster: &Cluster, claim: &str) -> Vec<String> {
    let id = number(claim);
    let only = cluster.partitions().filter(|(_, _, _, p)| p.isr == [id]);
    only.map(|(topic, index, ..)| format!("{topic}-{index} is in sync nowhere else")).collect()
}

fn strands(cluster: &Cluster, replicas: i32) -> Vec<String> {
    let held = cluster.partitions().filter(|(_, _, _, p)| p.replicas.iter().any(|id| *id >= replicas));
    held.map(|(topic, index, ..)| format!("{topic}-{index} is stranded")).collect()
}
