//! What changes the cluster: the verbs' own commands, and the keys of a plan that waits.

use super::{messages::is_key, see::selected};
use crate::{
    action::{Friction, VERBS, Verb, course::Steer},
    app::{
        Effect, Model,
        command::{Argument, Command, Scope, Section},
        operations,
        prompt::{Prompt, Purpose},
        sheet::Sheet,
        steer,
    },
    domain::object::Object,
    pane::Tone,
};
use std::sync::LazyLock;

const CHANGE: Command = Command { section: Section::Change, ..Command::PLAIN };
/// On what is under way: from every screen by its name, by its key where it is selected.
const RUNBOOK: Command =
    Command { scopes: &[Scope::Table, Scope::Charts, Scope::Reader], by_key: steer::selected, ..CHANGE };
const PLAN: Command = Command { scopes: &[Scope::Confirm], ..CHANGE };
/// After what is looked at most, before what is the same everywhere.
const HINT: u8 = 30;

/// What asks for a name to be typed is not proposed before anything that is harmless.
const LATE: u8 = 60;

/// One command for each verb of the registry of actions.
static VERB_COMMANDS: LazyLock<Vec<Command>> = LazyLock::new(|| VERBS.iter().copied().map(command).collect());

pub fn verbs() -> impl Iterator<Item = &'static Command> {
    VERB_COMMANDS.iter()
}

fn command(verb: &'static Verb) -> Command {
    Command {
        name: verb.name,
        aliases: verb.aliases,
        keys: verb.keys,
        about: verb.about,
        scopes: &[Scope::Table, Scope::Reader],
        verb: Some(verb),
        hint: if verb.friction == Friction::Yes { HINT } else { LATE },
        ..CHANGE
    }
}

pub static COMMANDS: &[Command] = &[
    Command {
        name: "confirm",
        keys: &["y"],
        about: "do it",
        when: yes_is_enough,
        run: |m, _| operations::confirm(m),
        hint: 1,
        ..PLAN
    },
    Command {
        name: "cancel",
        keys: &["esc", "n", "q", "enter"],
        about: "cancel (the default)",
        run: |m, _| operations::cancel(m),
        hint: 2,
        ..PLAN
    },
    Command {
        name: "rehearse",
        keys: &["ctrl-r"],
        about: "dry run",
        run: |m, _| operations::rehearse(m),
        hint: 3,
        ..PLAN
    },
    Command {
        name: "copy-commands",
        keys: &["ctrl-y"],
        about: "copy the commands",
        run: |m, _| copy_commands(m),
        hint: 4,
        ..PLAN
    },
    Command {
        name: "give-up",
        keys: &["del"],
        about: "hear no more of it",
        scopes: &[Scope::Table],
        when: left,
        run: give_up,
        hint: HINT,
        ..CHANGE
    },
    Command {
        name: "pause",
        keys: &["h"],
        about: "hold the runbook",
        when: |m| steer::may(m, &Steer::Pause),
        run: |m, _| steer::steer(m, Steer::Pause),
        hint: 1,
        ..RUNBOOK
    },
    Command {
        name: "go-on",
        keys: &["o"],
        about: "go on with it",
        when: |m| steer::may(m, &Steer::GoOn),
        run: |m, _| steer::steer(m, Steer::GoOn),
        hint: 2,
        ..RUNBOOK
    },
    Command {
        name: "abort",
        keys: &["u"],
        about: "abort it: put back",
        when: |m| steer::may(m, &Steer::Abort),
        run: |m, _| steer::steer(m, Steer::Abort),
        hint: 3,
        ..RUNBOOK
    },
    Command {
        name: "rate",
        keys: &["t"],
        about: "copy at another rate",
        argument: Some(Argument { name: "RATE", choices: |_| Vec::new() }),
        when: |m| steer::may(m, &Steer::Rate { rate: 1 }),
        run: rate,
        hint: 4,
        ..RUNBOOK
    },
];

/// How fast the runbook copies from now on.
fn rate(model: &mut Model, typed: &str) {
    let name = Purpose::Argument("rate");
    if typed.is_empty() || is_key(model, "rate", typed) {
        model.prompt = Some(Prompt::new(name, ""));
    } else if let Err(reason) = steer::tune(model, typed) {
        model.say(Tone::Warning, reason);
        model.prompt = Some(Prompt::again(name, typed, Vec::new()));
    }
}

/// On the screen they are folded: what is copied can be pasted.
fn copy_commands(model: &mut Model) {
    if let Some(Sheet::Confirm(sheet)) = model.sheets.last() {
        let (text, what) = (sheet.plan.commands.join("\n"), "the commands".to_string());
        model.effect(Effect::Copy { text, what });
    }
}

fn yes_is_enough(model: &Model) -> Result<(), String> {
    match model.sheets.last() {
        Some(Sheet::Confirm(sheet)) => match sheet.password() {
            None => Ok(()),
            Some(name) => Err(format!("type {name} to do it")),
        },
        _ => Err("no plan is shown".into()),
    }
}

/// An operation that was left is selected.
fn left(model: &Model) -> Result<(), String> {
    selected(model)?;
    let Some(Object::Operation(id)) = model.selected() else {
        return Err("only operations of :operations can be given up".into());
    };
    if model.session.read_only {
        return Err("castellan runs read-only: the journal is not written".into());
    }
    operations::may_give_up(model, id)
}

/// Asks first: it may go on in the cluster, and nobody follows it any more.
fn give_up(model: &mut Model, typed: &str) {
    if let Err(reason) = left(model) {
        return model.say(Tone::Warning, reason);
    }
    let Some(Object::Operation(id)) = model.selected().cloned() else { return };
    match typed.to_lowercase().as_str() {
        "" => {
            let mut prompt = Prompt::new(Purpose::Argument("give-up"), "");
            prompt.objects = vec![Object::Operation(id)];
            model.prompt = Some(prompt);
        }
        "y" | "yes" => operations::give_up(model, &id),
        _ => model.say(Tone::Plain, "it is not given up"),
    }
}
