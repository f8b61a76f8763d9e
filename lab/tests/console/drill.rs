//! From one thing to what belongs to it, down to logs and messages.

use crate::stage::{WIDE, stage};
use castellan_lab::Context;

#[test]
fn from_a_stateful_set_to_its_pods_a_broker_and_its_partitions() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.go("statefulsets");
    screen.row("▌ kafka      kafka ", |row| row.contains(" 3/3 "));
    screen.leads("\r", "pods of StatefulSet kafka");
    screen.waits("its three pods", |_| {
        let pods = screen.table("NAMESPACE  NAME", &["NAMESPACE", "NAME", "BROKER"]);
        pods == (0..3).map(|n| vec!["kafka".to_string(), format!("kafka-{n}"), n.to_string()]).collect()
    });
    screen.press("j");
    screen.row("kafka-1", |row| row.contains('▌'));
    screen.leads("\r", "brokers of pod kafka-1");
    screen.row("kafka-1", |row| row.contains(" up"));
    screen.leads("\r", "partitions of broker 1");
    screen.waits("its partitions alone", |text| {
        let rows = screen.table("LEADER", &["REPLICAS"]);
        let partitions = text.lines().filter(|row| row.contains(" ok ")).count();
        partitions > 20 && rows.iter().all(|row| row[0].contains('1'))
    });
    for title in ["brokers of pod kafka-1", "pods of StatefulSet kafka", "statefulsets"] {
        screen.leads("\x1b", title);
    }
    screen.is_alive();
}

#[test]
fn from_a_topic_to_its_partitions_and_from_a_group_to_its_members_pod() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, (160, 50));
    screen.select("topics", "^orders$", "orders");
    screen.leads("\r", "partitions of topic orders");
    screen.waits("the six of orders", |_| {
        let rows = screen.table("LEADER", &["TOPIC", "#"]);
        rows == (0..6).map(|n| vec!["orders".to_string(), n.to_string()]).collect()
    });
    screen.select("groups", "^audit$", "audit");
    screen.leads("\r", "Members of group audit");
    // One member reads all six, and the pod of each partition is its.
    screen.waits("who reads which partition", |_| {
        let members = screen.table("CLIENT ID", &["CLIENT ID", "PARTITIONS", "POD", "STATUS"]);
        let shares = screen.table("COMMITTED", &["TOPIC", "#", "POD"]);
        let Some(member) = members.first() else { return false };
        let reads = |share: &Vec<String>| share[0] == "orders" && share[2] == member[2];
        members.len() == 1
            && member[0] == member[2]
            && member[1] == "6"
            && member[3] == "Running"
            && shares.len() == 6
            && shares.iter().all(reads)
    });
    screen.press("\r");
    screen.sees("── pods of member audit-");
    screen.waits("the member's pod alone", |_| {
        let pods = screen.table("NAMESPACE  NAME", &["NAMESPACE", "NAME", "STATUS"]);
        pods.len() == 1
            && pods.iter().all(|pod| pod[0] == "shop" && pod[1].starts_with("audit-") && pod[2] == "Running")
    });
    screen.is_alive();
}

#[test]
fn the_pod_that_crashes_is_found_and_its_log_read() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, (80, 24));
    screen.go("pods");
    // Those that are ill are all that is left: a lab that was ill before may still have others than these.
    screen.press("\x1a");
    screen.sees("faults only");
    screen.waits("the two that are ill", |text| {
        let ill = |name: &str| text.lines().any(|row| row.contains(" shop ") && row.contains(name));
        ill("forecast-") && ill("invoices-") && !ill("billing-")
    });
    screen.filter("invoices");
    screen.row("invoices-", |row| row.contains('▌'));
    let why = "fatal: INVOICES_DB_URL is not set";
    screen.press("l");
    screen.sees("── log of pod shop/invoices-");
    screen.sees(why);
    screen.sees("reading the configuration");
    screen.press("\x1b");
    screen.sees("── pods ");
    screen.press("p");
    screen.sees("── previous log of pod shop/invoices-");
    screen.sees(why);
    screen.sees("the log ends here");
    screen.is_alive();
}

#[test]
fn the_newest_orders_are_browsed() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.select("topics", "^orders$", "orders");
    screen.leads("m", "messages of topic orders");
    screen.sees("newest 100, all partitions, as text");
    screen.row("\"currency\":\"EUR\"", |row| row.contains(" customer-") && row.contains("\"id\":\"o-"));
    // They are as new as the log's end that Kafka's own tool tells.
    let ends = stage.tool("kafka-get-offsets.sh", "--topic orders");
    let end = |partition: &str| {
        let line = ends.lines().find_map(|line| line.strip_prefix(&format!("orders:{partition}:")));
        line.and_then(|end| end.parse::<i64>().ok()).expect("a log end")
    };
    let read = screen.table("PART     OFFSET", &["PART", "OFFSET"]);
    let newest = |partition: &str| {
        let offsets =
            read.iter().filter(|row| row[0] == partition).filter_map(|row| row[1].parse::<i64>().ok());
        offsets.max()
    };
    for partition in ["0", "1", "2", "3", "4", "5"] {
        let (end, newest) = (end(partition), newest(partition));
        // Between the two readings a few seconds pass, at 20 orders a second on six partitions.
        assert!(
            newest.is_some_and(|newest| (newest - end).abs() < 200),
            "{partition}: {newest:?}, end {end}"
        );
    }
    screen.press("v");
    screen.sees(", as JSON");
    screen.press("j\r");
    screen.sees("\"currency\": \"EUR\"");
    screen.sees("trace-id");
    screen.is_alive();
}
