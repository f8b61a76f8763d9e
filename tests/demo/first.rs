//! The first screen: what a newcomer sees who has typed `castellan demo`.

use crate::stage::{SMALL, Stage, WIDE};

#[test]
fn the_first_screen_says_that_it_is_a_demo_and_how_things_stand() {
    for size in [SMALL, WIDE] {
        let stage = Stage::open(&[], size);
        stage.waits("the mark", |screen| screen.trim_start().starts_with("DEMO "));
        stage.verdict("HEALTHY", &["3 brokers", "partitions in sync", "4 groups"]);
        // Each is joined from its pod, from Kafka and from Prometheus.
        for pod in ["kafka-0", "kafka-1", "kafka-2"] {
            stage.row(&[pod, "Running", " up", "%", "iB/s"]);
        }
        for group in ["billing", "recommendations", "dispatch"] {
            stage.row(&[group, "Stable"]);
        }
        stage.sees("── Events ");
    }
}

#[test]
fn it_opens_at_the_instant_that_was_asked_for() {
    let at = |instant: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_castellan"));
        let output =
            command.args(["demo", "--once", "-o", "json", "--at", instant]).output().expect("it runs");
        (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (told, _) = at("2026-03-01 10:00");
    assert!(told.contains("\"time\": \"2026-03-01T10:0"), "{told}");
    let (told, said) = at("soon");
    assert!(told.is_empty() && said.contains("like \"2026-03-01 14:05\", in UTC"), "{said}");
}

/// A tiling window manager changes the size while the user types.
#[test]
fn keys_that_come_with_another_size_are_heard() {
    let mut stage = Stage::open(&[], SMALL);
    for _ in 0..10 {
        stage.resize(WIDE);
        stage.leads(":topics\r", "topics");
        stage.resize(SMALL);
        stage.leads(":nodes\r", "nodes");
    }
}
