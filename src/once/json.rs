//! The report for machines.

use super::{Report, Sheet, Source, exit_code, severity_word, state_words, utc};
use crate::{
    domain::{
        derived::{Finding, Severity},
        reading::State,
    },
    pane::{Cell, Doubt},
};
use serde_json::{Map, Value, json as value};

pub fn json(report: &Report) -> String {
    let tables: Map<String, Value> =
        report.tables.iter().map(|sheet| (sheet.heading.to_lowercase(), rows(sheet))).collect();
    let whole = value!({
        "castellan": report.session.version,
        "context": report.session.context,
        "time": utc(report.at),
        "severity": if report.severity == Severity::Ok { "ok".into() } else { severity_word(report.severity).to_lowercase() },
        "exit_code": exit_code(report.severity),
        "verdict": report.verdict,
        "sources": report.sources.iter().map(source).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(|f| finding(report, f)).collect::<Vec<_>>(),
        "tables": tables,
    });
    format!("{whole:#}\n")
}

fn source(source: &Source) -> Value {
    let age = match &source.state {
        State::Stale { age } | State::Failed { age: Some(age), .. } => Some(age.as_secs()),
        State::Live => Some(0),
        State::Pending(_) | State::Failed { age: None, .. } => None,
    };
    value!({
        "name": source.name,
        "state": state_words(&source.state),
        "live": source.state.is_live(),
        "age_seconds": age,
        "how": source.how,
    })
}

fn finding(report: &Report, finding: &Finding) -> Value {
    value!({
        "severity": severity_word(finding.severity).to_lowercase(),
        "kind": finding.subject.noun(),
        "name": finding.subject.name(),
        "line": finding.line,
        "for_seconds": finding.since.map(|t| report.at.since(t).as_secs()),
        "evidence": finding.evidence,
    })
}

/// Each row as an object: the column's title in lower case → the cell's text, and under `doubts` the
/// columns whose value is not live.
fn rows(sheet: &Sheet) -> Value {
    sheet.rows.iter().map(|row| row_value(sheet, row)).collect()
}

fn row_value(sheet: &Sheet, row: &[Cell]) -> Value {
    let mut fields = Map::new();
    let mut doubts = Map::new();
    for ((title, _), cell) in sheet.columns.iter().zip(row) {
        let name = title.to_lowercase();
        match cell.doubt {
            Doubt::None => None,
            Doubt::Pending => Some(value!("pending")),
            Doubt::Stale(age) => Some(value!({ "stale_seconds": age.as_secs() })),
            Doubt::Failed(age) => {
                Some(value!({ "failed": true, "last_seen_seconds": age.map(|a| a.as_secs()) }))
            }
        }
        .into_iter()
        .for_each(|doubt| drop(doubts.insert(name.clone(), doubt)));
        if !cell.text.is_empty() {
            fields.insert(name, value!(cell.text));
        }
    }
    if !doubts.is_empty() {
        fields.insert("doubts".into(), Value::Object(doubts));
    }
    Value::Object(fields)
}
