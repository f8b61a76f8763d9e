use super::*;
use crate::{
    domain::{
        kafka::{BrokerId, KafkaDelta},
        object::Object,
        reading::Failure,
    },
    pane::Tone,
    world::{self, Fixture, NOW, SMALL, Size},
};
use std::time::Duration;

fn sample(brokers: usize) -> Report {
    let row = |i: usize| {
        vec![
            Cell::toned(format!("kafka-{i}"), Tone::Strong),
            Cell::plain("Running").doubting(&State::Stale { age: Duration::from_secs(42) }),
            Cell::plain("x".repeat(60)),
            Cell::plain("y".repeat(60)),
        ]
    };
    Report {
        session: Session {
            context: "prod\u{1b}[2J".into(),
            cluster: Some("kafka/main".into()),
            version: "1.2.3",
        },
        at: Time(1_795_230_245_000),
        severity: Severity::Warning,
        verdict: "DEGRADED 2 under-replicated".into(),
        sources: vec![Source {
            name: "Kafka",
            state: State::Failed { reason: "no route".into(), age: Some(Duration::from_secs(125)) },
            note: None,
            how: "direct".into(),
        }],
        findings: vec![Finding {
            code: "under-replicated",
            brief: "a|b under-replicated".into(),
            severity: Severity::Warning,
            subject: Object::Topic("a|b".into()),
            line: "a|b is <under> replicated".into(),
            since: Some(Time(1_795_230_185_000)),
            evidence: vec![],
        }],
        tables: vec![Sheet {
            heading: "Brokers".into(),
            columns: vec![("BROKER", 0), ("STATUS", 0), ("WIDE", 2), ("WIDER", 3)],
            rows: (0..brokers).map(row).collect(),
            notes: vec![],
        }],
    }
}

#[test]
fn text_fits_a_screen_and_counts_what_it_leaves_out() {
    let text = text(&sample(60));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), LINES);
    assert!(lines.iter().all(|l| l.chars().count() <= 100), "{text}");
    assert_eq!(lines[0], "DEGRADED 2 under-replicated");
    assert_eq!(lines[1], "2026-11-21 03:04:05 UTC · context prod · Kafka kafka/main · castellan 1.2.3");
    assert_eq!(lines[2], "Kafka      failed: no route (last seen 2m5s ago) · direct");
    assert!(lines[4].starts_with("BROKER    STATUS") && !text.contains("WIDER"), "{text}");
    assert!(lines[5].starts_with("kafka-0   Running~42s"), "a stale cell says its age: {text}");
    assert_eq!(lines[24], "… and 41 more");
}

#[test]
fn markdown_is_not_broken_by_names() {
    let markdown = markdown(&sample(1));
    assert!(markdown.contains("- **WARNING** a\\|b is &lt;under> replicated"), "{markdown}");
    assert!(markdown.contains("| BROKER | STATUS | WIDE | WIDER |\n| --- |"), "{markdown}");
}

#[test]
fn a_long_table_is_bounded_in_markdown_and_says_by_how_much() {
    let markdown = markdown(&sample(57));
    assert!(markdown.contains("| kafka-19 |") && !markdown.contains("kafka-20"), "{markdown}");
    assert!(markdown.contains("\nand 37 more\n"), "{markdown}");
    assert!(markdown.contains("context `prod` · Kafka `kafka/main` · castellan 1.2.3"), "{markdown}");
}

#[test]
fn the_broken_broker_comes_first_on_paper() {
    let mut snapshot = world::healthy(Size { brokers: 60, ..SMALL });
    let silent = KafkaDelta::Contact { broker: BrokerId(57), answer: Err("timed out".into()), at: NOW };
    snapshot.apply(silent.into());
    let fixture = Fixture::of(snapshot, NOW);
    let session = Session { context: "prod".into(), cluster: None, version: "1.2.3" };
    let text = text(&report(&fixture.world(), session));
    let heading = text.lines().position(|l| l.contains("POD") && l.contains("KAFKA")).unwrap();
    let first = text.lines().nth(heading + 1).unwrap();
    assert!(first.contains("kafka-57") && first.contains("silent"), "{text}");
}

#[test]
fn the_signs_of_groups_are_explained() {
    let mut report = sample(2);
    report.tables[0].notes = vec!["LATE –: not known, it needs 30 s of history".into()];
    let said = "LATE –: not known, it needs 30 s of history";
    assert_eq!(text(&report).lines().last(), Some(said));
    assert!(markdown(&report).trim_end().ends_with(said));
}

#[test]
fn codes_are_those_of_monitoring_plug_ins() {
    let codes = [Severity::Ok, Severity::Warning, Severity::Critical, Severity::Unknown].map(exit_code);
    assert_eq!(codes, [0, 1, 2, 3]);
}

#[test]
fn a_failure_without_a_value_has_no_age() {
    let mut feed = crate::domain::reading::Feed::pending(Duration::from_secs(1));
    feed.fail("refused", Time(0));
    assert_eq!(feed.failure(), Some(&Failure { reason: "refused".into(), since: Time(0) }));
    assert_eq!(state_words(&feed.state(Time(9))), "failed: refused");
}
