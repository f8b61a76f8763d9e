//! What changes between the look and the confirmation.

use super::*;

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
    assert!(hands.said().contains("cannot be done now") && hands.said().contains("cordoned already"));
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
fn a_topic_that_was_created_anew_is_not_moved_for_the_one_that_was_looked_at() {
    use crate::domain::kafka::KafkaDelta;
    let mut hands = Hands::on(Mood::Healthy, "topics");
    let turned = r#"{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[2,1,0]}]}"#;
    hands.command(&format!("reassign {turned}")).read();
    let changes = hands.plan().expect("a plan").plan.changes.clone();
    let mut anew = hands.model.snapshot.kafka.topics["orders"].clone();
    anew.id = Some("another".into());
    let at = hands.model.now;
    hands.send(Msg::Delta(KafkaDelta::Topics { changed: vec![anew], removed: vec![], at }.into())).press("y");
    assert_eq!(hands.acts(), 0);
    assert!(hands.said().contains("changed since you looked"), "{}", hands.said());
    assert_eq!(hands.plan().expect("a plan").plan.changes, changes, "it looks the same");
}

/// No answer was heard: what the cluster shows decides.
#[test]
fn an_answer_that_was_not_heard_is_told_and_the_goal_decides() {
    let why = "the connection to the API server broke: connection reset; whether it was done is not known";
    let unheard = || {
        let mut hands = Hands::on(Mood::Healthy, "nodes");
        hands.press("x").read().press("y");
        let id = hands.operation();
        hands.send(Msg::Acted(id, 0, Said::Unheard(why.into()))).wait(3_000);
        assert_eq!(hands.stage(), Stage::Running);
        let words = hands.model.snapshot.operations[0].words.clone();
        assert!(words.contains("whether it was done is not known"), "{words}");
        hands
    };
    let mut done = unheard();
    done.change_node(|n| n.unschedulable = true);
    assert_eq!(done.stage(), Stage::Done, "{}", done.said());
    let mut lost = unheard();
    for _ in 0..12 {
        lost.wait(3_000).change_node(|_| {});
    }
    assert_eq!(lost.stage(), Stage::Failed);
    let words = &lost.model.snapshot.operations[0].words;
    assert!(words.contains("it was not done, or was called back"), "{words}");
    assert!(words.contains("connection reset"), "{words}");
    assert_eq!((done.acts(), lost.acts()), (1, 1), "nothing is sent again");
}
