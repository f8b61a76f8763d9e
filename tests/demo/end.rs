//! What is left of a demo when it has ended: nothing; and what it reads of its user's: nothing.

use crate::stage::{Folders, SMALL, Stage};
use std::path::PathBuf;

const NOTHING: (Vec<PathBuf>, Vec<PathBuf>) = (Vec::new(), Vec::new());

#[test]
fn nothing_is_left_behind() {
    for (name, code) in [("q", 0), ("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut stage = Stage::open(&["--speed", "10"], SMALL);
        let (home, temporary) = stage.left();
        assert!(home.is_empty() && temporary.len() == 1, "{home:?} {temporary:?}");
        match name {
            "q" => stage.press("q"),
            signal => stage.signal(signal),
        }
        assert_eq!(stage.exit_code(), code, "{name}");
        assert_eq!(stage.left(), NOTHING, "{name}");
    }
}

#[test]
fn what_is_done_in_a_demo_goes_into_no_journal_of_the_users() {
    let mut stage = Stage::open(&["--speed", "10", "--pane", "nodes"], SMALL);
    stage.does("x", "cordon node node-a1");
    stage.press("q");
    assert_eq!(stage.exit_code(), 0);
    assert_eq!(stage.left(), NOTHING);
}

#[test]
fn what_the_user_has_is_not_read() {
    let folders = Folders::new();
    let files = [".config/castellan/config.toml", ".kube/config"].map(|file| folders.home().join(file));
    for file in &files {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, "neither = [ TOML nor: YAML").expect("a file");
    }
    let stage = folders.start(&[], SMALL);
    stage.sees("Kubernetes live · Kafka live");
    stage.sees(" DEMO ");
    for file in &files {
        assert_eq!(std::fs::read_to_string(file).expect("it is there"), "neither = [ TOML nor: YAML");
    }
}
