//! One table on the screen: what is asked of it, its arranged rows, the cursor and the marks.

use crate::{
    domain::{Text, object::Object},
    pane::{Arranged, Filter, Query, Sort, Table, World},
};
use std::collections::BTreeSet;

/// State of one table block. The cursor and the marks are bound to objects; positions follow from them.
#[derive(Debug, Default)]
pub struct List {
    pub query: Query,
    /// As typed after `/`.
    pub filter: String,
    /// Arranged rows, kept until the world or the query changes.
    pub rows: Arranged,
    made: Option<(u64, u64)>,
    /// Another order was asked for since they were arranged.
    unsorted: bool,
    /// The user asked for other rows since they were arranged.
    asked: bool,
    cursor: Option<Object>,
    /// Where the cursor's object is, or was before it went away.
    row: usize,
    present: bool,
    /// It has had the keyboard.
    visited: bool,
    /// The first row shown.
    pub top: usize,
    pub marks: BTreeSet<Object>,
    anchor: Option<Object>,
    /// All columns, with a sideways scroll, in place of those that fit.
    pub wide: bool,
    /// Columns scrolled away to the left when `wide`.
    pub skipped: usize,
}

impl List {
    pub fn new(scope: Option<Object>) -> Self {
        List { query: Query { scope, ..Query::default() }, ..List::default() }
    }

    /// Arranges anew if the world (`generation`) or the query changed since the last time.
    pub fn arrange(&mut self, table: &dyn Table, world: &World<'_>, namespace: Option<&Text>) {
        // What an object leads to is shown whole, whatever namespace was chosen before.
        let namespace = namespace.filter(|_| self.query.scope.is_none());
        if self.query.namespace.as_ref() != namespace {
            self.query.namespace = namespace.cloned();
            self.changed();
        }
        let generation = (world.snapshot.generation, world.derived.generation);
        if self.made != Some(generation) {
            self.rows = table.arrange(world, &self.query);
            self.made = Some(generation);
            self.marks.retain(|o| table.cells(world, o, &[]).is_some());
            self.locate();
        } else if self.unsorted {
            table.rearrange(world, &self.query, &mut self.rows);
            self.locate();
        }
        self.unsorted = false;
    }

    /// Finds the cursor's object among the rows. An object that went away leaves no row selected, so that
    /// no key can act on its neighbour by accident; one that the user's own filter hides does not.
    fn locate(&mut self) {
        let asked = std::mem::take(&mut self.asked);
        match &self.cursor {
            None => self.put(0),
            Some(object) if self.rows.get(self.row) == Some(object) => self.present = true,
            Some(object) => {
                let found = self.rows.position(object);
                if found.is_none() && asked {
                    return self.put(0);
                }
                self.present = found.is_some();
                self.row = found.unwrap_or(self.row).min(self.rows.len().saturating_sub(1));
            }
        }
    }

    /// Whether it has the keyboard now. One that never had it shows its first rows, whatever row came first.
    pub fn visit(&mut self, focused: bool) {
        self.visited |= focused;
        if !self.visited {
            self.put(0);
        }
    }

    fn put(&mut self, row: usize) {
        self.row = row.min(self.rows.len().saturating_sub(1));
        self.present = !self.rows.is_empty();
        self.cursor = self.cursor.take().filter(|_| self.present);
        if let Some(object) = self.rows.get(self.row) {
            self.cursor = Some(object.clone());
        }
    }

    /// Moves the window of `height` rows to where the cursor is.
    pub fn scroll_into_view(&mut self, height: usize) {
        let height = height.max(1);
        self.top = self.top.min(self.rows.len().saturating_sub(height));
        if self.row < self.top {
            self.top = self.row;
        } else if self.row >= self.top + height {
            self.top = self.row + 1 - height;
        }
    }

    /// The query was changed: arrange anew at the next settling.
    pub fn changed(&mut self) {
        self.made = None;
        self.asked = true;
    }

    pub fn selected(&self) -> Option<&Object> {
        self.cursor.as_ref().filter(|_| self.present)
    }

    /// The selected row's position, None when the object that was selected is not shown.
    pub fn position(&self) -> Option<usize> {
        self.present.then_some(self.row)
    }

    /// The object that was selected and is not among the rows now.
    pub fn missing(&self) -> Option<&Object> {
        self.cursor.as_ref().filter(|_| !self.present)
    }

    pub fn select(&mut self, row: usize) {
        self.put(row);
    }

    pub fn step(&mut self, by: isize) {
        match (self.present, by > 0) {
            // Down to what took the place of the object that is gone, or up to the one before.
            (false, true) => self.put(self.row),
            (false, false) => self.put(self.row.saturating_sub(1)),
            (true, _) => self.put(self.row.saturating_add_signed(by)),
        }
    }

    pub fn first(&mut self) {
        self.put(0);
    }

    pub fn last(&mut self) {
        self.put(usize::MAX);
    }

    pub fn set_filter(&mut self, typed: &str) {
        typed.clone_into(&mut self.filter);
        self.query.filter = Filter::parse(typed);
        self.changed();
    }

    pub fn sort_by(&mut self, column: usize, descending: bool) {
        self.query.sort = Some(Sort { column, descending });
        self.unsorted = true;
    }

    /// Sorts by `column`, the other way round if it already did.
    pub fn sort_or_turn(&mut self, column: usize) {
        let descending = self.query.sort.is_some_and(|s| s.column == column && !s.descending);
        self.sort_by(column, descending);
    }

    pub fn toggle_mark(&mut self) {
        let Some(object) = self.selected().cloned() else { return };
        if !self.marks.remove(&object) {
            self.marks.insert(object.clone());
        }
        self.anchor = Some(object);
        self.step(1);
    }

    /// Marks everything between the last mark and the cursor.
    pub fn mark_range(&mut self) {
        let Some(to) = self.position() else { return };
        let anchor = self.anchor.as_ref().and_then(|anchor| self.rows.position(anchor));
        let from = anchor.unwrap_or(to);
        let range = self.rows.from(from.min(to)).take(from.abs_diff(to) + 1);
        self.marks.extend(range.cloned());
        self.anchor = self.selected().cloned();
    }

    pub fn clear_marks(&mut self) {
        self.marks.clear();
        self.anchor = None;
    }
}
