//! What disks have room for, and what a throttle leaves time for, as it is by then.

use super::*;
use crate::domain::{
    kafka::LogDir,
    throughput::{Metric, Subject, ThroughputDelta},
};

/// A volume of 100 GiB, and what is free on it.
fn disk(snapshot: &mut Snapshot, broker: i32, free: u64, held: &[i32]) {
    let dir =
        LogDir { path: "/data".into(), total: Some(100 * GIB), usable: Some(free), used: 0, error: None };
    let log = |p: &i32| ReplicaLog { partition: *p, bytes: GIB, lag: 0, future: false };
    let replicas = [("orders".into(), held.iter().map(log).collect())].into();
    let answer = Ok(LogDirs { dirs: vec![dir], replicas });
    apply(snapshot, KafkaDelta::LogDirs { broker: BrokerId(broker), answer, at: NOW });
}

#[test]
fn a_disk_that_filled_meanwhile_gets_no_more() {
    let (mut world, task) = planned(vec![leg(0, 3), leg(1, 4)], None);
    disk(&mut world, 3, 10 * GIB, &[]);
    let begun = assigned(asked(&world, &task));
    assert_eq!((begun.len(), begun[0].partition), (1, 1), "the other has room");
    moving(&mut world, vec![active(&leg(1, 4))]);
    let words = waits(asked(&world, &task));
    let room = "room on the disks of broker 3, which would be 91% full with orders-0, over the limit of 85%";
    assert!(words.ends_with(&format!("; then {room}")), "{words}");
    sim::arrive(&mut world, &leg(1, 4));
    let stopped = format!("no {room}; going on moves it all the same");
    assert_eq!(asked(&world, &task), Next::Stop(stopped));
    let seen = Fixture::of(world.clone(), NOW);
    let known = known(&seen);
    let on = At { resumed: Some(0), ..At::new(&known) };
    assert_eq!(assigned(task.next(&on)).len(), 1, "the operator wants it");
    disk(&mut world, 3, 20 * GIB, &[]);
    assert_eq!(assigned(asked(&world, &task)).len(), 1, "somebody made room");
}

#[test]
fn what_is_on_its_way_to_a_disk_is_counted_until_it_is_read_there() {
    let (mut world, task) = planned(vec![leg(0, 3), leg(3, 3), leg(6, 3)], None);
    disk(&mut world, 3, 17 * GIB + GIB / 2, &[]);
    assert_eq!(assigned(asked(&world, &task)).len(), 2, "there is room for two");
    moving(&mut world, [leg(0, 3), leg(3, 3)].iter().map(active).collect());
    assert!(waits(asked(&world, &task)).contains("; then room on the disks of broker 3"));
    // They have arrived, and the disk was read before.
    sim::arrive(&mut world, &leg(0, 3));
    sim::arrive(&mut world, &leg(3, 3));
    assert!(matches!(asked(&world, &task), Next::Stop(_)));
    disk(&mut world, 3, 17 * GIB, &[0, 3]);
    assert_eq!(assigned(asked(&world, &task)).len(), 1, "they took less than was thought");
}

#[test]
fn a_rate_that_would_never_end_is_told_of_what_is_left() {
    let written = |s: &mut Snapshot| {
        let points = vec![(Metric::BytesIn, Subject::Topic("orders".into()), vec![(NOW, 8e6)])];
        apply(s, ThroughputDelta::Points { points, at: NOW });
    };
    let (mut world, task) = planned_in(written, vec![leg(0, 3)], Some(RATE));
    let outrun = |world: &Snapshot, rate| {
        let world = Fixture::of(world.clone(), NOW);
        task.at_rate(rate).expect("it copies").part().outrun(&known(&world))
    };
    assert_eq!(outrun(&world, RATE), None);
    let words = outrun(&world, 1_000).expect("a sentence");
    assert!(words.contains("it would never catch up: orders-0 (written to what broker"), "{words}");
    sim::arrive(&mut world, &leg(0, 3));
    assert_eq!(outrun(&world, 1_000), None, "nothing is left of it");
}
