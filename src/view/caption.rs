//! What the tour says.

use super::{canvas::Canvas, theme::Role};
use crate::app::Model;
use ratatui::layout::Rect;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, model: &Model) {
    let Some(caption) = &model.caption else { return };
    let style = canvas.theme.style(Role::Demo);
    canvas.fill(area, Role::Demo);
    let keys = caption.keys();
    let words = caption.lines(area.width).into_iter().take(usize::from(area.height.saturating_sub(1)));
    for (y, line) in (area.y..area.bottom()).zip(words.chain([&*keys])) {
        canvas.line(Rect { y, height: 1, ..area }, &[(" ", style), (line, style)]);
    }
}
