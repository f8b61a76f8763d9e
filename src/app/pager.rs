//! Lines of text to read: scrolling, wrapping, following, filtering, within a bound of memory.

use super::text;
use crate::pane::Filter;
use std::{borrow::Cow, collections::VecDeque};

/// At most this many lines are kept, and this many bytes of them.
pub const MAX_LINES: usize = 20_000;
pub const MAX_BYTES: usize = 16 << 20;

struct Line {
    text: String,
    width: u32,
    /// The filter lets it through.
    shown: bool,
}

/// Lines with a window onto them. Positions count screen rows of the lines that the filter shows.
#[derive(Default)]
pub struct Pager {
    lines: VecDeque<Line>,
    bytes: usize,
    filter: Filter,
    /// As typed after `/`.
    pub typed: String,
    pub top: usize,
    pub left: usize,
    pub wrap: bool,
    /// Its lines are sentences, which wrap between words.
    sentences: bool,
    /// Stays at the end as lines come.
    pub follow: bool,
    /// Lines that had to be dropped from the front.
    pub dropped: u64,
    size: (usize, usize),
}

impl Pager {
    /// Stays at the end.
    pub fn following() -> Self {
        Pager { follow: true, ..Pager::default() }
    }

    /// Wraps its lines.
    pub fn wrapping() -> Self {
        Pager { wrap: true, ..Pager::default() }
    }

    /// Wraps its lines between words.
    pub fn sentences() -> Self {
        Pager { sentences: true, ..Pager::wrapping() }
    }

    /// Adds lines at the end, cleaned; drops the oldest ones past the bounds.
    pub fn extend<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        for raw in lines {
            let text = text::clean_line(raw);
            let shown = self.passes(&text);
            self.bytes += text.len();
            self.lines.push_back(Line { width: text::width(&text) as u32, text, shown });
        }
        while self.lines.len() > MAX_LINES || (self.bytes > MAX_BYTES && self.lines.len() > 1) {
            let Some(gone) = self.lines.pop_front() else { break };
            self.bytes -= gone.text.len();
            self.dropped += 1;
            if gone.shown {
                self.top = self.top.saturating_sub(self.height_of(&gone));
            }
        }
    }

    /// Other lines in place of all, the window where it was.
    pub fn replace<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        self.clear();
        self.extend(lines);
    }

    pub fn clear(&mut self) {
        self.lines.clear();
        (self.bytes, self.dropped) = (0, 0);
    }

    fn passes(&self, text: &str) -> bool {
        match &self.filter {
            Filter::Inverse(_) => !self.filter.matches_text(text),
            filter => filter.matches_text(text),
        }
    }

    pub fn set_filter(&mut self, typed: &str) {
        typed.clone_into(&mut self.typed);
        self.filter = Filter::parse(typed);
        let shown: Vec<bool> = self.lines.iter().map(|l| self.passes(&l.text)).collect();
        self.lines.iter_mut().zip(shown).for_each(|(line, shown)| line.shown = shown);
        self.top = 0;
    }

    fn height_of(&self, line: &Line) -> usize {
        match self.size.0 {
            _ if !self.wrap => 1,
            columns if self.sentences => text::fold_under(&line.text, columns).len(),
            columns if line.width as usize == line.text.len() => {
                line.text.len().div_ceil(columns.max(2)).max(1)
            }
            // A wide character may not fit at the end of a row.
            columns => text::wrap(&line.text, columns).len(),
        }
    }

    /// Screen rows of everything that the filter shows.
    pub fn rows(&self) -> usize {
        self.lines.iter().filter(|l| l.shown).map(|l| self.height_of(l)).sum()
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub fn text(&self) -> String {
        self.lines.iter().filter(|l| l.shown).map(|l| format!("{}\n", l.text)).collect()
    }

    /// Brings the window in order for a screen of (columns, rows).
    pub fn settle(&mut self, columns: usize, rows: usize) {
        self.size = (columns, rows);
        let last = self.rows().saturating_sub(rows);
        self.top = if self.follow { last } else { self.top.min(last) };
        if self.wrap {
            self.left = 0;
        }
    }

    pub fn step(&mut self, by: isize) {
        let last = self.rows().saturating_sub(self.size.1);
        self.top = self.top.saturating_add_signed(by).min(last);
        self.follow &= by > 0;
    }

    pub fn first(&mut self) {
        (self.top, self.follow) = (0, false);
    }

    pub fn last(&mut self) {
        self.top = self.rows().saturating_sub(self.size.1);
    }

    pub fn sideways(&mut self, by: isize) {
        let widest = self.lines.iter().filter(|l| l.shown).map(|l| l.width as usize).max().unwrap_or(0);
        self.left = self.left.saturating_add_signed(by).min(widest.saturating_sub(1));
    }

    /// The rows in the window, from the top.
    pub fn window(&self) -> Vec<Cow<'_, str>> {
        let (columns, rows) = self.size;
        let mut out = Vec::with_capacity(rows);
        let mut at = 0;
        for line in self.lines.iter().filter(|l| l.shown) {
            let height = self.height_of(line);
            if at + height > self.top {
                let pieces = match (self.wrap, self.sentences) {
                    (false, _) => vec![text::skip(&line.text, self.left).into()],
                    (true, true) => text::fold_under(&line.text, columns),
                    (true, false) => text::wrap(&line.text, columns).into_iter().map(Cow::from).collect(),
                };
                out.extend(pieces.into_iter().skip(self.top.saturating_sub(at)));
            }
            at += height;
            if out.len() >= rows {
                break;
            }
        }
        out.truncate(rows);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pager(n: usize) -> Pager {
        let mut p = Pager::default();
        let lines: Vec<String> = (0..n).map(|i| format!("line {i}")).collect();
        p.extend(lines.iter().map(String::as_str));
        p
    }

    #[test]
    fn follows_the_end_until_the_reader_goes_up() {
        let mut p = pager(50);
        p.follow = true;
        p.settle(80, 10);
        assert_eq!(p.window()[9], "line 49");
        p.extend(["line 50"]);
        p.settle(80, 10);
        assert_eq!(p.window()[9], "line 50");
        p.step(-1);
        p.extend(["line 51"]);
        p.settle(80, 10);
        assert_eq!(p.window()[9], "line 49", "the window stays where the reader put it");
    }

    #[test]
    fn keeps_the_window_when_old_lines_are_dropped() {
        let mut p = pager(MAX_LINES);
        p.settle(80, 10);
        p.step(100);
        let before: Vec<String> = p.window().into_iter().map(Cow::into_owned).collect();
        p.extend((0..40).map(|_| "new"));
        p.settle(80, 10);
        assert_eq!(p.window(), before);
        assert_eq!((p.len(), p.dropped), (MAX_LINES, 40));
    }

    #[test]
    fn memory_is_bounded_by_bytes_too() {
        let mut p = Pager::default();
        let long = "x".repeat(MAX_BYTES / 4);
        p.extend([long.as_str(); 6]);
        assert!(p.bytes <= MAX_BYTES, "{} bytes", p.bytes);
    }

    #[test]
    fn a_filter_shows_matching_lines_and_new_ones() {
        let mut p = pager(30);
        p.set_filter("line 2");
        p.extend(["line 200", "other"]);
        p.settle(80, 20);
        assert_eq!(p.window().len(), 12);
        p.set_filter("!line");
        p.settle(80, 20);
        assert_eq!(p.window(), ["other"]);
    }

    #[test]
    fn wrapped_lines_scroll_row_by_row() {
        let mut p = Pager { wrap: true, ..Pager::default() };
        p.extend(["abcdefgh", "ij"]);
        p.settle(3, 2);
        assert_eq!(p.window(), ["abc", "def"]);
        p.step(2);
        assert_eq!(p.window(), ["gh", "ij"]);
    }

    #[test]
    fn sentences_wrap_between_words_under_their_beginning() {
        let mut p = Pager::sentences();
        p.extend(["Evidence", "  pod kafka-1 ended with 1", ""]);
        p.settle(14, 9);
        assert_eq!(p.window(), ["Evidence", "  pod kafka-1", "  ended with 1", ""]);
        assert_eq!(p.rows(), 4);
    }
}
