//! What is wrong, worst first, causes before effects.

use super::{Block, Cell, Column, Pane, Place, Rows, SortKey, Tone, World, place};
use crate::domain::{
    derived::{Finding, Severity},
    object::Object,
    reading::State,
    time::age,
};

pub static PANE: Pane = Pane {
    name: "findings",
    aliases: &["pulse", "health", "fi"],
    about: "What is wrong and why, worst first, causes before effects",
    blocks: &[Block::Table { table: &Findings, heading: "", weight: 1, spare: false }],
};

pub struct Findings;

impl Rows for Findings {
    type Item<'a> = &'a Finding;

    fn noun(&self) -> &'static str {
        "findings"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<&'a Finding> {
        world.derived.findings.iter().filter(|f| scope.is_none_or(|s| f.subject == *s)).collect()
    }

    fn object(&self, finding: &Finding) -> Object {
        Object::Finding(finding.id())
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<&'a Finding> {
        let Object::Finding(id) = object else { return None };
        world.derived.finding(id)
    }

    fn search(&self, finding: &Finding, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&finding.line) || try_word(finding.code)
    }

    fn fault(&self, _world: &World<'_>, finding: &Finding) -> bool {
        finding.severity > Severity::Ok
    }

    /// Findings say themselves what they could not learn.
    fn state(&self, _world: &World<'_>) -> State {
        State::Live
    }

    fn drill(&self, _world: &World<'_>, finding: &Finding) -> Option<Place> {
        place(&finding.subject)
    }
}

pub fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Ok => Tone::Muted,
        Severity::Unknown | Severity::Warning => Tone::Warning,
        Severity::Critical => Tone::Critical,
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "info",
        Severity::Unknown => "unknown",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

type C = Column<Findings>;

static COLUMNS: &[C] = &[
    C::text(
        "SEVERITY",
        8,
        |_, f| Cell::toned(word(f.severity), tone(f.severity)),
        |_, f| SortKey::Number(f64::from(f.severity as u8)),
    )
    .sort('S'),
    C::wide(
        "FINDING",
        30,
        |_, f| {
            Cell::toned(f.line.clone(), if f.severity == Severity::Ok { Tone::Muted } else { Tone::Plain })
        },
        |_, f| SortKey::Text(&f.line),
    )
    .sort('N'),
    C::number(
        "SINCE",
        6,
        |world, f| f.since.map_or_else(Cell::empty, |since| Cell::plain(age(world.now.since(since)))),
        |world, f| f.since.map_or(SortKey::Unknown, |s| SortKey::Number(world.now.since(s).as_secs_f64())),
    )
    .rank(1)
    .sort('A'),
    C::text(
        "EVIDENCE",
        50,
        |_, f| Cell::toned(f.evidence.join("; "), Tone::Muted),
        |_, f| SortKey::Owned(f.evidence.join("; ")),
    )
    .rank(2)
    .sort('E'),
];
