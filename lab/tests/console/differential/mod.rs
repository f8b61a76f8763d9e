//! The same facts at the same moment from kubectl and from Kafka's own tools.

mod groups;
mod kubernetes;
mod partitions;

use crate::screen::{Facts, PATIENCE};
use std::time::Instant;

/// Both are read until they agree: neither is read in no time, and the cluster moves.
#[track_caller]
fn agree(theirs: impl Fn() -> Facts, ours: impl Fn() -> Facts) {
    let begun = Instant::now();
    loop {
        let (before, shown, after) = (ours(), theirs(), ours());
        assert!(!shown.is_empty(), "the tool tells nothing");
        if before == shown || after == shown {
            return;
        }
        if begun.elapsed() > PATIENCE {
            let only = |a: &Facts, b: &Facts| a.difference(b).cloned().collect::<Vec<_>>();
            panic!("only theirs: {:#?}\nonly ours: {:#?}", only(&shown, &after), only(&after, &shown));
        }
    }
}
