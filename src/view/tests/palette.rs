//! Every command in every place: what is typed acts, or says why it does not.

use super::*;
use crate::app::{
    Effect,
    command::{Scope, Section},
};

/// The ways to the places that have the keyboard.
const PLACES: [(&str, &str, Scope); 7] = [
    ("pods", "", Scope::Table),
    ("charts", "", Scope::Charts),
    ("pods", "d", Scope::Reader),
    ("pods", "l", Scope::Log),
    ("topics", "m", Scope::Messages),
    ("pods", "ctrl-d", Scope::Confirm),
    ("pods", "?", Scope::Help),
];

fn place(pane: &str, keys: &str, scope: Scope) -> Hands {
    let mut h = hands(Mood::Healthy, pane, LARGE);
    h.press(keys);
    h.model.notice = None;
    assert_eq!(h.model.scope(), scope);
    h
}

/// Whether something happened that the user sees, or that the loop was asked for.
fn acted(h: &Hands, before: &[String], effects: usize) -> bool {
    h.effects.len() > effects || frame(h, false) != before
}

#[test]
fn what_is_typed_anywhere_acts_or_says_why_not() {
    let mut silent = Vec::new();
    for (pane, keys, scope) in PLACES {
        for command in command::all().filter(|c| c.section != Section::Move && c.name != "command") {
            let mut h = place(pane, keys, scope);
            let (before, effects) = (frame(&h, false), h.effects.len());
            h.press(":");
            // Help and a plan take no commands, and say so.
            if h.model.prompt.is_some() {
                h.type_in(command.name).press("enter");
            }
            if !acted(&h, &before, effects) {
                silent.push(format!("{scope:?} :{}", command.name));
            }
        }
        for pane in PANES {
            let mut h = place(if pane.name == "pods" { "topics" } else { "pods" }, "", Scope::Table);
            h.press(match scope {
                Scope::Reader => "d",
                Scope::Charts | Scope::Table => "",
                _ => continue,
            });
            h.command(pane.name);
            assert!(h.model.sheets.is_empty() && h.model.screen().pane.name == pane.name, "{}", pane.name);
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn a_topic_is_browsed_from_wherever_one_is() {
    for (pane, keys, scope) in
        PLACES.into_iter().filter(|(_, _, s)| !matches!(s, Scope::Confirm | Scope::Help))
    {
        let mut h = place(pane, keys, scope);
        h.command("browse orders");
        assert!(matches!(h.effects.last(), Some(Effect::Ask(..))), "{scope:?}: {}", h.said());
        assert_eq!(h.model.scope(), Scope::Messages, "{scope:?}");
    }
}
