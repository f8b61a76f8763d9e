//! Alter topics' settings.

use super::{
    freed, ids, selected,
    settings::{self, Setting},
};
use crate::{
    action::{
        Act, Argument, Friction, Goal, Intent, Known, May, Note, Plan, Risk, Step, Verb, Write, words,
        write::{ConfigChange, ConfigHow, ConfigOf},
    },
    domain::{
        human,
        kafka::{Topic, TopicConfig},
        object::Object,
    },
};
use std::time::Duration;

/// What was written is read again at once, but brokers may be slow to answer.
const PATIENCE: Duration = Duration::from_secs(300);
/// Topics that are altered by one step.
const BATCH: usize = 100;

pub static ALTER: Verb = Verb {
    name: "alter-config",
    keys: &["="],
    about: "alter settings",
    argument: Some(Argument {
        name: "SETTING=VALUE… SETTING-…",
        proposal: |_, _| String::new(),
        choices,
        file: false,
    }),
    acts: &[May::always(Act::SetTopic)],
    takes: |known, object| selected(known, object).map(drop),
    many: true,
    plan,
    ..Verb::PLAIN
};

/// What is set on the topic first, then every name.
fn choices(known: &Known<'_>, objects: &[Object]) -> Vec<String> {
    let topic = selected(known, objects.first()).ok();
    let set = topic.and_then(|t| t.config.as_ref()).into_iter().flat_map(|c| &c.overrides);
    let set: Vec<String> = set.map(|(name, value)| format!("{name}={value}")).collect();
    set.into_iter().chain(settings::names().map(|name| format!("{name}="))).collect()
}

fn parse(argument: &str) -> Result<Vec<Setting>, String> {
    let mut wanted: Vec<Setting> = Vec::new();
    for word in argument.split_whitespace() {
        let setting = settings::parse(word)?;
        if wanted.iter().any(|(name, _)| *name == setting.0) {
            return Err(format!("{} is given twice", setting.0));
        }
        wanted.push(setting);
    }
    if wanted.is_empty() {
        return Err("type `name=value` to set something, `name-` to unset it".into());
    }
    Ok(wanted)
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let wanted = parse(&intent.argument)?;
    let topics: Vec<&Topic> =
        intent.objects.iter().map(|object| selected(known, Some(object))).collect::<Result<_, _>>()?;
    let (title, name) = match topics.as_slice() {
        [] => return Err("select a topic first".into()),
        [one] => (format!("alter settings of {}", one.name), one.name.to_string()),
        many => {
            let n = human::plural(many.len(), "topic");
            (format!("alter settings of {n}"), n)
        }
    };
    let mut plan = Plan::new(intent, title, name);
    let kafka = &known.world.snapshot.kafka;
    plan.unknown.extend(words::doubt(known, "topics' settings", &kafka.configs_feed));
    plan.notes = settings::strangers(wanted.iter().map(|(name, _)| name.as_str()));
    freed::tell(known, &mut plan, &topics, &wanted);
    let (mut undo, mut altered) = (Vec::new(), Vec::new());
    for topic in topics {
        let changed: Vec<Setting> = wanted.iter().filter(|s| differs(topic, s)).cloned().collect();
        if changed.is_empty() {
            continue;
        }
        for setting in &changed {
            plan.changes.push(line(topic, setting));
            consequences(&mut plan, topic, setting);
        }
        let before: Vec<Setting> = changed.iter().map(|(name, _)| (name.clone(), own(topic, name))).collect();
        plan.commands.push(command(known, topic, &changed));
        undo.push(command(known, topic, &before));
        altered.push((topic, changed));
    }
    if altered.is_empty() {
        return Err("that is how it is set already".into());
    }
    plan.steps = altered.chunks(BATCH).map(|batch| step(known, batch)).collect();
    if plan.risk == Risk::Loss {
        plan.friction = Friction::Name;
    }
    plan.undo = Some(undo.join("\n"));
    Ok(plan)
}

fn step(known: &Known<'_>, batch: &[(&Topic, Vec<Setting>)]) -> Step {
    let changes = batch.iter().flat_map(|(topic, settings)| {
        settings.iter().map(|(name, value)| ConfigChange {
            of: ConfigOf::Topic(topic.name.clone()),
            name: name.clone(),
            how: value.clone().map_or(ConfigHow::Remove, ConfigHow::Set),
        })
    });
    let changes: Vec<ConfigChange> = changes.collect();
    let names = batch.iter().map(|(topic, _)| &topic.name);
    Step {
        title: format!("alter settings of {}", human::list(names.clone(), 3)),
        write: Write::Configure { changes: changes.clone(), ids: ids(known, names) },
        until: Goal::Settings { changes },
        patience: PATIENCE,
    }
}

/// The value that is set on the topic itself.
fn own(topic: &Topic, name: &str) -> Option<String> {
    let config = topic.config.as_ref()?;
    config.overrides.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

/// Of the settings whose values are read in any case, the one that holds.
fn effective(config: &TopicConfig, name: &str) -> Option<String> {
    match name {
        "min.insync.replicas" => Some(config.min_insync.to_string()),
        "retention.ms" => Some(config.retention_ms.to_string()),
        "retention.bytes" => Some(config.retention_bytes.to_string()),
        "cleanup.policy" => Some(config.cleanup.clone()),
        _ => None,
    }
}

/// What is not read yet may differ.
fn differs(topic: &Topic, (name, value): &Setting) -> bool {
    topic.config.is_none() || own(topic, name) != *value
}

fn line(topic: &Topic, (name, value): &Setting) -> String {
    let before = match (&topic.config, own(topic, name)) {
        (None, _) => "not read yet".to_string(),
        (_, Some(value)) => value,
        (Some(config), None) => match effective(config, name) {
            Some(value) => format!("default ({value})"),
            None => "default".to_string(),
        },
    };
    let after = value.as_deref().unwrap_or("default");
    format!("{}  {name}: {before} -> {after}", topic.name)
}

/// What follows from the settings that decide over data and writes.
fn consequences(plan: &mut Plan, topic: &Topic, (name, value): &Setting) {
    let watched = ["retention.ms", "retention.bytes", "cleanup.policy", "min.insync.replicas"];
    if !watched.contains(&name.as_str()) {
        if (name.as_str(), value.as_deref()) == ("unclean.leader.election.enable", Some("true")) {
            plan.risk = plan.risk.max(Risk::Elevated);
            plan.notes.push(Note::warning("an unclean election loses the messages that its leader lacks"));
        }
        return;
    }
    let (Some(config), Some(value)) = (&topic.config, value) else {
        plan.risk = plan.risk.max(Risk::Elevated);
        let line = format!("what {name} of {} falls back to, or is now", topic.name);
        return plan.unknown.push(line);
    };
    match name.as_str() {
        "min.insync.replicas" => raise_min(plan, topic, value),
        "cleanup.policy" => cleanup(plan, topic, config, value),
        _ => retention(plan, topic, config, name, value),
    }
}

/// −1 keeps for ever.
fn retention(plan: &mut Plan, topic: &Topic, config: &TopicConfig, name: &str, value: &str) {
    let before = if name == "retention.ms" { config.retention_ms } else { config.retention_bytes };
    let endless = |n: i64| if n < 0 { i64::MAX } else { n };
    let Ok(after) = value.parse::<i64>() else { return };
    if endless(after) < endless(before) && config.cleanup.contains("delete") {
        plan.risk = Risk::Loss;
        plan.notes
            .push(Note::warning(format!("{}: what is beyond the new {name} is deleted soon", topic.name)));
    }
}

fn cleanup(plan: &mut Plan, topic: &Topic, config: &TopicConfig, value: &str) {
    let begins = |policy: &str| value.contains(policy) && !config.cleanup.contains(policy);
    for (policy, what) in [
        ("delete", "messages older than its retention are deleted soon"),
        ("compact", "of each key all messages but the last are deleted soon, and keyless ones are refused"),
    ] {
        if begins(policy) {
            plan.risk = Risk::Loss;
            plan.notes.push(Note::warning(format!("{}: {what}", topic.name)));
        }
    }
}

/// Partitions that have fewer in sync than is asked from then on.
fn raise_min(plan: &mut Plan, topic: &Topic, value: &str) {
    let (Some(before), Ok(after)) = (topic.min_insync(), value.parse::<usize>()) else { return };
    if after <= before {
        plan.risk = plan.risk.max(Risk::Low);
        plan.notes.push(Note::warning(format!("{}: acks=all is content with fewer replicas", topic.name)));
        return;
    }
    let mut under = Vec::new();
    for p in &topic.partitions {
        let name = || (topic.name.clone(), p.index);
        if p.isr.len() < after.min(p.replicas.len()) {
            under.push(name());
        } else if p.isr.len() == after && p.replicas.len() > after {
            plan.radius.at_min_isr.push(name());
        } else if p.replicas.len() <= after {
            plan.radius.unprotected.push(name());
        }
    }
    plan.risk = plan.risk.max(Risk::Low);
    if !plan.radius.unprotected.is_empty() {
        plan.risk = plan.risk.max(Risk::Elevated);
        plan.notes.push(Note::warning(format!(
            "{}: with min.insync.replicas {after} it has no replica to spare: each restart of a broker stops \
             acks=all",
            topic.name
        )));
    }
    if !under.is_empty() {
        plan.risk = plan.risk.max(Risk::Outage);
        plan.refusals.push(format!(
            "{} of {} with fewer than {after} in sync would refuse acks=all at once: {}",
            human::plural(under.len(), "partition"),
            topic.name,
            words::partitions(&under, 3)
        ));
        plan.radius.under_min_isr.extend(under);
    }
}

/// A value with commas is put in brackets.
fn command(known: &Known<'_>, topic: &Topic, settings: &[Setting]) -> String {
    let server = words::bootstrap(known);
    let name = words::sh(&topic.name);
    let mut line = format!("kafka-configs.sh {server} --alter --entity-type topics --entity-name {name}");
    let set = settings.iter().filter_map(|(name, value)| {
        let value = value.as_ref()?;
        Some(if value.contains(',') { format!("{name}=[{value}]") } else { format!("{name}={value}") })
    });
    let unset = settings.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name.clone());
    for (option, words) in [("--add-config", set.collect::<Vec<_>>()), ("--delete-config", unset.collect())] {
        if !words.is_empty() {
            line += &format!(" {option} {}", words::sh(&words.join(",")));
        }
    }
    line
}
