//! The runbooks that are tried, each with what it needs, its keys, and what is true in the end.

use super::fourth;
use crate::{
    actions::outside::{BULK, KAFKA, make_bulk, until},
    screen::Screen,
    stage::Stage,
};

pub struct Book {
    pub name: &'static str,
    /// A broker that gets copies, or is waited for.
    pub onto: u32,
    pub prepare: fn(&Stage),
    /// The keys up to the confirmation.
    pub begin: fn(&Stage, &mut Screen),
    /// Looks from outside, and takes away what was made for it.
    pub check: fn(&Stage),
}

/// Every replica in sync.
fn is_whole(stage: &Stage) {
    until("every replica is in sync", || {
        let told = stage.tool_may("kafka-topics.sh", "--describe --under-replicated-partitions");
        told.is_some_and(|told| told.trim().is_empty())
    });
}

/// Agrees to the plan that is shown, in the words that it asks for, when nothing speaks against it.
pub fn confirm(screen: &mut Screen) {
    let asks = |text: &str| text.contains(" Do it? ") || password(text).is_some();
    screen.waits("a plan that is not refused", |text| asks(text) && !text.contains(" · REFUSED"));
    let password = password(&screen.text());
    screen.agrees(&password.map_or_else(|| "y".into(), |word| format!("{word}\r")));
}

fn password(text: &str) -> Option<String> {
    text.split("To do it type ").nth(1)?.split_whitespace().next().map(String::from)
}

fn select_kafka(screen: &mut Screen) {
    screen.select("statefulsets", "kafka", "kafka kafka");
}

pub const REASSIGN: Book = Book {
    name: "reassign 4 partitions of bulk to broker 1",
    onto: 1,
    prepare: |stage| make_bulk(stage, "0,0,0,0"),
    begin: |_, screen| {
        screen.select("topics", BULK, BULK);
        screen.plans(":reassign to 1 at 4MiB\r");
        confirm(screen);
    },
    check: |stage| {
        assert!(stage.replicas(BULK).iter().all(|ids| ids == &[1]), "{:?}", stage.replicas(BULK));
        stage.no_topic(BULK);
    },
};

pub const SET_REPLICATION: Book = Book {
    name: "raise the replication factor of bulk to 2",
    onto: 1,
    prepare: |stage| make_bulk(stage, "0,0,0,0"),
    begin: |_, screen| {
        screen.select("topics", BULK, BULK);
        screen.plans(":set-replication 2 at 4MiB\r");
        confirm(screen);
    },
    check: |stage| {
        let all = stage.replicas(BULK);
        assert!(all.iter().all(|ids| ids.len() == 2 && ids.contains(&0)), "{all:?}");
        is_whole(stage);
        stage.no_topic(BULK);
    },
};

pub const REBALANCE: Book = Book {
    name: "rebalance",
    onto: 1,
    prepare: |stage| make_bulk(stage, "0,0,0,0"),
    begin: |_, screen| {
        screen.go("brokers");
        screen.plans(":rebalance at 8MiB\r");
        confirm(screen);
    },
    check: |stage| {
        let all = stage.replicas(BULK);
        assert!(all.iter().any(|ids| ids != &[0]), "all of it is where it was: {all:?}");
        is_whole(stage);
        stage.no_topic(BULK);
    },
};

pub const REPAIR_RACKS: Book = Book {
    name: "repair the racks of bulk",
    onto: 1,
    prepare: |stage| {
        fourth::comes(stage);
        let other = fourth::shares_a_rack_with(stage);
        make_bulk(stage, &[format!("{other}:3"), format!("3:{other}")].join(","));
    },
    begin: |_, screen| {
        screen.select("topics", BULK, BULK);
        screen.plans(":repair-racks at 4MiB\r");
        confirm(screen);
    },
    check: |stage| {
        let (all, other) = (stage.replicas(BULK), fourth::shares_a_rack_with(stage));
        let shares = |ids: &Vec<u32>| ids.contains(&3) && ids.contains(&other);
        assert!(all.iter().all(|ids| ids.len() == 2 && !shares(ids)), "{all:?}");
        is_whole(stage);
        stage.no_topic(BULK);
        fourth::goes(stage);
    },
};

pub const ROLL: Book = Book {
    name: "roll",
    onto: 1,
    prepare: |_| {},
    begin: |_, screen| {
        select_kafka(screen);
        screen.plans(":roll\r");
        confirm(screen);
    },
    check: is_whole,
};

pub const SCALE_OUT: Book = Book {
    name: "scale out to 4 brokers, and rebalance",
    onto: 3,
    prepare: fourth::goes,
    begin: |_, screen| {
        select_kafka(screen);
        screen.plans(":scale-out 4\r");
        confirm(screen);
    },
    check: |stage| {
        assert_eq!(stage.replicas_asked_for(KAFKA), "4");
        is_whole(stage);
        let held = ["orders", "payments"].map(|topic| stage.replicas(topic)).concat();
        assert!(held.iter().flatten().any(|id| *id == 3), "the new broker holds nothing: {held:?}");
        fourth::goes(stage);
    },
};

pub const DRAIN: Book = Book {
    name: "drain broker 3, and scale in",
    onto: 1,
    prepare: |stage| {
        fourth::comes(stage);
        make_bulk(stage, "3:0,3:1,3:2,3:0");
    },
    begin: |_, screen| {
        screen.select("brokers", "kafka-3", "3 kafka-3");
        screen.plans(":drain-broker at 20MiB\r");
        confirm(screen);
    },
    check: |stage| {
        assert_eq!(stage.replicas_asked_for(KAFKA), "3");
        assert!(fourth::holds(stage).is_empty(), "{:?}", fourth::holds(stage));
        is_whole(stage);
        stage.no_topic(BULK);
    },
};

pub const REPLACE: Book = Book {
    name: "replace broker 2 and its disk",
    onto: 2,
    prepare: |_| {},
    begin: |_, screen| {
        screen.select("brokers", "kafka-2", "2 kafka-2");
        screen.plans(":replace disk\r");
        confirm(screen);
    },
    check: is_whole,
};

/// A node with a broker of this cluster, and none of the other.
fn node(stage: &Stage) -> String {
    let other = stage.field("-n staging get pod kafka-0", ".spec.nodeName");
    let nodes =
        ["kafka-1", "kafka-2"].map(|pod| stage.field(&format!("-n kafka get pod {pod}"), ".spec.nodeName"));
    nodes.into_iter().find(|node| *node != other).expect("they are in different zones")
}

pub const DRAIN_NODE: Book = Book {
    name: "drain a node with a broker",
    onto: 0,
    prepare: |stage| {
        // One that failed before may have left its node so.
        stage.kubectl("uncordon -l kubernetes.io/hostname");
    },
    begin: |stage, screen| {
        let node = node(stage);
        screen.select("nodes", &node, &node);
        screen.plans(":drain-node\r");
        confirm(screen);
    },
    check: |stage| {
        let cordoned = stage.field("get nodes", ".items[?(@.spec.unschedulable==true)].metadata.name");
        assert!(cordoned.starts_with("node-") && !cordoned.contains(' '), "{cordoned:?}");
        let pods = format!("get pods -A --field-selector spec.nodeName={cordoned},status.phase=Running");
        let owners = stage.field(&pods, ".items[*].metadata.ownerReferences[0].kind");
        let left: Vec<&str> = owners.split_whitespace().filter(|kind| *kind != "DaemonSet").collect();
        assert!(left.is_empty(), "pods are left on {cordoned}: {left:?}");
        is_whole(stage);
        stage.kubectl(&format!("uncordon {cordoned}"));
    },
};

/// A number for each partition of `orders`.
type Offsets = Vec<(u32, u64)>;

/// What its own tool tells of the group, in that order: partition, committed.
fn committed(stage: &Stage) -> Offsets {
    let told = stage.tool("kafka-consumer-groups.sh", "--describe --group audit");
    let words = told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let of = words.filter(|words| words.get(1) == Some(&"orders"));
    of.filter_map(|words| Some((words.get(2)?.parse().ok()?, words.get(3)?.parse().ok()?))).collect()
}

fn ends(told: &str) -> Offsets {
    let lines = told.lines().filter_map(|line| line.strip_prefix("orders:")?.split_once(':'));
    lines.filter_map(|(partition, end)| Some((partition.parse().ok()?, end.parse().ok()?))).collect()
}

/// Where the logs ended before the group was reset.
const ENDS: &str = "ends";

pub const RESET: Book = Book {
    name: "reset audit to latest, its consumer stopped for it",
    onto: 1,
    prepare: |stage| {
        let told = stage.tool("kafka-get-offsets.sh", "--topic orders");
        stage.file(ENDS, &told);
        let behind: u64 = ends(&told).iter().map(|(_, end)| end).sum();
        let read: u64 = committed(stage).iter().map(|(_, offset)| offset).sum();
        assert!(read < behind, "audit keeps up: {read} of {behind}");
    },
    begin: |_, screen| {
        screen.select("groups", "^audit$", "audit");
        screen.plans(":reset-offsets latest\r");
        confirm(screen);
    },
    check: |stage| {
        let audit = "-n shop get deployment audit";
        assert_eq!(stage.replicas_asked_for(audit), "1");
        until("its consumer is back", || stage.field(audit, ".status.readyReplicas") == "1");
        let ends = ends(&std::fs::read_to_string(stage.folder().join(ENDS)).expect("it was written"));
        let committed = committed(stage);
        let passed =
            |(partition, end): &(u32, u64)| committed.iter().any(|(p, at)| p == partition && at >= end);
        assert!(!ends.is_empty() && ends.iter().all(passed), "before: {ends:?}, now: {committed:?}");
    },
};
