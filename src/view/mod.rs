//! Paints the model: a pure function of it and the theme.

mod ascii;
mod canvas;
mod caption;
mod chart;
mod confirm;
mod figure;
mod footer;
mod header;
mod help;
mod lost;
mod running;
mod sheet;
mod table;
pub mod theme;

use crate::{
    app::{Model, layout, sheet::Sheet},
    pane::Block,
};
use canvas::Canvas;
use ratatui::{buffer::Buffer, layout::Position};
use theme::{Role, Theme};

/// Draws the whole screen; returns where the cursor is to be shown, if at all.
pub fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
    let areas = layout::areas(model);
    let mut canvas = Canvas { buffer: &mut *buffer, theme };
    canvas.fill(canvas.buffer.area, Role::Plain);
    header::draw(&mut canvas, areas.header, model);
    let mut typing = None;
    match (&model.help, model.sheets.last()) {
        (Some(top), _) => help::draw(&mut canvas, areas.body, model, *top),
        (None, Some(open @ Sheet::Confirm(plan))) => {
            typing = confirm::draw(&mut canvas, areas.body, open, plan);
        }
        (None, Some(open)) => sheet::draw(&mut canvas, areas.body, open),
        (None, None) if lost::is_lost(model) => lost::draw(&mut canvas, areas.body, model),
        (None, None) => blocks(&mut canvas, &areas, model),
    }
    running::draw(&mut canvas, areas.running, model);
    caption::draw(&mut canvas, areas.caption, model);
    let cursor = footer::draw(&mut canvas, &areas, model).or(typing);
    if theme.ascii {
        ascii::reduce(buffer);
    }
    cursor
}

fn blocks(canvas: &mut Canvas<'_>, areas: &layout::Areas, model: &Model) {
    let screen = model.screen();
    let mut lists = screen.lists.iter().enumerate();
    for (block, area) in screen.pane.blocks.iter().zip(&areas.blocks) {
        match block {
            Block::Verdict => header::verdict(canvas, *area, model),
            Block::Charts(charts) => {
                let shown = charts.charts(&model.world(), screen.by, screen.scope.as_ref());
                chart::draw(canvas, *area, &shown, screen);
            }
            Block::Table { table, heading, .. } => {
                let Some((nth, list)) = lists.next() else { continue };
                let focused = nth == screen.focus;
                table::draw(canvas, *area, model, &table::Shown { table: *table, heading, list, focused });
            }
        }
    }
}

#[cfg(test)]
mod tests;
