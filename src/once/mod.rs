//! The state of the whole on paper: for a log, a chat, a machine. It is made from the very tables that
//! the overview shows, so it cannot tell another truth than the screen.

mod json;
mod markdown;
mod text;

use crate::{
    domain::{
        clean::clean,
        derived::{Finding, Severity},
        reading::State,
        time::{Time, age},
    },
    pane::{self, Block, Cell, Doubt, Query, World},
};

pub use json::json;
pub use markdown::markdown;
pub use text::text;

/// The text form never has more lines than this: it must fit a screen and a message.
pub const LINES: usize = 25;

/// What the report is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub context: String,
    pub version: &'static str,
}

/// Everything that the three forms print.
pub struct Report {
    pub session: Session,
    pub at: Time,
    pub severity: Severity,
    pub verdict: String,
    pub sources: Vec<Source>,
    pub findings: Vec<Finding>,
    pub tables: Vec<Sheet>,
}

/// One source and how far it can be trusted.
pub struct Source {
    pub name: &'static str,
    pub state: State,
    /// Where and how it is read.
    pub how: String,
}

/// A table of the overview.
pub struct Sheet {
    pub heading: String,
    /// Column titles, each with the order in which it is dropped where there is no room (0: never).
    pub columns: Vec<(&'static str, u8)>,
    pub rows: Vec<Vec<Cell>>,
}

/// Reads the report off the world.
pub fn report(world: &World<'_>, session: Session) -> Report {
    let derived = world.derived;
    Report {
        session,
        at: world.now,
        severity: derived.verdict.severity,
        verdict: derived.verdict.line.clone(),
        sources: sources(world),
        findings: derived.findings.clone(),
        tables: pane::find("overview").map(|p| sheets(world, p.blocks)).unwrap_or_default(),
    }
}

/// Worse is greater in [`Severity`]; the codes are those of monitoring plug-ins.
pub fn exit_code(severity: Severity) -> u8 {
    match severity {
        Severity::Ok => 0,
        Severity::Warning => 1,
        Severity::Critical => 2,
        Severity::Unknown => 3,
    }
}

fn sheets(world: &World<'_>, blocks: &[Block]) -> Vec<Sheet> {
    blocks.iter().filter_map(|block| sheet(world, block)).collect()
}

fn sheet(world: &World<'_>, block: &Block) -> Option<Sheet> {
    let Block::Table { table, heading, .. } = block else { return None };
    // The report lists the findings itself.
    if table.noun() == "findings" {
        return None;
    }
    let columns: Vec<_> = table.headings().iter().map(|h| (h.title, h.rank)).collect();
    let all: Vec<usize> = (0..columns.len()).collect();
    let objects = table.arrange(world, &Query::default());
    let rows = objects.iter().filter_map(|object| table.cells(world, object, &all)).collect();
    Some(Sheet { heading: heading.to_string(), columns, rows })
}

fn sources(world: &World<'_>) -> Vec<Source> {
    let snapshot = world.snapshot;
    let server = &snapshot.kubernetes.server;
    let origin = &snapshot.throughput.origin;
    vec![
        Source {
            name: "Kubernetes",
            state: server.state(world.now).worse(snapshot.kubernetes.pods.feed.state(world.now)),
            how: server.last().map(|v| v.to_string()).unwrap_or_default(),
        },
        Source {
            name: "Kafka",
            state: snapshot.kafka.cluster_feed.state(world.now),
            how: snapshot.kafka.route.map(|r| r.words().to_string()).unwrap_or_default(),
        },
        Source {
            name: "Throughput",
            state: origin.state(world.now),
            how: origin.last().map(|o| o.words()).unwrap_or_default(),
        },
    ]
}

/// A source's state in words: `live`, `stale 42s`, `failed: no route to host (last seen 2m ago)`.
pub fn state_words(state: &State) -> String {
    match state {
        State::Pending(_) => "no answer yet".into(),
        State::Live => "live".into(),
        State::Stale { age: a } => format!("stale {}", age(*a)),
        State::Failed { reason, age: Some(a) } => format!("failed: {reason} (last seen {} ago)", age(*a)),
        State::Failed { reason, age: None } => format!("failed: {reason}"),
    }
}

pub fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "INFO",
        Severity::Unknown => "UNKNOWN",
        Severity::Warning => "WARNING",
        Severity::Critical => "CRITICAL",
    }
}

/// A cell's text as paper can show it, with its doubt in words.
fn words(cell: &Cell) -> String {
    let text = clean(&cell.text).into_owned();
    match cell.doubt {
        Doubt::None => text,
        Doubt::Pending if text.is_empty() => "…".into(),
        Doubt::Pending => text,
        Doubt::Stale(a) | Doubt::Failed(Some(a)) if !text.is_empty() => format!("{text}~{}", age(a)),
        Doubt::Stale(_) | Doubt::Failed(_) if text.is_empty() => "?".into(),
        Doubt::Stale(_) | Doubt::Failed(_) => text,
    }
}

/// `2026-11-21 03:04:05 UTC`.
fn utc(at: Time) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
        .unwrap_or_else(|_| "at an unknown time".into())
}

#[cfg(test)]
mod tests;
