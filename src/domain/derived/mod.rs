//! What follows from a snapshot, worked out once per generation and never per frame.

mod groups;
mod health;
mod join;
mod verdict;

pub use super::{
    kafka::{Tally, Totals, adding, refuses, under_replicated},
    lag::Trend,
};
pub use groups::{GroupRow, Groups, Pods, lag};
pub use health::{Trouble, trouble};
pub use join::{BrokerRow, Choice, Joined, node};
pub use verdict::Verdict;

use super::{
    Text,
    object::Object,
    snapshot::Snapshot,
    time::{self, Time},
};

/// How bad something is. The order is that of the exit codes' meaning: worse is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// Of a finding: good to know, nothing to do.
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
    /// The rule's name; with the subject it identifies the finding from one generation to the next.
    pub code: &'static str,
    pub severity: Severity,
    /// What it is about, and where Enter leads.
    pub subject: Object,
    /// The line that names it, without for how long: `kafka-2 stuck on a dead node; identity not released`.
    pub line: String,
    /// The same in the verdict's few words: `2 under-replicated`.
    pub brief: String,
    /// Since when, as far as the evidence tells.
    pub since: Option<Time>,
    /// The signals it was joined from, each with its age where it is not live.
    pub evidence: Vec<String>,
}

impl Finding {
    /// The line with for how long, where that has no column of its own.
    pub fn told(&self, now: Time) -> String {
        let how_long = self.since.map(|since| format!(" ({})", time::age(now.since(since))));
        format!("{}{}", self.line, how_long.unwrap_or_default())
    }

    /// `offline topic orders`: stable while the same thing is wrong with the same object.
    pub fn id(&self) -> Text {
        format!("{} {} {}", self.code, self.subject.noun(), self.subject.name()).into()
    }
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
    pub joined: Joined,
}

impl Derived {
    /// Works out everything anew.
    pub fn of<'a>(snapshot: &Snapshot, now: Time, choice: impl Into<Choice<'a>>) -> Self {
        Self::default().next(snapshot, now, choice.into())
    }

    /// As [`Derived::of`], but keeps what follows from something that did not change.
    pub fn next(&self, snapshot: &Snapshot, now: Time, choice: Choice<'_>) -> Self {
        let joined = self.joined.next(snapshot, now, choice);
        let findings = health::findings(snapshot, &joined, now);
        Derived {
            generation: snapshot.generation,
            verdict: Verdict::of(snapshot, &joined, &findings, now),
            cluster: joined.cluster().map(|c| c.name.clone()),
            findings,
            joined,
        }
    }

    pub fn finding(&self, id: &str) -> Option<&Finding> {
        self.findings.iter().find(|f| *f.id() == *id)
    }
}

#[cfg(test)]
#[path = "next_tests.rs"]
mod tests;
