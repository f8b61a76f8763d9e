//! `picture NAME COLUMNSxROWS WAIT-FOR KEYS PROGRAM [ARGUMENTS]`: runs the program in a terminal, types the
//! keys, and once the text to wait for stands there (and the screen has come to rest) writes NAME.svg and
//! NAME.txt. In KEYS `\r`, `\e` and `\t` stand for Enter, Escape and Tab; `\w` waits a second.

use anyhow::{Context as _, Result};
use castellan_terminal::{Size, Terminal};
use std::{fs, time::Duration};

const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, size, text, keys, program, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: picture NAME COLUMNSxROWS WAIT-FOR KEYS PROGRAM [ARGUMENTS]");
    };
    let mut terminal = Terminal::start(program, rest, &[], self::size(size)?)?;
    press(&mut terminal, keys)?;
    terminal.wait_for(text, PATIENCE)?;
    std::thread::sleep(Duration::from_secs(2));
    fs::write(format!("{name}.svg"), terminal.svg()).with_context(|| format!("cannot write {name}.svg"))?;
    fs::write(format!("{name}.txt"), terminal.text() + "\n")?;
    Ok(())
}

fn size(text: &str) -> Result<Size> {
    let (columns, rows) = text.split_once('x').context("a size is COLUMNSxROWS")?;
    Ok((columns.parse()?, rows.parse()?))
}

/// Types key by key, with a pause that a person would need too.
fn press(terminal: &mut Terminal, keys: &str) -> Result<()> {
    let mut keys = keys.chars();
    terminal.wait("a first screen", PATIENCE, |screen| !screen.trim().is_empty())?;
    while let Some(c) = keys.next() {
        match if c == '\\' { keys.next().map(|next| (c, next)) } else { None } {
            Some((_, 'w')) => std::thread::sleep(Duration::from_secs(1)),
            Some((_, 'r')) => terminal.send("\r")?,
            Some((_, 'e')) => terminal.send("\x1b")?,
            Some((_, 't')) => terminal.send("\t")?,
            _ => terminal.send(&c.to_string())?,
        }
        std::thread::sleep(Duration::from_millis(80));
    }
    Ok(())
}
