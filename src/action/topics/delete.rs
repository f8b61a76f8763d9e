//! Delete a topic: its name is typed.

use super::selected;
use crate::{
    action::{Act, Friction, Goal, Intent, Known, May, Note, Plan, Risk, Step, Verb, Write, words},
    domain::{
        human,
        kafka::{Group, GroupId, Topic},
    },
};
use std::time::Duration;

pub static DELETE: Verb = Verb {
    name: "delete-topic",
    keys: &["ctrl-d"],
    about: "delete the topic",
    friction: Friction::Name,
    acts: &[May::always(Act::DeleteTopic)],
    takes: |known, object| selected(known, object).map(drop),
    plan,
    ..Verb::PLAIN
};

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let topic = selected(known, intent.objects.first())?;
    let kafka = &known.world.snapshot.kafka;
    let mut plan = Plan::new(intent, format!("delete topic {}", topic.name), &*topic.name);
    (plan.risk, plan.friction) = (Risk::Loss, Friction::Name);
    plan.changes.push(format!(
        "{} and all that is in its {} is gone for good",
        topic.name,
        human::plural(topic.partitions.len(), "partition")
    ));
    amounts(known, &mut plan, topic);
    if topic.internal {
        plan.refusals.push(format!("{} is Kafka's own: groups or transactions lose their state", topic.name));
    }
    let moving = kafka.reassignments.last().map_or(0, |moves| moves.topic(&topic.name).len());
    if moving > 0 {
        let n = human::plural(moving, "partition");
        plan.notes.push(Note::plain(format!("{n} of it being reassigned: that ends, too")));
    }
    readers(known, &mut plan, topic);
    plan.unknown.extend(words::doubt(known, "consumer groups", &kafka.groups_feed));
    plan.commands.push(format!(
        "kafka-topics.sh {} --delete --topic {}",
        words::bootstrap(known),
        words::sh(&topic.name)
    ));
    plan.steps.push(Step {
        title: plan.title.clone(),
        write: Write::DeleteTopic { topic: topic.name.clone(), id: topic.id.clone() },
        until: Goal::NoTopic { topic: topic.name.clone(), id: topic.id.clone() },
        patience: Duration::from_secs(120),
    });
    Ok(plan)
}

fn amounts(known: &Known<'_>, plan: &mut Plan, topic: &Topic) {
    let kafka = &known.world.snapshot.kafka;
    let sizes = kafka.sizes.topic(&topic.name);
    let replicas = |i: usize| topic.partitions.get(i).map_or(0, |p| p.replicas.len() as u64);
    let all: u64 = sizes.iter().enumerate().map(|(i, bytes)| bytes.unwrap_or(0) * replicas(i)).sum();
    match kafka.sizes.whole(&topic.name) {
        Some(bytes) => {
            plan.amounts.push(format!("{} ({} with its replicas)", human::bytes(bytes), human::bytes(all)));
        }
        None => plan.amounts.push("its size is not known".into()),
    }
}

/// Groups that read it now, and groups that only have commits on it.
fn readers(known: &Known<'_>, plan: &mut Plan, topic: &Topic) {
    let assigned = |g: &Group| {
        g.members
            .iter()
            .flat_map(|m| &m.assignment)
            .any(|a| a.topic == topic.name && !a.partitions.is_empty())
    };
    let committed = |g: &Group| g.offsets.last().is_some_and(|all| all.iter().any(|c| c.topic == topic.name));
    let (mut reading, mut left): (Vec<&GroupId>, Vec<&GroupId>) = Default::default();
    for group in known.world.snapshot.kafka.groups.values() {
        if assigned(group) {
            reading.push(&group.id);
        } else if committed(group) {
            left.push(&group.id);
        }
    }
    if !reading.is_empty() {
        let n = human::plural(reading.len(), "group");
        plan.notes.push(Note::warning(format!("{n} reading it now: {}", human::list(&reading, 5))));
    }
    if !left.is_empty() {
        let n = human::plural(left.len(), "group");
        plan.notes
            .push(Note::plain(format!("{n} with commits on it and no reader: {}", human::list(&left, 5))));
    }
}
