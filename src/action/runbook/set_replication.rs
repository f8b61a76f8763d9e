//! More or fewer replicas of topics' partitions.

use crate::{
    action::{
        Argument, Friction, Intent, Known, Plan, Verb, rate,
        reassign::{
            self,
            disks::Room,
            planner::{Planner, Site},
            wish::Scope,
        },
        rights,
    },
    domain::{human, kafka::Topic, object::Object},
};
use std::collections::BTreeSet;

pub static SET_REPLICATION: Verb = Verb {
    name: "set-replication",
    aliases: &["replication-factor"],
    about: "replication factor",
    argument: Some(Argument {
        name: "REPLICAS [at RATE]",
        proposal: |known, objects| factors(known, objects).last().map(usize::to_string).unwrap_or_default(),
        choices: |_, _| Vec::new(),
        file: false,
    }),
    acts: rights::MOVE,
    takes: |known, object| selected(known, object).map(drop),
    many: true,
    plan,
    ..Verb::PLAIN
};

fn selected<'a>(known: &Known<'a>, object: Option<&Object>) -> Result<&'a Topic, String> {
    match object {
        Some(Object::Topic(name)) => {
            let topic = known.world.snapshot.kafka.topics.get(name);
            topic.ok_or_else(|| format!("there is no topic {name} any more"))
        }
        Some(other) => Err(format!("a {} has no replication factor of its own; select topics", other.noun())),
        None => Err("select topics first".into()),
    }
}

/// How many replicas the partitions have now.
fn factors(known: &Known<'_>, objects: &[Object]) -> BTreeSet<usize> {
    let topics = objects.iter().filter_map(|object| selected(known, Some(object)).ok());
    topics.flat_map(|topic| topic.partitions.iter().map(|p| p.replicas.len())).collect()
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let kafka = &known.world.snapshot.kafka;
    let topics: Vec<&Topic> =
        intent.objects.iter().map(|object| selected(known, Some(object))).collect::<Result<_, _>>()?;
    let (typed, rate) = rate::split(&intent.argument)?;
    let wanted: usize = typed.parse().ok().filter(|n| *n > 0).ok_or_else(|| {
        format!("{typed:?} is not a number of replicas; type one, such as 3, or `3 at 50MiB`")
    })?;
    let brokers = kafka.brokers.values().filter(|b| b.registered).count();
    if wanted > brokers {
        return Err(format!(
            "{} cannot be on {}: no broker holds two of a partition",
            human::plural(wanted, "replica"),
            human::plural(brokers, "broker")
        ));
    }
    let parts = Scope::of(&intent.objects)?.parts(kafka)?;
    let sites = Site::all(kafka, |id| Room::of(known, id));
    let changes = Planner::new(sites, false).of_factor(wanted).plan(&parts)?;
    if changes.is_empty() {
        return Err(format!("every partition has {} already", human::plural(wanted, "replica")));
    }
    let name = match topics.as_slice() {
        [one] => one.name.to_string(),
        many => human::plural(many.len(), "topic"),
    };
    let has = human::list(factors(known, &intent.objects), 3);
    let mut plan = Plan::new(intent, format!("replication factor of {name} from {has} to {wanted}"), name);
    reassign::lay(known, &mut plan, changes, rate);
    plan.refusals.extend(too_few(&topics, wanted));
    if !plan.refusals.is_empty() {
        plan.friction = Friction::ContextAndName;
    }
    Ok(plan)
}

/// With fewer replicas than min ISR asks for, one lost replica is more than it seems: a broker asks for no more than
/// there are (Kafka `Partition.effectiveMinIsr`), and acks=all promises less than the topic's setting says.
fn too_few(topics: &[&Topic], wanted: usize) -> Option<String> {
    let few: Vec<&&Topic> =
        topics.iter().filter(|topic| topic.min_insync().is_some_and(|min| min > wanted)).collect();
    let first = few.first()?;
    let min = first.min_insync().unwrap_or_default();
    Some(format!(
        "{} under the min ISR of {min} of {}: acks=all would promise less than that says; lower \
         min.insync.replicas first (:alter-config)",
        human::plural(wanted, "replica"),
        human::list(few.iter().map(|topic| &topic.name), 3)
    ))
}
