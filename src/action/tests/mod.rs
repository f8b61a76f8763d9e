//! Each verb on the worlds of the tests.

mod gallery;
pub mod pods;
mod rights;
mod roll;

use super::{Intent, Known, Plan, Policy, find, groups};
use crate::{
    domain::{
        ask::LogSpan,
        kafka::{BrokerId, TopicName},
        kubernetes::{Key, KubernetesDelta, TableDelta},
        object::{Kind, Object},
        snapshot::{Delta, Snapshot},
    },
    world::{Fixture, Mood, NOW, SMALL, fixture},
};

pub fn known(fixture: &Fixture) -> Known<'_> {
    Known { world: fixture.world(), policy: Policy::default() }
}

pub fn healthy() -> Fixture {
    fixture(Mood::Healthy, SMALL)
}

/// A healthy world in which something was changed.
pub fn changed(change: impl FnOnce(&mut Snapshot)) -> Fixture {
    let mut snapshot = healthy().snapshot;
    change(&mut snapshot);
    Fixture::of(snapshot, NOW)
}

pub fn plan(fixture: &Fixture, verb: &str, objects: &[Object], argument: &str) -> Result<Plan, String> {
    let intent = Intent { verb: verb.into(), objects: objects.to_vec(), argument: argument.into() };
    let verb = find(verb).expect("a verb of that name");
    (verb.plan)(&known(fixture), &intent)
}

/// An argument with what Kafka answers below it: every log begins at 5, and an instant is 10 before its end.
pub fn looked_up(fixture: &Fixture, verb: &str, objects: &[Object], argument: &str) -> String {
    let intent = Intent { verb: verb.into(), objects: objects.to_vec(), argument: argument.into() };
    let verb = find(verb).expect("a verb of that name");
    let Some(query) = (verb.lookup)(&known(fixture), &intent) else { return argument.into() };
    let span = |topic: &TopicName, partition: i32| {
        let end = fixture.snapshot.kafka.end(topic, partition).expect("a log end");
        LogSpan { topic: topic.clone(), partition, start: 5, end, at: query.at.map(|_| end - 10) }
    };
    let places = query.partitions.iter().flat_map(|(topic, all)| all.iter().map(move |p| (topic, *p)));
    let spans: Vec<LogSpan> = places.map(|(topic, partition)| span(topic, partition)).collect();
    groups::answered(argument, &spans)
}

/// The plan, which there must be.
pub fn made(fixture: &Fixture, verb: &str, object: Object, argument: &str) -> Plan {
    plan(fixture, verb, &[object], argument).unwrap_or_else(|why| panic!("{verb} {argument:?}: {why}"))
}

/// The sentence that says why there is no plan.
pub fn refused(fixture: &Fixture, verb: &str, object: Object, argument: &str) -> String {
    match plan(fixture, verb, &[object], argument) {
        Ok(plan) => panic!("{verb} {argument:?} is planned: {plan:?}"),
        Err(why) => why,
    }
}

pub fn object(kind: Kind, namespace: &str, name: &str) -> Object {
    let uid = format!("uid-{namespace}-{name}").into();
    Object::Kube { kind, key: Key::new(namespace, name), uid }
}

/// The brokers' StatefulSet.
pub fn set() -> Object {
    object(Kind::StatefulSet, "kafka", "kafka")
}

fn node() -> Object {
    let world = healthy();
    let meta = &world.snapshot.kubernetes.nodes.iter().next().expect("a node").meta;
    Object::Kube { kind: Kind::Node, key: meta.key.clone(), uid: meta.uid.clone() }
}

pub fn broker(id: i32) -> Object {
    Object::Broker(BrokerId(id))
}

pub fn put<T>(row: T) -> TableDelta<T> {
    TableDelta::Put { row, at: NOW }
}

pub fn apply(snapshot: &mut Snapshot, news: impl Into<Delta>) {
    snapshot.apply(news.into());
}

/// Changes the broker's StatefulSet.
pub fn with_set(snapshot: &mut Snapshot, change: impl FnOnce(&mut crate::domain::kubernetes::StatefulSet)) {
    let sets = &snapshot.kubernetes.stateful_sets;
    let mut set = sets.iter().next().expect("the brokers' set").clone();
    change(&mut set);
    apply(snapshot, KubernetesDelta::StatefulSets(put(set)));
}

/// Changes a pod.
pub fn with_pod(
    snapshot: &mut Snapshot,
    namespace: &str,
    name: &str,
    change: impl FnOnce(&mut crate::domain::kubernetes::Pod),
) {
    let mut pod = snapshot.kubernetes.pods.get(&Key::new(namespace, name)).expect("the pod").clone();
    change(&mut pod);
    apply(snapshot, KubernetesDelta::Pods(put(pod)));
}

pub fn says(lines: impl IntoIterator<Item = impl ToString>, words: &str) -> bool {
    lines.into_iter().any(|line| line.to_string().contains(words))
}

pub fn notes(plan: &Plan) -> Vec<String> {
    plan.notes.iter().map(|n| n.text.clone()).collect()
}
