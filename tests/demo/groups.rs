//! What is done to consumer groups: their consumers stop for it, and start again.

use crate::stage::{Stage, WIDE};

const FAST: &[&str] = &["--speed", "10"];

#[test]
fn a_group_is_reset_with_its_consumers_stopped_and_started_again() {
    let mut stage = Stage::open(FAST, WIDE);
    stage.select("groups", "^audit$", "audit");
    stage.is_refused("\x04", "stop its consumers first: kubectl scale -n shop deployment/audit --replicas 0");
    stage.plans(":reset-offsets latest\r");
    stage.sees("reset group audit to the end");
    stage.row(&["Deployment shop/audit: ", " -> 0 -> "]);
    stage.agrees();
    stage.ends("done", "reset group audit to the end");
    stage.select("deployments", "^audit$", "shop audit");
    stage.row(&["shop", "audit", " 1/1 "]);
}

#[test]
fn a_group_that_nobody_is_in_is_reset_and_deleted() {
    let mut stage = Stage::open(FAST, WIDE);
    stage.select("deployments", "^audit$", "shop audit");
    stage.does(":scale 0\r", "scale Deployment shop/audit from 1 to 0");
    stage.select("groups", "^audit$", "audit");
    stage.row(&["audit", "Empty"]);
    stage.does(":reset-offsets earliest\r", "reset group audit to the beginning");
    stage.does("\x04", "delete group audit");
    stage.sees_no("▌ audit");
}
