//! Add partitions to a topic.

use super::selected;
use crate::{
    action::{Act, Argument, Friction, Goal, Intent, Known, May, Note, Plan, Risk, Step, Verb, Write, words},
    domain::{kafka::Topic, object::Object},
};
use std::time::Duration;

/// More than this at once are rather a slip of the finger.
const MANY: i32 = 1_000;

pub static ADD: Verb = Verb {
    name: "add-partitions",
    keys: &["+"],
    about: "add partitions",
    argument: Some(Argument {
        name: "TOTAL",
        proposal: |known, objects| {
            selected(known, objects.first()).map(|t| t.partitions.len().to_string()).unwrap_or_default()
        },
        choices: |_, _| Vec::new(),
        file: false,
    }),
    acts: &[May::always(Act::AddPartitions)],
    takes: |known, object| taken(known, object).map(drop),
    plan,
    ..Verb::PLAIN
};

fn taken<'a>(known: &Known<'a>, object: Option<&Object>) -> Result<&'a Topic, String> {
    let topic = selected(known, object)?;
    if topic.internal {
        return Err(format!(
            "{} is Kafka's own: what it holds is found by the number of its partitions",
            topic.name
        ));
    }
    Ok(topic)
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let topic = taken(known, intent.objects.first())?;
    let has = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
    let typed = intent.argument.trim();
    let total: i32 = typed.parse().map_err(|_| {
        format!("{typed:?} is not a number of partitions; type how many there are to be in all")
    })?;
    if total == has {
        return Err(format!("{} has {has} already; type how many there are to be in all", topic.name));
    }
    if total < has {
        return Err(format!(
            "{} has {has} partitions and cannot have fewer; type how many there are to be in all",
            topic.name
        ));
    }
    let title = format!("add {} partitions to {}", total - has, topic.name);
    let mut plan = Plan::new(intent, title, &*topic.name);
    plan.risk = Risk::Low;
    plan.changes.push(format!("{}: {has} -> {total} partitions", topic.name));
    plan.notes.push(Note::warning(
        "from then on keys map to other partitions: messages of one key are in two, and their order is lost",
    ));
    if topic.config.as_ref().is_some_and(|c| c.cleanup.contains("compact")) {
        plan.notes.push(Note::warning(
            "it is compacted: the old message of a key in its old partition is never compacted away",
        ));
    }
    plan.notes.push(Note::plain("partitions cannot be taken away again"));
    let kafka = &known.world.snapshot.kafka;
    plan.unknown.extend(words::doubt(known, "topics", &kafka.topics_feed));
    if total - has > MANY {
        (plan.risk, plan.friction) = (Risk::Elevated, Friction::Name);
    }
    plan.commands.push(format!(
        "kafka-topics.sh {} --alter --topic {} --partitions {total}",
        words::bootstrap(known),
        words::sh(&topic.name)
    ));
    plan.steps.push(Step {
        title: plan.title.clone(),
        write: Write::AddPartitions { topic: topic.name.clone(), id: topic.id.clone(), total },
        until: Goal::Topic { topic: topic.name.clone(), partitions: total },
        patience: Duration::from_secs(60),
    });
    Ok(plan)
}
