//! The runbooks that are tried, each with what it needs, its keys, and what is true in the end.

use crate::{
    actions::outside::{KAFKA, until},
    screen::Screen,
    stage::{BOOTSTRAP, Stage},
};

pub struct Book {
    pub name: &'static str,
    pub prepare: fn(&Stage),
    /// The keys up to the confirmation.
    pub begin: fn(&mut Screen),
    pub check: fn(&Stage),
}

/// A topic of 40 MB on broker 0 alone.
pub const BULK: &str = "bulk";

fn make_bulk(stage: &Stage) {
    stage.no_topic(BULK);
    let create = "--create --topic bulk --replica-assignment 0,0,0,0 --config min.insync.replicas=1";
    stage.tool("kafka-topics.sh", create);
    let producer = format!("bootstrap.servers={BOOTSTRAP}");
    let fill = "--topic bulk --num-records 4000 --record-size 10000 --throughput -1 --producer-props";
    stage.inside("kafka-producer-perf-test.sh", &format!("{fill} {producer}"));
}

pub const REASSIGN: Book = Book {
    name: "reassign 4 partitions of bulk to broker 1",
    prepare: make_bulk,
    begin: |screen| {
        screen.select("topics", BULK, BULK);
        screen.plans(":reassign to 1 at 4MiB\r");
        screen.agrees("y");
    },
    check: |stage| {
        assert!(stage.replicas(BULK).iter().all(|ids| ids == &[1]), "{:?}", stage.replicas(BULK));
        stage.no_topic(BULK);
    },
};

fn select_kafka(screen: &mut Screen) {
    screen.select("statefulsets", "kafka", "kafka kafka");
}

/// Every replica in sync, and each partition led by its preferred leader.
fn is_whole(stage: &Stage) {
    until("every replica is in sync", || {
        let told = stage.tool_may("kafka-topics.sh", "--describe --under-replicated-partitions");
        told.is_some_and(|told| told.trim().is_empty())
    });
}

pub const ROLL: Book = Book {
    name: "roll",
    prepare: |_| {},
    begin: |screen| {
        select_kafka(screen);
        screen.plans(":roll\r");
        screen.agrees("y");
    },
    check: is_whole,
};

pub const SCALE_OUT: Book = Book {
    name: "scale",
    prepare: |_| {},
    begin: |screen| {
        select_kafka(screen);
        screen.plans(":scale-out 4\r");
        screen.agrees("y");
    },
    check: |stage| {
        assert_eq!(stage.replicas_asked_for(KAFKA), "4");
        is_whole(stage);
        let held = ["orders", "payments"].map(|topic| stage.replicas(topic)).concat();
        assert!(held.iter().flatten().any(|id| *id == 3), "the new broker holds nothing: {held:?}");
    },
};

pub const DRAIN: Book = Book {
    name: "drain broker 3",
    prepare: |_| {},
    begin: |screen| {
        screen.select("brokers", "kafka-3", "3 kafka-3");
        screen.plans(":drain-broker at 20MiB\r");
        screen.agrees("y");
    },
    check: |stage| {
        assert_eq!(stage.replicas_asked_for(KAFKA), "3");
        is_whole(stage);
    },
};

pub const REPLACE: Book = Book {
    name: "replace broker 2",
    prepare: |_| {},
    begin: |screen| {
        screen.select("brokers", "kafka-2", "2 kafka-2");
        screen.plans(":replace disk\r");
        screen.agrees("kafka-2\r");
    },
    check: is_whole,
};

pub const ALL: [Book; 5] = [REASSIGN, ROLL, SCALE_OUT, DRAIN, REPLACE];
