//! The lines of what is under way, at the sizes of screens.

use super::*;
use crate::domain::operation::{Operation, Stage};
use std::time::Duration;

fn operation(nth: usize, title: &str) -> Operation {
    Operation {
        id: format!("o{nth}").into(),
        title: title.into(),
        began: crate::world::NOW,
        stage: Stage::Running,
        runbook: false,
        steps: vec![title.into()],
        at: 0,
        words: "3 of 7 partitions in place, 42% of the bytes".into(),
        since: crate::world::NOW,
        share: Some(0.42),
        left: Some(Duration::from_secs(50)),
        undo: None,
        report: vec![],
    }
}

/// The lines above the footer, of a screen that shows these.
fn running(size: (u16, u16), operations: &[Operation]) -> Vec<String> {
    let mut h = hands(Mood::Healthy, "pods", size);
    for operation in operations {
        h.send(Msg::Delta(Delta::Operation(operation.clone())));
    }
    h.wait(12_000);
    let area = crate::app::layout::areas(&h.model).running;
    let lines = frame(&h, false);
    for line in &lines {
        assert!(crate::app::text::width(line) <= size.0.into(), "{line}");
        assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
    }
    lines[area.y.into()..area.bottom().into()].to_vec()
}

/// As long as a topic's name may be, and a name that would draw over the line.
fn hostile() -> Operation {
    let name = format!("a\u{1b}[2J\u{202e}日本\r\n{}", "x".repeat(249));
    operation(1, &format!("reassign 7 partitions of {name}"))
}

#[test]
fn one_move_says_on_a_small_screen_how_far_it_is_and_what_is_in_place() {
    let one = operation(1, "reassign 7 partitions of orders");
    assert_eq!(
        running(SMALL, std::slice::from_ref(&one)),
        [" running ██░░░ 42%, 50s left · reassign 7 partitions… 12s · 3 of 7 partitions i…"]
    );
    assert_eq!(
        running(LARGE, &[one]),
        [
            " running ██░░░ 42%, 50s left · reassign 7 partitions of orders 12s · 3 of 7 partitions in place, 42% of the bytes"
        ]
    );
}

#[test]
fn a_hostile_title_takes_no_room_from_what_is_awaited() {
    assert_eq!(
        running(SMALL, &[hostile()]),
        [" running ██░░░ 42%, 50s left · reassign 7 partitions… 12s · 3 of 7 partitions i…"]
    );
    let large = running(LARGE, &[hostile()]).remove(0);
    assert!(large.contains("reassign 7 partitions of a日本"), "{large}");
    assert!(large.ends_with("… 12s · 3 of 7 partitions in place, 42% of the bytes"), "{large}");
}

#[test]
fn what_cannot_be_measured_is_awaited_in_words() {
    let words = "pod kafka/kafka-1 to be Ready (ContainerCreating)".to_string();
    let stuck = Operation {
        stage: Stage::Stuck,
        steps: vec!["one".into(), "two".into()],
        share: None,
        left: None,
        words,
        ..operation(1, "evict 2 pods")
    };
    assert_eq!(
        running(SMALL, &[stuck]),
        [" stuck evict 2 pods 12s · step 1/2 · awaiting pod kafka/kafka-1 to be Ready (Co…"]
    );
}

#[test]
fn of_three_the_stuck_one_comes_first_and_the_others_are_counted_at_every_size() {
    let stuck = Operation { stage: Stage::Stuck, ..operation(3, "reassign 2 partitions of clicks") };
    let all = [hostile(), operation(2, "evict pod kafka/kafka-1"), stuck];
    for size in [SMALL, LARGE] {
        let lines = running(size, &all);
        assert!(lines[0].starts_with(" stuck ██░░░ 42%, 50s left · reassign 2 part"), "{lines:#?}");
        assert_eq!(lines[1..], [" and 2 more: :operations"]);
    }
    let low = running((80, 12), &all);
    assert!(low[0].starts_with(" stuck and 2 more · ██░░░ 42%") && low.len() == 1, "{low:#?}");
    assert_eq!(running(SMALL, &all[..2]).len(), 2, "two have a line each");
}

/// A runbook at its second step of three.
fn runbook(stage: Stage, words: &str) -> Operation {
    let steps = ["restart brokers 0, 1, 2 one at a time", "elect", "move"].map(String::from).into();
    let words = words.to_string();
    let (share, left) = (None, None);
    Operation {
        stage,
        runbook: true,
        steps,
        at: 1,
        words,
        share,
        left,
        ..operation(1, "restart brokers 0, 1, 2")
    }
}

#[test]
fn a_runbook_says_on_a_small_screen_where_it_is_and_why_it_holds() {
    let line = |stage, words| running(SMALL, &[runbook(stage, words)]).remove(0);
    assert_eq!(
        line(Stage::Running, "broker 1 back in 30 of 40 ISRs"),
        " running restart brokers 0, 1, 2 12s · step 2/3 · awaiting broker 1 back in 30 …"
    );
    assert_eq!(
        line(Stage::Paused, "by the operator"),
        " paused restart brokers 0, 1, 2 12s · step 2/3 · by the operator"
    );
    assert_eq!(
        line(Stage::Paused, "by itself: pod kafka/kafka-1 cannot be scheduled"),
        " paused restart brokers 0, 1, 2 12s · step 2/3 · by itself: pod kafka/kafka-1 c…"
    );
    assert_eq!(
        line(Stage::Watched, "paused by the operator: elect"),
        " watched restart brokers 0, 1, 2 12s · step 2/3 · paused by the operator: elect"
    );
    assert_eq!(
        line(Stage::Left, "elect (:go-on or :abort)"),
        " left restart brokers 0, 1, 2 12s · step 2/3 · elect (:go-on or :abort)"
    );
}

#[test]
fn operations_lists_a_runbook_in_80_columns() {
    let mut h = hands(Mood::Healthy, "operations", SMALL);
    for (nth, stage) in [Stage::Paused, Stage::Running].into_iter().enumerate() {
        let one = Operation { id: format!("o{nth}").into(), ..runbook(stage, "by the operator") };
        h.send(Msg::Delta(Delta::Operation(one)));
    }
    h.send(Msg::Derive);
    let rows: Vec<String> =
        frame(&h, false).into_iter().filter(|l| l.contains("restart brokers 0")).collect();
    assert!(rows.iter().any(|row| row.contains("paused") && row.contains("2/3")), "{rows:#?}");
    assert!(rows.iter().any(|row| row.contains("running") && row.contains("2/3")), "{rows:#?}");
}
