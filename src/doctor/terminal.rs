//! What the terminal can show, by its own word.

use super::{Check, State};
use crate::view::theme;

/// Smaller than this, panes are cut.
const LEAST: (u16, u16) = (80, 24);

/// `variable`: the environment; `size`: columns and lines, None where the output is no terminal.
pub fn terminal(variable: &dyn Fn(&str) -> Option<String>, size: Option<(u16, u16)>) -> Check {
    let name = variable("TERM").filter(|t| !t.is_empty());
    let ascii = theme::needs_ascii(variable);
    let colours = match theme::automatic(variable) {
        "mono" => "no colours",
        "ansi16" => "16 colours",
        _ if theme::has_256_colours(variable) => "256 colours",
        _ => "24-bit colours",
    };
    let characters = if ascii { "ASCII only" } else { "Unicode" };
    let shown = size.map_or("not a terminal".into(), |(width, height)| format!("{width}×{height}"));
    let found = format!("{}, {colours}, {characters}, {shown}", name.as_deref().unwrap_or("no TERM"));
    let lacking = |next: &str| Check::ill("terminal", State::Lacking, &*found, next);
    match size {
        _ if name.is_none() => lacking("export TERM=xterm-256color, or what your terminal is"),
        None => lacking("castellan --once prints the state where there is no terminal"),
        Some((width, height)) if width < LEAST.0 || height < LEAST.1 => {
            lacking("make the window 80×24 or larger: smaller ones show less")
        }
        Some(_) if ascii => {
            lacking("export LANG=C.UTF-8 for lines and sparklines; castellan draws with ASCII until then")
        }
        Some(_) => Check::well("terminal", found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_lacks_is_said_with_what_to_do() {
        let check = |pairs: &[(&str, &str)], size| {
            terminal(&|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_string()), size)
        };
        let rich = [("TERM", "tmux-256color"), ("LANG", "en_GB.UTF-8")];
        let well = check(&rich, Some((80, 24)));
        assert_eq!((well.state, &*well.found), (State::Well, "tmux-256color, 256 colours, Unicode, 80×24"));
        for (pairs, size, next) in [
            (&rich[..], Some((79, 24)), "80×24"),
            (&rich[..1], Some((80, 24)), "LANG"),
            (&rich[1..], Some((80, 24)), "TERM"),
            (&rich[..], None, "--once"),
        ] {
            let check = check(pairs, size);
            assert!(
                check.state == State::Lacking && check.next.as_ref().unwrap().contains(next),
                "{check:?}"
            );
        }
    }
}
