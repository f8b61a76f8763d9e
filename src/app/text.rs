//! Foreign text made safe to draw, and cut to columns.
//!
//! Names, logs and messages come from others: a control character in them could move the cursor, hide
//! text or reorder it.

use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Without escape sequences, control characters, bidirectional overrides, zero-width and other
/// invisible characters; a tab becomes a space.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\t' | '\n' => out.push(' '),
            c if c.is_control() || invisible(c) => {}
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

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

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// After ESC: a control sequence, a string (OSC, DCS, …) up to BEL or ST, or a short sequence.
///
/// Source: ECMA-48 §5.3, §5.4, §5.6.
fn skip_escape(chars: &mut Chars<'_>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_control_sequence(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || c == '\u{9c}' {
                    break;
                }
                if c == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    break;
                }
            }
        }
        _ => {
            while chars.next_if(|c| ('\u{20}'..='\u{2f}').contains(c)).is_some() {}
            chars.next_if(|c| ('\u{30}'..='\u{7e}').contains(c));
        }
    }
}

fn skip_control_sequence(chars: &mut Chars<'_>) {
    while chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
    chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
}

/// Characters that draw nothing and change what is around them.
///
/// Source: Unicode `Default_Ignorable_Code_Point` and `Bidi_Control`, and the line and paragraph separators.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_text_is_disarmed() {
        let cases = [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]52;c;aGk=\u{1b}\\after", "after"),
            ("\u{9b}2Jafter", "after"),
            ("\u{1b}(Bx\u{1b}c", "x"),
            ("a\rb\u{8}c\u{0}d\u{7f}", "abcd"),
            ("evil\u{202e}gnp.exe", "evilgnp.exe"),
            ("kaf\u{200b}ka\u{feff}", "kafka"),
            ("two\nlines\tand tab", "two lines and tab"),
            ("日本", "日本"),
        ];
        for (hostile, shown) in cases {
            assert_eq!(clean(hostile), shown, "{hostile:?}");
        }
    }

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
        }

        #[test]
        fn nothing_clean_holds_a_control_character(s in "\\PC*|.*|[\u{1b}\u{9b}\\[\\];0-9m\u{7}a]{0,20}") {
            let out = clean(&s);
            prop_assert!(!out.chars().any(|c| c.is_control() || invisible(c)), "{out:?}");
            prop_assert_eq!(clean(&out), out.as_ref());
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
