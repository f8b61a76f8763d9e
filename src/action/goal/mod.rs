//! What a step is followed until: a fact about the cluster, read from what is known.

mod claims;
mod groups;
pub mod pods;
mod settings;
#[cfg(test)]
mod tests;

use super::{
    Known, cordon, elect, reassign, topics,
    write::{Assignment, ConfigChange},
};
use crate::domain::{
    Text,
    kafka::{BrokerId, GroupId, TopicId, TopicName},
    kubernetes::Key,
    object::Kind,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "goal", rename_all = "kebab-case")]
pub enum Goal {
    /// The answer to the write is all there is.
    Answered,
    Cordoned {
        node: Text,
        on: bool,
    },
    /// So many replicas asked for and ready; the brokers among them registered and in every ISR.
    Replicas {
        kind: Kind,
        key: Key,
        replicas: i32,
        /// The object's generation before.
        after: i64,
    },
    /// So many replicas asked for, whether they are there or not.
    Scaled {
        kind: Kind,
        key: Key,
        replicas: i32,
    },
    /// Every pod runs the newest revision and is ready.
    RolledOut {
        kind: Kind,
        key: Key,
        /// The object's generation before.
        after: i64,
    },
    /// Another pod in its place is Ready (a bare pod: it is gone), its broker registered and back in every ISR.
    PodReplaced {
        pod: Key,
        uid: Text,
        broker: Option<BrokerId>,
    },
    /// The pod ends, or is gone; or its operator was asked to end it, by an annotation that is there now.
    PodEnding {
        pod: Key,
        uid: Text,
        asked: Option<Text>,
    },
    /// The claim is being deleted, or has gone: it stays as long as a pod uses it.
    ClaimEnding {
        claim: Key,
        uid: Text,
    },
    /// None of these moves any more, and each has its replicas; cancelled ones only have to rest.
    Reassigned {
        partitions: Vec<Assignment>,
    },
    /// Each moves, or has its replicas.
    Begun {
        partitions: Vec<Assignment>,
    },
    /// Led by their preferred leaders.
    Led {
        partitions: Vec<(TopicName, i32)>,
    },
    Topic {
        topic: TopicName,
        partitions: i32,
    },
    /// Not there, or another in its place.
    NoTopic {
        topic: TopicName,
        #[serde(default)]
        id: Option<TopicId>,
    },
    /// Each setting as it was changed to be. Of a broker's settings only the rates of its replication throttles
    /// are read.
    Settings {
        changes: Vec<ConfigChange>,
    },
    /// Not there, or another in its place.
    ClaimReplaced {
        claim: Key,
        uid: Text,
    },
    /// Committed so; or somebody is in the group again, and goes on from there.
    Offsets {
        group: GroupId,
        offsets: Vec<(TopicName, i32, i64)>,
    },
    NoGroup {
        group: GroupId,
    },
    /// Nothing is committed on these.
    NoOffsets {
        group: GroupId,
        partitions: Vec<(TopicName, i32)>,
    },
    /// Nobody is in it.
    GroupEmpty {
        group: GroupId,
    },
}

impl Goal {
    /// The same without these partitions.
    pub fn without(mut self, refused: &[(TopicName, i32)]) -> Goal {
        let taken =
            |topic: &TopicName, partition: i32| !refused.iter().any(|(t, p)| t == topic && *p == partition);
        match &mut self {
            Goal::Reassigned { partitions } | Goal::Begun { partitions } => {
                partitions.retain(|a| taken(&a.topic, a.partition))
            }
            Goal::Led { partitions } | Goal::NoOffsets { partitions, .. } => {
                partitions.retain(|(topic, partition)| taken(topic, *partition));
            }
            Goal::Offsets { offsets, .. } => {
                offsets.retain(|(topic, partition, _)| taken(topic, *partition));
            }
            _ => {}
        }
        self
    }
}

/// How far a goal is.
#[derive(Debug, Clone, PartialEq)]
pub enum Sight {
    Reached,
    /// What is awaited, and how much of it is done, from 0 to 1, where it can be told.
    Awaited {
        words: String,
        share: Option<f64>,
    },
    /// Nothing of it can be seen, as if it had never been done or was called back. Soon after the write
    /// the sources may only not have told yet.
    Idle(String),
    /// It will not come true any more.
    Lost(String),
    /// It cannot be told now: a source is silent.
    Unknown(String),
}

/// Looks where a goal stands.
pub fn look(goal: &Goal, known: &Known<'_>) -> Sight {
    match goal {
        Goal::Answered => Sight::Reached,
        Goal::Cordoned { node, on } => cordon::look(known, node, *on),
        Goal::PodReplaced { pod, uid, broker } => pods::replaced(known, pod, uid, *broker),
        Goal::ClaimEnding { claim, uid } => claims::ending(known, claim, uid),
        Goal::PodEnding { pod, uid, asked } => pods::ending(known, pod, uid, asked.as_ref()),
        Goal::Replicas { kind, key, replicas, after } => pods::replicas(known, *kind, key, *replicas, *after),
        Goal::Scaled { kind, key, replicas } => pods::scaled(known, *kind, key, *replicas),
        Goal::RolledOut { kind, key, after } => pods::rolled_out(known, *kind, key, *after),
        Goal::Reassigned { partitions } => reassign::progress::look(known, partitions),
        Goal::Begun { partitions } => reassign::progress::begun(known, partitions),
        Goal::Led { partitions } => elect::look(known, partitions),
        Goal::Topic { topic, partitions } => topics::goal::there(known, topic, *partitions),
        Goal::NoTopic { topic, id } => topics::goal::gone(known, topic, id.as_ref()),
        Goal::Settings { changes } => settings::changed(known, changes),
        Goal::ClaimReplaced { claim, uid } => claims::replaced(known, claim, uid),
        Goal::Offsets { group, offsets } => groups::committed(known, group, offsets),
        Goal::NoGroup { group } => groups::gone(known, group),
        Goal::NoOffsets { group, partitions } => groups::without(known, group, partitions),
        Goal::GroupEmpty { group } => groups::empty(known, group),
    }
}
