//! What those see who may not do everything.

use crate::stage::{ALL_LIVE, WIDE, stage};
use castellan_lab::{Context, Fault, Role};

const BROKERS: [&str; 3] = ["kafka-0", "kafka-1", "kafka-2"];

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

#[test]
fn a_token_that_expires_is_told_and_its_renewal_is_taken() {
    let stage = stage();
    let mut screen = stage.open(Context::Expiring, WIDE);
    let broken = stage.fault(Fault::ExpireToken);
    screen.sees("(401)");
    screen.is_alive();
    broken.mend();
    screen.sees(ALL_LIVE);
    screen.waits("nothing is said of it any more", |text| !text.contains("401"));
}

#[test]
fn a_permission_that_is_revoked_is_told() {
    let stage = stage();
    let mut screen = stage.open(Context::Viewer, WIDE);
    let broken = stage.fault(Fault::RevokePermission { role: Role::Viewer, resource: "nodes".into() });
    screen.sees("no permission to list nodes");
    screen.row("kafka-0", |row| row.contains(" up"));
    screen.is_alive();
    broken.mend();
    screen.waits("the permission is back", |text| text.contains(ALL_LIVE) && !text.contains("no permission"));
}
