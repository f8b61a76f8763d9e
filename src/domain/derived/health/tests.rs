//! What each rule finds when its signals are there, and that a healthy world has none.

use super::*;
use crate::{
    domain::{
        derived::{Derived, Finding, Severity},
        kafka::{BrokerId, GroupId, KafkaDelta, Quorum, TopicConfig, Voter},
        kubernetes::{ConditionStatus, KubernetesDelta, TableDelta},
        snapshot::Delta,
    },
    world::{self, Mood, NOW, SMALL, kafka, kubernetes},
};
use std::time::Duration;

/// The findings of a healthy world after `deltas`, `later` seconds on.
fn after(deltas: Vec<Delta>) -> Vec<Finding> {
    let mut snapshot = world::healthy(SMALL);
    world::apply(&mut snapshot, deltas);
    Derived::of(&snapshot, NOW, None).findings
}

fn found<'a>(findings: &'a [Finding], code: &str) -> &'a Finding {
    let lines: Vec<_> = findings.iter().map(|f| &f.line).collect();
    findings.iter().find(|f| f.code == code).unwrap_or_else(|| panic!("no {code} in {lines:#?}"))
}

fn put<T>(row: T) -> TableDelta<T> {
    TableDelta::Put { row, at: NOW }
}

/// Commits `behind` the end, a minute apart, while nothing else moves: what a stuck consumer looks like.
fn commit(group: usize, behind: i64) -> Delta {
    let name: GroupId = kafka::CLIENTS[group].into();
    KafkaDelta::Offsets { answers: vec![(name, Ok(kafka::commits(group, SMALL, behind)))], at: NOW }.into()
}

#[test]
fn a_healthy_world_has_nothing_to_say() {
    assert_eq!(after(vec![]), []);
}

#[test]
fn a_silent_source_is_unknown_and_no_rule_reasons_from_what_it_said() {
    for mood in [Mood::Stale, Mood::Failed] {
        let findings = world::fixture(mood, SMALL).derived.findings;
        assert!(findings.iter().all(|f| f.code == "source" && f.severity == Severity::Unknown), "{mood:?}");
        assert_eq!(findings.len(), 3);
    }
    // What was wrong when the source was last heard is not claimed to be wrong now.
    let degraded = world::degraded(SMALL);
    let later = Derived::of(&degraded, NOW.plus(Duration::from_secs(300)), None);
    assert!(later.findings.iter().all(|f| f.code == "source"), "{:#?}", later.findings);
}

#[test]
fn a_crashing_broker_names_its_pod_its_end_and_what_it_costs() {
    let mut pod = kubernetes::broker_pod(1, SMALL);
    kubernetes::crash(&mut pod, 7);
    let findings = after(vec![KubernetesDelta::Pods(put(pod)).into()]);
    let finding = found(&findings, "broker-pod");
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(
        finding.line,
        "broker 1 pod kafka-1 CrashLoopBackOff 4m: 7 restarts, the last run ended with exit code 1 (Error)"
    );
    assert_eq!(finding.brief, "broker 1 CrashLoopBackOff 4m");
    assert_eq!(finding.subject, Object::Broker(BrokerId(1)));
}

#[test]
fn the_last_broker_lost_is_critical() {
    let pods = (0..3).map(|i| {
        let mut pod = kubernetes::broker_pod(i, SMALL);
        kubernetes::unready(&mut pod);
        KubernetesDelta::Pods(put(pod)).into()
    });
    let findings = after(pods.collect());
    assert_eq!(found(&findings, "broker-pod").severity, Severity::Critical);
}

#[test]
fn a_pod_on_a_lost_node_is_not_believed() {
    let mut node = world::healthy(SMALL).kubernetes.nodes.iter().next().unwrap().clone();
    for condition in node.conditions.iter_mut().filter(|c| &*c.kind == "Ready") {
        condition.status = ConditionStatus::Unknown;
        condition.since = Some(NOW.minus(Duration::from_secs(660)));
    }
    let findings = after(vec![KubernetesDelta::Nodes(put(node)).into()]);
    assert_eq!(findings[0].line, "node node-a1 lost 11m: broker 0 on it");
    assert!(findings[1].line.starts_with("broker 0 pod kafka-0 on a lost node 11m"), "{}", findings[1].line);
}

#[test]
fn pods_that_cannot_run_are_warnings_after_kafkas_own_and_clients_come_first() {
    let degraded = world::fixture(Mood::Degraded, SMALL).derived.findings;
    let pods: Vec<_> = degraded.iter().filter(|f| f.code == "pod").map(|f| (f.severity, &*f.line)).collect();
    assert_eq!(
        pods,
        [
            (Severity::Warning, "pod shop/billing-5d8c7-0 Unschedulable 4m"),
            (Severity::Warning, "pod web/web-9-crash CrashLoopBackOff 4m"),
        ]
    );
    let warnings: Vec<_> = degraded.iter().filter(|f| f.severity == Severity::Warning).collect();
    assert_eq!(warnings.iter().position(|f| f.code == "pod"), Some(warnings.len() - 2));
}

#[test]
fn partitions_are_told_by_what_they_refuse() {
    let degraded = world::fixture(Mood::Degraded, SMALL).derived.findings;
    let line = |code| &*found(&degraded, code).line;
    assert_eq!(line("offline"), "1 partition offline, neither read nor written: orders-1");
    assert_eq!(line("min-isr"), "acks=all refused on 1 partition: out of sync on brokers 1, 2");
    assert_eq!(
        line("under-replicated"),
        "41 partitions of 42 under-replicated: out of sync on brokers 1, 2, 0"
    );
    assert_eq!(line("moves"), "1 partition being moved to broker 0");
    assert_eq!(line("disk"), "broker 2: /var/lib/kafka is 92% full, 8.00 GiB left of 100 GiB");
}

#[test]
fn a_throttle_without_a_move_is_left_behind() {
    let config = TopicConfig {
        min_insync: 2,
        overrides: vec![("leader.replication.throttled.replicas".into(), "0:1,0:2".into())],
        ..TopicConfig::default()
    };
    let set = KafkaDelta::Configs { configs: vec![("orders".into(), config)], at: NOW };
    let findings = after(vec![set.into()]);
    assert_eq!(found(&findings, "throttle").brief, "throttle left on 1 topic");
    assert_eq!(found(&findings, "throttle").subject, Object::Topic("orders".into()));
}

#[test]
fn voters_that_lag_are_counted_against_the_majority() {
    let quorum = |behind: [u64; 3]| {
        let voter = |(id, s)| Voter { id: BrokerId(id), log_end: 1, behind: Some(Duration::from_secs(s)) };
        let voters = (0..3).zip(behind).map(voter).collect();
        let quorum = Quorum { leader: Some(BrokerId(0)), epoch: 1, voters, observers: vec![] };
        after(vec![KafkaDelta::Quorum { answer: Ok(quorum), at: NOW }.into()])
    };
    assert_eq!(quorum([0, 19, 0]), []);
    assert_eq!(found(&quorum([0, 60, 0]), "quorum").severity, Severity::Warning);
    assert_eq!(found(&quorum([0, 60, 90]), "quorum").severity, Severity::Critical);
}

#[test]
fn a_broker_that_does_not_answer_is_told_with_the_reason() {
    let answer = Err("timed out after 5s".into());
    let silent = KafkaDelta::Contact { broker: BrokerId(2), answer, at: NOW.minus(Duration::from_secs(30)) };
    let findings = after(vec![silent.into()]);
    assert_eq!(found(&findings, "broker-silent").line, "broker 2 does not answer 30s: timed out after 5s");
    assert_eq!(found(&findings, "broker-silent").evidence[1], "pod kafka-2 is ready");
}

#[test]
fn a_group_far_behind_is_told_with_the_pod_that_reads_the_worst_partition() {
    let findings = after(vec![commit(0, 1_200)]);
    let group = found(&findings, "group-lag");
    assert_eq!(group.severity, Severity::Warning);
    assert!(group.line.starts_with("group audit is "), "{}", group.line);
    assert!(group.line.contains("42,000 messages behind"), "{}", group.line);
    assert!(group.line.ends_with("most on clicks-0 by 1,200"), "{}", group.line);
    let pods: Vec<_> = group.evidence.iter().filter(|e| e.starts_with("member")).collect();
    assert_eq!(pods[0], "member audit-5d8c7-0 runs in pod shop/audit-5d8c7-0, Running");
}

#[test]
fn a_group_that_is_nearly_there_is_left_alone() {
    assert_eq!(after(vec![commit(1, 3)]), []);
}
