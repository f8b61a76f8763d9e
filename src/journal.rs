//! `castellan journal`: what was done, told from the journals on disk.

use crate::{
    action::{
        self, Said, Write,
        journal::{Told, What, tell},
    },
    app::text::clean,
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

/// The journals in `folder` as text, or as a line of JSON for each operation.
///
/// # Errors
/// An option that makes no sense, a cluster without a journal, a file that cannot be read: in one sentence.
pub fn report(folder: &Path, options: &JournalOptions, now: Time) -> Result<String> {
    let wanted = Wanted::of(options, now)?;
    let journals = chosen(clusters(folder)?, options.cluster.as_deref())?;
    if journals.is_empty() && !options.json {
        let folder = folder.display();
        return Ok(format!("there is no journal yet: castellan has changed nothing from here ({folder})\n"));
    }
    let mut operations = Vec::new();
    for (cluster, journals) in &journals {
        operations.extend(operations_of(cluster, journals)?);
    }
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
    undo: Option<String>,
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

/// What was told of the steps of one operation.
#[derive(Default)]
struct Steps {
    begun: BTreeSet<usize>,
    answers: BTreeMap<usize, Said>,
    reached: BTreeSet<usize>,
}

fn operations_of(cluster: &str, journals: &[Journal]) -> Result<Vec<Operation>> {
    let entries = journal::read(journals).map_err(|e| anyhow!("{e}"))?;
    let mut steps: BTreeMap<_, Steps> = BTreeMap::new();
    for entry in &entries {
        let steps = steps.entry(entry.operation.clone()).or_default();
        match &entry.what {
            What::Began { step } => drop(steps.begun.insert(*step)),
            What::Answered { step, answer } => drop(steps.answers.insert(*step, answer.clone())),
            What::Reached { step } => drop(steps.reached.insert(*step)),
            // Of a step that failed and was chosen anew, the last try is told.
            What::Chosen { step, .. } => {
                steps.begun.remove(step);
                steps.answers.remove(step);
            }
            _ => {}
        }
    }
    let told = tell(entries).into_iter();
    Ok(told.map(|told| operation(cluster, steps.remove(&told.id).unwrap_or_default(), told)).collect())
}

fn operation(cluster: &str, mut told_of: Steps, told: Told) -> Operation {
    let record = told.record;
    let step = |(index, step): (usize, action::Step)| StepTold {
        title: step.title,
        write: step.write,
        answer: told_of.answers.remove(&index),
        begun: told_of.begun.contains(&index),
        reached: told_of.reached.contains(&index),
    };
    let (state, words) = match told.ended {
        Some((stage, words)) => (State::of(stage), Some(words)),
        None => (State::Open, None),
    };
    Operation {
        cluster: cluster.to_owned(),
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
        steps: record.steps.into_iter().enumerate().map(step).collect(),
        undo: record.undo,
    }
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
    for (number, step) in (1..).zip(&operation.steps) {
        line(&format!("{number}. {}: {}", step.title, fate(step)));
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

#[cfg(test)]
mod tests;
