//! What lies over a pane: texts, logs, messages.

use super::{canvas::Canvas, theme::Role};
use crate::{
    app::{layout, messages::Messages, sheet::Sheet, text},
    clock,
};
use ratatui::{layout::Rect, style::Style};

pub fn draw(canvas: &mut Canvas<'_>, body: Rect, sheet: &Sheet) {
    let lines = layout::sheet(body, true);
    title(canvas, lines.title, sheet);
    let (words, failed) = words(sheet);
    let style = canvas.theme.style(if failed { Role::Warning } else { Role::Muted });
    canvas.line(lines.words, &[(" ", style), (&words, style)]);
    match sheet {
        Sheet::Messages(messages) => draw_messages(canvas, lines.content, messages),
        _ => {
            let plain = canvas.theme.style(Role::Plain);
            let window = sheet.pager().map_or(Vec::new(), |p| p.window());
            for (text, y) in window.iter().zip(lines.content.y..lines.content.bottom()) {
                canvas.write(lines.content.x, y, lines.content.width, text, plain);
            }
        }
    }
}

pub fn title(canvas: &mut Canvas<'_>, line: Rect, sheet: &Sheet) {
    if line.height == 0 {
        return;
    }
    let border = canvas.theme.style(Role::Border);
    canvas.write(line.x, line.y, line.width, &"─".repeat(line.width.into()), border);
    let filter = match sheet.filter() {
        "" => String::new(),
        typed => format!("· /{typed} "),
    };
    let name = format!(" {} {filter}", sheet.title());
    canvas.write(line.x + 2, line.y, line.width.saturating_sub(16), &name, canvas.theme.style(Role::Title));
    let place = place(sheet);
    let at = line.right().saturating_sub(place.len() as u16 + 2).max(line.x);
    canvas.write(at, line.y, line.right() - at, &place, border);
}

/// How far down the window is.
fn place(sheet: &Sheet) -> String {
    match sheet {
        Sheet::Messages(m) => {
            let at = m.position().map_or(0, |p| p + 1);
            match sheet.filter().is_empty() {
                true => format!(" {at}/{} ", m.len()),
                false => format!(" {at}/{} of {} ", m.shown().len(), m.len()),
            }
        }
        Sheet::Confirm(c) => format!(" {}/{} ", (c.top + 1).min(c.len()), c.len()),
        _ => sheet.pager().map_or(String::new(), |p| format!(" {}/{} ", (p.top + 1).min(p.rows()), p.rows())),
    }
}

/// What the sheet does, in words, and whether that is bad news.
fn words(sheet: &Sheet) -> (String, bool) {
    let dropped = |n: u64| if n > 0 { format!(" · {n} older ones dropped") } else { String::new() };
    match sheet {
        Sheet::Reader(r) => (r.state.clone(), true),
        Sheet::Log(l) => {
            let state = if l.state.is_empty() { String::new() } else { format!("{} · ", l.state) };
            (format!("{state}{}{}", l.words(), dropped(l.pager.dropped)), false)
        }
        Sheet::Messages(m) => match (&m.failed, m.progress.as_str()) {
            (Some(reason), _) => (format!("{reason} · {}", m.words()), true),
            (None, "") => (format!("{}{}", m.words(), dropped(m.dropped)), false),
            (None, progress) => (format!("{progress} · {}{}", m.words(), dropped(m.dropped)), false),
        },
        Sheet::Confirm(_) => (String::new(), false),
    }
}

const PARTITION: u16 = 4;
const OFFSET: u16 = 10;
const TIME: u16 = 20;

fn draw_messages(canvas: &mut Canvas<'_>, area: Rect, messages: &Messages) {
    if area.height == 0 {
        return;
    }
    // Time gives way on narrow screens; keys get up to a quarter.
    let time = if area.width >= 70 { TIME } else { 0 };
    let key = (area.width / 4).clamp(4, 24);
    let widths = [PARTITION, OFFSET, time, key];
    let heading = canvas.theme.style(Role::Heading);
    row(canvas, area, 0, &widths, &["PART", "OFFSET", "TIME", "KEY", "VALUE"].map(String::from), heading);
    let shown = messages.shown();
    let position = messages.position();
    let height = usize::from(area.height - 1);
    for (nth, message) in shown.iter().enumerate().skip(messages.top).take(height) {
        let y = 1 + (nth - messages.top) as u16;
        let selected = position == Some(nth);
        let style = canvas.theme.style(if selected { Role::Selection } else { Role::Plain });
        if selected {
            canvas.buffer.set_style(Rect { y: area.y + y, height: 1, ..area }, style);
            canvas.write(area.x, area.y + y, 1, "▌", style);
        }
        let columns = usize::from(area.width);
        let cells = [
            message.partition.to_string(),
            message.offset.to_string(),
            message.time.map_or(String::new(), clock::utc),
            messages.format.line(message.key.as_ref(), columns),
            messages.format.line(message.value.as_ref(), columns),
        ];
        row(canvas, area, y, &widths, &cells, style);
    }
    if shown.is_empty() && messages.progress.is_empty() && messages.failed.is_none() {
        let said = if messages.is_empty() { "no messages there" } else { "no message matches the filter" };
        canvas.write(area.x + 2, area.y + 1, area.width, said, canvas.theme.style(Role::Muted));
    }
}

/// Cells in columns of the given widths, the last one to the edge; the first two end on the right.
fn row(canvas: &mut Canvas<'_>, area: Rect, y: u16, widths: &[u16; 4], cells: &[String; 5], style: Style) {
    let mut x = 1;
    for (nth, cell) in cells.iter().enumerate() {
        let room = area.width.saturating_sub(x);
        let width = widths.get(nth).copied().unwrap_or(room).min(room);
        if widths.get(nth) == Some(&0) {
            continue;
        }
        let right = if nth < 2 { width.saturating_sub(text::width(cell) as u16) } else { 0 };
        canvas.write(area.x + x + right, area.y + y, width - right, cell, style);
        x += width + 1;
    }
}
