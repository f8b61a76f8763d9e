//! Delete what a group has committed on topics.

use super::{PUT_BACK, selected, spot, tool};
use crate::{
    action::{Act, Argument, Friction, Goal, Intent, Known, May, Note, Plan, Risk, Step, Verb, Write, words},
    domain::{
        human,
        kafka::{Committed, Group, TopicName},
        object::Object,
    },
};
use std::{collections::BTreeSet, time::Duration};

pub static DELETE_OFFSETS: Verb = Verb {
    name: "delete-offsets",
    about: "forget its commits on topics",
    friction: Friction::Name,
    argument: Some(Argument {
        name: "TOPIC…",
        proposal: |_, objects| match objects.first() {
            Some(Object::GroupPartition(_, topic, _)) => topic.to_string(),
            _ => String::new(),
        },
        choices: |known, objects| {
            let group = selected(known, objects.first()).ok();
            let topics = group.and_then(|group| spot::committed_on(group).ok()).unwrap_or_default();
            topics.into_iter().map(|(topic, _)| topic.to_string()).collect()
        },
        file: false,
    }),
    acts: &[May::always(Act::DeleteOffsets)],
    takes: |known, object| selected(known, object).map(drop),
    plan,
    ..Verb::PLAIN
};

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let group = selected(known, intent.objects.first())?;
    let topics = topics(&intent.argument)?;
    let commits: Vec<&Committed> =
        group.offsets.last().into_iter().flatten().filter(|c| topics.contains(&c.topic)).collect();
    for topic in &topics {
        check(group, topic, &commits)?;
    }
    let names = human::list(&topics, 3);
    let title = format!("forget what group {} has committed on {names}", group.id);
    let mut plan = Plan::new(intent, title, &*group.id);
    (plan.risk, plan.friction) = (Risk::Loss, Friction::Name);
    plan.unknown.extend(words::doubt(known, "consumer groups", &known.world.snapshot.kafka.groups_feed));
    plan.unknown.extend(words::doubt(known, "what it has committed", &group.offsets.feed));
    let line = |c: &Committed| format!("{},{},{}", c.topic, c.partition, c.offset);
    plan.changes =
        commits.iter().map(|c| format!("{}-{}  {} -> nothing", c.topic, c.partition, c.offset)).collect();
    plan.notes.push(Note::plain(
        "whoever reads it again for this group begins where auto.offset.reset says: at the end, if nothing \
         else was set",
    ));
    let options = topics.iter().map(|topic| format!(" --topic {}", words::sh(topic))).collect::<String>();
    plan.commands.push(format!("{} --delete-offsets{options}", tool(known, group)));
    plan.notes.push(Note::plain(PUT_BACK));
    plan.undo = Some(commits.iter().map(|c| line(c)).collect::<Vec<_>>().join("\n"));
    let partitions: Vec<_> = commits.iter().map(|c| (c.topic.clone(), c.partition)).collect();
    plan.steps.push(Step {
        title: plan.title.clone(),
        write: Write::DeleteOffsets { group: group.id.clone(), partitions: partitions.clone() },
        until: Goal::NoOffsets { group: group.id.clone(), partitions },
        patience: Duration::from_secs(120),
    });
    Ok(plan)
}

fn topics(argument: &str) -> Result<BTreeSet<TopicName>, String> {
    let topics: BTreeSet<TopicName> = argument.split_whitespace().map(TopicName::from).collect();
    if topics.is_empty() { Err("type the topics whose commits it is to forget".into()) } else { Ok(topics) }
}

/// Kafka keeps the commits on a topic that somebody of the group reads.
fn check(group: &Group, topic: &TopicName, commits: &[&Committed]) -> Result<(), String> {
    if !commits.iter().any(|c| c.topic == *topic) {
        return Err(format!("group {} has committed nothing on {topic}", group.id));
    }
    let reads = group.members.iter().find(|m| m.assignment.iter().any(|a| a.topic == *topic));
    match reads {
        Some(member) => Err(format!(
            "{} reads {topic} for group {}: stop it first, or take {topic} from what it subscribes to",
            member.client_id, group.id
        )),
        None => Ok(()),
    }
}
