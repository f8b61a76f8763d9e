//! What kafka-topics.sh and kafka-reassign-partitions.sh say.

use super::agree;
use crate::{
    screen::Facts,
    stage::{BOOTSTRAP, Stage, WIDE, stage},
};
use castellan_lab::Context;
use std::collections::BTreeSet;

#[test]
fn partitions_are_kafkas() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.go("partitions");
    let theirs = || {
        let told = stage.tool("kafka-topics.sh", "--describe");
        let lines = told.lines().filter(|line| line.starts_with('\t'));
        lines
            .map(|line| {
                ["Topic", "Partition", "Leader", "Replicas"]
                    .map(|key| value(line, key).replace(',', ""))
                    .to_vec()
                    .into_iter()
                    .chain([sorted(&value(line, "Isr").replace(',', ""))])
                    .collect()
            })
            .collect()
    };
    let ours = || {
        let rows = screen.table("LEADER", &["TOPIC", "#", "LEADER", "REPLICAS", "IN SYNC"]);
        rows.into_iter()
            .map(|mut row| {
                row[4] = sorted(&row[4]);
                row
            })
            .collect()
    };
    agree(theirs, ours);
}

/// The word after a key in a line of Kafka's tools.
fn value<'a>(line: &'a str, key: &str) -> &'a str {
    let rest = line.split(&format!("{key}: ")).nth(1).unwrap_or_default();
    rest.split_whitespace().next().unwrap_or_default()
}

/// Brokers of one digit in the order of their numbers: an ISR is a set.
fn sorted(ids: &str) -> String {
    let ids: BTreeSet<char> = ids.chars().collect();
    ids.into_iter().collect()
}

/// A slow move of a partition of `scratch`, which is nobody's: it is ended and undone in any case.
struct Move<'a> {
    stage: &'a Stage,
    there: String,
    back: String,
}

impl<'a> Move<'a> {
    /// Moves the only replica of scratch-0 to the next broker, at some bytes a second.
    fn begin(stage: &'a Stage, throttle: &str) -> Move<'a> {
        let told = stage.tool("kafka-topics.sh", "--describe --topic scratch");
        let line = told.lines().find(|line| line.contains("Partition: 0")).expect("scratch-0");
        let broker: u32 = value(line, "Replicas").parse().expect("a broker");
        fill(stage);
        let plan = |name: &str, broker: u32| {
            let path = stage.folder().join(name);
            let moves = format!(r#"{{"topic":"scratch","partition":0,"replicas":[{broker}]}}"#);
            std::fs::write(&path, format!(r#"{{"version":1,"partitions":[{moves}]}}"#)).expect("a plan");
            path.to_string_lossy().into_owned()
        };
        let begun =
            Move { stage, there: plan("there.json", (broker + 1) % 3), back: plan("back.json", broker) };
        begun.tool(&format!("--execute --throttle {throttle}"));
        begun
    }

    fn tool(&self, arguments: &str) -> String {
        let arguments = format!("--reassignment-json-file {} {arguments}", self.there);
        self.stage.tool("kafka-reassign-partitions.sh", &arguments)
    }
}

impl Drop for Move<'_> {
    /// Each broker keeps its one partition of `scratch`: without the broker it is offline.
    fn drop(&mut self) {
        for (plan, order) in [(&self.there, "--cancel"), (&self.back, "--execute")] {
            let mut tool = self.stage.lab.enter_command("kafka-reassign-partitions.sh");
            tool.args(["--bootstrap-server", BOOTSTRAP, "--reassignment-json-file", plan, order]);
            // Where the move has ended already there is nothing to cancel.
            let _ = tool.output();
        }
    }
}

/// Gives scratch-0 six megabytes, more than a follower fetches at once.
fn fill(stage: &Stage) {
    let path = stage.folder().join("records");
    std::fs::write(&path, format!("{}\n", "x".repeat(999)).repeat(6000)).expect("records");
    let mut kcat = stage.lab.enter_command("kcat");
    kcat.args(["-P", "-b", BOOTSTRAP, "-t", "scratch", "-p", "0", "-l"]).arg(path);
    assert!(kcat.status().expect("kcat runs").success(), "the records are written");
}

#[test]
fn reassignments_are_kafkas() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.go("reassignments");
    screen.sees("no reassignments");
    let moving = Move::begin(&stage, "20000");
    let theirs = || -> Facts {
        let told = stage.tool("kafka-reassign-partitions.sh", "--list");
        // `scratch-0: replicas: 2,1. adding: 2. removing: 1.`
        let lines = told.lines().filter(|line| line.contains(": replicas: "));
        let listed = |line: &str, key: &str| value(line, key).trim_end_matches('.').replace(',', "");
        lines
            .map(|line| {
                let (topic, partition) =
                    line.split(':').next().and_then(|name| name.rsplit_once('-')).expect("a name");
                let lists = ["replicas", "adding", "removing"].map(|key| listed(line, key));
                [topic.to_string(), partition.to_string()].into_iter().chain(lists).collect()
            })
            .collect()
    };
    let ours = || screen.table("REMOVING", &["TOPIC", "#", "REPLICAS", "ADDING", "REMOVING"]);
    agree(theirs, ours);
    assert!(moving.tool("--verify").contains("scratch-0 is still in progress"));
    screen.row("scratch", |row| row.contains("MiB") && row.contains('%') && !row.contains(" 100% "));
    moving.tool("--execute --additional --throttle 100000000");
    screen.sees("no reassignments");
    assert!(moving.tool("--verify").contains("scratch-0 is completed"));
    screen.is_alive();
}
