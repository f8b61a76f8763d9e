//! What is typed: brokers, or the file of Kafka's tool.

use super::*;

#[test]
fn a_file_is_checked_as_the_command_line_tool_checks_it() {
    let file = |lines: &str| format!(r#"{{"version":1,"partitions":[{lines}]}}"#);
    let line = |rest: &str| file(&format!(r#"{{"topic":"orders","partition":0,{rest}}}"#));
    let cases = [
        ("{".to_string(), "this is not the JSON of kafka-reassign-partitions"),
        (r#"{"partitions":[]}"#.into(), "not of version 1"),
        (r#"{"version":2,"partitions":[]}"#.into(), "not of version 1"),
        (file(""), "names no partition"),
        (line(r#""replicas":[]"#), "gives orders-0 no replicas"),
        (line(r#""replicas":[1,1]"#), "puts two replicas of orders-0 on broker 1"),
        (line(r#""replicas":[1,9]"#), "puts orders-0 on broker 9, which is not registered"),
        (line(r#""replicas":[1,2],"log_dirs":["any"]"#), "not as many log dirs as replicas"),
        (line(r#""replicas":[1],"log_dirs":["/data"]"#), "castellan does not choose log dirs"),
        (line(r#""replicas":[0,1,2]"#), "every replica is where it is wanted already"),
        (file(r#"{"topic":"no","partition":0,"replicas":[1]}"#), "there is no partition no-0"),
        (file(r#"{"topic":"orders","partition":7,"replicas":[1]}"#), "there is no partition orders-7"),
        (
            file(
                r#"{"topic":"orders","partition":0,"replicas":[1]},{"topic":"orders","partition":0,"replicas":[2]}"#,
            ),
            "names orders-0 twice",
        ),
        (
            file("{\"topic\":\"\\u001b[31m\\nx\",\"partition\":0,\"replicas\":[1]}"),
            r#"there is no partition "\u{1b}[31m\nx"-0"#,
        ),
    ];
    for (text, words) in cases {
        let why = plan(&healthy(), "reassign", &[], &text).expect_err(&text);
        assert!(why.contains(words), "{text}: {why}");
        assert!(!why.chars().any(char::is_control), "{why:?}");
    }
    let reordered = plan(&healthy(), "reassign", &[], &line(r#""replicas":[2,1,0]"#)).expect("a plan");
    assert_eq!(reordered.changes, ["orders-0  [0,1,2] -> [2,1,0]"]);
    assert_eq!(reordered.amounts, ["nothing is copied"]);
    let fewer = plan(&healthy(), "reassign", &[], &line(r#""replicas":[0,1]"#)).expect("a plan");
    assert!(says(notes(&fewer), "left with no replica to spare above min ISR"));
}

#[test]
fn what_generate_prints_is_taken_for_what_it_proposes() {
    let file = |replicas: &str| {
        format!(r#"{{"version":1,"partitions":[{{"topic":"orders","partition":0,"replicas":{replicas}}}]}}"#)
    };
    let printed = format!(
        "Current partition replica assignment\n{}\n\nProposed partition reassignment configuration\n{}\n",
        file("[0,1,2]"),
        file("[3,1,2]")
    );
    let proposed = plan(&four(), "reassign", &[], &printed).expect("a plan");
    assert_eq!(proposed.changes, ["orders-0  [0,1,2] -> [3,1,2]  +3 -0"]);
    let bare = format!("{}\n{}", file("[0,1,2]"), file("[3,1,2]"));
    assert_eq!(plan(&four(), "reassign", &[], &bare).expect("a plan").changes, proposed.changes);
}

#[test]
fn what_is_wrong_with_a_long_text_is_said_in_short() {
    let long = "x".repeat(5_000);
    for text in [long.clone(), format!("{{\"version\":\"{long}\",\"partitions\":[]}}")] {
        let why = plan(&four(), "reassign", &[], &text).expect_err("no reassignment");
        assert!(why.len() < 250, "{why}");
    }
}

#[test]
fn arguments_that_make_no_sense_are_answered_with_what_would() {
    for (argument, words) in [
        ("to", "\"to\" says nothing about brokers"),
        ("to ,", "type the ids of brokers"),
        ("to 1,x", "\"x\" is not the id of a broker"),
        ("to 1,1", "broker 1 is named twice"),
        ("to 9", "there is no broker 9; there are 0, 1, 2"),
        ("off \u{7}", "\"\\u{7}\" is not the id of a broker"),
        ("somewhere", "\"somewhere\" says nothing about brokers"),
        ("to 1,2", "has 3 replicas and only 2 brokers may hold one; the same holds for 6 other partitions"),
    ] {
        let why = refused(&healthy(), "reassign", topic("orders"), argument);
        assert!(why.contains(words), "{argument:?}: {why}");
        assert!(!why.chars().any(char::is_control));
    }
    let why = plan(&healthy(), "reassign", &[], "").expect_err("nothing is selected");
    assert_eq!(why, "select partitions, topics or a broker first, or type `off 4`");
    assert_eq!(refused(&healthy(), "reassign", topic("gone"), "off 1"), "there is no topic gone any more");
    assert_eq!(
        refused(&healthy(), "reassign", partition("orders", 70), "off 1"),
        "there is no partition orders-70 any more"
    );
}
