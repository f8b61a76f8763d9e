//! What each rule finds when its signals are there, and that a healthy world has none.

use super::*;
use crate::{
    domain::{
        derived::{Derived, Finding, Severity},
        kafka::{BrokerId, GroupId, KafkaDelta, Quorum, Throttle, TopicConfig, Voter},
        kubernetes::{ConditionStatus, Key, KubernetesDelta, Reach, StatefulSet, TableDelta},
        snapshot::Delta,
        throughput::{Origin, ThroughputDelta},
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

/// The offsets of a group as they are told now.
fn commit(group: usize, behind: i64) -> Delta {
    let name: GroupId = kafka::CLIENTS[group].into();
    KafkaDelta::Offsets { answers: vec![(name, Ok(kafka::commits(group, SMALL, behind)))], at: NOW }.into()
}

/// A group that was behind from the first.
fn behind(group: usize, behind: i64) -> Vec<Delta> {
    kafka::anew(group, SMALL).into_iter().map(Delta::from).chain([commit(group, behind)]).collect()
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
        "broker 1 pod kafka-1 CrashLoopBackOff: 7 restarts, the last run ended with exit code 1 (Error)"
    );
    assert_eq!(finding.brief, "broker 1 CrashLoopBackOff 4m");
    assert_eq!(finding.subject, Object::Broker(BrokerId(1)));
}

#[test]
fn a_pod_that_crashes_again_and_again_has_not_worked_since_the_first_time() {
    let mut pod = kubernetes::broker_pod(1, SMALL);
    kubernetes::crash(&mut pod, 17);
    for ready in pod.conditions.iter_mut().filter(|c| &*c.kind == "Ready") {
        ready.since = Some(NOW.minus(Duration::from_secs(1)));
    }
    let crashed = after(vec![KubernetesDelta::Pods(put(pod.clone())).into()]);
    assert_eq!(found(&crashed, "broker-pod").brief, "broker 1 CrashLoopBackOff 1s", "nothing tells more");
    let mut event = world::healthy(SMALL).kubernetes.events.iter().next().unwrap().clone();
    (event.reason, event.object_uid, event.count) = ("BackOff".into(), pod.meta.uid.clone(), 40);
    event.first = NOW.minus(Duration::from_secs(2_400));
    let deltas = vec![KubernetesDelta::Pods(put(pod)).into(), KubernetesDelta::Events(put(event)).into()];
    let crashed = after(deltas);
    let finding = found(&crashed, "broker-pod");
    assert_eq!(finding.brief, "broker 1 CrashLoopBackOff 40m");
    assert!(finding.told(NOW).ends_with("(40m)") && !finding.line.contains("40m"), "{}", finding.line);
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
    assert_eq!(findings[0].line, "node node-a1 lost: broker 0 on it");
    assert!(findings[1].line.starts_with("broker 0 pod kafka-0 on a lost node: "), "{}", findings[1].line);
}

#[test]
fn pods_that_cannot_run_are_warnings_among_the_clients_and_good_to_know_elsewhere() {
    let degraded = world::fixture(Mood::Degraded, SMALL).derived.findings;
    let pods: Vec<_> = degraded.iter().filter(|f| f.code == "pod").map(|f| (f.severity, &*f.line)).collect();
    assert_eq!(
        pods,
        [
            (Severity::Warning, "pod shop/billing-5d8c7-0 Unschedulable"),
            (Severity::Ok, "pod web/web-9-crash CrashLoopBackOff"),
        ]
    );
    let warnings: Vec<_> = degraded.iter().filter(|f| f.severity == Severity::Warning).collect();
    assert_eq!(warnings.iter().position(|f| f.code == "pod"), Some(warnings.len() - 1));
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
fn while_another_topic_moves_a_throttle_is_left_behind_where_it_holds_something_back() {
    let told = |topic: &str| {
        let overrides = vec![("follower.replication.throttled.replicas".into(), "*".into())];
        let config = TopicConfig { min_insync: 2, overrides, ..TopicConfig::default() };
        let mut snapshot = world::degraded(SMALL);
        world::apply(
            &mut snapshot,
            [KafkaDelta::Configs { configs: vec![(topic.into(), config)], at: NOW }.into()],
        );
        Derived::of(&snapshot, NOW, None).findings.iter().any(|f| f.code == "throttle")
    };
    let kafka = world::degraded(SMALL).kafka;
    let moving = &kafka.reassignments.last().expect("moves")[0].topic;
    let behind = |t: &&crate::domain::kafka::Topic| {
        t.name != *moving && t.partitions.iter().any(|p| p.isr.len() < p.replicas.len())
    };
    let other = &kafka.topics.values().find(behind).expect("another that is behind").name;
    assert!(!told(moving), "it is in use");
    assert!(told(other));
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
    assert_eq!(found(&findings, "broker-silent").line, "broker 2 does not answer: timed out after 5s");
    assert_eq!(found(&findings, "broker-silent").evidence[1], "pod kafka-2 is ready");
}

#[test]
fn a_group_far_behind_is_told_with_the_pod_that_reads_the_worst_partition() {
    let findings = after(behind(0, 1_200));
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
    assert_eq!(after(behind(1, 3)), []);
}

/// Who may say so: the quorum, and with ZooKeeper the brokers themselves.
#[test]
fn that_no_controller_is_active_is_told_by_kafka_and_not_by_its_silence() {
    let critical = |news: Vec<KafkaDelta>| {
        let anew = std::iter::once(KafkaDelta::Reset).chain(news).map(Delta::from).collect();
        after(anew).into_iter().any(|f| f.code == "controller" && f.severity == Severity::Critical)
    };
    let brokers = |controller| {
        let brokers = vec![(BrokerId(0), "kafka-0".into(), 9092, None)];
        KafkaDelta::Cluster { id: None, controller, brokers, at: NOW }
    };
    let quorum = |leader| {
        let quorum = Quorum { leader, epoch: 1, voters: vec![], observers: vec![] };
        KafkaDelta::Quorum { answer: Ok(quorum), at: NOW }
    };
    let silent = KafkaDelta::Quorum { answer: Err("the controller does not answer".into()), at: NOW };
    assert!(!critical(vec![brokers(None)]), "the quorum was not asked yet");
    assert!(!critical(vec![brokers(None), silent]), "nor has it answered");
    assert!(critical(vec![brokers(None), quorum(None)]));
    assert!(!critical(vec![brokers(Some(None)), quorum(Some(BrokerId(0)))]));
    assert!(critical(vec![brokers(Some(None))]));
    assert!(!critical(vec![brokers(Some(None)), brokers(Some(Some(BrokerId(0))))]));
}

/// The brokers as registered, `change`d.
fn registered(change: impl Fn(i32, &mut String, &mut String)) -> Delta {
    let broker = |id: i32| {
        let (mut host, mut rack) =
            (format!("kafka-{id}.kafka-brokers.kafka.svc"), kubernetes::ZONES[id as usize].to_string());
        change(id, &mut host, &mut rack);
        (BrokerId(id), host.into(), 9092, Some(rack.into()))
    };
    let brokers = (0..3).map(broker).collect();
    KafkaDelta::Cluster { id: None, controller: Some(Some(BrokerId(0))), brokers, at: NOW }.into()
}

fn stateful_set(change: impl Fn(&mut StatefulSet)) -> Delta {
    let healthy = world::healthy(SMALL);
    let mut set = healthy.kubernetes.stateful_sets.iter().next().unwrap().clone();
    change(&mut set);
    KubernetesDelta::StatefulSets(put(set)).into()
}

fn without_pod(index: usize) -> Delta {
    let key = kubernetes::broker_pod(index, SMALL).meta.key;
    KubernetesDelta::Pods(TableDelta::Remove { key, at: NOW }).into()
}

#[test]
fn a_claim_that_is_lost_is_worse_than_one_that_waits_and_a_strangers_is_good_to_know() {
    let claim = |name: &str, phase: &str| {
        let healthy = world::healthy(SMALL);
        let mut claim = healthy.kubernetes.claims.iter().next().unwrap().clone();
        (claim.meta.key, claim.phase) = (Key::new("kafka", name), phase.into());
        let findings = after(vec![KubernetesDelta::Claims(put(claim)).into()]);
        let finding = found(&findings, "claim");
        (finding.severity, finding.line.clone())
    };
    let told = |severity, line: &str| (severity, line.to_string());
    assert_eq!(
        claim("data-kafka-1", "Pending"),
        told(Severity::Warning, "claim kafka/data-kafka-1 of broker 1 is Pending")
    );
    assert_eq!(
        claim("data-kafka-1", "Lost"),
        told(Severity::Critical, "claim kafka/data-kafka-1 of broker 1 is Lost")
    );
    assert_eq!(claim("backup", "Pending"), told(Severity::Ok, "claim kafka/backup is Pending"));
}

#[test]
fn a_stateful_set_that_lacks_pods_says_how_many() {
    let one_gone = after(vec![without_pod(2)]);
    let finding = found(&one_gone, "statefulset");
    assert_eq!(finding.line, "StatefulSet kafka has 2 of its 3 pods");
    assert_eq!(finding.severity, Severity::Warning);
    let all_gone = after((0..3).map(without_pod).collect());
    let finding = found(&all_gone, "statefulset");
    assert_eq!(finding.line, "StatefulSet kafka has none of its 3 pods");
    assert_eq!(finding.severity, Severity::Critical);
    let scaled_down = (0..3).map(without_pod).chain([stateful_set(|set| set.replicas = 0)]).collect();
    assert!(after(scaled_down).iter().all(|f| f.code != "statefulset"), "that was asked for");
}

#[test]
fn an_update_that_waits_for_a_pod_is_a_warning() {
    let update = |ready, strategy: &str| {
        let findings = after(vec![stateful_set(|set| {
            (set.update_revision, set.updated) = ("kafka-7a".into(), 1);
            (set.ready, set.update_strategy) = (ready, strategy.into());
        })]);
        let finding = found(&findings, "rollout");
        (finding.severity, finding.line.clone())
    };
    let line = |how: &str| format!("update of StatefulSet kafka {how}: 1 of 3 pods are new");
    assert_eq!(update(3, "RollingUpdate"), (Severity::Ok, line("is under way")));
    assert_eq!(update(2, "RollingUpdate"), (Severity::Warning, line("waits for a pod to become ready")));
    assert_eq!(update(2, "OnDelete"), (Severity::Ok, line("waits for its pods to be deleted")));
}

#[test]
fn a_rack_that_is_not_the_nodes_zone_is_named_with_both() {
    let findings = after(vec![registered(|id, _, rack| {
        if id == 2 {
            *rack = "zone-a".into();
        }
    })]);
    let finding = found(&findings, "rack");
    assert_eq!(finding.brief, "rack ≠ zone on broker 2");
    assert_eq!(finding.evidence, ["broker 2: broker.rack zone-a, its node's zone zone-c"]);
}

#[test]
fn replicas_that_share_a_zone_although_there_are_enough_are_counted() {
    let healthy = world::healthy(SMALL);
    let mut node = healthy.kubernetes.nodes.iter().find(|n| &*n.meta.key.name == "node-b1").unwrap().clone();
    node.zone = Some("zone-a".into());
    // Two zones for three replicas: that cannot be helped.
    let two_zones = after(vec![KubernetesDelta::Nodes(put(node.clone())).into()]);
    assert!(two_zones.iter().all(|f| f.code != "zones"));
    let mut orders = healthy.kafka.topics["orders"].clone();
    let pair = |a, b| [BrokerId(a), BrokerId(b)].into_iter().collect();
    orders.partitions.truncate(2);
    orders
        .partitions
        .iter_mut()
        .zip([pair(0, 1), pair(1, 2)])
        .for_each(|(p, replicas)| p.replicas = replicas);
    let topics = KafkaDelta::Topics { changed: vec![orders], removed: vec![], at: NOW };
    let findings = after(vec![KubernetesDelta::Nodes(put(node)).into(), topics.into()]);
    let finding = found(&findings, "zones");
    assert_eq!(finding.line, "1 partition with two replicas in one zone");
    assert_eq!(finding.subject, Object::Partition("orders".into(), 0));
}

#[test]
fn leaders_that_are_not_where_they_are_preferred_are_told_by_broker() {
    let mut topics: Vec<_> = world::healthy(SMALL).kafka.topics.values().cloned().collect();
    for partition in topics.iter_mut().flat_map(|t| &mut t.partitions) {
        if partition.leader == Some(BrokerId(1)) {
            partition.leader = Some(BrokerId(2));
        }
    }
    let findings = after(vec![KafkaDelta::Topics { changed: topics, removed: vec![], at: NOW }.into()]);
    let finding = found(&findings, "leaders");
    assert_eq!((finding.severity, &finding.subject), (Severity::Ok, &Object::Broker(BrokerId(1))));
    assert_eq!(finding.evidence, ["broker 1 leads 0, preferred 14"]);
}

#[test]
fn a_pod_that_the_advertised_host_does_not_name_is_unverified() {
    let findings = after(vec![registered(|id, host, _| {
        if id == 0 {
            *host = "gateway.example.org".into();
        }
    })]);
    let finding = found(&findings, "bond");
    assert_eq!(finding.evidence, ["pod kafka/kafka-0 by its name, advertised host gateway.example.org"]);
}

#[test]
fn a_cluster_that_is_not_among_those_found_is_not_replaced_by_another() {
    let snapshot = world::healthy(SMALL);
    let derived = Derived::of(&snapshot, NOW, Some("kafka/kafak"));
    assert_eq!(derived.cluster, None);
    assert_eq!(derived.verdict.severity, Severity::Unknown);
    let line = &found(&derived.findings, "absent").line;
    assert_eq!(line, "no Kafka cluster kafka/kafak found; there are: kafka/kafka");
    assert!(
        derived.verdict.line.starts_with("UNKNOWN no Kafka cluster kafka/kafak"),
        "{}",
        derived.verdict.line
    );
}

#[test]
fn rates_that_brokers_are_left_with_are_told() {
    let rate = Throttle { leader: Some(1 << 20), follower: None };
    let set = KafkaDelta::Throttle { broker: BrokerId(1), answer: Ok(rate), at: NOW };
    let alone = after(vec![set.clone().into()]);
    let finding = found(&alone, "throttle");
    assert_eq!((finding.severity, &finding.subject), (Severity::Ok, &Object::Broker(BrokerId(1))));
    assert_eq!(finding.evidence, ["broker 1 throttles replication: leader 1.00 MiB/s"]);
    let overrides = vec![("follower.replication.throttled.replicas".into(), "*".into())];
    let config = TopicConfig { min_insync: 2, overrides, ..TopicConfig::default() };
    let topic = KafkaDelta::Configs { configs: vec![("orders".into(), config)], at: NOW };
    let both = after(vec![set.into(), topic.into()]);
    let finding = found(&both, "throttle");
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(finding.evidence[1], "broker 1 throttles replication: leader 1.00 MiB/s");
}

#[test]
fn exporters_in_place_of_prometheus_are_told_with_the_reason() {
    let origin = Origin::Exporters { route: "the pod proxy".into(), dialect: "Strimzi JMX".into() };
    let measured = |tried: &str| {
        let tried = vec![tried.into()];
        after(vec![ThroughputDelta::Origin { origin: origin.clone(), lacks: vec![], tried, at: NOW }.into()])
    };
    let findings = measured("Prometheus monitoring/prometheus:9090: HTTP 503");
    let line = "Prometheus monitoring/prometheus:9090: HTTP 503; in its place exporters by the pod proxy \
                (Strimzi JMX) measure";
    assert_eq!(found(&findings, "prometheus").line, line);
    assert_eq!(measured("exporters: no broker's pod names a metrics port"), []);
}

#[test]
fn what_may_not_be_read_is_not_called_unreachable() {
    let missing = "no permission to list nodes in the cluster: kubectl auth can-i list nodes";
    let mut snapshot = world::snapshot_without_nodes();
    let reach = Reach { namespace: Some("kafka".into()), missing: vec![missing.into()] };
    let failed = TableDelta::Failed { reason: missing.into(), at: NOW };
    world::apply(
        &mut snapshot,
        [KubernetesDelta::Reach(reach).into(), KubernetesDelta::Nodes(failed).into()],
    );
    let findings = Derived::of(&snapshot, NOW, None).findings;
    assert_eq!(found(&findings, "source").brief, "nodes not permitted");
    let finding = found(&findings, "permissions");
    assert_eq!(finding.line, "what is seen is that of namespace kafka: 1 permission missing");
    assert_eq!(finding.evidence, [missing]);
}

#[test]
fn a_partition_without_commits_is_told_although_the_group_goes_on() {
    let mut snapshot = world::healthy(SMALL);
    let seconds = |s: u64| NOW.plus(Duration::from_secs(s));
    let topics: Vec<_> = snapshot.kafka.ends.iter().map(|(t, ends)| (t.clone(), ends.clone())).collect();
    // Every five seconds a hundred messages on each partition, all of them read; after a minute not on the
    // first partition any more.
    for round in 1..=40u64 {
        let at = seconds(round * 5);
        let grown = |ends: &[i64]| ends.iter().map(|e| e + 100 * round as i64).collect::<Vec<_>>();
        let changed = topics.iter().map(|(t, ends)| (t.clone(), grown(ends))).collect();
        let mut commits = kafka::commits(0, SMALL, -100 * round as i64);
        if round > 12 {
            commits[0].offset = kafka::commits(0, SMALL, -1_200)[0].offset;
        }
        let answers = vec![(kafka::CLIENTS[0].into(), Ok(commits))];
        let heard = |broker| KafkaDelta::Led { broker: BrokerId(broker), answer: Ok(()), at };
        let news = (0..3).map(heard).chain([
            KafkaDelta::Ends { changed, at },
            KafkaDelta::Offsets { answers, at },
            KafkaDelta::Heard { body: crate::domain::kafka::Body::Groups, at },
        ]);
        world::apply(&mut snapshot, news.map(Delta::from));
    }
    let findings = Derived::of(&snapshot, seconds(200), None).findings;
    let finding = found(&findings, "group-stopped");
    assert!(
        finding.line.starts_with("group audit has stopped committing: 2,800 messages behind"),
        "{finding:#?}"
    );
    assert!(finding.evidence.iter().any(|e| e.starts_with("no commit on clicks-0 ")), "{finding:#?}");
}

#[test]
fn a_group_whose_offset_went_back_is_told_until_it_is_there_again() {
    let back = after(vec![commit(0, 1_200)]);
    let finding = found(&back, "group-rewound");
    assert!(finding.line.starts_with("group audit went back: 42,000 messages behind"), "{}", finding.line);
    assert_eq!(after(vec![commit(0, 1_200), commit(0, 0)]), []);
}
