//! What is done every day, and what is seen of it outside.

use super::stage;
use crate::stage::{BOOTSTRAP, WIDE};
use castellan_lab::Context;

#[test]
fn a_topic_lives_from_its_creation_to_its_end() {
    let stage = stage();
    let told = |tool: &str, arguments: &str| stage.tool(tool, arguments);
    stage.no_topic("till");
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.go("topics");
    screen.plans(":create-topic till partitions=3 rf=3 retention.ms=3600000\r");
    screen.agrees("y");
    screen.is_done("create topic till");
    assert_eq!(stage.replicas("till").iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3]);
    let settings = || told("kafka-configs.sh", "--describe --entity-type topics --entity-name till");
    assert!(settings().contains("retention.ms=3600000"), "{}", settings());

    screen.select("topics", "till", "till");
    screen.plans(":add-partitions 5\r");
    screen.agrees("y");
    screen.is_done("add 2 partitions to till");
    assert_eq!(stage.replicas("till").len(), 5);

    screen.plans(":alter-config retention.ms=7200000 cleanup.policy=compact\r");
    screen.sees("3600000 -> 7200000");
    // Compaction deletes: it takes the name.
    screen.sees("To do it type till and enter");
    screen.agrees("till\r");
    screen.is_done("alter settings of till");
    let after = settings();
    assert!(after.contains("retention.ms=7200000") && after.contains("cleanup.policy=compact"), "{after}");

    screen.plans(":produce partition=1 key=k hello world\r");
    screen.agrees("y");
    let said = screen.ends("done", "write a message to till");
    assert!(said.contains("till-1 at offset 0"), "{said}");
    let read = stage.inside("kcat", &format!("-b {BOOTSTRAP} -C -t till -p 1 -e -q -f %k=%s"));
    assert_eq!(read, "k=hello world");

    screen.plans("\x04");
    screen.sees("To do it type till and enter");
    screen.agrees("till\r");
    screen.is_done("delete topic till");
    assert!(!stage.topics().contains(&"till".to_string()));
}

#[test]
fn a_deployment_is_restarted_and_a_node_cordoned() {
    let stage = stage();
    let before = stage.web();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.select("deployments", "web", "shop web");
    screen.plans("r");
    screen.agrees("y");
    screen.is_done("restart Deployment shop/web");
    let after = stage.web();
    assert!(after.len() == 3 && after.iter().all(|pod| !before.contains(pod)), "{before:?}, then {after:?}");

    let cordoned = || stage.field("get node node-a1", ".spec.unschedulable");
    screen.select("nodes", "node-a1", "node-a1");
    screen.plans("x");
    screen.agrees("y");
    screen.is_done("cordon node node-a1");
    assert_eq!(cordoned(), "true");
    screen.plans("x");
    screen.agrees("y");
    screen.is_done("uncordon node node-a1");
    assert_eq!(cordoned(), "");
}
