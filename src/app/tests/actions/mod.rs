//! From a key to a plan, a confirmation, an operation and its end.

mod arguments;
mod changed;
mod friction;
mod left;
mod runbooks;

use super::*;
use crate::{
    action::journal::What,
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

    pub fn plan(&self) -> Option<&confirm::Confirm> {
        match self.model.sheets.last() {
            Some(Sheet::Confirm(sheet)) => Some(sheet),
            _ => None,
        }
    }

    pub fn acts(&self) -> usize {
        self.effects.iter().filter(|e| matches!(e, Effect::Act { .. })).count()
    }

    pub fn recorded(&self) -> Vec<&What> {
        let entries = self.effects.iter().filter_map(|e| match e {
            Effect::Record(entry) => Some(&entry.what),
            _ => None,
        });
        entries.collect()
    }

    /// The id of the operation that was begun last.
    pub fn operation(&self) -> OperationId {
        self.model.snapshot.operations.last().expect("an operation").id.clone()
    }

    pub fn stage(&self) -> Stage {
        self.model.snapshot.operations.last().expect("an operation").stage
    }

    /// The selected node as another client makes it.
    pub fn change_node(&mut self, change: impl FnOnce(&mut Node)) -> &mut Self {
        let name = self.selected();
        let nodes = &self.model.snapshot.kubernetes.nodes;
        let mut row = nodes.iter().find(|n| *n.meta.key.name == *name).unwrap().clone();
        change(&mut row);
        let at = self.model.now;
        self.send(Msg::Delta(KubernetesDelta::Nodes(TableDelta::Put { row, at }).into())).send(Msg::Derive)
    }

    pub fn change_set(&mut self, change: impl FnOnce(&mut StatefulSet)) -> &mut Self {
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

#[test]
fn another_kafka_cluster_is_not_joined_while_operations_run() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.press("x").read().press("y");
    commands::inspect::choose_cluster(&mut hands.model, "other/kafka".into());
    assert!(hands.said().contains("1 operation still run"), "{}", hands.said());
    assert_eq!(hands.model.cluster, None);
}

#[test]
fn the_commands_of_a_plan_are_copied_unfolded_while_a_name_is_typed_too() {
    for production in [false, true] {
        let mut hands = Hands::on(Mood::Healthy, "pods");
        hands.model.session.production = production;
        hands.press("/").type_in("kafka-1").press("enter g e").read().press("ctrl-y");
        let Some(Effect::Copy { text, .. }) = hands.effects.last() else {
            panic!("{:?}", hands.effects.last())
        };
        assert_eq!(
            text,
            "kubectl create -f - --raw /api/v1/namespaces/kafka/pods/kafka-1/eviction <<'EOF'\n\
             {\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\n\
             \"metadata\":{\"name\":\"kafka-1\",\"namespace\":\"kafka\"},\n\
             \"deleteOptions\":{\"preconditions\":\n\
             {\"uid\":\"uid-kafka-kafka-1\"}}}\nEOF"
        );
        assert_eq!(hands.plan().map(|plan| plan.typed.value()), Some(""));
    }
}
