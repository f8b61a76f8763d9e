//! What must not be done, by the cluster's rules, by permission, or because one only looks.

use super::{outside::until, stage};
use crate::stage::{Stage, WIDE};
use castellan_lab::{Context, Fault, Role};

#[test]
fn a_budget_that_allows_no_disruption_is_told_in_its_own_words() {
    let stage = stage();
    let before = stage.uid("kafka-1");
    let mut screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::KillBroker { broker: 2, once: false });
    let healthy = || stage.field("-n kafka get pdb kafka", ".status.currentHealthy");
    until("the budget knows that a broker is missing", || healthy() == "2");
    screen.select("pods", "kafka-1", "kafka kafka-1");
    screen.plans("e");
    screen.sees("budget kafka/kafka allows no disruption now (2 of 3 healthy, 2 wanted)");
    let typed = stage.with_context("kafka-1");
    screen.sees(&format!("To do it type {typed} and enter"));
    screen.agrees(&format!("{typed}\r"));
    let said = screen.ends("failed", "evict pod kafka/kafka-1");
    assert!(said.contains("needs 2 healthy pods and has 2 currently"), "{said}");
    assert_eq!(stage.uid("kafka-1"), before);
    broken.mend();
}

#[test]
fn a_permission_that_goes_at_the_last_moment_is_told() {
    let stage = stage();
    let before = stage.web();
    let mut screen = stage.open(Context::NoEvict, WIDE);
    screen.select("pods", "web-", &format!("shop {}", before[0]));
    screen.plans("\x04");
    let broken = stage.fault(Fault::RevokePermission { role: Role::NoEvict, resource: "pods".into() });
    until("the permission is gone", || {
        let mut command = stage.lab.kubectl(Context::NoEvict);
        let asked = command.args(["auth", "can-i", "delete", "pods", "-n", "shop"]).output();
        String::from_utf8_lossy(&asked.expect("kubectl runs").stdout).trim() == "no"
    });
    screen.agrees("y");
    let said = screen.ends("failed", &format!("delete pod shop/{}", before[0]));
    assert!(said.contains("no permission to delete pods in the namespace shop"), "{said}");
    assert_eq!(stage.web(), before);
    broken.mend();
}

/// A topic that is led by another than its preferred leader.
fn make_astray(stage: &Stage) {
    stage.no_topic("astray");
    stage.tool("kafka-topics.sh", "--create --topic astray --replica-assignment 1:2");
    let turned = r#"{"version":1,"partitions":[{"topic":"astray","partition":0,"replicas":[2,1]}]}"#;
    let plan = stage.file("astray.json", turned);
    let execute = format!("--reassignment-json-file {} --execute", plan.display());
    stage.tool("kafka-reassign-partitions.sh", &execute);
}

const TUNNEL: &str = "create pods/portforward to write through the API server";

#[test]
fn who_may_only_look_is_told_what_is_missing() {
    let stage = stage();
    let (pods, before) = (stage.web(), stage.asked());
    let mut screen = stage.open(Context::Viewer, WIDE);
    let pod = format!("shop {}", pods[0]);
    for (pane, filter, row, keys, missing) in [
        ("statefulsets", "kafka", "kafka kafka", ":scale 4\r", "patch statefulsets.apps/scale"),
        ("statefulsets", "kafka", "kafka kafka", "r", "patch statefulsets.apps"),
        ("deployments", "web", "shop web", ":scale 4\r", "patch deployments.apps/scale"),
        ("deployments", "web", "shop web", "r", "patch deployments.apps"),
        ("pods", "web-", &*pod, "e", "create pods/eviction"),
        ("pods", "web-", &*pod, "\x04", "delete pods"),
        ("brokers", "kafka-1", "1 kafka-1", "e", "create pods/eviction"),
        ("nodes", "node-a1", "node-a1", "x", "patch nodes"),
        // Kafka checks nobody here: the way to it is what must not be used to write.
        ("topics", "orders", "orders", ":produce key=k hello\r", TUNNEL),
        ("topics", "orders", "orders", ":create-topic till partitions=3 rf=3\r", TUNNEL),
        ("topics", "orders", "orders", ":reassign to 0,1,2\r", TUNNEL),
        ("topics", "orders", "orders", ":add-partitions 9\r", TUNNEL),
        ("topics", "orders", "orders", ":alter-config retention.ms=1\r", TUNNEL),
        ("topics", "orders", "orders", "\x04", TUNNEL),
    ] {
        screen.select(pane, filter, row);
        screen.is_denied(keys, &format!("needs {missing}, which this context may not do"));
    }
    // Kafka elects by itself every few minutes.
    make_astray(&stage);
    // Who looks too early sees the topic as it was made, and nothing to elect.
    screen.select("partitions", "astray", "astray");
    screen.row("astray", |row| row.contains("not preferred"));
    screen.select("topics", "astray", "astray");
    screen.is_denied("b", &format!("needs {TUNNEL}, which this context may not do"));
    assert!(
        stage.asked()[before.len()..].iter().all(|request| request.contains(" selfsubjectaccessreviews "))
    );
    assert_eq!(stage.web(), pods);
    stage.no_topic("astray");
}

#[test]
fn who_may_delete_but_not_evict_can_do_just_that() {
    let stage = stage();
    let pods = stage.web();
    let mut screen = stage.open(Context::NoEvict, WIDE);
    screen.select("pods", "web-", &format!("shop {}", pods[0]));
    let denied = "needs create pods/eviction, which this context may not do";
    screen.is_denied("e", denied);
    screen.select("brokers", "kafka-1", "1 kafka-1");
    screen.is_denied("e", denied);
    screen.select("pods", "web-", &format!("shop {}", pods[0]));
    screen.plans("\x04");
    screen.agrees("y");
    screen.is_done(&format!("delete pod shop/{}", pods[0]));
    let after = stage.web();
    assert!(!after.contains(&pods[0]) && after.len() == pods.len(), "{pods:?}, then {after:?}");
}

#[test]
fn who_runs_it_read_only_can_do_nothing() {
    let stage = stage();
    let pods = stage.web();
    let mut screen = stage.start(Context::Admin, &["--kafka", "kafka/kafka", "--read-only"], WIDE);
    screen.sees("read-only · castellan");
    let pod = format!("shop {}", pods[0]);
    for (pane, filter, row, keys, verb) in [
        ("statefulsets", "kafka", "kafka kafka", ":scale 4\r", "scale"),
        ("deployments", "web", "shop web", "r", "restart"),
        ("pods", "web-", &*pod, "e", "evict"),
        ("pods", "web-", &*pod, "\x04", "delete"),
        ("nodes", "node-a1", "node-a1", "x", "cordon"),
        ("brokers", "kafka-1", "1 kafka-1", "b", "elect"),
        ("topics", "orders", "orders", ":reassign to 0,1,2\r", "reassign"),
    ] {
        screen.select(pane, filter, row);
        screen.is_refused(keys, &format!("castellan runs read-only: {verb} is not possible"));
    }
    assert_eq!(stage.web(), pods);
}
