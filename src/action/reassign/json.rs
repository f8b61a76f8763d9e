//! The JSON of kafka-reassign-partitions, both ways.
//!
//! Source: Apache Kafka `ReassignPartitionsCommand`: version 1; no partition twice, no empty or repeated
//! replicas, only brokers of the cluster.

use super::planner::Change;
use crate::{
    action::words,
    domain::kafka::{BrokerId, Kafka},
};
use serde::Deserialize;
use std::collections::HashSet;

/// So many characters of what is wrong with a file are said.
const SAID: usize = 120;

#[derive(Deserialize)]
struct File {
    version: Option<i64>,
    partitions: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    topic: String,
    partition: i32,
    replicas: Vec<i32>,
    #[serde(default)]
    log_dirs: Vec<String>,
}

/// What the file changes of how things are; every mistake in it is an error that names the partition.
pub fn read(text: &str, kafka: &Kafka) -> Result<Vec<Change>, String> {
    let file = parse(text)?;
    if file.version != Some(1) {
        return Err("the reassignment JSON is not of version 1".into());
    }
    if file.partitions.is_empty() {
        return Err("the reassignment JSON names no partition".into());
    }
    let mut seen = HashSet::new();
    let mut changes = Vec::new();
    for line in &file.partitions {
        if !seen.insert((&line.topic, line.partition)) {
            return Err(format!("the reassignment JSON names {} twice", name(line)));
        }
        changes.extend(change(line, kafka)?);
    }
    changes.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    Ok(changes)
}

/// What `--generate` prints is taken, too: the current assignment and then the proposed one, each under a
/// heading; the proposed one is meant.
fn parse(text: &str) -> Result<File, String> {
    let documents: Vec<&str> =
        text.lines().map(str::trim).filter(|line| line.starts_with("{\"version\"")).collect();
    let text = match documents.as_slice() {
        [_, proposed] => proposed,
        _ => text,
    };
    serde_json::from_str(text).map_err(|e| {
        let why: String = e.to_string().chars().take(SAID).collect();
        format!("this is not the JSON of kafka-reassign-partitions: {why}")
    })
}

/// Names in a file may hold anything, control characters, too.
fn name(line: &Line) -> String {
    let quoted = format!("{:?}", line.topic);
    let topic = if quoted.len() == line.topic.len() + 2 { &line.topic } else { &quoted };
    format!("{topic}-{}", line.partition)
}

fn change(line: &Line, kafka: &Kafka) -> Result<Option<Change>, String> {
    let unknown = || format!("there is no partition {}", name(line));
    let (topic, known) = kafka.topics.get_key_value(line.topic.as_str()).ok_or_else(unknown)?;
    let partition = known.partition(line.partition).ok_or_else(unknown)?;
    let to: Vec<BrokerId> = line.replicas.iter().copied().map(BrokerId).collect();
    if to.is_empty() {
        return Err(format!("the reassignment JSON gives {} no replicas", name(line)));
    }
    for (i, id) in to.iter().enumerate() {
        if to[..i].contains(id) {
            return Err(format!("the reassignment JSON puts two replicas of {} on broker {id}", name(line)));
        }
        let registered = kafka.brokers.get(id).is_some_and(|b| b.registered);
        // What is on a broker that is away may stay there.
        if !registered && !partition.replicas.contains(*id) {
            return Err(format!(
                "the reassignment JSON puts {} on broker {id}, which is not registered",
                name(line)
            ));
        }
    }
    dirs(line)?;
    let from = partition.replicas.to_vec();
    let bytes = kafka.sizes.partition(topic, line.partition);
    Ok((from != to).then(|| Change { topic: topic.clone(), partition: line.partition, from, to, bytes }))
}

fn dirs(line: &Line) -> Result<(), String> {
    if !line.log_dirs.is_empty() && line.log_dirs.len() != line.replicas.len() {
        return Err(format!("the reassignment JSON gives {} not as many log dirs as replicas", name(line)));
    }
    match line.log_dirs.iter().find(|dir| *dir != "any") {
        None => Ok(()),
        Some(dir) => Err(format!(
            "castellan does not choose log dirs; write \"any\" in place of {dir:?} for {}, or use \
             kafka-reassign-partitions.sh",
            name(line)
        )),
    }
}

/// One line a partition. Without log dirs any will do, to Kafka's tool, too.
pub fn write<'a>(lines: impl IntoIterator<Item = (&'a str, i32, &'a [BrokerId])>) -> String {
    let line = |(topic, partition, replicas): (&str, i32, &[BrokerId])| {
        let (topic, replicas) = (serde_json::Value::from(topic), words::replicas(replicas));
        format!("{{\"topic\":{topic},\"partition\":{partition},\"replicas\":{replicas}}}")
    };
    let lines: Vec<String> = lines.into_iter().map(line).collect();
    format!("{{\"version\":1,\"partitions\":[\n{}\n]}}", lines.join(",\n"))
}

/// How the changed partitions are to be.
pub fn after(changes: &[Change]) -> String {
    write(changes.iter().map(|c| (&*c.topic, c.partition, &c.to[..])))
}

/// How the changed partitions are: what puts them back.
pub fn before(changes: &[Change]) -> String {
    write(changes.iter().map(|c| (&*c.topic, c.partition, &c.from[..])))
}
