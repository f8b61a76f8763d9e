//! What no sequence of keys may do.

use super::*;

/// A small linear congruential generator: the same numbers at every run.
fn random(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |n| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    }
}

/// Presses random keys at a person's pace on ever other panes, each journal being writable; returns how many
/// plans were shown.
fn at_random(hands: &mut Hands, count: usize, chords: &[String]) -> usize {
    let mut random = random(11);
    let mut plans = 0;
    let panes = ["nodes", "statefulsets", "pods", "brokers", "deployments", "topics", "partitions"];
    for i in 0..count {
        if i % 20 == 0 {
            hands.press("esc esc esc").command(panes[random(panes.len())]);
            for _ in 0..random(4) {
                hands.press("j");
            }
        }
        let chord = &chords[random(chords.len())];
        hands.press(chord);
        if i % 7 == 0 {
            // What would confirm a prompt is pressed more often than chance has it.
            hands.press("enter");
        }
        if matches!(hands.model.sheets.last(), Some(Sheet::Confirm(_)))
            && hands.effects.contains(&Effect::CheckJournal)
        {
            plans += 1;
            hands.send(Msg::Journal(Ok(())));
        }
        hands.effects.retain(writes);
        hands.wait(400);
    }
    plans
}

fn writes(effect: &Effect) -> bool {
    matches!(effect, Effect::Act { .. } | Effect::Rehearse(..) | Effect::Record(_))
}

fn verbs_and_all() -> Vec<String> {
    let mut all = chords();
    // The verbs' own keys, again and again, so that plans come up.
    for _ in 0..10 {
        all.extend(
            command::all().filter(|c| c.verb.is_some()).flat_map(|c| c.keys.iter().map(|k| k.to_string())),
        );
    }
    all
}

#[test]
fn without_the_key_that_confirms_nothing_is_done() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    let mut chords = verbs_and_all();
    chords.retain(|k| k != "y");
    let plans = at_random(&mut hands, 1_000, &chords);
    assert!(plans > 20, "only {plans} plans were shown");
    let done: Vec<_> = hands.effects.iter().filter(|e| !matches!(e, Effect::Rehearse(..))).collect();
    assert!(done.is_empty(), "{done:?}");
}

#[test]
fn with_the_key_that_confirms_the_same_keys_do_something() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    let mut chords = verbs_and_all();
    chords.extend(vec!["y".to_string(); 40]);
    at_random(&mut hands, 10_000, &chords);
    // A runbook is recorded before it does anything.
    let does = |e: &Effect| matches!(e, Effect::Act { .. } | Effect::Record(_));
    assert!(hands.effects.iter().any(does), "the test could not fail");
}

#[test]
fn a_read_only_session_does_nothing_whatever_is_pressed() {
    let mut hands = Hands::on(Mood::Healthy, "nodes");
    hands.model.session.read_only = true;
    let mut chords = verbs_and_all();
    chords.extend(vec!["y".to_string(); 40]);
    let plans = at_random(&mut hands, 10_000, &chords);
    assert_eq!((plans, hands.effects), (0, vec![]));
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
        let selected = list.position().and_then(|p| list.rows.get(p));
        assert_eq!(selected, list.selected());
        assert!(list.rows.is_empty() || list.top < list.rows.len());
    }
}

#[test]
fn ten_thousand_random_keys_leave_the_state_sound() {
    let chords = chords();
    let mut hands = Hands::on(Mood::Degraded, "overview");
    let moods = [Mood::Healthy, Mood::Empty, Mood::Degraded];
    let mut random = random(7);
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
        then in prop::collection::vec(prop::sample::select(vec!["shift-n", "shift-a", ">", "<", "i", "ctrl-z", "ctrl-w", "ctrl-e", "0"]), 1..8),
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
            if before.as_ref().is_some_and(|o| list.rows.position(o).is_some()) {
                prop_assert_eq!(hands.model.selected(), before.as_ref(), "{} moved it", key);
            }
            let selected = hands.model.selected().cloned();
            hands.turn_to(Mood::Degraded);
            prop_assert_eq!(hands.model.selected(), selected.as_ref(), "a refresh moved it");
        }
    }
}
