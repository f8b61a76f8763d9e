//! Spread replicas over racks where two of a partition share one, with as few moves as possible.

use crate::{
    action::{
        Argument, Intent, Known, Plan, Verb, rate,
        reassign::{
            self,
            disks::Room,
            planner::{Planner, Site},
            wish::Scope,
        },
        rights,
    },
    domain::{human, object::Object},
};
use std::collections::BTreeSet;

pub static REPAIR_RACKS: Verb = Verb {
    name: "repair-racks",
    about: "spread over racks",
    argument: Some(Argument {
        name: "[all] [at RATE]",
        proposal: |_, _| String::new(),
        choices: |_, _| vec!["all".into()],
        file: false,
    }),
    acts: rights::MOVE,
    takes: |_, _| Ok(()),
    many: true,
    plan,
    ..Verb::PLAIN
};

/// Topics and partitions mean themselves; all else means every topic.
fn named(objects: &[Object]) -> &[Object] {
    let of_topic = |object: &Object| matches!(object, Object::Topic(_) | Object::Partition(..));
    if objects.iter().all(of_topic) { objects } else { &[] }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let kafka = &known.world.snapshot.kafka;
    let (rest, rate) = rate::split(&intent.argument)?;
    let topics = match rest {
        "" => named(&intent.objects),
        "all" => &[],
        other => {
            return Err(format!("{other:?} is not understood; type `all`, `at 50MiB`, both, or nothing"));
        }
    };
    let racks: BTreeSet<_> =
        kafka.brokers.values().filter(|b| b.registered).filter_map(|b| b.rack.as_ref()).collect();
    if racks.len() < 2 {
        return Err("the brokers are not in different racks: set broker.rack".into());
    }
    let parts = Scope::of(topics)?.parts_or_all(kafka)?;
    let sites = Site::all(kafka, |id| Room::of(known, id));
    let changes = Planner::new(sites, true).plan(&parts)?;
    if changes.is_empty() {
        return Err(format!("replicas are spread over the {} racks as well as they can be", racks.len()));
    }
    let name = match topics {
        [one] => one.name(),
        _ => human::plural(changes.len(), "partition"),
    };
    let title = format!("spread {} over {} racks", human::plural(changes.len(), "partition"), racks.len());
    let mut plan = Plan::new(intent, title, name);
    reassign::lay(known, &mut plan, changes, rate);
    Ok(plan)
}
