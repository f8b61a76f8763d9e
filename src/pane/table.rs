//! Tables: a list of items of one type, and columns over it.
//!
//! A pane implements [`Rows`] for its items; everything else (filter, order, cells of the visible rows)
//! is the same for all and comes with [`Table`].

use super::{Arranged, Cell, Doubt, Filter, Place, Query, Sort, SortKey, World, order::integers};
use crate::domain::{kubernetes::Meta, object::Object, reading::State};

/// What a table is made of.
pub trait Rows: Sized + Sync + 'static {
    /// A cheap reference into the world.
    type Item<'a>: Copy;

    /// The object's kind in the plural, for counts and empty tables: `pods`.
    fn noun(&self) -> &'static str;
    fn columns(&self) -> &'static [Column<Self>];
    /// The items in the table's own order, but for [`Rows::usual`].
    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<Self::Item<'a>>;
    /// The column that the table is sorted by until another is asked for.
    fn usual(&self) -> Option<Sort> {
        None
    }
    fn object(&self, item: Self::Item<'_>) -> Object;
    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<Self::Item<'a>>;
    /// The words that a filter looks at: calls `try_word` for each until it says true.
    fn search(&self, item: Self::Item<'_>, try_word: &mut dyn FnMut(&str) -> bool) -> bool;
    /// Something is wrong with it.
    fn fault(&self, world: &World<'_>, item: Self::Item<'_>) -> bool;
    /// How far the whole table can be trusted.
    fn state(&self, world: &World<'_>) -> State;
    /// Where Enter leads.
    fn drill(&self, _world: &World<'_>, _item: Self::Item<'_>) -> Option<Place> {
        None
    }
    /// Whether its objects are Kubernetes's own and in namespaces.
    fn namespaced(&self) -> bool {
        false
    }
    /// A Kubernetes object's metadata, for filters by namespace and label.
    fn meta<'a>(&self, _world: &World<'a>, _item: Self::Item<'a>) -> Option<&'a Meta> {
        None
    }
}

/// One column of `R`'s table.
pub struct Column<R: Rows> {
    pub title: &'static str,
    /// Cells wanted; a flexible column takes what is left.
    pub width: Width,
    pub align: Align,
    /// When there is not room for all, columns go in the order of this number, highest first; 0 stays.
    pub rank: u8,
    pub cell: CellOf<R>,
    pub key: KeyOf<R>,
    /// k9s's shifted letter that sorts by it.
    pub sort: Option<char>,
    /// How far its values can be trusted, where that is not the whole table's state.
    pub state: Option<StateOf<R>>,
}

type CellOf<R> = for<'a> fn(&World<'a>, <R as Rows>::Item<'a>) -> Cell;
type KeyOf<R> = for<'a> fn(&World<'a>, <R as Rows>::Item<'a>) -> SortKey<'a>;
type StateOf<R> = for<'a> fn(&World<'a>, <R as Rows>::Item<'a>) -> State;

impl<R: Rows> Column<R> {
    const fn new(title: &'static str, width: Width, align: Align, cell: CellOf<R>, key: KeyOf<R>) -> Self {
        Column { title, width, align, rank: 0, cell, key, sort: None, state: None }
    }

    /// Text in at most `width` cells.
    pub const fn text(title: &'static str, width: u16, cell: CellOf<R>, key: KeyOf<R>) -> Self {
        Self::new(title, Width::Fixed(width), Align::Left, cell, key)
    }

    /// Text in at least `width` cells, and a share of what is left.
    pub const fn wide(title: &'static str, width: u16, cell: CellOf<R>, key: KeyOf<R>) -> Self {
        Self::new(title, Width::Flex(width), Align::Left, cell, key)
    }

    /// A value whose last digits stand under each other.
    pub const fn number(title: &'static str, width: u16, cell: CellOf<R>, key: KeyOf<R>) -> Self {
        Self::new(title, Width::Fixed(width), Align::Right, cell, key)
    }

    pub const fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }

    pub const fn sort(mut self, letter: char) -> Self {
        self.sort = Some(letter);
        self
    }

    pub const fn read_from(mut self, state: StateOf<R>) -> Self {
        self.state = Some(state);
        self
    }

    /// The cell, as doubtful as what it was read from. A first list's rows are shown as they arrive, so
    /// a pending table makes no doubt.
    fn show<'a>(&self, rows: &R, world: &World<'a>, item: R::Item<'a>) -> Cell {
        let mut cell = (self.cell)(world, item);
        if cell.doubt == Doubt::None {
            let state = self.state.map_or_else(|| Rows::state(rows, world), |of| of(world, item));
            cell.doubt = match Doubt::from(&state) {
                Doubt::Pending => Doubt::None,
                doubt => doubt,
            };
        }
        cell
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    Fixed(u16),
    /// At least, and then a share of what is left.
    Flex(u16),
}

impl Width {
    pub fn is_flexible(self) -> bool {
        matches!(self, Width::Flex(_))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A column without its item type: what the view needs to lay it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heading {
    pub title: &'static str,
    pub width: Width,
    pub align: Align,
    pub rank: u8,
    pub sort: Option<char>,
}

/// Any pane's table.
pub trait Table: Sync {
    fn noun(&self) -> &'static str;
    fn namespaced(&self) -> bool;
    fn headings(&self) -> Vec<Heading>;
    /// The rows that the query asks for, in its order. Work for when something changed, not for a frame.
    fn arrange(&self, world: &World<'_>, query: &Query) -> Arranged;
    /// Brings rows of the same world that were arranged for a query like this one into its order.
    fn rearrange(&self, world: &World<'_>, query: &Query, rows: &mut Arranged);
    /// The cells of one row; None when the object is gone.
    fn cells(&self, world: &World<'_>, object: &Object, columns: &[usize]) -> Option<Vec<Cell>>;
    fn drill(&self, world: &World<'_>, object: &Object) -> Option<Place>;
    fn state(&self, world: &World<'_>) -> State;
    fn fault(&self, world: &World<'_>, object: &Object) -> bool;
}

impl<R: Rows> Table for R {
    fn noun(&self) -> &'static str {
        Rows::noun(self)
    }

    fn namespaced(&self) -> bool {
        Rows::namespaced(self)
    }

    fn headings(&self) -> Vec<Heading> {
        self.columns()
            .iter()
            .map(|c| Heading { title: c.title, width: c.width, align: c.align, rank: c.rank, sort: c.sort })
            .collect()
    }

    fn arrange(&self, world: &World<'_>, query: &Query) -> Arranged {
        let items = kept(self, world, query);
        let mut rows = Arranged::new(items.iter().map(|item| self.object(*item)));
        sort(self, world, query, &mut rows, || items);
        rows
    }

    fn rearrange(&self, world: &World<'_>, query: &Query, rows: &mut Arranged) {
        sort(self, world, query, rows, || kept(self, world, query));
    }

    fn cells(&self, world: &World<'_>, object: &Object, columns: &[usize]) -> Option<Vec<Cell>> {
        let item = self.find(world, object)?;
        let all = self.columns();
        Some(columns.iter().filter_map(|i| all.get(*i)).map(|c| c.show(self, world, item)).collect())
    }

    fn drill(&self, world: &World<'_>, object: &Object) -> Option<Place> {
        Rows::drill(self, world, self.find(world, object)?)
    }

    fn state(&self, world: &World<'_>) -> State {
        Rows::state(self, world)
    }

    fn fault(&self, world: &World<'_>, object: &Object) -> bool {
        self.find(world, object).is_some_and(|item| Rows::fault(self, world, item))
    }
}

/// The items that the query asks for, in the table's own order.
fn kept<'a, R: Rows>(rows: &R, world: &World<'a>, query: &Query) -> Vec<R::Item<'a>> {
    let mut items = rows.items(world, query.scope.as_ref());
    if !query.keeps_all() {
        let mut filter = Memo::new(&query.filter);
        items.retain(|item| keeps(rows, world, query, &mut filter, *item));
    }
    items
}

/// Sorts as the query asks; the items are asked for where their keys are not known.
fn sort<'a, R: Rows>(
    rows: &R,
    world: &World<'a>,
    query: &Query,
    arranged: &mut Arranged,
    items: impl FnOnce() -> Vec<R::Item<'a>>,
) {
    let sort = query.sort.or(rows.usual());
    match sort.and_then(|sort| Some((sort, rows.columns().get(sort.column)?))) {
        None => arranged.unsort(),
        Some((sort, column)) => {
            arranged.sort(sort.column, sort.descending, || {
                integers(items().iter().map(|item| (column.key)(world, *item)))
            });
        }
    }
}

fn keeps<'a, R: Rows>(
    rows: &R,
    world: &World<'a>,
    query: &Query,
    filter: &mut Memo<'_>,
    item: R::Item<'a>,
) -> bool {
    let named = query.namespace.is_none()
        || rows.meta(world, item).is_none_or(|m| {
            // What belongs to no namespace (nodes) is in all of them.
            m.key.namespace.is_empty() || Some(&m.key.namespace) == query.namespace.as_ref()
        });
    named && filtered(rows, world, filter, item) && (!query.faults || Rows::fault(rows, world, item))
}

fn filtered<'a, R: Rows>(rows: &R, world: &World<'a>, filter: &mut Memo<'_>, item: R::Item<'a>) -> bool {
    let any = |filter: &mut Memo<'_>| {
        let mut nth = 0;
        rows.search(item, &mut |word| {
            nth += 1;
            filter.matches(nth - 1, word)
        })
    };
    match filter.of {
        Filter::None => true,
        Filter::Regex(_) | Filter::Fuzzy(_) => any(filter),
        Filter::Inverse(_) => !any(filter),
        Filter::Labels(wanted) => rows.meta(world, item).is_some_and(|m| {
            wanted
                .iter()
                .all(|(k, v)| m.labels.get(k.as_str()).is_some_and(|have| v.is_empty() || **have == **v))
        }),
    }
}

/// A filter that remembers of each of a row's words what it said to the row before: in long tables most
/// rows share their words with their neighbours.
struct Memo<'f> {
    of: &'f Filter,
    said: Vec<(String, bool)>,
}

impl<'f> Memo<'f> {
    fn new(of: &'f Filter) -> Self {
        Memo { of, said: Vec::new() }
    }

    fn matches(&mut self, nth: usize, word: &str) -> bool {
        if let Some((_, said)) = self.said.get(nth).filter(|(known, _)| known == word) {
            return *said;
        }
        let says = self.of.matches_text(word);
        if self.said.len() <= nth {
            self.said.resize_with(nth + 1, || (String::new(), self.of.matches_text("")));
        }
        let (known, said) = &mut self.said[nth];
        (*known, *said) = (word.to_string(), says);
        says
    }
}
