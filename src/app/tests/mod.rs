//! What keys do, over the worlds of the tests.

use super::*;
use crate::{
    domain::{
        ask::{LogQuery, Message, Payload, Start},
        kafka::BrokerId,
        object::Kind,
    },
    pane::{PANES, find},
    world::{Mood, SMALL, fixture},
};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A session on a world of the tests.
pub struct Hands {
    pub model: Model,
    pub effects: Vec<Effect>,
}

pub fn session() -> Session {
    let themes = vec!["dark".into(), "light".into()];
    let contexts = vec!["lab".into(), "other".into()];
    Session { context: "lab".into(), contexts, themes, id: "5e551011".into(), ..Session::default() }
}

impl Hands {
    pub fn on(mood: Mood, pane: &str) -> Self {
        let keymap = Keymap::new(&BTreeMap::new()).unwrap();
        let model = Model::new(session(), keymap, "dark".into(), Screen::new(find(pane).unwrap(), None));
        let mut hands = Hands { model, effects: Vec::new() };
        hands.turn_to(mood);
        hands
    }

    pub fn turn_to(&mut self, mood: Mood) {
        let world = fixture(mood, SMALL);
        let generation = self.model.snapshot.generation + world.snapshot.generation + 1;
        self.model.snapshot = world.snapshot;
        self.model.snapshot.generation = generation;
        self.send(Msg::Tick(world.now));
        self.send(Msg::Derive);
    }

    pub fn send(&mut self, msg: Msg) -> &mut Self {
        self.effects.extend(update(&mut self.model, msg));
        self
    }

    /// Chords parted by blanks.
    pub fn press(&mut self, chords: &str) -> &mut Self {
        for chord in chords.split_whitespace() {
            self.send(Msg::Key(chord.parse().unwrap()));
        }
        self
    }

    pub fn type_in(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Msg::Key(chord::Chord::plain(crossterm::event::KeyCode::Char(c))));
        }
        self
    }

    fn command(&mut self, line: &str) -> &mut Self {
        self.press(":").type_in(line).press("enter")
    }

    fn selected(&self) -> String {
        self.model.selected().map_or("nothing".into(), |o| o.name())
    }

    fn said(&self) -> &str {
        self.model.notice.as_ref().map_or("", |n| &n.text)
    }

    fn rows(&self) -> Vec<String> {
        self.model.screen().list().map_or(Vec::new(), |l| l.rows.iter().map(|o| o.name()).collect())
    }
}

#[test]
fn the_palette_goes_to_panes_by_name_alias_beginning_and_with_arguments() {
    let mut hands = Hands::on(Mood::Healthy, "overview");
    for (typed, pane) in [("pods", "pods"), ("po", "pods"), ("sts", "statefulsets"), ("parti", "partitions")]
    {
        hands.command(typed);
        assert_eq!(hands.model.screen().pane.name, pane, "{typed}");
    }
    hands.command("pods kafka");
    assert_eq!(hands.model.namespace.as_deref(), Some("kafka"));
    assert!(hands.rows().iter().all(|name| name.starts_with("kafka")));
    hands.command("pods /kafka-1");
    assert_eq!(hands.rows(), ["kafka-1"]);
    hands.command("pds");
    assert!(hands.said().contains("did you mean pods?"), "{}", hands.said());
}

#[test]
fn tab_completes_and_esc_forgets() {
    let mut hands = Hands::on(Mood::Healthy, "overview");
    hands.press(":").type_in("topi").press("tab enter");
    assert_eq!(hands.model.screen().pane.name, "topics");
    hands.press(":").type_in("pods").press("esc");
    assert!(hands.model.prompt.is_none());
    assert_eq!(hands.model.screen().pane.name, "topics");
    hands.press(":").type_in("theme li").press("tab enter");
    assert_eq!(hands.model.theme, "light");
}

#[test]
fn drilling_leads_down_and_back_to_the_same_row() {
    let mut hands = Hands::on(Mood::Healthy, "topics");
    hands.press("j j");
    let topic = hands.selected();
    hands.press("enter");
    assert_eq!(hands.model.screen().title(), format!("partitions of topic {topic}"));
    hands.press("esc");
    assert_eq!(hands.selected(), topic);
    hands.press("]");
    assert_eq!(hands.model.screen().pane.name, "partitions");
    hands.press("[ -");
    assert_eq!(hands.model.screen().pane.name, "partitions");
}

#[test]
fn q_goes_back_and_quits_at_the_root() {
    let mut hands = Hands::on(Mood::Healthy, "overview");
    hands.command("pods").press("d q q");
    assert_eq!(hands.model.screen().pane.name, "overview");
    assert!(!hands.effects.contains(&Effect::Quit));
    hands.press("esc");
    assert!(hands.said().contains("q quits"), "{}", hands.said());
    hands.press("q");
    assert!(hands.effects.contains(&Effect::Quit));
}

#[test]
fn a_filter_works_while_it_is_typed_and_esc_takes_it_back() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    let all = hands.rows().len();
    hands.press("/").type_in("kafka-0");
    assert_eq!(hands.rows(), ["kafka-0"]);
    hands.press("esc");
    assert_eq!(hands.rows().len(), all);
    hands.press("/").type_in("!kafka").press("enter");
    assert!(!hands.rows().is_empty() && hands.rows().iter().all(|name| !name.contains("kafka")));
    hands.press("esc");
    assert_eq!(hands.rows().len(), all);
}

#[test]
fn columns_sort_by_letter_by_name_and_by_arrows() {
    let mut hands = Hands::on(Mood::Healthy, "topics");
    let mut names = hands.rows();
    names.sort();
    assert_eq!(hands.press("shift-n").rows(), names);
    names.reverse();
    assert_eq!(hands.press("shift-n").rows(), names, "again turns it round");
    hands.command("sort name");
    names.reverse();
    assert_eq!(hands.rows(), names);
    names.reverse();
    assert_eq!(hands.press("r").rows(), names);
    hands.press(">");
    assert_eq!(hands.model.screen().list().unwrap().query.sort.map(|s| s.column), Some(1));
    hands.press("< <");
    let columns = hands.model.screen().table().unwrap().headings().len();
    assert_eq!(hands.model.screen().list().unwrap().query.sort.map(|s| s.column), Some(columns - 1));
}

#[test]
fn faults_only_shows_faults() {
    let mut hands = Hands::on(Mood::Degraded, "pods");
    let all = hands.rows().len();
    hands.press("ctrl-z");
    let faults = hands.rows();
    assert!(!faults.is_empty() && faults.len() < all, "{faults:?}");
    assert_eq!(hands.press("ctrl-z").rows().len(), all);
}

#[test]
fn marks_are_made_ranged_and_cleared_and_copied() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    hands.press("space j ctrl-space");
    let marked: BTreeSet<String> =
        hands.model.screen().list().unwrap().marks.iter().map(|o| o.name()).collect();
    assert_eq!(marked, hands.rows()[..3].iter().cloned().collect());
    hands.press("c");
    assert!(matches!(&hands.effects[..], [.., Effect::Copy { what, .. }] if what == "3 names"));
    hands.press("ctrl-\\");
    assert!(hands.model.screen().list().unwrap().marks.is_empty());
    hands.press("ctrl-\\");
    assert!(hands.said().starts_with("nothing is marked"));
}

#[test]
fn a_mark_on_an_object_that_went_away_is_gone() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    hands.press("space");
    hands.turn_to(Mood::Empty);
    assert!(hands.model.screen().list().unwrap().marks.is_empty());
}

#[test]
fn what_is_gone_is_not_replaced_by_its_neighbour() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    hands.press("g j j");
    let (name, next) = (hands.selected(), hands.rows()[3].clone());
    let gone =
        hands.model.snapshot.kubernetes.pods.iter().find(|p| *p.meta.key.name == *name).unwrap().clone();
    let at = hands.model.now;
    let delta = crate::domain::kubernetes::TableDelta::Remove { key: gone.meta.key.clone(), at };
    hands.send(Msg::Delta(crate::domain::kubernetes::KubernetesDelta::Pods(delta).into())).send(Msg::Derive);
    assert_eq!(hands.selected(), "nothing");
    hands.press("d");
    assert!(hands.said().contains("is not shown any more"), "{}", hands.said());
    assert!(hands.model.sheets.is_empty());
    hands.press("j");
    assert_eq!(hands.selected(), next, "down goes to what took its place");
}

#[test]
fn a_pod_replaced_under_its_name_is_not_selected() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    hands.press("/").type_in("kafka-0").press("enter g");
    let mut pod =
        hands.model.snapshot.kubernetes.pods.iter().find(|p| &*p.meta.key.name == "kafka-0").unwrap().clone();
    pod.meta.uid = "another".into();
    let delta = crate::domain::kubernetes::TableDelta::Put { row: pod, at: hands.model.now };
    hands.send(Msg::Delta(crate::domain::kubernetes::KubernetesDelta::Pods(delta).into())).send(Msg::Derive);
    assert_eq!((hands.rows().len(), hands.selected().as_str()), (1, "nothing"));
}

#[test]
fn a_key_that_does_nothing_says_why() {
    let mut hands = Hands::on(Mood::Healthy, "topics");
    for (chord, reason) in [
        ("x", "x does nothing here; ? shows the keys"),
        ("y", "a topic has no manifest"),
        ("l", "a topic has no log"),
        ("left", "ctrl-w shows the others"),
        ("ctrl-k", "ctrl-k does nothing here"),
        ("f", "f (follow) does nothing here"),
    ] {
        hands.press(chord);
        assert!(hands.said().contains(reason), "{chord}: {}", hands.said());
    }
}

#[test]
fn nothing_is_bound_to_ctrl_k() {
    assert!(command::all().all(|c| !c.keys.contains(&"ctrl-k")));
}

#[test]
fn help_shows_exactly_the_keys_that_work() {
    for (pane, keys) in
        [("pods", ""), ("topics", ""), ("charts", ""), ("pods", "d"), ("pods", "l"), ("topics", "m")]
    {
        let mut hands = Hands::on(Mood::Healthy, pane);
        hands.press(keys);
        let listed: BTreeSet<String> = command::help_below(&hands.model)
            .iter()
            .flat_map(|l| l.keys.split(' ').map(String::from))
            .collect();
        let known: BTreeSet<String> =
            command::all().flat_map(|c| c.keys.iter().map(|k| k.to_string())).collect();
        for key in known.union(&listed) {
            let mut hands = Hands::on(Mood::Healthy, pane);
            hands.press(keys).press(key);
            let refused = hands.said().contains("shows the keys");
            assert_eq!(listed.contains(key), !refused, "{pane} {keys}: {key}: {}", hands.said());
        }
    }
}

#[test]
fn commands_and_panes_have_words_of_their_own() {
    let panes = PANES.iter().flat_map(|p| std::iter::once(p.name).chain(p.aliases.iter().copied()));
    let commands = command::all().flat_map(|c| std::iter::once(c.name).chain(c.aliases.iter().copied()));
    let all: Vec<&str> = panes.chain(commands).collect();
    let twice: Vec<_> = all.iter().enumerate().filter(|(i, w)| all[..*i].contains(w)).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn a_key_means_one_thing_in_one_place() {
    for scope in command::EVERYWHERE {
        let mut seen = BTreeMap::new();
        for c in command::all().filter(|c| c.scopes.contains(scope)) {
            for key in c.keys {
                let other = seen.insert(*key, c.name);
                assert!(other.is_none(), "{key} in {scope:?}: {} and {}", c.name, other.unwrap_or_default());
            }
        }
    }
}

#[test]
fn keys_can_be_given_to_other_commands() {
    let keys = |name: &str, keys: &[&str]| {
        BTreeMap::from([(name.to_string(), keys.iter().map(|k| k.to_string()).collect())])
    };
    let keymap = Keymap::new(&keys("faults", &["f9"])).unwrap();
    let faults = command::find("faults").unwrap();
    assert_eq!(keymap.chords(faults).map(|c| c.to_string()).collect::<Vec<_>>(), ["f9"]);
    assert!(keymap.commands("ctrl-z".parse().unwrap()).next().is_none());
    let said = |result: Result<Keymap, String>| result.err().unwrap_or_default();
    assert!(said(Keymap::new(&keys("fautls", &["f9"]))).contains("did you mean faults?"));
    assert!(said(Keymap::new(&keys("faults", &["hyper-x"]))).contains("`hyper-x` is no key"));
}

#[test]
fn digits_choose_namespaces_and_drilling_ignores_them() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    let all = hands.rows().len();
    hands.press("1");
    assert!(hands.model.namespace.is_some() && hands.rows().len() < all);
    hands.command("nodes").press("enter");
    let scoped = hands.rows();
    hands.press("0");
    assert_eq!(hands.rows(), scoped, "what is on a node is shown whole");
    hands.press("9");
    assert!(hands.said().contains("namespaces"), "{}", hands.said());
}

#[test]
fn a_session_of_one_namespace_says_so() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    hands.model.session.namespace = Some("kafka".into());
    hands.model.namespace = Some("kafka".into());
    hands.press("0");
    assert!(hands.said().contains("start with -A"), "{}", hands.said());
    assert_eq!(hands.model.namespace.as_deref(), Some("kafka"));
}

#[test]
fn the_context_is_kept_and_another_is_offered_as_a_command() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    hands.command("ctx other");
    assert!(hands.said().contains("castellan --context other"), "{}", hands.said());
    assert_eq!(&*hands.model.session.context, "lab");
}

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
fn the_wheel_moves_and_clicks_select_and_sort() {
    let mut hands = Hands::on(Mood::Healthy, "pods");
    let mouse =
        |kind, column, row| Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    hands.send(mouse(MouseEventKind::ScrollDown, 5, 10));
    assert_eq!(hands.selected(), hands.rows()[3]);
    let areas = layout::areas(&hands.model);
    let lines = layout::table(areas.blocks[0], false);
    hands.send(mouse(MouseEventKind::Down(MouseButton::Left), 5, lines.rows.y + 1));
    assert_eq!(hands.selected(), hands.rows()[1]);
    hands.send(mouse(MouseEventKind::Down(MouseButton::Left), 3, lines.headings.y));
    assert!(hands.model.screen().list().unwrap().query.sort.is_some());
    hands.send(mouse(MouseEventKind::Down(MouseButton::Left), 200, 200));
}

#[test]
fn sources_are_aimed_once_and_again_only_when_something_changed() {
    let mut hands = Hands::on(Mood::Healthy, "overview");
    let polls = |hands: &Hands| hands.effects.iter().filter(|e| matches!(e, Effect::Poll { .. })).count();
    assert_eq!(polls(&hands), 1, "{:?}", hands.effects);
    hands.send(Msg::Derive).send(Msg::Derive);
    assert_eq!(polls(&hands), 1);
    let mut pod =
        hands.model.snapshot.kubernetes.pods.iter().find(|p| &*p.meta.key.name == "kafka-1").unwrap().clone();
    (pod.meta.uid, pod.ip) = ("replaced".into(), Some("10.9.9.9".into()));
    let delta = crate::domain::kubernetes::TableDelta::Put { row: pod, at: hands.model.now };
    hands.send(Msg::Delta(crate::domain::kubernetes::KubernetesDelta::Pods(delta).into())).send(Msg::Derive);
    let Some(Effect::Poll { anew, .. }) =
        hands.effects.iter().rev().find(|e| matches!(e, Effect::Poll { .. }))
    else {
        panic!("not aimed again")
    };
    assert!(!anew, "a replaced pod is no other cluster");
    assert_eq!(polls(&hands), 2);
}

#[test]
fn tab_moves_between_tables() {
    let mut hands = Hands::on(Mood::Degraded, "overview");
    let first = hands.selected();
    hands.press("tab");
    assert_ne!(hands.selected(), first);
    assert_eq!(hands.press("shift-tab").selected(), first);
    assert_eq!(hands.model.selected(), Some(&Object::Broker(BrokerId(0))));
}

/// Every chord that is bound, and some that are not.
fn chords() -> Vec<String> {
    let mut all: Vec<String> = command::all().flat_map(|c| c.keys.iter().map(|k| k.to_string())).collect();
    all.retain(|k| k != "ctrl-c");
    all.extend(
        ["x", "a", "backspace", "shift-n", "shift-a", "shift-s", "del", "f5", "ctrl-k", "ctrl-u"]
            .map(String::from),
    );
    all.sort();
    all.dedup();
    all
}

fn consistent(model: &Model) {
    assert!(model.at < model.screens.len() && model.screens.len() <= HISTORY);
    for list in &model.screen().lists {
        let selected = list.position().map(|p| &list.rows[p]);
        assert_eq!(selected, list.selected());
        assert!(list.rows.is_empty() || list.top < list.rows.len());
    }
}

#[test]
fn ten_thousand_random_keys_leave_the_state_sound() {
    let chords = chords();
    let mut hands = Hands::on(Mood::Degraded, "overview");
    let moods = [Mood::Healthy, Mood::Empty, Mood::Degraded];
    // A small linear congruential generator: the same keys at every run.
    let mut seed: u64 = 7;
    let mut random = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    let theme = crate::view::theme::Theme::read("dark", &crate::view::theme::embedded()).unwrap();
    for i in 0..10_000 {
        let chord = chords[random(chords.len())].clone();
        hands.press(&chord);
        match i % 50 {
            0 => hands.turn_to(moods[random(3)]),
            1 => drop(hands.send(Msg::Resize(random(120) as u16, random(40) as u16))),
            2 => drop(hands.send(Msg::Paste("kafka\u{1b}[2J\nx".into()))),
            _ => {}
        }
        consistent(&hands.model);
        if i % 10 == 0 {
            let (width, height) = hands.model.size;
            let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
            crate::view::draw(&hands.model, &theme, &mut buffer);
        }
        hands.effects.clear();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_selection_stays_on_its_object(
        moves in 0usize..40,
        then in prop::collection::vec(prop::sample::select(vec!["shift-n", "shift-a", ">", "<", "r", "ctrl-z", "ctrl-w", "ctrl-e", "0"]), 1..8),
        pane in prop::sample::select(vec!["pods", "topics", "partitions", "groups", "nodes"]),
    ) {
        let mut hands = Hands::on(Mood::Degraded, pane);
        for _ in 0..moves {
            hands.press("j");
        }
        for key in then {
            let before = hands.model.selected().cloned();
            hands.press(key);
            let list = hands.model.screen().list().unwrap();
            if before.as_ref().is_some_and(|o| list.rows.contains(o)) {
                prop_assert_eq!(hands.model.selected(), before.as_ref(), "{} moved it", key);
            }
            let selected = hands.model.selected().cloned();
            hands.turn_to(Mood::Degraded);
            prop_assert_eq!(hands.model.selected(), selected.as_ref(), "a refresh moved it");
        }
    }
}
