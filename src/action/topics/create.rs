//! Create a topic.

use super::settings;
use crate::{
    action::{Act, Argument, Friction, Goal, Intent, Known, May, Note, Plan, Risk, Step, Verb, Write, words},
    domain::kafka::Kafka,
};
use std::time::Duration;

/// Source: Apache Kafka `Topic.MAX_NAME_LENGTH`.
const LONGEST: usize = 249;
/// More partitions than this are rather a slip of the finger.
const MANY: i32 = 1_000;

pub static CREATE: Verb = Verb {
    name: "create-topic",
    keys: &["n"],
    about: "create a topic",
    argument: Some(Argument {
        name: "NAME partitions=N rf=N SETTING=VALUE…",
        proposal: |_, _| String::new(),
        choices: |_, _| Vec::new(),
        file: false,
    }),
    acts: &[May::always(Act::CreateTopic)],
    takes: |known, _| {
        let reached = known.world.snapshot.kafka.brokers.values().any(|b| b.registered);
        if reached { Ok(()) } else { Err("no Kafka broker is known yet".into()) }
    },
    alone: true,
    plan,
    ..Verb::PLAIN
};

/// What is typed. What is not given is the brokers' default.
#[derive(Debug, PartialEq)]
struct Wanted {
    name: String,
    partitions: Option<i32>,
    replication: Option<i16>,
    configs: Vec<(String, String)>,
}

fn parse(argument: &str) -> Result<Wanted, String> {
    let mut words = argument.split_whitespace();
    let name = words.next().ok_or("type the topic's name first, as in `orders partitions=6 rf=3`")?;
    check_name(name)?;
    let mut wanted = Wanted { name: name.to_string(), partitions: None, replication: None, configs: vec![] };
    for word in words {
        match word.split_once('=') {
            Some((key @ "partitions", _)) if wanted.partitions.is_some() => return Err(twice(key)),
            Some(("partitions", n)) => wanted.partitions = Some(number(n, "partitions")?),
            Some((key @ ("rf" | "replication-factor"), _)) if wanted.replication.is_some() => {
                return Err(twice(key));
            }
            Some(("rf" | "replication-factor", n)) => wanted.replication = Some(number(n, "replicas")?),
            _ => match settings::parse(word)? {
                (key, _) if wanted.configs.iter().any(|(k, _)| *k == key) => {
                    return Err(twice(&key));
                }
                (key, Some(value)) => wanted.configs.push((key, value)),
                (key, None) => return Err(format!("a new topic has no {key} that could be unset")),
            },
        }
    }
    Ok(wanted)
}

fn twice(key: &str) -> String {
    format!("{key} is given twice")
}

/// `6 partitions of 3 replicas`, exact: this is what is made.
fn extent(wanted: &Wanted) -> String {
    let many = |n: i32, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let partitions = wanted.partitions.map(|n| many(n, "partition"));
    let replicas = wanted.replication.map(|n| many(n.into(), "replica"));
    match (partitions, replicas) {
        (Some(partitions), Some(replicas)) => format!("{partitions} of {replicas}"),
        (Some(partitions), None) => format!("{partitions}, with as many replicas as is the brokers' default"),
        (None, Some(replicas)) => format!("as many partitions as is the brokers' default, of {replicas}"),
        (None, None) => "as many partitions and replicas as is the brokers' default".into(),
    }
}

fn number<T: std::str::FromStr + PartialOrd + Default>(text: &str, what: &str) -> Result<T, String> {
    let number = text.parse().ok().filter(|n: &T| *n > T::default());
    number.ok_or_else(|| format!("{text:?} is not a number of {what}; one is the least"))
}

/// Source: Apache Kafka `Topic.validate`.
fn check_name(name: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.contains('=') {
        return Err(format!("the topic's name comes first, not {name:?}"));
    }
    if !name.chars().all(legal) {
        return Err(format!("{name:?} is no name of a topic: letters, digits, dot, _ and - are allowed"));
    }
    if name == "." || name == ".." {
        return Err(format!("a topic cannot be called {name}"));
    }
    if name.len() > LONGEST {
        return Err(format!("the name has {} characters and {LONGEST} are the most", name.len()));
    }
    Ok(())
}

/// Names that differ in dots and underscores only are one name in metrics, and Kafka refuses the second.
fn collides(kafka: &Kafka, name: &str) -> Result<(), String> {
    if kafka.topics.contains_key(name) {
        return Err(format!("topic {name} exists already"));
    }
    let metric = |name: &str| name.replace('.', "_");
    let wanted = metric(name);
    match kafka.topics.keys().find(|known| metric(known) == wanted) {
        Some(known) => Err(format!("topic {name} differs from {known} by dots and underscores only")),
        None => Ok(()),
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    (CREATE.takes)(known, None)?;
    let wanted = parse(&intent.argument)?;
    let kafka = &known.world.snapshot.kafka;
    collides(kafka, &wanted.name)?;
    let brokers = kafka.brokers.values().filter(|b| b.registered).count();
    if let Some(rf) = wanted.replication.filter(|rf| usize::from(rf.unsigned_abs()) > brokers) {
        return Err(format!("{rf} replicas need as many brokers, and there are {brokers}"));
    }
    let mut plan = Plan::new(intent, format!("create topic {}", wanted.name), wanted.name.clone());
    plan.changes.push(format!("topic {} with {}", wanted.name, extent(&wanted)));
    plan.changes.extend(wanted.configs.iter().map(|(key, value)| format!("{key} = {value}")));
    plan.notes = notes(&wanted);
    plan.unknown.extend(words::doubt(known, "topics", &kafka.topics_feed));
    if wanted.partitions.is_some_and(|n| n > MANY) {
        (plan.risk, plan.friction) = (Risk::Elevated, Friction::Name);
        plan.notes.push(Note::warning("so many partitions weigh on every broker and controller"));
    }
    plan.commands.push(command(known, &wanted));
    let server = words::bootstrap(known);
    plan.undo = Some(format!("kafka-topics.sh {server} --delete --topic {}", words::sh(&wanted.name)));
    plan.steps.push(Step {
        title: plan.title.clone(),
        until: Goal::Topic { topic: wanted.name.as_str().into(), partitions: wanted.partitions.unwrap_or(1) },
        write: Write::CreateTopic {
            topic: wanted.name.as_str().into(),
            partitions: wanted.partitions.unwrap_or(-1),
            replication: wanted.replication.unwrap_or(-1),
            configs: wanted.configs,
        },
        patience: Duration::from_secs(60),
    });
    Ok(plan)
}

fn notes(wanted: &Wanted) -> Vec<Note> {
    let mut notes = settings::strangers(wanted.configs.iter().map(|(key, _)| key.as_str()));
    let min = wanted.configs.iter().find(|(key, _)| key == "min.insync.replicas");
    let min: Option<i16> = min.and_then(|(_, value)| value.parse().ok());
    match (wanted.replication, min) {
        (Some(1), _) => notes.push(Note::warning("with one replica it is offline whenever its broker is")),
        (Some(rf), Some(min)) if min >= rf => notes.push(Note::warning(format!(
            "with min.insync.replicas {min} of {rf} replicas no broker may go without acks=all being refused"
        ))),
        _ => {}
    }
    if wanted.name.starts_with("__") {
        notes.push(Note::warning("names that begin with __ are by custom Kafka's own"));
    }
    notes
}

fn command(known: &Known<'_>, wanted: &Wanted) -> String {
    let server = words::bootstrap(known);
    let mut line = format!("kafka-topics.sh {server} --create --topic {}", words::sh(&wanted.name));
    if let Some(n) = wanted.partitions {
        line += &format!(" --partitions {n}");
    }
    if let Some(n) = wanted.replication {
        line += &format!(" --replication-factor {n}");
    }
    for (key, value) in &wanted.configs {
        line += &format!(" --config {}", words::sh(&format!("{key}={value}")));
    }
    line
}
