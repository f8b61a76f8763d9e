//! Key chords as they are typed, written in the configuration and shown in help.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::{fmt, str::FromStr};

/// A key with its modifiers, in one spelling: a shifted letter is the capital without SHIFT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    pub code: KeyCode,
    pub ctrl: bool,
    pub alt: bool,
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("del", KeyCode::Delete),
    ("ins", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
];

impl Chord {
    pub const fn plain(code: KeyCode) -> Self {
        Chord { code, ctrl: false, alt: false }
    }

    /// The character it types into a prompt.
    pub fn character(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        let shift = key.modifiers.contains(KeyModifiers::SHIFT);
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let code = match key.code {
            KeyCode::Char(c) if shift && !ctrl => KeyCode::Char(c.to_uppercase().next().unwrap_or(c)),
            // A terminal sends 0x1C for ctrl-\, which crossterm names ctrl-4.
            KeyCode::Char('4') if ctrl => KeyCode::Char('\\'),
            KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            KeyCode::Tab if shift => KeyCode::BackTab,
            other => other,
        };
        Chord { code, ctrl, alt: key.modifiers.contains(KeyModifiers::ALT) }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        match self.code {
            code if NAMED.iter().any(|(_, c)| *c == code) => {
                f.write_str(NAMED.iter().find(|(_, c)| *c == code).map_or("", |(n, _)| n))
            }
            KeyCode::Char(c) if c.is_uppercase() => write!(f, "shift-{}", c.to_lowercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "f{n}"),
            other => write!(f, "{other}"),
        }
    }
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown =
            || format!("`{text}` is no key; write it like a, shift-a, ctrl-z, alt-x, f5, enter, pgdn");
        let mut chord = Chord::plain(KeyCode::Null);
        let mut rest = text;
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-").filter(|a| !a.is_empty()) {
                (chord.ctrl, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("alt-").filter(|a| !a.is_empty()) {
                (chord.alt, rest) = (true, after);
            } else {
                break;
            }
        }
        let single = |s: &str| {
            let mut chars = s.chars();
            chars.next().filter(|_| chars.next().is_none())
        };
        chord.code = if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == rest) {
            *code
        } else if let Some(c) = single(rest) {
            KeyCode::Char(c)
        } else if let Some(c) = rest.strip_prefix("shift-").and_then(single).filter(|c| c.is_alphabetic()) {
            KeyCode::Char(c.to_uppercase().next().unwrap_or(c))
        } else if let Some(n) =
            rest.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=24).contains(n))
        {
            KeyCode::F(n)
        } else {
            return Err(unknown());
        };
        Ok(chord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read_back() {
        for text in [
            "a",
            "shift-n",
            "ctrl-z",
            "ctrl-\\",
            "ctrl-space",
            "enter",
            "f5",
            "alt-x",
            "/",
            "-",
            "shift-tab",
            "pgdn",
        ] {
            let chord: Chord = text.parse().unwrap();
            assert_eq!(chord.to_string(), text);
        }
    }

    #[test]
    fn what_terminals_send_is_one_chord() {
        let key = |code, mods| Chord::from(KeyEvent::new(code, mods)).to_string();
        assert_eq!(key(KeyCode::Char('N'), KeyModifiers::SHIFT), "shift-n");
        assert_eq!(key(KeyCode::Char('n'), KeyModifiers::SHIFT), "shift-n");
        assert_eq!(key(KeyCode::Char('?'), KeyModifiers::SHIFT), "?");
        assert_eq!(key(KeyCode::Char('4'), KeyModifiers::CONTROL), "ctrl-\\");
        assert_eq!(key(KeyCode::Char(' '), KeyModifiers::CONTROL), "ctrl-space");
    }

    #[test]
    fn no_key_is_said_so() {
        for text in ["", "ctrl-", "hyper-x", "f99", "shift-1"] {
            assert!(text.parse::<Chord>().unwrap_err().contains(text));
        }
    }
}
