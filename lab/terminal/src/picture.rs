//! A screen as a picture: text in the font, but block elements, braille and box drawing as shapes, so
//! that they meet at the cells' edges in every renderer.

use std::fmt::Write as _;

/// Pixels of one cell.
const WIDTH: f32 = 9.0;
const HEIGHT: f32 = 19.0;
const BASELINE: f32 = 14.5;
const FONT: &str = "DejaVu Sans Mono, monospace";
const FOREGROUND: &str = "#d8dee9";
const BACKGROUND: &str = "#101418";

/// The screen as an SVG document.
pub fn svg(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f32::from(columns) * WIDTH, f32::from(rows) * HEIGHT);
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"{FONT}\" font-size=\"15\"><rect width=\"100%\" height=\"100%\" fill=\"{BACKGROUND}\"/>"
    );
    for row in 0..rows {
        for column in 0..columns {
            if let Some(cell) = screen.cell(row, column) {
                draw(&mut out, cell, f32::from(column) * WIDTH, f32::from(row) * HEIGHT);
            }
        }
    }
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, cell: &vt100::Cell, x: f32, y: f32) {
    let (mut ink, mut paper) = (hex(cell.fgcolor(), FOREGROUND), hex(cell.bgcolor(), BACKGROUND));
    if cell.inverse() {
        std::mem::swap(&mut ink, &mut paper);
    }
    if paper != BACKGROUND {
        rect(out, x, y, WIDTH, HEIGHT, &paper, 1.0);
    }
    let opacity = if cell.dim() { 0.6 } else { 1.0 };
    let Some(c) = cell.contents().chars().next().filter(|c| !c.is_whitespace()) else { return };
    if !shape(out, c, x, y, &ink, opacity) {
        text(out, cell, x, y, &ink, opacity);
    }
}

fn text(out: &mut String, cell: &vt100::Cell, x: f32, y: f32, ink: &str, opacity: f32) {
    let weight = if cell.bold() { " font-weight=\"bold\"" } else { "" };
    let line = if cell.underline() { " text-decoration=\"underline\"" } else { "" };
    let escaped = cell.contents().replace('&', "&amp;").replace('<', "&lt;");
    let _ = write!(
        out,
        "<text x=\"{x}\" y=\"{}\" fill=\"{ink}\" opacity=\"{opacity}\"{weight}{line}>{escaped}</text>",
        y + BASELINE
    );
}

/// Draws a character that is a shape; returns whether it was one.
fn shape(out: &mut String, c: char, x: f32, y: f32, ink: &str, opacity: f32) -> bool {
    match c {
        '\u{2581}'..='\u{2588}' => {
            let part = HEIGHT * (c as u32 - 0x2580) as f32 / 8.0;
            rect(out, x, y + HEIGHT - part, WIDTH, part, ink, opacity);
        }
        '\u{2589}'..='\u{258f}' => {
            rect(out, x, y, WIDTH * (0x2590 - c as u32) as f32 / 8.0, HEIGHT, ink, opacity);
        }
        '\u{2591}'..='\u{2593}' => {
            rect(out, x, y, WIDTH, HEIGHT, ink, opacity * (c as u32 - 0x2590) as f32 / 4.0);
        }
        '\u{2800}'..='\u{28ff}' => braille(out, c as u32 - 0x2800, x, y, ink, opacity),
        _ => return strokes(out, c, x, y, ink, opacity),
    }
    true
}

fn braille(out: &mut String, dots: u32, x: f32, y: f32, ink: &str, opacity: f32) {
    const PLACES: [(f32, f32); 8] =
        [(0., 0.), (0., 1.), (0., 2.), (1., 0.), (1., 1.), (1., 2.), (0., 3.), (1., 3.)];
    for (_, (column, row)) in PLACES.iter().enumerate().filter(|(bit, _)| dots & (1 << bit) != 0) {
        let (cx, cy) = (x + WIDTH * (0.25 + 0.5 * column), y + HEIGHT * (0.125 + 0.25 * row));
        let _ =
            write!(out, "<circle cx=\"{cx}\" cy=\"{cy}\" r=\"1.3\" fill=\"{ink}\" opacity=\"{opacity}\"/>");
    }
}

/// Box drawing: strokes from the cell's middle to (left, right, up, down).
fn strokes(out: &mut String, c: char, x: f32, y: f32, ink: &str, opacity: f32) -> bool {
    let (left, right, up, down) = match c {
        '─' => (true, true, false, false),
        '│' => (false, false, true, true),
        '┌' | '╭' => (false, true, false, true),
        '┐' | '╮' => (true, false, false, true),
        '└' | '╰' => (false, true, true, false),
        '┘' | '╯' => (true, false, true, false),
        '├' => (false, true, true, true),
        '┤' => (true, false, true, true),
        '┬' => (true, true, false, true),
        '┴' => (true, true, true, false),
        '┼' => (true, true, true, true),
        _ => return false,
    };
    let (mx, my) = (x + WIDTH / 2.0, y + HEIGHT / 2.0);
    let thick = 1.0;
    if left {
        rect(out, x, my, WIDTH / 2.0 + thick / 2.0, thick, ink, opacity);
    }
    if right {
        rect(out, mx, my, WIDTH / 2.0, thick, ink, opacity);
    }
    if up {
        rect(out, mx, y, thick, HEIGHT / 2.0, ink, opacity);
    }
    if down {
        rect(out, mx, my, thick, HEIGHT / 2.0, ink, opacity);
    }
    true
}

fn rect(out: &mut String, x: f32, y: f32, width: f32, height: f32, fill: &str, opacity: f32) {
    let _ = write!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\" opacity=\"{opacity}\"/>"
    );
}

fn hex(color: vt100::Color, default: &str) -> String {
    match color {
        vt100::Color::Default => default.into(),
        vt100::Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        vt100::Color::Idx(i) => indexed(i),
    }
}

/// xterm's palette: 16 named colours, a 6×6×6 cube, 24 greys.
fn indexed(i: u8) -> String {
    const NAMED: [&str; 16] = [
        "#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5", "#666666",
        "#f14c4c", "#23d18b", "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#ffffff",
    ];
    match i {
        0..16 => NAMED[usize::from(i)].into(),
        16..232 => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = i - 16;
            format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        232.. => {
            let grey = 8 + 10 * (i - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_shapes_are_drawn_in_their_colours() {
        let (rows, columns) = (2.try_into().unwrap(), 8.try_into().unwrap());
        let mut parser = vt100::Parser::new(rows, columns, 0);
        parser.process("\x1b[31mA<\x1b[0m█\u{2801}│".as_bytes());
        let svg = svg(parser.screen());
        assert!(svg.contains("fill=\"#cd3131\" opacity=\"1\">A</text>") && svg.contains(">&lt;</text>"));
        assert!(svg.contains("<circle") && svg.matches("<rect").count() == 1 + 1 + 2, "{svg}");
    }

    #[test]
    fn the_palette_is_xterms() {
        assert_eq!((indexed(196).as_str(), indexed(255).as_str()), ("#ff0000", "#eeeeee"));
    }
}
