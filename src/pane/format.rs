//! Cells for values that may be unknown: an unknown number is a dash and never a zero.

use super::{Cell, SortKey, Tone};
use crate::domain::human;

pub const UNKNOWN: &str = "–";

pub fn unknown() -> Cell {
    Cell::toned(UNKNOWN, Tone::Muted)
}

pub fn count(n: Option<u64>) -> Cell {
    n.map_or_else(unknown, |n| Cell::plain(human::count(n)))
}

pub fn bytes(n: Option<u64>) -> Cell {
    n.map_or_else(unknown, |n| Cell::plain(human::bytes(n)))
}

/// A count of things that ought not to be: muted at zero, in `tone` above.
pub fn faults(n: u32, tone: Tone) -> Cell {
    Cell::toned(human::count(u64::from(n)), if n == 0 { Tone::Muted } else { tone })
}

pub fn text(text: Option<&str>) -> Cell {
    text.filter(|t| !t.is_empty()).map_or_else(unknown, |t| Cell::plain(t.to_string()))
}

pub fn text_key(text: Option<&str>) -> SortKey<'_> {
    text.filter(|t| !t.is_empty()).map_or(SortKey::Unknown, SortKey::Text)
}

pub fn key<'a>(n: Option<f64>) -> SortKey<'a> {
    n.map_or(SortKey::Unknown, SortKey::Number)
}
