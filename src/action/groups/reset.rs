//! Have a group go on from elsewhere. Only what nobody is in can be reset: its consumers are stopped before, and
//! started again afterwards, where their workloads are known.
//!
//! Source: kafka.md §5.

use super::{
    PUT_BACK, is_empty, selected,
    spot::{self, Spot, Wish},
    tool, workloads,
};
use crate::{
    action::{
        Act, Argument, Friction, Goal, Intent, Known, May, Note, Plan, Risk, Step, Verb, Write, owner,
        task::{Consumers, Once, StartConsumers, StopConsumers},
        words,
        workload::Workload,
    },
    domain::{
        ask::LogSpan,
        human,
        kafka::{Group, GroupId, TopicName},
        object::{Kind, Object},
    },
};
use std::{collections::HashMap, time::Duration};

const PATIENCE: Duration = Duration::from_secs(120);

pub static RESET: Verb = Verb {
    name: "reset-offsets",
    about: "go on from elsewhere",
    friction: Friction::Name,
    argument: Some(Argument {
        name: "earliest | latest | ±N | N | time:T | AGE [TOPIC[:P,P]…] | @FILE",
        proposal: |_, _| String::new(),
        choices,
        file: true,
    }),
    acts: &[
        May::always(Act::CommitOffsets),
        May::always(Act::Scale(Kind::StatefulSet)).when("of its consumers, to stop them"),
        May::always(Act::Scale(Kind::Deployment)).when("of its consumers, to stop them"),
    ],
    takes: |known, object| selected(known, object).map(drop),
    lookup: |known, intent| {
        let object = intent.objects.first();
        spot::lookup(known, selected(known, object).ok()?, object, &intent.argument)
    },
    plan,
    ..Verb::PLAIN
};

fn choices(known: &Known<'_>, objects: &[Object]) -> Vec<String> {
    let group = selected(known, objects.first()).ok();
    let topics = group.and_then(|group| spot::committed_on(group).ok()).unwrap_or_default();
    let spots = ["earliest", "latest", "-100", "+100", "1h"].map(String::from);
    let of_topics = topics
        .iter()
        .flat_map(|(topic, _)| ["earliest", "latest"].into_iter().map(move |spot| format!("{spot} {topic}")));
    spots.into_iter().chain(of_topics).collect()
}

/// One partition's commit, before and after.
struct Change {
    span: LogSpan,
    before: Option<i64>,
    after: i64,
    /// It was to be elsewhere, where the log is not.
    fitted: bool,
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let object = intent.objects.first();
    let group = selected(known, object)?;
    let (typed, told) = spot::split(&intent.argument);
    let wish = Wish::parse(known, group, object, typed)?;
    let spans = told.ok_or("Kafka was not asked for the offsets: type it again")?;
    let empty = is_empty(group)?;
    let mut changes = changes(group, &wish.spot, spans)?;
    // Where somebody reads on, what is there already is elsewhere a moment later.
    changes.retain(|change| !empty || change.before != Some(change.after));
    if changes.is_empty() {
        return Err(format!("that is where group {} is already", group.id));
    }
    let title = format!("reset group {} to {}", group.id, wish.spot.words());
    let mut plan = Plan::new(intent, title, &*group.id);
    (plan.risk, plan.friction) = (Risk::Elevated, Friction::Name);
    let kafka = &known.world.snapshot.kafka;
    plan.unknown.extend(words::doubt(known, "consumer groups", &kafka.groups_feed));
    plan.unknown.extend(words::doubt(known, "what it has committed", &group.offsets.feed));
    tell(&mut plan, &changes, empty);
    let command = command(known, group, &wish);
    let step = step(&group.id, &changes);
    if empty {
        plan.commands.push(command);
        plan.steps.push(step);
    } else {
        around(known, &mut plan, group, step, command)?;
    }
    plan.undo = Some(undo(&changes));
    plan.notes.push(Note::plain(PUT_BACK));
    Ok(plan)
}

fn changes(group: &Group, spot: &Spot, spans: Vec<LogSpan>) -> Result<Vec<Change>, String> {
    let commits = group.offsets.last().map_or(&[][..], |all| all);
    let commits: HashMap<(&TopicName, i32), i64> =
        commits.iter().map(|c| ((&c.topic, c.partition), c.offset)).collect();
    let change = |span: LogSpan| {
        let before = commits.get(&(&span.topic, span.partition)).copied();
        let wanted = spot.wanted(&span, before)?;
        let after = wanted.clamp(span.start, span.end.max(span.start));
        Ok(Change { before, after, fitted: wanted != after, span })
    };
    spans.into_iter().map(change).collect()
}

/// What is read again and what is never read. While somebody reads on, from where it leaves varies.
fn tell(plan: &mut Plan, changes: &[Change], empty: bool) {
    let (mut again, mut skipped) = (0, 0);
    for Change { span, before, after, .. } in changes {
        let place = format!("{}-{}", span.topic, span.partition);
        let lag = u64::try_from(span.end - after).unwrap_or(0);
        let lag = format!("lag {}", human::count(lag));
        let was = before.map_or("nothing".to_owned(), |offset| offset.to_string());
        if empty {
            plan.changes.push(format!("{place}  {was} -> {after}  {lag}"));
        } else {
            plan.changes.push(format!("{place}  -> {after}  {lag}"));
            plan.amounts.push(format!("{place} is at {was} now"));
        }
        let gap = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        let before = before.unwrap_or(span.start);
        again += gap(*after, before.min(span.end));
        skipped += gap(before.max(span.start), *after);
    }
    for (messages, what) in [(again, "are read again"), (skipped, "are skipped, and never read by it")] {
        if empty && messages > 0 {
            plan.notes.push(Note::warning(format!("{} {what}", messages_of(messages))));
        }
    }
    if !empty {
        plan.notes.push(Note::warning(
            "what lies between there and where it is when its consumers stop is read again, or skipped",
        ));
    }
    let fitted = changes.iter().filter(|change| change.fitted).count();
    if fitted > 0 {
        let n = human::plural(fitted, "partition");
        plan.notes.push(Note::plain(format!("{n} fitted into the log, which does not reach so far")));
    }
    let bare = changes.iter().filter(|change| change.span.end == change.span.start).count();
    if bare > 0 {
        plan.notes.push(Note::plain(format!("{} of them empty", human::plural(bare, "partition"))));
    }
}

fn messages_of(n: u64) -> String {
    human::plural(usize::try_from(n).unwrap_or(usize::MAX), "message")
}

fn step(group: &GroupId, changes: &[Change]) -> Step {
    let offsets: Vec<_> = changes.iter().map(|c| (c.span.topic.clone(), c.span.partition, c.after)).collect();
    Step {
        title: format!("commit {} of group {group}", human::plural(offsets.len(), "offset")),
        write: Write::CommitOffsets { group: group.clone(), offsets: offsets.clone() },
        until: Goal::Offsets { group: group.clone(), offsets },
        patience: PATIENCE,
    }
}

/// Its consumers stop, it is reset, and they start again.
fn around(
    known: &Known<'_>,
    plan: &mut Plan,
    group: &Group,
    step: Step,
    command: String,
) -> Result<(), String> {
    let workloads = workloads(known, group)?;
    for workload in &workloads {
        let (name, replicas) = (workload.name(), workload.replicas());
        plan.changes
            .push(format!("{name}: {replicas} -> 0 -> {replicas} replicas: nothing is consumed meanwhile"));
        plan.notes.extend(owner::of_workload(known, workload.kind(), workload.meta(), "replicas"));
        plan.refusals.extend(owner::operator_refuses(workload.meta(), None, "replicas"));
    }
    let others = others(known, group, &workloads);
    if !others.is_empty() {
        let which = human::list(others, 3);
        plan.notes.push(Note::warning(format!(
            "their pods are in other groups, too, which stop with them: {which}"
        )));
    }
    let scale = |w: &Workload<'_>, n: i32| format!("kubectl scale {} --replicas {n}", w.argument());
    plan.commands.extend(workloads.iter().map(|w| scale(w, 0)));
    plan.commands.push(command);
    plan.commands.extend(workloads.iter().map(|w| scale(w, w.replicas())));
    let consumers: Vec<Consumers> = workloads.iter().map(Consumers::of).collect();
    plan.tasks = vec![
        StopConsumers { group: group.id.clone(), consumers: consumers.clone() }.into(),
        Once { step }.into(),
        StartConsumers { consumers }.into(),
    ];
    Ok(())
}

/// The other groups that members of these workloads are in.
fn others<'a>(known: &Known<'a>, group: &Group, workloads: &[Workload<'_>]) -> Vec<&'a GroupId> {
    let stopped = |other: &Group| {
        other
            .members
            .iter()
            .filter_map(|member| super::workload_of(known, member))
            .any(|workload| workloads.iter().any(|w| w.meta().uid == workload.meta().uid))
    };
    let groups = known.world.snapshot.kafka.groups.values();
    groups.filter(|other| other.id != group.id && stopped(other)).map(|other| &other.id).collect()
}

fn command(known: &Known<'_>, group: &Group, wish: &Wish) -> String {
    let mut line = format!("{} --reset-offsets {}", tool(known, group), wish.spot.option());
    if !matches!(wish.spot, Spot::Each(_)) {
        match wish.typed.is_empty() {
            true => line += " --all-topics",
            false => wish.typed.iter().for_each(|topic| line += &format!(" --topic {}", words::sh(topic))),
        }
    }
    line + " --execute"
}

/// As `--from-file` takes it, and `@FILE` here.
fn undo(changes: &[Change]) -> String {
    let before = changes.iter().filter_map(|c| Some((&c.span.topic, c.span.partition, c.before?)));
    let lines: Vec<String> =
        before.map(|(topic, partition, at)| format!("{topic},{partition},{at}")).collect();
    lines.join("\n")
}
