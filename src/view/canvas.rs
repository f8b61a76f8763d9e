//! Writing text on the screen's cells.

use super::theme::{Role, Theme};
use crate::{
    app::text,
    domain::{reading::State, time::age},
    pane::Tone,
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

pub struct Canvas<'a> {
    pub buffer: &'a mut Buffer,
    pub theme: &'a Theme,
}

impl Canvas<'_> {
    pub fn fill(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(role);
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Writes cleaned text at (x, y), cut to `width`; returns the columns it took.
    pub fn write(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if x >= area.right() || y >= area.bottom() || width == 0 {
            return 0;
        }
        let width = width.min(area.right() - x);
        let text = text::clean(text);
        let shown = text::cut(&text, width.into());
        let (end, _) = self.buffer.set_stringn(x, y, &shown, width.into(), style);
        end - x
    }

    /// Writes pieces one after the other in one line; returns the columns they took.
    pub fn line(&mut self, area: Rect, pieces: &[(&str, Style)]) -> u16 {
        let mut used = 0;
        if area.height == 0 {
            return 0;
        }
        for (text, style) in pieces {
            used += self.write(area.x + used, area.y, area.width.saturating_sub(used), text, *style);
        }
        used
    }
}

/// A source's or table's state in a few words, with its tone.
pub fn state_words(state: &State) -> (Tone, String) {
    match state {
        State::Live => (Tone::Good, "live".into()),
        State::Pending(None) => (Tone::Muted, "waiting".into()),
        State::Pending(Some(p)) => match p.total {
            Some(total) => (Tone::Muted, format!("reading {} of {total}", p.done)),
            None => (Tone::Muted, format!("reading {}", p.done)),
        },
        State::Stale { age: old } => (Tone::Warning, format!("stale {}", age(*old))),
        State::Failed { reason, age: Some(old) } => {
            (Tone::Critical, format!("stale {}: {reason}", age(*old)))
        }
        State::Failed { reason, age: None } => (Tone::Critical, format!("failed: {reason}")),
    }
}
