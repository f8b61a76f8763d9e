//! The report of an operation as text.

use super::text::clean_line;
use crate::{
    action::{
        Said,
        report::{Event, Report, StepTold, TaskTold},
    },
    clock::utc,
    domain::{
        human,
        operation::Stage,
        time::{Time, age},
    },
};

/// Its lines, without the title; free of what a terminal would obey.
pub fn lines(report: &Report) -> Vec<String> {
    let mut all = summary(report);
    let tasks = (1..).zip(&report.tasks).map(|(number, told)| format!("{number}. {}", task(told)));
    section(&mut all, "Steps", tasks);
    section(&mut all, "The operator's hand", report.hand.iter().map(event));
    section(&mut all, "Writes", report.steps.iter().map(step));
    all.iter().map(|line| clean_line(line)).collect()
}

fn section(all: &mut Vec<String>, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        all.push(title.to_string());
        all.extend(lines.map(|line| format!("  {line}")));
    }
}

/// `move 12 replicas: done, 12m`
pub fn task(task: &TaskTold) -> String {
    let took = if task.took.is_zero() { String::new() } else { format!(", {}", age(task.took)) };
    format!("{}: {}{took}", task.title, task.fate.word())
}

/// What is to be known of it first.
pub fn summary(report: &Report) -> Vec<String> {
    let mut all = vec![
        outcome(report),
        format!("from {} to {}: {}", utc(report.began), utc(report.last), age(report.took())),
    ];
    let tries = match report.retries() {
        0 => String::new(),
        n => format!(", {} tried again", human::count(n as u64)),
    };
    all.push(format!("{}{tries}", human::plural(report.steps.len(), "write")));
    match report.copied() {
        0 => {}
        bytes => all.push(format!("copied {}", human::bytes(bytes))),
    }
    if let Some((margin, at)) = report.margin {
        all.push(format!("lowest ISR margin, at {}: {}", utc(at), margin.words()));
    }
    all.extend(report.refusals.iter().map(|refusal| format!("overridden: {refusal}")));
    all
}

/// `done: every ISR was full`
fn outcome(report: &Report) -> String {
    match &report.ended {
        None => "not ended".into(),
        Some((stage, words)) if words.is_empty() => stage.word().into(),
        Some((Stage::Cancelled, words)) => words.clone(),
        Some((stage, words)) => format!("{}: {words}", stage.word()),
    }
}

/// `2026-03-01 12:05:00Z gone on with by the operator, after 2m`
pub fn event(event: &Event) -> String {
    let after = event.after.map_or(String::new(), |after| format!(", after {}", age(after)));
    format!("{} {}{after}", utc(event.at), event.words)
}

/// `2026-03-01 12:00:06Z move orders-0: taken; reached after 12s`
pub fn step(step: &StepTold) -> String {
    let at = step.began.map_or("not sent".into(), utc);
    format!("{at} {}: {}", step.title, fate(step))
}

/// What became of a try.
pub fn fate(step: &StepTold) -> String {
    let after =
        |at: Time| step.began.map_or(String::new(), |began| format!(" after {}", age(at.since(began))));
    let reached = step.reached.map_or("not reached".into(), |at| format!("reached{}", after(at)));
    match &step.answer {
        Some(Said::Taken(words)) => format!("{words}; {reached}"),
        Some(Said::Refused(words)) => format!("refused: {words}"),
        Some(Said::Partly { words, .. }) => format!("refused in part: {words}"),
        Some(Said::Unheard(words)) => format!("unheard: {words}; {reached}"),
        None if step.began.is_some() => format!("no answer was heard; {reached}"),
        None => reached,
    }
}
