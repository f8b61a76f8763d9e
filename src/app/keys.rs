//! A key press: to the prompt if one is open, else to the command that it is bound to.

use super::{
    Model, acting,
    chord::Chord,
    command::{self, Command, Scope},
    operations, palette,
    prompt::Purpose,
    sheet::Sheet,
};
use crate::pane::Tone;
use crossterm::event::KeyCode;

pub fn press(model: &mut Model, chord: Chord) {
    model.notice = None;
    if model.prompt.is_some() {
        return type_into_prompt(model, chord);
    }
    if operations::type_name(model, chord) {
        return;
    }
    let scope = model.scope();
    let bound: Vec<&'static Command> = model.keymap.commands(chord).collect();
    let mut refusal = None;
    for command in bound.iter().filter(|c| c.scopes.contains(&scope)) {
        match command.works_by_key(model) {
            Ok(()) => {
                let key = chord.to_string();
                return command.call(model, if command.argument.is_some() { &key } else { "" });
            }
            // Of several that a key may mean, the one that is not allowed was meant.
            Err(reason) => refusal = command.denied(model).or(refusal).or(Some(reason)),
        }
    }
    if refusal.is_none() && scope == Scope::Table && sort_by_letter(model, chord) {
        return;
    }
    let reason = refusal.unwrap_or_else(|| match bound.first() {
        Some(other) => format!("{chord} ({}) does nothing here", other.about),
        None => format!("{chord} does nothing here"),
    });
    let help = command::find("help").and_then(|c| model.keymap.chords(c).next());
    let hint = help.map_or(String::new(), |key| format!("; {key} shows the keys"));
    model.say(Tone::Muted, format!("{reason}{hint}"));
}

/// k9s's shifted letters: each column names its own.
fn sort_by_letter(model: &mut Model, chord: Chord) -> bool {
    let Some(letter) = chord.character() else { return false };
    let Some(table) = model.screen().table() else { return false };
    let Some(column) = table.headings().iter().position(|h| h.sort == Some(letter)) else { return false };
    if let Some(list) = model.screen_mut().list_mut() {
        list.sort_or_turn(column);
    }
    true
}

fn type_into_prompt(model: &mut Model, chord: Chord) {
    let Some(prompt) = &mut model.prompt else { return };
    let purpose = prompt.purpose;
    match (chord.code, chord.ctrl) {
        (KeyCode::Esc, _) | (KeyCode::Char('c'), true) => {
            let before = prompt.before.clone();
            model.prompt = None;
            if purpose == Purpose::Filter {
                model.set_filter(&before);
            }
        }
        (KeyCode::Enter, _) => accept(model),
        (KeyCode::Tab | KeyCode::Down, _) => prompt.cycle(1),
        (KeyCode::BackTab | KeyCode::Up, _) => prompt.cycle(-1),
        _ => {
            if !prompt.edit(chord) {
                return;
            }
            edited(model);
        }
    }
}

fn edited(model: &mut Model) {
    let Some(prompt) = &model.prompt else { return };
    let (purpose, typed) = (prompt.purpose, prompt.text().to_string());
    if purpose == Purpose::Filter {
        model.set_filter(&typed);
    } else {
        palette::suggest(model);
    }
}

fn accept(model: &mut Model) {
    let Some(prompt) = model.prompt.take() else { return };
    match prompt.purpose {
        Purpose::Filter => {}
        Purpose::Command => palette::run(model, &prompt),
        Purpose::Argument(name) => {
            let typed = prompt.text().trim();
            match command::find(name) {
                Some(Command { verb: Some(verb), .. }) => {
                    acting::intend(model, verb, prompt.objects.clone(), typed);
                    // What was refused is mended and not typed again.
                    if acting::was_refused(model) {
                        model.prompt = Some(prompt);
                    }
                }
                Some(command) => command.call(model, typed),
                None => {}
            }
        }
    }
}

pub fn paste(model: &mut Model, text: &str) {
    if let Some(prompt) = &mut model.prompt {
        prompt.paste(text);
        edited(model);
    } else if let (Some(Sheet::Confirm(sheet)), None) = (model.sheets.last_mut(), model.help) {
        operations::paste_name(sheet, text, model.now);
    } else {
        model.say(Tone::Muted, "nothing takes the pasted text here; : or / opens a prompt");
    }
}

impl Model {
    /// Filters what has the keyboard.
    pub fn set_filter(&mut self, typed: &str) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.set_filter(typed);
        } else if let Some(list) = self.screen_mut().list_mut() {
            list.set_filter(typed);
        }
    }

    pub fn filter(&self) -> &str {
        match self.sheets.last() {
            Some(sheet) => sheet.filter(),
            None => self.screen().list().map_or("", |l| &l.filter),
        }
    }
}
