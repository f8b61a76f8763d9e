//! What can be typed after `:`: panes, commands and their arguments.

use super::{
    Model,
    command::{self, Command, Section},
    prompt::{Prompt, Purpose, Suggestion},
};
use crate::{
    pane::{Block, PANES, Pane, Place, Tone, find},
    suggest::nearest,
};
use nucleo_matcher::{
    Config, Matcher,
    pattern::{CaseMatching, Normalization, Pattern},
};

/// As many as are worth looking at.
const SUGGESTIONS: usize = 40;

/// Completions for what is typed now, best first.
pub fn suggest(model: &mut Model) {
    let Some(prompt) = &model.prompt else { return };
    let typed = prompt.typed().trim_start().to_string();
    let found = match (prompt.purpose, typed.split_once(' ')) {
        (Purpose::Filter, _) => Vec::new(),
        (Purpose::Argument(name), _) => {
            command::find(name).map_or(Vec::new(), |c| choices(model, c, "", &typed))
        }
        (Purpose::Command, None) => words(model, &typed),
        (Purpose::Command, Some((word, rest))) => arguments(model, word, rest.trim_start()),
    };
    if let Some(prompt) = &mut model.prompt {
        prompt.suggestions = found;
        prompt.chosen = None;
    }
}

fn words(model: &Model, typed: &str) -> Vec<Suggestion> {
    let panes = PANES.iter().map(|p| (p.name, p.aliases, p.about.to_string()));
    let useful = |c: &&Command| c.section != Section::Move && works(model, c).is_ok();
    let commands = command::all().filter(useful).map(|c| (c.name, c.aliases, usage(c)));
    // The best of a word and its aliases; an alias that is typed in full beats everything.
    let known = panes.chain(commands).map(|(name, aliases, about)| {
        let exact = name == typed || aliases.contains(&typed);
        let haystack = std::iter::once(name).chain(aliases.iter().copied()).collect::<Vec<_>>().join(" ");
        (Suggestion { text: name.to_string(), about }, haystack, exact)
    });
    rank(typed, known)
}

/// Whether the command does something in this state, else why not.
fn works(model: &Model, command: &Command) -> Result<(), String> {
    if command.scopes.contains(&model.scope()) {
        command.works(model)
    } else {
        let about = Some(command.about).filter(|about| *about != command.name);
        let about = about.map_or(String::new(), |about| format!(" ({about})"));
        Err(format!("{}{about} does nothing here", command.name))
    }
}

fn usage(command: &Command) -> String {
    match command.argument_name() {
        Some(argument) => format!("{} ({} {argument})", command.about, command.name),
        None => command.about.to_string(),
    }
}

fn arguments(model: &Model, word: &str, rest: &str) -> Vec<Suggestion> {
    if let Some(command) = command::find(word) {
        return choices(model, command, &format!("{word} "), rest);
    }
    if find(word).is_some_and(namespaced) {
        let names = model.namespaces.iter().map(|n| n.to_string());
        return complete(names, &format!("{word} "), rest);
    }
    Vec::new()
}

fn choices(model: &Model, command: &Command, before: &str, rest: &str) -> Vec<Suggestion> {
    complete(command.choices(model).into_iter(), before, rest)
}

fn complete(words: impl Iterator<Item = String>, before: &str, rest: &str) -> Vec<Suggestion> {
    let known = words.map(|word| {
        let text = format!("{before}{word}");
        let exact = word == rest;
        (Suggestion { text, about: String::new() }, word, exact)
    });
    rank(rest, known)
}

/// Those that match, best first: exact words, then what begins with it, then by nucleo's score.
fn rank(typed: &str, known: impl Iterator<Item = (Suggestion, String, bool)>) -> Vec<Suggestion> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut found: Vec<_> = known
        .filter_map(|(suggestion, haystack, exact)| {
            let text = nucleo_matcher::Utf32Str::new(&haystack, &mut buffer);
            let score = pattern.score(text, &mut matcher)?;
            Some(((exact, haystack.starts_with(typed), score), suggestion))
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| b.cmp(a));
    found.into_iter().map(|(_, suggestion)| suggestion).take(SUGGESTIONS).collect()
}

/// Does what was typed, or what the suggestion stood for that was chosen.
pub fn run(model: &mut Model, prompt: &Prompt) {
    let typed = prompt.text().trim();
    let (word, rest) = typed.split_once(' ').map_or((typed, ""), |(w, r)| (w, r.trim()));
    if word.is_empty() || perform(model, word, rest) {
        return;
    }
    // A beginning is enough where something begins with it.
    let begun = prompt.suggestions.iter().map(|s| s.text.as_str()).find(|s| s.starts_with(word));
    if let Some(whole) = begun.filter(|_| rest.is_empty()) {
        perform(model, whole, rest);
        return;
    }
    let names = PANES.iter().flat_map(|p| std::iter::once(p.name).chain(p.aliases.iter().copied()));
    let near = nearest(word, names.chain(command::all().map(|c| c.name)));
    let hint = near.map_or("ctrl-a lists all".to_string(), |n| format!("did you mean {n}?"));
    model.say(Tone::Warning, format!("there is no command \"{word}\"; {hint}"));
}

fn perform(model: &mut Model, word: &str, rest: &str) -> bool {
    if let Some(pane) = find(word) {
        open(model, pane, rest);
    } else if let Some(command) = command::find(word) {
        match works(model, command) {
            Ok(()) => command.call(model, rest),
            Err(reason) => model.say(Tone::Warning, reason),
        }
    } else {
        return false;
    }
    true
}

/// Whether a word after the pane's is a namespace: not where nothing that it lists is in one.
fn namespaced(pane: &Pane) -> bool {
    let mut tables = pane.blocks.iter().filter_map(|block| match block {
        Block::Table { table, .. } => Some(table),
        _ => None,
    });
    tables.clone().count() == 0 || tables.any(|table| table.namespaced())
}

/// `:pods`, `:pods kafka` (a namespace), `:topics orders` (a filter), `:pods /broker` (a filter).
fn open(model: &mut Model, pane: &'static Pane, rest: &str) {
    model.go(&Place { pane: pane.name, scope: None });
    if let Some(filter) = rest.strip_prefix('/') {
        model.set_filter(filter);
    } else if !rest.is_empty() && namespaced(pane) {
        super::commands::session::choose_namespace(model, rest);
    } else {
        model.set_filter(rest);
    }
}
