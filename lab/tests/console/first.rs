//! The first screen, from outside and from inside.

use crate::{
    screen::{Facts, Screen},
    stage::{BROKERS, Stage, WIDE, stage},
};
use castellan_lab::Context;

/// Everything that an operator looks for at first, at a size that has room for it.
#[track_caller]
fn tells_the_state(screen: &Screen) {
    // The worst is known after half a minute of history.
    screen.waits("the verdict says that audit lags", |text| {
        text.lines().any(|line| line.starts_with(" DEGRADED ") && line.contains("audit lag "))
    });
    for broker in BROKERS {
        screen.broker(broker, "is up, its disk and its throughput are known", |cell| {
            cell("STATUS") == "Running"
                && cell("KAFKA").starts_with("up")
                && cell("OOS") == "0"
                && cell("DISK").ends_with('%')
                && cell("IN 15m").contains(|c| ('▁'..='█').contains(&c))
        });
    }
    let text = screen.text();
    let controllers = text.lines().filter(|row| row.contains(" up ctrl "));
    assert_eq!(controllers.count(), 1, "{text}");
    worst_group_first(&text);
    screen.row(" BackOff ", |row| row.contains("pod/invoices-"));
}

#[track_caller]
fn worst_group_first(text: &str) {
    let place =
        |group: &str| text.lines().position(|row| row.trim_start_matches(['▌', ' ']).starts_with(group));
    let (audit, billing) = (place("audit "), place("billing "));
    assert!(audit.is_some() && billing.is_some() && audit < billing, "{text}");
}

/// Where each broker's pod stands, told by Kubernetes.
fn places(stage: &Stage) -> Facts {
    let zone = |node: &str| {
        let path = r"jsonpath={.metadata.labels.topology\.kubernetes\.io/zone}";
        stage.kubectl(&format!("get node {node} -o {path}"))
    };
    let place = |pod: &str| {
        let node = stage.kubectl(&format!("-n kafka get pod {pod} -o jsonpath={{.spec.nodeName}}"));
        vec![pod.to_string(), zone(&node), node]
    };
    BROKERS.into_iter().map(place).collect()
}

#[test]
fn the_first_screen_tells_the_state_small_and_wide() {
    let stage = stage();
    let small = stage.open(Context::Admin, (80, 24));
    let wide = stage.open(Context::Admin, (160, 50));
    tells_the_state(&small);
    tells_the_state(&wide);
    assert_eq!(wide.table("ID POD", &["POD", "ZONE", "NODE"]), places(&stage));
    let racks = wide.table("ID POD", &["ZONE", "RACK"]);
    assert!(racks.iter().all(|row| row[0] == row[1]), "{}", wide.text());
    // Each of the 60 partitions has one leader.
    let led = wide.table("ID POD", &["ID", "LEAD"]);
    let leaders: u32 = led.iter().map(|row| row[1].parse::<u32>().expect("a number")).sum();
    assert_eq!(leaders, 60, "{}", wide.text());
    wide.row("warning", |row| row.contains("group audit is "));
    for mut screen in [small, wide] {
        screen.is_alive();
    }
}

#[test]
fn the_header_says_which_way_leads_to_the_brokers() {
    let stage = stage();
    let outside = stage.open(Context::Admin, WIDE);
    outside.sees("· Kafka kafka/kafka (port-forward) ·");
    let inside = stage.open_inside(WIDE);
    inside.sees("· Kafka kafka/kafka (direct) ·");
    // The way does not change what is told.
    let told = |screen: &Screen| screen.table("ID POD", &["ID", "POD", "STATUS", "KAFKA", "ZONE", "RACK"]);
    inside.waits("the same as outside", |_| told(&inside) == told(&outside) && told(&inside).len() == 3);
}
