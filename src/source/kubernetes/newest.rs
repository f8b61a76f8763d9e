//! Keeps the newest of a kind that never stops growing.

use super::watched::Watched;
use crate::domain::{
    kubernetes::{Key, TableDelta},
    time::Time,
};
use std::collections::{BTreeSet, HashMap};

/// Which rows of a table are kept.
#[derive(Default)]
pub struct Newest {
    order: BTreeSet<(Time, Key)>,
    times: HashMap<Key, Time>,
}

impl Newest {
    /// Takes a row in; returns what to tell the table: at most the row and the removal of an older one.
    pub fn put<R: Watched>(&mut self, row: R, limit: usize, at: Time) -> Vec<TableDelta<R>> {
        let key = row.meta().key.clone();
        self.remove(&key);
        self.order.insert((row.time(), key.clone()));
        self.times.insert(key.clone(), row.time());
        let mut deltas = Vec::with_capacity(2);
        if self.order.len() > limit
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.times.remove(&oldest);
            deltas.push(TableDelta::Remove { key: oldest.clone(), at });
            if oldest == key {
                return deltas;
            }
        }
        deltas.push(TableDelta::Put { row, at });
        deltas
    }

    /// Forgets a row; returns whether it was kept.
    pub fn remove(&mut self, key: &Key) -> bool {
        let Some(time) = self.times.remove(key) else { return false };
        self.order.remove(&(time, key.clone()))
    }

    /// The newest of `rows`, kept from now on in place of what was.
    pub fn restart<R: Watched>(&mut self, mut rows: Vec<R>, limit: usize) -> Vec<R> {
        rows.sort_by_key(|r| std::cmp::Reverse(r.time()));
        rows.truncate(limit);
        self.times = rows.iter().map(|r| (r.meta().key.clone(), r.time())).collect();
        self.order = self.times.iter().map(|(k, t)| (*t, k.clone())).collect();
        rows
    }
}
