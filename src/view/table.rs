//! Tables: the columns that fit, the rows in the window.

use super::{
    canvas::{Canvas, state_words},
    figure,
    theme::Role,
};
use crate::{
    app::{
        Model,
        layout::{self, Placed, Sight},
        list::List,
        text,
    },
    domain::{reading::State, time::age},
    pane::{
        Cell, Doubt, Figure, Table, Tone,
        table::{Align, Heading},
    },
};
use ratatui::{layout::Rect, style::Style};

pub struct Shown<'a> {
    pub table: &'static dyn Table,
    pub heading: &'static str,
    pub list: &'a List,
    pub focused: bool,
}

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, model: &Model, shown: &Shown<'_>) {
    let state = shown.table.state(&model.world());
    let lines = layout::table(area, !state.is_live());
    title(canvas, lines.title, model, shown);
    let (tone, words) = match &state {
        State::Pending(None) => (Tone::Muted, awaited(model)),
        state => state_words(state),
    };
    let style = canvas.theme.tone(tone);
    canvas.line(lines.state, &[("  ", style), (&words, style)]);
    let sight = layout::sight(shown.table, &model.world(), shown.list, lines.rows);
    draw_headings(canvas, lines.headings, shown.list, &sight.headings, &sight.placed);
    if shown.list.rows.is_empty() {
        let said = if state.is_live() { empty(model, shown) } else { String::new() };
        let style = canvas.theme.style(Role::Muted);
        canvas.line(lines.rows, &[("  ", style), (&said, style)]);
        return;
    }
    rows(canvas, lines.rows, shown, &sight);
}

/// What a table without a first answer waits for, and why that takes long.
fn awaited(model: &Model) -> String {
    let (kubernetes, clusters) = (&model.snapshot.kubernetes, model.derived.joined.clusters.len());
    let failed = kubernetes.server.feed.failure().or(kubernetes.pods.feed.failure());
    match failed {
        _ if model.targets.aimed() => "waiting for the brokers' first answer".into(),
        Some(failure) => {
            format!("waiting for Kubernetes to name the brokers: {}", failure.reason)
        }
        None if kubernetes.pods.feed.heard().is_none() => {
            "waiting for Kubernetes to list its pods, among which brokers are found".into()
        }
        None if clusters > 1 => {
            format!("waiting: {clusters} Kafka clusters were found, :clusters chooses one")
        }
        None => "waiting: no Kafka was found among the pods; --kafka HOST:PORT names its servers".into(),
    }
}

fn title(canvas: &mut Canvas<'_>, line: Rect, model: &Model, shown: &Shown<'_>) {
    if line.height == 0 {
        return;
    }
    let (border, list) = (canvas.theme.style(Role::Border), shown.list);
    canvas.write(line.x, line.y, line.width, &"─".repeat(line.width.into()), border);
    let screen = model.screen();
    let name = match &screen.scope {
        _ if shown.heading.is_empty() => screen.title(),
        Some(scope) => format!("{} of {} {}", shown.heading, scope.noun(), scope.name()),
        None => shown.heading.to_string(),
    };
    let role = if shown.focused { Role::Title } else { Role::Plain };
    let mut words = vec![format!(" {name} ")];
    if let Some(namespace) = &list.query.namespace {
        words.push(format!("namespace {namespace} "));
    }
    if !list.filter.is_empty() {
        words.push(format!("/{} ", list.filter));
    }
    if list.query.faults {
        words.push("faults only ".into());
    }
    let count = count(list);
    let room = line.width.saturating_sub(4 + count.len() as u16);
    canvas.write(line.x + 2, line.y, room, &words.join("· "), canvas.theme.style(role));
    let at = line.right().saturating_sub(count.len() as u16 + 2).max(line.x);
    canvas.write(at, line.y, line.right() - at, &count, border);
}

/// ` 12/5000 `, with the marks.
fn count(list: &List) -> String {
    let at = list.position().map_or(0, |p| p + 1);
    match list.marks.len() {
        0 => format!(" {at}/{} ", list.rows.len()),
        marks => format!(" {marks} marked, {at}/{} ", list.rows.len()),
    }
}

fn draw_headings(canvas: &mut Canvas<'_>, line: Rect, list: &List, headings: &[Heading], placed: &[Placed]) {
    if line.height == 0 {
        return;
    }
    let style = canvas.theme.style(Role::Heading);
    for place in placed {
        let heading = headings[place.column];
        let sorted = list.query.sort.filter(|s| s.column == place.column);
        let arrow = sorted.map_or("", |s| if s.descending { "↓" } else { "↑" });
        let room = usize::from(place.width).saturating_sub(text::width(arrow));
        let title = format!("{}{arrow}", text::head(heading.title, room));
        let x = line.x + place.x + indent(heading.align, text::width(&title), place.width);
        canvas.write(x, line.y, place.width, &title, style);
    }
}

fn indent(align: Align, width: usize, room: u16) -> u16 {
    match align {
        Align::Left => 0,
        Align::Right => room.saturating_sub(width as u16),
    }
}

fn rows(canvas: &mut Canvas<'_>, area: Rect, shown: &Shown<'_>, sight: &Sight) {
    let list = shown.list;
    let window = (list.top..).zip(list.rows.from(list.top)).zip(&sight.rows);
    for (((nth, object), cells), y) in window.zip(area.y..) {
        let selected = shown.focused && list.position() == Some(nth);
        let base = canvas.theme.style(Role::Selection);
        if selected {
            canvas.buffer.set_style(Rect { y, height: 1, ..area }, base);
            canvas.write(area.x, y, 1, "▌", base);
        }
        if list.marks.contains(object) {
            let mark = canvas.theme.style(Role::Mark);
            canvas.write(area.x + 1, y, 1, "*", if selected { base } else { mark });
        }
        // What is gone since the rows were arranged, the next arrangement leaves out.
        let Some(cells) = cells else { continue };
        for place in &sight.placed {
            let at = Rect::new(area.x + place.x, y, place.width, 1);
            draw_cell(canvas, at, &cells[place.column], sight.headings[place.column].align, selected);
        }
    }
}

/// Columns in which a drawing says something.
const LEAST_DRAWING: usize = 4;

fn draw_cell(canvas: &mut Canvas<'_>, at: Rect, cell: &Cell, align: Align, selected: bool) {
    let style = cell_style(canvas, cell, selected);
    let words = text::clean(&cell.text);
    // A drawing that is old keeps some columns beside its age.
    let kept = if words.is_empty() && cell.figure != Figure::None { LEAST_DRAWING + 1 } else { 0 };
    let words = doubted(&words, cell.doubt, usize::from(at.width).saturating_sub(kept));
    let width = text::width(&words).min(at.width.into());
    let room = usize::from(at.width) - width;
    let drawing = match &cell.figure {
        Figure::None => String::new(),
        // Beside text it needs a column between, and some of its own to say anything.
        figure if width == 0 || room > LEAST_DRAWING => {
            draw_figure(figure, if width == 0 { room } else { room - 1 })
        }
        _ => String::new(),
    };
    canvas.write(at.x, at.y, at.width, &drawing, style);
    let x = if drawing.is_empty() { indent(align, width, at.width) } else { room as u16 };
    canvas.write(at.x + x, at.y, at.width - x.min(at.width), &words, style);
}

fn draw_figure(figure: &Figure, width: usize) -> String {
    match figure {
        Figure::None => String::new(),
        Figure::Spark(points) => figure::spark(points, width),
        Figure::Gauge(share) => figure::gauge(*share, width),
    }
}

fn cell_style(canvas: &Canvas<'_>, cell: &Cell, selected: bool) -> Style {
    let own = match cell.doubt {
        Doubt::None => canvas.theme.tone(cell.tone),
        Doubt::Pending => canvas.theme.style(Role::Muted),
        Doubt::Stale(_) | Doubt::Failed(Some(_)) => canvas.theme.style(Role::Stale),
        Doubt::Failed(None) => canvas.theme.style(Role::Warning),
    };
    if !selected {
        return own;
    }
    // On the bar the text keeps its weight, and its colour where that is a warning.
    let bar = canvas.theme.style(Role::Selection);
    let loud = matches!(cell.tone, Tone::Warning | Tone::Critical) && cell.doubt == Doubt::None;
    let modifiers = bar.add_modifier | own.add_modifier;
    Style { fg: if loud { own.fg } else { bar.fg }, bg: bar.bg, add_modifier: modifiers, ..bar }
}

/// The text with a sign of its doubt: `·` pending, `~42s` stale, `!` failed.
fn doubted(words: &str, doubt: Doubt, room: usize) -> String {
    let with = |sign: String, short: &str| {
        let whole = if words.is_empty() { sign } else { format!("{words} {sign}") };
        if text::width(&whole) <= room {
            whole
        } else {
            format!("{}{short}", text::cut_name(words, room.saturating_sub(1)))
        }
    };
    match doubt {
        Doubt::None => text::cut_name(words, room).into_owned(),
        Doubt::Pending if words.is_empty() => "·".into(),
        Doubt::Pending => words.to_string(),
        Doubt::Stale(old) => with(format!("~{}", age(old)), "~"),
        Doubt::Failed(Some(old)) => with(format!("!{}", age(old)), "!"),
        Doubt::Failed(None) if words.is_empty() => "!".into(),
        Doubt::Failed(None) => with("!".into(), "!"),
    }
}

/// Why there are no rows, and which key shows some.
fn empty(model: &Model, shown: &Shown<'_>) -> String {
    let (noun, query) = (shown.table.noun(), &shown.list.query);
    let mut said = format!("no {noun}");
    if let Some(scope) = &query.scope {
        said += &format!(" of {} {}", scope.noun(), scope.name());
    }
    if let Some(namespace) = &query.namespace {
        said += &format!(" in namespace {namespace}");
    }
    let keys = |name: &str| {
        let command = crate::app::command::find(name);
        command.and_then(|c| model.keymap.chords(c).next()).map_or(name.to_string(), |k| k.to_string())
    };
    if query.faults {
        said += &format!(" with a fault; {} shows all", keys("faults"));
    } else if !shown.list.filter.is_empty() {
        said += &format!(" that match /{}; {} clears it", shown.list.filter, keys("back"));
    } else if query.namespace.is_some() && model.session.namespace.is_none() {
        said += &format!("; {} shows all namespaces", keys("namespace-number"));
    }
    said
}
