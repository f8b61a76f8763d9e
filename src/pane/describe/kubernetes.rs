//! Objects of Kubernetes other than pods.

use super::{Section, World, find, identity, pod};
use crate::domain::{
    Text, human,
    kubernetes::{
        Autoscaler, Budget, Claim, ConditionStatus, Deployment, Event, Key, Node, Pod, ReplicaSet, Service,
        StatefulSet,
    },
    object::Kind,
    reading::Feed,
    time::age,
};
use std::collections::BTreeMap;

pub fn describe(world: &World<'_>, kind: Kind, key: &Key) -> Vec<Section> {
    let k = &world.snapshot.kubernetes;
    let sections = match kind {
        Kind::Pod => find(&k.pods, key).map(|(p, feed)| pod::describe(world, p, feed)),
        Kind::StatefulSet => find(&k.stateful_sets, key).map(|(s, feed)| stateful_set(world, s, feed)),
        Kind::Deployment => find(&k.deployments, key).map(|(d, feed)| deployment(world, d, feed)),
        Kind::ReplicaSet => find(&k.replica_sets, key).map(|(r, feed)| replica_set(world, r, feed)),
        Kind::Node => find(&k.nodes, key).map(|(n, feed)| node(world, n, feed)),
        Kind::Claim => find(&k.claims, key).map(|(c, feed)| claim(world, c, feed)),
        Kind::DisruptionBudget => find(&k.budgets, key).map(|(b, feed)| budget(world, b, feed)),
        Kind::Autoscaler => find(&k.autoscalers, key).map(|(a, feed)| autoscaler(world, a, feed)),
        Kind::Service => find(&k.services, key).map(|(s, feed)| service(world, s, feed)),
        Kind::Event => find(&k.events, key).map(|(e, feed)| event(world, e, feed)),
    };
    sections.unwrap_or_default()
}

fn pairs(map: &BTreeMap<Text, Text>) -> String {
    map.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(", ")
}

/// A line a pod, with kubectl's columns.
fn pods<'a>(world: &World<'_>, pods: impl Iterator<Item = &'a Pod>) -> Section {
    let feed = &world.snapshot.kubernetes.pods.feed;
    pods.fold(Section::read("Pods", feed, world.now), |section, pod| {
        let status = pod.status();
        let node = pod.node.as_deref().unwrap_or("no node");
        section.line(format!("{:<32} {:>5} {:<18} {node}", pod.meta.key.name, status.ready(), status.status))
    })
}

fn stateful_set(world: &World<'_>, s: &StatefulSet, feed: &Feed) -> Vec<Section> {
    let head = identity(Section::read("StatefulSet", feed, world.now), world, &s.meta)
        .with("replicas", format!("{} asked for, {} ready, {} available", s.replicas, s.ready, s.available))
        .with("update", format!("{} of {} on {}", s.updated, s.replicas, s.update_revision))
        .with("strategy", &s.update_strategy)
        .with("partition", if s.partition > 0 { s.partition.to_string() } else { String::new() })
        .with("generation", format!("{} asked for, {} seen", s.generation, s.observed_generation))
        .with("service", &s.service)
        .with("selector", pairs(&s.selector))
        .with("images", human::list(&s.images, 5));
    vec![head, pods(world, world.snapshot.kubernetes.pods_of(&s.meta.uid))]
}

fn deployment(world: &World<'_>, d: &Deployment, feed: &Feed) -> Vec<Section> {
    let head = identity(Section::read("Deployment", feed, world.now), world, &d.meta)
        .with("replicas", format!("{} asked for, {} ready, {} available", d.replicas, d.ready, d.available))
        .with("updated", d.updated.to_string())
        .with("paused", if d.paused { "yes" } else { "" })
        .with("stuck", &d.stuck)
        .with("generation", format!("{} asked for, {} seen", d.generation, d.observed_generation))
        .with("selector", pairs(&d.selector))
        .with("images", human::list(&d.images, 5));
    vec![head, pods(world, world.snapshot.kubernetes.pods_of(&d.meta.uid))]
}

fn replica_set(world: &World<'_>, r: &ReplicaSet, feed: &Feed) -> Vec<Section> {
    let head = identity(Section::read("ReplicaSet", feed, world.now), world, &r.meta)
        .with("replicas", format!("{} asked for, {} ready", r.replicas, r.ready));
    vec![head, pods(world, world.snapshot.kubernetes.pods_of(&r.meta.uid))]
}

fn node(world: &World<'_>, n: &Node, feed: &Feed) -> Vec<Section> {
    let taints = n.taints.iter().map(|t| format!("{}={}:{}", t.key, t.value, t.effect));
    let head = identity(Section::read("Node", feed, world.now), world, &n.meta)
        .with("status", super::super::nodes::status(n).text)
        .with("zone", n.zone.as_deref().unwrap_or_default())
        .with("address", &n.address)
        .with("kubelet", &n.kubelet)
        .with("allocatable", format!("{:.1} CPUs, {}", n.cpu_millis as f64 / 1000.0, human::bytes(n.memory)))
        .with("taints", human::list(taints, 8));
    let conditions = n.conditions.iter().fold(Section::new("Conditions"), |section, c| {
        let status = match c.status {
            ConditionStatus::True => "yes",
            ConditionStatus::False => "no",
            ConditionStatus::Unknown => "unknown",
        };
        let since = c.since.map(|s| format!(" for {}", age(world.now.since(s)))).unwrap_or_default();
        section.with(&c.kind, format!("{status}{since} {}", c.reason))
    });
    let here = world.derived.joined.brokers.iter().filter(|row| row.node.as_ref() == Some(&n.meta.key.name));
    let brokers = here.fold(Section::new("Brokers"), |section, row| {
        section.line(format!(
            "{} leads {} of {} partitions",
            row.name(),
            row.tally.leaders,
            row.tally.replicas
        ))
    });
    let on = world.snapshot.kubernetes.pods.iter().filter(|p| p.node.as_ref() == Some(&n.meta.key.name));
    vec![head, conditions, brokers, pods(world, on)]
}

fn claim(world: &World<'_>, c: &Claim, feed: &Feed) -> Vec<Section> {
    let head = identity(Section::read("Claim", feed, world.now), world, &c.meta)
        .with("phase", &c.phase)
        .with("volume", &c.volume)
        .with("class", &c.class)
        .with("requested", human::bytes(c.requested))
        .with("capacity", if c.capacity > 0 { human::bytes(c.capacity) } else { String::new() })
        .with("resizing", human::list(&c.conditions, 4));
    let users = world.snapshot.kubernetes.pods.iter().filter(|p| {
        p.meta.key.namespace == c.meta.key.namespace && p.claims.values().any(|name| *name == c.meta.key.name)
    });
    vec![head, pods(world, users)]
}

fn budget(world: &World<'_>, b: &Budget, feed: &Feed) -> Vec<Section> {
    let head = identity(Section::read("PodDisruptionBudget", feed, world.now), world, &b.meta)
        .with("min available", &b.min_available)
        .with("max unavailable", &b.max_unavailable)
        .with("allowed now", b.allowed.to_string())
        .with("healthy", format!("{} of {}, at least {} wanted", b.healthy, b.expected, b.desired))
        .with("selector", pairs(&b.selector));
    vec![head, pods(world, world.snapshot.kubernetes.pods_of_budget(b))]
}

fn autoscaler(world: &World<'_>, a: &Autoscaler, feed: &Feed) -> Vec<Section> {
    let head = identity(Section::read("HorizontalPodAutoscaler", feed, world.now), world, &a.meta)
        .with("scales", format!("{}/{}", a.target_kind, a.target_name))
        .with(
            "replicas",
            format!("{} now, {} wanted, between {} and {}", a.current, a.desired, a.min, a.max),
        );
    vec![head]
}

fn service(world: &World<'_>, s: &Service, feed: &Feed) -> Vec<Section> {
    let head = identity(Section::read("Service", feed, world.now), world, &s.meta)
        .with("type", &s.kind)
        .with("cluster IP", &s.cluster_ip)
        .with("selector", pairs(&s.selector));
    let ports = s.ports.iter().fold(Section::new("Ports"), |section, p| {
        section.line(format!("{} → {} {}", p.port, p.target, p.name).trim_end())
    });
    vec![head, ports, pods(world, world.snapshot.kubernetes.pods_of_service(s))]
}

fn event(world: &World<'_>, e: &Event, feed: &Feed) -> Vec<Section> {
    let ago = |at| format!("{} ago", age(world.now.since(at)));
    let head = Section::read("Event", feed, world.now)
        .with("type", &e.kind)
        .with("reason", &e.reason)
        .with("about", format!("{} {}/{}", e.object_kind, e.meta.key.namespace, e.object_name))
        .with("from", &e.component)
        .with("count", e.count.max(1).to_string())
        .with("first", ago(e.first))
        .with("last", ago(e.last));
    let message = Section { title: "Message".into(), lines: e.message.lines().map(String::from).collect() };
    vec![head, message]
}
