//! The wheel moves, a click selects, a click on a heading sorts.

use super::{Model, layout, sheet::Sheet};
use crate::pane::World;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

/// Rows that one notch of the wheel moves.
const NOTCH: isize = 3;

pub fn handle(model: &mut Model, event: MouseEvent) {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollDown => super::commands::movement::step(model, NOTCH),
        MouseEventKind::ScrollUp => super::commands::movement::step(model, -NOTCH),
        MouseEventKind::Down(MouseButton::Left) if model.prompt.is_none() && model.help.is_none() => {
            click(model, at);
        }
        _ => {}
    }
}

fn click(model: &mut Model, at: Position) {
    let areas = layout::areas(model);
    if let Some(Sheet::Messages(messages)) = model.sheets.last_mut() {
        // The first line of the content holds the headings.
        let rows = layout::sheet(areas.body, true).content;
        let below = Rect { y: rows.y + 1, height: rows.height.saturating_sub(1), ..rows };
        if below.contains(at) {
            messages.select(messages.top + usize::from(at.y - below.y));
        }
    } else if model.sheets.is_empty() {
        click_pane(model, &areas, at);
    }
}

fn click_pane(model: &mut Model, areas: &layout::Areas, at: Position) {
    let tables: Vec<_> = model.screen().tables().collect();
    for (nth, (block, table)) in tables.into_iter().enumerate() {
        let area = areas.blocks[block];
        if !area.contains(at) {
            continue;
        }
        let lines = layout::table(area, !table.state(&model.world()).is_live());
        let Model { snapshot, derived, now, screens, at: shown, .. } = &mut *model;
        let world = World { snapshot, derived, now: *now };
        let screen = &mut screens[*shown];
        screen.focus = nth;
        let Some(list) = screen.list_mut() else { continue };
        if lines.rows.contains(at) {
            let row = list.top + usize::from(at.y - lines.rows.y);
            if row < list.rows.len() {
                list.select(row);
            }
        } else if lines.headings.contains(at) {
            let placed = layout::sight(table, &world, list, lines.rows).placed;
            let hit = placed.iter().find(|p| (p.x..p.x + p.width).contains(&(at.x - area.x)));
            if let Some(hit) = hit {
                list.sort_or_turn(hit.column);
            }
        }
    }
}
