//! One kind's rows, kept by a watch.

use super::{Key, Meta, PATIENCE};
use crate::domain::{Text, reading::Feed, time::Time};
use std::collections::BTreeMap;

/// An object that lives in a [`Table`].
pub trait Row: PartialEq {
    fn meta(&self) -> &Meta;
    fn meta_mut(&mut self) -> &mut Meta;
}

/// Rows of one kind in key order, with the watch's freshness.
#[derive(Debug, Clone)]
pub struct Table<T> {
    rows: BTreeMap<Key, T>,
    /// Rows of a list under way: they join `rows` page by page, and what the finished list did not
    /// name is then dropped. Until that, old rows stay.
    listing: Option<std::collections::BTreeSet<Key>>,
    pub feed: Feed,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { rows: BTreeMap::new(), listing: None, feed: Feed::pending(PATIENCE) }
    }
}

/// News of one kind.
#[derive(Debug, Clone)]
pub enum TableDelta<T> {
    /// A list begins (at first, or again after a lost watch).
    ListStart,
    /// One page of it; `remaining` as far as the server says.
    Page {
        rows: Vec<T>,
        remaining: Option<u64>,
    },
    /// The list is whole: rows it did not name are gone.
    ListEnd {
        at: Time,
    },
    /// An object was added or changed.
    Put {
        row: T,
        at: Time,
    },
    /// An object is gone.
    Remove {
        key: Key,
        at: Time,
    },
    /// The watch is alive and what we hold is true.
    Heard {
        at: Time,
    },
    Failed {
        reason: Text,
        at: Time,
    },
}

impl<T: Row> Table<T> {
    /// Takes in one delta; returns whether anything but a confirmation changed.
    pub fn apply(&mut self, delta: TableDelta<T>) -> bool {
        match delta {
            TableDelta::ListStart => {
                self.listing = Some(Default::default());
                false
            }
            TableDelta::Page { rows, remaining } => {
                self.take_page(rows, remaining);
                true
            }
            TableDelta::ListEnd { at } => {
                if let Some(named) = self.listing.take() {
                    self.rows.retain(|key, _| named.contains(key));
                }
                self.feed.hear(at);
                true
            }
            TableDelta::Put { row, at } => {
                self.feed.hear(at);
                self.put(row)
            }
            TableDelta::Remove { key, at } => {
                self.feed.hear(at);
                self.rows.remove(&key).is_some()
            }
            TableDelta::Heard { at } => {
                let failed = self.feed.failure().is_some();
                self.feed.hear(at);
                failed
            }
            TableDelta::Failed { reason, at } => {
                let changed = self.feed.failure().is_none_or(|f| f.reason != reason);
                self.feed.fail(reason, at);
                changed
            }
        }
    }

    /// Takes in a row; returns whether anything that a rule reads is different. Heartbeats (of nodes, of
    /// leader elections) change nothing but the version.
    fn put(&mut self, row: T) -> bool {
        let key = row.meta().key.clone();
        let Some(held) = self.rows.get_mut(&key) else {
            self.rows.insert(key, row);
            return true;
        };
        held.meta_mut().resource_version = row.meta().resource_version.clone();
        if *held == row {
            return false;
        }
        *held = row;
        true
    }

    fn take_page(&mut self, rows: Vec<T>, remaining: Option<u64>) {
        let named = self.listing.get_or_insert_default();
        for row in rows {
            named.insert(row.meta().key.clone());
            self.rows.insert(row.meta().key.clone(), row);
        }
        let done = named.len() as u64;
        // A relist keeps the table's age until it is whole; a first list shows its progress.
        if self.feed.heard().is_none() {
            self.feed.advance(done, remaining.map(|r| done + r));
        }
    }

    pub fn get(&self, key: &Key) -> Option<&T> {
        self.rows.get(key)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.rows.values()
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{kubernetes::Node, reading::State};

    fn node(name: &str, version: &str) -> Node {
        let mut node = Node::default();
        node.meta.key = Key::new("", name);
        node.meta.resource_version = version.into();
        node
    }

    fn names(table: &Table<Node>) -> Vec<&str> {
        table.iter().map(|n| &*n.meta.key.name).collect()
    }

    #[test]
    fn a_heartbeat_is_taken_in_but_changes_nothing() {
        let mut table = Table::default();
        assert!(table.apply(TableDelta::Put { row: node("a", "1"), at: Time(1) }));
        assert!(!table.apply(TableDelta::Put { row: node("a", "2"), at: Time(2) }));
        assert_eq!(table.get(&Key::new("", "a")).map(|n| &*n.meta.resource_version), Some("2"));
        assert_eq!(table.feed.heard(), Some(Time(2)));
        assert!(
            table.apply(TableDelta::Put { row: Node { unschedulable: true, ..node("a", "3") }, at: Time(3) })
        );
    }

    #[test]
    fn a_relist_keeps_the_old_rows_until_it_is_whole() {
        let mut table = Table::default();
        let page = |names: &[&str], remaining| TableDelta::Page {
            rows: names.iter().map(|n| node(n, "1")).collect(),
            remaining,
        };
        table.apply(TableDelta::ListStart);
        table.apply(page(&["a", "b"], Some(1)));
        let State::Pending(Some(progress)) = table.feed.state(Time(0)) else { panic!("no progress") };
        assert_eq!((progress.done, progress.total), (2, Some(3)));
        table.apply(page(&["c"], None));
        table.apply(TableDelta::ListEnd { at: Time(0) });
        assert!(table.feed.state(Time(0)).is_live());

        table.apply(TableDelta::ListStart);
        table.apply(page(&["c", "d"], None));
        assert_eq!(names(&table), ["a", "b", "c", "d"]);
        table.apply(TableDelta::ListEnd { at: Time(1) });
        assert_eq!(names(&table), ["c", "d"]);
    }
}
