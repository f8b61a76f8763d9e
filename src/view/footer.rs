//! The last line: what is typed, what was said, or the most useful keys; completions above it.

use super::{canvas::Canvas, theme::Role};
use crate::app::{
    Model, Notice, command,
    layout::Areas,
    prompt::{Prompt, Purpose},
    text,
};
use ratatui::layout::{Position, Rect};

pub fn draw(canvas: &mut Canvas<'_>, areas: &Areas, model: &Model) -> Option<Position> {
    let line = areas.footer;
    if let Some(prompt) = &model.prompt {
        suggestions(canvas, areas.body, prompt);
        // Why what was typed is refused is said above it.
        if let Some(notice) = &model.notice {
            let above = Rect { y: line.y.saturating_sub(1), height: line.height.min(1), ..line };
            say(canvas, areas.body.height.saturating_sub(1), above, notice);
        }
        return draw_prompt(canvas, line, prompt);
    }
    match &model.notice {
        Some(notice) => say(canvas, areas.body.height, line, notice),
        None => hints(canvas, line, model),
    }
    None
}

/// A notice has the last line; one that is longer lies over what is above it, too.
const NOTICE_LINES: u16 = 4;

/// `above`: the lines that it may lie over besides its own.
fn say(canvas: &mut Canvas<'_>, above: u16, footer: Rect, notice: &Notice) {
    let style = canvas.theme.tone(notice.tone);
    let clean = text::clean(&notice.text);
    let lines = text::fold(&clean, usize::from(footer.width.saturating_sub(1)).max(1));
    let height = NOTICE_LINES.min(above + footer.height).min(lines.len() as u16);
    let top = footer.bottom() - height;
    let last = usize::from(height.saturating_sub(1));
    for (i, words) in lines.iter().take(height.into()).enumerate() {
        let line = Rect { y: top + i as u16, height: 1, ..footer };
        for x in line.left()..line.right() {
            canvas.buffer[(x, line.y)].reset();
        }
        canvas.fill(line, Role::Plain);
        let rest = if i == last && lines.len() > last + 1 { "…" } else { "" };
        let words = text::head(words, usize::from(line.width).saturating_sub(1 + rest.len() / 3));
        canvas.line(line, &[(" ", style), (words, style), (rest, style)]);
    }
}

fn draw_prompt(canvas: &mut Canvas<'_>, line: Rect, prompt: &Prompt) -> Option<Position> {
    if line.height == 0 {
        return None;
    }
    canvas.fill(line, Role::Prompt);
    let style = canvas.theme.style(Role::Prompt);
    let sign = match prompt.purpose {
        Purpose::Command => ":".to_string(),
        Purpose::Filter => "/".to_string(),
        Purpose::Argument("give-up") => "it may go on, and is not followed any more: give it up? y/N ".into(),
        Purpose::Argument(name) => {
            let argument = command::find(name).and_then(|c| c.argument_name());
            let argument = argument.unwrap_or_else(|| name.to_string());
            // A form of several words stands where it is typed, until something is.
            let argument = if argument.contains(' ') { name.to_string() } else { argument.to_lowercase() };
            match prompt.objects.as_slice() {
                [] => format!("{argument}: "),
                [one] if argument == name => format!("{name} {}: ", one.name()),
                several if argument == name => format!("{name} {} marked: ", several.len()),
                [one] => format!("{name} {}, {argument}: ", one.name()),
                several => format!("{name} {} marked, {argument}: ", several.len()),
            }
        }
    };
    let used = canvas.line(line, &[(&sign, style)]);
    let room = usize::from(line.width.saturating_sub(used)).max(1);
    let scroll = prompt.input.visual_scroll(room.saturating_sub(1));
    canvas.write(line.x + used, line.y, room as u16, text::skip(prompt.text(), scroll), style);
    if let (Purpose::Argument(name), "") = (prompt.purpose, prompt.text()) {
        let form = command::find(name).and_then(|c| c.argument_name()).filter(|form| form.contains(' '));
        let muted = style.patch(ratatui::style::Style { bg: None, ..canvas.theme.style(Role::Muted) });
        canvas.write(line.x + used, line.y, room as u16, &form.unwrap_or_default(), muted);
    }
    let x = line.x + used + prompt.input.visual_cursor().saturating_sub(scroll) as u16;
    Some(Position::new(x.min(line.right().saturating_sub(1)), line.y))
}

/// Completions, the best nearest to the prompt's left end, from the top of their box.
fn suggestions(canvas: &mut Canvas<'_>, body: Rect, prompt: &Prompt) {
    let all = &prompt.suggestions;
    let height = all.len().min(8).min(body.height.into());
    let chosen = prompt.chosen.unwrap_or(0);
    let top = (chosen + 1).saturating_sub(height);
    let area = Rect { y: body.bottom() - height as u16, height: height as u16, ..body };
    for ((nth, suggestion), y) in all.iter().enumerate().skip(top).take(height).zip(area.y..) {
        let role = if prompt.chosen == Some(nth) { Role::Selection } else { Role::Prompt };
        let line = Rect { y, height: 1, ..area };
        for x in line.left()..line.right() {
            canvas.buffer[(x, y)].reset();
        }
        canvas.fill(line, role);
        let style = canvas.theme.style(role);
        let sign = if prompt.chosen == Some(nth) { "▌" } else { " " };
        let used = canvas.line(line, &[(sign, style), (&suggestion.text, style)]).max(24) + 2;
        canvas.write(line.x + used, y, line.width.saturating_sub(used), &suggestion.about, style);
    }
}

const HELP: &str = "help";

/// As many of the best keys as fit.
fn hints(canvas: &mut Canvas<'_>, line: Rect, model: &Model) {
    let (key, muted) = (canvas.theme.style(Role::Key), canvas.theme.style(Role::Muted));
    let hints = command::hints(model);
    let width = |(chord, about): &(String, &str)| (text::width(chord) + 1 + text::width(about)) as u16;
    // The way to all the others is always there.
    let help = hints.iter().find(|(_, about)| *about == HELP);
    let mut reserved = help.map_or(0, |hint| width(hint) + 2);
    let mut used = 1;
    for hint in &hints {
        let (chord, about) = hint;
        if *about == HELP {
            reserved = 0;
        }
        if used + width(hint) + reserved > line.width {
            continue;
        }
        let rest = Rect { x: line.x + used, width: line.width - used, ..line };
        used += canvas.line(rest, &[(chord, key), (" ", muted), (about, muted)]) + 2;
    }
}
