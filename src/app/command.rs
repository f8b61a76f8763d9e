//! Commands: what keys and the palette do, declared once with their help.
//!
//! Dispatch, help, footer hints, the palette and the documented tables are all read from [`all`].

use super::{
    Model,
    acting::{self, Refusal},
    chord::Chord,
    commands,
};
use crate::{action::Verb, suggest::nearest};
use std::collections::BTreeMap;

/// What has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Table,
    Charts,
    Reader,
    Log,
    Messages,
    /// A plan that waits for its confirmation.
    Confirm,
    Help,
}

pub const EVERYWHERE: &[Scope] =
    &[Scope::Table, Scope::Charts, Scope::Reader, Scope::Log, Scope::Messages, Scope::Confirm, Scope::Help];
/// Everywhere but in help, which only scrolls and closes, and on a plan, which is confirmed or cancelled.
pub const SHEETS_AND_PANES: &[Scope] =
    &[Scope::Table, Scope::Charts, Scope::Reader, Scope::Log, Scope::Messages];

/// A section of help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Act,
    Change,
    See,
    Move,
    Go,
    Session,
}

impl Section {
    pub const ALL: [Section; 6] =
        [Section::Act, Section::Change, Section::See, Section::Move, Section::Go, Section::Session];

    pub fn title(self) -> &'static str {
        match self {
            Section::Act => "Selected",
            Section::Change => "Change",
            Section::See => "View",
            Section::Move => "Move",
            Section::Go => "Go",
            Section::Session => "Session",
        }
    }
}

pub struct Command {
    /// Typed after `:` and named in the configuration's `[keys]`.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// As [`Chord`] reads them.
    pub keys: &'static [&'static str],
    /// A few words for help and footer.
    pub about: &'static str,
    pub section: Section,
    pub scopes: &'static [Scope],
    /// Whether it would do something now; else why not, in words.
    pub when: fn(&Model) -> Result<(), String>,
    /// Whether its key does: typed, a command may mean more than what is selected.
    pub by_key: fn(&Model) -> Result<(), String>,
    pub argument: Option<Argument>,
    pub run: fn(&mut Model, &str),
    /// The action that it is, in place of `when`, `argument` and `run`.
    pub verb: Option<&'static Verb>,
    /// Its place among the footer's hints, lowest first; 0: not there.
    pub hint: u8,
}

/// What may be typed after a command's name.
#[derive(Clone, Copy)]
pub struct Argument {
    /// As in `:ns NAME`.
    pub name: &'static str,
    pub choices: fn(&Model) -> Vec<String>,
}

impl Command {
    /// A command that always does something, in panes and sheets, without keys; the rest is laid over it.
    pub const PLAIN: Command = Command {
        name: "",
        aliases: &[],
        keys: &[],
        about: "",
        section: Section::Session,
        scopes: SHEETS_AND_PANES,
        when: |_| Ok(()),
        by_key: |_| Ok(()),
        argument: None,
        run: |_, _| {},
        verb: None,
        hint: 0,
    };

    /// Whether it would do something now; else why not, in words.
    pub fn works(&self, model: &Model) -> Result<(), String> {
        match self.verb {
            Some(verb) => acting::may(model, verb).map_err(Refusal::words),
            None => (self.when)(model),
        }
    }

    /// The same of its key.
    pub fn works_by_key(&self, model: &Model) -> Result<(), String> {
        (self.by_key)(model).and_then(|()| self.works(model))
    }

    /// Whether it is worth a hint: it works, and a verb acts on what is selected or makes another such.
    fn belongs(&self, model: &Model) -> bool {
        self.works_by_key(model).is_ok() && self.verb.is_none_or(|verb| acting::belongs(model, verb))
    }

    /// What is not allowed, where it would do something if it were.
    pub fn denied(&self, model: &Model) -> Option<String> {
        match acting::may(model, self.verb?) {
            Err(Refusal::Denied(words)) => Some(words),
            _ => None,
        }
    }

    pub fn call(&self, model: &mut Model, typed: &str) {
        match self.verb {
            Some(verb) => acting::call(model, verb, typed),
            None => (self.run)(model, typed),
        }
    }

    /// Whether one key cannot mean both. Verbs may share one: no object takes both, or the first wins.
    fn collides(&self, other: &Command) -> bool {
        let verbs = self.verb.is_some() && other.verb.is_some();
        self.name != other.name && !verbs && self.scopes.iter().any(|s| other.scopes.contains(s))
    }

    /// As in `:ns NAME`.
    pub fn argument_name(&self) -> Option<String> {
        match self.verb {
            Some(verb) => verb.argument.as_ref().map(|a| a.name.to_string()),
            None => self.argument.map(|a| a.name.to_string()),
        }
    }

    pub fn choices(&self, model: &Model) -> Vec<String> {
        match self.verb {
            Some(verb) => acting::choices(model, verb),
            None => self.argument.map_or(Vec::new(), |a| (a.choices)(model)),
        }
    }
}

/// Every command, in the order in which keys are looked up and help shows them.
pub fn all() -> impl Iterator<Item = &'static Command> {
    commands::ALL.iter().copied().flatten().chain(commands::change::verbs())
}

pub fn find(word: &str) -> Option<&'static Command> {
    all().find(|c| c.name == word || c.aliases.contains(&word))
}

/// Which keys run which command.
pub struct Keymap {
    keys: Vec<(Chord, &'static Command)>,
}

impl Keymap {
    /// The registry's keys, with the configuration's in place of those of the commands that it names.
    pub fn new(remapped: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        for name in remapped.keys() {
            if !all().any(|c| c.name == name) {
                let near = nearest(name, all().map(|c| c.name));
                let hint = near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
                return Err(format!("[keys] names \"{name}\", which is no command{hint}"));
            }
        }
        let mut keys = Vec::new();
        for command in all() {
            let own = || command.keys.iter().map(|k| k.to_string()).collect();
            for key in remapped.get(command.name).cloned().unwrap_or_else(own) {
                let chord = key.parse().map_err(|e| format!("[keys] {}: {e}", command.name))?;
                keys.push((chord, command));
            }
        }
        let keymap = Keymap { keys };
        match remapped.keys().find_map(|name| keymap.collision(name)) {
            Some(collision) => Err(collision),
            None => Ok(keymap),
        }
    }

    /// A key of the command `name` that is another command's in the same place, in words.
    fn collision(&self, name: &str) -> Option<String> {
        let own = self.keys.iter().filter(|(_, c)| c.name == name);
        own.flat_map(|(chord, command)| self.commands(*chord).map(move |other| (chord, command, other)))
            .find(|(_, command, other)| command.collides(other))
            .map(|(chord, command, other)| {
                format!(
                    "[keys] {}: {chord} is the key of {} ({}) already; give {0} another, or {1} one first",
                    command.name, other.name, other.about
                )
            })
    }

    pub fn commands(&self, chord: Chord) -> impl Iterator<Item = &'static Command> + '_ {
        self.keys.iter().filter(move |(c, _)| *c == chord).map(|(_, command)| *command)
    }

    pub fn chords(&self, command: &'static Command) -> impl Iterator<Item = Chord> + '_ {
        self.keys.iter().filter(move |(_, c)| c.name == command.name).map(|(chord, _)| *chord)
    }
}

/// One line of help: keys and what they do here and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpLine {
    pub section: Section,
    pub keys: String,
    pub about: String,
    /// Why it may not be done.
    pub denied: Option<String>,
}

impl HelpLine {
    /// The letter and the column, if it is a column's own key: shift and the letter sort by it.
    pub fn letter(&self) -> Option<(&str, &str)> {
        Some((self.keys.strip_prefix("shift-")?, self.about.strip_prefix(SORT_BY)?))
    }
}

const SORT_BY: &str = "sort by ";

/// Exactly the keys that do something in this state, or would if it were allowed; of an open help, in the
/// state below it.
pub fn help_below(model: &Model) -> Vec<HelpLine> {
    let scope = model.scope_below_help();
    let mut lines = Vec::new();
    for command in all().filter(|c| c.scopes.contains(&scope)) {
        let denied = command.denied(model);
        if denied.is_none() && command.works_by_key(model).is_err() {
            continue;
        }
        let keys: Vec<String> = model.keymap.chords(command).map(|c| c.to_string()).collect();
        if !keys.is_empty() {
            let about = command.about.to_string();
            lines.push(HelpLine { section: command.section, keys: keys.join(" "), about, denied });
        }
    }
    if scope == Scope::Table
        && let Some(table) = model.screen().table()
    {
        for heading in table.headings() {
            if let Some(letter) = heading.sort {
                let keys = Chord::plain(crossterm::event::KeyCode::Char(letter)).to_string();
                let about = format!("{SORT_BY}{}", heading.title);
                lines.push(HelpLine { section: Section::See, keys, about, denied: None });
            }
        }
    }
    lines
}

/// What the keys of the state below help are keys of.
pub fn place_words(model: &Model) -> String {
    model.sheets.last().map_or_else(|| model.screen().title(), |sheet| sheet.title())
}

/// The most useful keys of this state, best first: (key, words).
pub fn hints(model: &Model) -> Vec<(String, &'static str)> {
    let scope = model.scope();
    let mut found: Vec<_> =
        all().filter(|c| c.hint > 0 && c.scopes.contains(&scope) && c.belongs(model)).collect();
    found.sort_by_key(|c| c.hint);
    // What a verb does is said by its name; how, by its plan.
    let words = |c: &Command| if c.verb.is_some() { c.name } else { c.about };
    found.into_iter().filter_map(|c| Some((model.keymap.chords(c).next()?.to_string(), words(c)))).collect()
}
