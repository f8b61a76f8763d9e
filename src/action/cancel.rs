//! Cancel reassignments: what was added goes, what was removed stays.

use super::{
    Act, Goal, Intent, Known, May, Note, Plan, Risk, Step, Verb, Write,
    radius::PartitionName,
    reassign::{json, wish::Scope},
    topics::ids,
    words,
    write::Assignment,
};
use crate::domain::{
    human,
    kafka::{BrokerId, Reassignment},
    object::Object,
};
use std::time::Duration;

pub static CANCEL: Verb = Verb {
    name: "cancel-reassignment",
    keys: &["x"],
    about: "cancel the move",
    acts: &[May::always(Act::Reassign)],
    takes: |known, object| any(known, object.map_or(&[], std::slice::from_ref)),
    many: true,
    plan,
    ..Verb::PLAIN
};

/// Those under way of the objects; of nothing, all.
fn active<'a>(
    known: &Known<'a>,
    objects: &[Object],
) -> Result<impl Iterator<Item = &'a Reassignment>, String> {
    let scope = Scope::of(objects)?;
    let all = known.world.snapshot.kafka.reassignments.last().into_iter().flat_map(|moves| moves.iter());
    Ok(all.filter(move |r| scope.is_empty() || scope.has(&r.topic, r.partition, &r.replicas)))
}

/// Whether there is one at all: no more of them are looked at than it takes.
fn any(known: &Known<'_>, objects: &[Object]) -> Result<(), String> {
    match (active(known, objects)?.next(), objects) {
        (Some(_), _) => Ok(()),
        (None, [one]) => Err(format!("nothing of {} {} is being reassigned", one.noun(), one.name())),
        (None, _) => Err("nothing is being reassigned".into()),
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    any(known, &intent.objects)?;
    let moves: Vec<&Reassignment> = active(known, &intent.objects)?.collect();
    let n = human::plural(moves.len(), "reassignment");
    let (title, name) = match moves.as_slice() {
        [one] => {
            let name = format!("{}-{}", one.topic, one.partition);
            (format!("cancel the reassignment of {name}"), name)
        }
        _ => (format!("cancel {n}"), n),
    };
    let mut plan = Plan::new(intent, title, name);
    plan.risk = Risk::Low;
    let kafka = &known.world.snapshot.kafka;
    let feeds = [("reassignments under way", &kafka.reassignments.feed), ("ISRs", &kafka.topics_feed)];
    plan.unknown.extend(feeds.into_iter().filter_map(|(what, feed)| words::doubt(known, what, feed)));
    unclean(known, &mut plan, &moves);
    if !plan.unknown.is_empty() {
        plan.risk = plan.risk.max(Risk::Elevated);
    }
    plan.changes = moves.iter().map(|r| line(r)).collect();
    plan.notes.push(Note::plain("what the added replicas have copied is deleted"));
    plan.commands = commands(known, &moves);
    let targets: Vec<Vec<BrokerId>> = moves.iter().map(|r| target(r)).collect();
    let undo = moves.iter().zip(&targets).map(|(r, to)| (&*r.topic, r.partition, &to[..]));
    plan.undo = Some(json::write(undo));
    let partition =
        |r: &&Reassignment| Assignment { topic: r.topic.clone(), partition: r.partition, replicas: None };
    let partitions: Vec<Assignment> = moves.iter().map(partition).collect();
    plan.steps = vec![Step {
        title: plan.title.clone(),
        write: Write::Reassign {
            ids: ids(known, moves.iter().map(|r| &r.topic)),
            partitions: partitions.clone(),
        },
        until: Goal::Reassigned { partitions },
        patience: Duration::from_secs(120),
    }];
    Ok(plan)
}

/// Where only replicas that are being added are in sync, taking them away leaves none that may lead.
fn unclean(known: &Known<'_>, plan: &mut Plan, moves: &[&Reassignment]) {
    let kafka = &known.world.snapshot.kafka;
    let isr = |r: &Reassignment| kafka.topics.get(&r.topic)?.partition(r.partition).map(|p| p.isr.clone());
    let lost = |r: &&&Reassignment| isr(r).is_some_and(|isr| isr.iter().all(|id| r.adding.contains(*id)));
    let names: Vec<PartitionName> =
        moves.iter().filter(lost).map(|r| (r.topic.clone(), r.partition)).collect();
    if names.is_empty() {
        return;
    }
    plan.risk = Risk::Outage;
    plan.refusals.push(format!(
        "only replicas that are being added are in sync: cancelling would need an unclean election, which \
         loses data, for {}",
        words::partitions(&names, 3)
    ));
    plan.radius.offline = names;
}

/// `orders-3  [0,1,2] stays, 3 is not added`
fn line(r: &Reassignment) -> String {
    let back: Vec<BrokerId> = r.replicas.iter().copied().filter(|id| !r.adding.contains(*id)).collect();
    let added = human::list(r.adding.iter(), 6);
    let stays = words::replicas(&back);
    match r.adding.len() {
        0 => format!("{}-{}  {stays} stays", r.topic, r.partition),
        1 => format!("{}-{}  {stays} stays, {added} is not added", r.topic, r.partition),
        _ => format!("{}-{}  {stays} stays, {added} are not added", r.topic, r.partition),
    }
}

/// What it was to become.
fn target(r: &Reassignment) -> Vec<BrokerId> {
    r.replicas.iter().copied().filter(|id| !r.removing.contains(*id)).collect()
}

fn commands(known: &Known<'_>, moves: &[&Reassignment]) -> Vec<String> {
    let targets: Vec<Vec<BrokerId>> = moves.iter().map(|r| target(r)).collect();
    let text = json::write(moves.iter().zip(&targets).map(|(r, to)| (&*r.topic, r.partition, &to[..])));
    let mut lines = vec!["cat > plan.json <<'EOF'".to_string()];
    lines.extend(text.lines().map(String::from));
    let server = words::bootstrap(known);
    lines.push("EOF".into());
    lines.push(format!("kafka-reassign-partitions.sh {server} --reassignment-json-file plan.json --cancel"));
    lines
}
