//! The report of an operation as Markdown, for an incident's page.

use crate::{
    action::journal::Told,
    app::report,
    clock::utc,
    domain::time::age,
    once::markdown::{code, escaped},
};
use std::fmt::Write as _;

/// Writes that are listed: more is no reading for people.
const MOST: usize = 50;

pub fn page(cluster: &str, told: &Told) -> String {
    let report = &told.report;
    let mut out = format!("## {}\n\n", escaped(&report.title));
    let _ = writeln!(out, "Kafka {} · context {} · {}\n", code(cluster), code(&told.context), code(&told.id));
    for line in report::summary(report) {
        let _ = writeln!(out, "- {}", escaped(&line));
    }
    if !report.tasks.is_empty() {
        out.push_str("\n| step | took | |\n| --- | --- | --- |\n");
    }
    for (number, task) in (1..).zip(&report.tasks) {
        let _ = writeln!(
            out,
            "| {number}. {} | {} | {} |",
            escaped(&task.title),
            age(task.took),
            task.fate.word()
        );
    }
    if !report.hand.is_empty() {
        out.push_str("\n**The operator's hand**\n\n");
    }
    for event in &report.hand {
        let _ = writeln!(out, "- {}", escaped(&report::event(event)));
    }
    if !report.steps.is_empty() {
        out.push_str("\n**Writes**\n\n| when | what | answer |\n| --- | --- | --- |\n");
    }
    for step in report.steps.iter().take(MOST) {
        let when = step.began.map_or("not sent".into(), utc);
        let _ = writeln!(out, "| {when} | {} | {} |", escaped(&step.title), escaped(&report::fate(step)));
    }
    if report.steps.len() > MOST {
        let _ = writeln!(out, "\nand {} more", report.steps.len() - MOST);
    }
    out
}
