//! Brokers, topics, partitions, groups.

use super::{Section, World};
use crate::domain::{
    derived::lag,
    human,
    kafka::{Broker, BrokerId, Group, Kafka, Member, Partition, Topic},
    lag::Pace,
    reading::State,
    throughput::{Metric, Subject},
    time::age,
};
use std::time::Duration;

/// What Kafka knows of a broker, its disks and its throughput.
pub fn broker_facts(world: &World<'_>, id: BrokerId) -> Vec<Section> {
    let kafka = &world.snapshot.kafka;
    let Some(broker) = kafka.brokers.get(&id) else { return Vec::new() };
    let mut head = Section::read("Broker", &kafka.cluster_feed, world.now)
        .with("id", id.to_string())
        .with("registered", if broker.registered { "yes" } else { "no, but replica lists name it" })
        .with("controller", if kafka.controller == Some(id) { "active" } else { "" })
        .with(
            "advertised",
            if broker.port > 0 { format!("{}:{}", broker.host, broker.port) } else { String::new() },
        )
        .with("rack", broker.rack.as_deref().unwrap_or_default())
        .with("answers", contact(world, broker));
    if let Some(row) = world.derived.joined.broker(id) {
        let t = &row.tally;
        head = head
            .with("zone", row.zone.as_deref().unwrap_or_default())
            .with("replicas", format!("{} of which {} out of sync", t.replicas, t.out_of_sync))
            .with("leads", format!("{}, preferred {}", t.leaders, t.preferred))
            .with("under-replicated", t.under_replicated.to_string())
            .with("under min ISR", t.under_min.to_string());
    }
    vec![head, disks(world, broker), rates(world, &Subject::Broker(id))]
}

fn contact(world: &World<'_>, broker: &Broker) -> String {
    match (broker.contact.feed.failure(), broker.contact.last()) {
        (Some(failure), _) => format!("no, for {}: {}", age(world.now.since(failure.since)), failure.reason),
        (None, Some(trip)) => format!("in {} ms", trip.as_millis()),
        (None, None) => "not asked yet".into(),
    }
}

fn disks(world: &World<'_>, broker: &Broker) -> Section {
    let section = Section::read("Log dirs", &broker.log_dirs.feed, world.now);
    let dirs = broker.log_dirs.last().into_iter().flat_map(|l| &l.dirs);
    dirs.fold(section, |section, dir| {
        let volume = match (dir.total, dir.usable) {
            (Some(total), Some(usable)) => {
                format!(", {} free of {}", human::bytes(usable), human::bytes(total))
            }
            _ => String::new(),
        };
        let error = dir.error.as_ref().map(|e| format!(", OFFLINE: {e}")).unwrap_or_default();
        section.line(format!("{}: replicas {}{volume}{error}", dir.path, human::bytes(dir.used)))
    })
}

fn rates(world: &World<'_>, subject: &Subject) -> Section {
    let throughput = &world.snapshot.throughput;
    let section = Section::read("Throughput", &throughput.origin.feed, world.now);
    let rate = |metric, words: fn(f64) -> String| match throughput.rate(metric, subject, world.now) {
        (Some(rate), State::Stale { age: old }) => format!("{} {} ago", words(rate), age(old)),
        (Some(rate), _) => words(rate),
        (None, State::Pending(_)) => "not yet: it has not been measured long enough since it is back".into(),
        (None, _) => String::new(),
    };
    section
        .with("bytes in", rate(Metric::BytesIn, human::byte_rate))
        .with("bytes out", rate(Metric::BytesOut, human::byte_rate))
        .with("messages in", rate(Metric::MessagesIn, human::rate))
}

pub fn broker(world: &World<'_>, id: BrokerId) -> Vec<Section> {
    let mut sections = broker_facts(world, id);
    let pods = &world.snapshot.kubernetes.pods;
    if let Some((key, _)) = world.derived.joined.broker(id).and_then(|row| row.pod.as_ref())
        && let Some(pod) = pods.get(key)
    {
        let status = pod.status();
        let section = Section::read("Pod", &pods.feed, world.now)
            .with("name", key.to_string())
            .with("status", &status.status)
            .with("ready", status.ready())
            .with("restarts", status.restarts(world.now))
            .with("node", pod.node.as_deref().unwrap_or_default());
        sections.push(section);
    }
    sections
}

pub fn topic(world: &World<'_>, name: &str) -> Vec<Section> {
    let kafka = &world.snapshot.kafka;
    let Some(topic) = kafka.topics.get(name) else { return Vec::new() };
    let size = kafka.sizes.whole(name).map(human::bytes);
    let head = Section::read("Topic", &kafka.topics_feed, world.now)
        .with("name", name)
        .with("internal", if topic.internal { "yes" } else { "" })
        .with("partitions", topic.partitions.len().to_string())
        .with("size", size.unwrap_or_default());
    let partitions =
        topic.partitions.iter().fold(Section::new("Partitions"), |section, p| section.line(line(topic, p)));
    let readers = kafka.groups.values().filter(|g| reads(g, name));
    let groups =
        readers.fold(Section::read("Groups that read it", &kafka.groups_feed, world.now), |section, g| {
            let row = world.derived.joined.groups.get(&g.id);
            let behind = row.and_then(|r| r.lag).map(|lag| format!(", {} behind in all", human::count(lag)));
            section.line(format!("{} {}{}", g.id, g.state.name(), behind.unwrap_or_default()))
        });
    vec![head, config(topic), partitions, rates(world, &Subject::Topic(topic.name.clone())), groups]
}

fn reads(group: &Group, topic: &str) -> bool {
    group.offsets.last().is_some_and(|commits| commits.iter().any(|c| &*c.topic == topic))
}

fn config(topic: &Topic) -> Section {
    let section = Section::new("Configuration");
    let Some(config) = &topic.config else { return section.line("not read yet") };
    let retention = match u64::try_from(config.retention_ms) {
        Ok(ms) => age(Duration::from_millis(ms)),
        Err(_) => "for ever".into(),
    };
    let bytes = u64::try_from(config.retention_bytes).map(human::bytes).unwrap_or_else(|_| "no limit".into());
    let section = section
        .with("min ISR", config.min_insync.to_string())
        .with("cleanup", &config.cleanup)
        .with("retention", format!("{retention}, {bytes}"));
    config.overrides.iter().fold(section, |section, (name, value)| section.line(format!("{name} = {value}")))
}

fn ids(brokers: &[BrokerId]) -> String {
    human::list(brokers, 10)
}

/// One partition in a line.
fn line(topic: &Topic, p: &Partition) -> String {
    let leader = p.leader.map_or_else(|| "none".to_string(), |id| id.to_string());
    let state = if p.is_offline() {
        "  OFFLINE"
    } else if topic.under_min_isr(p) {
        "  UNDER MIN ISR"
    } else if p.under_replicated() {
        "  under-replicated"
    } else {
        ""
    };
    format!("{:>5}  leader {leader}  replicas {}  in sync {}{state}", p.index, ids(&p.replicas), ids(&p.isr))
}

pub fn partition(world: &World<'_>, name: &str, index: i32) -> Vec<Section> {
    let kafka = &world.snapshot.kafka;
    let Some(topic) = kafka.topics.get(name) else { return Vec::new() };
    let Some(p) = topic.partition(index) else { return Vec::new() };
    let head = Section::read("Partition", &kafka.topics_feed, world.now)
        .with("topic", name)
        .with("partition", index.to_string())
        .with("leader", p.leader.map_or_else(|| "none: offline".to_string(), |id| id.to_string()))
        .with("preferred leader", p.preferred_leader().map(|id| id.to_string()).unwrap_or_default())
        .with("replicas", ids(&p.replicas))
        .with("in sync", ids(&p.isr))
        .with("offline", ids(&p.offline))
        .with("min ISR", topic.min_insync().map_or_else(|| "not read yet".into(), |n| n.to_string()))
        .with("leader epoch", p.epoch.to_string());
    let logs = p
        .replicas
        .iter()
        .fold(Section::new("Replicas"), |section, id| section.line(log(kafka, *id, name, index)));
    let readers = kafka.groups.values().filter(|g| reads(g, name));
    let groups = readers.fold(Section::read("Groups", &kafka.groups_feed, world.now), |section, group| {
        section.line(share(world, group, name, index))
    });
    let end = Section::read("Log end", &kafka.ends_feed, world.now)
        .with("offset", kafka.end(name, index).map(|o| o.to_string()).unwrap_or_default());
    vec![head, end, logs, groups]
}

/// What a broker holds of a partition.
fn log(kafka: &Kafka, id: BrokerId, topic: &str, partition: i32) -> String {
    let logs = kafka.brokers.get(&id).and_then(|b| b.log_dirs.last());
    let log = logs.and_then(|l| l.replicas.get(topic)?.iter().find(|r| r.partition == partition));
    match log {
        Some(r) => format!(
            "broker {id}: {}, {} messages behind",
            human::bytes(r.bytes),
            human::count(r.lag.max(0) as u64)
        ),
        None => format!("broker {id}: size unknown"),
    }
}

/// What a group has to do with a partition.
fn share(world: &World<'_>, group: &Group, topic: &str, partition: i32) -> String {
    let commits = group.offsets.last().map_or(&[][..], |c| c);
    let commit = commits.iter().find(|c| &*c.topic == topic && c.partition == partition);
    let ends = world.snapshot.kafka.ends.get(topic).map_or(&[][..], |e| e);
    let committed = match commit {
        Some(c) => match lag(c.offset, ends, partition) {
            Some(lag) => format!("committed {}, {} behind", c.offset, human::count(lag)),
            None => format!("committed {}, log end unknown", c.offset),
        },
        None => "nothing committed".into(),
    };
    let reader = group.members.iter().find(|m| assigned(m, topic, partition));
    let reader = reader.map_or_else(|| "read by nobody".into(), |m| format!("read by {}", runs(world, m)));
    format!("{}: {committed}, {reader}", group.id)
}

fn assigned(member: &Member, topic: &str, partition: i32) -> bool {
    member.assignment.iter().any(|a| &*a.topic == topic && a.partitions.contains(&partition))
}

/// A member with the pod it runs in, and how that is.
fn runs(world: &World<'_>, member: &Member) -> String {
    let pod = world.derived.joined.pods.of_member(member);
    match pod.and_then(|key| world.snapshot.kubernetes.pods.get(key)) {
        Some(pod) => format!("{} (pod {} {})", member.client_id, pod.meta.key, pod.status().status),
        None => format!("{} at {}", member.client_id, member.host.trim_start_matches('/')),
    }
}

pub fn group(world: &World<'_>, id: &str) -> Vec<Section> {
    let kafka = &world.snapshot.kafka;
    let Some(group) = kafka.groups.get(id) else { return Vec::new() };
    let head = Section::read("Group", &kafka.groups_feed, world.now)
        .with("name", id)
        .with("state", group.state.name())
        .with("error", group.error.as_deref().unwrap_or_default())
        .with("protocol", &group.protocol)
        .with("assignor", &group.assignor)
        .with("coordinator", group.coordinator.map(|b| format!("broker {b}")).unwrap_or_default());
    let mut behind = Section::read("Lag", &group.offsets.feed, world.now);
    if let Some(row) = world.derived.joined.groups.get(id) {
        behind = behind
            .with("messages", row.lag.map_or_else(|| "unknown".into(), human::count))
            .with("pace", row.pace.map(pace).unwrap_or_default())
            .with("time", row.late.map(|l| format!("{}{}", age(l), row.trend.arrow())).unwrap_or_default())
            .with(
                "worst",
                row.worst
                    .as_ref()
                    .map(|(t, p, n)| format!("{t}-{p} by {}", human::count(*n)))
                    .unwrap_or_default(),
            );
    }
    let members = group.members.iter().fold(Section::new("Members"), |section, m| {
        let parts = m.assignment.iter().map(|a| format!("{} {}", a.topic, human::list(&a.partitions, 12)));
        let section = section.line(runs(world, m));
        parts.fold(section, |section, part| section.line(format!("  {part}")))
    });
    vec![head, behind, members]
}

fn pace(pace: Pace) -> String {
    format!("reads {} of {} written", human::rate(pace.consumed), human::rate(pace.produced))
}

pub fn member(world: &World<'_>, group: &str, id: &str) -> Vec<Section> {
    let kafka = &world.snapshot.kafka;
    let Some(group) = kafka.groups.get(group) else { return Vec::new() };
    let Some(member) = group.members.iter().find(|m| &*m.id == id) else { return Vec::new() };
    let head = Section::read("Member", &kafka.groups_feed, world.now)
        .with("group", &group.id)
        .with("client id", &member.client_id)
        .with("member id", &member.id)
        .with("host", member.host.trim_start_matches('/'))
        .with("instance", member.instance.as_deref().unwrap_or_default())
        .with("runs in", runs(world, member));
    let mut shares = Section::new("Partitions");
    for assigned in &member.assignment {
        for partition in &assigned.partitions {
            let line = share(world, group, &assigned.topic, *partition);
            shares = shares.line(format!("{}-{partition} {line}", assigned.topic));
        }
    }
    vec![head, shares]
}

pub fn group_partition(world: &World<'_>, group: &str, topic: &str, index: i32) -> Vec<Section> {
    let Some(group) = world.snapshot.kafka.groups.get(group) else { return Vec::new() };
    let feed = &group.offsets.feed;
    let mut sections = vec![Section::read("Group", feed, world.now).line(share(world, group, topic, index))];
    sections.extend(partition(world, topic, index));
    sections
}

pub fn cluster(world: &World<'_>, name: &str) -> Vec<Section> {
    let Some(found) = world.derived.joined.clusters.iter().find(|c| &*c.name == name) else {
        return Vec::new();
    };
    let pods = &world.snapshot.kubernetes.pods;
    let head = Section::read("Kafka cluster", &pods.feed, world.now)
        .with("name", &found.name)
        .with("kept by", found.keeper.words())
        .with(
            "bootstrap",
            found.bootstrap.as_ref().map(|(s, port)| format!("{s}:{port}")).unwrap_or_default(),
        );
    let brokers = found.brokers.iter().fold(Section::new("Brokers"), |section, b| {
        let id = b.broker.map_or_else(|| "?".to_string(), |id| id.to_string());
        section.line(format!("{id:>5}  pod {}  ports {}", b.pod, human::list(&b.ports, 4)))
    });
    vec![head, brokers]
}
