//! Faults that are only noticed when something is asked again after a minute: none of them touches another,
//! so that all are waited for at once.

use super::{is_whole, telemetry::PROMETHEUS};
use crate::{
    screen::Screen,
    stage::{ALL_LIVE, WIDE, stage},
};
use castellan_lab::{Context, Fault, Role};

#[test]
fn a_permission_a_token_a_throttle_and_the_scraping() {
    let stage = stage();
    let mut viewer = stage.open(Context::Viewer, WIDE);
    let mut expiring = stage.open(Context::Expiring, WIDE);
    let mut admin = stage.open(Context::Admin, WIDE);
    admin.sees(PROMETHEUS);
    let revoked = stage.fault(Fault::RevokePermission { role: Role::Viewer, resource: "nodes".into() });
    let expired = stage.fault(Fault::ExpireToken);
    let throttled = stage.fault(Fault::LeaveThrottle { rate: 10_000_000 });
    let unscraped = stage.fault(Fault::StopScraping);

    viewer.sees("no permission to list nodes");
    viewer.broker("kafka-0", "is known in all but its zone", |cell| {
        cell("STATUS") == "Running"
            && cell("KAFKA").starts_with("up")
            && cell("ZONE").contains(['!', '~', '–'])
    });
    expiring.sees("(401)");
    admin.sees("throttle left on 1 topic");
    admin.row("throttle left behind on scratch", |row| row.contains("warning"));
    exporters_are_asked(&admin);
    for screen in [&mut viewer, &mut expiring, &mut admin] {
        screen.is_alive();
    }

    unscraped.mend();
    throttled.mend();
    expired.mend();
    revoked.mend();
    admin.waits("the throttle is gone", |text| !text.contains("throttle left"));
    for (screen, trouble) in [(&viewer, "no permission"), (&expiring, "401"), (&admin, "stale")] {
        screen.waits("nothing is said of it any more", |text| {
            text.contains(ALL_LIVE) && !text.contains(trouble)
        });
        screen.sees(PROMETHEUS);
        is_whole(screen);
    }
}

/// Prometheus answers and has nothing new: the brokers' exporters measure in its place.
#[track_caller]
fn exporters_are_asked(screen: &Screen) {
    screen.sees("throughput live by exporters, without Prometheus");
    screen.broker("kafka-0", "has new rates", |cell| !cell("IN 15m").contains(['~', '!']));
    screen.sees("it answers but does not scrape these brokers now");
}
