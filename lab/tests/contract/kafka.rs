//! What kcat and Kafka's own tools tell.

use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The ids under a name.
fn ids(value: &Value, name: &str) -> BTreeSet<i64> {
    value[name].as_array().into_iter().flatten().filter_map(|one| one["id"].as_i64()).collect()
}

pub fn brokers_tell_their_topics_with_leaders_and_replicas(world: &World) {
    let told = world.until("all replicas are in sync", || {
        let text = world.kcat("-L -J -m 30", "").done();
        let told = json(&text);
        let topics = told["topics"].as_array().into_iter().flatten();
        let mut partitions = topics.flat_map(|topic| topic["partitions"].as_array().into_iter().flatten());
        partitions.all(|p| ids(p, "isrs") == ids(p, "replicas")).then_some(told).ok_or(text)
    });
    let brokers = BTreeSet::from([0, 1, 2]);
    assert_eq!(ids(&told, "brokers"), brokers);
    assert!(told["controllerid"].as_i64().is_some_and(|id| brokers.contains(&id)));
    for (name, partitions, replicas) in [
        ("orders", 6, 3),
        ("payments", 6, 3),
        ("customers", 3, 3),
        ("clickstream", 24, 2),
        ("shipments", 12, 3),
        ("scratch", 3, 1),
    ] {
        let topics = told["topics"].as_array().into_iter().flatten();
        let topic = { topics }.find(|topic| topic["topic"] == name).expect(name);
        let all = topic["partitions"].as_array().expect("partitions");
        assert_eq!(all.len(), partitions, "{name}");
        for (number, partition) in all.iter().enumerate() {
            assert_eq!(partition["partition"], number);
            assert_eq!(ids(partition, "replicas").len(), replicas, "{name}");
            let leader = partition["leader"].as_i64().expect("a leader");
            assert!(ids(partition, "isrs").contains(&leader), "{name}: {partition}");
        }
    }
}

/// The offset that kcat's query tells of the partition 2 of `scratch`, which nobody else writes to.
fn offset(world: &World, of: i64) -> i64 {
    let told = world.kcat(&format!("-Q -t scratch:2:{of}"), "").done();
    let offset = told.trim().strip_prefix("scratch [2] offset ").and_then(|offset| offset.parse().ok());
    offset.unwrap_or_else(|| panic!("{told}"))
}

pub fn a_record_is_read_as_it_was_written(world: &World) {
    const EARLIEST: i64 = -2;
    const LATEST: i64 = -1;
    let first = offset(world, LATEST);
    assert!(offset(world, EARLIEST) <= first);
    for compression in ["none", "gzip", "lz4", "zstd"] {
        let codec = format!("-P -t scratch -p 2 -z {compression} -k invoice-7 -H trace=a1 -H empty=");
        world.kcat(&codec, "two words\n").done();
    }
    assert_eq!(offset(world, LATEST), first + 4);
    let read = world.kcat(&format!("-C -t scratch -p 2 -o {first} -c 4 -e -q -J"), "").done();
    let records: Vec<Value> = read.lines().map(json).collect();
    assert_eq!(records.len(), 4, "{read}");
    for (record, offset) in records.iter().zip(first..) {
        assert_eq!(record["offset"], offset);
        assert_eq!(record["partition"], 2);
        assert_eq!(record["key"], "invoice-7");
        assert_eq!(record["payload"], "two words");
        assert_eq!(record["headers"], json!(["trace", "a1", "empty", ""]));
        assert_eq!(record["tstype"], "create");
    }
    // From a time on: of the first that is not older.
    let since = records[0]["ts"].as_i64().expect("a time");
    assert!((first..first + 4).contains(&offset(world, since)));
    let end = world.kcat(&format!("-C -t scratch -p 2 -o {} -e", first + 4), "");
    assert_eq!(end.out, "");
    assert!(
        end.err.contains(&format!("Reached end of topic scratch [2] at offset {}", first + 4)),
        "{}",
        end.err
    );
}

pub fn an_unknown_topic_is_an_error(world: &World) {
    let listed = world.kcat("-L -t nope", "").done();
    assert!(listed.contains("  topic \"nope\" with 0 partitions: Broker: Unknown topic or partition\n"));
    let read = world.kcat("-C -t nope -e", "").failed();
    assert_eq!(read, "% ERROR: Topic nope error: Broker: Unknown topic or partition");
    let written = world.kcat("-P -t nope -X topic.metadata.propagation.max.ms=1000", "lost\n").err;
    assert!(written.contains("Broker: Unknown topic or partition"), "{written}");
    let described = world.tool("kafka-topics.sh", "--describe --topic nope").failed();
    assert!(described.contains("Topic 'nope' does not exist as expected"), "{described}");
}

pub fn groups_are_listed_with_their_lag(world: &World) {
    let listed = world.tool("kafka-consumer-groups.sh", "--list").done();
    let groups: BTreeSet<&str> = listed.lines().collect();
    assert!(["billing", "audit"].iter().all(|group| groups.contains(group)), "{listed}");
    let described = world.tool("kafka-consumer-groups.sh", "--describe --group billing").done();
    let mut rows = described.lines().filter(|line| !line.is_empty()).map(str::split_whitespace);
    let titles: Vec<&str> = rows.next().expect("titles").collect();
    let known = ["GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG"];
    assert_eq!(titles[..6], known);
    assert_eq!(titles[6..], ["CONSUMER-ID", "HOST", "CLIENT-ID"]);
    let rows: Vec<Vec<&str>> = rows.map(Iterator::collect).collect();
    for topic in ["orders", "payments"] {
        let partitions: BTreeSet<&str> =
            rows.iter().filter(|row| row[1] == topic).map(|row| row[2]).collect();
        assert_eq!(partitions, BTreeSet::from(["0", "1", "2", "3", "4", "5"]), "{described}");
    }
    for row in &rows {
        let figure = |column: usize| row[column].parse::<i64>().ok();
        let behind = figure(4).zip(figure(3)).map(|(end, at)| end - at);
        assert_eq!(figure(5), behind, "{described}");
        assert!(row[7].starts_with('/'), "{described}");
    }
    let members = world.tool("kafka-consumer-groups.sh", "--describe --group billing --state").done();
    let state = members.lines().find(|line| line.starts_with("billing")).unwrap_or_default();
    let words: Vec<&str> = state.split_whitespace().rev().take(2).collect();
    assert_eq!(words, ["2", "Stable"], "{members}");
}
