//! Keys of messages.

use crate::{
    app::{
        Effect, Model,
        command::{Argument, Command, Scope, Section},
        messages::Messages,
        pager::Pager,
        prompt::{Prompt, Purpose},
        sheet::{Reader, Sheet, Subject},
    },
    clock,
    domain::ask::{Ask, Start},
    pane::Tone,
};

const READ: Command = Command { section: Section::See, scopes: &[Scope::Messages], ..Command::PLAIN };
const NO_CHOICES: fn(&Model) -> Vec<String> = |_| Vec::new();

pub static COMMANDS: &[Command] = &[
    Command {
        name: "read-message",
        keys: &["enter"],
        about: "read in full",
        when: |m| {
            let shown = sheet(m).is_some_and(|s| !s.shown().is_empty());
            shown.then_some(()).ok_or("there is no message to read".into())
        },
        run: |m, _| read(m),
        section: Section::Act,
        hint: 1,
        ..READ
    },
    Command {
        name: "message-format",
        keys: &["v"],
        about: "text, JSON, hex",
        run: |m, _| {
            if let Some(s) = sheet_mut(m) {
                s.format = s.format.next();
            }
        },
        hint: 2,
        ..READ
    },
    Command {
        name: "message-follow",
        keys: &["f"],
        about: "follow",
        run: |m, _| again(m, |s| s.query.follow = !s.query.follow),
        hint: 3,
        ..READ
    },
    Command {
        name: "message-newest",
        keys: &["n"],
        about: "the newest N",
        argument: Some(Argument { name: "COUNT", choices: NO_CHOICES }),
        run: |m, typed| {
            start(m, "message-newest", typed, "100", |t, _| {
                Some(Start::Newest(t.parse().ok().filter(|n| *n > 0)?))
            })
        },
        hint: 4,
        ..READ
    },
    Command {
        name: "message-beginning",
        keys: &["b"],
        about: "from the beginning",
        run: |m, _| again(m, |s| s.start_at(Start::Beginning)),
        hint: 5,
        ..READ
    },
    Command {
        name: "message-offset",
        keys: &["o"],
        about: "from an offset",
        argument: Some(Argument { name: "OFFSET", choices: NO_CHOICES }),
        run: |m, typed| {
            start(m, "message-offset", typed, "0", |t, _| {
                Some(Start::Offset(t.parse().ok().filter(|o| *o >= 0)?))
            })
        },
        hint: 6,
        ..READ
    },
    Command {
        name: "message-time",
        keys: &["t"],
        about: "from a time",
        argument: Some(Argument { name: "TIME", choices: NO_CHOICES }),
        run: |m, typed| start(m, "message-time", typed, "15m", |t, now| clock::read(t, now).map(Start::Time)),
        hint: 7,
        ..READ
    },
    Command {
        name: "message-partition",
        keys: &["p"],
        about: "one partition, or all",
        argument: Some(Argument { name: "PARTITION", choices: partitions }),
        run: partition,
        hint: 8,
        ..READ
    },
];

fn sheet(model: &Model) -> Option<&Messages> {
    match model.sheets.last() {
        Some(Sheet::Messages(messages)) => Some(messages),
        _ => None,
    }
}

fn sheet_mut(model: &mut Model) -> Option<&mut Messages> {
    match model.sheets.last_mut() {
        Some(Sheet::Messages(messages)) => Some(messages),
        _ => None,
    }
}

/// Changes what is read, and reads it from there.
fn again(model: &mut Model, change: impl FnOnce(&mut Messages)) {
    let Some(messages) = sheet_mut(model) else { return };
    change(messages);
    let (old, query) = (messages.ask, messages.query.clone());
    model.effect(Effect::Cancel(old));
    let id = model.ask(Ask::Messages(query));
    if let Some(messages) = sheet_mut(model) {
        messages.restart(id);
    }
}

fn prompt(model: &mut Model, name: &'static str, text: &str) {
    model.prompt = Some(Prompt::new(Purpose::Argument(name), text));
}

/// Whether the argument is only the key that was pressed, so that it has to be asked for.
pub fn is_key(model: &Model, name: &'static str, typed: &str) -> bool {
    crate::app::command::find(name).is_some_and(|c| model.keymap.chords(c).any(|k| k.to_string() == typed))
}

fn start(
    model: &mut Model,
    name: &'static str,
    typed: &str,
    usual: &str,
    read: fn(&str, crate::domain::time::Time) -> Option<Start>,
) {
    if typed.is_empty() || is_key(model, name, typed) {
        return prompt(model, name, usual);
    }
    match read(typed, model.now) {
        Some(start) => again(model, |s| s.start_at(start)),
        None => {
            let hint = match name {
                "message-time" => "an age (15m), a time (14:05) or a date (2026-03-01 14:05), in UTC",
                _ => "a number",
            };
            model.say(Tone::Warning, format!("\"{typed}\" is not {hint}"));
        }
    }
}

fn partitions(model: &Model) -> Vec<String> {
    let topic = sheet(model).and_then(|s| model.snapshot.kafka.topics.get(&s.query.topic));
    let numbers = topic.map_or(Vec::new(), |t| t.partitions.iter().map(|p| p.index.to_string()).collect());
    std::iter::once("all".to_string()).chain(numbers).collect()
}

fn partition(model: &mut Model, typed: &str) {
    if typed.is_empty() || is_key(model, "message-partition", typed) {
        let present = sheet(model).and_then(|s| s.query.partition);
        prompt(model, "message-partition", &present.map_or("all".into(), |p| p.to_string()));
        return crate::app::palette::suggest(model);
    }
    let known = partitions(model);
    match typed.parse() {
        Ok(number) if known.len() == 1 || known.iter().any(|k| k == typed) => {
            again(model, |s| s.query.partition = Some(number));
        }
        _ if typed == "all" => again(model, |s| s.query.partition = None),
        _ => model.say(Tone::Warning, format!("\"{typed}\" is no partition of this topic")),
    }
}

fn read(model: &mut Model) {
    let Some(messages) = sheet_mut(model) else { return };
    if messages.selected().is_none() {
        messages.select_first_seen();
    }
    let Some(message) = messages.selected() else { return };
    let mut pager = Pager::wrapping();
    pager.extend(messages.in_full(message).iter().map(String::as_str));
    let title = format!("message {} of {}-{}", message.offset, messages.query.topic, message.partition);
    model.sheets.push(Sheet::Reader(Reader {
        subject: Subject::Message,
        title,
        pager,
        state: String::new(),
    }));
}
