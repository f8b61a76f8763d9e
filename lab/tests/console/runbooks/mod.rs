//! Runbooks on real brokers: castellan is killed at every entry of its journal and goes on, the cluster breaks
//! under it, and those who produce meanwhile lose nothing.
//!
//! The whole takes hours: `lab/runbooks` runs it; every test run has a part of it.

mod books;
mod fourth;
mod killed;
mod moved;
mod traffic;
mod troubled;

use crate::{
    screen::Screen,
    stage::{Stage, Turn},
};
use serde_json::Value;
use std::time::{Duration, Instant};

/// A whole runbook on a machine that has other work, too.
const LONGEST: Duration = Duration::from_secs(600);
/// A look at the journal costs little.
const SOON: Duration = Duration::from_millis(100);

/// A test of each book, or of those that are named, which takes long.
macro_rules! of_each_book {
    ($proof:ident) => {
        of_each_book![$proof:
            reassign REASSIGN,
            set_replication SET_REPLICATION,
            rebalance REBALANCE,
            repair_racks REPAIR_RACKS,
            roll ROLL,
            scale_out SCALE_OUT,
            drain_broker DRAIN,
            replace REPLACE,
            drain_node DRAIN_NODE,
            reset_offsets RESET,
        ];
    };
    ($proof:ident: $($name:ident $book:ident),* $(,)?) => {
        $(#[test]
        #[ignore = "it takes long: lab/runbooks runs it"]
        fn $name() {
            $proof(&$crate::runbooks::stage(), &$crate::runbooks::books::$book);
        })*
    };
}
use of_each_book;

/// The lab as the actions want it, with nothing left of what a runbook that failed had begun.
fn stage() -> Turn {
    // Scaled in with what it holds, a fourth broker would be missed.
    fourth::goes(&crate::stage::stage());
    let stage = crate::actions::stage();
    clean(&stage);
    stage
}

/// What was kept of operations, as lines of JSON, in order.
fn journal(stage: &Stage) -> Vec<Value> {
    let folder = stage.folder().join("castellan/journal");
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let files = files.filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok());
    let lines = files.flat_map(|text| text.lines().map(String::from).collect::<Vec<_>>());
    lines.filter_map(|line| serde_json::from_str(&line).ok()).collect()
}

/// Waits until the runbook under way ended as planned.
#[track_caller]
fn ends_well(stage: &Stage, screen: &Screen) {
    let begun = Instant::now();
    loop {
        let kept = journal(stage);
        let last = |kind: &str| kept.iter().rfind(|entry| entry["entry"] == kind);
        if let Some(ended) = last("ended") {
            assert_eq!(ended["done"], true, "{ended}");
            return;
        }
        assert!(last("steered").is_none(), "it gave up: {:?}\n{}", last("steered"), screen.text());
        assert!(begun.elapsed() < LONGEST, "not done within {LONGEST:?}:\n{}", screen.text());
        std::thread::sleep(SOON);
    }
}

/// The journal is of one test only.
fn clean(stage: &Stage) {
    let _ = std::fs::remove_dir_all(stage.folder().join("castellan/journal"));
}

/// Nothing is left on the cluster that was there only for a move.
#[track_caller]
fn nothing_is_left(stage: &Stage) {
    let moving = stage.tool("kafka-reassign-partitions.sh", "--list");
    assert!(moving.contains("No partition reassignments found"), "{moving}");
    for entities in ["brokers", "topics"] {
        let told = stage.tool("kafka-configs.sh", &format!("--describe --entity-type {entities}"));
        assert!(!told.contains("replication.throttled"), "{told}");
    }
}
