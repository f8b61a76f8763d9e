//! Foreign text made safe to show.
//!
//! Names, logs and messages come from others: a control character in them could move the cursor, hide
//! text or reorder it.

use std::borrow::Cow;

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

    proptest! {
        #[test]
        fn nothing_clean_holds_a_control_character(s in "\\PC*|.*|[\u{1b}\u{9b}\\[\\];0-9m\u{7}a]{0,20}") {
            let out = clean(&s);
            prop_assert!(!out.chars().any(|c| c.is_control() || invisible(c)), "{out:?}");
            prop_assert_eq!(clean(&out), out.as_ref());
        }
    }
}
