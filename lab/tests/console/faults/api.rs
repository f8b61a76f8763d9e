//! The API server: stopped, hung, slow, and forgetful of its history.

use super::{is_old, is_whole};
use crate::{
    screen::Screen,
    stage::{ALL_LIVE, WIDE, stage},
};
use castellan_lab::{Context, Fault};

/// What comes from the API server is old and says so.
#[track_caller]
fn pods_are_old(screen: &Screen) {
    screen.broker("kafka-0", "has a pod that was last seen a while ago", |cell| {
        is_old(&cell("STATUS"), "Running") && is_old(&cell("NODE"), "node-")
    });
}

/// Kafka does not need it where the brokers can be reached.
#[track_caller]
fn brokers_are_not(screen: &Screen) {
    screen.sees("· Kafka live ·");
    screen.broker("kafka-0", "answers", |cell| ["up", "up ctrl"].contains(&&*cell("KAFKA")));
}

/// It goes away and returns; `why` is what is told of it. Outside, the way to the brokers is gone with it.
fn goes_away(fault: Fault, why: &str) {
    let stage = stage();
    let mut outside = stage.open(Context::Admin, WIDE);
    let mut inside = stage.open_inside(WIDE);
    let broken = stage.fault(fault);
    for screen in [&outside, &inside] {
        screen.waits(why, |text| text.contains("Kubernetes stale") && text.contains(why));
        pods_are_old(screen);
    }
    brokers_are_not(&inside);
    outside.waits("no way to Kafka", |text| text.contains("· Kafka stale"));
    outside.broker("kafka-0", "was last heard a while ago", |cell| {
        is_old(&cell("KAFKA"), "up") || cell("KAFKA").starts_with("silent")
    });
    outside.is_alive();
    inside.is_alive();
    broken.mend();
    is_whole(&outside);
    is_whole(&inside);
}

#[test]
fn the_api_server_stops() {
    goes_away(Fault::StopApi, "refused");
}

#[test]
fn the_api_server_hangs() {
    goes_away(Fault::HangApi, "does not answer");
}

#[test]
fn the_api_server_is_slow() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.go("pods");
    screen.filter("forecast");
    screen.row("forecast-", |row| row.contains('▌'));
    // Slowness is no failure: what is asked of it comes late, and comes.
    let broken = stage.fault(Fault::SlowApi { delay: 500 });
    screen.press("y");
    screen.sees("── YAML of pod shop/forecast-");
    let took = screen.sees("image: shop/forecast:2.0.0");
    assert!(took.as_secs_f32() > 0.8, "it was not slow: {took:?}");
    screen.sees("Kubernetes live");
    screen.press("\x1b");
    screen.sees("── pods ");
    // What is slower than anyone likes is told, and is still no failure.
    let slower = stage.fault(Fault::SlowApi { delay: 2000 });
    screen.sees("Kubernetes slow (");
    screen.row("forecast-", |row| row.contains("Pending") && !row.contains("Pending !"));
    screen.is_alive();
    slower.mend();
    broken.mend();
    screen.go("overview");
    is_whole(&screen);
}

#[test]
fn a_watch_history_that_expired_is_read_anew() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.go("deployments");
    screen.row("shop", |row| row.contains(" web ") && row.contains(" 3/3 "));
    stage.fault(Fault::ExpireWatches).mend();
    screen.sees(ALL_LIVE);
    // The watches go on: what changes from now on is seen.
    stage.kubectl("-n shop scale deployment web --replicas=4");
    screen.row("shop", |row| row.contains(" web ") && row.contains(" 4/4 "));
    stage.kubectl("-n shop scale deployment web --replicas=3");
    screen.row("shop", |row| row.contains(" web ") && row.contains(" 3/3 "));
    screen.is_alive();
    screen.go("overview");
    is_whole(&screen);
}
