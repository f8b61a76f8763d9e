//! The controller's broker dies between confirmation and answer.

use super::{hands::PLAN, stage};
use crate::{
    faults::is_whole,
    screen::Screen,
    stage::{Stage, WIDE},
};
use castellan_lab::{Context, Fault};

/// The broker that is the active controller, as Kafka's own tool tells it.
fn controller(stage: &Stage) -> u32 {
    let told = stage.tool("kafka-metadata-quorum.sh", "describe --status");
    let id = told.lines().find_map(|line| line.strip_prefix("LeaderId:"));
    id.and_then(|id| id.trim().parse().ok()).unwrap_or_else(|| panic!("no leader: {told}"))
}

/// Agrees to the plan on the screen, and kills the active controller before it can have answered: it hangs when
/// it is asked. Whether the operation is said to be done in the end.
fn die_over(stage: &Stage, screen: &mut Screen, controller: u32, title: &str) -> bool {
    screen.reads();
    let hung = stage.fault(Fault::HangBroker { broker: controller });
    screen.press("y");
    screen.waits("it is under way", |text| {
        !text.contains(PLAN)
            && text.lines().any(|line| line.trim_start().starts_with("running") && line.contains(title))
    });
    stage.fault(Fault::KillBroker { broker: controller, once: true }).mend();
    drop(hung);
    let said = screen.ends_as(&["done", "failed"], title);
    screen.is_alive();
    said.starts_with("done")
}

#[test]
fn what_becomes_of_a_write_is_told_when_the_controller_dies_over_it() {
    let stage = stage();
    for topic in ["relay", "fresh"] {
        stage.no_topic(topic);
    }
    let mut screen = stage.open(Context::Admin, WIDE);

    let dies = controller(&stage);
    let (from, to) = ((dies + 1) % 3, (dies + 2) % 3);
    let create =
        format!("--create --topic relay --replica-assignment {from},{from} --config min.insync.replicas=1");
    stage.tool("kafka-topics.sh", &create);
    screen.select("topics", "relay", "relay");
    // A plan that was made before its size is known changes when it is.
    screen.row("relay ", |row| row.contains(" 0 B "));
    screen.plans(&format!(":reassign to {to}\r"));
    let moved =
        die_over(&stage, &mut screen, dies, &format!("reassign 2 partitions of relay to broker {to}"));
    assert_eq!(stage.replicas("relay"), vec![vec![if moved { to } else { from }]; 2]);

    screen.go("overview");
    is_whole(&screen);
    screen.go("topics");
    screen.plans(":create-topic fresh partitions=2 rf=2\r");
    let made = die_over(&stage, &mut screen, controller(&stage), "create topic fresh");
    assert_eq!(stage.topics().contains(&"fresh".to_string()), made);
    for topic in ["relay", "fresh"] {
        stage.no_topic(topic);
    }
}
