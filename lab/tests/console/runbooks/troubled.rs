//! The cluster breaks in the middle of a runbook, which ends as planned all the same.

use super::{
    books::{Book, REASSIGN, ROLL},
    ends_well, journal, nothing_is_left, stage,
};
use crate::{
    actions::outside::until,
    stage::{Stage, WIDE},
};
use castellan_lab::{Context, Fault};
use std::time::Duration;

/// How long it stays broken.
const BROKEN: Duration = Duration::from_secs(25);

fn controller(stage: &Stage) -> u32 {
    let told = stage.tool("kafka-metadata-quorum.sh", "describe --status");
    let leader = told.lines().find_map(|line| line.strip_prefix("LeaderId:"));
    leader.and_then(|id| id.trim().parse().ok()).expect("a leader of the quorum")
}

fn through(stage: &Stage, book: &Book, fault: Fault) {
    (book.prepare)(stage);
    let mut screen = stage.open(Context::Admin, WIDE);
    (book.begin)(&mut screen);
    until("a step was reached", || journal(stage).iter().any(|entry| entry["entry"] == "reached"));
    let broken = stage.fault(fault);
    std::thread::sleep(BROKEN);
    broken.mend();
    ends_well(stage, &screen);
    nothing_is_left(stage);
    (book.check)(stage);
    super::clean(stage);
}

#[test]
#[ignore = "it takes long: lab/runbooks runs it"]
fn a_runbook_outlives_the_controller_a_hung_broker_and_the_api_server() {
    let stage = stage();
    for book in [REASSIGN, ROLL] {
        let broker = controller(&stage);
        through(&stage, &book, Fault::KillBroker { broker, once: true });
        through(&stage, &book, Fault::HangBroker { broker: 1 });
        through(&stage, &book, Fault::StopApi);
    }
}
