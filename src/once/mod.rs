//! The state of the whole on paper: for a log, a chat, a machine. It is made from the very tables that
//! the overview shows, so it cannot tell another truth than the screen.

mod json;
pub mod markdown;
mod text;

use crate::{
    domain::{
        clean::clean,
        derived::{Finding, Severity},
        reading::State,
        time::{Time, age},
    },
    pane::{self, Block, Cell, Doubt, Query, Source, World},
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
    /// The Kafka cluster, as the header names it.
    pub cluster: Option<String>,
    pub version: &'static str,
}

/// What the forms for people print.
pub struct Report {
    pub session: Session,
    pub at: Time,
    pub severity: Severity,
    pub verdict: String,
    pub sources: Vec<Source>,
    pub findings: Vec<Finding>,
    pub tables: Vec<Sheet>,
}

/// A table of the overview.
pub struct Sheet {
    pub heading: String,
    /// Column titles, each with the order in which it is dropped where there is no room (0: never).
    pub columns: Vec<(&'static str, u8)>,
    pub rows: Vec<Vec<Cell>>,
    /// What its signs mean, where it has any.
    pub notes: Vec<String>,
}

/// Reads the report off the world.
pub fn report(world: &World<'_>, session: Session) -> Report {
    let derived = world.derived;
    Report {
        session,
        at: world.now,
        severity: derived.verdict.severity,
        verdict: derived.verdict.line.clone(),
        sources: pane::sources(world).into(),
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
    let arranged = table.arrange(world, &Query::default());
    let mut objects: Vec<_> = arranged.iter().collect();
    // What is broken must not fall behind where only the first rows are shown.
    if table.noun() == "brokers" {
        objects.sort_by_key(|object| !table.fault(world, object));
    }
    let rows = objects.iter().filter_map(|object| table.cells(world, object, &all)).collect();
    let notes = if table.noun() == "groups" { notes(world) } else { Vec::new() };
    Some(Sheet { heading: heading.to_string(), columns, rows, notes })
}

/// What the groups' signs mean, if there are any.
fn notes(world: &World<'_>) -> Vec<String> {
    let rows = || world.derived.joined.groups.iter();
    let partial = rows().any(|row| row.lag.is_some() && row.unknown > 0);
    let late = rows().find_map(pane::why_not_late).map(|why| format!("LATE –: not known, {why}"));
    let partial = partial.then(|| "LAG +: at least, the ends of some partitions are not known".to_string());
    late.into_iter().chain(partial).collect()
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

/// A source in words: what there is to say of it, else its state.
fn source_words(source: &Source) -> String {
    source.note.clone().unwrap_or_else(|| state_words(&source.state))
}

/// `2026-11-21 03:04:05 UTC`.
fn utc(at: Time) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
        .unwrap_or_else(|_| "at an unknown time".into())
}

/// `2026-11-21T03:04:05Z`, as RFC 3339 has it.
fn zulu(at: Time) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests;
