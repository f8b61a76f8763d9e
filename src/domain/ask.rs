//! Questions that the user asks of one object, answered once or followed: manifests, logs, messages.

use super::{
    Text,
    access::{Grant, Permission},
    kafka::TopicName,
    kubernetes::Key,
    object::Kind,
    time::Time,
};
use std::time::Duration;

/// Names one question, so that late answers to a closed one are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct AskId(pub u64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The object's manifest as YAML, without managedFields.
    Yaml {
        kind: Kind,
        key: Key,
    },
    Logs(LogQuery),
    Messages(MessageQuery),
    /// What the user may do.
    Access(AccessQuery),
    Offsets(OffsetQuery),
}

/// Where the logs of partitions begin and end, and where in them an instant is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetQuery {
    pub partitions: Vec<(TopicName, Vec<i32>)>,
    pub at: Option<Time>,
}

/// One partition's log, in offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSpan {
    pub topic: TopicName,
    pub partition: i32,
    pub start: i64,
    pub end: i64,
    /// Of the first message that is not older than what was asked for; None: there is none.
    pub at: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessQuery {
    /// Each in its namespace (empty: in the cluster's scope).
    pub kubernetes: Vec<(Permission, Text)>,
    /// On the Kafka cluster.
    pub cluster: bool,
    pub topics: Vec<TopicName>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    pub pod: Key,
    /// None: the pod's default container (annotation, else the first).
    pub container: Option<Text>,
    pub follow: bool,
    /// The log of the container's run before the last restart.
    pub previous: bool,
    pub since: Option<Duration>,
    /// At most this many of the last lines.
    pub tail: Option<u32>,
    pub timestamps: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageQuery {
    pub topic: TopicName,
    /// None: every partition.
    pub partition: Option<i32>,
    pub start: Start,
    /// Go on after the end was reached.
    pub follow: bool,
    /// At most this many messages are kept; the reader stops there unless it follows.
    pub limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The newest n over all partitions asked for.
    Newest(u32),
    Beginning,
    Offset(i64),
    Time(Time),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub partition: i32,
    pub offset: i64,
    pub time: Option<Time>,
    pub key: Option<Payload>,
    /// None: a tombstone.
    pub value: Option<Payload>,
    pub headers: Vec<(Text, Option<Payload>)>,
}

/// Bytes as they were on the wire, cut at a limit so that one message cannot fill the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    pub bytes: std::sync::Arc<[u8]>,
    /// The size before the cut.
    pub whole: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Yaml(String),
    /// Lines in order, without their line ends.
    LogLines(Vec<String>),
    Messages(Vec<Message>),
    Granted(Vec<Grant>),
    /// Everything that was asked for.
    Offsets(Vec<LogSpan>),
    /// A dry run: what the API server would say to the write.
    Rehearsed(Result<Text, Text>),
    /// What is going on meanwhile, in a word or two (`reading 3 of 6 partitions`).
    Progress(String),
    /// The end was reached; nothing more comes.
    End,
    /// Nothing more comes, for this reason.
    Failed(Text),
}
