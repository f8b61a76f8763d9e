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
const KEYS: usize = 15;

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
    Blank,
}

fn lines(help: &[HelpLine]) -> Vec<Line> {
    let mut lines = Vec::new();
    for section in Section::ALL {
        let of_it: Vec<_> = help.iter().filter(|l| l.section == section).collect();
        if of_it.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::Blank);
        }
        lines.push(Line::Title(section.title()));
        lines.extend(of_it.into_iter().map(|l| Line::Key(l.clone())));
    }
    lines
}

fn draw_line(canvas: &mut Canvas<'_>, at: Rect, line: &Line) {
    if at.is_empty() {
        return;
    }
    match line {
        Line::Blank => {}
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
            let keys = text::cut(&keys, KEYS);
            canvas.write(at.x + 1, at.y, at.width.saturating_sub(1), &keys, canvas.theme.style(Role::Key));
            let x = 2 + KEYS.max(text::width(&keys)) as u16;
            let room = at.width.saturating_sub(x + 1);
            canvas.write(at.x + x, at.y, room, &help.about, canvas.theme.style(Role::Plain));
        }
    }
}
