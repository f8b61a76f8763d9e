//! Lines over time.

use super::{
    canvas::{Canvas, state_words},
    theme::{CHART, Role},
};
use crate::{
    app::{screen::Screen, text},
    domain::{
        human,
        reading::State,
        time::{Time, age},
    },
    pane::{
        Tone,
        chart::{By, Chart, Line, Unit},
    },
};
use ratatui::{
    layout::Rect,
    style::Style,
    symbols::Marker,
    widgets::{self, Axis, Dataset, GraphType, Widget},
};

/// The least size at which a chart says something.
const LEAST: (u16, u16) = (34, 6);
/// From this height on a legend may take a second line.
const HIGH: u16 = 9;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, charts: &[Chart], screen: &Screen) {
    if area.height == 0 {
        return;
    }
    let border = canvas.theme.style(Role::Border);
    canvas.write(area.x, area.y, area.width, &"─".repeat(area.width.into()), border);
    let by = match screen.by {
        By::Cluster => "by cluster",
        By::Broker => "by broker",
        By::Topic => "by topic",
    };
    let places = grid(Rect { y: area.y + 1, height: area.height - 1, ..area }, charts.len());
    let hidden = charts.len().saturating_sub(places.len());
    let more = match hidden {
        0 => String::new(),
        _ => format!("· {hidden} more on a higher screen "),
    };
    let title = format!(" {} · {by} {more}", screen.title());
    canvas.write(area.x + 2, area.y, area.width.saturating_sub(2), &title, canvas.theme.style(Role::Title));
    for (chart, at) in charts.iter().zip(places) {
        draw_chart(canvas, at, chart);
    }
}

/// Places for as many charts as fit, the first ones first.
fn grid(area: Rect, count: usize) -> Vec<Rect> {
    let columns = (area.width / LEAST.0).clamp(1, 2).min(count.max(1) as u16);
    let wanted = (count as u16).div_ceil(columns).max(1);
    let rows = (area.height / LEAST.1).clamp(1, wanted);
    let (width, height) = (area.width / columns, area.height / rows);
    (0..rows * columns)
        .map(|n| Rect::new(area.x + n % columns * width, area.y + n / columns * height, width, height))
        .collect()
}

fn draw_chart(canvas: &mut Canvas<'_>, area: Rect, chart: &Chart) {
    if area.height == 0 || area.width < 4 {
        return;
    }
    let lines = legend(canvas, area, chart);
    let plot = Rect { y: area.y + lines, height: area.height - lines, width: area.width - 1, ..area };
    if chart.lines.iter().all(|l| l.points.is_empty()) || plot.height < 3 {
        let style = canvas.theme.style(Role::Muted);
        let said = if chart.state.is_live() { "no values yet" } else { "" };
        canvas.write(plot.x + 2, plot.y, plot.width.saturating_sub(2), said, style);
        return;
    }
    let top = chart.lines.iter().flat_map(|l| &l.points).map(|(_, v)| *v).fold(0.0_f64, f64::max);
    let top = if top > 0.0 { top * 1.05 } else { 1.0 };
    let points: Vec<Vec<(f64, f64)>> = chart.lines.iter().map(|l| scaled(l, chart.from)).collect();
    let marker = if canvas.theme.ascii { Marker::Dot } else { Marker::Braille };
    let datasets = points.iter().zip(CHART).map(|(points, role)| {
        let style = canvas.theme.style(role);
        Dataset::default().marker(marker).graph_type(GraphType::Line).style(style).data(points)
    });
    let muted = canvas.theme.style(Role::Muted);
    let span = chart.to.since(chart.from);
    let x = Axis::default()
        .bounds([0.0, span.as_secs_f64().max(1.0)])
        .labels([format!("-{}", age(span)), "now".to_string()])
        .style(muted);
    let y = Axis::default()
        .bounds([0.0, top])
        .labels([amount(chart.unit, 0.0), amount(chart.unit, top)])
        .style(muted);
    // A line for each colour: the legend says how many more there are.
    widgets::Chart::new(datasets.collect())
        .style(canvas.theme.style(Role::Plain))
        .x_axis(x)
        .y_axis(y)
        .render(plot, canvas.buffer);
}

fn scaled(line: &Line, from: Time) -> Vec<(f64, f64)> {
    line.points.iter().map(|(t, v)| (t.since(from).as_secs_f64(), *v)).collect()
}

/// The title with the state, and each line's name with its last value; only the names where all would not
/// fit. Returns the lines that it took.
fn legend(canvas: &mut Canvas<'_>, area: Rect, chart: &Chart) -> u16 {
    let mut head = vec![(format!(" {}", chart.title), canvas.theme.style(Role::Strong))];
    if !chart.state.is_live() {
        let (tone, words) = state_words(&chart.state);
        head.push((format!("  {words}"), canvas.theme.tone(tone)));
    }
    if !chart.lacks.is_empty() {
        head.push((format!("  {}", chart.lacks), canvas.theme.tone(Tone::Warning)));
    }
    let shown = chart.lines.iter().zip(CHART);
    let entries = |valued: bool| -> Vec<(String, Style)> {
        let entry = |(line, role): (&Line, Role)| {
            let last = line.points.last().filter(|_| valued);
            let last = last.map_or(String::new(), |(_, v)| match line.state {
                State::Live => format!(" {}", amount(chart.unit, *v)),
                State::Pending(_) => " pending".into(),
                // The whole chart's state is told in its head.
                _ if !chart.state.is_live() => format!(" {}", amount(chart.unit, *v)),
                _ => format!(" {}", state_words(&line.state).1),
            });
            (format!("  ■ {}{last}", text::clean(&line.name)), canvas.theme.style(role))
        };
        shown.clone().map(entry).collect()
    };
    let most = if area.height >= HIGH { 2 } else { 1 };
    let room = usize::from(area.width.saturating_sub(1));
    let whole = folded(&head, entries(true), room, most);
    let (lines, left) = if whole.1 == 0 { whole } else { folded(&head, entries(false), room, most) };
    let left = left + chart.lines.len().saturating_sub(CHART.len());
    let muted = canvas.theme.style(Role::Muted);
    for (nth, (pieces, y)) in lines.iter().zip(area.y..).enumerate() {
        let more = if nth + 1 == lines.len() && left > 0 { format!(" +{left}") } else { String::new() };
        let pieces: Vec<_> = pieces.iter().map(|(text, style)| (text.as_str(), *style)).collect();
        let line = Rect { y, height: 1, width: area.width.saturating_sub(1), ..area };
        canvas.line(line, &[&pieces[..], &[(&more, muted)]].concat());
    }
    lines.len() as u16
}

type Pieces = Vec<(String, Style)>;

/// What follows the head, in at most so many lines, and how many did not find room. Columns for the number
/// of those are left at the end.
fn folded(head: &Pieces, entries: Pieces, room: usize, most: usize) -> (Vec<Pieces>, usize) {
    const MORE: usize = 3;
    let taken = |pieces: &Pieces| pieces.iter().map(|(text, _)| text::width(text)).sum::<usize>();
    let (mut lines, mut left, count) = (vec![head.clone()], 0, entries.len());
    for (nth, entry) in entries.into_iter().enumerate() {
        let reserved = if lines.len() == most && nth + 1 < count { MORE } else { 0 };
        let wanted = text::width(&entry.0) + reserved;
        let present = lines.len();
        match lines.last_mut().filter(|_| left == 0) {
            Some(line) if taken(line) + wanted <= room => line.push(entry),
            Some(_) if present < most => lines.push(vec![entry]),
            _ => left += 1,
        }
    }
    (lines, left)
}

fn amount(unit: Unit, value: f64) -> String {
    match unit {
        Unit::BytesPerSecond => human::byte_rate(value),
        Unit::MessagesPerSecond => human::rate(value),
        Unit::Count => human::count(value.round() as u64),
    }
}
