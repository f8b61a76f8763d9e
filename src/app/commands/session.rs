//! The session: namespace, theme, context, leaving.

use crate::{
    app::{
        Effect, Model,
        command::{Argument, Command, EVERYWHERE, Scope},
        operations,
        prompt::{Prompt, Purpose},
        text,
    },
    domain::{Text, time::age},
    pane::{Place, Tone},
    suggest::nearest,
};

const PANES: &[Scope] = &[Scope::Table, Scope::Charts];

pub static COMMANDS: &[Command] = &[
    Command {
        name: "namespace",
        aliases: &["ns"],
        about: "look at one namespace, or all",
        argument: Some(Argument {
            name: "NAME",
            choices: |m| {
                std::iter::once("all".into()).chain(m.namespaces.iter().map(|n| n.to_string())).collect()
            },
        }),
        run: choose_namespace,
        ..Command::PLAIN
    },
    Command {
        name: "namespace-number",
        keys: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        about: "namespace: 0 all",
        argument: Some(Argument { name: "NUMBER", choices: |_| Vec::new() }),
        scopes: PANES,
        run: number,
        ..Command::PLAIN
    },
    Command {
        name: "context",
        aliases: &["ctx"],
        about: "the contexts of the kubeconfig",
        argument: Some(Argument {
            name: "NAME",
            choices: |m| m.session.contexts.iter().map(|c| c.name.to_string()).collect(),
        }),
        run: context,
        ..Command::PLAIN
    },
    Command {
        name: "theme",
        aliases: &["skin"],
        about: "how it looks",
        argument: Some(Argument { name: "NAME", choices: |m| m.session.themes.clone() }),
        run: theme,
        ..Command::PLAIN
    },
    Command {
        name: "elevate",
        about: "allow actions for a while",
        argument: Some(Argument { name: "CONTEXT", choices: |_| Vec::new() }),
        when: can_be_elevated,
        run: elevate,
        ..Command::PLAIN
    },
    Command {
        name: "reread",
        keys: &["ctrl-r"],
        about: "read everything anew",
        run: |m, _| {
            m.effect(Effect::Reread);
            m.effect(Effect::Redraw);
            m.say(Tone::Plain, "reading everything anew");
        },
        ..Command::PLAIN
    },
    Command {
        name: "snapshot",
        keys: &["shift-y"],
        about: "copy the state as text",
        run: |m, _| m.effect(Effect::CopySnapshot),
        ..Command::PLAIN
    },
    Command {
        name: "suspend",
        about: "stop, back to the shell (fg resumes)",
        run: |m, _| m.effect(Effect::Suspend),
        ..Command::PLAIN
    },
    Command {
        name: "quit",
        aliases: &["q", "q!", "qa", "exit"],
        keys: &["ctrl-c"],
        about: "quit",
        scopes: EVERYWHERE,
        run: |m, _| quit(m),
        ..Command::PLAIN
    },
];

/// Leaves, after it was said what goes on.
pub fn quit(model: &mut Model) {
    if operations::may_quit(model) {
        model.effect(Effect::Quit);
    }
}

/// Narrows every table of namespaced objects to one namespace; `all` or nothing widens them.
pub fn choose_namespace(model: &mut Model, name: &str) {
    let chosen: Option<Text> = if name.is_empty() || name == "all" { None } else { Some(name.into()) };
    if let (Some(only), true) = (&model.session.namespace, chosen != model.session.namespace) {
        let only = only.clone();
        return model.say(
            Tone::Warning,
            format!("this session watches namespace {only} only; start with -A to see others"),
        );
    }
    if let Some(name) = &chosen
        && !model.namespaces.contains(name)
    {
        let near = nearest(name, model.namespaces.iter().map(|n| &**n));
        let hint = near.map_or(String::new(), |n| format!("; did you mean {n}?"));
        let said = format!("no pods are known in namespace {}{hint}", text::clean(name));
        model.say(Tone::Warning, said);
    }
    if chosen == model.namespace {
        let said = chosen.as_deref().map_or("all namespaces".into(), |name| format!("namespace {name}"));
        return model.say(Tone::Muted, format!("{} already", text::clean(&said)));
    }
    model.namespace = chosen;
    if !model.sheets.is_empty() {
        model.say(Tone::Muted, "the tables below show it");
    }
}

fn number(model: &mut Model, key: &str) {
    if key.is_empty() {
        return model.say(Tone::Warning, "which namespace? 0 is all, 1 to 9 those in the header (ctrl-e)");
    }
    // The last character of the chord: alt-1 counts as 1 where it was bound to this.
    let digit = key.chars().last().and_then(|c| c.to_digit(10)).unwrap_or(0) as usize;
    let name = match digit.checked_sub(1) {
        None => Some("all".to_string()),
        Some(at) => model.namespaces.get(at).map(|n| n.to_string()),
    };
    match name {
        Some(name) => choose_namespace(model, &name),
        None => model.say(Tone::Muted, format!("there are {} namespaces with pods", model.namespaces.len())),
    }
}

/// The context is pinned for the session's life, so that the header and an action can never disagree.
fn context(model: &mut Model, name: &str) {
    let now = &model.session.context;
    let known = model.session.contexts.iter().any(|c| *c.name == *name);
    let said = match name {
        "" => return model.go(&Place { pane: "contexts", scope: None }),
        name if *name == **now => format!("this session is in context {now}"),
        name if known => format!("a session keeps its context; quit and run: castellan --context {name}"),
        name => format!("the kubeconfig has no context \"{name}\""),
    };
    model.say(Tone::Plain, text::clean(&said).into_owned());
}

fn can_be_elevated(model: &Model) -> Result<(), String> {
    match (model.session.read_only, model.session.elevation) {
        (true, _) => Err("this session is read-only; nothing can be elevated".into()),
        (false, None) => Err("actions need no elevation here".into()),
        (false, Some(_)) => Ok(()),
    }
}

/// Allows actions in production for a while; the context's name is typed to mean it.
fn elevate(model: &mut Model, typed: &str) {
    let (Ok(()), Some(span)) = (can_be_elevated(model), model.session.elevation) else { return };
    if typed.is_empty() {
        model.prompt = Some(Prompt::new(Purpose::Argument("elevate"), ""));
    } else if typed == text::clean(&model.session.context) {
        model.elevated = Some(model.now.plus(span));
        model.say(Tone::Warning, format!("actions are possible for {}", age(span)));
    } else {
        let context = text::clean(&model.session.context).into_owned();
        model.say(Tone::Warning, format!("not elevated: this is not the context's name; type {context}"));
    }
}

fn theme(model: &mut Model, name: &str) {
    if model.session.themes.iter().any(|t| t == name) {
        model.theme = name.to_string();
        return;
    }
    let all = model.session.themes.join(", ");
    let said = if name.is_empty() {
        format!("theme {}; there are: {all}", model.theme)
    } else {
        format!("there is no theme \"{name}\" (there are {all})")
    };
    model.say(Tone::Plain, said);
}
