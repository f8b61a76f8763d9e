//! Moving the cursor or the window.

use crate::app::{
    Model,
    command::{Command, Scope, Section},
    layout,
    sheet::Sheet,
};

/// Charts have nothing to move.
const MOVING: &[Scope] =
    &[Scope::Table, Scope::Reader, Scope::Log, Scope::Messages, Scope::Confirm, Scope::Help];
const MOVE: Command = Command { section: Section::Move, scopes: MOVING, ..Command::PLAIN };

pub static COMMANDS: &[Command] = &[
    Command { name: "down", keys: &["j", "down"], about: "down", run: |m, _| step(m, 1), ..MOVE },
    Command { name: "up", keys: &["k", "up"], about: "up", run: |m, _| step(m, -1), ..MOVE },
    Command {
        name: "page-down",
        keys: &["ctrl-f", "pgdn"],
        about: "page down",
        run: |m, _| step(m, page(m)),
        ..MOVE
    },
    Command {
        name: "page-up",
        keys: &["ctrl-b", "pgup"],
        about: "page up",
        run: |m, _| step(m, -page(m)),
        ..MOVE
    },
    Command { name: "first", keys: &["g", "home"], about: "to the top", run: |m, _| edge(m, false), ..MOVE },
    Command {
        name: "last-row",
        keys: &["shift-g", "end"],
        about: "to the end",
        run: |m, _| edge(m, true),
        ..MOVE
    },
];

/// Rows of one page of what has the keyboard.
fn page(model: &Model) -> isize {
    let areas = layout::areas(model);
    let focused = model.screen().tables().nth(model.screen().focus);
    let rows = match (model.sheets.last(), focused) {
        (None, Some((block, _))) if model.help.is_none() => areas.blocks[block].height.saturating_sub(3),
        (Some(Sheet::Confirm(plan)), _) => layout::confirm(areas.body, plan).sheet.content.height,
        _ => areas.body.height.saturating_sub(3),
    };
    isize::try_from(rows.max(1)).unwrap_or(1)
}

pub fn step(model: &mut Model, by: isize) {
    if let Some(top) = &mut model.help {
        *top = top.saturating_add_signed(by);
        return;
    }
    match model.sheets.last_mut() {
        Some(Sheet::Messages(messages)) => messages.step(by),
        Some(Sheet::Confirm(plan)) => plan.step(by),
        Some(sheet) => {
            if let Some(pager) = sheet.pager_mut() {
                pager.step(by);
            }
        }
        None => {
            if let Some(list) = model.screen_mut().list_mut() {
                list.step(by);
            }
        }
    }
}

fn edge(model: &mut Model, end: bool) {
    if let Some(top) = &mut model.help {
        // The view shows the last page of help for any line past it.
        *top = if end { usize::MAX } else { 0 };
        return;
    }
    match (model.sheets.last_mut(), end) {
        (Some(Sheet::Messages(messages)), end) => messages.select(if end { usize::MAX } else { 0 }),
        (Some(Sheet::Confirm(plan)), end) => plan.edge(end),
        (Some(sheet), end) => match (sheet.pager_mut(), end) {
            (Some(pager), true) => pager.last(),
            (Some(pager), false) => pager.first(),
            (None, _) => {}
        },
        (None, end) => match (model.screen_mut().list_mut(), end) {
            (Some(list), true) => list.last(),
            (Some(list), false) => list.first(),
            (None, _) => {}
        },
    }
}
