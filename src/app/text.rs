//! Text cut to columns.

pub use crate::domain::clean::clean;

use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// As [`clean`], with tabs widened to the next multiple of eight columns as a terminal would.
pub fn clean_line(text: &str) -> String {
    if !text.contains('\t') {
        return clean(text).into_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (i, part) in text.split('\t').enumerate() {
        if i > 0 {
            let fill = 8 - width(&out) % 8;
            out.extend(std::iter::repeat_n(' ', fill));
        }
        out.push_str(&clean(part));
    }
    out
}

/// Columns that it takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// What of `text` fits in `columns`, with `…` for what does not.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if text.len() <= columns || width(text) <= columns {
        return Cow::Borrowed(text);
    }
    match columns {
        0 => Cow::Borrowed(""),
        n => Cow::Owned(format!("{}…", head(text, n - 1))),
    }
}

/// As [`cut`], but a name (one word) keeps its end too: that is what tells pods of one owner apart.
pub fn cut_name(text: &str, columns: usize) -> Cow<'_, str> {
    const END: usize = 6;
    if columns < 3 * END || width(text) <= columns || text.contains(' ') {
        return cut(text, columns);
    }
    let end = skip(text, width(text) - END);
    Cow::Owned(format!("{}…{end}", head(text, columns - 1 - width(end))))
}

/// The longest beginning that fits in `columns`.
pub fn head(text: &str, columns: usize) -> &str {
    &text[..split_at(text, columns)]
}

/// Without the first `columns` columns.
pub fn skip(text: &str, columns: usize) -> &str {
    &text[split_at(text, columns)..]
}

fn split_at(text: &str, columns: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return at;
        }
    }
    text.len()
}

/// `text` in pieces of at most `columns` columns; at least one piece.
pub fn wrap(text: &str, columns: usize) -> Vec<&str> {
    let columns = columns.max(2);
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let (piece, after) = rest.split_at(split_at(rest, columns));
        pieces.push(piece);
        if after.is_empty() {
            return pieces;
        }
        rest = after;
    }
}

/// As [`wrap`], but between words where it can.
pub fn fold(text: &str, columns: usize) -> Vec<&str> {
    let columns = columns.max(2);
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let at = split_at(rest, columns);
        if at == rest.len() {
            pieces.push(rest);
            return pieces;
        }
        // A blank right after what fits is a place to break, too.
        let at = match rest[..at].rfind(' ') {
            _ if rest[at..].starts_with(' ') => at,
            Some(blank) if !rest[..blank].trim().is_empty() => blank,
            _ => at,
        };
        pieces.push(rest[..at].trim_end());
        rest = rest[at..].trim_start();
    }
}

/// As [`fold`], every piece as far in as the first.
pub fn fold_under(text: &str, columns: usize) -> Vec<Cow<'_, str>> {
    let said = text.trim_start();
    let indent = &text[..text.len() - said.len()];
    if indent.is_empty() || 2 * width(indent) >= columns {
        return fold(text, columns).into_iter().map(Cow::from).collect();
    }
    let pieces = fold(said, columns - width(indent));
    pieces.into_iter().map(|piece| format!("{indent}{piece}").into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tabs_of_a_log_line_reach_the_next_stop() {
        assert_eq!(clean_line("a\tbc\td"), "a       bc      d");
    }

    #[test]
    fn a_name_keeps_its_end() {
        assert_eq!(cut_name("invoices-6b86bbd65f-ddcdj", 21), "invoices-6b86b…-ddcdj");
        assert_eq!(cut_name("invoices-6b86bbd65f-ddcdj", 25), "invoices-6b86bbd65f-ddcdj");
        assert_eq!(cut_name("invoices-6b86bbd65f-ddcdj", 10), "invoices-…", "too little room for both");
        assert_eq!(cut_name("back-off restarting a container", 21), "back-off restarting …");
    }

    #[test]
    fn wide_characters_are_not_cut_in_half() {
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(wrap("日本語x", 3), ["日", "本", "語x"]);
    }

    #[test]
    fn sentences_fold_between_words() {
        assert_eq!(fold("two words and more", 9), ["two words", "and more"]);
        assert_eq!(fold("kafka-0.kafka.svc is long", 10), ["kafka-0.ka", "fka.svc is", "long"]);
        assert_eq!(fold("", 10), [""]);
    }

    proptest! {
        #[test]
        fn folding_loses_nothing_but_blanks(s in "[a-z日 ]{0,60}", n in 2usize..20) {
            let pieces = fold(&s, n);
            let bare = |s: &str| s.replace(' ', "");
            prop_assert_eq!(bare(&pieces.concat()), bare(&s));
            prop_assert!(pieces.iter().all(|p| width(p) <= n));
            let under = fold_under(&s, n);
            prop_assert_eq!(bare(&under.concat()), bare(&s));
            prop_assert!(under.iter().all(|p| width(p) <= n));
        }

        #[test]
        fn cut_never_takes_more_than_its_columns(s in "\\PC{0,40}", n in 0usize..30) {
            // What is drawn was cleaned: of a character and what varies it only the character is left.
            let s = clean(&s);
            prop_assert!(width(&cut(&s, n)) <= n);
            prop_assert!(width(&cut_name(&s, n)) <= n);
        }
    }
}
