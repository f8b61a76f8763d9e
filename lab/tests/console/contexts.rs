//! What those see who may not do everything.

use crate::stage::{BROKERS, WIDE, stage};
use castellan_lab::Context;

#[test]
fn who_may_look_or_not_evict_sees_everything() {
    let stage = stage();
    for context in [Context::Viewer, Context::NoEvict] {
        let mut screen = stage.open(context, WIDE);
        for broker in BROKERS {
            screen.row(broker, |row| row.contains(" up") && row.contains("zone-") && !row.contains('!'));
        }
        assert!(!screen.text().contains("no permission"), "{}", screen.text());
        screen.is_alive();
    }
}

#[test]
fn who_may_see_one_namespace_is_told_what_is_missing() {
    let stage = stage();
    let mut screen = stage.open(Context::Namespace, WIDE);
    screen.sees("no permission to list pods in all namespaces");
    for broker in BROKERS {
        screen.row(broker, |row| row.contains(" Running ") && row.contains(" up"));
    }
    // Nodes belong to no namespace.
    screen.sees("no permission to list nodes");
    screen.go("pods");
    screen.row("kafka-0", |row| row.contains(" 1/1 "));
    assert!(!screen.text().contains("billing-"), "{}", screen.text());
    screen.is_alive();
}
