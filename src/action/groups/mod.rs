//! Consumer groups: what they have committed, and they themselves.

pub mod delete;
pub mod delete_offsets;
pub mod reset;
mod spot;
#[cfg(test)]
mod tests;

pub use spot::answered;

use super::{Known, words, workload::Workload};
use crate::domain::{
    human,
    kafka::{Group, GroupId, GroupState, Member},
    object::{Kind, Object},
};

/// What the lines are that a plan gives to put it back.
const PUT_BACK: &str = "the lines that put it back are a file for :reset-offsets @FILE";

/// The group that is selected.
fn selected<'a>(known: &Known<'a>, object: Option<&Object>) -> Result<&'a Group, String> {
    let gone = |id: &GroupId| format!("group {id} is not there any more");
    match object {
        Some(Object::Group(id) | Object::GroupPartition(id, ..)) => {
            known.world.snapshot.kafka.groups.get(id).ok_or_else(|| gone(id))
        }
        Some(other) => Err(format!("a {} is no consumer group; select a group", other.noun())),
        None => Err("select a consumer group first".into()),
    }
}

/// Whether nobody is in it: only then Kafka lets others change what it has committed.
///
/// # Errors
/// It cannot be told.
fn is_empty(group: &Group) -> Result<bool, String> {
    match (group.state, &group.error) {
        (GroupState::Empty | GroupState::Dead, _) => Ok(true),
        (GroupState::Stable | GroupState::Rebalancing, _) => Ok(false),
        (GroupState::Unknown, Some(error)) => {
            Err(format!("the state of group {} is not known: {error}", group.id))
        }
        (GroupState::Unknown, None) => Err(format!("the state of group {} is not known", group.id)),
    }
}

/// The workloads whose pods its members are, by name.
///
/// # Errors
/// Members are not pods of any StatefulSet or Deployment that is known; who they are, and what to do.
fn workloads<'a>(known: &Known<'a>, group: &Group) -> Result<Vec<Workload<'a>>, String> {
    let mut found: Vec<Workload<'a>> = Vec::new();
    let mut strangers: Vec<&str> = Vec::new();
    for member in &group.members {
        match workload_of(known, member) {
            Some(workload) if found.iter().any(|w| w.meta().uid == workload.meta().uid) => {}
            Some(workload) => found.push(workload),
            None => strangers.push(&member.client_id),
        }
    }
    if !strangers.is_empty() {
        let (n, is, them) = match strangers.len() {
            1 => ("1 member".to_owned(), "is", "it"),
            n => (human::plural(n, "member"), "are", "them"),
        };
        return Err(format!(
            "{n} of group {} {is} no pod of a workload that castellan knows: stop {them} first ({})",
            group.id,
            human::list(strangers, 3)
        ));
    }
    if found.is_empty() {
        return Err(format!(
            "group {} is {} without members: wait for it to be Empty",
            group.id,
            group.state.name()
        ));
    }
    found.sort_by(|a, b| a.meta().key.cmp(&b.meta().key));
    Ok(found)
}

fn workload_of<'a>(known: &Known<'a>, member: &Member) -> Option<Workload<'a>> {
    let kubernetes = &known.world.snapshot.kubernetes;
    let pod = kubernetes.pods.get(known.world.derived.joined.pods.of_member(member)?)?;
    kubernetes.owners(&pod.meta).into_iter().find_map(|owner| {
        let kind = Kind::from_name(&owner.kind)?;
        let key = crate::domain::kubernetes::Key {
            namespace: pod.meta.key.namespace.clone(),
            name: owner.name.clone(),
        };
        Workload::find(known, kind, &key).filter(|workload| workload.meta().uid == owner.uid)
    })
}

/// How a group is emptied by hand, and its consumers brought back: a sentence.
fn how_to_empty(known: &Known<'_>, group: &Group) -> String {
    match workloads(known, group) {
        Err(why) => why,
        Ok(workloads) => {
            let line = |w: &Workload<'_>| {
                format!("kubectl scale {} --replicas 0 (and back to {})", w.argument(), w.replicas())
            };
            format!("stop its consumers first: {}", human::list(workloads.iter().map(line), 4))
        }
    }
}

/// `kafka-consumer-groups.sh --bootstrap-server host:port --group g`
fn tool(known: &Known<'_>, group: &Group) -> String {
    format!("kafka-consumer-groups.sh {} --group {}", words::bootstrap(known), words::sh(&group.id))
}
