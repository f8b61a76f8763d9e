//! The plan's sheet and the lines of what is under way.

use super::*;
use crate::{
    action::{Said, Verb},
    app::{Effect, acting, confirm},
    world::NOW,
};
use std::time::Duration;

/// Everything that a plan can say, at length.
static WHOLE: Verb = Verb {
    name: "evict",
    takes: |_, _| Ok(()),
    plan: |_, intent| {
        use crate::action::{Friction, Goal, Note, Plan, Radius, Risk, Step, Write};
        let step = |n: usize| Step {
            title: format!("evict pod kafka/kafka-{n}"),
            write: Write::Evict { pod: Key::new("kafka", &format!("kafka-{n}")), uid: "uid".into() },
            until: Goal::Answered,
            patience: Duration::from_secs(600),
        };
        let names = |topic: &str, count: i32| (0..count).map(|p| (topic.into(), p)).collect();
        Ok(Plan {
            risk: Risk::Outage,
            friction: Friction::Name,
            changes: vec!["pod kafka/kafka-1 ends and is replaced by another under the same name".into()],
            amounts: vec!["12.5 GiB to be read again at most".into()],
            radius: Radius {
                leaderless: names("orders", 12),
                at_min_isr: names("billing", 2),
                under_min_isr: names("audit", 1),
                offline: vec![],
                unprotected: names("scratch", 6),
            },
            notes: vec![
                Note::plain("budget kafka/kafka allows one disruption now"),
                Note::warning(
                    "Strimzi restarts it in its own order: annotate it with strimzi.io/manual-rolling-update instead",
                ),
            ],
            refusals: vec!["audit-0 would fall under min ISR: broker 2 is missing from its ISR".into()],
            unknown: vec!["the configuration of 3 topics is not read yet".into()],
            commands: vec!["kubectl -n kafka delete pod kafka-1 --wait=false".into()],
            steps: vec![step(1), step(2)],
            undo: None,
            ..Plan::new(intent, "evict pods kafka/kafka-1 and kafka/kafka-2", "kafka-1")
        })
    },
    ..Verb::PLAIN
};

fn shown(size: (u16, u16), production: bool) -> Hands {
    let mut h = hands(Mood::Healthy, "pods", size);
    h.model.session.production = production;
    acting::intend(&mut h.model, &WHOLE, vec![], "");
    h.send(Msg::Journal(Ok(()))).wait(400);
    h
}

#[test]
fn a_plan_is_read_on_the_smallest_usable_screen_and_scrolled() {
    let mut h = shown(SMALL, false);
    h.type_in("lab/kaf");
    insta::assert_snapshot!("plan_80x24", frame(&h, false).join("\n"));
    h.press("end");
    insta::assert_snapshot!("plan_80x24_end", frame(&h, false).join("\n"));
}

#[test]
fn a_plan_fits_on_a_large_screen() {
    insta::assert_snapshot!("plan_160x50", frame(&shown(LARGE, true), false).join("\n"));
}

#[test]
fn every_line_of_a_plan_can_be_reached() {
    let mut h = shown(SMALL, false);
    let mut seen = frame(&h, false).join("\n");
    for _ in 0..6 {
        seen.push('\n');
        seen += &frame(h.press("pgdn"), false).join("\n");
    }
    for word in [
        "REFUSED",
        "audit-0 would fall under",
        "is replaced by another",
        "change their leader (12)",
        "orders-0, orders-1, orders-2, orders-3",
        "and 8",
        "fall to min ISR, so",
        "cannot be protected",
        "not read yet",
        "Strimzi",
        "allows one disruption",
        "12.5 GiB",
        "2. evict pod",
        "kubectl -n kafka",
        "cannot be undone",
    ] {
        assert!(seen.contains(word), "{word} is missing in\n{seen}");
    }
}

#[test]
fn a_plan_that_asks_for_a_y_says_that_no_is_the_default() {
    let mut h = hands(Mood::Healthy, "nodes", SMALL);
    h.press("x").send(Msg::Journal(Ok(())));
    let lines = frame(&h, false);
    assert_eq!(lines[22], " Do it? y/N");
    assert!(lines[23].contains("y do it") && lines[23].contains("esc cancel"), "{}", lines[23]);
    assert!(lines.iter().any(|l| l.contains("risk: none")), "{lines:#?}");
}

#[test]
fn what_stands_in_the_way_is_said_at_the_bottom() {
    let mut h = hands(Mood::Healthy, "nodes", SMALL);
    h.press("x").send(Msg::Journal(Err("the journal cannot be written: the disk is full".into())));
    assert!(frame(&h, false)[21].contains("the disk is full"));
    h.send(Msg::Journal(Ok(()))).press("ctrl-r");
    let Some(Effect::Rehearse(id, _)) = h.effects.last().cloned() else { panic!("no dry run") };
    h.send(Msg::Answer(id, crate::domain::ask::Answer::Rehearsed(Ok("it would be taken".into()))));
    let line = frame(&h, false)[21].clone();
    assert!(line.contains("it would be taken (admission was asked, not operators)"), "{line}");
}

#[test]
fn what_is_long_at_the_bottom_is_folded_and_what_cannot_be_done_is_not_asked_for() {
    let mut h = hands(Mood::Healthy, "nodes", SMALL);
    let why = "the journal cannot be written: /home/operator/.local/state/castellan/journal/kafka.jsonl: no space left on device; free some space or set XDG_STATE_HOME";
    h.press("x").send(Msg::Journal(Err(why.into())));
    let lines = frame(&h, false);
    assert!(lines[21].ends_with("XDG_STATE_HOME"), "{lines:#?}");
    assert!(lines[22].contains("It cannot be done now") && !lines[22].contains("Do it?"), "{}", lines[22]);
}

#[test]
fn the_keys_of_a_plan_are_whole_in_help() {
    let mut h = hands(Mood::Healthy, "nodes", SMALL);
    h.press("x").send(Msg::Journal(Ok(()))).press("?");
    let seen = frame(&h, false).join("\n");
    assert!(seen.contains("esc n q enter"), "{seen}");
}

#[test]
fn what_changed_is_named() {
    let mut h = hands(Mood::Healthy, "statefulsets", SMALL);
    h.press("s").type_in("4").press("enter").send(Msg::Journal(Ok(()))).wait(400);
    let mut row = h.model.snapshot.kubernetes.stateful_sets.iter().next().unwrap().clone();
    row.replicas = 2;
    let at = h.model.now;
    let put = crate::domain::kubernetes::TableDelta::Put { row, at };
    h.send(Msg::Delta(crate::domain::kubernetes::KubernetesDelta::StatefulSets(put).into()));
    h.send(Msg::Derive).send(Msg::Review);
    let seen = frame(&h, false).join("\n");
    assert!(seen.contains("What changed since you looked"), "{seen}");
    assert!(seen.contains("from 3 to 4 replicas; now:"), "{seen}");
}

#[test]
fn a_refused_argument_stays_to_be_mended_below_its_reason() {
    let mut h = hands(Mood::Healthy, "statefulsets", SMALL);
    h.press("s").type_in("many").press("enter");
    let lines = frame(&h, false);
    assert!(lines[23].ends_with("replicas: many"), "{}", lines[23]);
    assert!(lines[22].contains("not a number of replicas"), "{}", lines[22]);
}

#[test]
fn the_prompt_of_a_new_topic_names_no_other_and_shows_its_form() {
    let mut h = hands(Mood::Healthy, "topics", SMALL);
    h.press("n");
    assert_eq!(frame(&h, false)[23].trim_end(), "create-topic: NAME partitions=N rf=N SETTING=VALUE…");
    h.type_in("orders-2");
    assert_eq!(frame(&h, false)[23].trim_end(), "create-topic: orders-2");
}

#[test]
fn hostile_names_in_a_plan_are_disarmed_and_typed_as_they_are_shown() {
    static HOSTILE: Verb = Verb {
        takes: |_, _| Ok(()),
        plan: |_, intent| {
            let name = "ev\u{1b}[31mil\u{202e}";
            let plan = crate::action::Plan::new(intent, format!("delete {name}"), name);
            let friction = crate::action::Friction::Name;
            Ok(crate::action::Plan { friction, changes: vec![format!("{name}\r\n gone")], ..plan })
        },
        ..Verb::PLAIN
    };
    let mut h = hands(Mood::Healthy, "nodes", SMALL);
    acting::intend(&mut h.model, &HOSTILE, vec![], "");
    h.send(Msg::Journal(Ok(()))).wait(400);
    for line in frame(&h, false) {
        assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
    }
    h.type_in("evil").press("enter");
    assert!(h.model.sheets.is_empty(), "the name as it is drawn is the one to type: {:?}", h.model.notice);
}

#[test]
fn plans_survive_tiny_screens() {
    for production in [false, true] {
        let mut h = shown(SMALL, production);
        for (width, height) in (1..=14).flat_map(|w| (1..=14).map(move |h| (w, h))) {
            h.send(Msg::Resize(width, height)).press("pgdn");
            frame(&h, (width + height) % 2 == 0);
        }
    }
}

#[test]
fn operations_are_seen_on_every_screen() {
    let mut h = hands(Mood::Healthy, "nodes", SMALL);
    let cordon = |h: &mut Hands| {
        h.press("x").send(Msg::Journal(Ok(()))).wait(400);
        h.press("y j");
    };
    cordon(&mut h);
    for pane in ["pods", "charts", "overview"] {
        h.press(":").type_in(pane).press("enter");
        let line = frame(&h, false)[22].clone();
        assert!(line.starts_with(" running cordon node"), "{pane}: {line}");
        assert!(line.contains("awaiting"), "{line}");
    }
    h.press("d");
    assert!(frame(&h, false)[22].starts_with(" running"), "over a sheet, too");
    h.press("esc :").type_in("nodes").press("enter j");
    cordon(&mut h);
    h.press("j");
    cordon(&mut h);
    let lines = frame(&h, false);
    assert!(lines[21].starts_with(" running cordon") && lines[22].contains("and 2 more"), "{lines:#?}");
    let id = h.model.snapshot.operations[0].id.clone();
    h.send(Msg::Acted(id, 0, Said::Refused("nodes are frozen".into())));
    assert!(
        frame(&h, false).iter().any(|l| l.starts_with(" failed cordon") && l.contains("nodes are frozen"))
    );
    assert!(h.model.now > NOW);
}

#[test]
fn the_header_says_production_read_only_and_elevation_at_every_height() {
    for height in [12, 24, 50] {
        let mut h = hands(Mood::Healthy, "pods", (80, height));
        h.model.session.production = true;
        h.model.session.read_only = true;
        let line = frame(&h, false)[0].clone();
        assert!(line.starts_with(" PRODUCTION  read-only ·") && line.contains("lab"), "{line}");
        h.model.session.read_only = false;
        h.model.session.elevation = Some(Duration::from_secs(900));
        h.press(":").type_in("elevate lab").press("enter");
        h.wait(60_000);
        assert!(frame(&h, false)[0].contains("elevated for 14m"), "{}", frame(&h, false)[0]);
    }
}

#[test]
fn a_key_that_is_not_allowed_is_greyed_with_what_is_missing() {
    use crate::domain::{
        access::{Grant, Permission},
        snapshot::Delta,
    };
    let mut h = hands(Mood::Healthy, "nodes", SMALL);
    let permission = Permission { verb: "patch", group: "", resource: "nodes", subresource: "" };
    h.send(Msg::Delta(Delta::Access(vec![Grant::Kubernetes {
        permission,
        namespace: "".into(),
        allowed: false,
    }])));
    h.press("?");
    let text = frame(&h, false).join("\n") + &frame(h.press("shift-g"), false).join("\n");
    assert!(text.contains("cordon: no new pods") && text.contains("not now: needs patch nodes"), "{text}");
}

#[test]
fn the_risk_is_told_by_colour_and_by_word() {
    use crate::action::Risk;
    let words: Vec<_> =
        [Risk::None, Risk::Low, Risk::Elevated, Risk::Outage, Risk::Loss].map(Risk::word).into();
    let mut unique = words.clone();
    unique.dedup();
    assert_eq!(words, unique);
    assert_ne!(confirm::tone(Risk::None), confirm::tone(Risk::Outage));
}
