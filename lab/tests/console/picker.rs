//! Two Kafka clusters: which is meant is asked.

use crate::{
    screen::Screen,
    stage::{ALL_LIVE, WIDE, stage},
};
use castellan_lab::Context;

#[test]
fn of_several_clusters_one_is_chosen_and_then_the_other() {
    let stage = stage();
    let mut screen = stage.start(Context::Admin, &[], WIDE);
    screen.sees("Kafka not chosen: :clusters");
    screen.go("clusters");
    for cluster in ["kafka/kafka", "staging/kafka"] {
        screen.row(cluster, |row| row.contains(" StatefulSet ") && row.contains(" kafka-bootstrap:9092 "));
    }
    choose(&mut screen, "staging/kafka");
    screen.waits("the one broker of staging", |_| brokers(&screen) == ["kafka-0"]);
    screen.go("topics");
    screen.row("payments", |row| row.contains(" 3 "));
    assert!(!screen.text().contains("clickstream"), "{}", screen.text());

    screen.go("clusters");
    screen.row("staging/kafka", |row| row.contains(" yes "));
    choose(&mut screen, "kafka/kafka");
    screen.waits("the brokers of kafka", |_| brokers(&screen) == ["kafka-0", "kafka-1", "kafka-2"]);
    screen.go("topics");
    screen.sees("clickstream");
    screen.is_alive();
}

#[track_caller]
fn choose(screen: &mut Screen, cluster: &str) {
    screen.filter(&format!("^{cluster}$"));
    screen.row(cluster, |row| row.contains('▌'));
    screen.press("\r");
    screen.sees(&format!("· Kafka {cluster} (port-forward)"));
    screen.sees(ALL_LIVE);
    screen.go("overview");
}

fn brokers(screen: &Screen) -> Vec<String> {
    screen.table("ID POD", &["POD"]).into_iter().flatten().collect()
}
