//! Everything that is known of one object, as lines to read.

use super::{Block, PANES, World};
use crate::domain::{
    kubernetes::{Container, ContainerState, Event, Meta, Pod},
    object::{Kind, Object},
    time::{Time, age},
};

/// The lines; empty when the object is gone.
pub fn describe(world: &World<'_>, object: &Object) -> Vec<String> {
    let mut lines = row(world, object);
    if lines.is_empty() {
        return lines;
    }
    findings(world, object, &mut lines);
    if let Object::Kube { kind, key, uid } = object {
        if let (Kind::Pod, Some(pod)) = (kind, world.snapshot.kubernetes.pods.get(key)) {
            describe_meta(&pod.meta, &mut lines);
            describe_pod(world.now, pod, &mut lines);
        }
        events(world, uid, &mut lines);
    }
    lines
}

/// Every column of the table that lists it, with its title.
fn row(world: &World<'_>, object: &Object) -> Vec<String> {
    let tables = PANES.iter().flat_map(|p| p.blocks).filter_map(|b| match b {
        Block::Table { table, .. } => Some(*table),
        _ => None,
    });
    // Where several tables list it, the one that says most.
    let fullest = tables
        .filter_map(|table| {
            let headings = table.headings();
            let columns: Vec<usize> = (0..headings.len()).collect();
            let cells = table.cells(world, object, &columns)?;
            Some(headings.into_iter().zip(cells).collect::<Vec<_>>())
        })
        .max_by_key(Vec::len)
        .unwrap_or_default();
    let said = fullest.into_iter().filter(|(_, cell)| !cell.text.is_empty());
    said.map(|(heading, cell)| field(&heading.title.to_lowercase(), &cell.text)).collect()
}

fn field(name: &str, value: &str) -> String {
    format!("{name:<18} {value}")
}

fn section(lines: &mut Vec<String>, title: &str) {
    lines.extend([String::new(), title.to_string()]);
}

fn findings(world: &World<'_>, object: &Object, lines: &mut Vec<String>) {
    let of_it: Vec<_> = world.derived.findings.iter().filter(|f| f.subject == *object).collect();
    if of_it.is_empty() {
        return;
    }
    section(lines, "Findings");
    for finding in of_it {
        let since = finding.since.map_or(String::new(), |s| format!(" (for {})", age(world.now.since(s))));
        lines.push(format!("  {}{since}", finding.line));
        lines.extend(finding.evidence.iter().map(|e| format!("    {e}")));
    }
}

fn describe_meta(meta: &Meta, lines: &mut Vec<String>) {
    if let Some(owner) = &meta.owner {
        lines.push(field("owner", &format!("{} {}", owner.kind, owner.name)));
    }
    if !meta.labels.is_empty() {
        section(lines, "Labels");
        lines.extend(meta.labels.iter().map(|(k, v)| format!("  {k}={v}")));
    }
}

fn describe_pod(now: Time, pod: &Pod, lines: &mut Vec<String>) {
    section(lines, "Containers");
    for container in &pod.containers {
        lines.push(format!("  {}", container.name));
        lines.extend(describe_container(now, container).into_iter().map(|l| format!("    {l}")));
    }
    if !pod.conditions.is_empty() {
        section(lines, "Conditions");
    }
    for condition in &pod.conditions {
        let since = condition.since.map_or(String::new(), |s| format!(" for {}", age(now.since(s))));
        let said = [&condition.reason, &condition.message].map(|t| t.to_string()).join(" ");
        lines.push(format!("  {:<28} {}{since} {}", condition.kind, condition.status, said.trim()));
    }
    if !pod.claims.is_empty() {
        section(lines, "Claims");
        lines.extend(pod.claims.iter().map(|(volume, claim)| format!("  {volume}: {claim}")));
    }
}

fn describe_container(now: Time, container: &Container) -> Vec<String> {
    let mut lines = vec![field("image", &container.image)];
    lines.push(field("state", &container.state.as_ref().map_or("unknown".into(), |s| state(now, s))));
    lines.push(field("ready", if container.ready { "yes" } else { "no" }));
    lines.push(field("restarts", &container.restarts.to_string()));
    if let Some(last) = &container.last_end {
        lines.push(field("last state", &state(now, last)));
    }
    let ports: Vec<String> = container.ports.iter().map(|(name, port)| format!("{port} {name}")).collect();
    if !ports.is_empty() {
        lines.push(field("ports", &ports.join(", ")));
    }
    lines.extend(
        container.mounts.iter().map(|(volume, path)| field("mount", &format!("{path} from {volume}"))),
    );
    lines
}

fn state(now: Time, state: &ContainerState) -> String {
    match state {
        ContainerState::Waiting { reason, message } => {
            format!("waiting: {reason} {message}").trim_end().into()
        }
        ContainerState::Running { since } => {
            format!("running{}", since.map_or(String::new(), |s| format!(" for {}", age(now.since(s)))))
        }
        ContainerState::Terminated { reason, message, exit_code, signal, finished } => {
            let when = finished.map_or(String::new(), |t| format!(" {} ago", age(now.since(t))));
            let signal = if *signal == 0 { String::new() } else { format!(", signal {signal}") };
            format!("terminated{when}: {reason}, exit code {exit_code}{signal} {message}").trim_end().into()
        }
    }
}

fn events(world: &World<'_>, uid: &str, lines: &mut Vec<String>) {
    let all = world.snapshot.kubernetes.events.iter();
    let mut of_it: Vec<&Event> = all.filter(|e| !uid.is_empty() && *e.object_uid == *uid).collect();
    if of_it.is_empty() {
        return;
    }
    of_it.sort_by_key(|e| std::cmp::Reverse(e.last));
    section(lines, "Events");
    for event in of_it {
        let times = if event.count > 1 { format!(" ({} times)", event.count) } else { String::new() };
        let ago = age(world.now.since(event.last));
        lines.push(format!("  {ago:>6} {:<8} {:<20} {}{times}", event.kind, event.reason, event.message));
    }
}
