//! Texts, logs and messages over a pane.

use super::*;

#[test]
fn logs_are_asked_for_followed_and_cancelled() {
    let mut hands = Hands::on(Mood::Healthy, "brokers");
    hands.press("l");
    let Some(Effect::Ask(id, Ask::Logs(LogQuery { pod, follow: true, tail: Some(_), .. }))) =
        hands.effects.last().cloned()
    else {
        panic!("{:?}", hands.effects)
    };
    assert_eq!(&*pod.name, "kafka-0", "a broker's log is its pod's");
    let lines = |text: &str| Answer::LogLines(text.lines().map(String::from).collect());
    hands.send(Msg::Answer(id, lines("one\n\u{1b}[31mtwo\tx")));
    let text = |hands: &Hands| hands.model.sheets.last().unwrap().pager().unwrap().text();
    assert_eq!(text(&hands), "one\ntwo     x\n");
    hands.press("4");
    let asked = |hands: &Hands| match &hands.effects[hands.effects.len() - 2..] {
        [Effect::Cancel(old), Effect::Ask(new, Ask::Logs(query))] => (*old, *new, query.clone()),
        other => panic!("{other:?}"),
    };
    let (old, new, query) = asked(&hands);
    assert_eq!((old, query.since, query.tail), (id, Some(Duration::from_secs(900)), None));
    hands.send(Msg::Answer(old, lines("late")));
    assert_eq!(text(&hands), "", "answers to a closed question are dropped");
    hands.press("t p");
    let (_, last, query) = asked(&hands);
    assert!(query.timestamps && query.previous && !query.follow && last > new);
    hands.press("q");
    assert_eq!(hands.effects.last(), Some(&Effect::Cancel(last)));
}

#[test]
fn messages_are_browsed_from_anywhere_in_any_format() {
    let mut hands = Hands::on(Mood::Healthy, "topics");
    hands.press("m");
    let asked = |hands: &Hands| match hands.effects.last() {
        Some(Effect::Ask(id, Ask::Messages(query))) => (*id, query.clone()),
        other => panic!("{other:?}"),
    };
    let (id, query) = asked(&hands);
    assert_eq!((query.partition, query.start), (None, Start::Newest(100)));
    let payload = |text: &str| Some(Payload { bytes: text.as_bytes().into(), whole: text.len() });
    let message = |offset| Message {
        partition: 0,
        offset,
        time: None,
        key: payload("k"),
        value: payload("{\"a\":1}"),
        headers: vec![],
    };
    hands.send(Msg::Answer(id, Answer::Messages((0..5).map(message).collect())));
    hands.press("j j v enter");
    let text = hands.model.sheets.last().unwrap().pager().unwrap().text();
    assert!(text.contains("offset     1") && text.contains("\"a\": 1"), "{text}");
    hands.press("esc b");
    assert_eq!(asked(&hands).1.start, Start::Beginning);
    hands.press("o ctrl-u").type_in("42").press("enter");
    assert_eq!(asked(&hands).1.start, Start::Offset(42));
    hands.press("t ctrl-u").type_in("15m").press("enter");
    assert_eq!(asked(&hands).1.start, Start::Time(hands.model.now.minus(Duration::from_secs(900))));
    hands.press("p").type_in("2").press("enter f");
    assert_eq!((asked(&hands).1.partition, asked(&hands).1.follow), (Some(2), true));
    hands.press("o ctrl-u").type_in("x").press("enter");
    assert!(hands.said().contains("\"x\" is not a number"), "{}", hands.said());
}

#[test]
fn yaml_shows_the_manifest_and_why_there_is_none() {
    let mut hands = Hands::on(Mood::Healthy, "statefulsets");
    hands.press("y");
    let Some(Effect::Ask(id, Ask::Yaml { kind: Kind::StatefulSet, .. })) = hands.effects.last().cloned()
    else {
        panic!("{:?}", hands.effects)
    };
    hands.send(Msg::Answer(id, Answer::Failed("forbidden".into())));
    let Some(Sheet::Reader(reader)) = hands.model.sheets.last() else { panic!("no reader") };
    assert_eq!(reader.state, "forbidden");
}

#[test]
fn a_description_follows_the_world_and_survives_its_object() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    hands.press("/").type_in("kafka-0").press("enter g d");
    hands.turn_to(Mood::Empty);
    let Some(Sheet::Reader(reader)) = hands.model.sheets.last() else { panic!("no reader") };
    assert!(reader.state.contains("gone") && reader.pager.text().contains("kafka-0"));
}

#[test]
fn a_table_is_saved_whole() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    hands.press("ctrl-s");
    let Some(Effect::Save { name, text }) = hands.effects.last() else { panic!("{:?}", hands.effects) };
    assert!(name.starts_with("pods-20") && name.ends_with(".csv"), "{name}");
    assert_eq!(text.lines().count(), hands.rows().len() + 1);
    let headings = hands.model.screen().table().unwrap().headings().len();
    assert_eq!(text.lines().next().unwrap().split(',').count(), headings);
}

#[test]
fn what_helps_names_commands_that_there_are() {
    use crate::pane::{PANES, describe::advice::ADVICE};
    let sentences = || ADVICE.iter().flat_map(|(_, sentences)| sentences.iter());
    let words = sentences().flat_map(|sentence| sentence.split_whitespace());
    let named: Vec<_> = words.filter_map(|word| word.strip_prefix(':')).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named.iter().map(|name| name.trim_end_matches(|c: char| !c.is_alphanumeric())) {
        let is_pane = PANES.iter().any(|pane| pane.name == name || pane.aliases.contains(&name));
        assert!(is_pane || crate::app::command::find(name).is_some(), ":{name}");
    }
}
