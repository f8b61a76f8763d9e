//! Topics: made, grown, configured, deleted, written to.

pub mod alter;
pub mod create;
pub mod delete;
pub mod goal;
pub mod grow;
pub mod produce;
mod settings;

use super::Known;
use crate::domain::{kafka::Topic, object::Object};

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

#[cfg(test)]
mod tests;
