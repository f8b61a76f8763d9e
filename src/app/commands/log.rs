//! Keys of a log.

use super::inspect::TAIL;
use crate::app::{
    Effect, Model,
    command::{Argument, Command, Scope, Section},
    sheet::{Log, Sheet},
};
use crate::{domain::ask::Ask, pane::Tone};
use std::time::Duration;

const LOG: Command = Command { section: Section::See, scopes: &[Scope::Log], ..Command::PLAIN };

pub static COMMANDS: &[Command] = &[
    Command {
        name: "log-window",
        keys: &["0", "1", "2", "3", "4", "5", "6"],
        about: "tail head 1m 5m 15m 30m 1h",
        argument: Some(Argument { name: "NUMBER", choices: |_| Vec::new() }),
        run: window,
        ..LOG
    },
    Command {
        name: "autoscroll",
        keys: &["s"],
        about: "autoscroll",
        run: |m, _| with_log(m, |log| log.pager.follow = !log.pager.follow),
        hint: 1,
        ..LOG
    },
    Command {
        name: "wrap",
        keys: &["w"],
        about: "wrap lines",
        scopes: &[Scope::Log, Scope::Reader],
        run: |m, _| {
            if let Some(pager) = m.sheets.last_mut().and_then(|s| s.pager_mut()) {
                pager.wrap = !pager.wrap;
                let said = if pager.wrap { "long lines are wrapped" } else { "long lines are cut" };
                m.say(Tone::Muted, said);
            }
        },
        hint: 2,
        ..LOG
    },
    Command {
        name: "timestamps",
        keys: &["t"],
        about: "timestamps",
        run: |m, _| ask_again(m, |log| log.query.timestamps = !log.query.timestamps),
        hint: 3,
        ..LOG
    },
    Command {
        name: "log-previous",
        keys: &["p"],
        about: "the previous run, or this",
        run: |m, _| {
            ask_again(m, |log| {
                log.query.previous = !log.query.previous;
                log.query.follow = !log.query.previous;
            });
        },
        hint: 5,
        ..LOG
    },
    Command {
        name: "container",
        keys: &["tab"],
        about: "next container",
        when: |m| match m.sheets.last() {
            Some(Sheet::Log(log)) if log.containers.len() > 1 => Ok(()),
            _ => Err("the pod has one container".into()),
        },
        run: |m, _| ask_again(m, next_container),
        hint: 4,
        ..LOG
    },
    Command {
        name: "clear",
        keys: &["shift-c"],
        about: "clear",
        run: |m, _| {
            with_log(m, |log| log.pager.clear());
            m.say(Tone::Muted, "cleared; new lines follow");
        },
        ..LOG
    },
];

fn with_log(model: &mut Model, change: impl FnOnce(&mut Log)) {
    if let Some(Sheet::Log(log)) = model.sheets.last_mut() {
        change(log);
    }
}

/// Changes what is read, and reads it from the start.
fn ask_again(model: &mut Model, change: impl FnOnce(&mut Log)) {
    let Some(Sheet::Log(log)) = model.sheets.last_mut() else { return };
    change(log);
    log.pager.clear();
    log.pager.follow = !log.head;
    log.state = "asking the API server".into();
    let (old, query) = (log.ask, log.query.clone());
    model.effect(Effect::Cancel(old));
    let id = model.ask(Ask::Logs(query));
    with_log(model, |log| log.ask = id);
}

fn next_container(log: &mut Log) {
    let now = log.query.container.as_ref().and_then(|c| log.containers.iter().position(|k| k == c));
    let next = now.map_or(0, |at| (at + 1) % log.containers.len());
    log.query.container = log.containers.get(next).cloned();
}

/// Source: k9s's keys: 0 tail, 1 head, 2 1m, 3 5m, 4 15m, 5 30m, 6 1h.
fn window(model: &mut Model, key: &str) {
    let minutes = match key.chars().last() {
        Some('2') => Some(1),
        Some('3') => Some(5),
        Some('4') => Some(15),
        Some('5') => Some(30),
        Some('6') => Some(60),
        _ => None,
    };
    let head = key.ends_with('1');
    ask_again(model, |log| {
        log.head = head;
        log.query.since = minutes.map(|m| Duration::from_secs(m * 60));
        log.query.tail = (!head && minutes.is_none()).then_some(TAIL);
    });
}
