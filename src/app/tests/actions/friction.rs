//! How hard it is made to confirm.

use super::*;
use crate::action::{Friction, Goal, Intent, Known, Note, Plan, Step, Verb, journal::Record};

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
        plan.steps = vec![Step {
            title: "probe".into(),
            write: Write::Cordon { node: "n".into(), uid: "u".into(), on: true },
            until: Goal::Answered,
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
