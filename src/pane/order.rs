//! The order of a table's rows by one of its columns.

use std::{cmp::Ordering, collections::HashMap};

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
    fn bits(&self, descending: bool) -> Option<u64> {
        match self {
            SortKey::Unknown => Some(u64::MAX),
            SortKey::Number(n) => {
                let bits = n.to_bits();
                let ascending = if n.is_sign_negative() { !bits } else { bits | 1 << 63 };
                Some(if descending { !ascending } else { ascending })
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

/// The indexes of `keys` in their order; equal ones stay as they were. Whatever they are, integers are
/// sorted: the longest tables have hundreds of thousands of rows.
pub fn order<'k>(keys: impl Iterator<Item = SortKey<'k>> + Clone, descending: bool) -> Vec<u32> {
    let numbers = keys.clone().zip(0..).map(|(key, i)| Some((key.bits(descending)?, i)));
    let numbers: Option<Vec<(u64, u32)>> = numbers.collect();
    let keyed = numbers.unwrap_or_else(|| ranked(&keys.collect::<Vec<_>>(), descending));
    let (known, unknown): (Vec<_>, Vec<_>) = keyed.into_iter().partition(|(key, _)| *key != u64::MAX);
    by_bytes(known).into_iter().chain(unknown).map(|(_, i)| i).collect()
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
fn ranked(keys: &[SortKey<'_>], descending: bool) -> Vec<(u64, u32)> {
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
    let key = |number: Option<usize>| match number.map(|n| ranks[n]) {
        None => u64::MAX,
        Some(rank) if descending => u64::MAX - 1 - rank,
        Some(rank) => rank,
    };
    numbers.into_iter().map(key).zip(0..).collect()
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

    fn sorted<'a>(keys: &[SortKey<'a>], descending: bool) -> Vec<SortKey<'a>> {
        order(keys.iter().cloned(), descending).into_iter().map(|i| keys[i as usize].clone()).collect()
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
            let order = order(numbers.iter().map(|n| SortKey::Number(*n)), descending);
            prop_assert_eq!(order, expected(&numbers, descending, f64::total_cmp));
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
            let order = order(keys.iter().cloned(), descending);
            prop_assert_eq!(order, expected(&texts, descending, |(a, _), (b, _)| a.cmp(b)));
        }
    }
}
