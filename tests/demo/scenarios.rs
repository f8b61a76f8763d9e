//! Each scenario's first screen says what the scenario promises.

use crate::stage::{Folders, SMALL, Stage, WIDE};

/// Opens a scenario small, and looks at it wide, too.
#[track_caller]
fn shows(scenario: &str, look: impl Fn(&mut Stage)) {
    let mut stage = Stage::open(&["--scenario", scenario], SMALL);
    look(&mut stage);
    stage.resize(WIDE);
    look(&mut stage);
}

#[test]
fn a_broker_that_is_down_is_critical_and_its_pod_crashes() {
    shows("broker-down", |stage| {
        stage.verdict("CRITICAL", &["broker 1 CrashLoopBackOff"]);
        stage.row(&["kafka-1", "CrashLoopBackOff", "gone"]);
        stage.row(&["warning", "broker 1 down"]);
    });
}

#[test]
fn a_rolling_restart_is_told_by_its_events_and_ends_whole() {
    let mut stage = Stage::open(&["--scenario", "rolling-restart"], SMALL);
    stage.leads(":events\r", "events");
    stage.row(&["SuccessfulDelete", "kafka"]);
    stage.leads(":statefulsets\r", "statefulsets");
    stage.row(&["kafka", "3/3", "done"]);
}

#[test]
fn who_falls_behind_is_said() {
    shows("lagging", |stage| {
        stage.verdict("DEGRADED", &["audit lag", "dispatch lag"]);
        stage.row(&["audit", "Stable", "falling behind"]);
        stage.row(&["dispatch", "Stable", "falling behind"]);
    });
}

#[test]
fn disks_that_are_nearly_full_are_critical() {
    shows("disk-full", |stage| {
        stage.verdict("CRITICAL", &["disk 9", "% full"]);
        stage.row(&["critical", "/var/lib/kafka/data is 9", "% full, "]);
        stage.leads(":findings\r", "findings");
        stage.press("d");
        stage.row(&["most on the broker is of", "clickstream"]);
        stage.sees("What helps");
        stage.leads("\x1b", "findings");
        stage.leads(":overview\r", "Brokers");
    });
}

#[test]
fn a_throttle_that_was_left_is_named() {
    shows("throttle-left", |stage| {
        stage.verdict("DEGRADED", &["under-replicated", "throttle left"]);
        stage.row(&["throttle left behind on clickstream"]);
        stage.leads(":reassignments\r", "reassignments");
        stage.row(&["archive", " 2 "]);
        stage.leads(":overview\r", "Brokers");
    });
}

#[test]
fn a_lost_node_is_named_with_the_broker_on_it() {
    shows("node-lost", |stage| {
        stage.verdict("CRITICAL", &["node node-b1 lost"]);
        stage.row(&["kafka-", "Terminating", "gone"]);
        stage.row(&["node node-b1 lost", "broker"]);
    });
}

#[test]
fn brokers_that_strimzi_keeps_are_joined() {
    let mut stage = Stage::open(&["--scenario", "strimzi"], SMALL);
    stage.verdict("HEALTHY", &["3 brokers"]);
    stage.resize(WIDE);
    stage.row(&["events-broker-1", "Running", " up"]);
    stage.leads(":clusters\r", "clusters");
    stage.row(&["kafka/events", "Strimzi"]);
}

#[test]
fn a_large_one_says_that_it_takes_a_while() {
    let stage = Folders::new().start(&["--scenario", "estate"], SMALL);
    stage.sees("the demo's cluster is being made");
}

#[test]
fn the_list_names_them_all_with_a_sentence_each() {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_castellan")).args(["demo", "--list"]).output();
    let text = String::from_utf8(output.expect("castellan runs").stdout).expect("UTF-8");
    for name in ["healthy", "broker-down", "rolling-restart", "lagging", "disk-full", "node-lost", "estate"] {
        assert!(text.lines().any(|line| line.starts_with(name) && line.ends_with('.')), "{name}: {text}");
    }
}
