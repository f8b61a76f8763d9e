//! A fourth broker, brought and taken away from outside.

use crate::{
    actions::outside::{KAFKA, until},
    stage::Stage,
};
use serde_json::json;

/// A partition that it holds, with all replicas.
pub type Held = (String, u32, Vec<u32>);

fn is_registered(stage: &Stage) -> bool {
    let told = stage.tool_may("kafka-broker-api-versions.sh", "").unwrap_or_default();
    told.contains("(id: 3 ")
}

/// It is there, and answers.
pub fn comes(stage: &Stage) {
    stage.kubectl("-n kafka scale statefulset kafka --replicas 4");
    until("broker 3 answers", || is_registered(stage));
    stage.kubectl("-n kafka wait --for=condition=Ready pod kafka-3 --timeout=120s");
}

/// What it holds, as Kafka's own tool tells.
pub fn holds(stage: &Stage) -> Vec<Held> {
    let told = stage.tool("kafka-topics.sh", "--describe");
    let partitions = told.lines().filter(|line| line.starts_with('\t'));
    let held = partitions.filter_map(|line| {
        let word = |key: &str| line.split(key).nth(1)?.split_whitespace().next();
        let replicas = word("Replicas: ")?.split(',').filter_map(|id| id.parse().ok()).collect();
        Some((word("Topic: ")?.to_string(), word("Partition: ")?.parse().ok()?, replicas))
    });
    held.filter(|(_, _, replicas): &Held| replicas.contains(&3)).collect()
}

/// It is emptied with Kafka's own tool, and gone.
pub fn goes(stage: &Stage) {
    let held = holds(stage);
    if !held.is_empty() {
        comes(stage);
        let elsewhere = |replicas: &[u32]| {
            let free = (0..3).find(|id| !replicas.contains(id)).expect("three replicas at most");
            replicas.iter().map(|id| if *id == 3 { free } else { *id }).collect::<Vec<_>>()
        };
        let partitions = held.iter().map(|(topic, partition, replicas)| {
            json!({"topic": topic, "partition": partition, "replicas": elsewhere(replicas)})
        });
        let plan = json!({"version": 1, "partitions": partitions.collect::<Vec<_>>()});
        let plan = stage.file("empty.json", &plan.to_string());
        let execute = format!("--reassignment-json-file {} --additional --execute", plan.display());
        stage.tool("kafka-reassign-partitions.sh", &execute);
        until("broker 3 holds nothing", || holds(stage).is_empty());
    }
    if stage.replicas_asked_for(KAFKA) != "3" {
        stage.kubectl("-n kafka scale statefulset kafka --replicas 3");
        until("broker 3 is gone", || !is_registered(stage));
    }
}

/// The broker in its zone.
pub fn shares_a_rack_with(stage: &Stage) -> u32 {
    let zone = |broker: u32| {
        let node = stage.field(&format!("-n kafka get pod kafka-{broker}"), ".spec.nodeName");
        stage
            .kubectl(&format!("get node {node} -L topology.kubernetes.io/zone --no-headers"))
            .split_whitespace()
            .last()
            .map(String::from)
    };
    let of_fourth = zone(3);
    (0..3).find(|broker| zone(*broker) == of_fourth).expect("three zones, four brokers")
}
