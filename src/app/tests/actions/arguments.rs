//! What a verb acts on, and what is typed for it.

use super::*;

#[test]
fn an_argument_is_asked_for_or_typed_with_the_command() {
    let mut hands = Hands::on(Mood::Healthy, "statefulsets");
    hands.press("s");
    assert_eq!(hands.model.prompt.as_ref().map(|p| p.text()), Some("3"), "what is now is proposed");
    hands.press("enter");
    assert!(hands.said().contains("has 3 replicas already"), "{}", hands.said());
    assert_eq!(hands.model.prompt.as_ref().map(|p| p.text()), Some("3"), "what is refused can be mended");
    hands.press("esc");
    hands.command("scale 4");
    assert!(hands.plan().expect("a plan").plan.title.ends_with("from 3 to 4 replicas"));
    hands.press("esc").command("scale many");
    assert!(hands.said().contains("\"many\" is not a number of replicas"), "{}", hands.said());
}

#[test]
fn the_argument_is_for_what_was_selected_when_it_was_asked_for() {
    let mut hands = Hands::on(Mood::Healthy, "statefulsets");
    hands.press("s");
    // Every row goes away while the number is typed.
    hands.turn_to(Mood::Empty);
    hands.type_in("4").press("enter");
    assert!(hands.plan().is_none());
    assert!(!hands.said().is_empty(), "why is said");
}

#[test]
fn a_verb_acts_on_the_object_of_a_description() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    let name = hands.selected();
    hands.press("d x");
    assert_eq!(hands.plan().expect("a plan").plan.name, name);
    hands.press("esc");
    assert!(matches!(hands.model.sheets.last(), Some(Sheet::Reader(_))), "back to the description");
}

#[test]
fn marks_are_acted_on_by_verbs_of_many_and_said_to_be_ignored_by_others() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    hands.press("/").type_in("kafka-").press("enter g space space e");
    let objects = &hands.plan().expect("a plan").plan.intent.objects;
    assert_eq!(objects.len(), 2, "{objects:?}");
    hands.press("esc").command("nodes").press("space x");
    assert!(hands.said().contains("cordon takes one: 1 mark ignored"), "{}", hands.said());
    let marked: Vec<String> = hands.model.screen().list().unwrap().marks.iter().map(|o| o.name()).collect();
    assert_ne!(hands.plan().expect("a plan").plan.name, marked[0], "the selected one is meant");
}

#[test]
fn a_file_that_is_named_is_read_and_is_the_argument() {
    let mut hands = Hands::on(Mood::Healthy, "partitions");
    hands.press("a").press("ctrl-u").type_in("@moves.json").press("enter");
    assert!(
        hands.effects.contains(&Effect::Load { path: "moves.json".into() }),
        "{:?}",
        hands.effects.last()
    );
    hands.send(Msg::Loaded("other.json".into(), Ok("{}".into())));
    assert!(hands.plan().is_none() && hands.said().starts_with("reading"), "another file is not waited for");
    let Some(Object::Partition(topic, partition)) = hands.model.selected().cloned() else {
        panic!("no partition")
    };
    let replicas = &hands.model.snapshot.kafka.topics[&topic].partitions[partition as usize].replicas;
    let turned: Vec<String> = replicas.iter().rev().map(|id| id.to_string()).collect();
    let json = format!(
        r#"{{"version":1,"partitions":[{{"topic":"{topic}","partition":{partition},"replicas":[{}]}}]}}"#,
        turned.join(",")
    );
    hands.send(Msg::Loaded("moves.json".into(), Ok(json)));
    assert!(hands.plan().is_some(), "{}", hands.said());
    hands.press("esc a").press("ctrl-u").type_in("@gone.json").press("enter");
    hands.send(Msg::Loaded("gone.json".into(), Err("there is no file gone.json".into())));
    assert!(hands.plan().is_none());
    assert_eq!(hands.said(), "there is no file gone.json");
}

#[test]
fn a_file_that_is_no_argument_leaves_the_prompt_with_what_was_typed() {
    for (contents, why) in [
        (Err("gone.json cannot be read: No such file or directory".into()), "gone.json cannot be read"),
        (Ok("{}".into()), "this is not the JSON of kafka-reassign-partitions"),
    ] {
        for by_key in [true, false] {
            let mut hands = Hands::on(Mood::Healthy, "partitions");
            let selected = hands.model.selected().cloned();
            match by_key {
                true => hands.press("a").type_in("@gone.json").press("enter"),
                false => hands.command("reassign @gone.json"),
            };
            hands.send(Msg::Loaded("gone.json".into(), contents.clone()));
            assert!(hands.said().starts_with(why), "{}", hands.said());
            hands.press("j").type_in("x");
            let prompt = hands.model.prompt.as_ref().expect("the prompt is there");
            assert_eq!(
                (prompt.text(), prompt.purpose),
                ("@gone.jsonjx", prompt::Purpose::Argument("reassign"))
            );
            assert_eq!(prompt.objects, Vec::from_iter(selected), "it is for what was selected then");
            hands.press("esc");
            assert!(hands.model.prompt.is_none() && hands.plan().is_none());
        }
    }
}

/// Where logs end is asked of Kafka after the argument was typed, and before there is a plan.
#[test]
fn kafka_is_asked_for_the_offsets_that_an_argument_means() {
    use crate::domain::ask::{Ask, LogSpan};
    let asked = |hands: &Hands| {
        let asks = hands.effects.iter().rev().find_map(|effect| match effect {
            Effect::Ask(id, Ask::Offsets(query)) => Some((*id, query.clone())),
            _ => None,
        });
        asks.expect("Kafka is asked")
    };
    let mut hands = Hands::on(Mood::Healthy, "groups");
    hands.command("reset-offsets earliest orders:0");
    let (id, query) = asked(&hands);
    assert_eq!(query.partitions, [("orders".into(), vec![0])]);
    assert!(hands.plan().is_none() && hands.said() == "asking Kafka for the offsets", "{}", hands.said());
    hands.send(Msg::Answer(id, Answer::Failed("orders-0 is offline".into())));
    assert_eq!(hands.said(), "orders-0 is offline");
    let prompt = hands.model.prompt.as_ref().map(|p| p.text());
    assert_eq!(prompt, Some("earliest orders:0"), "it is mended, and not typed again");
    hands.press("enter");
    let (again, _) = asked(&hands);
    assert_ne!(again, id);
    let span = LogSpan { topic: "orders".into(), partition: 0, start: 5, end: 100_000, at: None };
    hands.send(Msg::Answer(again, Answer::Offsets(vec![span])));
    let plan = &hands.plan().expect("a plan").plan;
    assert!(plan.changes[0].starts_with("orders-0  -> 5"), "{:?}", plan.changes);
}
