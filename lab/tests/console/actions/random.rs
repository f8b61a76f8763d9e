//! Keys at random: without the one that confirms, and read-only with all of them, nothing is asked for.

use super::{hands::PLAN, outside::until, stage};
use crate::{
    screen::Screen,
    stage::{Stage, WIDE},
};
use castellan_lab::Context;
use castellan_terminal::Size;
use std::time::{SystemTime, UNIX_EPOCH};

/// What castellan asks for by POST and what changes nothing.
const HARMLESS: [&str; 4] = ["selfsubjectaccessreviews", "pods/portforward", "services/proxy", "pods/proxy"];
/// Esc where it cannot be taken for the beginning of another key.
const ESC: &str = "\x1b[27u";
const SMALL: Size = (120, 40);

/// What the API server was asked by castellan to change.
fn asked(stage: &Stage) -> Vec<String> {
    // The log is behind the answers by a moment: what comes later ends the wait.
    let mark = format!("mark-{}", seed());
    stage.kubectl(&format!("-n castellan create configmap {mark}"));
    until("the audit log has it", || stage.audit_log().contains(&mark));
    stage.kubectl(&format!("-n castellan delete configmap {mark}"));
    let changes =
        |request: &String| !HARMLESS.iter().any(|harmless| request.contains(&format!(" {harmless} ")));
    stage.asked().into_iter().filter(changes).collect()
}

/// What no producer and no broker changes by itself: topics, where they lie, configurations, the ends of
/// the topic that nobody writes to.
fn kafka(stage: &Stage) -> Vec<String> {
    let topics = stage.tool("kafka-topics.sh", "--describe");
    let still = |line: &str| line.split("\tLeader: ").next().unwrap_or_default().to_string();
    let placed =
        |line: &str| line.split("Replicas: ").nth(1).unwrap_or_default().split('\t').next().map(String::from);
    let mut all: Vec<String> =
        topics.lines().map(|line| format!("{} {:?}", still(line), placed(line))).collect();
    for kind in ["topics", "brokers"] {
        let told = stage.tool("kafka-configs.sh", &format!("--describe --entity-type {kind}"));
        all.extend(told.lines().map(String::from));
    }
    let quiet = "--topic-partitions scratch";
    all.extend(stage.tool("kafka-get-offsets.sh", quiet).lines().map(String::from));
    all.sort();
    all
}

#[track_caller]
fn assert_same(before: &[String], after: &[String]) {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    let (gone, new) = (only(before, after), only(after, before));
    assert!(gone.is_empty() && new.is_empty(), "before: {gone:#?}\nafter: {new:#?}");
}

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    now.as_nanos() as u64 | 1
}

/// Numbers at random (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// Every key that a keyboard sends, but for those that only end the program, stop it, or are left out.
fn keys(without: &str) -> Vec<String> {
    let plain = (' '..='~').chain((1_u8..=26).map(char::from)).chain(['\x1b', '\x7f']);
    let plain = plain.filter(|key| !"q\x03".contains(*key) && !without.contains(*key));
    let arrows = ["\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[5~", "\x1b[6~", "\x1b[3~", "\x1b[Z"];
    plain.map(String::from).chain(arrows.map(String::from)).collect()
}

/// Panes where actions are near, each with the key of one.
const NEAR: [(&str, &str); 8] = [
    ("brokers", "e"),
    ("topics", "\x04"),
    ("pods", "e"),
    ("statefulsets", "r"),
    ("deployments", "r"),
    ("nodes", "x"),
    ("partitions", "a"),
    ("reassignments", "x"),
];

/// Presses keys at random, every 20 of them after the key of an action; castellan is started again where
/// they ended it. How many plans were seen.
fn press(stage: &Stage, arguments: &[&str], count: usize, without: &str) -> usize {
    let seed = seed();
    eprintln!("seed {seed}");
    let (mut dice, keys) = (Dice(seed), keys(without));
    let start = || -> Screen {
        let screen = stage.start(Context::Admin, arguments, SMALL);
        screen.sees("Kafka live");
        screen
    };
    let (mut screen, mut plans) = (start(), 0);
    for _ in 0..count / 20 {
        if screen.has_ended() {
            screen = start();
        }
        let (pane, action) = NEAR[dice.below(NEAR.len())];
        // Out of whatever is open; where the pane is seen, what was pressed before has been read.
        screen.press_if_alive(&format!("{ESC}{ESC}{ESC}:{pane}\r"));
        screen.soon(|text| text.contains(&format!("── {pane}")));
        screen.press_if_alive(action);
        if !arguments.contains(&"--read-only") {
            plans += usize::from(screen.soon(|text| text.contains(PLAN)));
        }
        for _ in 0..20 {
            screen.press_if_alive(&keys[dice.below(keys.len())]);
        }
    }
    plans
}

#[test]
fn read_only_ten_thousand_keys_ask_for_nothing() {
    let stage = stage();
    let (before, kafka_before) = (asked(&stage).len(), kafka(&stage));
    press(&stage, &["--kafka", "kafka/kafka", "--read-only"], 10_000, "");
    assert_eq!(asked(&stage)[before..], [] as [String; 0]);
    assert_same(&kafka_before, &kafka(&stage));
}

#[test]
fn without_the_key_that_confirms_a_thousand_keys_ask_for_nothing() {
    let stage = stage();
    let (before, kafka_before) = (asked(&stage).len(), kafka(&stage));
    let plans = press(&stage, &["--kafka", "kafka/kafka"], 1_000, "y");
    assert!(plans > 0, "no plan was ever shown");
    // What a server would say to a plan may be asked without agreeing to it.
    let asked = asked(&stage).split_off(before);
    let writes: Vec<_> = asked.iter().filter(|request| !request.contains("?dryRun=All ")).collect();
    assert!(writes.is_empty(), "{writes:#?}");
    assert_same(&kafka_before, &kafka(&stage));
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.is_alive();
}
