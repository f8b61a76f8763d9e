//! What kubectl says.

use super::agree;
use crate::stage::{WIDE, stage};
use castellan_lab::Context;

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
