//! One value on the screen, with its meaning; the theme decides how a meaning looks.

use crate::domain::reading::State;
use std::{borrow::Cow, time::Duration};

/// What a value means to the reader. Never carried by colour alone: the text or a glyph says it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    #[default]
    Plain,
    /// What the eye should find first (a name).
    Strong,
    Muted,
    Good,
    Warning,
    Critical,
}

/// How far a value can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doubt {
    #[default]
    None,
    /// Never observed yet.
    Pending,
    /// Drawn dimmed, with its age.
    Stale(Duration),
    /// Could not be observed; an old value's age if one is still shown.
    Failed(Option<Duration>),
}

impl From<&State> for Doubt {
    fn from(state: &State) -> Self {
        match state {
            State::Pending(_) => Doubt::Pending,
            State::Live => Doubt::None,
            State::Stale { age } => Doubt::Stale(*age),
            State::Failed { age, .. } => Doubt::Failed(*age),
        }
    }
}

/// A drawing in place of text, or beside it.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Figure {
    #[default]
    None,
    /// Oldest first; missing points are gaps.
    Spark(Vec<Option<f64>>),
    /// A share from 0 to 1.
    Gauge(f64),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// As observed: the view strips control characters and cuts it to its column with a mark.
    pub text: Cow<'static, str>,
    pub tone: Tone,
    pub doubt: Doubt,
    pub figure: Figure,
}

impl Cell {
    pub fn plain(text: impl Into<Cow<'static, str>>) -> Self {
        Cell { text: text.into(), ..Cell::default() }
    }

    pub fn toned(text: impl Into<Cow<'static, str>>, tone: Tone) -> Self {
        Cell { text: text.into(), tone, ..Cell::default() }
    }

    pub fn empty() -> Self {
        Cell::default()
    }

    pub fn doubting(mut self, state: &State) -> Self {
        self.doubt = state.into();
        self
    }

    pub fn drawing(mut self, figure: Figure) -> Self {
        self.figure = figure;
        self
    }
}
