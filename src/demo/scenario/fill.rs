//! Many of a kind: an estate by numbers.

use super::{
    build::lay_group,
    estate::{Estate, Fill, Group, Kafka, Span, Topic, Workload},
};
use crate::{
    demo::world::{Consumer, World},
    domain::{Text, kubernetes::Key},
};
use anyhow::{Context as _, Result};
use std::{collections::BTreeMap, time::Duration};

fn scaled(count: usize, size: f64) -> usize {
    ((count as f64 * size).round() as usize).max(1)
}

fn is_of(fill: &Fill, kafka: &Kafka) -> bool {
    fill.cluster == format!("{}/{}", kafka.namespace, kafka.name)
}

/// The n-th of the words' combinations; every one is another.
fn name(fill: &Fill, n: usize) -> String {
    let (domains, things, events) = (fill.domains.len(), fill.things.len(), fill.events.len());
    let round = n / (domains * things * events);
    let domain = &fill.domains[n % domains];
    let thing = &fill.things[n / domains % things];
    let event = &fill.events[n / (domains * things) % events];
    if round == 0 {
        format!("{domain}.{thing}-{event}")
    } else {
        format!("{domain}.{thing}-{event}-v{}", round + 1)
    }
}

/// What is there by name, and what is there by number.
pub fn workloads(estate: &Estate, size: f64) -> Vec<Workload> {
    let mut all = estate.workloads.clone();
    let Some(fill) = &estate.fill else { return all };
    let groups = scaled(fill.groups, size);
    let named: usize = all.iter().map(|w| w.replicas).sum();
    let pods = scaled(fill.pods, size).saturating_sub(named).max(groups);
    for n in 0..groups {
        let replicas = pods / groups + usize::from(n < pods % groups);
        let (namespace, name) = workload(fill, n);
        all.push(Workload {
            image: format!("{namespace}/{name}:{}.{}.{}", 1 + n % 4, n % 13, n % 7),
            namespace,
            name,
            claim: None,
            replicas,
            cpu: "50m".into(),
            memory: "128Mi".into(),
            age: Span(Duration::from_secs(86_400 * (2 + n as u64 * 7 % 40))),
            part_of: None,
            port: None,
            service: None,
            scales: None,
            max_unavailable: None,
        });
    }
    all
}

fn workload(fill: &Fill, n: usize) -> (String, String) {
    let domain = &fill.domains[n % fill.domains.len()];
    let thing = &fill.things[n / fill.domains.len() % fill.things.len()];
    let round = n / (fill.domains.len() * fill.things.len());
    const DOES: [&str; 6] = ["indexer", "projector", "notifier", "exporter", "auditor", "enricher"];
    let does = DOES[round % DOES.len()];
    let again = round / DOES.len();
    let name = if again == 0 { format!("{thing}-{does}") } else { format!("{thing}-{does}-{}", again + 1) };
    (domain.clone(), name)
}

pub fn topics(estate: &Estate, kafka: &Kafka, size: f64) -> Vec<Topic> {
    let Some(fill) = estate.fill.as_ref().filter(|fill| is_of(fill, kafka)) else { return Vec::new() };
    let configs: BTreeMap<Text, Text> = [
        ("min.insync.replicas".into(), kafka.min_isr.to_string().into()),
        ("retention.ms".into(), "86400000".into()),
    ]
    .into();
    let topic = |n: usize| Topic {
        name: name(fill, n),
        partitions: fill.partitions,
        replication: fill.replication,
        // As sizes of cities are: the n-th has the n-th part.
        rate: fill.rate / (n + 1) as f64,
        bytes: 180.0 + (n * 37 % 700) as f64,
        configs: configs.clone(),
        age: None,
        assignments: Vec::new(),
        producer: None,
    };
    (0..scaled(fill.topics, size)).map(topic).collect()
}

/// Every workload that is there by number reads a few topics.
pub fn clients(estate: &Estate, world: &mut World, size: f64) -> Result<()> {
    let Some(fill) = &estate.fill else { return Ok(()) };
    let index = estate.kafka.iter().position(|kafka| is_of(fill, kafka));
    let index = index.with_context(|| format!("{} is no cluster", fill.cluster))?;
    let topics = scaled(fill.topics, size);
    for n in 0..scaled(fill.groups, size) {
        let (namespace, workload) = workload(fill, n);
        let mut reads: Vec<usize> = (0..1 + n % 3).map(|i| (n * 5 + i * 11) % topics).collect();
        reads.sort_unstable();
        reads.dedup();
        let rate: f64 = reads.iter().map(|t| fill.rate / (t + 1) as f64).sum();
        // One in forty is a little slower than what it reads.
        let pace = if n % 40 == 17 { rate * 0.1 } else { rate.max(5.0) };
        let group = Group {
            name: format!("{namespace}.{workload}"),
            topics: reads.iter().map(|t| name(fill, *t).into()).collect(),
            workload: None,
            pace,
            lag: if n % 40 == 17 { rate * 600.0 } else { 0.0 },
            sticky: n % 2 == 0,
            cores: 0.0,
        };
        let laid = lay_group(&world.kafka[index], &group)?;
        world.kafka[index].groups.insert(group.name.as_str().into(), laid);
        world.bonds.consumers.push(Consumer {
            workload: Key::new(&namespace, &workload),
            cluster: index,
            group: group.name.into(),
            cores: 0.0,
        });
    }
    Ok(())
}
