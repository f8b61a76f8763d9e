//! The cluster breaks in the middle of a runbook, which ends as planned all the same.

use super::{
    books::{Book, REASSIGN},
    ends_well, fourth, journal, nothing_is_left, of_each_book, stage,
};
use crate::{
    actions::outside::until,
    stage::{Stage, WIDE},
};
use castellan_lab::{Context, Fault};
use std::{
    io::Write as _,
    time::{Duration, Instant},
};

/// How long it stays broken.
const BROKEN: Duration = Duration::from_secs(25);

fn controller(stage: &Stage) -> u32 {
    let told = stage.tool("kafka-metadata-quorum.sh", "describe --status");
    let leader = told.lines().find_map(|line| line.strip_prefix("LeaderId:"));
    leader.and_then(|id| id.trim().parse().ok()).expect("a leader of the quorum")
}

fn through(stage: &Stage, book: &Book, fault: Fault) {
    let begun = Instant::now();
    (book.prepare)(stage);
    let mut screen = stage.open(Context::Admin, WIDE);
    (book.begin)(stage, &mut screen);
    until("a step was reached", || journal(stage).iter().any(|entry| entry["entry"] == "reached"));
    if let Fault::HangBroker { broker: 3 } = fault {
        fourth::comes(stage);
    }
    let words = format!("{}: {fault:?}", book.name);
    let broken = stage.fault(fault);
    let over = journal(stage).into_iter().find(|entry| entry["entry"] == "ended");
    assert!(over.is_none(), "{words}: it came too late, {over:?}");
    std::thread::sleep(BROKEN);
    broken.mend();
    ends_well(stage, &screen);
    nothing_is_left(stage);
    (book.check)(stage);
    super::clean(stage);
    let took = begun.elapsed().as_secs_f32();
    let _ = writeln!(std::io::stderr(), "{words}: done after {took:.0} s");
}

fn kill_its_controller(stage: &Stage, book: &Book) {
    let broker = controller(stage);
    through(stage, book, Fault::KillBroker { broker, once: true });
}

#[test]
fn a_throttled_move_outlives_the_controller() {
    kill_its_controller(&stage(), &REASSIGN);
}

fn all(stage: &Stage, book: &Book) {
    kill_its_controller(stage, book);
    through(stage, book, Fault::HangBroker { broker: book.onto });
    through(stage, book, Fault::StopApi);
}

of_each_book![all];
