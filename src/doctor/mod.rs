//! `castellan doctor`: looks at everything that castellan stands on, says of each what it found, and what to do
//! next where something is missing.

mod checks;
mod terminal;
mod visit;

#[cfg(test)]
mod tests;

pub use checks::{checks, wanted};
pub use terminal::terminal;
pub use visit::visit;

use crate::domain::clean::clean;
use anyhow::Result;
use std::{fmt::Write as _, fs, path::PathBuf};

/// How well a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Well,
    /// castellan works without it, and shows less.
    Lacking,
    /// It could not be looked at, for want of something before it.
    Unseen,
    Broken,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Well => "ok",
            State::Lacking => "lacking",
            State::Unseen => "not seen",
            State::Broken => "broken",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub what: &'static str,
    pub state: State,
    pub found: String,
    /// The next command, or what else to do.
    pub next: Option<String>,
}

impl Check {
    pub fn well(what: &'static str, found: impl Into<String>) -> Check {
        Check { what, state: State::Well, found: found.into(), next: None }
    }

    pub fn ill(what: &'static str, state: State, found: impl Into<String>, next: impl Into<String>) -> Check {
        Check { what, state, found: found.into(), next: Some(next.into()) }
    }
}

/// The checks as text, and the exit code: 0 where all is well or castellan only shows less, else 1.
pub fn report(checks: &[Check]) -> (String, u8) {
    let mut text = String::new();
    for Check { what, state, found, next } in checks {
        // What servers said goes to a terminal.
        let _ = writeln!(text, "{:8}  {what:<11}  {}", state.word(), clean(found));
        if let Some(next) = next {
            let _ = writeln!(text, "{:8}  {:<11}  next: {}", "", "", clean(next));
        }
    }
    let worst = checks.iter().map(|c| c.state).max().unwrap_or(State::Well);
    (text, u8::from(worst > State::Lacking))
}

/// The folders of castellan's own: whether it can keep its journals.
pub fn files(config: Result<PathBuf>, state: Result<PathBuf>) -> Check {
    let without = "castellan shows everything and changes nothing: what it does is told to a journal first";
    let (config, state) = match (config, state) {
        (Ok(config), Ok(state)) => (config.join("config.toml"), state),
        (Err(error), _) | (_, Err(error)) => {
            return Check::ill("files", State::Lacking, format!("{error:#}"), without);
        }
    };
    let said = if config.exists() { "read" } else { "not there, so the defaults hold" };
    let found = format!("configuration {} ({said}), journals below {}", config.display(), state.display());
    let writable = fs::create_dir_all(&state).and_then(|()| tempfile::tempfile_in(&state));
    match writable {
        Ok(_) => Check::well("files", found),
        Err(error) => {
            Check::ill("files", State::Lacking, format!("{found}, which cannot be written: {error}"), without)
        }
    }
}
