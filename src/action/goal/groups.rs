//! Goals about consumer groups.

use super::{Known, Sight};
use crate::domain::{
    human,
    kafka::{Committed, Group, GroupId, GroupState, TopicName},
};

fn unknown(words: String) -> Sight {
    Sight::Unknown(words)
}

/// The group, if it is there; groups that are Dead are not.
fn find<'a>(known: &Known<'a>, id: &GroupId) -> Result<Option<&'a Group>, Sight> {
    let kafka = &known.world.snapshot.kafka;
    if !kafka.groups_feed.state(known.world.now).is_live() {
        return Err(unknown("the groups are not read now".into()));
    }
    Ok(kafka.groups.get(id).filter(|group| group.state != GroupState::Dead))
}

/// A group's commits, in the order of topics and partitions.
fn commits<'a>(known: &Known<'_>, group: &'a Group) -> Result<&'a [Committed], Sight> {
    let read = group.offsets.live(known.world.now);
    read.map(Vec::as_slice)
        .ok_or_else(|| unknown(format!("what group {} has committed is not read now", group.id)))
}

fn committed_on(commits: &[Committed], topic: &TopicName, partition: i32) -> Option<i64> {
    let at = commits.binary_search_by(|c| (&c.topic, c.partition).cmp(&(topic, partition))).ok()?;
    Some(commits[at].offset)
}

/// `2 of 3 partitions`, and how much that is.
fn so_many(done: usize, all: usize, rest: &str) -> Sight {
    let words = format!("{done} of {} {rest}", human::plural(all, "partition"));
    Sight::Awaited { words, share: Some(done as f64 / all.max(1) as f64) }
}

/// Committed so; or somebody is in the group again, and goes on from there.
pub fn committed(known: &Known<'_>, id: &GroupId, wanted: &[(TopicName, i32, i64)]) -> Sight {
    let look = || {
        let Some(group) = find(known, id)? else { return Ok(Sight::Lost(format!("group {id} is gone"))) };
        if matches!(group.state, GroupState::Stable | GroupState::Rebalancing) {
            return Ok(Sight::Reached);
        }
        let commits = commits(known, group)?;
        let is = |(topic, partition, offset): &&(TopicName, i32, i64)| {
            committed_on(commits, topic, *partition) == Some(*offset)
        };
        let done = wanted.iter().filter(is).count();
        let rest = format!("read as committed by group {id}");
        Ok(if done == wanted.len() { Sight::Reached } else { so_many(done, wanted.len(), &rest) })
    };
    look().unwrap_or_else(|sight| sight)
}

pub fn gone(known: &Known<'_>, id: &GroupId) -> Sight {
    match find(known, id) {
        Ok(None) => Sight::Reached,
        Ok(Some(_)) => Sight::Awaited { words: format!("group {id} to go"), share: None },
        Err(sight) => sight,
    }
}

/// Nothing is committed on these.
pub fn without(known: &Known<'_>, id: &GroupId, partitions: &[(TopicName, i32)]) -> Sight {
    let look = || {
        let Some(group) = find(known, id)? else { return Ok(Sight::Reached) };
        let commits = commits(known, group)?;
        let left =
            |(topic, partition): &&(TopicName, i32)| committed_on(commits, topic, *partition).is_some();
        let left = partitions.iter().filter(left).count();
        let rest = format!("read as without a commit of group {id}");
        Ok(match left {
            0 => Sight::Reached,
            left => so_many(partitions.len() - left, partitions.len(), &rest),
        })
    };
    look().unwrap_or_else(|sight: Sight| sight)
}

/// Nobody is in it.
pub fn empty(known: &Known<'_>, id: &GroupId) -> Sight {
    match find(known, id) {
        Ok(None) => Sight::Reached,
        Ok(Some(group)) => match (group.state, group.members.len()) {
            (GroupState::Empty, _) => Sight::Reached,
            (state, 0) => Sight::Awaited {
                words: format!("group {id} to be Empty, which is {}", state.name()),
                share: None,
            },
            (_, members) => {
                let words = format!("{} of group {id} to leave", human::plural(members, "member"));
                Sight::Awaited { words, share: None }
            }
        },
        Err(sight) => sight,
    }
}
