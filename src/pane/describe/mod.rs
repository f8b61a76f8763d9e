//! Everything that is known of one object, in sections.

pub mod advice;
mod kafka;
mod kubernetes;
mod operation;
mod pod;

use super::World;
use crate::domain::{
    kubernetes::{Key, Meta, Row, Table},
    object::{Kind, Object},
    reading::{Feed, State},
    time::{Time, age},
};

/// A heading and the lines under it.
struct Section {
    title: String,
    lines: Vec<String>,
}

/// What is known of `object`, as lines to read; none when it is gone. What is not live says its age.
pub fn describe(world: &World<'_>, object: &Object) -> Vec<String> {
    let mut lines = Vec::new();
    for section in sections(world, object) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(section.title);
        lines.extend(section.lines.iter().map(|line| format!("  {line}")));
    }
    lines
}

fn sections(world: &World<'_>, object: &Object) -> Vec<Section> {
    let mut sections = match object {
        Object::Kube { kind, key, .. } => kubernetes::describe(world, *kind, key),
        Object::Broker(id) => kafka::broker(world, *id),
        Object::Topic(name) => kafka::topic(world, name),
        Object::Partition(topic, partition) => kafka::partition(world, topic, *partition),
        Object::Group(id) => kafka::group(world, id),
        Object::Member(group, id) => kafka::member(world, group, id),
        Object::GroupPartition(group, topic, partition) => {
            kafka::group_partition(world, group, topic, *partition)
        }
        Object::Finding(id) => finding(world, id),
        Object::Cluster(name) => kafka::cluster(world, name),
        Object::Context(name) => context(world, name),
        Object::Operation(id) => operation::describe(world, id),
    };
    if sections.is_empty() {
        return sections;
    }
    sections.extend(findings(world, object));
    sections.extend(events(world, object));
    sections.retain(|section| !section.lines.is_empty());
    sections
}

fn context(world: &World<'_>, name: &str) -> Vec<Section> {
    let contexts = &world.snapshot.contexts;
    let Some(context) = contexts.all.iter().find(|c| *c.name == *name) else { return Vec::new() };
    let here = if contexts.present == context.name { "yes, for as long as it runs" } else { "no" };
    let section = Section::new("Context").with("name", name).with("this session", here);
    let section = section.with("cluster", &context.cluster).with("user", &context.user);
    vec![
        section
            .with("namespace", &context.namespace)
            .with("start with it", format!("castellan --context {name}")),
    ]
}

impl Section {
    fn new(title: impl Into<String>) -> Self {
        Section { title: title.into(), lines: Vec::new() }
    }

    /// A section of something that was read, which says its age where it is not live.
    fn read(title: &str, feed: &Feed, now: Time) -> Self {
        Section::new(match feed.state(now) {
            State::Live => title.to_string(),
            State::Pending(_) => format!("{title} (not read yet)"),
            State::Stale { age: a } => format!("{title} (not heard for {})", age(a)),
            State::Failed { reason, age: Some(a) } => format!("{title} ({} old: {reason})", age(a)),
            State::Failed { reason, age: None } => format!("{title} (unknown: {reason})"),
        })
    }

    /// A named value; an empty one is left out.
    fn with(mut self, label: &str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        if !value.is_empty() {
            self.lines.push(format!("{label:<16} {value}"));
        }
        self
    }

    fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }
}

fn finding(world: &World<'_>, id: &str) -> Vec<Section> {
    let Some(finding) = world.derived.finding(id) else { return Vec::new() };
    let since = finding.since.map(|since| format!("{} ago", age(world.now.since(since))));
    let what = Section::new("Finding")
        .line(finding.line.clone())
        .with("severity", format!("{:?}", finding.severity).to_lowercase())
        .with("since", since.unwrap_or_default())
        .with("about", format!("{} {}", finding.subject.noun(), finding.subject.name()));
    let evidence = Section { title: "Evidence".into(), lines: finding.evidence.clone() };
    let helps = advice::on(finding.code).iter().map(|line| line.to_string()).collect();
    vec![what, evidence, Section { title: "What helps".into(), lines: helps }]
}

/// What is wrong with the object itself.
fn findings(world: &World<'_>, object: &Object) -> Option<Section> {
    let about = |subject: &Object| match (subject, object) {
        (Object::Kube { kind: a, key: x, .. }, Object::Kube { kind: b, key: y, .. }) => a == b && x == y,
        (Object::Broker(id), Object::Kube { kind: Kind::Pod, key, .. }) => {
            world.derived.joined.broker_of(key).is_some_and(|row| row.id == Some(*id))
        }
        (subject, object) => subject == object,
    };
    let found = world.derived.findings.iter().filter(|f| about(&f.subject));
    let mut section = Section::new("Findings");
    for finding in found {
        section = section.line(finding.told(world.now));
        section.lines.extend(finding.evidence.iter().map(|e| format!("  {e}")));
    }
    (!section.lines.is_empty()).then_some(section)
}

/// The newest events about the object, and about a broker's pod.
fn events(world: &World<'_>, object: &Object) -> Option<Section> {
    const MOST: usize = 10;
    let table = &world.snapshot.kubernetes.events;
    let mut events: Vec<_> =
        table.iter().filter(|event| super::events::concerns(event, object, world)).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.last));
    let mut section = Section::read("Events", &table.feed, world.now);
    for event in events.into_iter().take(MOST) {
        let times = if event.count > 1 { format!(" ({} times)", event.count) } else { String::new() };
        let ago = age(world.now.since(event.last));
        section =
            section.line(format!("{ago:>6}  {:<8} {}{times}: {}", event.kind, event.reason, event.message));
    }
    (!section.lines.is_empty()).then_some(section)
}

/// What every object of Kubernetes has.
fn identity(section: Section, world: &World<'_>, meta: &Meta) -> Section {
    let owners = world.snapshot.kubernetes.owners(meta);
    let chain: Vec<String> = owners.iter().map(|o| format!("{}/{}", o.kind, o.name)).collect();
    let labels: Vec<String> = meta.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    section
        .with("name", &meta.key.name)
        .with("namespace", &meta.key.namespace)
        .with("age", age(world.now.since(meta.created)))
        .with(
            "deleted",
            meta.deleting.map(|d| format!("{} ago", age(world.now.since(d)))).unwrap_or_default(),
        )
        .with("owner", chain.join(" ← "))
        .with("labels", labels.join(", "))
        .with("uid", &meta.uid)
}

/// A row with its table's freshness.
fn find<'a, T: Row>(table: &'a Table<T>, key: &Key) -> Option<(&'a T, &'a Feed)> {
    Some((table.get(key)?, &table.feed))
}

#[cfg(test)]
mod tests;
