//! Goals about topics.

use crate::{
    action::{Known, Sight, Write},
    domain::{
        human,
        kafka::{TopicId, TopicName},
    },
};

fn awaited(words: String, share: Option<f64>) -> Sight {
    Sight::Awaited { words, share }
}

fn reads(known: &Known<'_>) -> bool {
    known.world.snapshot.kafka.topics_feed.state(known.world.now).is_live()
}

fn silent() -> Sight {
    Sight::Unknown("the topics are not read now".into())
}

/// There, with so many partitions, each with a leader.
pub fn there(known: &Known<'_>, name: &TopicName, partitions: i32) -> Sight {
    if !reads(known) {
        return silent();
    }
    let Some(topic) = known.world.snapshot.kafka.topics.get(name) else {
        return awaited(format!("topic {name} to appear"), None);
    };
    let wanted = usize::try_from(partitions).unwrap_or(0);
    let led = topic.partitions.iter().filter(|p| !p.is_offline()).count();
    if topic.partitions.len() >= wanted && led == topic.partitions.len() {
        return Sight::Reached;
    }
    let wanted = wanted.max(topic.partitions.len());
    let words = format!("{led} of {} of {name} with a leader", human::plural(wanted, "partition"));
    awaited(words, Some(led as f64 / wanted as f64))
}

/// Said where a topic that the write is pinned to is another by now: what was done to the one before went
/// with it.
pub fn replaced(known: &Known<'_>, write: &Write) -> Option<Sight> {
    if matches!(write, Write::DeleteTopic { .. }) || !reads(known) {
        return None;
    }
    let topics = &known.world.snapshot.kafka.topics;
    let other = |(name, id): &(&TopicName, Option<&TopicId>)| {
        let now = topics.get(*name).and_then(|topic| topic.id.as_ref());
        now.zip(*id).is_some_and(|(now, shown)| now != shown)
    };
    let (name, _) = write.pins().into_iter().find(other)?;
    Some(Sight::Lost(format!("topic {name} was deleted and created anew")))
}

/// `id`: of the topic that is to go; another may be created in its place at once.
pub fn gone(known: &Known<'_>, name: &TopicName, id: Option<&TopicId>) -> Sight {
    if !reads(known) {
        return silent();
    }
    match known.world.snapshot.kafka.topics.get(name) {
        None => Sight::Reached,
        Some(other) if id.is_some() && other.id.as_ref() != id => Sight::Reached,
        Some(_) => awaited(format!("topic {name} to go"), None),
    }
}
