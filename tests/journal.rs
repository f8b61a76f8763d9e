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
