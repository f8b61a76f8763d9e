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
            Some(operation) => draw_line(canvas, line, operation, model.now),
            None => {}
        }
    }
}

pub fn tone(stage: Stage) -> Tone {
    match stage {
        Stage::Running => Tone::Strong,
        Stage::Watched | Stage::Cancelled | Stage::GivenUp => Tone::Plain,
        Stage::Stuck | Stage::Left => Tone::Warning,
        Stage::Done => Tone::Good,
        Stage::Failed => Tone::Critical,
    }
}

/// `running  ███░░ 60%, 50s left · reassign orders · step 1/2 · for 12s · awaiting …`: how far it is comes
/// first, and the title is shortened, so that a narrow screen cuts what matters least.
fn draw_line(canvas: &mut Canvas<'_>, line: Rect, operation: &Operation, now: Time) {
    let word = canvas.theme.tone(tone(operation.stage));
    let (plain, muted) = (canvas.theme.style(Role::Plain), canvas.theme.style(Role::Muted));
    let mut pieces = vec![(format!(" {} ", operation.stage.word()), word)];
    if let Some(share) = operation.share {
        let left = operation.left.map_or(String::new(), |left| format!(", {} left", age(left)));
        let done = format!("{} {}{left} · ", figure::gauge(share, 5), human::percent(share));
        pieces.push((done, plain));
    }
    let title = text::clean(&operation.title);
    let room = if operation.words.is_empty() { line.width } else { line.width / 2 };
    pieces.push((text::cut(&title, room.into()).into_owned(), plain));
    let ago = if operation.stage.is_over() { " ago" } else { "" };
    pieces.push((format!(" {}{ago}", age(now.since(operation.since))), muted));
    if operation.steps.len() > 1 && !operation.stage.is_over() {
        let step = (operation.at + 1).min(operation.steps.len());
        pieces.push((format!(" · step {step}/{}", operation.steps.len()), plain));
    }
    if !operation.words.is_empty() {
        let awaiting = matches!(operation.stage, Stage::Running | Stage::Stuck);
        let what = if awaiting { " · awaiting " } else { " · " };
        pieces.push((format!("{what}{}", operation.words), muted));
    }
    let pieces: Vec<_> = pieces.iter().map(|(text, style)| (text.as_str(), *style)).collect();
    canvas.line(line, &pieces);
}
