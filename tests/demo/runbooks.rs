//! Runbooks in the operator's hand: paused, gone on with, aborted, and their reports.

use crate::stage::{SMALL, Stage, WIDE};

/// A move that takes a while: so many bytes, so slowly.
const SLOWLY: &str = ":set-replication 3 at 10MiB\r";
const TITLE: &str = "replication factor of clickstream";

fn begin(size: castellan_terminal::Size) -> Stage {
    let mut stage = Stage::open(&["--speed", "10"], size);
    stage.select("topics", "clickstream", "clickstream");
    stage.plans(SLOWLY);
    stage.agrees();
    stage.leads(":operations\r", "operations");
    stage.press("g");
    stage
}

#[test]
fn a_throttled_move_is_paused_and_gone_on_with() {
    let mut stage = begin(WIDE);
    stage.row(&["running", TITLE]);
    stage.press("h");
    stage.row(&["paused", "by the operator"]);
    stage.press("h");
    stage.sees("it is paused already");
    stage.press("o");
    stage.sees("goes on: ");
}

#[test]
fn a_move_is_aborted_when_that_was_confirmed_and_no_throttle_is_left() {
    let mut stage = begin(SMALL);
    stage.row(&["running"]);
    stage.plans("u");
    stage.sees("put back what is left of: move ");
    stage.press("n");
    stage.sees("cancelled: nothing was done");
    stage.plans("u");
    stage.agrees();
    stage.ends("cancelled", TITLE);
    stage.leads(":reassignments\r", "reassignments");
    stage.sees("no reassignments");
    stage.leads(":findings\r", "findings");
    stage.sees_no("throttle left");
}

#[test]
fn a_moves_rate_is_changed_while_it_copies_and_not_by_a_slip_to_one_that_would_never_end() {
    let mut stage = begin(SMALL);
    stage.row(&["running"]);
    stage.press("t");
    stage.row(&["rate:"]);
    stage.press("1B\r");
    stage.sees("never catch up");
    stage.sees("1B! does it all the same");
    stage.press("!\r");
    stage.sees("at 1 B/s (1 B/s) from now on");
    stage.press("t");
    stage.row(&["rate:"]);
    stage.press("1GiB\r");
    stage.sees("from now on");
    stage.ends("done", "");
    stage.leads(":findings\r", "findings");
    stage.sees_no("throttle left");
    stage.press("h");
    stage.sees("no runbook is under way");
    stage.leads(":pods\r", "pods");
    for key in ["o", "u", "t"] {
        stage.press(key);
        stage.sees("no runbook is under way");
    }
    stage.is_refused(":unthrottle\r", "nothing is throttled");
}

#[test]
fn quitting_says_that_the_next_castellan_goes_on_with_it() {
    let mut stage = begin(SMALL);
    stage.press("\u{3}");
    stage.sees("1 runbook under way: no further step is sent");
    stage.press("\u{3}");
    assert_eq!(stage.exit_code(), 0);
}
