//! From a key to a plan, a confirmation, an operation and its end.

use super::*;
use crate::{
    action::{
        Friction, Intent, Known, Note, Plan, Verb,
        journal::{Record, What},
    },
    domain::{
        kubernetes::{KubernetesDelta, Node, StatefulSet, TableDelta},
        operation::Stage,
    },
};

impl Hands {
    /// Lets the plan's sheet be read, with a journal that can be written.
    pub fn read(&mut self) -> &mut Self {
        self.send(Msg::Journal(Ok(()))).wait(400)
    }

    fn plan(&self) -> Option<&confirm::Confirm> {
        match self.model.sheets.last() {
            Some(Sheet::Confirm(sheet)) => Some(sheet),
            _ => None,
        }
    }

    fn acts(&self) -> usize {
        self.effects.iter().filter(|e| matches!(e, Effect::Act { .. })).count()
    }

    fn recorded(&self) -> Vec<&What> {
        let entries = self.effects.iter().filter_map(|e| match e {
            Effect::Record(entry) => Some(&entry.what),
            _ => None,
        });
        entries.collect()
    }

    /// The id of the operation that was begun last.
    fn operation(&self) -> OperationId {
        self.model.snapshot.operations.last().expect("an operation").id.clone()
    }

    fn stage(&self) -> Stage {
        self.model.snapshot.operations.last().expect("an operation").stage
    }

    /// The selected node as another client makes it.
    fn change_node(&mut self, change: impl FnOnce(&mut Node)) -> &mut Self {
        let name = self.selected();
        let nodes = &self.model.snapshot.kubernetes.nodes;
        let mut row = nodes.iter().find(|n| *n.meta.key.name == *name).unwrap().clone();
        change(&mut row);
        let at = self.model.now;
        self.send(Msg::Delta(KubernetesDelta::Nodes(TableDelta::Put { row, at }).into())).send(Msg::Derive)
    }

    fn change_set(&mut self, change: impl FnOnce(&mut StatefulSet)) -> &mut Self {
        let mut row = self.model.snapshot.kubernetes.stateful_sets.iter().next().unwrap().clone();
        change(&mut row);
        let at = self.model.now;
        self.send(Msg::Delta(KubernetesDelta::StatefulSets(TableDelta::Put { row, at }).into()))
            .send(Msg::Derive)
    }
}

#[test]
fn a_plan_is_shown_confirmed_done_and_followed_until_it_is_true() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.press("x");
    let name = hands.plan().expect("a plan").plan.name.clone();
    assert!(hands.effects.contains(&Effect::CheckJournal), "the journal is tried before anything is done");
    hands.read().press("y");
    let kinds: Vec<_> =
        hands.effects.iter().filter(|e| matches!(e, Effect::Record(_) | Effect::Act { .. })).collect();
    assert!(matches!(kinds[..], [Effect::Record(_), Effect::Act { step: 0, .. }]), "{kinds:?}");
    assert!(matches!(hands.recorded()[..], [What::Planned(_)]));
    let id = hands.operation();
    hands.send(Msg::Acted(id.clone(), 0, Said::Taken("patched".into()))).wait(1_000);
    assert_eq!(hands.stage(), Stage::Running);
    assert_eq!(layout::areas(&hands.model).running.height, 1, "it is on every screen");
    hands.wait(2_000).change_node(|n| n.unschedulable = true);
    assert_eq!(hands.stage(), Stage::Done);
    assert!(hands.said().starts_with(&format!("done: cordon node {name}")), "{}", hands.said());
    assert!(matches!(hands.recorded()[1..], [What::Reached { step: 0 }, What::Ended { done: true, .. }]));
    hands.wait(11_000);
    assert_eq!(layout::areas(&hands.model).running.height, 0);
    hands.command("ops");
    assert_eq!(hands.rows(), [id.to_string()]);
    hands.press("enter");
    let text = hands.model.sheets.last().unwrap().pager().unwrap().text();
    assert!(text.contains("done    1. cordon node") && text.contains("kubectl uncordon"), "{text}");
}

#[test]
fn cancelling_is_the_default() {
    for key in ["enter", "esc", "n", "q"] {
        let mut hands = Hands::on(Mood::Healthy, "nodes");
        hands.press("x").read().press(key);
        assert!(hands.plan().is_none(), "{key}");
        assert_eq!(hands.said(), "cancelled: nothing was done");
        assert_eq!((hands.acts(), hands.recorded().len()), (0, 0));
    }
}

#[test]
fn what_was_typed_ahead_confirms_nothing() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.press("x").send(Msg::Journal(Ok(()))).press("y y y");
    assert!(hands.plan().is_some() && hands.acts() == 0, "{}", hands.said());
    assert!(hands.said().contains("typed ahead"), "{}", hands.said());
    hands.wait(299).press("y");
    assert_eq!(hands.acts(), 0);
    hands.wait(1).press("y");
    assert_eq!(hands.acts(), 1);
}

#[test]
fn a_journal_that_cannot_be_written_is_said_and_blocks() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.press("x").wait(400).press("y");
    assert!(hands.said().contains("journal"), "not seen yet: {}", hands.said());
    hands.send(Msg::Journal(Err("the journal cannot be written: no space left".into()))).press("y");
    assert_eq!((hands.said(), hands.acts()), ("the journal cannot be written: no space left", 0));
    assert!(hands.recorded().is_empty() && hands.plan().is_some());
}

#[test]
fn what_changed_since_one_looked_is_shown_again_and_confirmed_anew() {
    let mut hands = Hands::on(Mood::Healthy, "statefulsets");
    hands.press("s").type_in("4").press("enter");
    let title = |hands: &Hands| hands.plan().expect("a plan").plan.title.clone();
    assert!(title(&hands).ends_with("from 3 to 4 replicas"), "{}", title(&hands));
    // Another client scales meanwhile.
    hands.read().change_set(|s| (s.replicas, s.meta.resource_version) = (2, "2".into()));
    assert!(title(&hands).ends_with("from 2 to 4 replicas"), "{}", title(&hands));
    assert!(hands.plan().unwrap().changed);
    hands.press("y");
    assert_eq!(hands.acts(), 0, "a key that was meant for what was shown before confirms nothing");
    hands.wait(400).press("y y");
    assert_eq!(hands.acts(), 0, "the first key tells that the change was seen");
    assert!(hands.said().contains("typed ahead") && !hands.plan().unwrap().changed, "{}", hands.said());
    hands.wait(400).press("y");
    let Some(Effect::Act { write, .. }) = hands.effects.iter().find(|e| matches!(e, Effect::Act { .. }))
    else {
        panic!("{:?}", hands.effects)
    };
    let Write::Scale { resource_version, replicas, .. } = write else { panic!("{write:?}") };
    assert_eq!((&**resource_version, *replicas), ("2", 4), "it is pinned to what was shown");
}

#[test]
fn a_change_that_was_not_derived_yet_is_seen_at_the_confirmation() {
    let mut hands = Hands::on(Mood::Healthy, "statefulsets");
    hands.press("s").type_in("4").press("enter").read();
    let mut row = hands.model.snapshot.kubernetes.stateful_sets.iter().next().unwrap().clone();
    row.replicas = 5;
    let at = hands.model.now;
    hands.send(Msg::Delta(KubernetesDelta::StatefulSets(TableDelta::Put { row, at }).into())).press("y");
    assert_eq!(hands.acts(), 0);
    assert!(hands.said().contains("changed since you looked"), "{}", hands.said());
}

#[test]
fn what_became_impossible_is_said_and_cannot_be_confirmed() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.press("x").read().change_node_below_plan();
    hands.wait(400).press("y");
    assert!(hands.said().contains("cannot be done any more") && hands.said().contains("cordoned already"));
    assert_eq!(hands.acts(), 0);
}

impl Hands {
    /// Somebody else cordons the first node while its plan is shown.
    fn change_node_below_plan(&mut self) -> &mut Self {
        let name = self.plan().expect("a plan").plan.name.clone();
        let mut row =
            self.model.snapshot.kubernetes.nodes.iter().find(|n| *n.meta.key.name == *name).unwrap().clone();
        row.unschedulable = true;
        let at = self.model.now;
        self.send(Msg::Delta(KubernetesDelta::Nodes(TableDelta::Put { row, at }).into())).send(Msg::Derive)
    }
}

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

/// A verb whose plan is as the test says.
static PROBE: Verb = Verb {
    name: "probe",
    takes: |_, _| Ok(()),
    plan: |known: &Known<'_>, intent: &Intent| {
        let mut plan = Plan::new(intent, "probe", "kafka-1");
        if known.policy.headroom > 0 {
            plan.refusals.push("orders-3 would fall under min ISR: broker 2 is missing from its ISR".into());
        }
        plan.notes.push(Note::plain("a note"));
        plan.steps = vec![crate::action::Step {
            title: "probe".into(),
            write: Write::Cordon { node: "n".into(), uid: "u".into(), on: true },
            until: crate::action::Goal::Answered,
            patience: Duration::from_secs(60),
        }];
        Ok(plan)
    },
    ..Verb::PLAIN
};

impl Hands {
    fn probe(&mut self) -> &mut Self {
        acting::intend(&mut self.model, &PROBE, vec![], "");
        self.read()
    }
}

#[test]
fn production_asks_for_one_tier_more() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.model.session.production = true;
    hands.probe().press("y");
    assert_eq!(hands.acts(), 0, "a y is only a letter of the name now");
    assert_eq!(hands.plan().unwrap().asks, Friction::Name);
    hands.press("enter");
    assert!(hands.said().contains("type kafka-1"), "{}", hands.said());
    hands.press("ctrl-u").type_in("kafka-1").press("enter");
    assert_eq!(hands.acts(), 1);
}

#[test]
fn the_unsafe_is_overruled_by_typing_context_and_name() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.model.session.policy.headroom = 1;
    hands.probe().type_in("kafka-1").press("enter");
    assert_eq!(hands.acts(), 0);
    hands.press("ctrl-u").type_in("lab/kafka-1").press("enter");
    assert_eq!(hands.acts(), 1);
    let Some(Effect::Record(entry)) = hands.effects.iter().find(|e| matches!(e, Effect::Record(_))) else {
        panic!("nothing recorded")
    };
    let What::Planned(Record { refusals, .. }) = &entry.what else { panic!("{entry:?}") };
    assert_eq!(refusals.len(), 1, "what was overruled is kept");
}

#[test]
fn enter_on_an_empty_name_cancels() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.model.session.production = true;
    hands.probe().press("enter");
    assert!(hands.plan().is_none() && hands.acts() == 0);
}

#[test]
fn a_name_typed_for_another_plan_is_forgotten() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.model.session.production = true;
    hands.probe().type_in("kafka-1");
    hands.model.session.policy.headroom = 1;
    hands.send(Msg::Derive).wait(400).press("enter");
    assert_eq!(hands.acts(), 0, "the name was typed before it became unsafe");
}

#[test]
fn elevation_is_asked_for_typed_shown_and_over_after_its_time() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.model.session.production = true;
    hands.model.session.elevation = Some(Duration::from_secs(900));
    hands.press("x");
    assert!(hands.said().contains(":elevate first") && hands.plan().is_none(), "{}", hands.said());
    hands.command("elevate yes");
    assert!(hands.said().contains("not elevated") && hands.model.elevated().is_none());
    hands.command("elevate").type_in("lab").press("enter");
    assert_eq!(hands.model.elevated(), Some(Duration::from_secs(900)));
    hands.press("x").read();
    assert!(hands.plan().is_some());
    let name = hands.plan().unwrap().plan.name.clone();
    hands.type_in(&name).wait(900_000).press("enter");
    assert!(hands.said().contains(":elevate first"), "it ended while the plan was read: {}", hands.said());
    assert_eq!(hands.acts(), 0);
}

#[test]
fn read_only_is_the_reason_that_comes_first() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.model.session.read_only = true;
    hands.press("x");
    assert!(hands.said().contains("read-only") && hands.plan().is_none(), "{}", hands.said());
    hands.command("cordon");
    assert!(hands.said().contains("read-only") && hands.plan().is_none());
    let grey = command::help_below(&hands.model).into_iter().find(|l| l.keys == "x").expect("it is shown");
    assert!(grey.denied.unwrap_or_default().contains("read-only"));
    assert!(command::hints(&hands.model).iter().all(|(key, _)| key != "x"), "and hidden among the hints");
}

#[test]
fn a_dry_run_is_asked_for_and_its_answer_shown() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.press("x").read().press("ctrl-r");
    let Some(Effect::Rehearse(id, Write::Cordon { .. })) = hands.effects.last().cloned() else {
        panic!("{:?}", hands.effects.last())
    };
    let refused = Err("denied the request: nodes are frozen".into());
    hands.send(Msg::Answer(id, Answer::Rehearsed(refused.clone())));
    assert_eq!(hands.plan().unwrap().rehearsal, confirm::Rehearsal::Said(refused));
    assert_eq!((hands.acts(), hands.recorded().len()), (0, 0));
}

#[test]
fn a_refusal_of_the_server_ends_it_in_its_words() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.press("x").read().press("y");
    let id = hands.operation();
    hands.send(Msg::Acted(id, 0, Said::Refused("it changed since you looked".into())));
    assert_eq!(hands.stage(), Stage::Failed);
    assert!(hands.said().contains("it changed since you looked"), "{}", hands.said());
    assert!(matches!(hands.recorded()[..], [What::Planned(_), What::Ended { done: false, .. }]));
}

#[test]
fn quitting_says_once_what_goes_on() {
    for key in ["ctrl-c", "q"] {
        let mut hands = Hands::on(Mood::Healthy, "nodes");
        hands.press("x").read().press("y").press(key);
        assert!(
            hands.said().contains("1 operation under way") && hands.said().contains("journal"),
            "{}",
            hands.said()
        );
        assert!(!hands.effects.contains(&Effect::Quit), "{key}");
        hands.press(key);
        assert!(hands.effects.contains(&Effect::Quit), "{key}");
    }
}

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
        ended: None,
        lives: false,
    }
}

use crate::action::journal;

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
    let recalls = |hands: &Hands| hands.effects.iter().filter(|e| matches!(e, Effect::Recall { .. })).count();
    let before = recalls(&hands);
    hands.wait(6_000);
    assert_eq!(recalls(&hands), before + 1, "the journal tells what it does");
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

#[test]
fn the_journal_is_recalled_when_a_kafka_cluster_is_joined() {
    let hands = Hands::on(Mood::Healthy, "overview");
    let cluster = hands.model.derived.cluster.clone().unwrap();
    assert!(hands.effects.contains(&Effect::Recall { cluster }), "{:?}", hands.effects);
    let mut hands = Hands::on(Mood::Empty, "overview");
    hands.send(Msg::Derive);
    let recalls: Vec<_> = hands.effects.iter().filter(|e| matches!(e, Effect::Recall { .. })).collect();
    assert_eq!(recalls, [&Effect::Recall { cluster: "lab".into() }], "without Kafka it is the context's own");
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
fn another_kafka_cluster_is_not_joined_while_operations_run() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.press("x").read().press("y");
    commands::inspect::choose_cluster(&mut hands.model, "other/kafka".into());
    assert!(hands.said().contains("1 operation still run"), "{}", hands.said());
    assert_eq!(hands.model.cluster, None);
}
