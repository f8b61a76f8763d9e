//! `--once` tells what the screen tells, and its exit code how bad it is.

use crate::{
    screen::{Facts, PATIENCE},
    stage::{Stage, WIDE, stage},
};
use castellan_lab::{Context, Fault};
use serde_json::Value;
use std::time::Instant;

const KAFKA: [&str; 2] = ["--kafka", "kafka/kafka"];

/// In each form the report ends with this code, begins with this word, and has this sentence.
#[track_caller]
fn reports(stage: &Stage, arguments: &[&str], code: i32, word: &str, sentence: &str) {
    for form in ["text", "markdown", "json"] {
        let arguments = [&["-o", form, "--timeout", "15"], arguments].concat();
        let (told, ended) = stage.once(Context::Admin, &arguments);
        assert_eq!(ended, code, "{told}");
        assert!(
            told.contains(word) && told.contains(sentence),
            "{form} without {word:?} or {sentence:?}: {told}"
        );
        match form {
            "text" => assert!(told.starts_with(word), "{told}"),
            "markdown" => assert!(told.starts_with(&format!("## {word}")), "{told}"),
            _ => {
                let json: Value = serde_json::from_str(&told).expect("JSON");
                assert_eq!(json["exit_code"], code, "{told}");
            }
        }
    }
}

#[test]
fn a_healthy_cluster_ends_with_0() {
    let stage = stage();
    // Where nothing else is ill: the shop has a pod that crashes and one that fits nowhere.
    reports(
        &stage,
        &["--kafka", "staging/kafka", "-n", "staging"],
        0,
        "HEALTHY",
        "1 broker, 6 partitions in sync",
    );
}

#[test]
fn a_throttle_left_behind_ends_with_1() {
    let stage = stage();
    let broken = stage.fault(Fault::LeaveThrottle { rate: 10_000_000 });
    reports(&stage, &KAFKA, 1, "DEGRADED", "throttle left");
    broken.mend();
}

#[test]
fn a_full_disk_ends_with_2() {
    let stage = stage();
    let broken = stage.fault(Fault::FillLogDir { broker: 2, percent: 97 });
    reports(&stage, &KAFKA, 2, "CRITICAL", "disk 97% full");
    broken.mend();
}

#[test]
fn a_stopped_api_server_ends_with_3() {
    let stage = stage();
    let broken = stage.fault(Fault::StopApi);
    reports(&stage, &KAFKA, 3, "UNKNOWN", "refused");
    let (text, _) = stage.once(Context::Admin, &[&KAFKA[..], &["--timeout", "5"]].concat());
    assert!(!text.contains("Kubernetes live"), "{text}");
    broken.mend();
}

/// The brokers of the report under the titles that they have on the screen.
fn on_paper(stage: &Stage, fields: &[(&str, &str)]) -> (Facts, String) {
    let (text, _) = stage.once(Context::Admin, &[&KAFKA[..], &["-o", "json", "--timeout", "20"]].concat());
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let word = |row: &Value, field: &str| match &row[field] {
        Value::Null => "–".to_string(),
        Value::String(word) => word.clone(),
        number => number.to_string(),
    };
    let rows = report["brokers"].as_array().expect("brokers").iter();
    (rows.map(|row| fields.iter().map(|(_, field)| word(row, field)).collect()).collect(), text)
}

#[test]
fn paper_and_screen_tell_the_same_of_a_hung_broker() {
    let stage = stage();
    let screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::HangBroker { broker: 1 });
    // First silent, then struck off by the controller: both look at what lasts.
    screen.broker("kafka-1", "is gone", |cell| {
        cell("KAFKA") == "gone" && cell("LEAD") == "0" && cell("OOS") != "0"
    });
    let fields = [
        ("ID", "id"),
        ("POD", "pod"),
        ("STATUS", "status"),
        ("KAFKA", "kafka"),
        ("PART", "replicas"),
        ("LEAD", "leaders"),
        ("URP", "under_replicated"),
        ("MIN", "under_min_isr"),
        ("OOS", "out_of_sync"),
        ("ZONE", "zone"),
        ("NODE", "node"),
    ];
    let titles = fields.map(|(title, _)| title);
    let begun = Instant::now();
    loop {
        let (told, text) = on_paper(&stage, &fields);
        let shown = screen.table("ID POD", &titles);
        if told == shown {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "on paper {told:#?}, on the screen {shown:#?}, {text}");
    }
    let (text, code) = stage.once(Context::Admin, &[&KAFKA[..], &["--timeout", "20"]].concat());
    assert_eq!(code, 2, "{text}");
    let says = |told: &str| {
        ["CRITICAL 1 offline · broker 1 ", " under-replicated"].iter().all(|word| told.contains(word))
    };
    assert!(says(&text), "{text}");
    screen.waits("the verdict on paper", says);
    broken.mend();
}
