//! The report as Markdown, for an incident's page.

use super::{Report, Sheet, severity_word, source_words, utc, words};
use crate::domain::clean::clean;
use std::fmt::Write as _;

/// Rows of a table, and findings: more is no reading for people.
const MOST: usize = 20;

pub fn markdown(report: &Report) -> String {
    let mut out = format!("## {}\n\n", escaped(&report.verdict));
    let _ = writeln!(
        out,
        "{} · context {}{} · castellan {}\n",
        utc(report.at),
        code(&report.session.context),
        report.session.cluster.as_ref().map_or(String::new(), |name| format!(" · Kafka {}", code(name))),
        report.session.version
    );
    for source in &report.sources {
        let how = if source.how.is_empty() { String::new() } else { format!(" · {}", source.how) };
        let _ = writeln!(out, "- {}: {}{}", source.name, escaped(&source_words(source)), escaped(&how));
    }
    if !report.findings.is_empty() {
        out.push('\n');
    }
    for finding in report.findings.iter().take(MOST) {
        let _ =
            writeln!(out, "- **{}** {}", severity_word(finding.severity), escaped(&finding.told(report.at)));
    }
    more(&mut out, report.findings.len());
    report.tables.iter().filter(|sheet| !sheet.rows.is_empty()).for_each(|sheet| table(&mut out, sheet));
    out
}

fn table(out: &mut String, sheet: &Sheet) {
    let cells: Vec<Vec<String>> =
        sheet.rows.iter().take(MOST).map(|row| row.iter().map(|c| escaped(&words(c))).collect()).collect();
    let kept: Vec<usize> =
        (0..sheet.columns.len()).filter(|i| cells.iter().any(|row| !row[*i].is_empty())).collect();
    let line = |texts: Vec<&str>| format!("| {} |\n", texts.join(" | "));
    let _ = write!(out, "\n**{}**\n\n", escaped(&sheet.heading));
    out.push_str(&line(kept.iter().map(|i| sheet.columns[*i].0).collect()));
    out.push_str(&line(kept.iter().map(|_| "---").collect()));
    for row in &cells {
        out.push_str(&line(kept.iter().map(|i| row[*i].as_str()).collect()));
    }
    more(out, sheet.rows.len());
    sheet.notes.iter().for_each(|note| out.push_str(&format!("\n{}\n", escaped(note))));
}

/// How many of `all` were left out.
fn more(out: &mut String, all: usize) {
    if all > MOST {
        out.push_str(&format!("\nand {} more\n", all - MOST));
    }
}

pub fn code(text: &str) -> String {
    format!("`{}`", clean(text).replace('`', "'"))
}

/// Text that Markdown and HTML leave as it is.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}
