//! Who measures, and who consumes.

use super::{is_whole, others_are_up};
use crate::stage::{WIDE, stage};
use castellan_lab::{Context, Fault};

pub const PROMETHEUS: &str = "· Prometheus monitoring/prometheus-operated:9090 by service proxy";

#[test]
fn prometheus_stops_and_returns() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.sees(PROMETHEUS);
    let broken = stage.fault(Fault::StopPrometheus);
    screen.waits("throughput is old, and why", |text| {
        text.lines().nth(1).is_some_and(|line| line.contains("throughput stale") && line.contains(": "))
    });
    screen.sees("· exporters by pod proxy");
    screen.sees("Kubernetes live · Kafka live · throughput live");
    others_are_up(&screen, "");
    screen.is_alive();
    broken.mend();
    screen.sees(PROMETHEUS);
    is_whole(&screen);
}

#[test]
fn a_consumer_stops() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.row("billing", |row| row.contains(" Stable "));
    let broken = stage.fault(Fault::StopConsumer { deployment: "billing".into() });
    // Its pods seem well; the group has lost its members and falls behind.
    screen.row("billing", |row| row.contains(" Empty "));
    screen.row("group billing ", |row| row.contains("warning"));
    others_are_up(&screen, "");
    screen.is_alive();
    broken.mend();
    screen.row("billing", |row| row.contains(" Stable ") && row.contains(" 2 "));
    screen.waits("it has caught up", |text| !text.contains("group billing "));
}
