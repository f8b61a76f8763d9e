//! One copy of every text that repeats across thousands of rows.

use crate::domain::Text;
use std::{borrow::Cow, collections::HashSet};

/// Longer texts (only messages are) are cut: no object can fill the memory.
const LONGEST: usize = 2048;

/// Below this many texts it is not worth looking for unused ones.
const FEW: usize = 4096;

/// Hands out shared texts. Those that no row holds any more are forgotten from time to time.
pub struct Interner {
    texts: HashSet<Text>,
    prune_at: usize,
}

impl Default for Interner {
    fn default() -> Self {
        Interner { texts: HashSet::new(), prune_at: FEW }
    }
}

impl Interner {
    /// A text that is likely to be met again: a label, an image, a reason, a namespace.
    pub fn shared(&mut self, bytes: &[u8]) -> Text {
        let text = readable(bytes);
        if let Some(known) = self.texts.get(&*text) {
            return known.clone();
        }
        if self.texts.len() >= self.prune_at {
            self.texts.retain(|t| Text::strong_count(t) > 1);
            self.prune_at = (self.texts.len() * 2).max(FEW);
        }
        let text = Text::from(text);
        self.texts.insert(text.clone());
        text
    }

    /// A text of its own (a UID, a pod's name); only the empty one is shared.
    pub fn own(&mut self, bytes: &[u8]) -> Text {
        if bytes.is_empty() { self.shared(bytes) } else { readable(bytes).into() }
    }
}

/// As text, cut at the longest that is kept; bytes that are no UTF-8 become replacement characters.
fn readable(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]);
    if bytes.len() <= LONGEST {
        return text;
    }
    Cow::Owned(format!("{}…", text.trim_end_matches(char::REPLACEMENT_CHARACTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_kept_once_and_forgotten_when_unused() {
        let mut interner = Interner::default();
        let kept = interner.shared(b"kafka");
        assert!(Text::ptr_eq(&kept, &interner.shared(b"kafka")));
        for n in 0..3 * FEW {
            interner.shared(n.to_string().as_bytes());
        }
        assert!(interner.texts.len() <= FEW);
        assert!(Text::ptr_eq(&kept, &interner.shared(b"kafka")));
    }

    #[test]
    fn text_is_bounded_and_always_readable() {
        let mut interner = Interner::default();
        let long = interner.own("é".repeat(LONGEST).as_bytes());
        assert!(long.len() <= LONGEST + '…'.len_utf8() && long.ends_with("é…"));
        let odd = interner.own("x".repeat(LONGEST - 1).as_bytes());
        assert_eq!(odd.len(), LONGEST - 1);
        let cut_inside = interner.own(format!("x{}", "é".repeat(LONGEST)).as_bytes());
        assert!(cut_inside.ends_with("é…"));
        assert_eq!(&*interner.own(b"a\xffb"), "a\u{fffd}b");
    }
}
