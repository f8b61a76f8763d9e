use super::*;
use crate::{
    domain::kafka::BrokerId,
    pane::{Block, PANES, Query},
    world::{Mood, SMALL, fixture},
};

fn text(mood: Mood, object: &Object) -> String {
    let fixture = fixture(mood, SMALL);
    describe(&fixture.world(), object).join("\n")
}

fn pod(name: &str) -> Object {
    Object::Kube { kind: Kind::Pod, key: Key::new("kafka", name), uid: "".into() }
}

#[test]
fn everything_that_a_row_stands_for_is_described() {
    for mood in Mood::ALL {
        let fixture = fixture(mood, SMALL);
        let world = fixture.world();
        for pane in PANES {
            for block in pane.blocks {
                let Block::Table { table, .. } = block else { continue };
                for object in table.arrange(&world, &Query::default()).iter() {
                    let sections = sections(&world, object);
                    assert!(!sections.is_empty(), "{mood:?} {} {}", pane.name, object.name());
                    assert!(sections.iter().all(|s| !s.lines.is_empty()));
                }
            }
        }
    }
}

#[test]
fn a_brokers_pod_is_described_with_its_broker_node_claims_and_events() {
    let text = text(Mood::Degraded, &pod("kafka-1"));
    for part in [
        "owner            StatefulSet/kafka",
        "status           CrashLoopBackOff",
        "registered       no, but replica lists name it",
        "state            waiting, CrashLoopBackOff: back-off 5m0s",
        "last run         ended 20s ago with exit code 1, Error",
        "data             data-kafka-1 Pending",
        "kafka            1 may go now",
        "BackOff: Back-off restarting failed container kafka",
        "broker 1 down: pod kafka-1 CrashLoopBackOff",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn a_group_is_described_with_its_members_and_their_pods() {
    let text = text(Mood::Degraded, &Object::Group("audit".into()));
    assert!(text.contains("messages         42,000"), "{text}");
    assert!(text.contains("audit-5d8c7-1 (pod shop/audit-5d8c7-1 Running)\n    orders 1, 3, 5"), "{text}");
}

#[test]
fn what_is_old_says_so_and_what_is_gone_is_empty() {
    let stale = text(Mood::Stale, &Object::Broker(BrokerId(0)));
    assert!(
        stale.contains("Broker (not heard for 2m)") && stale.contains("Pod (not heard for 2m)"),
        "{stale}"
    );
    let failed = text(Mood::Failed, &pod("kafka-0"));
    assert!(failed.contains("Pod (40s old: connection refused)"), "{failed}");
    assert_eq!(text(Mood::Healthy, &pod("kafka-9")), "");
}
