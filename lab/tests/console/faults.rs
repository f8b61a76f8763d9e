//! Each fault of the lab: the screen lives, tells what happened, and is whole again afterwards.

use crate::stage::{ALL_LIVE, Screen, WIDE, stage};
use castellan_lab::{Context, Fault};

const BROKERS: [&str; 3] = ["kafka-0", "kafka-1", "kafka-2"];

/// Every source is live, and every broker is up, in sync and believed.
#[track_caller]
fn is_whole(screen: &Screen) {
    screen.sees(ALL_LIVE);
    for broker in BROKERS {
        screen.row(broker, |row| row.contains(" Running ") && row.contains(" up") && !row.contains('!'));
    }
}

fn silent(broker: &str, screen: &Screen) {
    screen.row(broker, |row| row.contains(" silent "));
}

#[track_caller]
fn others_are_up(screen: &Screen, but: &str) {
    for broker in BROKERS.into_iter().filter(|broker| *broker != but) {
        screen.row(broker, |row| row.contains(" up"));
    }
}

#[test]
fn a_broker_hangs() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::HangBroker { broker: 2 });
    silent("kafka-2", &screen);
    screen.sees("broker 2 ");
    others_are_up(&screen, "kafka-2");
    screen.sees("Kafka live");
    screen.is_alive();
    broken.mend();
    is_whole(&screen);
}

#[test]
fn prometheus_stops() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::StopPrometheus);
    screen.waits("another origin, or why there is none", |text| {
        text.contains("· exporters by ")
            || text.contains("throughput stale")
            || text.contains("throughput failed")
    });
    screen.sees("Kubernetes live · Kafka live");
    others_are_up(&screen, "");
    screen.is_alive();
    broken.mend();
    is_whole(&screen);
}

#[test]
fn a_throttle_is_left_behind() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::LeaveThrottle { rate: 10_000_000 });
    screen.sees("throttle left");
    screen.is_alive();
    broken.mend();
    screen.waits("it is gone", |text| !text.contains("throttle left"));
}
