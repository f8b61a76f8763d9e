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
const ALIKE: usize = 3;

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
        let mut bad: Vec<&Finding> = findings.iter().filter(|f| f.severity > Severity::Ok).collect();
        // A Kafka that is nowhere to be found is not waited for.
        let absent = bad.iter().any(|f| f.code == "absent");
        let waiting = if absent { Vec::new() } else { waiting(snapshot, now) };
        let severity = bad.iter().map(|f| f.severity).max().unwrap_or_default();
        // Who cannot see Kafka cannot say that it is only degraded.
        let blind = severity < Severity::Critical && bad.iter().any(|f| f.blinds());
        if blind {
            bad.sort_by_key(|f| f.severity != Severity::Unknown);
        }
        let severity = if blind { Severity::Unknown } else { severity };
        let severity = if waiting.is_empty() { severity } else { severity.max(Severity::Unknown) };
        let mut parts = briefs(&bad);
        if !waiting.is_empty() {
            parts.push(format!("waiting for {}", waiting.join(", ")));
        }
        if parts.is_empty() {
            parts.push(well(joined));
            // What does not make it ill is still worth a look.
            let noted = findings.len() - bad.len();
            parts.extend((noted > 0).then(|| format!("{noted} to note: :findings")));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::object::Object,
        world::{Mood, SMALL, fixture},
    };

    fn finding(code: &'static str, severity: Severity, brief: &str) -> Finding {
        let line = format!("{brief}, at length");
        let subject = Object::Finding(brief.into());
        Finding { code, severity, subject, line, brief: brief.into(), since: None, evidence: vec![] }
    }

    #[test]
    fn each_state_of_the_world_has_its_line() {
        let cases = [
            (Mood::Empty, "UNKNOWN no Kafka found in any namespace, among 0 pods"),
            (Mood::Pending, "UNKNOWN waiting for pods, Kafka, topics, groups"),
            (Mood::Healthy, "HEALTHY 3 brokers, 42 partitions in sync, 4 groups with lag 0"),
            (
                Mood::Degraded,
                "CRITICAL 1 offline · 1 under min ISR · claim data-kafka-1 Pending · broker 2 disk 92% full · \
                 +5 more",
            ),
            (Mood::Stale, "UNKNOWN Kubernetes stale 2m · Kafka stale 2m · Prometheus stale 2m"),
            (Mood::Failed, "UNKNOWN Kubernetes silent 40s · Kafka silent 40s · Prometheus cut off 40s"),
        ];
        for (mood, line) in cases {
            assert_eq!(fixture(mood, SMALL).derived.verdict.line, line);
        }
    }

    #[test]
    fn findings_of_one_kind_are_counted_after_the_first_ones() {
        let down: Vec<_> =
            (0..7).map(|i| finding("broker-pod", Severity::Warning, &format!("broker {i}"))).collect();
        assert_eq!(
            briefs(&down.iter().collect::<Vec<_>>()),
            ["broker 0", "broker 1", "broker 2", "+4 broker-pod"]
        );
    }

    #[test]
    fn the_line_ends_in_time_and_says_how_much_it_leaves_out() {
        let parts: Vec<String> = (0..9).map(|i| format!("something {i} is wrong")).collect();
        let line = fit("DEGRADED", &parts);
        assert!(line.chars().count() <= LENGTH + " · +9 more".len(), "{line}");
        assert!(line.ends_with("· +5 more"), "{line}");
    }

    #[test]
    fn who_cannot_see_kafka_does_not_say_that_it_is_only_degraded() {
        let fixture = fixture(Mood::Healthy, SMALL);
        let blind = Finding { subject: Object::Finding("source Kafka".into()), ..unseen("source") };
        let verdict = |findings: &[Finding]| {
            Verdict::of(&fixture.snapshot, &fixture.derived.joined, findings, fixture.now)
        };
        let small = finding("pod", Severity::Warning, "a pod is broken");
        let told = verdict(&[small.clone(), blind.clone()]);
        assert_eq!(told.severity, Severity::Unknown);
        assert!(told.line.starts_with("UNKNOWN Kafka unreachable · a pod"), "{}", told.line);
        let lost = finding("offline", Severity::Critical, "1 offline");
        assert_eq!(verdict(&[lost, blind]).severity, Severity::Critical, "what was seen stays worse");
        assert_eq!(verdict(&[small, unseen("prometheus")]).severity, Severity::Warning);
    }

    fn unseen(code: &'static str) -> Finding {
        finding(code, Severity::Unknown, "Kafka unreachable")
    }

    #[test]
    fn what_is_good_to_know_does_not_make_a_cluster_ill() {
        let fixture = fixture(Mood::Healthy, SMALL);
        let known = [finding("moves", Severity::Ok, "3 being moved")];
        let verdict = Verdict::of(&fixture.snapshot, &fixture.derived.joined, &known, fixture.now);
        assert_eq!(verdict.severity, Severity::Ok);
    }
}
