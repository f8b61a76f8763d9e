//! Lines over time.

use super::{
    canvas::{Canvas, state_words},
    theme::{CHART, Role},
};
use crate::{
    app::{screen::Screen, text},
    domain::{
        human,
        time::{Time, age},
    },
    pane::chart::{By, Chart, Line, Unit},
};
use ratatui::{
    layout::Rect,
    symbols::Marker,
    widgets::{self, Axis, Dataset, GraphType, Widget},
};

/// The least size at which a chart says something.
const LEAST: (u16, u16) = (34, 7);

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
    let title = format!(" {} · {by} ", screen.title());
    canvas.write(area.x + 2, area.y, area.width.saturating_sub(2), &title, canvas.theme.style(Role::Title));
    for (chart, at) in
        charts.iter().zip(grid(Rect { y: area.y + 1, height: area.height - 1, ..area }, charts.len()))
    {
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
    legend(canvas, area, chart);
    let plot = Rect { y: area.y + 1, height: area.height - 1, width: area.width - 1, ..area };
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

/// The title with the state, or each line's name and last value.
fn legend(canvas: &mut Canvas<'_>, area: Rect, chart: &Chart) {
    let strong = canvas.theme.style(Role::Strong);
    let mut pieces = vec![(format!(" {}", chart.title), strong)];
    if !chart.state.is_live() {
        let (tone, words) = state_words(&chart.state);
        pieces.push((format!("  {words}"), canvas.theme.tone(tone)));
    }
    for (line, role) in chart.lines.iter().zip(CHART) {
        let last = line.points.last().map_or(String::new(), |(_, v)| amount(chart.unit, *v));
        let name = text::clean(&line.name);
        pieces.push((format!("  ■ {name} {last}"), canvas.theme.style(role)));
    }
    if chart.lines.len() > CHART.len() {
        let more = format!("  and {} more", chart.lines.len() - CHART.len());
        pieces.push((more, canvas.theme.style(Role::Muted)));
    }
    let pieces: Vec<_> = pieces.iter().map(|(text, style)| (text.as_str(), *style)).collect();
    canvas.line(Rect { height: 1, width: area.width.saturating_sub(1), ..area }, &pieces);
}

fn amount(unit: Unit, value: f64) -> String {
    match unit {
        Unit::BytesPerSecond => human::byte_rate(value),
        Unit::MessagesPerSecond => human::rate(value),
        Unit::Count => human::count(value.round() as u64),
    }
}
