//! The same facts at the same moment from kubectl and from Kafka's own tools.

use crate::stage::{PATIENCE, Screen, WIDE, stage, under};
use castellan_lab::Context;
use std::{collections::BTreeSet, time::Instant};

type Facts = BTreeSet<Vec<String>>;

/// Both are read until they agree: neither is read in no time, and the cluster moves.
#[track_caller]
fn agree(theirs: impl Fn() -> Facts, ours: impl Fn() -> Facts) {
    let begun = Instant::now();
    loop {
        let (before, shown, after) = (ours(), theirs(), ours());
        assert!(!shown.is_empty(), "the tool tells nothing");
        if before == shown || after == shown {
            return;
        }
        if begun.elapsed() > PATIENCE {
            let only = |a: &Facts, b: &Facts| a.difference(b).cloned().collect::<Vec<_>>();
            panic!("only theirs: {:#?}\nonly ours: {:#?}", only(&shown, &after), only(&after, &shown));
        }
    }
}

/// Rows of the table whose heading line contains `mark`, the words under `titles` of each.
fn table(screen: &Screen, mark: &str, titles: &[&str]) -> Facts {
    let text = screen.text();
    let mut lines = text.lines().skip_while(|line| !line.contains(mark));
    let head = lines.next().unwrap_or_default();
    let rows = lines.take_while(|line| !line.is_empty());
    rows.map(|row| titles.iter().map(|title| under(head, row, title).replace(',', "")).collect()).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| word.to_string()).collect()
}

#[test]
fn pods_are_kubectls() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.go("pods");
    // The restarts' "(5s ago)" passes between two looks; the number does not.
    let facts = |line: &str| {
        let all: Vec<&str> = line.split_whitespace().filter(|word| *word != "▌").collect();
        (all.len() > 5).then(|| (words(&all[..5]), seconds(all[all.len() - 1])))
    };
    let theirs =
        || -> Vec<_> { stage.kubectl("get pods -A --no-headers").lines().filter_map(facts).collect() };
    let ours = || -> Vec<_> {
        let text = screen.text();
        let rows = text.lines().skip_while(|line| !line.contains("NAMESPACE  NAME")).skip(1);
        rows.take_while(|row| !row.is_empty()).filter_map(facts).collect()
    };
    let names = |pods: Vec<(Vec<String>, u64)>| pods.into_iter().map(|(words, _)| words).collect();
    agree(|| names(theirs()), || names(ours()));
    let ages = |pods: Vec<(Vec<String>, u64)>| pods.into_iter().map(|(words, age)| (words[1].clone(), age));
    let shown: Vec<_> = ages(ours()).collect();
    for (pod, age) in ages(theirs()) {
        let near = |(name, shown): &&(String, u64)| *name == pod && shown.abs_diff(age) <= 10 + age / 10;
        assert!(shown.iter().any(|row| near(&row)), "{pod} is {age} s old: {shown:?}");
    }
}

/// `7m36s` in seconds.
fn seconds(age: &str) -> u64 {
    let mut number = 0;
    age.chars().fold(0, |sum, c| match c.to_digit(10) {
        Some(digit) => {
            number = number * 10 + u64::from(digit);
            sum
        }
        None => {
            let unit = match c {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                _ => 86400,
            };
            sum + std::mem::take(&mut number) * unit
        }
    })
}

#[test]
fn partitions_are_kafkas() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.go("partitions");
    let theirs = || {
        let told = stage.tool("kafka-topics.sh", "--describe");
        let value = |line: &str, key: &str| {
            let rest = line.split(&format!("{key}: ")).nth(1).unwrap_or_default();
            rest.split_whitespace().next().unwrap_or_default().replace(',', "")
        };
        let lines = told.lines().filter(|line| line.starts_with('\t'));
        lines
            .map(|line| {
                ["Topic", "Partition", "Leader", "Replicas"]
                    .map(|key| value(line, key))
                    .to_vec()
                    .into_iter()
                    .chain([sorted(&value(line, "Isr"))])
                    .collect()
            })
            .collect()
    };
    let ours = || {
        let rows = table(&screen, "LEADER", &["TOPIC", "#", "LEADER", "REPLICAS", "IN SYNC"]);
        rows.into_iter()
            .map(|mut row| {
                row[4] = sorted(&row[4]);
                row
            })
            .collect()
    };
    agree(theirs, ours);
}

/// Brokers of one digit in the order of their numbers: an ISR is a set.
fn sorted(ids: &str) -> String {
    let ids: BTreeSet<char> = ids.chars().collect();
    ids.into_iter().collect()
}
