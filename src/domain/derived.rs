//! What follows from a snapshot, worked out once per generation and never per frame.

use super::{Text, object::Object, snapshot::Snapshot, time::Time};

/// How bad something is. The order is that of the exit codes' meaning: worse is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    #[default]
    Ok,
    /// It cannot be told, because a source is silent.
    Unknown,
    Warning,
    Critical,
}

/// One thing that is wrong (or cannot be told), with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub severity: Severity,
    /// What it is about, and where Enter leads.
    pub subject: Object,
    /// The line that names it: `kafka-2 stuck 11m on a dead node; identity not released`.
    pub line: String,
    /// Since when, as far as the evidence tells.
    pub since: Option<Time>,
    /// The signals it was joined from, each with its age where it is not live.
    pub evidence: Vec<String>,
}

/// The state of the whole in one line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    pub severity: Severity,
    /// `DEGRADED 2 under-replicated · 1/5 brokers NotReady 4m · billing lag 18m ↑`.
    pub line: String,
}

#[derive(Debug, Clone, Default)]
pub struct Derived {
    /// The snapshot's generation that this was made from.
    pub generation: u64,
    pub verdict: Verdict,
    /// Worst first; of one severity, causes before effects (node, volume, pod, broker, partition, group).
    pub findings: Vec<Finding>,
    /// The Kafka cluster whose brokers are joined, as named by discovery.
    pub cluster: Option<Text>,
}

impl Derived {
    /// Works out everything anew.
    pub fn of(snapshot: &Snapshot, _now: Time) -> Self {
        Derived { generation: snapshot.generation, ..Derived::default() }
    }
}
