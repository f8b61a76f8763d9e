//! What kafka-topics.sh and kafka-reassign-partitions.sh say.

use super::agree;
use crate::{
    screen::Facts,
    stage::{BOOTSTRAP, Stage, WIDE, stage},
};
use castellan_lab::Context;
use std::{collections::BTreeSet, path::PathBuf};

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
    plan: PathBuf,
}

impl<'a> Move<'a> {
    /// Moves the only replica of scratch-0 to the next broker, at some bytes a second.
    fn begin(stage: &'a Stage, throttle: &str) -> Move<'a> {
        let told = stage.tool("kafka-topics.sh", "--describe --topic scratch");
        let line = told.lines().find(|line| line.contains("Partition: 0")).expect("scratch-0");
        let leader: u32 = value(line, "Leader").parse().expect("a broker");
        fill(stage);
        let plan = stage.folder().join("move.json");
        let text = format!(
            r#"{{"version":1,"partitions":[{{"topic":"scratch","partition":0,"replicas":[{}]}}]}}"#,
            (leader + 1) % 3
        );
        std::fs::write(&plan, text).expect("a plan");
        let begun = Move { stage, plan };
        begun.tool(&["--execute", "--throttle", throttle]);
        begun
    }

    fn tool(&self, arguments: &[&str]) -> String {
        let plan = self.plan.to_string_lossy();
        let all = ["--reassignment-json-file", &plan].into_iter().chain(arguments.iter().copied());
        self.stage.tool("kafka-reassign-partitions.sh", &all.collect::<Vec<_>>().join(" "))
    }
}

impl Drop for Move<'_> {
    fn drop(&mut self) {
        let plan = self.plan.to_string_lossy().into_owned();
        let mut tool = self.stage.lab.enter_command("kafka-reassign-partitions.sh");
        tool.args(["--bootstrap-server", BOOTSTRAP, "--reassignment-json-file", &plan, "--cancel"]);
        // Where it has ended already there is nothing to cancel.
        let _ = tool.output();
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
    assert!(moving.tool(&["--verify"]).contains("scratch-0 is still in progress"));
    screen.row("scratch", |row| row.contains("MiB") && row.contains('%') && !row.contains(" 100% "));
    moving.tool(&["--execute", "--additional", "--throttle", "100000000"]);
    screen.sees("no reassignments");
    assert!(moving.tool(&["--verify"]).contains("scratch-0 is completed"));
    screen.is_alive();
}
