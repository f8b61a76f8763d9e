//! `castellan journal`, the binary itself.

use std::process::{Command, Output};

fn journal(state: &std::path::Path, args: &[&str]) -> Output {
    let mut castellan = Command::new(env!("CARGO_BIN_EXE_castellan"));
    castellan.arg("journal").args(args).env("XDG_STATE_HOME", state).env_remove("KUBECONFIG");
    castellan.output().expect("castellan runs")
}

#[test]
fn it_needs_no_cluster_and_says_what_is_not_there() {
    let state = tempfile::tempdir().unwrap();
    let none = journal(state.path(), &[]);
    assert!(none.status.success());
    let said = String::from_utf8_lossy(&none.stdout).into_owned();
    assert!(said.starts_with("there is no journal yet"), "{said}");
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0, "reading leaves nothing behind");
    let folder = state.path().join("castellan/journal");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("kafka%2Fkafka.jsonl"), "{\"torn").unwrap();
    let unknown = journal(state.path(), &["--cluster", "other"]);
    assert_eq!(unknown.status.code(), Some(1));
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_eq!(said, "castellan: there is no journal of other; there are those of kafka/kafka\n");
    let torn = journal(state.path(), &["--cluster", "kafka/kafka"]);
    assert_eq!(String::from_utf8_lossy(&torn.stdout), "there is no operation in the journal\n");
}

/// The journal of a runbook that was left, as it is copied from another machine: a file in the folder is enough.
#[test]
fn a_runbook_that_was_left_is_reported_from_its_file_alone() {
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().join("castellan/journal");
    std::fs::create_dir_all(&folder).unwrap();
    let step = r#"{"title":"cordon node-0","write":{"write":"cordon","node":"node-0","uid":"u","on":true},"until":{"goal":"answered"},"patience":{"secs":60,"nanos":0}}"#;
    let entry = |at: u64, what: &str| {
        format!(r#"{{"at":{at},"operation":"2026-03-01-11-00-00Z-0a1b2c3d-1","context":"prod",{what}}}"#)
    };
    let planned = format!(
        r#""entry":"planned","title":"cordon nodes","intent":{{"verb":"cordon","objects":[],"argument":""}},"changes":[],"refusals":[],"steps":[],"tasks":[{{"task":"once","step":{step}}},{{"task":"once","step":{step}}}],"undo":null"#
    );
    let lines = [
        entry(1_772_362_800_000, &planned),
        entry(1_772_362_860_000, r#""entry":"turned","task":1"#),
        entry(
            1_772_362_870_000,
            r#""entry":"steered","how":{"steer":"pause"},"words":"by itself: node-1 is away""#,
        ),
        entry(1_772_362_990_000, r#""entry":"taken-up""#),
    ];
    std::fs::write(folder.join("kafka%2Fkafka@prod@lkc-1.jsonl"), lines.join("\n") + "\n").unwrap();
    let report = journal(state.path(), &["--report", "last"]);
    let said = String::from_utf8_lossy(&report.stdout).into_owned();
    for line in [
        "cordon nodes\n  kafka/kafka · context prod · 2026-03-01-11-00-00Z-0a1b2c3d-1\n  not ended\n",
        "1. cordon node-0: done, 60s\n",
        "2. cordon node-0: begun\n",
        "paused by itself: node-1 is away\n",
        "gone on with by another castellan, after 2m\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let page = journal(state.path(), &["--report", "0a1b2c3d", "--markdown"]);
    assert!(String::from_utf8_lossy(&page.stdout).contains("| 1. cordon node-0 | 60s | done |"));
    let json = journal(state.path(), &["--json"]);
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&told["state"], &told["runbook"]["mode"]), (&"open".into(), &"paused".into()));
    assert_eq!(journal(state.path(), &["--markdown"]).status.code(), Some(2), "of which operation?");
}
