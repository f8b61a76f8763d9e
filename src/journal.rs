//! `castellan journal`: what was done, told from the journals on disk.

use crate::{
    action::{
        self, Said, Write,
        course::{Margin, Mode},
        journal::{Told, tell},
        report::{Event, TaskTold},
    },
    app::{report, text::clean},
    cli::JournalOptions,
    clock::{self, utc},
    domain::{
        object::Object,
        operation::Stage,
        time::{Time, age},
    },
    effect::journal::{self, Journal},
    suggest::nearest,
};
use anyhow::{Result, anyhow, bail};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

/// The journals in `folder`, of one `context` or of all, as text, or as a line of JSON for each operation.
///
/// # Errors
/// An option that makes no sense, a cluster or context without a journal, a file that cannot be read: in one
/// sentence.
pub fn report(folder: &Path, options: &JournalOptions, context: Option<&str>, now: Time) -> Result<String> {
    let wanted = Wanted::of(options, now)?;
    let journals = chosen(clusters(folder)?, options.cluster.as_deref())?;
    if journals.is_empty() && !options.json {
        let folder = folder.display();
        return Ok(format!("there is no journal yet: castellan has changed nothing from here ({folder})\n"));
    }
    let mut all = Vec::new();
    for (cluster, journals) in &journals {
        let entries = journal::read(journals).map_err(|e| anyhow!("{e}"))?;
        all.extend(tell(entries).into_iter().map(|told| (cluster.clone(), told)));
    }
    if let Some(context) = context {
        of_context(&mut all, context)?;
    }
    if let Some(part) = &options.report {
        let (cluster, told) = one(&all, part)?;
        return Ok(if options.markdown { markdown::page(cluster, told) } else { page(cluster, told) });
    }
    let mut operations: Vec<Operation> =
        all.into_iter().map(|(cluster, told)| operation(cluster, told)).collect();
    let kept = operations.len();
    operations.retain(|operation| wanted.takes(operation));
    operations.sort_by_key(|operation| operation.began);
    if options.json {
        let lines: serde_json::Result<Vec<_>> = operations.iter().map(serde_json::to_string).collect();
        return Ok(lines?.into_iter().map(|line| line + "\n").collect());
    }
    match (operations.len(), kept) {
        (0, 0) => return Ok("there is no operation in the journal\n".into()),
        (0, kept) => return Ok(format!("none of the {kept} operations in the journal is like that\n")),
        _ => {}
    }
    let blocks: Vec<String> = operations.iter().map(|operation| text(operation, now)).collect();
    Ok(blocks.join("\n"))
}

/// The journals of each cluster: an operation may have begun in one and ended in another.
type Clusters = Vec<(String, Vec<Journal>)>;

fn clusters(folder: &Path) -> Result<Clusters> {
    let mut clusters: BTreeMap<(String, String), Vec<Journal>> = BTreeMap::new();
    for journal in journal::all(folder).map_err(|e| anyhow!("{e}"))? {
        clusters.entry(journal.names()).or_default().push(journal);
    }
    Ok(clusters.into_iter().map(|((cluster, _), journals)| (cluster, journals)).collect())
}

fn chosen(mut journals: Clusters, cluster: Option<&str>) -> Result<Clusters> {
    let Some(cluster) = cluster else { return Ok(journals) };
    let names: BTreeSet<_> = journals.iter().map(|(name, _)| clean(name).into_owned()).collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    journals.retain(|(name, _)| name == cluster);
    match (journals.is_empty(), names.is_empty()) {
        (false, _) => Ok(journals),
        (true, true) => bail!("there is no journal of {cluster}, nor of any other cluster"),
        (true, false) => bail!("there is no journal of {cluster}; there are those of {names}"),
    }
}

/// Keeps what was done in a context; an operation may have begun in one and been led from another.
fn of_context(all: &mut Vec<(String, Told)>, context: &str) -> Result<()> {
    let names: BTreeSet<_> = all.iter().map(|(_, told)| clean(&told.context).into_owned()).collect();
    all.retain(|(_, told)| told.context == context);
    if all.is_empty() && !names.is_empty() {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        bail!("nothing was done in the context {context}; in {names} something was");
    }
    Ok(())
}

/// Which operations are asked for.
struct Wanted {
    since: Option<Time>,
    verb: Option<String>,
    failed: bool,
}

impl Wanted {
    fn of(options: &JournalOptions, now: Time) -> Result<Wanted> {
        let since = options.since.as_deref().map(|typed| {
            clock::read(typed, now).ok_or_else(|| {
                anyhow!("--since takes an age (2h) or an instant (2026-03-01 14:05), not \"{typed}\"")
            })
        });
        if let Some(verb) = options.verb.as_deref().filter(|verb| action::find(verb).is_none()) {
            let names: Vec<&str> = action::VERBS.iter().map(|v| v.name).collect();
            let hint = nearest(verb, names.iter().copied()).map(|n| format!("; did you mean {n}?"));
            bail!("there is no verb {verb}{} (there are {})", hint.unwrap_or_default(), names.join(", "));
        }
        Ok(Wanted { since: since.transpose()?, verb: options.verb.clone(), failed: options.failed })
    }

    fn takes(&self, operation: &Operation) -> bool {
        self.since.is_none_or(|since| operation.last >= since)
            && self.verb.as_ref().is_none_or(|verb| *verb == operation.verb)
            && (!self.failed || operation.failed())
    }
}

/// An operation as `--json` prints it. Times are in milliseconds since 1970, UTC.
#[derive(Debug, Serialize)]
struct Operation {
    cluster: String,
    context: String,
    id: String,
    verb: String,
    title: String,
    objects: Vec<Object>,
    argument: String,
    changes: Vec<String>,
    /// The refusals that were overridden.
    overridden: Vec<String>,
    began: Time,
    /// Of the last entry.
    last: Time,
    state: State,
    /// How it ended.
    words: Option<String>,
    steps: Vec<StepTold>,
    /// None for a single action.
    runbook: Option<Runbook>,
    undo: Option<String>,
}

/// What else there is to a runbook.
#[derive(Debug, Serialize)]
struct Runbook {
    mode: Mode,
    tasks: Vec<TaskTold>,
    /// What was done to it while it ran, and by whom.
    hand: Vec<Event>,
    margin: Option<Margin>,
    copied_bytes: u64,
    writes: usize,
    retries: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Done,
    Failed,
    /// castellan called it back.
    Cancelled,
    /// The operator did not want to hear how it ends.
    GivenUp,
    /// Its end is not in the journal: it goes on, or its castellan ended before it did.
    Open,
}

impl State {
    fn of(stage: Stage) -> State {
        match stage {
            Stage::Done => State::Done,
            Stage::Failed => State::Failed,
            Stage::Cancelled => State::Cancelled,
            Stage::GivenUp => State::GivenUp,
            Stage::Running | Stage::Stuck | Stage::Paused | Stage::Watched | Stage::Left => State::Open,
        }
    }
}

#[derive(Debug, Serialize)]
struct StepTold {
    title: String,
    write: Write,
    /// What was heard of the write; none where it was not sent, or its castellan ended first.
    answer: Option<Said>,
    /// The write was about to be sent, and so may have been.
    begun: bool,
    /// What the step is for came true.
    reached: bool,
}

impl Operation {
    fn failed(&self) -> bool {
        let refused = |step: &StepTold| matches!(step.answer, Some(Said::Refused(_) | Said::Partly { .. }));
        self.state == State::Failed || self.steps.iter().any(refused)
    }
}

fn operation(cluster: String, told: Told) -> Operation {
    let (record, report) = (told.record, told.report);
    let step = |(index, step): (usize, action::Step)| {
        // Of a step that failed and was tried again, the last try is told.
        let tried = report.steps.iter().rev().find(|tried| tried.nth == index);
        StepTold {
            title: step.title,
            write: step.write,
            answer: tried.and_then(|tried| tried.answer.clone()),
            begun: tried.is_some_and(|tried| tried.began.is_some()),
            reached: tried.is_some_and(|tried| tried.reached.is_some()),
        }
    };
    let (state, words) = match told.ended {
        Some((stage, words)) => (State::of(stage), Some(words)),
        None => (State::Open, None),
    };
    let steps = record.steps.into_iter().enumerate().map(step).collect();
    let runbook = (!report.tasks.is_empty()).then(|| Runbook {
        mode: told.course.map_or(Mode::Running, |course| course.mode()),
        margin: report.margin.map(|(margin, _)| margin),
        copied_bytes: report.copied(),
        writes: report.steps.len(),
        retries: report.retries(),
        hand: report.hand,
        tasks: report.tasks,
    });
    Operation {
        cluster,
        context: told.context,
        id: told.id.to_string(),
        verb: record.intent.verb,
        title: record.title,
        objects: record.intent.objects,
        argument: record.intent.argument,
        changes: record.changes,
        overridden: record.refusals,
        began: told.began,
        last: told.last,
        state,
        words,
        steps,
        runbook,
        undo: record.undo,
    }
}

/// The operation whose id that is, or has that part alone among all.
fn one<'a>(all: &'a [(String, Told)], part: &str) -> Result<(&'a str, &'a Told)> {
    let mut found: Vec<&(String, Told)> = match part {
        "last" => all.iter().max_by_key(|(_, told)| told.began).into_iter().collect(),
        part => all.iter().filter(|(_, told)| told.id.contains(part)).collect(),
    };
    if let Some(exact) = found.iter().position(|(_, told)| *told.id == *part) {
        found = vec![found[exact]];
    }
    match found[..] {
        [(cluster, told)] => Ok((cluster, told)),
        [] => bail!("no operation in the journal is called {part}; `castellan journal` lists them"),
        _ => bail!("{} operations have {part} in their id: type more of it", found.len()),
    }
}

/// The report of one operation.
fn page(cluster: &str, told: &Told) -> String {
    let mut out = format!("{}\n", clean(&told.report.title));
    let mut line = |text: &str| {
        let _ = writeln!(out, "  {}", clean(text).trim_end());
    };
    line(&format!("{cluster} · context {} · {}", told.context, told.id));
    report::lines(&told.report).iter().for_each(|text| line(text));
    out
}

/// A block of lines for one operation.
fn text(operation: &Operation, now: Time) -> String {
    let mut out = format!("{}  {}\n", utc(operation.began), clean(&operation.title));
    let mut line = |text: &str| {
        let _ = writeln!(out, "  {}", clean(text).trim_end());
    };
    line(&ended(operation, now));
    line(&format!("{} · context {} · {}", operation.cluster, operation.context, operation.id));
    operation.overridden.iter().for_each(|refusal| line(&format!("overridden: {refusal}")));
    match &operation.runbook {
        Some(runbook) => {
            for (number, task) in (1..).zip(&runbook.tasks) {
                line(&format!("{number}. {}", report::task(task)));
            }
            runbook.hand.iter().for_each(|event| line(&report::event(event)));
            line(&format!("all of it: castellan journal --report {}", operation.id));
        }
        None => {
            for (number, step) in (1..).zip(&operation.steps) {
                line(&format!("{number}. {}: {}", step.title, fate(step)));
            }
        }
    }
    if let Some(undo) = &operation.undo {
        line("undo:");
        undo.lines().for_each(|command| line(&format!("  {command}")));
    }
    out
}

fn ended(operation: &Operation, now: Time) -> String {
    let took = age(operation.last.since(operation.began));
    let words = operation.words.as_deref().filter(|words| !words.is_empty());
    let words = words.map_or(String::new(), |words| format!(": {words}"));
    match operation.state {
        State::Done => format!("done after {took}{words}"),
        State::Failed => format!("failed after {took}{words}"),
        State::Cancelled => format!("cancelled after {took}{words}"),
        State::GivenUp => format!("given up after {took}{words}"),
        State::Open => {
            format!("not ended; last heard of {} ago, after {took}", age(now.since(operation.last)))
        }
    }
}

fn fate(step: &StepTold) -> String {
    let reached = if step.reached { "reached" } else { "not reached" };
    match &step.answer {
        Some(Said::Taken(words)) => format!("{words}; {reached}"),
        Some(Said::Refused(words)) => format!("refused: {words}"),
        Some(Said::Partly { words, .. }) => format!("refused in part: {words}"),
        Some(Said::Unheard(words)) => format!("unheard: {words}; {reached}"),
        None if step.begun => format!("begun, and no answer was heard; {reached}"),
        None if step.reached => reached.into(),
        None => "not begun".into(),
    }
}

mod markdown;
#[cfg(test)]
mod tests;
