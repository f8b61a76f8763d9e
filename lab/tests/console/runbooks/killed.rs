//! castellan is killed at every entry of its journal, and the next one goes on.

use super::{
    books::{Book, REASSIGN},
    journal, nothing_is_left, of_each_book, stage,
};
use crate::{
    screen::PATIENCE,
    stage::{Stage, WIDE},
};
use castellan_lab::Context;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    io::Write as _,
    time::{Duration, Instant},
};

/// A look at the journal costs little.
const SOON: Duration = Duration::from_millis(3);

/// What tells one moment of a runbook from another: a step that is tried again is the same moment.
fn moment(entry: &Value) -> Option<String> {
    let word = |name: &str| entry.get(name).map(Value::to_string).unwrap_or_default();
    let kind = entry["entry"].as_str()?;
    let counts = !matches!(kind, "taken-up" | "margin" | "ended" | "cancelled");
    counts.then(|| format!("{kind} step {} task {}", word("step"), word("task")))
}

fn has_ended(journal: &[Value]) -> bool {
    journal.iter().any(|entry| matches!(entry["entry"].as_str(), Some("ended" | "cancelled" | "given-up")))
}

/// Runs it, with castellan killed once at each moment; how often that was.
pub fn killed_everywhere(stage: &Stage, book: &Book) -> usize {
    (book.prepare)(stage);
    let mut screen = stage.open(Context::Admin, WIDE);
    (book.begin)(stage, &mut screen);
    let mut seen = BTreeSet::new();
    let mut kills = 0;
    loop {
        let begun = Instant::now();
        let news = loop {
            let kept = journal(stage);
            if has_ended(&kept) {
                break false;
            }
            let moments: BTreeSet<String> = kept.iter().filter_map(moment).collect();
            if moments.iter().any(|moment| !seen.contains(moment)) {
                seen = moments;
                break true;
            }
            assert!(begun.elapsed() < PATIENCE, "after {kills} kills it stands:\n{}", screen.text());
            std::thread::sleep(SOON);
        };
        if !news {
            break;
        }
        screen.kill();
        kills += 1;
        screen = stage.start(Context::Admin, &["--kafka", "kafka/kafka"], WIDE);
    }
    let ended = journal(stage).into_iter().rfind(|entry| entry["entry"] == "ended").expect("it ended");
    assert_eq!(ended["done"], true, "{ended}");
    nothing_is_left(stage);
    (book.check)(stage);
    kills
}

#[test]
fn a_throttled_move_ends_as_planned_wherever_castellan_is_killed() {
    let stage = stage();
    let kills = killed_everywhere(&stage, &REASSIGN);
    assert!(kills >= 8, "castellan was killed {kills} times only");
}

/// It ends as planned, and tells how often castellan was killed.
fn proof(stage: &Stage, book: &Book) {
    let begun = Instant::now();
    let kills = killed_everywhere(stage, book);
    let took = begun.elapsed().as_secs_f32();
    let _ = writeln!(std::io::stderr(), "{}: killed {kills} times, done after {took:.0} s", book.name);
}

of_each_book![proof:
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
