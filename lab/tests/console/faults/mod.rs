//! Each fault of the lab: the screen lives, tells what happened, and is whole again afterwards.

mod api;
mod brokers;
mod telemetry;
mod together;

use crate::{
    screen::Screen,
    stage::{ALL_LIVE, BROKERS},
};

/// Every source is live, and every broker is up, in sync and believed.
#[track_caller]
pub fn is_whole(screen: &Screen) {
    screen.sees(ALL_LIVE);
    for broker in BROKERS {
        screen.broker(broker, "is whole", |cell| {
            cell("STATUS") == "Running"
                && ["up", "up ctrl"].contains(&&*cell("KAFKA"))
                && cell("POD") == broker
        });
    }
    screen.waits("nothing is out of sync", |text| {
        let counts = crate::screen::table(text, "ID POD", &["URP", "MIN", "OOS"]);
        counts == [vec!["0".to_string(); 3]].into()
    });
}

#[track_caller]
fn others_are_up(screen: &Screen, but: &str) {
    for broker in BROKERS.into_iter().filter(|broker| *broker != but) {
        screen.broker(broker, "is up", |cell| cell("STATUS") == "Running" && cell("KAFKA").starts_with("up"));
    }
}

/// Whether a cell shows a text whose source has not been heard lately: `Running !12s`, `Running ~12s`.
fn is_old(cell: &str, text: &str) -> bool {
    cell.starts_with(text) && cell.contains(['!', '~'])
}
