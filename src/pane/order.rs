//! The order of a table's rows by one of its columns.

use crate::domain::object::Object;
use std::{cmp::Ordering, collections::HashMap};

/// A table's rows in the order that was asked for. The longest tables have hundreds of thousands: what an order
/// is made from is kept, so that another order of the same rows makes no objects anew, and the same column the
/// other way round no keys.
#[derive(Debug, Clone, Default)]
pub struct Arranged {
    /// In the table's own order.
    objects: Vec<Object>,
    /// The rows' places in it.
    order: Vec<u32>,
    /// The column that `keys` are of.
    column: Option<usize>,
    keys: Vec<u64>,
}

impl Arranged {
    /// In the table's own order.
    pub fn new(objects: impl Iterator<Item = Object>) -> Self {
        let objects: Vec<Object> = objects.collect();
        Arranged { order: (0..).take(objects.len()).collect(), objects, column: None, keys: Vec::new() }
    }

    /// Sorts by a column, whose keys ([`integers`]) are asked for if they are not known.
    pub fn sort(&mut self, column: usize, descending: bool, keys: impl FnOnce() -> Vec<u64>) {
        if self.column != Some(column) {
            (self.column, self.keys) = (Some(column), keys());
            // Every row has its place, whatever was answered.
            self.keys.resize(self.objects.len(), UNKNOWN);
        }
        self.order = order(&self.keys, descending);
    }

    /// Back to the table's own order.
    pub fn unsort(&mut self) {
        self.order.sort_unstable();
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub fn get(&self, row: usize) -> Option<&Object> {
        self.objects.get(*self.order.get(row)? as usize)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Object> {
        self.from(0)
    }

    /// From a row on.
    pub fn from(&self, row: usize) -> impl ExactSizeIterator<Item = &Object> {
        let order = self.order.get(row..).unwrap_or_default();
        order.iter().map(|place| &self.objects[*place as usize])
    }

    /// The row of an object.
    pub fn position(&self, object: &Object) -> Option<usize> {
        let place = self.objects.iter().position(|o| o == object)?;
        self.order.iter().position(|p| *p as usize == place)
    }
}

/// The key of a value that is not known.
const UNKNOWN: u64 = u64::MAX;

/// What a column sorts by. Unknown values come last in either direction.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey<'a> {
    Number(f64),
    Text(&'a str),
    Owned(String),
    Unknown,
}

impl SortKey<'_> {
    /// A number as an integer of the same order as [`f64::total_cmp`]; None: it is text.
    fn bits(&self) -> Option<u64> {
        match self {
            SortKey::Unknown => Some(UNKNOWN),
            SortKey::Number(n) => {
                let bits = n.to_bits();
                Some(if n.is_sign_negative() { !bits } else { bits | 1 << 63 })
            }
            SortKey::Text(_) | SortKey::Owned(_) => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            SortKey::Text(t) => Some(t),
            SortKey::Owned(t) => Some(t),
            SortKey::Number(_) | SortKey::Unknown => None,
        }
    }
}

/// Keys as integers of the same order.
pub fn integers<'k>(keys: impl Iterator<Item = SortKey<'k>> + Clone) -> Vec<u64> {
    let numbers: Option<Vec<u64>> = keys.clone().map(|key| key.bits()).collect();
    numbers.unwrap_or_else(|| ranked(&keys.collect::<Vec<_>>()))
}

/// The indexes of `keys` in their order; equal ones stay as they were, and unknown ones come last.
fn order(keys: &[u64], descending: bool) -> Vec<u32> {
    let turned = |key: u64| if descending { !key } else { key };
    let mut known = Vec::with_capacity(keys.len());
    let mut unknown = Vec::new();
    for (key, i) in keys.iter().zip(0..) {
        if *key == UNKNOWN {
            unknown.push(i);
        } else {
            known.push((turned(*key), i));
        }
    }
    by_bytes(known).into_iter().map(|(_, i)| i).chain(unknown).collect()
}

/// Sorted by one byte of the keys after the other, the lowest first. A column's values mostly share all but
/// a few of their bytes, and what they share is left out.
fn by_bytes(mut keyed: Vec<(u64, u32)>) -> Vec<(u64, u32)> {
    let first = keyed.first().map_or(0, |(key, _)| *key);
    let varying = keyed.iter().fold(0, |bits, (key, _)| bits | (key ^ first));
    let mut next = keyed.clone();
    for byte in (0..8).filter(|byte| varying >> (8 * byte) & 0xff != 0) {
        let digit = |key: u64| usize::from(key.to_le_bytes()[byte]);
        let mut places = [0; 256];
        keyed.iter().for_each(|(key, _)| places[digit(*key)] += 1);
        // From how many there are of each to where the first of each goes.
        let mut before = 0;
        for place in &mut places {
            before += std::mem::replace(place, before);
        }
        for pair in &keyed {
            let place = &mut places[digit(pair.0)];
            next[*place] = *pair;
            *place += 1;
        }
        std::mem::swap(&mut keyed, &mut next);
    }
    keyed
}

/// Texts by their ranks. Rows mostly share theirs with others, so that few are compared: a text is known
/// by its place in memory first.
fn ranked(keys: &[SortKey<'_>]) -> Vec<u64> {
    let mut texts: Vec<&str> = Vec::new();
    let mut known: HashMap<(*const u8, usize), usize> = HashMap::new();
    let mut last = None;
    let mut number = |text| {
        let place = (str::as_ptr(text), text.len());
        if let Some((_, number)) = last.filter(|(known, _)| *known == place) {
            return number;
        }
        let number = *known.entry(place).or_insert_with(|| {
            texts.push(text);
            texts.len() - 1
        });
        last = Some((place, number));
        number
    };
    let numbers: Vec<Option<usize>> = keys.iter().map(|key| key.text().map(&mut number)).collect();
    let ranks = ranks(&texts);
    numbers.into_iter().map(|number| number.map_or(UNKNOWN, |n| ranks[n])).collect()
}

/// The place of each among all that differ.
fn ranks(texts: &[&str]) -> Vec<u64> {
    let mut sorted: Vec<usize> = (0..texts.len()).collect();
    sorted.sort_unstable_by_key(|i| texts[*i]);
    let (mut ranks, mut rank) = (vec![0; texts.len()], 0);
    for pair in sorted.windows(2) {
        rank += u64::from(texts[pair[0]].cmp(texts[pair[1]]) != Ordering::Equal);
        ranks[pair[1]] = rank;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_keys(keys: &[SortKey<'_>], descending: bool) -> Vec<u32> {
        order(&integers(keys.iter().cloned()), descending)
    }

    fn sorted<'a>(keys: &[SortKey<'a>], descending: bool) -> Vec<SortKey<'a>> {
        by_keys(keys, descending).into_iter().map(|i| keys[i as usize].clone()).collect()
    }

    #[test]
    fn unknown_values_come_last_in_either_direction() {
        let keys = [SortKey::Unknown, SortKey::Number(-2.0), SortKey::Number(3.0), SortKey::Number(0.5)];
        let number = |n| SortKey::Number(n);
        assert_eq!(sorted(&keys, false), [number(-2.0), number(0.5), number(3.0), SortKey::Unknown]);
        assert_eq!(sorted(&keys, true), [number(3.0), number(0.5), number(-2.0), SortKey::Unknown]);
        let texts = [SortKey::Unknown, SortKey::Text("b"), SortKey::Text("a")];
        assert_eq!(sorted(&texts, true), [SortKey::Text("b"), SortKey::Text("a"), SortKey::Unknown]);
    }

    /// What `order` is to give, by comparing.
    fn expected<T>(all: &[T], descending: bool, compare: impl Fn(&T, &T) -> Ordering) -> Vec<u32> {
        let mut expected: Vec<u32> = (0..all.len() as u32).collect();
        expected.sort_by(|a, b| {
            let order = compare(&all[*a as usize], &all[*b as usize]);
            if descending { order.reverse() } else { order }
        });
        expected
    }

    proptest! {
        #[test]
        fn numbers_sort_as_numbers_and_equal_ones_stay_in_their_order(
            numbers in proptest::collection::vec(prop_oneof![-3.0..3.0f64, Just(0.0), Just(1.0)], 0..40),
            descending: bool,
        ) {
            let keys: Vec<_> = numbers.iter().map(|n| SortKey::Number(*n)).collect();
            prop_assert_eq!(by_keys(&keys, descending), expected(&numbers, descending, f64::total_cmp));
        }

        #[test]
        fn texts_sort_by_their_characters_wherever_they_are_kept(
            texts in proptest::collection::vec(("[ab]{0,3}", any::<bool>()), 0..40),
            descending: bool,
        ) {
            let key = |(text, owned): &(String, bool)| match owned {
                true => SortKey::Owned(text.clone()),
                false => SortKey::Text(Box::leak(text.clone().into_boxed_str())),
            };
            let keys: Vec<_> = texts.iter().map(key).collect();
            let expected = expected(&texts, descending, |(a, _), (b, _)| a.cmp(b));
            prop_assert_eq!(by_keys(&keys, descending), expected);
        }
    }
}
