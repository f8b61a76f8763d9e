//! What keys do, over the worlds of the tests.

mod actions;
mod keys;
mod panes;
mod permissions;
mod random;
mod sheets;

use super::*;
use crate::{
    action::Write,
    domain::{
        ask::{LogQuery, Message, Payload, Start},
        kafka::BrokerId,
        object::Kind,
    },
    pane::{PANES, find},
    world::{Mood, SMALL, contexts, fixture},
};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A session on a world of the tests.
pub struct Hands {
    pub model: Model,
    pub effects: Vec<Effect>,
}

pub fn session() -> Session {
    let themes = vec!["dark".into(), "light".into()];
    let contexts = contexts().all;
    Session { context: "lab".into(), contexts, themes, id: "5e551011".into(), ..Session::default() }
}

impl Hands {
    pub fn on(mood: Mood, pane: &str) -> Self {
        let keymap = Keymap::new(&BTreeMap::new()).unwrap();
        let model = Model::new(session(), keymap, "dark".into(), Screen::new(find(pane).unwrap(), None));
        let mut hands = Hands { model, effects: Vec::new() };
        hands.turn_to(mood);
        hands
    }

    pub fn turn_to(&mut self, mood: Mood) {
        let world = fixture(mood, SMALL);
        let generation = self.model.snapshot.generation + world.snapshot.generation + 1;
        self.model.snapshot = world.snapshot;
        self.model.snapshot.generation = generation;
        self.send(Msg::Tick(world.now));
        self.send(Msg::Derive);
    }

    /// As the loop does it: what was worked out anew, a plan that is shown may not agree with.
    pub fn send(&mut self, msg: Msg) -> &mut Self {
        let derived = matches!(msg, Msg::Derive);
        self.effects.extend(update(&mut self.model, msg));
        if derived {
            self.effects.extend(update(&mut self.model, Msg::Review));
        }
        self
    }

    /// Chords parted by blanks.
    pub fn press(&mut self, chords: &str) -> &mut Self {
        for chord in chords.split_whitespace() {
            self.send(Msg::Key(chord.parse().unwrap()));
        }
        self
    }

    pub fn type_in(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Msg::Key(chord::Chord::plain(crossterm::event::KeyCode::Char(c))));
        }
        self
    }

    /// Lets time pass.
    pub fn wait(&mut self, milliseconds: u64) -> &mut Self {
        let now = self.model.now.plus(Duration::from_millis(milliseconds));
        self.send(Msg::Tick(now))
    }

    pub fn command(&mut self, line: &str) -> &mut Self {
        self.press(":").type_in(line).press("enter")
    }

    pub fn selected(&self) -> String {
        self.model.selected().map_or("nothing".into(), |o| o.name())
    }

    pub fn said(&self) -> &str {
        self.model.notice.as_ref().map_or("", |n| &n.text)
    }

    pub fn rows(&self) -> Vec<String> {
        self.model.screen().list().map_or(Vec::new(), |l| l.rows.iter().map(|o| o.name()).collect())
    }
}
