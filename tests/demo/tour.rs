//! The tour shows castellan by itself, and lets itself be passed over and left.

use crate::stage::{SMALL, Stage};

#[test]
fn the_tour_is_gone_through_by_space_from_the_alarm_to_the_repair() {
    let mut stage = Stage::open(&["--tour", "--speed", "10"], SMALL);
    stage.sees(" tour 1/");
    let stages = count(&stage.0.text()).expect("how many stages it has");
    for nth in 2..=stages {
        stage.press(" ");
        stage.sees(&format!(" tour {nth}/{stages} "));
    }
    stage.press(" ");
    stage.sees_no(" tour ");
    stage.waits("a screen of castellan's own", |screen| screen.contains("── "));
}

#[test]
fn the_tour_shows_the_incident_and_is_left_by_esc() {
    let mut stage = Stage::open(&["--tour", "--speed", "10"], SMALL);
    stage.sees(" tour 1/");
    stage.press(" ");
    stage.sees(" tour 2/");
    stage.row(&["kafka-1", "CrashLoopBackOff"]);
    stage.press("\x1b");
    stage.sees_no(" tour ");
    // The keys are the user's again.
    stage.leads(":pods\r", "pods");
}

/// The number after "tour 1/".
fn count(screen: &str) -> Option<usize> {
    let rest = screen.split(" tour 1/").nth(1)?;
    rest.split(' ').next()?.parse().ok()
}
