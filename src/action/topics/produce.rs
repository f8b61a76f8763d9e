//! Write one message: `[partition=N] [key=K] VALUE…`. A key without a value is a tombstone.

use super::selected;
use crate::{
    action::{
        Act, Argument, Goal, Intent, Known, May, Note, Plan, Risk, Step, Verb, Write, words, write::Content,
    },
    domain::{derived::refuses, human, kafka::Topic, object::Object},
};
use std::time::Duration;

/// So much of a message is shown.
const SHOWN: usize = 60;

pub static PRODUCE: Verb = Verb {
    name: "produce",
    // `w` wraps the lines of a text, and with shift a letter sorts.
    keys: &["ctrl-p"],
    about: "write a message",
    argument: Some(Argument {
        name: "[partition=N] [key=K] VALUE",
        proposal: |_, objects| match objects.first() {
            Some(Object::Partition(_, partition)) => format!("partition={partition} "),
            _ => String::new(),
        },
        choices: |_, _| Vec::new(),
        file: false,
    }),
    acts: &[May::always(Act::Produce)],
    takes: |known, object| taken(known, object).map(drop),
    private: true,
    plan,
    ..Verb::PLAIN
};

fn taken<'a>(known: &Known<'a>, object: Option<&Object>) -> Result<&'a Topic, String> {
    let topic = match object {
        Some(Object::Partition(topic, _)) => selected(known, Some(&Object::Topic(topic.clone())))?,
        other => selected(known, other)?,
    };
    if topic.internal {
        return Err(format!("{} is Kafka's own: nothing but Kafka writes to it", topic.name));
    }
    Ok(topic)
}

#[derive(Debug, PartialEq, Eq)]
struct Message<'a> {
    partition: Option<i32>,
    key: Option<&'a str>,
    value: Option<&'a str>,
}

/// What comes after the options is the value, with its inner spaces.
fn parse(argument: &str) -> Result<Message<'_>, String> {
    let mut message = Message { partition: None, key: None, value: None };
    let mut rest = argument.trim();
    loop {
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match word.split_once('=') {
            Some(("partition", n)) if message.partition.is_none() => {
                let number = n.parse().map_err(|_| format!("{n:?} is not the number of a partition"))?;
                message.partition = Some(number);
            }
            Some(("key", key)) if message.key.is_none() => message.key = Some(key),
            _ => break,
        }
        rest = after.trim_start();
    }
    message.value = Some(rest).filter(|value| !value.is_empty());
    if message.value.is_none() && message.key.is_none() {
        return Err("type the message, as in `key=42 hello`; a key alone is a tombstone".into());
    }
    Ok(message)
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let topic = taken(known, intent.objects.first())?;
    let mut message = parse(&intent.argument)?;
    if let (None, Some(Object::Partition(_, partition))) = (message.partition, intent.objects.first()) {
        message.partition = Some(*partition);
    }
    if let Some(n) = message.partition.filter(|n| topic.partition(*n).is_none()) {
        return Err(format!("{} has no partition {n}; it has {}", topic.name, topic.partitions.len()));
    }
    let compacted = topic.config.as_ref().is_some_and(|c| c.cleanup.contains("compact"));
    if compacted && message.key.is_none() {
        return Err(format!(
            "{} is compacted and takes no message without a key: type key=K first",
            topic.name
        ));
    }
    let mut plan = Plan::new(intent, format!("write a message to {}", topic.name), &*topic.name);
    plan.risk = Risk::Low;
    plan.changes = changes(&message);
    plan.notes.push(Note::plain("whoever reads the topic gets it; it cannot be taken back"));
    refused(&mut plan, topic, message.partition);
    plan.commands = vec![command(known, topic, &message)];
    let content = |text: Option<&str>| text.map(|text| Content::Whole(text.into()));
    let (key, value) = (content(message.key), content(message.value));
    plan.steps.push(Step {
        title: title(topic, key.as_ref(), value.as_ref()),
        write: Write::Produce { topic: topic.name.clone(), partition: message.partition, key, value },
        until: Goal::Answered,
        patience: Duration::from_secs(60),
    });
    Ok(plan)
}

/// What is kept of it tells this one from others, and not what it says.
fn title(topic: &Topic, key: Option<&Content>, value: Option<&Content>) -> String {
    let key = key.map_or("no key".into(), |key| format!("key of {key}"));
    let value = value.map_or("no value".into(), |value| format!("value of {value}"));
    format!("write a message to {}: {key}; {value}", topic.name)
}

fn changes(message: &Message<'_>) -> Vec<String> {
    let short = |text: &str| -> String {
        let shown: String = text.chars().take(SHOWN).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        format!("{shown:?}{more} ({})", human::bytes(text.len() as u64))
    };
    let anywhere = match message.key {
        Some(_) => "where its key maps to",
        None => "in a partition of the client's choice",
    };
    let partition = message.partition.map_or(anywhere.into(), |n| format!("in partition {n}"));
    let mut lines = vec![match message.value {
        Some(value) => format!("one more message, {partition}: {}", short(value)),
        None => format!("one tombstone, {partition}: where it is compacted, the key goes"),
    }];
    lines.extend(message.key.map(|key| format!("key {}", short(key))));
    lines
}

/// acks=all is asked for.
fn refused(plan: &mut Plan, topic: &Topic, partition: Option<i32>) {
    let meant = topic.partitions.iter().filter(|p| partition.is_none_or(|n| p.index == n));
    let names: Vec<_> = meant
        .filter(|p| p.is_offline() || refuses(topic, p))
        .map(|p| (topic.name.clone(), p.index))
        .collect();
    if !names.is_empty() {
        plan.notes.push(Note::warning(format!(
            "no message is taken now by {}: offline or under min ISR",
            words::partitions(&names, 3)
        )));
    }
}

/// Kafka's own console producer cannot choose a partition.
fn command(known: &Known<'_>, topic: &Topic, message: &Message<'_>) -> String {
    let (server, name) = (words::bootstrap(known), words::sh(&topic.name));
    let value = words::sh(message.value.unwrap_or_default());
    if let Some(partition) = message.partition {
        let address = server.trim_start_matches("--bootstrap-server ").to_string();
        let run = format!("kcat -P -b {address} -t {name} -p {partition}");
        let key = message.key.map(words::sh);
        return match (key, message.value) {
            (Some(key), Some(_)) => format!("printf %s {value} | {run} -k {key}"),
            // An empty value after the key is null to it.
            (Some(key), None) => format!("printf '%s\\t\\n' {key} | {run} -K '\\t' -Z"),
            (None, _) => format!("printf %s {value} | {run}"),
        };
    }
    let run = format!("kafka-console-producer.sh {server} --topic {name}");
    match (message.key, message.value) {
        (None, _) => format!("printf '%s\\n' {value} | {run}"),
        (Some(key), Some(_)) => {
            format!("printf '%s\\t%s\\n' {} {value} | {run} --property parse.key=true", words::sh(key))
        }
        (Some(key), None) => format!(
            "printf '%s\\tNULL\\n' {} | {run} --property parse.key=true --property null.marker=NULL",
            words::sh(key)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_before_the_value() {
        let parsed = |text| parse(text).expect("a message");
        let message = |partition, key, value| Message { partition, key, value };
        assert_eq!(parsed("hello  world "), message(None, None, Some("hello  world")));
        assert_eq!(parsed("key=4 a=b"), message(None, Some("4"), Some("a=b")));
        assert_eq!(parsed("partition=2 key=x key=y"), message(Some(2), Some("x"), Some("key=y")));
        assert_eq!(parsed("key=x"), message(None, Some("x"), None));
        assert!(parse("  ").is_err() && parse("partition=1").is_err() && parse("partition=x y").is_err());
    }
}
