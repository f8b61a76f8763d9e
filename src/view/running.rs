//! What castellan is doing to the cluster, on every screen.

use super::{canvas::Canvas, figure, theme::Role};
use crate::{
    app::{Model, operations, text},
    domain::{
        human,
        operation::{Operation, Stage},
        time::{Time, age},
    },
    pane::Tone,
};
use ratatui::layout::Rect;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, model: &Model) {
    let shown = operations::shown(model);
    let lines = (area.y..area.bottom()).map(|y| Rect { y, height: 1, ..area });
    for (nth, line) in lines.enumerate() {
        match shown.get(nth) {
            Some(_) if nth == 1 && shown.len() > 2 => {
                let more = format!(" and {} more: :operations", shown.len() - 1);
                canvas.line(line, &[(&more, canvas.theme.style(Role::Muted))]);
            }
            Some(operation) => {
                // Where there is a line for one only.
                let more = if area.height == 1 { shown.len() - 1 } else { 0 };
                draw_line(canvas, line, operation, more, model.now);
            }
            None => {}
        }
    }
}

pub fn tone(stage: Stage) -> Tone {
    match stage {
        Stage::Running => Tone::Strong,
        Stage::Watched | Stage::Cancelled | Stage::GivenUp => Tone::Plain,
        Stage::Stuck | Stage::Paused | Stage::Left => Tone::Warning,
        Stage::Done => Tone::Good,
        Stage::Failed => Tone::Critical,
    }
}

/// `running ███░░ 60%, 50s left · reassign orders 12s · step 1/2 · 3 of 7 partitions in place`: how far it is
/// comes first, and the title gives room to what is awaited, so that a narrow screen cuts what matters least.
fn draw_line(canvas: &mut Canvas<'_>, line: Rect, operation: &Operation, more: usize, now: Time) {
    let word = canvas.theme.tone(tone(operation.stage));
    let (plain, muted) = (canvas.theme.style(Role::Plain), canvas.theme.style(Role::Muted));
    let mut before = vec![(format!(" {} ", operation.stage.word()), word)];
    if more > 0 {
        before.push((format!("and {more} more · "), plain));
    }
    if let Some(share) = operation.share {
        let left = operation.left.map_or(String::new(), |left| format!(", {} left", age(left)));
        let done = format!("{} {}{left} · ", figure::gauge(share, 5), human::percent(share));
        before.push((done, plain));
    }
    let ago = if operation.stage.is_over() { " ago" } else { "" };
    let mut after = vec![(format!(" {}{ago}", age(now.since(operation.since))), muted)];
    if operation.steps.len() > 1 && !operation.stage.is_over() {
        let step = (operation.at + 1).min(operation.steps.len());
        after.push((format!(" · step {step}/{}", operation.steps.len()), plain));
    }
    let mut words = String::new();
    if !operation.words.is_empty() {
        let awaiting = matches!(operation.stage, Stage::Running | Stage::Stuck) && operation.share.is_none();
        let what = if awaiting { " · awaiting " } else { " · " };
        words = text::clean_line(&format!("{what}{}", operation.words));
    }
    let wide = |pieces: &[(String, _)]| -> usize { pieces.iter().map(|(text, _)| text::width(text)).sum() };
    let room = usize::from(line.width).saturating_sub(wide(&before) + wide(&after));
    let title = text::clean_line(&operation.title);
    // Each gets a half at the least, and what the other leaves.
    let title = text::cut(&title, room.saturating_sub(text::width(&words)).max(room / 2)).into_owned();
    let pieces = [before, vec![(title, plain)], after, vec![(words, muted)]].concat();
    let pieces: Vec<_> = pieces.iter().map(|(text, style)| (text.as_str(), *style)).collect();
    canvas.line(line, &pieces);
}
