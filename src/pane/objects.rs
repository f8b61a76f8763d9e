//! Tables of Kubernetes objects: what they all have in common.

use super::{Cell, Column, Place, Rows, SortKey, Tone, World};
use crate::domain::{
    kubernetes::{Kubernetes, Meta, Row, Table},
    object::{Kind, Object},
    reading::State,
    time::age,
};
use std::marker::PhantomData;

/// A kind that has a table.
pub trait Listed: Row + Sized + Sync + 'static {
    const KIND: Kind;
    const NOUN: &'static str;
    const COLUMNS: &'static [Column<Objects<Self>>];

    fn table(kubernetes: &Kubernetes) -> &Table<Self>;

    /// The rows in the table's own order, narrowed to what belongs to `scope`.
    fn items<'a>(world: &World<'a>, scope: Option<&Object>) -> Vec<&'a Self> {
        let all = Self::table(&world.snapshot.kubernetes).iter();
        match scope {
            Some(scope) => all.filter(|row| is(*row, scope)).collect(),
            None => all.collect(),
        }
    }

    fn fault(&self, world: &World<'_>) -> bool;

    fn drill(&self, _world: &World<'_>) -> Option<Place> {
        None
    }

    /// Words beside the name and the namespace that a filter looks at.
    fn search(&self, _try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        false
    }
}

/// The identity of a row.
pub fn object<T: Listed>(row: &T) -> Object {
    let meta = row.meta();
    Object::Kube { kind: T::KIND, key: meta.key.clone(), uid: meta.uid.clone() }
}

/// Whether `object` is this very row, and not one of the same name before or after it.
pub fn is<T: Listed>(row: &T, object: &Object) -> bool {
    matches!(object, Object::Kube { kind, key, uid }
        if *kind == T::KIND && *key == row.meta().key && (uid.is_empty() || *uid == row.meta().uid))
}

/// The table of `T`s.
pub struct Objects<T>(PhantomData<fn() -> T>);

impl<T> Objects<T> {
    pub const TABLE: Self = Objects(PhantomData);
}

impl<T: Listed> Rows for Objects<T> {
    type Item<'a> = &'a T;

    fn noun(&self) -> &'static str {
        T::NOUN
    }

    fn columns(&self) -> &'static [Column<Self>] {
        T::COLUMNS
    }

    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<&'a T> {
        T::items(world, scope)
    }

    fn object(&self, row: &T) -> Object {
        object(row)
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<&'a T> {
        let Object::Kube { key, .. } = object else { return None };
        T::table(&world.snapshot.kubernetes).get(key).filter(|row| is(*row, object))
    }

    fn search(&self, row: &T, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        let key = &row.meta().key;
        try_word(&key.name) || try_word(&key.namespace) || row.search(try_word)
    }

    fn fault(&self, world: &World<'_>, row: &T) -> bool {
        row.fault(world)
    }

    fn state(&self, world: &World<'_>) -> State {
        T::table(&world.snapshot.kubernetes).feed.state(world.now)
    }

    fn drill(&self, world: &World<'_>, row: &T) -> Option<Place> {
        row.drill(world)
    }

    fn namespaced(&self) -> bool {
        T::KIND.namespaced()
    }

    fn meta<'a>(&self, _world: &World<'a>, row: &'a T) -> Option<&'a Meta> {
        Some(row.meta())
    }
}

/// Columns that every kind has.
impl<T: Listed> Objects<T> {
    pub const NAMESPACE: Column<Self> = Column::text(
        "NAMESPACE",
        10,
        |_, row: &T| Cell::toned(row.meta().key.namespace.to_string(), Tone::Muted),
        |_, row: &T| SortKey::Text(&row.meta().key.namespace),
    )
    .rank(1)
    .sort('P');

    pub const NAME: Column<Self> = Column::wide(
        "NAME",
        20,
        |_, row: &T| Cell::toned(row.meta().key.name.to_string(), Tone::Strong),
        |_, row: &T| SortKey::Text(&row.meta().key.name),
    )
    .sort('N');

    /// Sorted by age, so that the youngest has the smallest key.
    pub const AGE: Column<Self> = Column::number(
        "AGE",
        6,
        |world, row: &T| Cell::plain(age(world.now.since(row.meta().created))),
        |world, row: &T| SortKey::Number(world.now.since(row.meta().created).as_secs_f64()),
    )
    .rank(1)
    .sort('A');
}
