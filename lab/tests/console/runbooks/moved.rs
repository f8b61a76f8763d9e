//! How much is copied by castellan's plans, and how much by those that Kafka's own tool proposes for the same.

use super::{books::confirm, clean, ends_well, fourth, stage};
use crate::{
    actions::outside::{BULK, make_bulk},
    screen::Screen,
    stage::{Stage, WIDE},
};
use castellan_lab::Context;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
};

/// Its proposals begin at random brokers.
const PROPOSALS: usize = 5;
const MIB: f64 = (1 << 20) as f64;

type Partition = (String, u64);
type Assignment = BTreeMap<Partition, BTreeSet<u64>>;

/// As Kafka's own tools take and print it.
fn assignment(told: &str) -> Assignment {
    let plan: Value = serde_json::from_str(told).expect("JSON");
    let partitions = plan["partitions"].as_array().expect("partitions").iter();
    let ids = |of: &Value| of["replicas"].as_array().expect("ids").iter().filter_map(Value::as_u64).collect();
    let topic = |of: &Value| of["topic"].as_str().expect("a name").to_string();
    partitions.map(|of| ((topic(of), of["partition"].as_u64().expect("a number")), ids(of))).collect()
}

/// The assignment as it is, and one that is proposed.
fn generated(stage: &Stage, brokers: &str) -> (Assignment, Assignment) {
    let topics: Vec<Value> = stage.topics().iter().map(|topic| json!({"topic": topic})).collect();
    let topics = stage.file("topics.json", &json!({"version": 1, "topics": topics}).to_string());
    let generate =
        format!("--generate --topics-to-move-json-file {} --broker-list {brokers}", topics.display());
    let told = stage.tool("kafka-reassign-partitions.sh", &generate);
    let mut plans = told.lines().filter(|line| line.starts_with('{')).map(assignment);
    (plans.next().expect("what is"), plans.next().expect("a proposal"))
}

/// Bytes of each partition, of its largest replica.
fn sizes(stage: &Stage) -> BTreeMap<Partition, u64> {
    let told = stage.tool("kafka-log-dirs.sh", "--describe");
    let told = told.lines().find(|line| line.starts_with('{')).expect("JSON");
    let told: Value = serde_json::from_str(told).expect("JSON");
    let list = |of: &Value, key: &str| of[key].as_array().cloned().unwrap_or_default();
    let dirs = list(&told, "brokers").into_iter().flat_map(|broker| list(&broker, "logDirs"));
    let mut sizes = BTreeMap::new();
    for replica in dirs.flat_map(|dir| list(&dir, "partitions")) {
        let (topic, partition) =
            replica["partition"].as_str().and_then(|name| name.rsplit_once('-')).expect("a name");
        let size = sizes.entry((topic.to_string(), partition.parse().expect("a number"))).or_insert(0);
        *size = replica["size"].as_u64().unwrap_or(0).max(*size);
    }
    sizes
}

/// What is copied from one assignment to the other: replicas, and MiB.
fn copied(from: &Assignment, to: &Assignment, sizes: &BTreeMap<Partition, u64>) -> (usize, f64) {
    let added = to.iter().map(|(partition, ids)| (partition, ids.difference(&from[partition]).count()));
    let added: Vec<_> = added.collect();
    let bytes: u64 = added.iter().map(|(partition, n)| *n as u64 * sizes.get(partition).unwrap_or(&0)).sum();
    (added.iter().map(|(_, n)| n).sum(), bytes as f64 / MIB)
}

/// Has castellan do it, and tells what it copied beside what Kafka's own tool proposed before; both in MiB.
fn compared(stage: &Stage, what: &str, brokers: &str, begin: fn(&mut Screen)) -> (f64, f64) {
    let sizes = sizes(stage);
    let proposals: Vec<_> = (0..PROPOSALS).map(|_| generated(stage, brokers)).collect();
    let theirs: Vec<_> = proposals.iter().map(|(now, then)| copied(now, then, &sizes)).collect();
    let mut screen = stage.open(Context::Admin, WIDE);
    begin(&mut screen);
    ends_well(stage, &screen);
    clean(stage);
    let (after, _) = generated(stage, brokers);
    let ours = copied(&proposals[0].0, &after, &sizes);
    let mean = |of: fn(&(usize, f64)) -> f64| theirs.iter().map(of).sum::<f64>() / PROPOSALS as f64;
    let (replicas, mib) = (mean(|(n, _)| *n as f64), mean(|(_, mib)| *mib));
    let _ = writeln!(
        std::io::stderr(),
        "{what}: castellan copied {} replicas, {:.1} MiB; --generate proposes {replicas:.0}, {mib:.1} MiB \
         (mean of {PROPOSALS}): {:.0} %",
        ours.0,
        ours.1,
        100.0 * ours.1 / mib
    );
    (ours.1, mib)
}

#[test]
#[ignore = "it takes long: lab/runbooks runs it"]
fn less_is_copied_than_by_the_proposals_of_kafkas_own_tool() {
    let stage = stage();
    make_bulk(&stage, "0:1,1:2,2:0,0:2");
    fourth::comes(&stage);
    let (ours, theirs) = compared(&stage, "rebalance onto a fourth broker", "0,1,2,3", |screen| {
        screen.go("brokers");
        screen.plans(":rebalance within 10%\r");
        confirm(screen);
    });
    assert!(ours < theirs, "{ours} of {theirs} MiB");
    let (ours, theirs) = compared(&stage, "drain that broker", "0,1,2", |screen| {
        screen.select("brokers", "kafka-3", "3 kafka-3");
        screen.plans(":drain-broker keep\r");
        confirm(screen);
    });
    assert!(ours < theirs, "{ours} of {theirs} MiB");
    stage.no_topic(BULK);
    fourth::goes(&stage);
}
