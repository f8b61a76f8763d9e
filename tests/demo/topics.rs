//! A topic's life, and the messages in it.

use crate::stage::{Stage, WIDE};

#[test]
fn a_topic_lives_from_its_creation_to_its_end() {
    let mut stage = Stage::open(&["--speed", "10"], WIDE);
    stage.leads(":topics\r", "topics");
    stage.does(":create-topic till partitions=3 rf=3 retention.ms=3600000\r", "create topic till");
    stage.select("topics", "^till$", "till");
    stage.row(&["till", " 3   3 ", " 60m"]);
    stage.does(":add-partitions 5\r", "add 2 partitions to till");
    stage.row(&["till", " 5   3 "]);
    stage.plans(":alter-config retention.ms=7200000\r");
    stage.sees("3600000 -> 7200000");
    stage.agrees();
    stage.ends("done", "alter settings of till");
    stage.row(&["till", " 5   3 ", " 120m"]);

    stage.plans(":produce partition=1 key=k hello world\r");
    stage.agrees();
    let said = stage.ends("done", "write a message to till");
    assert!(said.contains("till-1 at offset 0"), "{said}");
    stage.leads("m", "messages of topic till");
    stage.row(&[" 1 ", " k ", "hello world"]);
    stage.press("\x1b");
    stage.sees("── topics ");

    stage.plans("\x04");
    stage.sees("To do it type till and enter");
    stage.agrees();
    stage.ends("done", "delete topic till");
    stage.waits("no topic till", |screen| !screen.lines().any(|row| row.starts_with("▌ till ")));
}

#[test]
fn what_the_shop_writes_is_browsed() {
    let mut stage = Stage::open(&[], WIDE);
    stage.select("topics", "^orders$", "orders");
    stage.leads("m", "messages of topic orders");
    stage.sees("newest 100, all partitions, as text");
    stage.press("v");
    stage.sees(", as JSON");
}
