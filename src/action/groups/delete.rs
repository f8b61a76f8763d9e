//! Delete a group: what it has committed is gone.

use super::{PUT_BACK, how_to_empty, is_empty, selected, tool};
use crate::{
    action::{Act, Friction, Goal, Intent, Known, May, Note, Plan, Risk, Step, Verb, Write, words},
    domain::{human, kafka::Group, object::Object},
};
use std::time::Duration;

pub static DELETE: Verb = Verb {
    name: "delete-group",
    keys: &["ctrl-d"],
    about: "delete the group",
    friction: Friction::Name,
    acts: &[May::always(Act::DeleteGroup)],
    takes: |known, object| match object {
        Some(Object::GroupPartition(..)) => Err("a partition is no consumer group; select a group".into()),
        object => selected(known, object).map(drop),
    },
    plan,
    ..Verb::PLAIN
};

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let group = selected(known, intent.objects.first())?;
    if !is_empty(group)? {
        let n = human::plural(group.members.len(), "member");
        return Err(format!("group {} has {n}; {}", group.id, how_to_empty(known, group)));
    }
    let mut plan = Plan::new(intent, format!("delete group {}", group.id), &*group.id);
    (plan.risk, plan.friction) = (Risk::Loss, Friction::Name);
    plan.unknown.extend(words::doubt(known, "consumer groups", &known.world.snapshot.kafka.groups_feed));
    plan.unknown.extend(words::doubt(known, "what it has committed", &group.offsets.feed));
    let commits = group.offsets.last().map_or(&[][..], |all| all);
    let n = human::plural(commits.len(), "partition");
    plan.changes.push(format!("group {} and what it has committed on {n} are gone", group.id));
    plan.notes.push(Note::plain(
        "whoever joins it again begins where auto.offset.reset says: at the end, if nothing else was set",
    ));
    plan.commands.push(format!("{} --delete", tool(known, group)));
    plan.undo = Some(before(group)).filter(|lines| !lines.is_empty());
    plan.notes.extend(plan.undo.is_some().then(|| Note::plain(PUT_BACK)));
    plan.steps.push(Step {
        title: plan.title.clone(),
        write: Write::DeleteGroup { group: group.id.clone() },
        until: Goal::NoGroup { group: group.id.clone() },
        patience: Duration::from_secs(120),
    });
    Ok(plan)
}

/// What `reset-offsets` takes as a file.
fn before(group: &Group) -> String {
    let commits = group.offsets.last().into_iter().flatten();
    let lines: Vec<String> = commits.map(|c| format!("{},{},{}", c.topic, c.partition, c.offset)).collect();
    lines.join("\n")
}
