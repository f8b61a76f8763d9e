//! The line that is being typed.

use super::chord::Chord;
use crate::domain::object::Object;
use crossterm::event::KeyCode;
use tui_input::{Input, InputRequest};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// After `:`.
    Command,
    /// After `/`.
    Filter,
    /// An argument for the command of this name.
    Argument(&'static str),
}

/// One completion: what it would make of the input, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub text: String,
    pub about: String,
}

#[derive(Debug)]
pub struct Prompt {
    pub purpose: Purpose,
    pub input: Input,
    pub suggestions: Vec<Suggestion>,
    /// The suggestion that Tab or the arrows stand on.
    pub chosen: Option<usize>,
    /// What was there before, for Esc.
    pub before: String,
    /// What the argument is for, whatever is selected when it is typed.
    pub objects: Vec<Object>,
    /// The text is a proposal: the first character that is typed takes its place.
    proposed: bool,
}

impl Prompt {
    pub fn new(purpose: Purpose, text: &str) -> Self {
        Prompt {
            purpose,
            input: Input::new(text.to_string()),
            suggestions: Vec::new(),
            chosen: None,
            before: text.to_string(),
            objects: Vec::new(),
            proposed: matches!(purpose, Purpose::Argument(_)),
        }
    }

    /// One that was refused, to be mended.
    pub fn again(purpose: Purpose, text: &str, objects: Vec<Object>) -> Self {
        Prompt { objects, proposed: false, ..Prompt::new(purpose, text) }
    }

    /// What the user typed, and not what was proposed.
    pub fn typed(&self) -> &str {
        if self.proposed { "" } else { self.text() }
    }

    pub fn text(&self) -> &str {
        self.input.value()
    }

    pub fn set(&mut self, text: &str) {
        self.input = Input::new(text.to_string());
    }

    /// Moves through the suggestions and takes the one it comes to.
    pub fn cycle(&mut self, by: isize) {
        let count = self.suggestions.len();
        if count == 0 {
            return;
        }
        let next = match self.chosen {
            None if by > 0 => 0,
            None => count - 1,
            Some(at) => (at as isize + by).rem_euclid(count as isize) as usize,
        };
        self.chosen = Some(next);
        let text = self.suggestions[next].text.clone();
        self.set(&text);
    }

    /// Edits the line; false if the chord means nothing to it.
    pub fn edit(&mut self, chord: Chord) -> bool {
        let request = match (chord.code, chord.ctrl) {
            (KeyCode::Backspace, false) | (KeyCode::Char('h'), true) => InputRequest::DeletePrevChar,
            (KeyCode::Delete, false) => InputRequest::DeleteNextChar,
            (KeyCode::Left, false) | (KeyCode::Char('b'), true) => InputRequest::GoToPrevChar,
            (KeyCode::Right, false) | (KeyCode::Char('f'), true) => InputRequest::GoToNextChar,
            (KeyCode::Left, true) => InputRequest::GoToPrevWord,
            (KeyCode::Right, true) => InputRequest::GoToNextWord,
            (KeyCode::Home, _) | (KeyCode::Char('a'), true) => InputRequest::GoToStart,
            (KeyCode::End, _) | (KeyCode::Char('e'), true) => InputRequest::GoToEnd,
            (KeyCode::Char('w'), true) => InputRequest::DeletePrevWord,
            (KeyCode::Char('u'), true) => InputRequest::DeleteLine,
            _ => match chord.character() {
                Some(c) => InputRequest::InsertChar(c),
                None => return false,
            },
        };
        self.replace_proposal(matches!(request, InputRequest::InsertChar(_)));
        self.input.handle(request);
        self.chosen = None;
        true
    }

    /// Only what is done first decides whether the proposal stays.
    fn replace_proposal(&mut self, typed: bool) {
        if std::mem::take(&mut self.proposed) && typed {
            self.input.handle(InputRequest::DeleteLine);
        }
    }

    /// Types a pasted text: its first line, without control characters.
    pub fn paste(&mut self, text: &str) {
        self.replace_proposal(true);
        let line = text.lines().next().unwrap_or_default();
        for c in super::text::clean(line).chars() {
            self.input.handle(InputRequest::InsertChar(c));
        }
        self.chosen = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(purpose: Purpose, keys: &[&str]) -> String {
        let mut prompt = Prompt::new(purpose, "100");
        for key in keys {
            assert!(prompt.edit(key.parse().expect("a key")), "{key}");
        }
        prompt.text().to_string()
    }

    #[test]
    fn typing_replaces_a_proposed_argument_and_editing_keeps_it() {
        let argument = Purpose::Argument("newest");
        assert_eq!(typed(argument, &["5", "0"]), "50");
        assert_eq!(typed(argument, &["backspace", "5"]), "105");
        assert_eq!(typed(Purpose::Filter, &["5"]), "1005", "a filter is gone on with");
        assert_eq!(Prompt::new(argument, "100").typed(), "", "a proposal narrows no list of choices");
    }
}
