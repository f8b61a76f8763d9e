//! One change to a system, as plain data: what effects perform and the journal keeps.

use crate::domain::{
    Text, human,
    kafka::{BrokerId, GroupId, TopicId, TopicName},
    kubernetes::Key,
    object::Kind,
};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The replicas that a partition is to have, the preferred leader first; None cancels its reassignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub topic: TopicName,
    pub partition: i32,
    pub replicas: Option<Vec<BrokerId>>,
}

/// Topics' ids as they were shown, where Kafka tells them: a topic that was deleted and created anew under its
/// name has another.
pub type Ids = BTreeMap<TopicName, TopicId>;

/// One change of one dynamic setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    pub of: ConfigOf,
    pub name: String,
    pub how: ConfigHow,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigOf {
    Topic(TopicName),
    Broker(BrokerId),
}

impl ConfigOf {
    pub fn topic(&self) -> Option<&TopicName> {
        match self {
            ConfigOf::Topic(name) => Some(name),
            ConfigOf::Broker(_) => None,
        }
    }

    pub fn broker(&self) -> Option<BrokerId> {
        match self {
            ConfigOf::Topic(_) => None,
            ConfigOf::Broker(id) => Some(*id),
        }
    }
}

impl fmt::Display for ConfigOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigOf::Topic(topic) => write!(f, "topic {topic}"),
            ConfigOf::Broker(id) => write!(f, "broker {id}"),
        }
    }
}

/// To a list's entries others are added (`Append`) and taken away (`Subtract`) without touching the rest:
/// several at once with commas between them. What is there already is not added twice, and what is not there
/// not missed.
///
/// Source: Kafka `AlterConfigOp.OpType`, `ConfigurationControlManager`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigHow {
    Set(String),
    /// To what holds where nothing is set.
    Remove,
    Append(String),
    Subtract(String),
}

impl ConfigHow {
    /// It only takes away.
    pub fn takes_away(&self) -> bool {
        matches!(self, ConfigHow::Remove | ConfigHow::Subtract(_))
    }
}

/// A message's key or value. It is sent as it is; what is kept of it is how long it is, and its digest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Print", from = "Print")]
pub enum Content {
    Whole(String),
    /// Read from a journal.
    Kept(Print),
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    pub bytes: usize,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// So much of a digest tells texts apart for a reader.
const TOLD: usize = 12;

impl Content {
    /// None: only its digest was kept.
    pub fn text(&self) -> Option<&str> {
        match self {
            Content::Whole(text) => Some(text),
            Content::Kept(_) => None,
        }
    }
}

impl From<Content> for Print {
    fn from(content: Content) -> Print {
        match content {
            Content::Kept(print) => print,
            Content::Whole(text) => {
                let digest = digest(&SHA256, text.as_bytes());
                let sha256 = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
                Print { bytes: text.len(), sha256 }
            }
        }
    }
}

impl From<Print> for Content {
    fn from(print: Print) -> Content {
        Content::Kept(print)
    }
}

/// `5 B, sha256 2cf24dba5fb0…`
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Print { bytes, sha256 } = Print::from(self.clone());
        write!(f, "{}, sha256 {:.TOLD$}…", human::bytes(bytes as u64), sha256)
    }
}

/// A log is no place for it either.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({self})")
    }
}

/// What was heard of a write, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// The server took it.
    Taken(Text),
    /// Of several partitions these were refused, and the others taken.
    Partly { words: Text, refused: Vec<(TopicName, i32)> },
    /// The server refused it, or it was never sent: nothing changed.
    Refused(Text),
    /// Nothing was heard in time: it may have been done, so its goal is looked at all the same.
    Unheard(Text),
}

impl Said {
    pub fn words(&self) -> &Text {
        match self {
            Said::Taken(words) | Said::Refused(words) | Said::Unheard(words) => words,
            Said::Partly { words, .. } => words,
        }
    }
}

/// Everything that castellan can write. Writes on Kubernetes are pinned to what was shown: by UID, and a
/// scale by resourceVersion; those on a topic that is there, by its id where Kafka tells one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "write", rename_all = "kebab-case")]
pub enum Write {
    /// Through the scale subresource.
    Scale {
        kind: Kind,
        key: Key,
        uid: Text,
        resource_version: Text,
        replicas: i32,
    },
    /// As `kubectl rollout restart`: the pod template's annotation `kubectl.kubernetes.io/restartedAt`.
    Restart {
        kind: Kind,
        key: Key,
        uid: Text,
    },
    /// An annotation that its operator acts on.
    Annotate {
        kind: Kind,
        key: Key,
        uid: Text,
        name: Text,
        value: Text,
    },
    Evict {
        pod: Key,
        uid: Text,
    },
    Delete {
        pod: Key,
        uid: Text,
    },
    Cordon {
        node: Text,
        uid: Text,
        on: bool,
    },
    /// A PersistentVolumeClaim: it goes when no pod uses it any more, and its volume's data with it.
    DeleteClaim {
        claim: Key,
        uid: Text,
    },
    Reassign {
        partitions: Vec<Assignment>,
        #[serde(default)]
        ids: Ids,
    },
    /// Preferred leader election.
    Elect {
        partitions: Vec<(TopicName, i32)>,
        #[serde(default)]
        ids: Ids,
    },
    CreateTopic {
        topic: TopicName,
        partitions: i32,
        replication: i16,
        configs: Vec<(String, String)>,
    },
    /// `total` partitions afterwards.
    AddPartitions {
        topic: TopicName,
        #[serde(default)]
        id: Option<TopicId>,
        total: i32,
    },
    /// Those of a broker go to that broker itself; a topic or a broker may be named by several changes, but each
    /// of its settings by one. Done in part it is said to be refused, with what was taken.
    Configure {
        changes: Vec<ConfigChange>,
        #[serde(default)]
        ids: Ids,
    },
    DeleteTopic {
        topic: TopicName,
        #[serde(default)]
        id: Option<TopicId>,
    },
    /// As an administrator does, for a group that nobody is in: (topic, partition, offset).
    CommitOffsets {
        group: GroupId,
        offsets: Vec<(TopicName, i32, i64)>,
    },
    DeleteGroup {
        group: GroupId,
    },
    /// What a group has committed on these partitions.
    DeleteOffsets {
        group: GroupId,
        partitions: Vec<(TopicName, i32)>,
    },
    /// None: the partition that the key hashes to.
    Produce {
        topic: TopicName,
        partition: Option<i32>,
        key: Option<Content>,
        value: Option<Content>,
    },
}

impl Write {
    /// Kafka takes it, and not the API server.
    pub fn is_of_kafka(&self) -> bool {
        match self {
            Write::Scale { .. }
            | Write::Restart { .. }
            | Write::Annotate { .. }
            | Write::Evict { .. }
            | Write::Delete { .. }
            | Write::DeleteClaim { .. }
            | Write::Cordon { .. } => false,
            Write::Reassign { .. }
            | Write::Elect { .. }
            | Write::CreateTopic { .. }
            | Write::AddPartitions { .. }
            | Write::Configure { .. }
            | Write::DeleteTopic { .. }
            | Write::CommitOffsets { .. }
            | Write::DeleteGroup { .. }
            | Write::DeleteOffsets { .. }
            | Write::Produce { .. } => true,
        }
    }

    /// The topics that it is pinned to, with their ids where those are known.
    pub fn pins(&self) -> Vec<(&TopicName, Option<&TopicId>)> {
        match self {
            Write::Reassign { ids, .. } | Write::Elect { ids, .. } | Write::Configure { ids, .. } => {
                ids.iter().map(|(topic, id)| (topic, Some(id))).collect()
            }
            Write::AddPartitions { topic, id, .. } | Write::DeleteTopic { topic, id } => {
                vec![(topic, id.as_ref())]
            }
            _ => Vec::new(),
        }
    }

    /// Whether it does the same, pins apart: a resourceVersion moves with every change of status.
    pub fn does_as(&self, other: &Write) -> bool {
        let unpinned = |write: &Write| match write.clone() {
            Write::Scale { kind, key, uid, replicas, .. } => {
                Write::Scale { kind, key, uid, replicas, resource_version: "".into() }
            }
            other => other,
        };
        unpinned(self) == unpinned(other)
    }
}
