//! Brokers, their nodes and their disks.

use super::{is_whole, others_are_up};
use crate::stage::{WIDE, stage};
use castellan_lab::{Context, Fault};

/// It does not answer, or the controller has struck it off already.
fn is_away(cell: &dyn Fn(&str) -> String) -> bool {
    ["silent", "gone"].iter().any(|word| cell("KAFKA").starts_with(word))
}

#[test]
fn a_broker_hangs() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::HangBroker { broker: 2 });
    screen.broker("kafka-2", "does not answer", is_away);
    // Its disk cannot be read any more: what was read is old.
    screen.broker("kafka-2", "has an old disk", |cell| cell("DISK").ends_with(['~', '!']));
    screen.sees("broker 2 ");
    // Kafka itself takes it out of the ISRs, and its own partitions have no leader.
    screen.broker("kafka-2", "is out of sync", |cell| cell("OOS").parse().is_ok_and(|n: u32| n > 0));
    screen.waits("the verdict tells", |text| text.contains(" CRITICAL ") && text.contains("offline"));
    others_are_up(&screen, "kafka-2");
    screen.sees("Kafka live");
    screen.is_alive();
    broken.mend();
    is_whole(&screen);
}

#[test]
fn a_broker_is_killed_again_and_again() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::KillBroker { broker: 1, once: false });
    screen.broker("kafka-1", "crashes and is gone", |cell| {
        cell("STATUS").starts_with("CrashLoopBack") && is_away(cell)
    });
    screen.broker("kafka-1", "leads nothing and is out of sync", |cell| {
        cell("LEAD") == "0" && cell("OOS").parse().is_ok_and(|n: u32| n > 0)
    });
    screen.waits("the effect, and its cause", |text| {
        let critical = text.lines().any(|line| line.contains("critical") && line.contains("offline"));
        critical && text.contains("broker 1 down: pod kafka-1 CrashLoopBackOff")
    });
    others_are_up(&screen, "kafka-1");
    screen.sees("Kubernetes live · Kafka live");
    screen.is_alive();
    broken.mend();
    is_whole(&screen);
    screen.broker("kafka-1", "was restarted", |cell| cell("RST").parse().is_ok_and(|n: u32| n > 0));
}

#[test]
fn the_network_of_a_broker_is_slow() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::SlowBroker { broker: 0, rate: 16 });
    screen.sees("broker 0 ");
    others_are_up(&screen, "kafka-0");
    screen.is_alive();
    broken.mend();
    is_whole(&screen);
}

#[test]
fn a_node_is_lost() {
    let stage = stage();
    let node = stage.kubectl("-n kafka get pod kafka-1 -o jsonpath={.spec.nodeName}");
    let mut screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::LoseNode { node: node.clone() });
    screen.sees(&format!("node {node} lost"));
    screen.sees("broker 1 down: pod kafka-1 on a lost node");
    screen.broker("kafka-1", "does not answer", is_away);
    others_are_up(&screen, "kafka-1");
    screen.go("nodes");
    screen.row(&node, |row| row.contains(" Unknown (lost) "));
    screen.is_alive();
    broken.mend();
    screen.row(&node, |row| row.contains(" Ready "));
    screen.go("overview");
    is_whole(&screen);
}

#[test]
fn a_log_dir_is_nearly_full() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::FillLogDir { broker: 1, percent: 97 });
    screen.broker("kafka-1", "has a full disk", |cell| cell("DISK").starts_with("97%"));
    screen.waits("the verdict tells", |text| {
        text.contains(" CRITICAL ") && text.contains("broker 1 disk 97% full")
    });
    screen.row("broker 1: /mnt/data is 97% full", |row| row.contains("critical") && row.contains("of 5"));
    others_are_up(&screen, "");
    screen.is_alive();
    broken.mend();
    screen.waits("room again", |text| !text.contains("97%"));
    is_whole(&screen);
}
