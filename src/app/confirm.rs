//! A plan that waits for its confirmation: what is shown of it, and what is asked.

use super::{Session, text};
use crate::{
    action::{Friction, Plan, Radius, Risk, Step, Verb, radius::PartitionName},
    domain::{
        Text,
        ask::{Answer, AskId},
        human,
        time::Time,
    },
    pane::Tone,
};
use std::{collections::BTreeSet, time::Duration};
use tui_input::Input;

/// So long after it opened or changed nothing confirms: what was typed ahead was not meant for it.
pub const SETTLING: Duration = Duration::from_millis(300);
/// Names of partitions that are shown of a list.
const NAMED: usize = 4;
/// Lines that are shown of each list, and characters of what puts it back: the journal has the whole.
const LINES: usize = 500;
const UNDO: usize = 4_000;

/// What plans are made from, as of a derivation: its last change, and which sources are live.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ground {
    pub changed: u64,
    pub freshness: Vec<bool>,
}

pub struct Confirm {
    pub verb: &'static Verb,
    pub plan: Plan,
    /// How it is confirmed, with what production asks for.
    pub asks: Friction,
    /// What is typed where a name is asked for.
    pub typed: Input,
    /// Since when it is shown as it is.
    since: Time,
    /// It is not what was shown first, and that was not acknowledged.
    pub changed: bool,
    /// What was shown before that.
    seen: Option<Box<Plan>>,
    /// Why it cannot be done now.
    pub impossible: Option<String>,
    /// Whether the journal can be written; None: that is being seen.
    pub journal: Option<Result<(), Text>>,
    pub rehearsal: Rehearsal,
    /// The write that the dry run is of.
    pub rehearsed: Option<Step>,
    /// What it was made from.
    ground: Ground,
    context: Text,
    production: bool,
    /// The first line shown.
    pub top: usize,
    lines: Vec<Line>,
    size: (usize, usize),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Rehearsal {
    #[default]
    None,
    Asked(AskId),
    Said(Result<Text, Text>),
}

/// A line of the sheet with what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub tone: Tone,
    pub text: String,
}

impl Confirm {
    pub fn new(verb: &'static Verb, plan: Plan, session: &Session, ground: Ground, now: Time) -> Self {
        let mut sheet = Confirm {
            verb,
            asks: Friction::Yes,
            plan,
            typed: Input::default(),
            since: now,
            changed: false,
            seen: None,
            impossible: None,
            journal: None,
            rehearsal: Rehearsal::None,
            rehearsed: None,
            ground,
            context: session.context.clone(),
            production: session.production,
            top: 0,
            lines: Vec::new(),
            size: (80, 24),
        };
        sheet.asks = sheet.asked_by(&sheet.plan);
        sheet
    }

    fn asked_by(&self, plan: &Plan) -> Friction {
        let asks = plan.asks().max(self.verb.friction);
        if self.production { asks.stricter() } else { asks }
    }

    /// The words that must be typed; None: a `y` is enough.
    pub fn password(&self) -> Option<String> {
        let name = text::clean(&self.plan.name);
        match self.asks {
            Friction::Yes => None,
            Friction::Name => Some(name.into_owned()),
            Friction::ContextAndName => Some(format!("{}/{name}", text::clean(&self.context))),
        }
    }

    /// It was shown long enough for a key to be meant for it.
    pub fn is_settled(&self, now: Time) -> bool {
        now.since(self.since) >= SETTLING
    }

    /// Whether it was made from something else than what is known now.
    pub fn is_outdated(&self, ground: &Ground) -> bool {
        self.ground != *ground
    }

    /// Takes in the plan as it is made from what is known now. Where it would do something else than what is
    /// shown, or needs more to be confirmed, it is shown anew and has to be confirmed anew. Whether what was
    /// shown holds.
    pub fn refresh(&mut self, plan: Result<Plan, String>, now: Time, ground: Ground) -> bool {
        self.ground = ground;
        let holds = match plan {
            Ok(plan) => {
                let asks = self.asked_by(&plan);
                let holds = self.impossible.is_none() && self.plan.holds(&plan) && self.asks == asks;
                let before = std::mem::replace(&mut self.plan, plan);
                (self.asks, self.impossible) = (asks, None);
                if !holds {
                    self.seen.get_or_insert(Box::new(before));
                }
                holds
            }
            Err(reason) => {
                let holds = self.impossible.as_ref() == Some(&reason);
                self.impossible = Some(reason);
                holds
            }
        };
        if !holds {
            (self.changed, self.since, self.top) = (true, now, 0);
            (self.typed, self.rehearsal, self.rehearsed) = (Input::default(), Rehearsal::None, None);
        }
        self.lay_out();
        holds
    }

    /// Why it cannot be confirmed now, whatever is typed.
    pub fn blocked(&self) -> Option<String> {
        match (&self.impossible, &self.journal) {
            (Some(reason), _) => Some(format!("it cannot be done now: {reason}")),
            (None, Some(Err(reason))) => Some(reason.to_string()),
            (None, None) => Some("whether the journal can be written is being seen".into()),
            (None, Some(Ok(()))) => None,
        }
    }

    /// Whether it cannot be done, and that is not only being seen.
    pub fn is_impossible(&self) -> bool {
        self.impossible.is_some() || matches!(self.journal, Some(Err(_)))
    }

    /// What was heard of the journal and of the dry run.
    pub fn said(&self) -> (Tone, String) {
        if let Some(reason) = self.blocked() {
            return (if self.is_impossible() { Tone::Critical } else { Tone::Muted }, reason);
        }
        // Kafka judges alone: nobody else is asked, nor changes it afterwards.
        let of_kafka = self.rehearsed.as_ref().is_none_or(|s| s.write.is_of_kafka());
        let of = if of_kafka { "" } else { " (admission was asked, not operators)" };
        // Of a runbook only what it would begin with can be tried.
        let first = self.rehearsed.as_ref().filter(|_| !self.plan.tasks.is_empty());
        let of = first.map_or(of.to_string(), |step| format!("{of}; it would begin with: {}", step.title));
        match &self.rehearsal {
            Rehearsal::None => (Tone::Muted, String::new()),
            Rehearsal::Asked(_) => (Tone::Muted, "dry run: asking".into()),
            Rehearsal::Said(Ok(words)) => (Tone::Good, format!("dry run: {words}{of}")),
            Rehearsal::Said(Err(words)) => (Tone::Warning, format!("dry run: {words}{of}")),
        }
    }

    /// That, in lines for so many columns.
    pub fn said_lines(&self, columns: u16) -> Vec<String> {
        let said = text::clean_line(&self.said().1);
        let lines = text::fold(&said, usize::from(columns.saturating_sub(2)).max(1));
        lines.into_iter().map(String::from).collect()
    }

    /// The first key that would confirm a changed plan by a mere `y` was perhaps meant for what was shown
    /// before: it only tells that the change was seen. Whether it did.
    pub fn acknowledge(&mut self, now: Time) -> bool {
        let first = self.changed && self.password().is_none();
        if first {
            (self.changed, self.seen, self.since) = (false, None, now);
            self.lay_out();
        }
        first
    }

    pub fn ask(&self) -> Option<AskId> {
        match self.rehearsal {
            Rehearsal::Asked(ask) => Some(ask),
            _ => None,
        }
    }

    pub fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Rehearsed(said) => self.rehearsal = Rehearsal::Said(said),
            Answer::Failed(reason) => self.rehearsal = Rehearsal::Said(Err(reason)),
            _ => {}
        }
    }

    /// Fits its lines into a window of (columns, rows).
    pub fn settle(&mut self, columns: usize, rows: usize) {
        if self.size.0 != columns || self.lines.is_empty() {
            self.size.0 = columns;
            self.lay_out();
        }
        self.size.1 = rows;
        self.top = self.top.min(self.lines.len().saturating_sub(rows));
    }

    pub fn step(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(self.size.1);
        self.top = self.top.saturating_add_signed(by).min(last);
    }

    pub fn edge(&mut self, end: bool) {
        self.top = if end { self.lines.len().saturating_sub(self.size.1) } else { 0 };
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines in the window.
    pub fn window(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().skip(self.top).take(self.size.1)
    }

    fn lay_out(&mut self) {
        let mut page = Page { columns: self.size.0.max(8), lines: Vec::new() };
        if let Some(seen) = self.seen.as_ref().filter(|_| self.changed && self.impossible.is_none()) {
            page.section("What changed since you looked", Tone::Warning, difference(seen, &self.plan));
        }
        page.plan(&self.plan, self.impossible.as_deref());
        self.lines = page.lines;
    }
}

/// Lines being laid out.
struct Page {
    columns: usize,
    lines: Vec<Line>,
}

impl Page {
    fn plan(&mut self, plan: &Plan, impossible: Option<&str>) {
        if let Some(reason) = impossible {
            self.section("It cannot be done now", Tone::Critical, [reason.to_string()]);
        }
        self.section("REFUSED as unsafe, unless you overrule it", Tone::Critical, shown(&plan.refusals));
        self.section("What changes", Tone::Plain, shown(&plan.changes));
        self.radius(&plan.radius);
        self.section("Not known, and so not assumed", Tone::Warning, shown(&plan.unknown));
        let (warnings, notes): (Vec<_>, Vec<_>) = plan.notes.iter().partition(|n| n.warns);
        let texts = |notes: Vec<&crate::action::Note>| notes.into_iter().map(|n| n.text.clone()).collect();
        let (warnings, notes): (Vec<String>, Vec<String>) = (texts(warnings), texts(notes));
        self.section("Mind", Tone::Warning, warnings);
        self.section("Besides", Tone::Plain, notes);
        self.section("How much", Tone::Plain, shown(&plan.amounts));
        self.tasks(plan);
        if plan.steps.len() > 1 {
            let steps = plan.steps.iter().enumerate().map(|(i, s)| format!("{}. {}", i + 1, s.title));
            self.section("Steps, each when the one before is true", Tone::Plain, shown(steps));
        }
        self.section("The same by hand", Tone::Muted, shown(&plan.commands));
        self.undo(plan.undo.as_deref());
    }

    /// A runbook's steps, and under each what has to hold before it does anything.
    fn tasks(&mut self, plan: &Plan) {
        if plan.tasks.is_empty() {
            return;
        }
        self.heading("Steps of this runbook; it can be paused and aborted at any time");
        for (nth, task) in plan.tasks.iter().take(LINES).enumerate() {
            self.text(Tone::Plain, &format!("{}. {}", nth + 1, task.part().title()));
            for condition in task.part().conditions() {
                self.indented(Tone::Muted, &condition, ["      · ", "        "]);
            }
        }
        if plan.tasks.len() > LINES {
            let more = human::plural(plan.tasks.len() - LINES, "more step");
            self.text(Tone::Plain, &format!("… and {more} (the journal keeps the whole)"));
        }
    }

    /// How something is put back may be a long document.
    fn undo(&mut self, undo: Option<&str>) {
        let Some(undo) = undo else {
            return self.section("To put it back", Tone::Muted, ["this cannot be undone".to_string()]);
        };
        let whole = undo.char_indices().nth(UNDO).is_none();
        let mut lines: Vec<String> =
            undo.chars().take(UNDO).collect::<String>().lines().map(Into::into).collect();
        if !whole {
            lines.push("… (the journal keeps the whole)".into());
        }
        self.section("To put it back", Tone::Muted, lines);
    }

    fn radius(&mut self, radius: &Radius) {
        let lists = [
            (Tone::Critical, "go offline", &radius.offline),
            (Tone::Critical, "fall under min ISR, so that acks=all is refused", &radius.under_min_isr),
            (Tone::Warning, "fall to min ISR, so that the next loss stops acks=all", &radius.at_min_isr),
            (Tone::Plain, "change their leader", &radius.leaderless),
            (Tone::Warning, "cannot be protected, with no replica to spare by design", &radius.unprotected),
        ];
        if radius.is_empty() {
            return;
        }
        self.heading("Partitions that feel it");
        for (tone, what, names) in lists.into_iter().filter(|(_, _, names)| !names.is_empty()) {
            self.text(tone, &format!("{what} ({}): {}", human::count(names.len() as u64), named(names)));
        }
    }

    fn section(&mut self, title: &str, tone: Tone, lines: impl IntoIterator<Item = String>) {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_none() {
            return;
        }
        self.heading_toned(title, if tone == Tone::Critical { tone } else { Tone::Strong });
        for line in lines {
            self.text(tone, &line);
        }
    }

    fn heading(&mut self, title: &str) {
        self.heading_toned(title, Tone::Strong);
    }

    fn heading_toned(&mut self, title: &str, tone: Tone) {
        if !self.lines.is_empty() {
            self.lines.push(Line { tone: Tone::Plain, text: String::new() });
        }
        self.lines.push(Line { tone, text: format!(" {title}") });
    }

    /// Indented, what does not fit in one line further than the first.
    fn text(&mut self, tone: Tone, line: &str) {
        self.indented(tone, line, ["   ", "     "]);
    }

    /// Behind the one in its first line, and behind the other in the next ones.
    fn indented(&mut self, tone: Tone, line: &str, [first, next]: [&str; 2]) {
        let line = text::clean_line(line);
        let room = self.columns.saturating_sub(next.len() + 1).max(1);
        for (nth, piece) in text::fold(&line, room).into_iter().enumerate() {
            let indent = if nth == 0 { first } else { next };
            self.lines.push(Line { tone, text: format!("{indent}{piece}") });
        }
    }
}

/// What a plan says otherwise than the one before, in words.
fn difference(old: &Plan, new: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    let mut turned = |what: &str, old: &str, new: &str| {
        if old != new {
            lines.push(format!("{what} was: {old}; now: {new}"));
        }
    };
    turned("it", &old.title, &new.title);
    turned("the risk", old.risk.word(), new.risk.word());
    let lists = [
        ("what changes", &old.changes, &new.changes),
        ("refused as unsafe", &old.refusals, &new.refusals),
        ("not known", &old.unknown, &new.unknown),
    ];
    for (what, old, new) in lists {
        let (before, after): (BTreeSet<&String>, BTreeSet<&String>) =
            (old.iter().collect(), new.iter().collect());
        let some = |title: &str, of: Vec<&&String>| {
            let more = of.len().saturating_sub(NAMED);
            let more = (more > 0).then(|| format!("… and {more} more"));
            let named: Vec<String> =
                of.into_iter().take(NAMED).map(|line| format!("{what}, {title}: {line}")).collect();
            named.into_iter().chain(more).collect::<Vec<_>>()
        };
        lines.extend(some("no longer", before.difference(&after).collect()));
        lines.extend(some("new", after.difference(&before).collect()));
    }
    if old.radius != new.radius {
        lines.push("other partitions feel it than before: see below".into());
    }
    if lines.is_empty() {
        lines.push("how it is done, or what to mind; what changes is the same".into());
    }
    lines
}

/// As much of a list as is laid out.
fn shown<S: ToString>(lines: impl IntoIterator<Item = S, IntoIter: ExactSizeIterator>) -> Vec<String> {
    let lines = lines.into_iter();
    let more = lines.len().saturating_sub(LINES);
    let mut shown: Vec<String> = lines.take(LINES).map(|line| line.to_string()).collect();
    if more > 0 {
        let n = human::plural(more, "more line");
        shown.push(format!("… and {n} (the journal keeps the whole)"));
    }
    shown
}

fn named(names: &[PartitionName]) -> String {
    human::list(names.iter().map(|(topic, partition)| format!("{topic}-{partition}")), NAMED)
}

/// How a risk is to be read.
pub fn tone(risk: Risk) -> Tone {
    match risk {
        Risk::None => Tone::Good,
        Risk::Low => Tone::Plain,
        Risk::Elevated => Tone::Warning,
        Risk::Outage | Risk::Loss => Tone::Critical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Intent;

    static VERB: Verb = Verb { name: "probe", ..Verb::PLAIN };

    #[test]
    fn a_very_long_plan_is_laid_out_in_part_and_says_so() {
        let intent = Intent { verb: "probe".into(), objects: vec![], argument: String::new() };
        let mut plan = Plan::new(&intent, "probe", "probe");
        plan.changes = (0..25_000).map(|i| format!("orders-{i}  [0,1,2] -> [0,1,3]")).collect();
        let mut sheet = Confirm::new(&VERB, plan, &Session::default(), Ground::default(), Time(0));
        sheet.settle(80, 10_000);
        assert!(sheet.len() < 600, "{}", sheet.len());
        let said = "… and 24,500 more lines (the journal keeps the whole)";
        assert!(sheet.window().any(|line| line.text.trim() == said));
        assert_eq!(sheet.plan.changes.len(), 25_000);
    }
}
