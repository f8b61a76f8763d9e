//! The lines at the top: where one is, and how fresh each source is.

use super::{
    canvas::{Canvas, state_words},
    theme::Role,
};
use crate::{
    app::Model,
    domain::{derived::Severity, reading::State, time::age},
    pane::{self, Tone},
};
use ratatui::layout::Rect;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, model: &Model) {
    if area.height == 0 {
        return;
    }
    canvas.fill(area, Role::Header);
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    if area.height == 1 {
        let rest = marks(canvas, line(0), model);
        sources(canvas, rest, model, &format!(" {} · ", model.session.context));
        return;
    }
    let rest = marks(canvas, line(0), model);
    place(canvas, rest, model);
    sources(canvas, line(1), model, " ");
    if area.height > 2 {
        namespaces(canvas, line(2), model);
    }
}

/// What changes how one acts here; returns the rest of the line.
fn marks(canvas: &mut Canvas<'_>, line: Rect, model: &Model) -> Rect {
    let header = canvas.theme.style(Role::Header);
    let mut pieces = Vec::new();
    if model.session.demo.is_some() {
        pieces.push((" DEMO ".to_string(), canvas.theme.style(Role::Demo)));
    }
    if model.session.production {
        pieces.push((" PRODUCTION ".to_string(), canvas.theme.style(Role::Production)));
    }
    if model.session.read_only {
        pieces.push((" read-only ·".to_string(), header));
    } else if let Some(left) = model.elevated() {
        let style = header.patch(own(canvas.theme.style(Role::Warning)));
        pieces.push((format!(" elevated for {} ·", age(left)), style));
    }
    let pieces: Vec<_> = pieces.iter().map(|(text, style)| (text.as_str(), *style)).collect();
    let used = canvas.line(line, &pieces);
    Rect { x: line.x + used, width: line.width - used, ..line }
}

/// Context, Kafka cluster and the way to it, who measures throughput.
fn place(canvas: &mut Canvas<'_>, line: Rect, model: &Model) {
    let snapshot = &model.snapshot;
    let mut words = String::new();
    match (model.kafka_name(), snapshot.kafka.route) {
        (Some(cluster), Some(route)) => words += &format!(" · Kafka {cluster} ({})", route.words()),
        (Some(cluster), None) => words += &format!(" · Kafka {cluster}"),
        (None, Some(route)) => words += &format!(" · Kafka ({})", route.words()),
        (None, None) => {}
    }
    let origin = snapshot.throughput.origin.last().map_or(String::new(), |o| format!(" · {}", o.words()));
    let context = &model.session.context;
    let whole = format!(" castellan · context {context}{words}{origin}");
    // Where one is comes before who one is.
    let words = match crate::app::text::width(&whole) <= line.width.into() {
        true => whole,
        false => format!(" {context}{words}{origin}"),
    };
    let version = snapshot.kubernetes.server.last().map_or(String::new(), |v| format!("Kubernetes {v} "));
    let style = canvas.theme.style(Role::Header);
    let room = line.width.saturating_sub(version.len() as u16 + 1);
    // The version gives way to the words where both do not fit.
    let fits = crate::app::text::width(&words) <= room.into();
    canvas.write(line.x, line.y, if fits { room } else { line.width }, &words, style);
    if fits {
        canvas.write(line.x + room + 1, line.y, line.width, &version, style);
    }
}

/// Each source and its state in words.
fn sources(canvas: &mut Canvas<'_>, line: Rect, model: &Model, before: &str) {
    // Of several clusters one is to be chosen first: nothing is being waited for.
    let unchosen = model.derived.joined.undecided && !model.targets.aimed();
    let header = canvas.theme.style(Role::Header);
    let (mut pieces, mut reasons) = (vec![(before.to_string(), header)], Vec::new());
    for (i, source) in pane::sources(&model.world()).into_iter().enumerate() {
        let name = source.name;
        let (tone, words) = match source.note {
            _ if unchosen && name == "Kafka" => (Tone::Warning, "not chosen: :clusters".into()),
            Some(note) => (Tone::Warning, note),
            // A long reason must not push the others' states out.
            None => match source.state {
                State::Failed { reason, age: old } => {
                    reasons.push(format!(" · {name}: {reason}"));
                    (Tone::Critical, old.map_or("failed".into(), |old| format!("stale {}", age(old))))
                }
                state => state_words(&state),
            },
        };
        let style = if tone == Tone::Good { header } else { header.patch(own(canvas.theme.tone(tone))) };
        pieces.push((format!("{}{name} ", if i == 0 { "" } else { " · " }), header));
        pieces.push((words, style));
    }
    let missing = &model.snapshot.kubernetes.reach.missing;
    if !missing.is_empty() {
        let style = header.patch(own(canvas.theme.style(Role::Warning)));
        pieces.push((format!(" · {} not permitted: :findings", missing.len()), style));
    }
    let critical = header.patch(own(canvas.theme.tone(Tone::Critical)));
    pieces.extend(reasons.into_iter().map(|reason| (reason, critical)));
    let pieces: Vec<_> = pieces.iter().map(|(text, style)| (text.as_str(), *style)).collect();
    canvas.line(line, &pieces);
}

/// A style without its background, for text on another one.
fn own(style: ratatui::style::Style) -> ratatui::style::Style {
    ratatui::style::Style { bg: None, ..style }
}

fn namespaces(canvas: &mut Canvas<'_>, line: Rect, model: &Model) {
    let header = canvas.theme.style(Role::Header);
    let key = header.patch(own(canvas.theme.style(Role::Key)));
    let mut pieces = vec![(" namespace ".to_string(), header)];
    let names = std::iter::once("all").chain(model.namespaces.iter().map(|n| &**n));
    for (digit, name) in names.take(10).enumerate() {
        let chosen = model.namespace.as_deref().unwrap_or("all") == name;
        pieces.push((format!("{digit} "), key));
        pieces.push((if chosen { format!("[{name}] ") } else { format!("{name} ") }, header));
    }
    let pieces: Vec<_> = pieces.iter().map(|(text, style)| (text.as_str(), *style)).collect();
    canvas.line(line, &pieces);
}

pub fn verdict(canvas: &mut Canvas<'_>, area: Rect, model: &Model) {
    let verdict = &model.derived.verdict;
    let tone = match verdict.severity {
        Severity::Ok => Tone::Good,
        Severity::Unknown => Tone::Muted,
        Severity::Warning => Tone::Warning,
        Severity::Critical => Tone::Critical,
    };
    let style = canvas.theme.tone(tone);
    canvas.line(area, &[(" ", style), (&verdict.line, style)]);
}
