//! An operation of castellan's own.

use super::{Section, World};
use crate::domain::{
    human,
    operation::{Operation, Stage},
    time::age,
};

/// Its state, its steps and what puts it back.
pub fn describe(world: &World<'_>, id: &str) -> Vec<Section> {
    let Some(operation) = world.snapshot.operations.iter().find(|o| *o.id == *id) else { return Vec::new() };
    let ago = |time| format!("{} ago", age(world.now.since(time)));
    let awaited = if operation.stage.is_over() { "outcome" } else { "awaiting" };
    let what = Section::new("Operation")
        .line(operation.title.clone())
        .with("state", format!("{} since {}", operation.stage.word(), age(world.now.since(operation.since))))
        .with("began", ago(operation.began))
        .with("done", operation.share.map(human::percent).unwrap_or_default())
        .with("left", operation.left.map(|left| format!("about {}", age(left))).unwrap_or_default())
        .with(awaited, &operation.words)
        .with("in the journal", id);
    let mut steps = Section::new("Steps");
    for (nth, title) in operation.steps.iter().enumerate() {
        steps = steps.line(format!("{} {}. {title}", mark(operation, nth), nth + 1));
    }
    let mut undo = Section::new("To put it back");
    undo.lines.extend(operation.undo.iter().flat_map(|u| u.lines()).map(String::from));
    let mut report = Section::new("Report");
    report.lines.extend(operation.report.iter().cloned());
    vec![what, report, steps, undo]
}

fn mark(operation: &Operation, nth: usize) -> &'static str {
    match operation.stage {
        _ if nth < operation.at => "done   ",
        _ if nth > operation.at => "       ",
        Stage::Failed => "failed ",
        Stage::Left => "left   ",
        Stage::Cancelled => "cancel ",
        Stage::GivenUp => "unknown",
        _ => "now    ",
    }
}
