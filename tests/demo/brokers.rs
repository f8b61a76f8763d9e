//! Brokers that go and come back, and partitions that move.

use crate::stage::{Stage, WIDE};

const FAST: &[&str] = &["--speed", "10"];

#[test]
fn a_brokers_pod_is_deleted_comes_back_into_every_isr_and_leads_again() {
    let mut stage = Stage::open(FAST, WIDE);
    stage.select("brokers", "kafka-1", "1 kafka-1");
    stage.plans("\x04");
    stage.sees("Partitions that feel it");
    stage.agrees();
    stage.sees("running delete pod kafka/kafka-1");
    stage.ends("done", "delete pod kafka/kafka-1");
    stage.row(&["kafka-1", "Running", " up"]);
    stage.leads(":topics\r", "topics");
    stage.press("\x1a");
    stage.sees("faults only");
    stage.waits("no topic with an ISR that lacks somebody", |screen| !screen.contains("▌"));

    stage.select("brokers", "kafka-1", "1 kafka-1");
    stage.does("b", "elect the preferred leader");
    stage.leads(":findings\r", "findings");
    stage.sees_no("led by another than the preferred broker");
}

#[test]
fn a_topic_moves_to_other_brokers() {
    let mut stage = Stage::open(FAST, WIDE);
    stage.select("topics", "clickstream", "clickstream");
    stage.does(":reassign to 1,2\r", "of clickstream to brokers 1, 2");
    stage.leads("\r", "partitions of topic clickstream");
    stage.waits("its replicas on brokers 1 and 2 alone", |screen| {
        let rows: Vec<&str> = screen.lines().filter(|row| row.contains("clickstream  ")).collect();
        rows.len() == 24 && rows.iter().all(|row| row.contains(" 1,2 ") || row.contains(" 2,1 "))
    });
    stage.leads(":reassignments\r", "reassignments");
    stage.sees("no reassignments");
}

#[test]
fn a_budget_refuses_an_eviction_in_its_own_words() {
    let mut stage = Stage::open(&["--scenario", "broker-down"], WIDE);
    stage.select("pods", "kafka-2", "kafka kafka-2");
    stage.plans("e");
    stage.sees("budget kafka/kafka allows no disruption now (2 of 3 healthy, 2 wanted)");
    stage.sees("To do it type demo/kafka-2 and enter");
    stage.agrees();
    let said = stage.ends("failed", "evict pod kafka/kafka-2");
    assert!(said.contains("needs 2 healthy pods and has 2 currently"), "{said}");
    stage.row(&["kafka-2", "1/1 Running"]);
}
