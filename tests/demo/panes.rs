//! Every pane of the README's table, at both sizes, with something in it that is true of the demo.

use crate::stage::{SMALL, Stage, WIDE};

/// The panes by their first command, what stands above them, and words of one row (at 160×50, at 80×24).
const TRUE: &[(&str, &str, &[&str], &[&str])] = &[
    ("overview", "Brokers", &["kafka-1", "Running", " up"], &["kafka-1", "Running"]),
    ("pods", "pods", &["shop", "forecast-", "0/1 Pending"], &["kafka-0", "1/1 Running"]),
    ("statefulsets", "statefulsets", &["kafka", "3/3", "apache/kafka:4.1.1"], &["kafka", "3/3"]),
    ("deployments", "deployments", &["shop", "billing", "/2"], &["shop", "web", "3/3"]),
    ("nodes", "nodes", &["node-a1", "Ready", "zone-a"], &["node-a1", "Ready"]),
    ("brokers", "brokers", &["kafka-2", "Running", " up"], &["kafka-2", "Running"]),
    ("topics", "topics", &["clickstream", " 24   2   1 ", "6h"], &["clickstream", " 24  2   1 "]),
    ("partitions", "partitions", &["__consumer_offsets", " 38 ", "MiB"], &["__consumer_offsets", " ok "]),
    ("groups", "groups", &["billing", "Stable"], &["billing", "Stable"]),
    ("members", "Members", &["billing-", "Running"], &["audit-"]),
    ("reassignments", "reassignments", &["no reassignments"], &["no reassignments"]),
    ("events", "events", &["Warn", "BackOff", "pod/invoices-"], &["Warn", "BackOff"]),
    ("charts", "charts · by cluster", &["Messages in", "all brokers", "/s"], &["Bytes in", "/s"]),
    ("findings", "findings", &["pod shop/forecast-", "Unschedulable"], &["pod shop/forecast-"]),
    ("claims", "claims", &["data-kafka-1", "Bound", "20.0 GiB"], &["data-kafka-1", "Bound"]),
    ("services", "services", &["kafka-headless", "None"], &["kafka-headless"]),
    ("budgets", "budgets", &["kafka", "3/3", "at most 1 away"], &["kafka", "3/3"]),
    ("autoscalers", "autoscalers", &["billing", "shop"], &["billing"]),
    ("clusters", "clusters", &["staging/kafka", "StatefulSet"], &["staging/kafka"]),
    ("contexts", "contexts", &["no-evict"], &["no-evict"]),
    ("operations", "operations", &["no operations"], &["no operations"]),
];

#[test]
fn every_pane_shows_what_is_true_wide_and_small() {
    let tested: Vec<&str> = TRUE.iter().map(|(pane, ..)| *pane).collect();
    assert_eq!(documented(), tested, "the README's panes");
    let mut stage = Stage::open(&[], WIDE);
    for (pane, title, words, _) in TRUE {
        stage.leads(&format!(":{pane}\r"), title);
        stage.row(words);
    }
    stage.resize(SMALL);
    for (pane, title, _, words) in TRUE {
        stage.leads(&format!(":{pane}\r"), title);
        stage.row(words);
    }
}

/// The first command of each of the README's panes.
fn documented() -> Vec<String> {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = std::fs::read_to_string(readme).expect("the README");
    let between = text.split("<!-- panes -->").nth(1).and_then(|rest| rest.split("<!-- end").next());
    let rows = between.expect("the README's panes").lines();
    rows.filter_map(|row| row.strip_prefix("| `:")?.split('`').next().map(String::from)).collect()
}
