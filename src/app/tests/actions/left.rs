//! What another castellan began, or one before this one.

use super::*;
use crate::action::{self, journal};

fn told(hands: &mut Hands) -> journal::Told {
    hands.press("x").read().press("y");
    let Some(Effect::Record(journal::Entry { what: What::Planned(record), .. })) =
        hands.effects.iter().find(|e| matches!(e, Effect::Record(_)))
    else {
        panic!("nothing recorded")
    };
    journal::Told {
        id: "20260101-before-1".into(),
        began: hands.model.now,
        last: hands.model.now,
        context: "lab".into(),
        record: record.clone(),
        at: 0,
        begun: true,
        answer: None,
        course: None,
        report: action::report::Report::of(record, hands.model.now),
        waits: None,
        ended: None,
        lives: false,
    }
}

#[test]
fn what_a_castellan_before_this_one_left_is_told_looked_at_and_ended() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    let told = told(&mut Hands::on(Mood::Healthy, "nodes"));
    let elsewhere = journal::Told { id: "b".into(), context: "other".into(), ..told.clone() };
    let ended = journal::Told { id: "c".into(), ended: Some((Stage::Done, "done".into())), ..told.clone() };
    hands.send(Msg::Recalled(vec![told, elsewhere, ended]));
    assert!(hands.said().contains("1 operation had not ended"), "{}", hands.said());
    assert_eq!(hands.model.snapshot.operations.len(), 1);
    assert_eq!(hands.stage(), Stage::Left);
    hands.wait(3_000).change_node(|n| n.unschedulable = true);
    assert_eq!(hands.stage(), Stage::Done, "its goal is seen to be reached");
    let [What::Reached { step: 0 }, What::Ended { done: true, words }] = hands.recorded()[..] else {
        panic!("{:?}", hands.recorded())
    };
    assert!(words.contains("seen by this castellan"), "{words}");
    assert_eq!(hands.acts(), 0, "it is never gone on with");
}

#[test]
fn what_was_left_can_be_given_up() {
    let mut hands = Hands::on(Mood::Healthy, "operations");
    let told = told(&mut Hands::on(Mood::Healthy, "nodes"));
    hands.send(Msg::Recalled(vec![told])).press("g del enter");
    assert_eq!((hands.stage(), hands.recorded().len()), (Stage::Left, 0), "cancelling is the default");
    hands.press("del").type_in("y").press("enter");
    assert_eq!(hands.stage(), Stage::GivenUp);
    assert!(matches!(hands.recorded()[..], [What::GivenUp { .. }]));
    hands.press("del");
    assert!(hands.said().contains("only what a castellan before this one left"), "{}", hands.said());
}

#[test]
fn what_another_castellan_runs_is_followed_by_the_journal_and_not_given_up() {
    let mut hands = Hands::on(Mood::Healthy, "operations");
    let told = journal::Told { lives: true, ..told(&mut Hands::on(Mood::Healthy, "nodes")) };
    hands.send(Msg::Recalled(vec![told.clone()]));
    assert!(hands.said().starts_with("another castellan has 1 operation under way"), "{}", hands.said());
    hands.press("g del");
    assert!(hands.said().contains("another castellan runs it"), "{}", hands.said());
    let before = recalls(&hands).len();
    hands.wait(6_000);
    assert_eq!(recalls(&hands).len(), before + 1, "the journal tells what it does");
    let ended = Some((Stage::Done, String::new()));
    let last = hands.model.now;
    let mut other = Hands::on(Mood::Healthy, "operations");
    hands.send(Msg::Recalled(vec![journal::Told { last, lives: false, ended, ..told.clone() }]));
    assert_eq!((hands.stage(), hands.recorded().len()), (Stage::Done, 0));
    // Or it ends without a word, and then it is left.
    other.send(Msg::Recalled(vec![told.clone()]));
    other.send(Msg::Recalled(vec![journal::Told { lives: false, ..told }]));
    assert_eq!(other.stage(), Stage::Left);
}

#[test]
fn a_read_only_session_recalls_and_records_nothing() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.model.session.read_only = true;
    let told = told(&mut Hands::on(Mood::Healthy, "nodes"));
    hands.send(Msg::Recalled(vec![told])).wait(3_000).change_node(|n| n.unschedulable = true);
    assert_eq!(hands.stage(), Stage::Done);
    assert!(hands.recorded().is_empty());
}

/// Whose journals were read.
fn recalls(hands: &Hands) -> Vec<journal::Whose> {
    let recalls = hands.effects.iter().filter_map(|e| match e {
        Effect::Recall(whose) => Some(whose.clone()),
        _ => None,
    });
    recalls.collect()
}

#[test]
fn the_journal_is_recalled_when_a_kafka_cluster_is_joined_and_when_it_tells_its_id() {
    let mut hands = Hands::on(Mood::Healthy, "overview");
    let cluster = hands.model.derived.cluster.clone().unwrap();
    let named = journal::Whose { context: "lab".into(), cluster, id: None };
    assert_eq!(
        recalls(&hands),
        std::slice::from_ref(&named),
        "the id that is known may be that of the one before"
    );
    let left = journal::Told { id: "another's".into(), ..told(&mut Hands::on(Mood::Healthy, "nodes")) };
    hands.send(Msg::Recalled(vec![left])).send(Msg::Derive).send(Msg::Derive);
    let id = hands.model.snapshot.kafka.id.last().cloned();
    assert!(id.is_some());
    assert_eq!(recalls(&hands), [named.clone(), journal::Whose { id, ..named }]);
    assert_eq!(hands.model.snapshot.operations.len(), 1);
    hands.send(Msg::Recalled(vec![]));
    assert_eq!(hands.model.snapshot.operations.len(), 0, "it was of another cluster of that name");
    let mut hands = Hands::on(Mood::Empty, "overview");
    hands.send(Msg::Derive);
    let context = journal::Whose::context("lab".into());
    assert_eq!(recalls(&hands), [context], "without Kafka it is the context's own");
}
