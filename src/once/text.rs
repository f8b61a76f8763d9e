//! The report as plain text: 25 lines at most, 100 columns at most.

use super::{LINES, Report, Sheet, severity_word, source_words, utc, words};
use crate::{domain::clean::clean, pane::Figure};

const WIDTH: usize = 100;

/// The report for a terminal or a message.
pub fn text(report: &Report) -> String {
    let mut lines = vec![cut(&clean(&report.verdict)), cut(&title(report))];
    lines.extend(report.sources.iter().map(|s| {
        let how = if s.how.is_empty() { String::new() } else { format!(" · {}", clean(&s.how)) };
        cut(&format!("{:<11}{}{how}", s.name, clean(&source_words(s))))
    }));
    let findings = report.findings.len();
    let shown = findings.min(6);
    lines.extend(
        report.findings[..shown]
            .iter()
            .map(|f| cut(&format!("{:<9}{}", severity_word(f.severity), clean(&f.told(report.at))))),
    );
    if findings > shown {
        lines.push(format!("… and {} more findings", findings - shown));
    }
    for (i, sheet) in report.tables.iter().enumerate() {
        let left = LINES.saturating_sub(lines.len());
        let tables_left = report.tables.len() - i;
        lines.extend(rows(sheet, left / tables_left));
    }
    lines.truncate(LINES);
    lines.join("\n") + "\n"
}

fn title(report: &Report) -> String {
    let session = &report.session;
    let cluster = session.cluster.as_ref().map(|name| format!(" · Kafka {}", clean(name)));
    format!(
        "{} · context {}{} · castellan {}",
        utc(report.at),
        clean(&session.context),
        cluster.unwrap_or_default(),
        session.version
    )
}

/// The sheet in at most `room` lines: a line of titles, then rows; what is left out is counted.
fn rows(sheet: &Sheet, room: usize) -> Vec<String> {
    if room < 2 || sheet.rows.is_empty() {
        return Vec::new();
    }
    // The meaning of signs comes after at least two rows that may have them.
    let notes = if room > 3 { &sheet.notes[..] } else { &[] };
    let room = room - notes.len().min(room - 3.min(room));
    let fitting = sheet.rows.len().min(room - 1);
    let shown = if fitting < sheet.rows.len() { fitting.saturating_sub(1) } else { fitting };
    let cells: Vec<Vec<String>> =
        sheet.rows[..shown].iter().map(|row| row.iter().map(words).collect()).collect();
    let columns = fitted(sheet, &cells, shown);
    let line = |texts: &dyn Fn(usize) -> String| {
        let joined = columns.iter().map(|(i, width)| format!("{:<width$}", texts(*i))).collect::<Vec<_>>();
        cut(joined.join("  ").trim_end())
    };
    let mut lines = vec![line(&|i| sheet.columns[i].0.to_string())];
    lines.extend(cells.iter().map(|row| line(&|i| row[i].clone())));
    if shown < sheet.rows.len() {
        lines.push(format!("… and {} more", sheet.rows.len() - shown));
    }
    lines.extend(notes.iter().map(|note| cut(note)));
    lines
}

/// The columns (index, width) that fit, without those that are drawings only or empty throughout.
fn fitted(sheet: &Sheet, cells: &[Vec<String>], shown: usize) -> Vec<(usize, usize)> {
    let drawing =
        |i: usize| sheet.rows[..shown].iter().all(|r| r[i].text.is_empty() && r[i].figure != Figure::None);
    let mut columns: Vec<(usize, usize)> = (0..sheet.columns.len())
        .filter(|i| !drawing(*i) && cells.iter().any(|row| !row[*i].is_empty()))
        .map(|i| {
            let widest = cells.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
            (i, widest.max(sheet.columns[i].0.chars().count()))
        })
        .collect();
    while columns.iter().map(|(_, w)| w + 2).sum::<usize>() > WIDTH + 2 {
        let Some(at) = (0..columns.len())
            .filter(|at| sheet.columns[columns[*at].0].1 > 0)
            .max_by_key(|at| (sheet.columns[columns[*at].0].1, *at))
        else {
            break;
        };
        columns.remove(at);
    }
    columns
}

fn cut(line: &str) -> String {
    if line.chars().count() <= WIDTH {
        return line.to_string();
    }
    line.chars().take(WIDTH - 1).chain(['…']).collect()
}
