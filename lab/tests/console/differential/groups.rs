//! What kafka-consumer-groups.sh says.

use super::agree;
use crate::{
    screen::{Facts, PATIENCE, Screen},
    stage::{Stage, WIDE, stage},
};
use castellan_lab::{Context, Fault};
use std::{collections::BTreeMap, time::Instant};

/// Of a group's partition: committed, log end, lag.
type Offsets = BTreeMap<Vec<String>, [i64; 3]>;

/// Two readings of a partition's lag may differ by this. The busiest topic gets 20 messages a second on six
/// partitions, by random keys at most some five a second on one; castellan reads it every few seconds, the tool
/// takes a few, and a group that keeps up commits every 2 s.
const TOLERANCE: i64 = 5 * 20;

/// The group, topic, partition and whose it is of each row, as the tool tells it.
fn who_by_the_tool(stage: &Stage) -> Facts {
    rows(stage).iter().map(|row| [0, 1, 2, 8].map(|column| row[column].clone()).to_vec()).collect()
}

fn rows(stage: &Stage) -> Vec<Vec<String>> {
    let told = stage.tool("kafka-consumer-groups.sh", "--describe --all-groups");
    // What was never committed has no offset: castellan draws that as another dash.
    let dashed = |word: &str| if word == "-" { "–".to_string() } else { word.to_string() };
    let words = |line: &str| line.split_whitespace().map(dashed).collect::<Vec<_>>();
    let rows = told.lines().map(words).filter(|row| row.len() == 9 && row[2].parse::<u32>().is_ok());
    rows.collect()
}

const TITLES: [&str; 6] = ["GROUP", "TOPIC", "#", "COMMITTED", "LOG END", "LAG"];

fn by_the_tool(stage: &Stage) -> Facts {
    rows(stage).into_iter().map(|row| row[..6].to_vec()).collect()
}

fn on_the_screen(screen: &Screen) -> Facts {
    screen.table("COMMITTED", &TITLES)
}

fn offsets(facts: Facts) -> Offsets {
    let number = |word: &String| word.parse().unwrap_or(-1);
    facts.into_iter().map(|row| (row[..3].to_vec(), [3, 4, 5].map(|column| number(&row[column])))).collect()
}

/// Why the tool's offsets cannot have been read between these two looks at the screen, if they cannot.
fn contradiction(before: &Offsets, told: &Offsets, after: &Offsets) -> Option<String> {
    if !(before.keys().eq(told.keys()) && told.keys().eq(after.keys())) {
        return Some(format!("not the same partitions: {before:?}, {told:?}, {after:?}"));
    }
    told.iter().find_map(|(partition, now)| {
        let (before, after) = (before[partition], after[partition]);
        // Offsets only grow.
        let between = (0..2).all(|i| before[i] <= now[i] && now[i] <= after[i]);
        let near = (now[2] - after[2]).abs() <= TOLERANCE;
        (!(between && near)).then(|| format!("{partition:?}: {before:?}, told {now:?}, {after:?}"))
    })
}

#[test]
fn groups_and_their_lag_are_kafkas() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.go("members");
    agree(|| who_by_the_tool(&stage), || screen.table("COMMITTED", &["GROUP", "TOPIC", "#", "POD"]));
    let begun = Instant::now();
    loop {
        let before = offsets(on_the_screen(&screen));
        let told = offsets(by_the_tool(&stage));
        assert_eq!(told.len(), 18, "six partitions of audit and twelve of billing");
        // The next polls show what was so a moment ago.
        let caught_up = |after: &Offsets| {
            told.iter()
                .all(|(key, now)| after.get(key).is_some_and(|after| (0..2).all(|i| after[i] >= now[i])))
        };
        screen.waits("offsets as late as the tool's", |_| caught_up(&offsets(on_the_screen(&screen))));
        let Some(why) = contradiction(&before, &told, &offsets(on_the_screen(&screen))) else { break };
        assert!(begun.elapsed() < PATIENCE, "{why}");
    }
    // Where nobody writes and a reader is stopped, both tell the same to the last message.
    let silence = stage.fault(Fault::StopConsumer { deployment: "orders-producer".into() });
    let stopped = stage.fault(Fault::StopConsumer { deployment: "audit".into() });
    agree(|| by_the_tool(&stage), || on_the_screen(&screen));
    let lag = |(row, [.., lag]): (&Vec<String>, &[i64; 3])| (row[0] == "audit").then_some(*lag);
    let behind: i64 = offsets(on_the_screen(&screen)).iter().filter_map(lag).sum();
    assert!(behind > 0, "{}", screen.text());
    stopped.mend();
    silence.mend();
    screen.is_alive();
}
