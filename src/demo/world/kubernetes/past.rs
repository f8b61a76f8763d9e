//! The objects as they were at an earlier version, which the pages of one list are all of.

use super::{Resource, Store};
use crate::domain::kubernetes::Key;
use serde_json::Value;
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

type Item<'a> = (&'a Key, &'a Arc<Value>);

impl Store {
    /// The objects that there were at `version`, in the order of namespace and name, after `after`;
    /// `namespace`: None is all of them. None: what happened since is forgotten.
    pub fn at<'a>(
        &'a self,
        version: u64,
        resource: &'static Resource,
        namespace: Option<&'a str>,
        after: Option<&'a Key>,
    ) -> Option<impl Iterator<Item = Item<'a>>> {
        // The oldest change since then knows how it was.
        let mut undone: BTreeMap<&Key, Option<&Arc<Value>>> = BTreeMap::new();
        for change in self.since(version)?.filter(|c| c.resource == resource) {
            undone.entry(&change.key).or_insert(change.before.as_ref());
        }
        let first = Key::new(namespace.unwrap_or_default(), "");
        let from = match after {
            Some(after) => (Bound::Excluded(after.clone()), Bound::Unbounded),
            None => (Bound::Included(first), Bound::Unbounded),
        };
        let old: Vec<Item> =
            undone.range::<Key, _>(from.clone()).filter_map(|(k, old)| Some((*k, (*old)?))).collect();
        let kept = self.of(resource).into_iter().flat_map(move |all| all.range(from.clone()));
        let kept = kept.filter(move |(key, _)| !undone.contains_key(key));
        Some(
            merge(kept, old.into_iter())
                .take_while(move |(key, _)| namespace.is_none_or(|n| *key.namespace == *n)),
        )
    }
}

/// Two sorted runs as one.
fn merge<'a>(
    left: impl Iterator<Item = Item<'a>>,
    right: impl Iterator<Item = Item<'a>>,
) -> impl Iterator<Item = Item<'a>> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(l), Some(r)) if r.0 < l.0 => right.next(),
        (None, _) => right.next(),
        _ => left.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        /// The oracle is a copy that was made at the time.
        #[test]
        fn a_version_of_the_past_is_as_it_was(steps in prop::collection::vec((0..3u8, 0..6u8), 0..60), cut in 0..60usize) {
            let pods = Resource::find("", "v1", "pods").unwrap();
            let mut store = Store::default();
            let mut copies = vec![(0, Vec::new())];
            for (what, name) in steps {
                let (namespace, name) = (format!("n{}", name % 2), format!("p{name}"));
                let key = Key::new(&namespace, &name);
                let _ = match what {
                    0 => store.create(pods, json!({"metadata": {"namespace": namespace, "name": name}}), "u".into(), Time(0)),
                    1 => store.update(pods, &key, |pod| pod["n"] = json!(pod["n"].as_i64().unwrap_or(0) + 1)),
                    _ => store.remove(pods, &key),
                };
                let copy = store.list(pods, None).map(|(k, o)| (k.clone(), o.clone())).collect();
                copies.push((store.version(), copy));
            }
            let (version, copy) = &copies[cut % copies.len()];
            for namespace in [None, Some("n1")] {
                let wanted: Vec<_> = copy.iter().filter(|(k, _)| namespace.is_none_or(|n| *k.namespace == *n)).collect();
                for after in 0..=wanted.len() {
                    let from = after.checked_sub(1).map(|last| &wanted[last].0);
                    let seen: Vec<_> = store.at(*version, pods, namespace, from).unwrap().collect();
                    let rest: Vec<_> = wanted[after..].iter().map(|(k, o)| (k, o)).collect();
                    prop_assert_eq!(seen, rest);
                }
            }
        }
    }
}
