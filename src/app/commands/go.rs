//! Going somewhere and back.

use crate::{
    app::{
        Model,
        command::{self, Command, Scope, Section},
        pager::Pager,
        palette,
        prompt::{Prompt, Purpose},
        sheet::{Reader, Sheet, Subject},
    },
    pane::PANES,
};

/// Everywhere but in help itself.
const WITH_PLANS: &[Scope] =
    &[Scope::Table, Scope::Charts, Scope::Reader, Scope::Log, Scope::Messages, Scope::Confirm];
const GO: Command = Command { section: Section::Go, ..Command::PLAIN };

pub static COMMANDS: &[Command] = &[
    Command {
        name: "command",
        keys: &[":"],
        about: "a pane, or a command",
        run: |m, _| {
            m.prompt = Some(Prompt::new(Purpose::Command, ""));
            palette::suggest(m);
        },
        hint: 91,
        ..GO
    },
    Command {
        name: "filter",
        keys: &["/"],
        about: "filter",
        scopes: &[Scope::Table, Scope::Reader, Scope::Log, Scope::Messages],
        run: |m, _| m.prompt = Some(Prompt::new(Purpose::Filter, m.filter())),
        hint: 90,
        ..GO
    },
    Command {
        name: "help",
        keys: &["?"],
        about: "help",
        scopes: WITH_PLANS,
        run: |m, _| m.help = Some(0),
        hint: 92,
        ..GO
    },
    Command {
        name: "commands",
        keys: &["ctrl-a"],
        about: "list of panes and commands",
        run: |m, _| list_commands(m),
        ..GO
    },
    Command {
        name: "back",
        keys: &["esc"],
        about: "back, or clear the filter",
        when: |m| if can_go_back(m) { Ok(()) } else { Err("this is the first screen; q quits".into()) },
        run: |m, _| back(m),
        ..GO
    },
    Command {
        name: "leave",
        keys: &["q"],
        about: "back; from the first, quit",
        run: |m, _| leave(m),
        hint: 93,
        ..GO
    },
    Command {
        name: "close",
        keys: &["esc", "q", "?"],
        about: "close help",
        scopes: &[Scope::Help],
        run: |m, _| m.help = None,
        hint: 1,
        ..GO
    },
    Command {
        name: "history-back",
        keys: &["["],
        about: "back in history",
        when: |m| if m.at > 0 { Ok(()) } else { Err("history begins here".into()) },
        run: |m, _| {
            _ = m.travel(m.at.checked_sub(1));
        },
        ..GO
    },
    Command {
        name: "history-forward",
        keys: &["]"],
        about: "forward in history",
        when: |m| if m.at + 1 < m.screens.len() { Ok(()) } else { Err("history ends here".into()) },
        run: |m, _| {
            _ = m.travel(Some(m.at + 1));
        },
        ..GO
    },
    Command {
        name: "last",
        keys: &["-"],
        about: "to the last screen",
        when: |m| {
            let there = m.last != m.at && m.last < m.screens.len();
            if there { Ok(()) } else { Err("there was no other screen yet".into()) }
        },
        run: |m, _| {
            _ = m.travel(Some(m.last));
        },
        ..GO
    },
    Command {
        name: "next-table",
        keys: &["tab"],
        about: "next table",
        scopes: &[Scope::Table],
        when: several_tables,
        run: |m, _| turn(m, 1),
        section: Section::Move,
        hint: 22,
        ..GO
    },
    Command {
        name: "previous-table",
        keys: &["shift-tab"],
        about: "table before",
        scopes: &[Scope::Table],
        when: several_tables,
        run: |m, _| turn(m, -1),
        section: Section::Move,
        ..GO
    },
];

fn several_tables(model: &Model) -> Result<(), String> {
    if model.screen().lists.len() > 1 { Ok(()) } else { Err("this screen has one table".into()) }
}

fn turn(model: &mut Model, by: isize) {
    let screen = model.screen_mut();
    let count = screen.lists.len() as isize;
    screen.focus = (screen.focus as isize + by).rem_euclid(count.max(1)) as usize;
}

fn has_marks_or_filter(model: &Model) -> bool {
    let marked = model.sheets.is_empty() && model.screen().list().is_some_and(|l| !l.marks.is_empty());
    marked || !model.filter().is_empty()
}

fn can_go_back(model: &Model) -> bool {
    !model.sheets.is_empty() || model.at > 0 || has_marks_or_filter(model)
}

fn back(model: &mut Model) {
    if has_marks_or_filter(model) {
        model.set_filter("");
        if let (true, Some(list)) = (model.sheets.is_empty(), model.screen_mut().list_mut()) {
            list.clear_marks();
        }
        return;
    }
    if !model.close_sheet() {
        model.travel(model.at.checked_sub(1));
    }
}

fn leave(model: &mut Model) {
    if model.close_sheet() {
        return;
    }
    if !model.travel(model.at.checked_sub(1)) {
        super::session::quit(model);
    }
}

fn list_commands(model: &mut Model) {
    let mut lines = vec!["Panes".to_string()];
    for pane in PANES {
        let words = std::iter::once(pane.name).chain(pane.aliases.iter().copied()).collect::<Vec<_>>();
        lines.push(format!("  :{:<28} {}", words.join(" "), pane.about));
    }
    lines.extend([String::new(), "Commands (the names are those of the configuration's [keys])".into()]);
    for command in command::all() {
        let argument = command.argument_name().map_or(String::new(), |a| format!(" {a}"));
        let keys: Vec<String> = model.keymap.chords(command).map(|c| c.to_string()).collect();
        let name = format!("{}{argument}", command.name);
        lines.push(format!("  :{name:<28} {:<20} {}", keys.join(" "), command.about));
    }
    let mut pager = Pager::default();
    pager.extend(lines.iter().map(String::as_str));
    let title = "panes and commands".to_string();
    let reader = Reader { subject: Subject::Commands, title, pager, state: String::new() };
    model.sheets.push(Sheet::Reader(reader));
    model.notice = None;
}
