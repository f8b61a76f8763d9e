//! The state of the whole in one line.

use super::{Finding, Joined, Severity};
use crate::domain::{
    human,
    reading::{Feed, Progress, State},
    snapshot::Snapshot,
    time::Time,
};

/// The line is no longer than this many characters, its first words excepted.
const LENGTH: usize = 100;
/// So many findings of one kind are named; the rest are counted.
const ALIKE: usize = 2;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    pub severity: Severity,
    /// `DEGRADED 2 under-replicated · 1/5 brokers NotReady 4m · billing lag 18m ↑`.
    pub line: String,
}

impl Severity {
    /// The word that a verdict begins with.
    pub fn verdict(self) -> &'static str {
        match self {
            Severity::Ok => "HEALTHY",
            Severity::Unknown => "UNKNOWN",
            Severity::Warning => "DEGRADED",
            Severity::Critical => "CRITICAL",
        }
    }
}

impl Verdict {
    pub fn of(snapshot: &Snapshot, joined: &Joined, findings: &[Finding], now: Time) -> Self {
        let bad: Vec<&Finding> = findings.iter().filter(|f| f.severity > Severity::Ok).collect();
        let waiting = waiting(snapshot, now);
        let severity = bad.iter().map(|f| f.severity).max().unwrap_or_default();
        let severity = if waiting.is_empty() { severity } else { severity.max(Severity::Unknown) };
        let mut parts = briefs(&bad);
        if !waiting.is_empty() {
            parts.push(format!("waiting for {}", waiting.join(", ")));
        }
        if parts.is_empty() {
            parts.push(well(joined));
        }
        Verdict { severity, line: fit(severity.verdict(), &parts) }
    }
}

/// The findings' few words, those of one kind beyond the first ones only counted.
fn briefs(findings: &[&Finding]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for (i, finding) in findings.iter().enumerate() {
        let alike = |f: &&&Finding| f.code == finding.code && f.severity == finding.severity;
        match findings[..i].iter().filter(alike).count() {
            n if n < ALIKE => parts.push(finding.brief.clone()),
            ALIKE => {
                let all = findings.iter().filter(alike).count();
                parts.push(format!("+{} {}", all - ALIKE, finding.code));
            }
            _ => {}
        }
    }
    parts
}

fn fit(word: &str, parts: &[String]) -> String {
    let mut line = word.to_string();
    for (i, part) in parts.iter().enumerate() {
        let joint = if i == 0 { " " } else { " · " };
        let length = |s: &str| s.chars().count();
        if i > 0 && length(&line) + length(joint) + length(part) > LENGTH {
            return format!("{line} · +{} more", parts.len() - i);
        }
        line = format!("{line}{joint}{part}");
    }
    line
}

/// What has not been read even once.
fn waiting(snapshot: &Snapshot, now: Time) -> Vec<String> {
    let feeds: [(&str, &Feed); 4] = [
        ("pods", &snapshot.kubernetes.pods.feed),
        ("Kafka", &snapshot.kafka.cluster_feed),
        ("topics", &snapshot.kafka.topics_feed),
        ("groups", &snapshot.kafka.groups_feed),
    ];
    let words = |(name, feed): (&str, &Feed)| match feed.state(now) {
        State::Pending(Some(Progress { done, total: Some(total) })) => {
            Some(format!("{name} ({} of {})", human::count(done), human::count(total)))
        }
        State::Pending(_) => Some(name.to_string()),
        _ => None,
    };
    feeds.into_iter().filter_map(words).collect()
}

/// What a healthy cluster has to say.
fn well(joined: &Joined) -> String {
    let totals = &joined.totals;
    let lag: u64 = joined.groups.iter().filter_map(|row| row.lag).sum();
    let groups = joined.groups.iter().len();
    let mut words = format!(
        "{}, {} in sync",
        human::plural(joined.brokers.len(), "broker"),
        human::plural(totals.partitions as usize, "partition")
    );
    if groups > 0 {
        words = format!("{words}, {} with lag {}", human::plural(groups, "group"), human::count(lag));
    }
    words
}
