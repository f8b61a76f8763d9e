//! Permissions: asked once in a while, and what is denied is greyed with what is missing.

use super::*;
use crate::domain::{
    access::{Grant, Permission},
    kafka::{KafkaDelta, Route},
};

const PATCH_NODES: Permission = Permission { verb: "patch", group: "", resource: "nodes", subresource: "" };

fn asked(hands: &Hands) -> Vec<(AskId, crate::domain::ask::AccessQuery)> {
    let asks = hands.effects.iter().filter_map(|e| match e {
        Effect::Ask(id, Ask::Access(query)) => Some((*id, query.clone())),
        _ => None,
    });
    asks.collect()
}

fn denied(permission: Permission, namespace: &str) -> Answer {
    Answer::Granted(vec![Grant::Kubernetes { permission, namespace: namespace.into(), allowed: false }])
}

#[test]
fn a_permission_is_asked_for_once() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    let first = asked(&hands);
    let [(_, query)] = &first[..] else { panic!("{first:?}") };
    assert_eq!(query.kubernetes, [(PATCH_NODES, "".into())], "on nodes: in the cluster's scope");
    hands.press("j j k").send(Msg::Derive).wait(1_000).press("j").wait(1_000);
    assert_eq!(asked(&hands).len(), 1, "the other nodes need the same");
}

#[test]
fn what_is_believed_is_asked_anew_in_a_while_and_at_once_when_something_was_refused() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    let answer = |hands: &mut Hands, allowed| {
        let id = asked(hands).pop().unwrap().0;
        let grant = Grant::Kubernetes { permission: PATCH_NODES, namespace: "".into(), allowed };
        hands.send(Msg::Answer(id, Answer::Granted(vec![grant]))).send(Msg::Answer(id, Answer::End));
    };
    answer(&mut hands, true);
    hands.wait(29_000);
    assert_eq!(asked(&hands).len(), 1);
    hands.wait(1_000);
    assert_eq!(asked(&hands).len(), 2, "half a minute is as long as an answer is believed");
    answer(&mut hands, true);
    hands.press("y");
    let yaml = hands.effects.iter().rev().find_map(|e| match e {
        Effect::Ask(id, Ask::Yaml { .. }) => Some(*id),
        _ => None,
    });
    hands.send(Msg::Answer(yaml.unwrap(), Answer::Failed("no permission to get nodes".into())));
    hands.press("esc").wait(1_000);
    assert_eq!(asked(&hands).len(), 3, "what was refused once may be refused again");
    answer(&mut hands, false);
    hands.press("x");
    assert!(hands.said().contains("needs patch nodes"), "{}", hands.said());
    let reach = crate::domain::kubernetes::Reach { namespace: None, missing: vec!["pods".into()] };
    hands.send(Msg::Delta(crate::domain::kubernetes::KubernetesDelta::Reach(reach).into())).wait(1_000);
    assert_eq!(asked(&hands).len(), 4, "a watch was refused");
}

#[test]
fn keys_alone_ask_nothing() {
    let mut hands = Hands::on(Mood::Healthy, "overview");
    let before = asked(&hands).len();
    hands.command("pods").press("j j j");
    assert_eq!(asked(&hands).len(), before, "what the cursor passes by is not asked for");
    hands.wait(1_000);
    assert_eq!(asked(&hands).len(), before + 1, "where it rests it is");
}

#[test]
fn what_is_denied_is_greyed_with_what_is_missing_and_does_nothing() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    let id = asked(&hands)[0].0;
    hands.send(Msg::Answer(id, denied(PATCH_NODES, ""))).send(Msg::Derive).press("x");
    assert!(hands.said().contains("needs patch nodes, which this context may not do"), "{}", hands.said());
    assert!(hands.model.sheets.is_empty());
    let line = command::help_below(&hands.model).into_iter().find(|l| l.keys == "x").expect("it is shown");
    assert!(line.denied.is_some());
    assert!(command::hints(&hands.model).iter().all(|(key, _)| key != "x"));
}

#[test]
fn the_namespace_of_a_denial_is_that_of_the_object() {
    let mut hands = Hands::on(Mood::Healthy, "statefulsets");
    let (id, query) = asked(&hands).pop().expect("asked");
    let scale = query.kubernetes.iter().find(|(p, _)| p.subresource == "scale").expect("scale").0;
    hands.send(Msg::Answer(id, denied(scale, "elsewhere"))).press("s");
    assert!(hands.model.prompt.is_some(), "denied elsewhere only: {}", hands.said());
    hands.press("esc").send(Msg::Answer(id, denied(scale, "kafka"))).press("s");
    assert!(hands.said().contains("needs patch statefulsets.apps/scale"), "{}", hands.said());
}

#[test]
fn what_a_plan_needs_is_asked_for_when_it_is_shown_and_blocks_it_when_it_is_denied() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.press("ctrl-x");
    assert!(matches!(hands.model.sheets.last(), Some(Sheet::Confirm(_))), "{}", hands.said());
    hands.wait(1_000);
    let evict = Permission { verb: "create", group: "", resource: "pods", subresource: "eviction" };
    let (id, query) = asked(&hands).pop().expect("asked");
    assert!(query.kubernetes.contains(&(evict, "kafka".into())), "where its pods are: {query:?}");
    hands.send(Msg::Journal(Ok(()))).send(Msg::Answer(id, denied(evict, "kafka")));
    hands.send(Msg::Derive).send(Msg::Review).wait(1_000);
    let Some(Sheet::Confirm(sheet)) = hands.model.sheets.last() else { panic!("it is still read") };
    assert_eq!(
        sheet.blocked().as_deref(),
        Some(
            "it cannot be done now: needs create pods/eviction in namespace kafka, which this context may not do"
        )
    );
}

#[test]
fn a_question_that_failed_is_asked_again_after_a_while() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    let id = asked(&hands)[0].0;
    hands.send(Msg::Answer(id, Answer::Failed("no answer".into()))).wait(1_000);
    assert_eq!(asked(&hands).len(), 1);
    hands.wait(30_000);
    assert_eq!(asked(&hands).len(), 2);
}

#[test]
fn a_read_only_session_asks_for_no_permission() {
    let mut hands = Hands::on(Mood::Healthy, "overview");
    hands.effects.clear();
    hands.model.session.read_only = true;
    hands.command("nodes").wait(1_000).send(Msg::Derive);
    assert_eq!(asked(&hands).len(), 0);
}

#[test]
fn who_may_only_look_through_the_tunnel_does_not_write_to_kafka_by_it() {
    let mut hands = Hands::on(Mood::Healthy, "topics");
    let tunnel = Permission { verb: "create", group: "", resource: "pods", subresource: "portforward" };
    hands.send(Msg::Delta(KafkaDelta::Route(Route::PortForward).into())).wait(1_000);
    let (id, query) = asked(&hands).pop().expect("asked");
    assert!(query.kubernetes.contains(&(tunnel, "kafka".into())), "{query:?}");
    hands.send(Msg::Answer(id, denied(tunnel, "kafka"))).press("a");
    assert!(hands.said().contains("needs create pods/portforward"), "{}", hands.said());
    hands.send(Msg::Delta(KafkaDelta::Route(Route::Direct).into())).press("a");
    assert!(hands.model.prompt.is_some(), "what is reached directly needs none: {}", hands.said());
}

/// With it alone: Kafka itself may check nobody who comes through the API server.
#[test]
fn without_the_tunnel_every_verb_on_kafka_is_greyed_with_that_permission_and_no_other_verb() {
    use crate::action::VERBS;
    let of_kafka = |verb: &crate::action::Verb| {
        let kafka = verb.acts.iter().filter(|may| may.act.is_of_kafka());
        kafka.clone().any(|may| may.when.is_none()) || kafka.count() == verb.acts.len()
    };
    let why = "needs create pods/portforward to write through the API server, which this context may not do";
    let mut greyed = BTreeSet::new();
    for pane in ["topics", "partitions", "brokers", "pods", "nodes", "statefulsets"] {
        for route in [Route::PortForward, Route::Mixed] {
            let mut hands = Hands::on(Mood::Degraded, pane);
            if pane == "topics" {
                // Not one of Kafka's own.
                hands.press("/").type_in("orders").press("enter g");
            }
            hands.send(Msg::Delta(KafkaDelta::Route(route).into())).wait(1_000);
            let (id, _) = asked(&hands).into_iter().find(|(_, q)| !q.kubernetes.is_empty()).expect("asked");
            let tunnel =
                Permission { verb: "create", group: "", resource: "pods", subresource: "portforward" };
            hands.send(Msg::Answer(id, denied(tunnel, "kafka")));
            for verb in VERBS {
                match acting::may(&hands.model, verb) {
                    Err(acting::Refusal::Denied(words)) => {
                        assert!(of_kafka(verb), "{pane}: {} is not Kafka's", verb.name);
                        assert_eq!(words, why, "{pane}: {}", verb.name);
                        greyed.insert(verb.name);
                    }
                    Err(acting::Refusal::Unfit(_)) => {}
                    Ok(()) => assert!(!of_kafka(verb), "{pane}: {} is not greyed", verb.name),
                }
            }
            let shown = command::help_below(&hands.model).into_iter().filter_map(|line| line.denied);
            assert!(shown.clone().count() > 0 && shown.clone().all(|words| words == why), "{pane}");
        }
    }
    let all = [
        "unthrottle",
        "reassign",
        "create-topic",
        "add-partitions",
        "alter-config",
        "delete-topic",
        "produce",
    ];
    assert!(all.iter().all(|name| greyed.contains(name)), "{greyed:?}");
}
