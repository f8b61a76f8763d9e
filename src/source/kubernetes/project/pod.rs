use super::{Interner, Project, instant, map, meta, port};
use crate::domain::{
    Text,
    discovery::env_is_read,
    kubernetes::{Container, ContainerKind, ContainerState, Pod, PodCondition},
};
use crate::source::kubernetes::wire;
use bytes::Bytes;
use prost::{DecodeError, Message};
use std::collections::BTreeMap;

impl Project for Pod {
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError> {
        let pod = wire::Pod::decode(object)?;
        let meta = meta(pod.metadata, texts);
        let spec = pod.spec.unwrap_or_default();
        let status = pod.status.unwrap_or_default();
        Ok(Pod {
            phase: texts.shared(&status.phase),
            reason: texts.shared(&status.reason),
            message: texts.shared(&status.message),
            node: Some(&spec.node).filter(|n| !n.is_empty()).map(|n| texts.shared(n)),
            ip: Some(&status.ip).filter(|ip| !ip.is_empty()).map(|ip| texts.own(ip)),
            claims: claims(&meta.key.name, &spec.volumes, texts),
            containers: containers(&spec, &status, texts),
            conditions: status.conditions.iter().map(|c| condition(c, texts)).collect(),
            grace: u32::try_from(spec.grace.unwrap_or(30)).unwrap_or_default(),
            meta,
        })
    }
}

/// An ephemeral volume's claim is named after its pod and volume.
fn claims(pod: &str, volumes: &[wire::Volume], texts: &mut Interner) -> BTreeMap<Text, Text> {
    let mut claims = BTreeMap::new();
    for volume in volumes {
        let Some(source) = &volume.source else { continue };
        let claim = match (&source.claim, &source.ephemeral) {
            (Some(claim), _) => texts.own(&claim.claim),
            (None, Some(_)) => Text::from(format!("{pod}-{}", String::from_utf8_lossy(&volume.name))),
            (None, None) => continue,
        };
        claims.insert(texts.shared(&volume.name), claim);
    }
    claims
}

fn condition(c: &wire::Condition, texts: &mut Interner) -> PodCondition {
    PodCondition {
        kind: texts.shared(&c.kind),
        status: &*c.status == b"True",
        reason: texts.shared(&c.reason),
        message: texts.shared(&c.message),
        since: c.since.as_ref().and_then(instant),
    }
}

fn containers(spec: &wire::PodSpec, status: &wire::PodStatus, texts: &mut Interner) -> Vec<Container> {
    let mut containers = Vec::with_capacity(spec.init_containers.len() + spec.containers.len());
    for c in &spec.init_containers {
        let sidecar = &*c.restart_policy == b"Always";
        let kind = if sidecar { ContainerKind::Sidecar } else { ContainerKind::Init };
        containers.push(container(c, kind, &status.init_containers, texts));
    }
    for c in &spec.containers {
        containers.push(container(c, ContainerKind::Main, &status.containers, texts));
    }
    containers
}

fn container(
    c: &wire::Container,
    kind: ContainerKind,
    statuses: &[wire::ContainerStatus],
    texts: &mut Interner,
) -> Container {
    let none = wire::ContainerStatus::default();
    let place = statuses.iter().position(|s| s.name == c.name);
    let status = place.map_or(&none, |place| &statuses[place]);
    let env: Vec<_> = c
        .env
        .iter()
        .filter(|e| std::str::from_utf8(&e.name).is_ok_and(env_is_read) && !e.value.is_empty())
        .map(|e| wire::Entry { key: e.name.clone(), value: e.value.clone() })
        .collect();
    Container {
        name: texts.shared(&c.name),
        kind,
        image: texts.shared(&c.image),
        ports: c.ports.iter().map(|p| (texts.shared(&p.name), port(p.port))).collect(),
        kafka_env: map(env.iter(), texts),
        mounts: c.mounts.iter().map(|m| (texts.shared(&m.name), texts.shared(&m.path))).collect(),
        // Reported without a state means waiting for a reason not told.
        state: place.map(|_| reported(status.state.as_ref(), texts)),
        place: place.and_then(|p| u16::try_from(p).ok()).unwrap_or_default(),
        ready: status.ready,
        started: status.started,
        restarts: u32::try_from(status.restarts).unwrap_or_default(),
        last_end: status.last.as_ref().and_then(|s| state(s, texts)),
    }
}

fn reported(s: Option<&wire::ContainerState>, texts: &mut Interner) -> ContainerState {
    s.and_then(|s| state(s, texts))
        .unwrap_or_else(|| ContainerState::Waiting { reason: texts.shared(b""), message: texts.shared(b"") })
}

fn state(s: &wire::ContainerState, texts: &mut Interner) -> Option<ContainerState> {
    if let Some(t) = &s.terminated {
        return Some(ContainerState::Terminated {
            reason: texts.shared(&t.reason),
            message: texts.shared(&t.message),
            exit_code: super::number(t.exit_code),
            signal: super::number(t.signal),
            finished: t.finished.as_ref().and_then(instant),
        });
    }
    if let Some(w) = &s.waiting {
        let (reason, message) = (texts.shared(&w.reason), texts.shared(&w.message));
        return Some(ContainerState::Waiting { reason, message });
    }
    s.running.as_ref().map(|r| ContainerState::Running { since: r.at.as_ref().and_then(instant) })
}
