//! The keys that work here, in columns.

use super::{canvas::Canvas, theme::Role};
use crate::app::{
    Model,
    command::{self, HelpLine, Section},
    text,
};
use ratatui::layout::Rect;

/// Columns of one help column: keys and words.
const WIDTH: usize = 40;
const KEYS: usize = 11;

pub fn draw(canvas: &mut Canvas<'_>, body: Rect, model: &Model, top: usize) {
    let (border, title) = (canvas.theme.style(Role::Border), canvas.theme.style(Role::Title));
    if body.height == 0 {
        return;
    }
    canvas.write(body.x, body.y, body.width, &"─".repeat(body.width.into()), border);
    let name = format!(" keys of {} ", command::place_words(model));
    canvas.write(body.x + 2, body.y, body.width.saturating_sub(2), &name, title);
    let area = Rect { y: body.y + 1, height: body.height - 1, ..body };
    let lines = lines(&command::help_below(model));
    let columns = (usize::from(area.width) / WIDTH).max(1);
    let height = usize::from(area.height).max(1);
    let per_column = lines.len().div_ceil(columns).max(1);
    let top = top.min(per_column.saturating_sub(height));
    if per_column > height {
        let said = format!(" {}-{} of {per_column} ", top + 1, top + height);
        let at = body.right().saturating_sub(said.len() as u16 + 2).max(body.x);
        canvas.write(at, body.y, body.right() - at, &said, border);
    }
    for (nth, line) in lines.iter().enumerate() {
        let (column, row) = (nth / per_column, nth % per_column);
        if row < top || row >= top + height {
            continue;
        }
        let at = Rect::new(area.x + (column * WIDTH) as u16, area.y + (row - top) as u16, WIDTH as u16, 1);
        draw_line(canvas, at.intersection(area), line);
    }
}

/// `0 1 2 3` as `0-3`.
fn short(keys: &str) -> String {
    let all: Vec<&str> = keys.split(' ').collect();
    let digits = all.len() > 2 && all.iter().all(|k| k.len() == 1 && k.as_bytes()[0].is_ascii_digit());
    match (digits, all.first(), all.last()) {
        (true, Some(first), Some(last)) => format!("{first}-{last}"),
        _ => keys.to_string(),
    }
}

enum Line {
    Title(&'static str),
    Key(HelpLine),
    /// What is missing for the key above it.
    Denied(String),
    /// Several letters that sort, side by side.
    Sorts(String),
}

fn lines(help: &[HelpLine]) -> Vec<Line> {
    let mut lines = Vec::new();
    for section in Section::ALL {
        let of_it: Vec<_> = help.iter().filter(|l| l.section == section).collect();
        if of_it.is_empty() {
            continue;
        }
        lines.push(Line::Title(section.title()));
        let (sorts, keys): (Vec<_>, Vec<_>) = of_it.into_iter().partition(|l| l.letter().is_some());
        for key in keys {
            lines.push(Line::Key(key.clone()));
            let missing = key.denied.as_ref().and_then(|why| why.split([',', ':']).next());
            lines.extend(missing.map(|words| Line::Denied(format!("not now: {words}"))));
        }
        if !sorts.is_empty() {
            lines.push(Line::Title("Sort by, with shift"));
            lines.extend(side_by_side(&sorts).into_iter().map(Line::Sorts));
        }
    }
    lines
}

/// `n NAME  a AGE` in as few lines as they fit.
fn side_by_side(sorts: &[&HelpLine]) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (letter, title) in sorts.iter().filter_map(|l| l.letter()) {
        let words = format!("{letter} {title}");
        match lines.last_mut() {
            Some(last) if text::width(last) + text::width(&words) + 4 < WIDTH => {
                let gap = if last.is_empty() { "" } else { "  " };
                *last += &format!("{gap}{words}");
            }
            _ => lines.push(words),
        }
    }
    lines
}

fn draw_line(canvas: &mut Canvas<'_>, at: Rect, line: &Line) {
    if at.is_empty() {
        return;
    }
    match line {
        Line::Sorts(words) => {
            canvas.write(at.x + 1, at.y, at.width.saturating_sub(2), words, canvas.theme.style(Role::Plain));
        }
        Line::Denied(words) => {
            canvas.write(at.x + 3, at.y, at.width.saturating_sub(4), words, canvas.theme.style(Role::Stale));
        }
        Line::Title(title) => {
            canvas.write(
                at.x + 1,
                at.y,
                at.width.saturating_sub(2),
                title,
                canvas.theme.style(Role::Heading),
            );
        }
        Line::Key(help) => {
            let keys = short(&help.keys);
            // Keys that are many take the room that the words leave.
            let most = WIDTH.saturating_sub(3 + text::width(&help.about)).max(KEYS);
            let keys = text::cut(&keys, most);
            canvas.write(at.x + 1, at.y, at.width.saturating_sub(1), &keys, canvas.theme.style(Role::Key));
            let x = 2 + KEYS.max(text::width(&keys)) as u16;
            let room = at.width.saturating_sub(x + 1);
            let role = if help.denied.is_some() { Role::Stale } else { Role::Plain };
            canvas.write(at.x + x, at.y, room, &help.about, canvas.theme.style(role));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_does_fits_in_its_column() {
        for command in command::all().filter(|c| !c.keys.is_empty()) {
            assert!(text::width(command.about) <= WIDTH - KEYS - 3, "{}: {}", command.name, command.about);
        }
    }
}
