//! castellan is killed at every entry of its journal, and the next one goes on.

use super::{
    books::{Book, REASSIGN},
    journal, nothing_is_left, of_each_book, stage,
};
use crate::{
    screen::{PATIENCE, Screen},
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

/// How often castellan was killed, each time when another entry was the journal's last; and the entries that there
/// were: what is kept at once with the next entry passes too soon to be seen alone.
pub struct Kills {
    pub kills: usize,
    pub moments: usize,
}

/// Runs it, with castellan killed once at each moment.
pub fn killed_everywhere(stage: &Stage, book: &Book) -> Kills {
    (book.prepare)(stage);
    let mut screen = stage.open(Context::Admin, WIDE);
    (book.begin)(stage, &mut screen);
    let mut killed_at = BTreeSet::new();
    while let Some(moment) = next_moment(stage, &killed_at, &screen) {
        killed_at.insert(moment);
        screen.kill();
        screen = stage.start(Context::Admin, &["--kafka", "kafka/kafka"], WIDE);
    }
    let kept = journal(stage);
    let ended = kept.iter().rfind(|entry| entry["entry"] == "ended").expect("it ended");
    assert_eq!(ended["done"], true, "{ended}");
    nothing_is_left(stage);
    (book.check)(stage);
    let moments: BTreeSet<String> = kept.iter().filter_map(moment).collect();
    Kills { kills: killed_at.len(), moments: moments.len() }
}

/// Waits until the journal's last entry is of a moment at which castellan was not killed yet; None: it has ended.
fn next_moment(stage: &Stage, killed_at: &BTreeSet<String>, screen: &Screen) -> Option<String> {
    let begun = Instant::now();
    loop {
        let kept = journal(stage);
        if has_ended(&kept) {
            return None;
        }
        let last = kept.iter().rev().find_map(moment);
        if let Some(moment) = last.filter(|moment| !killed_at.contains(moment)) {
            return Some(moment);
        }
        let kills = killed_at.len();
        assert!(begun.elapsed() < PATIENCE, "after {kills} kills it stands:\n{}", screen.text());
        std::thread::sleep(SOON);
    }
}

#[test]
fn a_throttled_move_ends_as_planned_wherever_castellan_is_killed() {
    let stage = stage();
    let Kills { kills, moments } = killed_everywhere(&stage, &REASSIGN);
    assert!(kills >= 8, "castellan was killed {kills} times only, of {moments}");
}

/// It ends as planned, and tells how often castellan was killed.
fn proof(stage: &Stage, book: &Book) {
    let begun = Instant::now();
    let Kills { kills, moments } = killed_everywhere(stage, book);
    let (name, took) = (book.name, begun.elapsed().as_secs_f32());
    let _ = writeln!(
        std::io::stderr(),
        "{name}: killed at {kills} of {moments} entries of its journal, done after {took:.0} s"
    );
}

of_each_book![proof];
