//! Every pane of the README's table, with something in it that is true of this lab alone.

use crate::{
    screen::Screen,
    stage::{WIDE, stage},
};
use castellan_lab::Context;

/// The panes, each by the last of its commands, and what must stand in one row of it.
const TRUE: &[(&str, &str, &[&str])] = &[
    ("overview", "home", &["audit", "Stable", "orders-"]),
    ("pods", "pod", &["shop", "forecast-", "0/1 Pending"]),
    ("statefulsets", "statefulset", &["kafka", "3/3", "done", "kafka-headless", "apache/kafka:4.1.1"]),
    ("deployments", "deployment", &["shop", "billing", "2/2", "shop/billing:1.8.2"]),
    ("nodes", "node", &["node-a1", "Ready", "zone-a", "30.0 GiB", "v1.35.4"]),
    ("brokers", "broker", &["kafka-2", "Running", "up", "kafka-2.kafka-headless."]),
    ("topics", "kt", &["clickstream", " 24   2   1 ", "delete", "8.00 MiB"]),
    ("partitions", "partition", &["clickstream", " 23 ", " KiB "]),
    ("groups", "consumergroups", &["billing", "Stable", "range"]),
    ("members", "offsets", &["billing-", " 6 billing-", "Running", "10.44."]),
    ("reassignments", "moves", &["no reassignments"]),
    ("events", "event", &["Warn", "BackOff", "pod/invoices-", "kubelet", "shop"]),
    ("charts", "throughput", &["Messages in", "all brokers", "/s"]),
    ("findings", "fi", &["pod shop/forecast-", "0/6 nodes are available"]),
    ("claims", "claim", &["data-kafka-1", "Bound", "512 MiB", "zonal"]),
    ("services", "service", &["kafka-headless", "None", "controller:9093"]),
    ("budgets", "poddisruptionbudgets", &["kafka", "3/3", "at most 1 away"]),
    ("autoscalers", "horizontalpodautoscalers", &["no autoscalers"]),
    ("clusters", "kafka", &["staging/kafka", "StatefulSet", "1 kafka-bootstrap:9092"]),
    ("contexts", "contexts", &["-admin ", " yes "]),
    ("operations", "operation", &["no operations"]),
];

#[test]
fn every_pane_shows_what_is_true() {
    let panes: Vec<_> = documented();
    let tested: Vec<_> =
        TRUE.iter().map(|(pane, command, _)| (pane.to_string(), command.to_string())).collect();
    assert_eq!(panes, tested, "the README's panes, each with its last command");
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    for (pane, command, words) in TRUE {
        screen.go_by(command, pane);
        screen.waits(&format!(":{command} with {words:?} in a row"), |text| {
            text.lines().any(|row| words.iter().all(|word| row.contains(word)))
        });
    }
    screen.is_alive();
}

/// The README's table of panes: the first and the last command of each.
fn documented() -> Vec<(String, String)> {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let text = std::fs::read_to_string(readme).expect("the README");
    let between = text.split("<!-- panes -->").nth(1).and_then(|rest| rest.split("<!-- end").next());
    let rows = between.expect("the README's panes").lines().filter(|line| line.starts_with("| `:"));
    let commands =
        |row: &str| row.split('`').filter_map(|word| word.strip_prefix(':')).map(String::from).collect();
    let ends = |commands: Vec<String>| Some((commands.first()?.clone(), commands.last()?.clone()));
    rows.map(commands).filter_map(ends).collect()
}

/// How many points the line of the first chart has: each character has two columns of dots.
fn drawn(screen: &Screen) -> usize {
    let text = screen.text();
    let chart = text.lines().skip_while(|line| !line.contains("Bytes in")).skip(1);
    chart
        .take_while(|line| !line.contains('└'))
        .flat_map(str::chars)
        .filter(|c| ('⠁'..='⣿').contains(c))
        .count()
}

#[test]
fn charts_are_drawn_and_go_on() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, (160, 50));
    screen.go("charts");
    screen.waits("a line in the charts", |_| drawn(&screen) > 2);
    for what in ["Bytes in", "Bytes out", "Messages in"] {
        // The producer writes some 20 orders a second with what belongs to them.
        screen.row(what, |row| row.contains("all brokers ") && row.contains("/s"));
    }
    screen.row("Under-replicated", |row| row.contains("Under-replicated  ■ all brokers 0"));
    screen.leads("b", "charts · by broker");
    screen.row("Bytes in", |row| ["0 ", "1 ", "2 "].iter().all(|id| row.contains(id)));
    screen.leads("b", "charts · by topic");
    screen.row("Messages in", |row| row.contains("orders "));
    screen.is_alive();
}
