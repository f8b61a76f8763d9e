//! A world from a scenario: it is lived through in its proper order, the long past in leaps, so that what is
//! told of it (ages, restarts, revisions, lag) follows from what happened.

use super::{
    estate::{Estate, Group, Kafka, Keeper, Topic, When, Workload},
    fill, manifests,
};
use crate::{
    demo::world::{
        Act, Consumer, Producer, World,
        kafka::{self, Assignor, Broker, Cluster, Committed, NewTopic, OFFSETS},
        kubernetes::{
            AUTOSCALERS, BUDGETS, DEPLOYMENTS, KAFKAS, NAMESPACES, NODE_POOLS, NODES, POD_SETS, Program,
            Resource, SERVICES, STATEFUL_SETS, object,
        },
    },
    domain::{Text, kubernetes::Key, time::Time},
};
use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

/// Events are kept for an hour: what is older is lived through without them.
const TOLD: Duration = Duration::from_secs(65 * 60);
/// The steps in which the past is followed once there is a Kafka.
const STRIDE: Duration = Duration::from_secs(1);
/// Seconds after which a broker was ready in the days before Kafka is followed.
const START: f64 = 12.0;

/// Something that was done at some time in the past.
enum Deed {
    Create(&'static Resource, Value),
    /// A pod of the Deployment was moved elsewhere.
    Move(Key),
    Act(Act),
}

pub fn world(estate: &Estate, seed: u64, size: f64, now: Time) -> Result<World> {
    let workloads = fill::workloads(estate, size);
    let begun = now.minus(estate.lead.0);
    let mut history = history(estate, &workloads, seed, now)?;
    history.sort_by_key(|(at, _)| *at);
    let first = history.first().map_or(begun, |(at, _)| *at);
    let mut world = World::new(seed, 1.0, first);
    programs(estate, &mut world);
    live(&mut world, history, now, begun);
    for kafka in &estate.kafka {
        let cluster = cluster(estate, kafka, &mut world, seed, size)?;
        world.kafka.push(cluster);
        world.bonds.pods.push(pod_prefix(kafka).into());
        clients(&mut world, kafka)?;
    }
    fill::clients(estate, &mut world, size)?;
    hand_over(estate, &mut world);
    for w in workloads.iter().filter(|w| w.scales.is_some()) {
        if let Some(scales) = w.scales {
            create(&mut world, &AUTOSCALERS, manifests::autoscaler(w, scales))?;
        }
    }
    let later = estate.acts.iter().map(|timed| (time(timed.at, now), timed.act.clone()));
    let mut script: Vec<(Time, Act)> = later.filter(|(at, _)| *at >= begun).collect();
    script.sort_by_key(|(at, _)| *at);
    world.script = script.into();
    world.advance_by(STRIDE, now);
    world.now = now;
    Ok(world)
}

fn time(when: When, now: Time) -> Time {
    match when {
        When::Before(span) => now.minus(span),
        When::After(span) => now.plus(span),
    }
}

fn create(world: &mut World, resource: &'static Resource, object: Value) -> Result<()> {
    let name = object["metadata"]["name"].to_string();
    world
        .turn()
        .create(resource, object)
        .map_err(|refusal| anyhow!("{} {name}: {refusal:?}", resource.kind))?;
    Ok(())
}

/// All that was done before Kafka is followed.
fn history(estate: &Estate, workloads: &[Workload], seed: u64, now: Time) -> Result<Vec<(Time, Deed)>> {
    let mut history = Vec::new();
    let born = now.minus(estate.nodes.age.0);
    for (at, node) in nodes(estate, born) {
        history.push((at, Deed::Create(&NODES, node)));
    }
    let kafkas = estate.kafka.iter().map(|k| &*k.namespace);
    let namespaces: BTreeSet<&str> = workloads.iter().map(|w| &*w.namespace).chain(kafkas).collect();
    for name in namespaces.into_iter().chain(["default", "kube-system"]) {
        history.push((born, Deed::Create(&NAMESPACES, manifests::namespace(name))));
    }
    for kafka in &estate.kafka {
        ensure!(kafka.age.0 > estate.lead.0, "{} is younger than the lead", kafka.name);
        let at = now.minus(kafka.age.0);
        history.extend(objects(kafka, seed).into_iter().map(|(of, object)| (at, Deed::Create(of, object))));
    }
    let mut random = fastrand::Rng::with_seed(seed ^ 0x6d6f_7665);
    for w in workloads {
        let at = now.minus(w.age.0);
        history.extend(applied(w).into_iter().map(|(of, object)| (at, Deed::Create(of, object))));
        // Pods are moved now and then, as nodes are drained: not all are as old as their Deployment.
        for _ in 0..if w.claim.is_none() && w.age.0 > Duration::from_secs(86_400) {
            w.replicas.div_ceil(3)
        } else {
            0
        } {
            let span = w.age.0.as_secs_f64();
            let moved = at.plus(Duration::from_secs_f64(span * (0.1 + random.f64() * 0.85)));
            history.push((moved, Deed::Move(Key::new(&w.namespace, &w.name))));
        }
    }
    let begun = now.minus(estate.lead.0);
    let early = estate.acts.iter().filter(|timed| time(timed.at, now) < begun);
    history.extend(early.map(|timed| (time(timed.at, now), Deed::Act(timed.act.clone()))));
    Ok(history)
}

fn nodes(estate: &Estate, born: Time) -> Vec<(Time, Value)> {
    let nodes = &estate.nodes;
    let mut all = Vec::new();
    for (z, zone) in nodes.zones.iter().enumerate() {
        for n in 0..nodes.per_zone {
            let number = z * nodes.per_zone + n + 1;
            let name = format!("node-{}{}", zone.rsplit('-').next().unwrap_or(zone), n + 1);
            let node = manifests::node(&name, zone, number, &nodes.cpu, &nodes.memory);
            all.push((born.plus(Duration::from_secs(number as u64 % 40 * 7)), node));
        }
    }
    all
}

/// Kafka's id of the cluster: the same from run to run.
fn cluster_id(kafka: &Kafka, seed: u64) -> String {
    let of = Cluster::new(&kafka.namespace, &kafka.name, "", manifests::PORT, seed, Time(0));
    of.id.to_string()
}

fn objects(kafka: &Kafka, seed: u64) -> Vec<(&'static Resource, Value)> {
    use manifests::strimzi;
    let id = cluster_id(kafka, seed);
    match kafka.keeper {
        Keeper::StatefulSet => {
            let (namespace, name) = (&kafka.namespace, &kafka.name);
            let both = [("kafka", manifests::PORT), ("controller", 9093)];
            let labels = serde_json::json!({"app.kubernetes.io/name": name});
            vec![
                (&SERVICES, manifests::service(namespace, &manifests::headless(name), name, &both, true)),
                (
                    &SERVICES,
                    manifests::service(namespace, &format!("{name}-bootstrap"), name, &both[..1], false),
                ),
                (&BUDGETS, manifests::budget(namespace, name, &labels, 1)),
                (&STATEFUL_SETS, manifests::stateful_kafka(kafka, &id)),
            ]
        }
        Keeper::Strimzi => vec![
            (&SERVICES, strimzi::headless(kafka)),
            (&SERVICES, strimzi::bootstrap(kafka)),
            (&BUDGETS, strimzi::budget(kafka)),
            (&KAFKAS, strimzi::cluster(kafka, &id)),
            (&NODE_POOLS, strimzi::pool(kafka)),
            (&POD_SETS, strimzi::pod_set(kafka)),
        ],
    }
}

fn applied(w: &Workload) -> Vec<(&'static Resource, Value)> {
    let mut all: Vec<(&'static Resource, Value)> = Vec::new();
    if let Some(port) = w.port {
        let name = w.service.as_ref().unwrap_or(&w.name);
        all.push((&SERVICES, manifests::service(&w.namespace, name, &w.name, &[("web", port)], false)));
    }
    if let Some(most) = w.max_unavailable {
        let labels = serde_json::json!({"app.kubernetes.io/name": w.name});
        all.push((&BUDGETS, manifests::budget(&w.namespace, &w.name, &labels, most)));
    }
    all.push((if w.claim.is_some() { &STATEFUL_SETS } else { &DEPLOYMENTS }, manifests::workload(w)));
    all
}

/// What programs do. Until Kafka is followed brokers are ready after a while, as others are.
fn programs(estate: &Estate, world: &mut World) {
    let plain = Program::default();
    let programs = &mut world.plane.kubelet.programs;
    for image in &estate.programs {
        let program = Program {
            missing: image.missing,
            ready_after: image.ready_after.or(plain.ready_after),
            ends: image.ends,
            stops_in: image.stops_in.unwrap_or(plain.stops_in),
            last_words: image.says.clone(),
            ..plain.clone()
        };
        programs.insert(image.image.as_str().into(), program);
    }
    for kafka in &estate.kafka {
        let broker =
            Program { pull: 8.0, ready_after: Some(START), stops_in: 4.0, stops_with: 143, ..plain.clone() };
        programs.insert(kafka.image.as_str().into(), broker);
    }
}

fn live(world: &mut World, history: Vec<(Time, Deed)>, now: Time, begun: Time) {
    let told = begun.min(now.minus(TOLD));
    world.plane.long_past = true;
    for (at, deed) in history.into_iter().filter(|(at, _)| *at < begun) {
        remember(world, told, at);
        world.settle_until(at);
        match deed {
            // What it was refused for would be told of by the object that is missing.
            Deed::Create(of, object) => drop(create(world, of, object)),
            Deed::Move(workload) => move_pod(world, &workload),
            Deed::Act(act) => world.act(act),
        }
    }
    remember(world, told, begun);
    world.settle_until(begun);
}

/// From `told` on, events are kept and nodes report.
fn remember(world: &mut World, told: Time, next: Time) {
    if next >= told && world.plane.long_past {
        world.settle_until(told);
        world.plane.long_past = false;
        let nodes: Vec<Key> = world.kubernetes.list(&NODES, None).map(|(key, _)| key.clone()).collect();
        for (place, node) in nodes.iter().enumerate() {
            // Not all at once.
            let at = told.plus(Duration::from_secs(place as u64 * 13 % 300));
            world.plane.look_at(at, &NODES, node);
        }
    }
}

fn move_pod(world: &mut World, workload: &Key) {
    let Some(deployment) = world.kubernetes.get(&DEPLOYMENTS, workload).cloned() else { return };
    let turn = world.turn();
    let sets = turn.owned(&deployment, &crate::demo::world::kubernetes::REPLICA_SETS);
    let pods: Vec<_> =
        sets.iter().flat_map(|set| turn.owned(set, &crate::demo::world::kubernetes::PODS)).collect();
    if let Some(at) = (!pods.is_empty()).then(|| world.random.usize(..pods.len())) {
        world.turn().end_pod(&pods[at]);
    }
}

fn pod_prefix(kafka: &Kafka) -> String {
    match kafka.keeper {
        Keeper::StatefulSet => format!("{}-", kafka.name),
        Keeper::Strimzi => manifests::strimzi::pods(kafka),
    }
}

fn cluster(estate: &Estate, kafka: &Kafka, world: &mut World, seed: u64, size: f64) -> Result<Cluster> {
    let service = match kafka.keeper {
        Keeper::StatefulSet => manifests::headless(&kafka.name),
        Keeper::Strimzi => manifests::strimzi::service_name(&kafka.name),
    };
    let mut cluster = Cluster::new(&kafka.namespace, &kafka.name, &service, manifests::PORT, seed, world.now);
    let now = cluster.clock.seconds();
    let capacity = object::quantity(&Value::from(kafka.disk.as_str())) / 1000;
    for id in 0..kafka.brokers as i32 {
        let pod = Key::new(&kafka.namespace, &format!("{}{id}", pod_prefix(kafka)));
        let node = world.plane.kubelet.runs.get(&pod).map(|run| Key::new("", &run.node));
        let node = node
            .and_then(|node| world.kubernetes.get(&NODES, &node))
            .context("a broker's pod has no node")?;
        let zone = object::text(node, "/metadata/labels/topology.kubernetes.io~1zone");
        let broker = Broker::new(id, pod, Some(zone.into()), capacity, now);
        cluster.brokers.insert(id, broker);
    }
    cluster.voters = (0..kafka.brokers.min(3) as i32).collect();
    cluster.controller = cluster.voters.first().copied();
    let offsets = Topic {
        name: OFFSETS.into(),
        partitions: 50,
        replication: kafka.brokers.min(3) as i16,
        rate: 1.0,
        bytes: 120.0,
        configs: [("cleanup.policy".into(), "compact".into()), ("segment.bytes".into(), "104857600".into())]
            .into(),
        age: None,
        assignments: Vec::new(),
        producer: None,
    };
    let filled = fill::topics(estate, kafka, size);
    for topic in [&offsets].into_iter().chain(&kafka.topics).chain(&filled) {
        lay(&mut cluster, kafka, topic, &mut world.random)?;
    }
    Ok(cluster)
}

fn lay(cluster: &mut Cluster, kafka: &Kafka, topic: &Topic, random: &mut fastrand::Rng) -> Result<()> {
    let new = NewTopic {
        partitions: topic.partitions,
        replication: topic.replication,
        assignments: topic.assignments.clone(),
        configs: topic.configs.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    };
    let age = topic.age.unwrap_or(kafka.age).0.as_secs_f64();
    let laid = cluster.lay_topic(&topic.name, &new, (age, topic.rate, topic.bytes), random);
    laid.map_err(|refused| anyhow!("topic {}: {refused}", topic.name))
}

fn clients(world: &mut World, kafka: &Kafka) -> Result<()> {
    let index = world.kafka.len() - 1;
    for group in &kafka.groups {
        let laid = lay_group(&world.kafka[index], group)?;
        world.kafka[index].groups.insert(group.name.as_str().into(), laid);
        if let Some(workload) = &group.workload {
            let (namespace, name) = workload.split_once('/').context("a workload without a namespace")?;
            world.bonds.consumers.push(Consumer {
                workload: Key::new(namespace, name),
                cluster: index,
                group: group.name.as_str().into(),
                cores: group.cores,
            });
        }
    }
    for topic in &kafka.topics {
        let Some((namespace, name)) = topic.producer.as_ref().and_then(|p| p.split_once('/')) else {
            continue;
        };
        let workload = Key::new(namespace, name);
        let deployment =
            world.kubernetes.get(&DEPLOYMENTS, &workload).context("a producer without a workload")?;
        let pods = object::count(deployment, "/spec/replicas");
        let topic_name: Text = topic.name.as_str().into();
        world.bonds.producers.push(Producer {
            workload,
            cluster: index,
            topic: topic_name,
            rate: topic.rate,
            pods,
        });
    }
    Ok(())
}

/// A group that has read all but its lag, shared over the partitions by what is in them.
pub fn lay_group(cluster: &Cluster, group: &Group) -> Result<kafka::Group> {
    let assignor = if group.sticky { Assignor::Sticky } else { Assignor::Range };
    let mut laid = kafka::Group::new(group.topics.clone(), group.pace, assignor);
    let topics: Option<Vec<_>> =
        group.topics.iter().map(|name| Some((name, cluster.topics.get(name)?))).collect();
    let topics = topics.with_context(|| format!("group {} reads a topic that is not there", group.name))?;
    let partitions: usize = topics.iter().map(|(_, topic)| topic.partitions.len()).sum();
    let lag = group.lag / partitions.max(1) as f64;
    for (name, topic) in topics {
        let position = |p: usize| (topic.end(p) as f64 - lag).max(topic.start(p) as f64);
        let committed =
            (0..topic.partitions.len()).map(|p| Some(Committed { position: position(p), metadata: None }));
        laid.committed.insert(name.clone(), committed.collect());
    }
    Ok(laid)
}

/// From here on brokers say themselves whether they are ready, and when they have stopped.
fn hand_over(estate: &Estate, world: &mut World) {
    let images: BTreeSet<&str> = estate.kafka.iter().map(|k| &*k.image).collect();
    for image in &images {
        if let Some(program) = world.plane.kubelet.programs.get_mut(*image) {
            program.ready_after = None;
            program.stops_in = f64::from(u32::MAX);
        }
    }
    for run in world.plane.kubelet.runs.values_mut() {
        for container in run.containers.iter_mut().filter(|c| images.contains(&*c.image)) {
            container.told = true;
        }
    }
}
