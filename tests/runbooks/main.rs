//! Runbooks against clusters that nobody chose: random ones, with random faults between any two steps, and
//! castellan killed at any entry of its journal. An oracle that knows nothing of castellan's rules judges each
//! write, and in the end the cluster is as it was planned, with no throttle and no reassignment left.
//!
//! `CASTELLAN_RUNS` says how many runs of each runbook there are.

mod cluster;
mod oracle;
mod play;
mod told;
#[path = "../world/mod.rs"]
mod world;

use castellan::domain::{
    kafka::BrokerId,
    kubernetes::Key,
    object::{Kind, Object},
};
use cluster::Cluster;
use fastrand::Rng;
use play::{Wish, play};
use std::io::Write as _;

/// In every test run; the whole proof takes 10,000 (see the README).
const RUNS: u64 = 40;

fn runs() -> u64 {
    std::env::var("CASTELLAN_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(RUNS)
}

/// Where the runs begin: another hundred thousand each time in the proof, the same in every test run.
fn first() -> u64 {
    std::env::var("CASTELLAN_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

#[track_caller]
fn all(wish: &Wish) {
    let (first, runs) = (first(), runs());
    let (mut planned, mut steps, mut faults, mut killed) = (0, 0, 0, 0);
    let mut failed = Vec::new();
    for seed in first..first + runs {
        match play(wish, seed) {
            Ok(tally) => {
                planned += u64::from(tally.planned);
                (steps, faults, killed) = (steps + tally.steps, faults + tally.faults, killed + tally.killed);
            }
            Err(why) => failed.push(why),
        }
    }
    let told = format!(
        "{}: seeds {first} to {}, {planned} planned, {steps} writes, {faults} faults, killed {killed} times",
        wish.verb,
        first + runs - 1
    );
    // Past the harness, which keeps to itself what tests that pass have printed.
    let _ = writeln!(std::io::stderr(), "{told}");
    assert!(
        failed.is_empty(),
        "{} of {runs} failed: {}",
        failed.len(),
        failed[..failed.len().min(3)].join("\n")
    );
    assert!(planned * 4 > runs, "only {planned} of {runs} came to a plan");
}

fn any_broker(cluster: &Cluster, rng: &mut Rng) -> i32 {
    let ids: Vec<i32> = cluster.brokers.keys().copied().collect();
    ids[rng.usize(..ids.len())]
}

fn rate(rng: &mut Rng) -> String {
    match rng.u32(..3) {
        0 => String::new(),
        _ => format!("at {}MiB", rng.u32(2..20)),
    }
}

/// No partition has a replica there.
fn empty(after: &Cluster, id: i32) -> Result<(), String> {
    let held: Vec<String> = after
        .partitions()
        .filter(|(_, _, _, p)| p.replicas.contains(&id))
        .map(|(topic, index, ..)| format!("{topic}-{index}"))
        .collect();
    if held.is_empty() { Ok(()) } else { Err(format!("broker {id} still holds {}", held.join(", "))) }
}

/// Every partition has as many replicas as before, in sync.
fn whole(before: &Cluster, after: &Cluster) -> Result<(), String> {
    for ((topic, index, _, was), (.., is)) in before.partitions().zip(after.partitions()) {
        if was.replicas.len() != is.replicas.len() {
            return Err(format!("{topic}-{index} had {:?} and has {:?}", was.replicas, is.replicas));
        }
    }
    Ok(())
}

fn broker(objects: &[Object]) -> i32 {
    match objects {
        [Object::Broker(BrokerId(id))] => *id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_broker_is_emptied_by_a_reassignment() {
    all(&Wish {
        verb: "reassign",
        objects: |cluster, rng| vec![Object::Broker(BrokerId(any_broker(cluster, rng)))],
        argument: |_, rng| rate(rng),
        becomes: |before, after, objects, _| {
            whole(before, after)?;
            empty(after, broker(objects))
        },
    });
}

fn stateful_set() -> Object {
    Object::Kube { kind: Kind::StatefulSet, key: Key::new("kafka", "kafka"), uid: "uid-kafka-kafka".into() }
}

fn highest(cluster: &Cluster) -> i32 {
    cluster.replicas - 1
}

/// Every pod was made anew so many times.
fn renewed(before: &Cluster, after: &Cluster, ids: &[i32]) -> Result<(), String> {
    for (id, was) in &before.brokers {
        let is = after.brokers.get(id).ok_or_else(|| format!("broker {id} is gone"))?;
        let times = u32::from(ids.contains(id));
        if is.pod != was.pod + times {
            return Err(format!(
                "the pod of broker {id} was made {} times anew, not {times}",
                is.pod - was.pod
            ));
        }
        // One that died by itself is no runbook's business.
        if !matches!(is.life, cluster::Life::Up | cluster::Life::Crashed(_)) {
            return Err(format!("broker {id} is not up"));
        }
    }
    Ok(())
}

#[test]
fn all_brokers_are_restarted_one_after_another() {
    all(&Wish {
        verb: "roll",
        objects: |_, _| vec![stateful_set()],
        argument: |_, _| String::new(),
        becomes: |before, after, _, _| {
            whole(before, after)?;
            renewed(before, after, &before.brokers.keys().copied().collect::<Vec<_>>())
        },
    });
}

#[test]
fn one_broker_is_restarted() {
    all(&Wish {
        verb: "roll",
        objects: |cluster, rng| vec![Object::Broker(BrokerId(any_broker(cluster, rng)))],
        argument: |_, _| String::new(),
        becomes: |before, after, objects, _| renewed(before, after, &[broker(objects)]),
    });
}

#[test]
fn a_broker_is_drained_and_taken_away() {
    all(&Wish {
        verb: "drain-broker",
        objects: |cluster, _| vec![Object::Broker(BrokerId(highest(cluster)))],
        argument: |_, rng| rate(rng),
        becomes: |before, after, objects, _| {
            let id = broker(objects);
            whole(before, after)?;
            empty(after, id)?;
            match after.brokers.contains_key(&id) || after.replicas != before.replicas - 1 {
                true => Err(format!("broker {id} is still there")),
                false => Ok(()),
            }
        },
    });
}

#[test]
fn brokers_are_added_and_filled() {
    all(&Wish {
        verb: "scale-out",
        objects: |_, _| vec![stateful_set()],
        argument: |cluster, rng| format!("{} {}", cluster.replicas + 1, rate(rng)).trim().to_string(),
        becomes: |before, after, _, _| {
            whole(before, after)?;
            match after.brokers.contains_key(&before.replicas) {
                true => Ok(()),
                false => Err("the new broker is not there".into()),
            }
        },
    });
}

#[test]
fn a_broker_is_replaced_with_its_disk() {
    all(&Wish {
        verb: "replace",
        objects: |cluster, rng| vec![Object::Broker(BrokerId(any_broker(cluster, rng)))],
        argument: |_, rng| format!("disk {}", rate(rng)).trim().to_string(),
        becomes: |before, after, objects, _| {
            let id = broker(objects);
            whole(before, after)?;
            renewed(before, after, &[id])?;
            let place = |cluster: &Cluster| -> Vec<bool> {
                cluster.partitions().map(|(_, _, _, p)| p.replicas.contains(&id)).collect()
            };
            match (after.brokers[&id].claim, place(before) == place(after)) {
                (0, _) => Err("its disk is the old one".into()),
                (_, false) => Err("its replicas did not come back".into()),
                _ => Ok(()),
            }
        },
    });
}

#[test]
fn the_cluster_is_rebalanced() {
    all(&Wish {
        verb: "rebalance",
        objects: |_, _| vec![],
        argument: |_, rng| rate(rng),
        becomes: |before, after, _, _| whole(before, after),
    });
}

#[test]
fn topics_get_another_replication_factor() {
    all(&Wish {
        verb: "set-replication",
        objects: |cluster, _| cluster.topics.keys().map(|name| Object::Topic(name.as_str().into())).collect(),
        argument: |_, rng| format!("{} {}", rng.u32(2..4), rate(rng)).trim().to_string(),
        becomes: |_, after, _, argument| {
            let wanted = argument.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
            let other = after.partitions().find(|(_, _, _, p)| p.replicas.len() != wanted);
            other.map_or(Ok(()), |(topic, index, _, p)| Err(format!("{topic}-{index} has {:?}", p.replicas)))
        },
    });
}
