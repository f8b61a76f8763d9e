//! Topics: made, grown, configured, deleted, written to.

pub mod alter;
pub mod create;
pub mod delete;
mod freed;
pub mod goal;
pub mod grow;
pub mod produce;
mod settings;

use super::{Known, write::Ids};
use crate::domain::{
    kafka::{Topic, TopicName},
    object::Object,
};

/// The topic that is selected.
fn selected<'a>(known: &Known<'a>, object: Option<&Object>) -> Result<&'a Topic, String> {
    match object {
        Some(Object::Topic(name)) => known
            .world
            .snapshot
            .kafka
            .topics
            .get(name)
            .ok_or_else(|| format!("topic {name} is not there any more")),
        Some(other) => Err(format!("a {} is no topic; select a topic", other.noun())),
        None => Err("select a topic first".into()),
    }
}

/// The ids that these topics have, where Kafka tells them.
pub fn ids<'a>(known: &Known<'_>, names: impl IntoIterator<Item = &'a TopicName>) -> Ids {
    let topics = &known.world.snapshot.kafka.topics;
    let id = |name: &TopicName| Some((name.clone(), topics.get(name)?.id.clone()?));
    names.into_iter().filter_map(id).collect()
}

#[cfg(test)]
mod tests;
