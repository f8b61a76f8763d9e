//! Partitions move, are called back, and are found again by the next castellan; Kafka's own tool agrees.

use super::{
    outside::{BULK, make_bulk, until},
    stage,
};
use crate::stage::{Stage, WIDE};
use castellan_lab::Context;
use serde_json::{Value, json};
use std::path::Path;

/// Each partition of the topic on broker 0.
const ON_0: &str = "0,0,0,0";
const THROTTLES: &str = "leader.replication.throttled.rate,follower.replication.throttled.rate";
/// Bytes a second: slow enough to be called back half-way.
const RATE: u32 = 700_000;

/// While it is there, brokers 0 and 1 copy slowly.
struct Slow<'a>(&'a Stage);

fn slow_down(stage: &Stage) -> Slow<'_> {
    let rates: Vec<String> = THROTTLES.split(',').map(|rate| format!("{rate}={RATE}")).collect();
    for broker in ["0", "1"] {
        let of = format!("--alter --entity-type brokers --entity-name {broker} --add-config");
        stage.tool("kafka-configs.sh", &format!("{of} {}", rates.join(",")));
    }
    let all = "leader.replication.throttled.replicas=*,follower.replication.throttled.replicas=*";
    stage.tool(
        "kafka-configs.sh",
        &format!("--alter --entity-type topics --entity-name bulk --add-config {all}"),
    );
    Slow(stage)
}

impl Drop for Slow<'_> {
    fn drop(&mut self) {
        for broker in ["0", "1"] {
            let of = format!("--alter --entity-type brokers --entity-name {broker} --delete-config");
            let undone = self.0.tool_may("kafka-configs.sh", &format!("{of} {THROTTLES}"));
            assert!(undone.is_some() || std::thread::panicking(), "broker {broker} stays slow");
        }
    }
}

/// Runs Kafka's own tool on a plan.
fn kafkas_own(stage: &Stage, plan: &Path, what: &str) -> String {
    let arguments = format!("--reassignment-json-file {} {what}", plan.display());
    stage.tool("kafka-reassign-partitions.sh", &arguments)
}

fn under_way(stage: &Stage) -> bool {
    stage.tool("kafka-reassign-partitions.sh", "--list").contains("bulk-")
}

#[test]
fn a_move_is_called_back_left_found_again_and_undone() {
    let stage = stage();
    make_bulk(&stage, ON_0);
    let slow = slow_down(&stage);
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.select("topics", BULK, BULK);
    screen.plans(":reassign to 1\r");
    screen.sees("bulk-3  [0] -> [1]  +1 -0");
    screen.sees("to move in all, in 4 replicas");
    screen.agrees("y");
    let moving = "reassign 4 partitions of bulk to broker 1";
    screen.waits("some of the bytes have come", |text| {
        let line = text.lines().find(|line| line.contains(moving) && line.contains("of the bytes"));
        line.is_some_and(|line| !line.contains(", 0% of"))
    });
    assert!(under_way(&stage));

    screen.plans("x");
    screen.sees("bulk-0  [0] stays, 1 is not added");
    screen.agrees("y");
    let said = screen.ends("cancelled", moving);
    assert!(said.contains("aborted, and as safe as it was"), "{said}");
    screen.is_done("cancel 4 reassignments");
    assert!(!under_way(&stage));
    assert!(stage.replicas(BULK).iter().all(|ids| ids == &[0]));

    // The terminal is gone while it moves again.
    screen.plans(":reassign to 1\r");
    screen.agrees("y");
    screen.sees("of the bytes");
    screen.kill();
    assert!(under_way(&stage));
    let told = stage.castellan(&["journal"]);
    assert!(told.contains(moving) && told.contains("not ended"), "{told}");
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.go("operations");
    screen.row(moving, |row| row.contains(" running ") && row.contains("of the bytes"));
    drop(slow);
    screen.row(moving, |row| row.contains(" done "));
    assert!(stage.replicas(BULK).iter().all(|ids| ids == &[1]));

    // What the journal has to put it back is a plan for Kafka's own tool.
    let told = stage.castellan(&["journal", "--verb", "reassign", "--json"]);
    let operations: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let last = operations.last().expect("an operation");
    assert_eq!((&last["state"], &last["title"]), (&json!("done"), &json!(moving)));
    let undo = stage.file("undo.json", last["undo"].as_str().expect("what puts it back"));
    assert!(kafkas_own(&stage, &undo, "--execute").contains("Successfully started partition reassignment"));
    until("Kafka's own tool has put it back", || stage.replicas(BULK).iter().all(|ids| ids == &[0]));
    assert!(kafkas_own(&stage, &undo, "--verify").contains("Reassignment of partition bulk-0 is completed"));

    // And a plan of Kafka's own tool is one for castellan.
    let topics = stage.file("topics.json", r#"{"version":1,"topics":[{"topic":"bulk"}]}"#);
    let generate = format!("--generate --topics-to-move-json-file {} --broker-list 1,2", topics.display());
    let told = stage.tool("kafka-reassign-partitions.sh", &generate);
    let proposed = told.lines().rfind(|line| line.starts_with('{')).expect("a proposal");
    let file = stage.file("proposed.json", proposed);
    screen.row(moving, |row| row.contains(" done "));
    screen.select("topics", BULK, BULK);
    screen.plans(&format!(":reassign @{}\r", file.display()));
    screen.agrees("y");
    screen.is_done("reassign 4 partitions of bulk");
    let verified = kafkas_own(&stage, &file, "--verify");
    assert_eq!(verified.matches(" is completed").count(), 4, "{verified}");
    stage.no_topic(BULK);
}

/// A move that one castellan began, and that another called back.
#[test]
fn two_consoles_side_by_side_one_moves_and_the_other_calls_it_back() {
    let stage = stage();
    make_bulk(&stage, ON_0);
    let slow = slow_down(&stage);
    let mut mover = stage.open(Context::Admin, WIDE);
    let mut other = stage.open(Context::Admin, WIDE);
    other.go("reassignments");
    other.sees("no reassignments");
    mover.select("topics", BULK, BULK);
    mover.plans(":reassign to 1\r");
    mover.agrees("y");
    mover.sees("of the bytes");
    // What moves is seen, with all that is to be known of it.
    for partition in 0..4 {
        other.row(&format!("{BULK} "), |row| {
            row.split_whitespace().any(|word| word == partition.to_string()) && row.contains('%')
        });
    }
    assert!(under_way(&stage));
    other.select("topics", BULK, BULK);
    other.plans("x");
    other.sees("bulk-3  [0] stays, 1 is not added");
    other.agrees("y");
    other.is_done("cancel 4 reassignments");
    assert!(!under_way(&stage));
    mover.waits("it is paused, and says why", |text| {
        text.lines().any(|line| line.contains("paused") && line.contains("called back: bulk-0"))
    });
    mover.press(":abort\r");
    mover.reads();
    mover.press("y");
    mover.ends("cancelled", "reassign 4 partitions of bulk to broker 1");
    assert!(stage.replicas(BULK).iter().all(|ids| ids == &[0]));
    mover.go("reassignments");
    mover.sees("no reassignments");
    drop(slow);
    stage.no_topic(BULK);
}
