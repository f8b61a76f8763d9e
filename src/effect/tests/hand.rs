//! The hand and its journal.

use super::{super::*, api::Api};
use crate::{
    action::{Intent, journal::Record},
    domain::{kubernetes::Key, object::Kind},
};
use serde_json::json;
use std::path::Path;

fn planned(operation: &str) -> Entry {
    let intent = Intent { verb: "evict".into(), objects: Vec::new(), argument: String::new() };
    let record = Record {
        title: "evict pod kafka/kafka-1".into(),
        intent,
        changes: Vec::new(),
        refusals: Vec::new(),
        steps: Vec::new(),
        tasks: vec![],
        undo: None,
    };
    entry(operation, What::Planned(record))
}

fn entry(operation: &str, what: What) -> Entry {
    Entry { at: now(), operation: operation.into(), context: "prod".into(), what }
}

fn evict() -> Write {
    Write::Evict { pod: Key::new("kafka", "kafka-1"), uid: "u1".into() }
}

struct Bench {
    hand: Hand,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
}

impl Bench {
    fn new(folder: &Path) -> Bench {
        let (said, outcomes) = mpsc::unbounded_channel();
        let tell = Arc::new(move |outcome| drop(said.send(outcome)));
        Bench { hand: Hand::new(Ok(folder.to_owned()), "prod".into(), tell), outcomes }
    }

    async fn next(&mut self) -> Outcome {
        let next = tokio::time::timeout(Duration::from_secs(60), self.outcomes.recv()).await;
        next.expect("an outcome in time").expect("an outcome")
    }
}

fn whose(cluster: &str) -> Whose {
    Whose { context: "prod".into(), cluster: cluster.into(), id: Some("lkc-1".into()) }
}

fn kept(folder: &Path, cluster: &str) -> Vec<What> {
    kept_of(folder, &whose(cluster))
}

fn kept_of(folder: &Path, whose: &Whose) -> Vec<What> {
    Journal::of(folder, whose).read().unwrap().into_iter().map(|e| e.what).collect()
}

/// The API server itself looks into the journal while the write is under way.
#[tokio::test]
async fn the_journal_tells_of_a_write_before_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_owned();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let before = seen.clone();
    let api = Api::that_answers(move |sent| {
        if sent.method == "POST" {
            *before.lock().unwrap() = kept(&place, "kafka/kafka");
        }
        Some((201, "", json!({})))
    })
    .await;
    let desk = Desk { kubernetes: Some(api.connection().await), kafka: None };
    let mut bench = Bench::new(folder.path());
    bench.hand.turn_to(whose("kafka/kafka"));
    bench.hand.record(planned("o1"), &desk);
    bench.hand.act("o1".into(), 0, evict(), &desk);
    let said = Said::Taken("the eviction of pod kafka/kafka-1 is granted".into());
    assert_eq!(bench.next().await, Outcome::Acted("o1".into(), 0, said.clone()));
    assert!(matches!(seen.lock().unwrap()[..], [What::Planned(_), What::Began { step: 0 }]));
    let after = kept(folder.path(), "kafka/kafka");
    assert_eq!(after[2..], [What::Answered { step: 0, answer: said }]);
}

#[tokio::test]
async fn nothing_is_sent_that_the_journal_cannot_tell_of() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("journal");
    std::fs::write(&blocked, "a file where the folder should be").unwrap();
    let api = Api::that_says(201, json!({})).await;
    let desk = Desk { kubernetes: Some(api.connection().await), kafka: None };
    let mut bench = Bench::new(&blocked);
    bench.hand.check();
    let Outcome::Checked(Err(why)) = bench.next().await else { panic!() };
    assert!(why.starts_with("the journal cannot be written: "), "{why}");
    assert!(why.ends_with("; free some space or set XDG_STATE_HOME"), "{why}");
    bench.hand.record(planned("o1"), &desk);
    bench.hand.act("o1".into(), 0, evict(), &desk);
    assert!(matches!(bench.next().await, Outcome::Unkept(_)));
    let Outcome::Acted(_, 0, Said::Refused(why)) = bench.next().await else { panic!() };
    assert_eq!(&*why, "its plan could not be kept in the journal; nothing was done");
    // Neither without a plan, nor when there is room again for what was never planned.
    bench.hand.act("o2".into(), 1, evict(), &desk);
    let Outcome::Acted(_, 1, Said::Refused(why)) = bench.next().await else { panic!() };
    assert!(why.starts_with("the journal cannot be written") && why.ends_with("nothing was done"), "{why}");
    std::fs::remove_file(&blocked).unwrap();
    bench.hand.act("o1".into(), 0, evict(), &desk);
    assert!(matches!(bench.next().await, Outcome::Acted(_, 0, Said::Refused(_))));
    assert_eq!(api.writes().len(), 0);
}

#[tokio::test]
async fn writes_are_sent_in_order_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::that_says(200, json!({})).await;
    let desk = Desk { kubernetes: Some(api.connection().await), kafka: None };
    let bench = Bench::new(folder.path());
    let nodes: Vec<String> = (0..8).map(|n| format!("n{n}")).collect();
    for (step, node) in nodes.iter().enumerate() {
        let write = Write::Cordon { node: node.as_str().into(), uid: "u".into(), on: true };
        bench.hand.act("o".into(), step, write, &desk);
    }
    bench.hand.rest(Duration::from_secs(60)).await;
    let sent: Vec<String> = api.writes().iter().map(|s| s.path.replace("/api/v1/nodes/", "")).collect();
    assert_eq!(sent, nodes);
    let steps: Vec<bool> = kept_of(folder.path(), &Whose::context("prod".into()))
        .iter()
        .map(|w| matches!(w, What::Began { .. }))
        .collect();
    assert_eq!(steps, [true, false].repeat(8), "the context's own journal, where no cluster is known");
}

#[tokio::test]
async fn an_operation_on_one_kafka_writes_to_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = |name: &str| {
        let client = crate::source::kafka::Client::new(Default::default(), None);
        let kafka = Some(crate::source::asking::Kafka { name: name.into(), client, sasl: None });
        Desk { kubernetes: None, kafka }
    };
    let mut bench = Bench::new(folder.path());
    bench.hand.turn_to(whose("kafka/kafka"));
    bench.hand.record(planned("o1"), &kafka("kafka/kafka"));
    bench.hand.turn_to(whose("other/kafka"));
    let elect = Write::Elect { partitions: vec![("orders".into(), 0)], ids: Default::default() };
    bench.hand.act("o1".into(), 0, elect, &kafka("other/kafka"));
    let Outcome::Acted(_, 0, Said::Refused(why)) = bench.next().await else { panic!() };
    assert!(why.contains("of Kafka cluster kafka/kafka"), "{why}");
    // What is to be kept of it still goes where its plan is.
    bench
        .hand
        .record(entry("o1", What::Ended { done: false, words: why.to_string() }), &kafka("other/kafka"));
    bench.hand.rest(Duration::from_secs(60)).await;
    assert_eq!(kept(folder.path(), "kafka/kafka").len(), 2);
    assert!(kept(folder.path(), "other/kafka").is_empty());
}

#[tokio::test]
async fn a_dry_run_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::that_says(201, json!({})).await;
    let desk = Desk { kubernetes: Some(api.connection().await), kafka: None };
    let mut bench = Bench::new(folder.path());
    let scale = Write::Scale {
        kind: Kind::StatefulSet,
        key: Key::new("kafka", "kafka"),
        uid: "u".into(),
        resource_version: "1".into(),
        replicas: 4,
    };
    let _running = bench.hand.rehearse(AskId(5), scale, &desk);
    let wanted = "the API server would take it: StatefulSet kafka/kafka is to have 4 replicas";
    assert_eq!(bench.next().await, Outcome::Rehearsed(AskId(5), Ok(wanted.into())));
    assert_eq!(journal::all(folder.path()).unwrap(), []);
}

/// 504: the API server itself does not know.
#[tokio::test]
async fn what_is_not_known_is_said_to_be_looked_at_but_not_of_a_dry_run() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::that_says(504, json!({"message": "request timed out"})).await;
    let desk = Desk { kubernetes: Some(api.connection().await), kafka: None };
    let mut bench = Bench::new(folder.path());
    bench.hand.act("o".into(), 0, evict(), &desk);
    let why = "the API server answers (504): request timed out";
    let known = format!("{why}; whether it was done is not known");
    assert_eq!(bench.next().await, Outcome::Acted("o".into(), 0, Said::Unheard(known.as_str().into())));
    let _running = bench.hand.rehearse(AskId(1), evict(), &desk);
    assert_eq!(bench.next().await, Outcome::Rehearsed(AskId(1), Err(why.into())));
}

/// Between the confirmation and the write another client scaled: the journal has it in the same words.
#[tokio::test]
async fn a_scale_that_came_too_late_is_told_as_a_change_since_the_look_and_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let conflict =
        "Operation cannot be fulfilled on statefulsets.apps \"kafka\": the object has been modified";
    let api = Api::that_says(409, json!({"kind": "Status", "status": "Failure", "message": conflict})).await;
    let desk = Desk { kubernetes: Some(api.connection().await), kafka: None };
    let mut bench = Bench::new(folder.path());
    bench.hand.turn_to(whose("kafka/kafka"));
    bench.hand.record(planned("o1"), &desk);
    let scale = Write::Scale {
        kind: Kind::StatefulSet,
        key: Key::new("kafka", "kafka"),
        uid: "u".into(),
        resource_version: "1".into(),
        replicas: 4,
    };
    bench.hand.act("o1".into(), 0, scale, &desk);
    let why = "it changed since you looked: StatefulSet kafka/kafka is no longer as it was shown; look again";
    let said = Said::Refused(why.into());
    assert_eq!(bench.next().await, Outcome::Acted("o1".into(), 0, said.clone()));
    assert_eq!(kept(folder.path(), "kafka/kafka").last(), Some(&What::Answered { step: 0, answer: said }));
    assert_eq!(api.writes().len(), 1);
}

/// Two consoles at what one before them left: the one that is first leads, and the other is told.
#[tokio::test]
async fn of_two_hands_one_takes_the_lead_and_what_it_took_up_is_at_home() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::that_says(201, json!({})).await;
    let desk = Desk { kubernetes: Some(api.connection().await), kafka: None };
    let id: OperationId = "2026-11-21-17-00-00-0a1b2c3d-1".into();
    Journal::of(folder.path(), &whose("kafka/kafka")).append(&planned(&id)).unwrap();
    let mut hands = [Bench::new(folder.path()), Bench::new(folder.path())];
    for bench in &mut hands {
        bench.hand.turn_to(whose("kafka/kafka"));
    }
    let [first, second] = &mut hands;
    first.hand.take_up(id.clone(), &desk);
    let Outcome::TookUp(_, Ok(told)) = first.next().await else { panic!("not taken up") };
    assert_eq!((&told.id, told.lives), (&id, false));
    second.hand.take_up(id.clone(), &desk);
    assert_eq!(second.next().await, Outcome::TookUp(id.clone(), Err("another castellan leads it".into())));
    // What it looks at meanwhile is another cluster.
    first.hand.turn_to(whose("other/kafka"));
    first.hand.record(entry(&id, What::TakenUp), &desk);
    first.hand.act(id.clone(), 0, evict(), &desk);
    assert!(matches!(first.next().await, Outcome::Acted(_, 0, Said::Taken(_))));
    assert!(matches!(
        kept(folder.path(), "kafka/kafka")[1..],
        [What::TakenUp, What::Began { step: 0 }, What::Answered { step: 0, .. }]
    ));
    // When it is over the lead is to be had again, and there is nothing left to lead.
    first.hand.record(entry(&id, What::Ended { done: true, words: String::new() }), &desk);
    first.hand.check();
    assert!(matches!(first.next().await, Outcome::Checked(Ok(()))));
    let [first, mut second] = hands;
    first.hand.rest(Duration::from_secs(60)).await;
    second.hand.take_up(id.clone(), &desk);
    let ended = "another castellan brought it to its end";
    assert_eq!(second.next().await, Outcome::TookUp(id, Err(ended.into())));
}
