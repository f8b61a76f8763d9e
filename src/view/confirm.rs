//! A plan and what is asked before it is done.

use super::{canvas::Canvas, theme::Role};
use crate::app::{
    confirm::{self, Confirm},
    layout,
    sheet::Sheet,
    text,
};
use ratatui::layout::{Position, Rect};

/// Draws it; returns where the name is typed, if one is asked for.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, sheet: &Sheet, plan: &Confirm) -> Option<Position> {
    let lines = layout::confirm(body, plan);
    super::sheet::title(canvas, lines.sheet.title, sheet);
    risk(canvas, lines.sheet.words, plan);
    let content = lines.sheet.content;
    for (line, y) in plan.window().zip(content.y..content.bottom()) {
        let style = canvas.theme.tone(line.tone);
        canvas.write(content.x, y, content.width, &line.text, style);
    }
    let style = canvas.theme.tone(plan.said().0);
    for (words, y) in plan.said_lines(body.width).iter().zip(lines.said.y..lines.said.bottom()) {
        canvas.line(Rect { y, height: 1, ..lines.said }, &[(" ", style), (words, style)]);
    }
    asked(canvas, lines.asked, plan)
}

/// The risk in one word, and that it is not what was shown first.
fn risk(canvas: &mut Canvas<'_>, line: Rect, plan: &Confirm) {
    let muted = canvas.theme.style(Role::Muted);
    let word = canvas.theme.tone(confirm::tone(plan.plan.risk));
    let changed = canvas.theme.style(Role::Warning);
    let mut pieces = vec![(" risk: ", muted), (plan.plan.risk.word(), word)];
    if !plan.plan.refusals.is_empty() {
        pieces.push((" · REFUSED", canvas.theme.style(Role::Critical)));
    }
    if plan.changed {
        pieces.push((" · this changed since you looked: read it again", changed));
    }
    canvas.line(line, &pieces);
}

fn asked(canvas: &mut Canvas<'_>, line: Rect, plan: &Confirm) -> Option<Position> {
    if line.height == 0 {
        return None;
    }
    if plan.is_impossible() {
        let style = canvas.theme.style(Role::Critical);
        canvas.line(line, &[(" It cannot be done now, for the reason above: esc closes it", style)]);
        return None;
    }
    canvas.fill(line, Role::Prompt);
    let (style, key) = (canvas.theme.style(Role::Prompt), canvas.theme.style(Role::Mark));
    let key = style.patch(ratatui::style::Style { bg: None, ..key });
    let Some(password) = plan.password() else {
        canvas.line(line, &[(" Do it? ", style), ("y", key), ("/", style), ("N", key)]);
        return None;
    };
    let pieces = [(" To do it type ", style), (&password, key), (" and enter: ", style)];
    // Where it does not fit in whole, what is typed is seen all the same.
    let most = line.width.saturating_sub(12.min(line.width / 2));
    let used = canvas.line(Rect { width: most, ..line }, &pieces);
    let room = line.width.saturating_sub(used).max(1);
    let scroll = plan.typed.visual_scroll(usize::from(room).saturating_sub(1));
    canvas.write(line.x + used, line.y, room, text::skip(plan.typed.value(), scroll), style);
    let x = line.x + used + plan.typed.visual_cursor().saturating_sub(scroll) as u16;
    Some(Position::new(x.min(line.right().saturating_sub(1)), line.y))
}
