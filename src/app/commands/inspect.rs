//! Looking closer at what is selected.

use super::see::selected;
use crate::{
    app::{
        Model,
        command::{Argument, Command, Scope, Section},
        messages::Messages,
        operations,
        pager::Pager,
        sheet::{Log, Reader, Sheet, Subject},
        text,
    },
    domain::{
        Text,
        ask::{Ask, LogQuery},
        kubernetes::{ContainerKind, Key},
        object::{Kind, Object},
    },
    pane::{Tone, describe},
};

const ACT: Command = Command { section: Section::Act, scopes: &[Scope::Table], ..Command::PLAIN };
const ON_OBJECTS: &[Scope] = &[Scope::Table, Scope::Reader];

pub static COMMANDS: &[Command] = &[
    Command {
        name: "open",
        keys: &["enter"],
        about: "open",
        when: selected,
        run: |m, _| open(m),
        hint: 1,
        ..ACT
    },
    Command {
        name: "describe",
        keys: &["d"],
        about: "describe",
        scopes: ON_OBJECTS,
        when: describable,
        run: |m, _| open_description(m),
        hint: 20,
        ..ACT
    },
    Command {
        name: "yaml",
        keys: &["y"],
        about: "YAML",
        scopes: ON_OBJECTS,
        when: |m| manifest(m).map(drop),
        run: |m, _| open_yaml(m),
        hint: 21,
        ..ACT
    },
    Command {
        name: "logs",
        keys: &["l"],
        about: "logs",
        scopes: ON_OBJECTS,
        when: |m| pod(m).map(drop),
        run: |m, _| open_log(m, false),
        hint: 10,
        ..ACT
    },
    Command {
        name: "previous-logs",
        keys: &["p"],
        about: "logs before the restart",
        scopes: ON_OBJECTS,
        when: |m| pod(m).map(drop),
        run: |m, _| open_log(m, true),
        ..ACT
    },
    Command {
        name: "messages",
        keys: &["m"],
        about: "messages",
        when: |m| topic(m).map(drop),
        run: |m, _| open_messages(m),
        hint: 11,
        ..ACT
    },
    Command {
        name: "browse",
        about: "messages of a topic",
        argument: Some(Argument {
            name: "TOPIC",
            choices: |m| m.snapshot.kafka.topics.keys().map(|t| t.to_string()).collect(),
        }),
        run: browse,
        section: Section::Act,
        ..Command::PLAIN
    },
];

/// Where Enter leads: what belongs to the object, else its description.
fn open(model: &mut Model) {
    let Some(object) = model.selected().cloned() else { return };
    match &object {
        Object::Cluster(name) => return choose_cluster(model, name.clone()),
        Object::Context(name) => {
            let said = format!("a session keeps its context; quit and run: castellan --context {name}");
            return model.say(Tone::Plain, text::clean(&said).into_owned());
        }
        _ => {}
    }
    let place = model.screen().table().and_then(|t| t.drill(&model.world(), &object));
    match place {
        Some(place) => model.go(&place),
        None => open_description(model),
    }
}

/// Joins another of the found Kafka clusters.
pub fn choose_cluster(model: &mut Model, name: Text) {
    if let Some(reason) = operations::hold(model).filter(|_| model.derived.cluster.as_ref() != Some(&name)) {
        return model.say(Tone::Warning, reason);
    }
    if !model.wishes.bootstrap.is_empty() {
        return model
            .say(Tone::Warning, "this session reads the servers that were given; start without them");
    }
    model.say(Tone::Plain, format!("Kafka cluster {}", text::clean(&name)));
    model.cluster = Some(name);
    // The sources turn to it now, not when something happens to change.
    model.derive();
    let back = model.at.checked_sub(1);
    model.travel(back);
}

fn describable(model: &Model) -> Result<(), String> {
    let open = model.sheets.last();
    if let Some(Sheet::Reader(Reader { subject: Subject::Description(_), .. })) = open {
        return Err("this is the description".into());
    }
    selected(model)
}

fn open_description(model: &mut Model) {
    let Some(object) = model.selected().cloned() else { return };
    // A finding is sentences, everything else names and values in columns.
    let sentences = matches!(object, Object::Finding(_));
    let mut pager = if sentences { Pager::sentences() } else { Pager::default() };
    pager.extend(describe::describe(&model.world(), &object).iter().map(String::as_str));
    let title = match &object {
        // What it is about stands in it.
        Object::Finding(_) => object.noun().to_string(),
        _ => format!("{} {}", object.noun(), text::clean(&object.name())),
    };
    let reader = Reader { subject: Subject::Description(object), title, pager, state: String::new() };
    model.sheets.push(Sheet::Reader(reader));
}

/// A description follows the world.
pub fn describe_again(model: &mut Model) {
    let Some(Sheet::Reader(Reader { subject: Subject::Description(object), .. })) = model.sheets.last()
    else {
        return;
    };
    let lines = describe::describe(&model.world(), object);
    if let Some(Sheet::Reader(reader)) = model.sheets.last_mut()
        && !lines.is_empty()
    {
        reader.pager.replace(lines.iter().map(String::as_str));
    } else if let Some(Sheet::Reader(reader)) = model.sheets.last_mut() {
        reader.state = "it is gone; this is what was last known".into();
    }
}

/// The Kubernetes object behind what is selected: a broker's is its pod.
fn manifest(model: &Model) -> Result<(Kind, Key, Object), String> {
    selected(model)?;
    match model.subject() {
        Some(object @ Object::Kube { kind, key, .. }) => Ok((*kind, key.clone(), object.clone())),
        Some(Object::Broker(_)) => pod(model).map(|key| {
            let uid = model.snapshot.kubernetes.pods.get(&key).map(|p| p.meta.uid.clone());
            let object = Object::Kube { kind: Kind::Pod, key: key.clone(), uid: uid.unwrap_or_default() };
            (Kind::Pod, key, object)
        }),
        Some(other) => Err(format!("a {} has no manifest in Kubernetes", other.noun())),
        None => Err("nothing is selected".into()),
    }
}

fn open_yaml(model: &mut Model) {
    let Ok((kind, key, object)) = manifest(model) else { return };
    let title = format!("YAML of {} {}", object.noun(), text::clean(&key.to_string()));
    let ask = model.ask(Ask::Yaml { kind, key });
    let subject = Subject::Yaml(object, ask);
    let reader = Reader { subject, title, pager: Pager::default(), state: "asking the API server".into() };
    model.sheets.push(Sheet::Reader(reader));
}

/// The pod whose log is meant: the selected one, or a broker's.
fn pod(model: &Model) -> Result<Key, String> {
    selected(model)?;
    match model.subject() {
        Some(Object::Kube { kind: Kind::Pod, key, .. }) => Ok(key.clone()),
        Some(Object::Broker(id)) => {
            let pod = model.derived.joined.broker(*id).and_then(|row| row.pod.clone());
            pod.map(|(key, _)| key).ok_or_else(|| format!("no pod is known of broker {id}"))
        }
        Some(reader @ (Object::Member(..) | Object::GroupPartition(..))) => {
            let pod = crate::pane::reader_pod(&model.world(), reader);
            pod.ok_or_else(|| "no pod is known of who reads it".into())
        }
        Some(other) => Err(format!("a {} has no log; open its pods", other.noun())),
        None => Err("nothing is selected".into()),
    }
}

/// Lines that a log begins with.
pub const TAIL: u32 = 500;

fn open_log(model: &mut Model, previous: bool) {
    let Ok(key) = pod(model) else { return };
    let known = model.snapshot.kubernetes.pods.get(&key);
    // The app's own containers first: they are what one looks for.
    let mut containers: Vec<_> = known.map_or(Vec::new(), |p| p.containers.iter().collect());
    containers.sort_by_key(|c| c.kind != ContainerKind::Main);
    let containers: Vec<Text> = containers.into_iter().map(|c| c.name.clone()).collect();
    let query = LogQuery {
        pod: key,
        container: containers.first().cloned().filter(|_| containers.len() > 1),
        follow: !previous,
        previous,
        since: None,
        tail: Some(TAIL),
        timestamps: false,
    };
    let ask = model.ask(Ask::Logs(query.clone()));
    let pager = Pager::following();
    let state = "asking the API server".into();
    model.sheets.push(Sheet::Log(Log { ask, query, containers, pager, state, head: false }));
}

/// The topic and partition whose messages are meant.
fn topic(model: &Model) -> Result<(Text, Option<i32>), String> {
    selected(model)?;
    match model.subject() {
        Some(Object::Topic(t)) => Ok((t.clone(), None)),
        Some(Object::Partition(t, p) | Object::GroupPartition(_, t, p)) => Ok((t.clone(), Some(*p))),
        Some(other) => Err(format!("a {} has no messages; select a topic or a partition", other.noun())),
        None => Err("nothing is selected".into()),
    }
}

fn open_messages(model: &mut Model) {
    if let Ok((name, partition)) = topic(model) {
        read_topic(model, name, partition);
    }
}

fn browse(model: &mut Model, name: &str) {
    if name.is_empty() {
        return model.say(Tone::Warning, "which topic? :browse TOPIC");
    }
    if let Some((known, _)) = model.snapshot.kafka.topics.get_key_value(name) {
        let known = known.clone();
        read_topic(model, known, None);
    } else {
        let near = crate::suggest::nearest(name, model.snapshot.kafka.topics.keys().map(|t| &**t));
        let hint = near.map_or(String::new(), |n| format!("; did you mean {n}?"));
        model.say(Tone::Warning, format!("no topic \"{name}\" is known{hint}"));
    }
}

fn read_topic(model: &mut Model, topic: Text, partition: Option<i32>) {
    let mut sheet = Messages::new(topic, partition, Default::default());
    sheet.ask = model.ask(Ask::Messages(sheet.query.clone()));
    model.sheets.push(Sheet::Messages(Box::new(sheet)));
}
