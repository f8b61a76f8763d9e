use super::*;
use crate::{
    action::{
        Goal, Intent, Step,
        course::Steer,
        journal::{Entry, Record, What, Whose},
        task::{Once, Task},
    },
    domain::kubernetes::Key,
};
use std::time::Duration;

const HOUR: i64 = 3_600_000;
const NOW: Time = Time(1_772_366_400_000); // 2026-03-01 12:00:00Z

fn planned(verb: &str, title: &str) -> What {
    let step = |title: &str, write| Step {
        title: title.into(),
        write,
        until: Goal::Answered,
        patience: Duration::from_secs(1),
    };
    let pod = Key::new("kafka", "kafka-1");
    What::Planned(Record {
        title: title.into(),
        intent: Intent { verb: verb.into(), objects: Vec::new(), argument: String::new() },
        changes: vec!["kafka-1 is replaced".into()],
        refusals: vec!["orders-3 falls under min ISR".into()],
        steps: vec![
            step("evict pod kafka/kafka-1", Write::Evict { pod: pod.clone(), uid: "u1".into() }),
            step("delete pod kafka/kafka-1", Write::Delete { pod, uid: "u1".into() }),
        ],
        tasks: vec![],
        undo: Some("first\nsecond".into()),
    })
}

fn whose(context: &str) -> Whose {
    Whose { context: context.into(), cluster: "kafka/kafka".into(), id: None }
}

/// A folder with one cluster's journal of three operations: done, refused, and left.
fn kept() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::of(folder.path(), &whose("prod"));
    let keep = |operation: &str, at: i64, what| {
        let at = Time(NOW.0 - at);
        journal.append(&Entry { at, operation: operation.into(), context: "prod".into(), what }).unwrap();
    };
    keep("o1", 30 * HOUR, planned("evict", "evict pod \u{1b}[31mkafka/kafka-1"));
    for step in [0, 1] {
        keep("o1", 30 * HOUR - 1_000, What::Began { step });
        let answer = Said::Taken(format!("taken {step}").into());
        keep("o1", 30 * HOUR - 2_000, What::Answered { step, answer });
        keep("o1", 30 * HOUR - 42_000, What::Reached { step });
    }
    keep("o1", 30 * HOUR - 42_000, What::Ended { done: true, words: "broker 1 is back".into() });
    keep("o2", 3 * HOUR, planned("delete", "delete pod kafka/kafka-2"));
    keep("o2", 3 * HOUR, What::Began { step: 0 });
    keep("o2", 3 * HOUR, What::Answered { step: 0, answer: Said::Refused("the budget says no".into()) });
    keep("o2", 3 * HOUR, What::Ended { done: false, words: "the budget says no".into() });
    keep("o3", HOUR, planned("evict", "evict pod kafka/kafka-0"));
    keep("o3", HOUR - 120_000, What::Began { step: 0 });
    folder
}

fn asked(folder: &Path, args: &[&str]) -> Result<String> {
    use clap::Parser as _;
    let all = ["castellan", "journal"].iter().chain(args);
    let cli = crate::cli::Cli::try_parse_from(all)?;
    let Some(crate::cli::Command::Journal(options)) = cli.command else { panic!("{:?}", cli.command) };
    report(folder, &options, cli.context.as_deref(), NOW)
}

#[test]
fn each_operation_is_a_block_with_its_steps_answers_and_undo() {
    let folder = kept();
    let text = asked(folder.path(), &[]).unwrap();
    let blocks: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(
        blocks[0],
        "2026-02-28 06:00:00Z  evict pod kafka/kafka-1
  done after 42s: broker 1 is back
  kafka/kafka · context prod · o1
  overridden: orders-3 falls under min ISR
  1. evict pod kafka/kafka-1: taken 0; reached
  2. delete pod kafka/kafka-1: taken 1; reached
  undo:
    first
    second"
    );
    assert!(blocks[1].contains("failed after 0s: the budget says no"), "{}", blocks[1]);
    assert!(blocks[1].contains(
        "1. evict pod kafka/kafka-1: refused: the budget says no\n  2. delete pod kafka/kafka-1: not begun"
    ));
    assert!(blocks[2].contains("not ended; last heard of 58m ago, after 2m"), "{}", blocks[2]);
    assert!(blocks[2].contains("1. evict pod kafka/kafka-1: begun, and no answer was heard; not reached"));
}

#[test]
fn operations_are_chosen_by_age_verb_and_outcome() {
    let folder = kept();
    let titles = |args: &[&str]| {
        let text = asked(folder.path(), args).unwrap();
        let begins = |line: &&str| line.starts_with("2026-");
        text.lines().filter(begins).map(|l| l.split("  ").nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles(&["--since", "2h"]), ["evict pod kafka/kafka-0"]);
    assert_eq!(titles(&["--since", "2026-03-01"]), ["delete pod kafka/kafka-2", "evict pod kafka/kafka-0"]);
    assert_eq!(titles(&["--verb", "evict"]).len(), 2);
    assert_eq!(titles(&["--failed"]), ["delete pod kafka/kafka-2"]);
    assert_eq!(titles(&["--cluster", "kafka/kafka"]).len(), 3);
    assert_eq!(titles(&["--context", "prod"]).len(), 3);
    assert_eq!(
        asked(folder.path(), &["--failed", "--since", "1h"]).unwrap(),
        "none of the 3 operations in the journal is like that\n"
    );
}

#[test]
fn json_is_an_object_a_line() {
    let folder = kept();
    let text = asked(folder.path(), &["--json", "--verb", "evict"]).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    let (done, open) = (&lines[0], &lines[1]);
    assert_eq!((&done["state"], &done["cluster"]), (&"done".into(), &"kafka/kafka".into()));
    assert_eq!(done["steps"][1]["answer"]["taken"], "taken 1");
    assert_eq!(done["steps"][0]["write"]["uid"], "u1");
    assert_eq!(done["last"].as_i64().unwrap() - done["began"].as_i64().unwrap(), 42_000);
    assert_eq!((&open["state"], &open["words"]), (&"open".into(), &serde_json::Value::Null));
    assert_eq!(
        (&open["steps"][0]["begun"], &open["steps"][0]["answer"]),
        (&true.into(), &serde_json::Value::Null)
    );
}

#[test]
fn what_is_not_there_is_said() {
    let folder = kept();
    let said = |args: &[&str]| asked(folder.path(), args).unwrap_err().to_string();
    assert_eq!(
        said(&["--cluster", "other/kafka"]),
        "there is no journal of other/kafka; there are those of kafka/kafka"
    );
    assert_eq!(said(&["--context", "test"]), "nothing was done in the context test; in prod something was");
    assert!(said(&["--verb", "evit"]).contains("there is no verb evit; did you mean evict?"));
    assert!(said(&["--since", "soon"]).contains("--since takes an age"));
    let empty = tempfile::tempdir().unwrap();
    let nothing = asked(empty.path(), &[]).unwrap();
    assert!(nothing.starts_with("there is no journal yet: castellan has changed nothing from here ("));
    assert_eq!(asked(empty.path(), &["--json"]).unwrap(), "");
    let nowhere = asked(&empty.path().join("none"), &["--cluster", "k"]).unwrap_err().to_string();
    assert_eq!(nowhere, "there is no journal of k, nor of any other cluster");
}

#[test]
fn journals_of_one_cluster_are_read_together_and_one_from_elsewhere_is_readable() {
    let folder = kept();
    let of = |id: &str| Journal::of(folder.path(), &Whose { id: Some(id.into()), ..whose("prod") });
    let keep = |journal: Journal, operation: &str, what| {
        let entry = Entry { at: NOW, operation: operation.into(), context: "prod".into(), what };
        journal.append(&entry).unwrap();
    };
    // What began before Kafka had told its id has ended since.
    keep(of("lkc-1"), "o3", What::Ended { done: true, words: "broker 0 is back".into() });
    let states = |args: &[&str]| -> Vec<(String, String)> {
        let text = asked(folder.path(), args).unwrap();
        let line = |line: &str| {
            let told: serde_json::Value = serde_json::from_str(line).unwrap();
            (told["cluster"].as_str().unwrap().to_owned(), told["state"].as_str().unwrap().to_owned())
        };
        text.lines().map(line).collect()
    };
    let pair = |cluster: &str, state: &str| (cluster.to_owned(), state.to_owned());
    let mine = ["done", "failed", "done"].map(|state| pair("kafka/kafka", state));
    assert_eq!(states(&["--json"]), mine);
    // Copied from another machine under a name of its reader's own, readable to all.
    let copy = folder.path().join("bastion.jsonl");
    std::fs::copy(folder.path().join("kafka%2Fkafka@prod.jsonl"), &copy).unwrap();
    let mut mode = std::fs::metadata(&copy).unwrap().permissions();
    mode.set_readonly(true);
    std::fs::set_permissions(&copy, mode).unwrap();
    assert_eq!(
        states(&["--json", "--cluster", "bastion"]),
        ["done", "failed", "open"].map(|s| pair("bastion", s))
    );
    assert_eq!(states(&["--json", "--cluster", "kafka/kafka"]), mine);
}

/// Two tasks, of which the first was refused once, paused for two minutes and taken up by another; of 12 minutes.
fn runbook() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::of(folder.path(), &whose("prod"));
    let What::Planned(record) = planned("roll", "restart brokers 0, 1") else { panic!("no plan") };
    let step = |n: usize| record.steps[n].clone();
    let tasks: Vec<Task> = (0..2).map(|n| Once { step: step(n) }.into()).collect();
    let (steps, chosen) = (vec![], What::Chosen { step: 0, does: Box::new(step(0)) });
    let steered = |how| What::Steered { how, words: "by the operator".into() };
    let refused = Said::Refused("the budget | says no".into());
    let entries = [
        (0, What::Planned(Record { steps, tasks, ..record.clone() })),
        (1, chosen.clone()),
        (1, What::Began { step: 0 }),
        (2, What::Answered { step: 0, answer: refused }),
        (9, chosen),
        (9, What::Began { step: 0 }),
        (10, What::Answered { step: 0, answer: Said::Taken("evicted".into()) }),
        (60, steered(Steer::Pause)),
        (180, steered(Steer::GoOn)),
        (300, What::TakenUp),
        (360, What::Reached { step: 0 }),
        (360, What::Turned { task: 1 }),
        (720, What::Ended { done: true, words: "every ISR was full".into() }),
    ];
    for (second, what) in entries {
        let at = Time(NOW.0 - HOUR + second * 1_000);
        let entry = Entry { at, operation: "2026-03-01-r-1".into(), context: "prod".into(), what };
        journal.append(&entry).unwrap();
    }
    folder
}

#[test]
fn a_runbook_is_its_tasks_and_who_had_a_hand_in_it() {
    let folder = runbook();
    let text = asked(folder.path(), &[]).unwrap();
    assert_eq!(
        text,
        "2026-03-01 11:00:00Z  restart brokers 0, 1
  done after 12m: every ISR was full
  kafka/kafka · context prod · 2026-03-01-r-1
  overridden: orders-3 falls under min ISR
  1. evict pod kafka/kafka-1: done, 6m
  2. delete pod kafka/kafka-1: done, 6m
  2026-03-01 11:01:00Z paused by the operator
  2026-03-01 11:03:00Z gone on with by the operator, after 2m
  2026-03-01 11:05:00Z gone on with by another castellan, after 2m
  all of it: castellan journal --report 2026-03-01-r-1
  undo:
    first
    second
"
    );
    let json: serde_json::Value = serde_json::from_str(&asked(folder.path(), &["--json"]).unwrap()).unwrap();
    let runbook = &json["runbook"];
    assert_eq!(runbook["tasks"][0]["took_seconds"], 360);
    assert_eq!(runbook["tasks"][1]["fate"], "done");
    assert_eq!((&runbook["writes"], &runbook["retries"]), (&2.into(), &1.into()));
    assert_eq!(runbook["hand"][1]["after_seconds"], 120);
    assert_eq!(json["steps"][0]["answer"]["taken"], "evicted", "the last try");
}

#[test]
fn a_report_has_all_of_one_operation() {
    let folder = runbook();
    for id in ["2026-03-01-r-1", "r-1", "last"] {
        let text = asked(folder.path(), &["--report", id]).unwrap();
        for line in [
            "restart brokers 0, 1\n",
            "  done: every ISR was full\n",
            "  from 2026-03-01 11:00:00Z to 2026-03-01 11:12:00Z: 12m\n",
            "  2 writes, 1 tried again\n",
            "    1. evict pod kafka/kafka-1: done, 6m\n",
            "    2026-03-01 11:00:01Z evict pod kafka/kafka-1: refused: the budget | says no\n",
            "    2026-03-01 11:00:09Z evict pod kafka/kafka-1: evicted; reached after 5m51s\n",
        ] {
            assert!(text.contains(line), "{id}: {line}: {text}");
        }
    }
    let page = asked(folder.path(), &["--report", "r-1", "--markdown"]).unwrap();
    for line in [
        "## restart brokers 0, 1\n",
        "| 1. evict pod kafka/kafka-1 | 6m | done |\n",
        "| 2026-03-01 11:00:01Z | evict pod kafka/kafka-1 | refused: the budget \\| says no |\n",
        "- 2026-03-01 11:01:00Z paused by the operator\n",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
    let why = asked(folder.path(), &["--report", "x"]).unwrap_err().to_string();
    assert!(why.starts_with("no operation in the journal is called x"), "{why}");
    assert!(asked(folder.path(), &["--markdown"]).is_err(), "of which?");
    let single = kept();
    let text = asked(single.path(), &["--report", "o2"]).unwrap();
    assert!(text.contains("failed: the budget says no"), "{text}");
}
