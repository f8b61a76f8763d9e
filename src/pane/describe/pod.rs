//! A pod: as kubectl has it, and the broker that it is.

use super::{Section, World, identity};
use crate::domain::{
    discovery::Bond,
    kubernetes::{Container, ContainerKind, ContainerState, Pod},
    reading::Feed,
    time::{Time, age},
};

pub fn describe(world: &World<'_>, pod: &Pod, feed: &Feed) -> Vec<Section> {
    let status = pod.status();
    let head = identity(Section::read("Pod", feed, world.now), world, &pod.meta)
        .with("status", &status.status)
        .with("ready", status.ready())
        .with("restarts", status.restarts(world.now))
        .with("reason", [&*pod.reason, &*pod.message].join(" ").trim())
        .with("address", pod.ip.as_deref().unwrap_or_default())
        .with("grace period", format!("{}s", pod.grace));
    let mut sections = vec![head];
    sections.extend(broker(world, pod));
    sections.extend(node(world, pod));
    sections.extend(pod.containers.iter().map(|c| container(c, world.now)));
    sections.push(conditions(pod, world.now));
    sections.push(claims(world, pod));
    sections.push(budgets(world, pod));
    sections
}

fn broker(world: &World<'_>, pod: &Pod) -> Option<Section> {
    let row = world.derived.joined.broker_of(&pod.meta.key)?;
    let bond = match row.bond {
        Some(Bond::Verified) => "verified by the advertised host",
        Some(Bond::Unverified) => "unverified: the advertised host does not name this pod",
        None => "not to be verified now",
    };
    let mut sections = row.id.map(|id| super::kafka::broker_facts(world, id)).unwrap_or_default();
    (!sections.is_empty()).then(|| sections.remove(0).with("bond", bond))
}

fn node(world: &World<'_>, pod: &Pod) -> Option<Section> {
    let nodes = &world.snapshot.kubernetes.nodes;
    let name = pod.node.as_ref()?;
    let section = Section::read("Node", &nodes.feed, world.now).with("name", name);
    let node = nodes.iter().find(|n| n.meta.key.name == *name);
    Some(match node {
        Some(node) => section
            .with("status", super::super::nodes::status(node).text)
            .with("zone", node.zone.as_deref().unwrap_or_default()),
        None => section,
    })
}

fn container(c: &Container, now: Time) -> Section {
    let kind = match c.kind {
        ContainerKind::Init => "Init container",
        ContainerKind::Sidecar => "Sidecar",
        ContainerKind::Main => "Container",
    };
    let ports: Vec<String> =
        c.ports.iter().map(|(name, port)| format!("{port} {name}").trim().to_string()).collect();
    let mounts: Vec<String> = c.mounts.iter().map(|(volume, path)| format!("{path} ({volume})")).collect();
    Section::new(format!("{kind} {}", c.name))
        .with("image", &c.image)
        .with("state", c.state.as_ref().map(|s| state(s, now)).unwrap_or_else(|| "not reported".into()))
        .with("ready", if c.ready { "yes" } else { "no" })
        .with("restarts", c.restarts.to_string())
        .with("last run", c.last_end.as_ref().map(|s| state(s, now)).unwrap_or_default())
        .with("ports", ports.join(", "))
        .with("mounts", mounts.join(", "))
}

fn state(state: &ContainerState, now: Time) -> String {
    let words = |reason: &str, message: &str| match message {
        "" => reason.to_string(),
        message => format!("{reason}: {message}"),
    };
    match state {
        ContainerState::Waiting { reason, message } => format!("waiting, {}", words(reason, message)),
        ContainerState::Running { since: Some(since) } => format!("running for {}", age(now.since(*since))),
        ContainerState::Running { since: None } => "running".into(),
        ContainerState::Terminated { reason, message, exit_code, signal, finished } => {
            let how = if *signal > 0 { format!("signal {signal}") } else { format!("exit code {exit_code}") };
            let when = finished.map(|at| format!(" {} ago", age(now.since(at)))).unwrap_or_default();
            format!("ended{when} with {how}, {}", words(reason, message))
        }
    }
}

fn conditions(pod: &Pod, now: Time) -> Section {
    pod.conditions.iter().fold(Section::new("Conditions"), |section, c| {
        let since = c.since.map(|s| format!(" for {}", age(now.since(s)))).unwrap_or_default();
        let why = [&*c.reason, &*c.message].join(" ");
        section.with(
            &c.kind,
            format!("{}{since} {}", if c.status { "yes" } else { "no" }, why.trim()).trim_end(),
        )
    })
}

fn claims(world: &World<'_>, pod: &Pod) -> Section {
    let claims = world.snapshot.kubernetes.claims_of(pod);
    claims.fold(Section::new("Claims"), |section, (volume, key, claim)| {
        let words = match claim {
            Some(c) => format!("{} {} of {}", key.name, c.phase, crate::domain::human::bytes(c.capacity)),
            None => format!("{} is not there", key.name),
        };
        section.with(volume, words)
    })
}

fn budgets(world: &World<'_>, pod: &Pod) -> Section {
    world.snapshot.kubernetes.budgets_of(pod).fold(Section::new("Disruption budgets"), |section, budget| {
        section.with(&budget.meta.key.name, format!("{} may go now", budget.allowed))
    })
}
