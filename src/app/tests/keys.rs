//! Which keys do what, and what any sequence of them may not break.

use super::*;

#[test]
fn a_key_that_does_nothing_says_why() {
    let mut hands = Hands::on(Mood::Healthy, "topics");
    for (chord, reason) in [
        ("x", "a topic cannot be cordoned"),
        (";", "; does nothing here; ? shows the keys"),
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
fn a_key_given_to_a_command_is_not_taken_from_another_without_a_word() {
    let keymap = |lines: &[(&str, &str)]| {
        let remapped = lines.iter().map(|(name, key)| (name.to_string(), vec![key.to_string()]));
        Keymap::new(&remapped.collect()).err().unwrap_or_default()
    };
    let said = keymap(&[("faults", "j")]);
    assert!(said.starts_with("[keys] faults: j is the key of down ("), "{said}");
    assert_eq!(keymap(&[("faults", "j"), ("down", "f9")]), "", "down has another");
    assert_eq!(keymap(&[("faults", "f")]), "", "f is a key of messages only");
    assert_ne!(keymap(&[("scale", "j")]), "", "nor by a verb");
}

#[test]
fn hints_of_verbs_stand_where_they_act_on_what_is_selected() {
    let hinted = |mood, pane: &str, words: &str| {
        command::hints(&Hands::on(mood, pane).model).iter().any(|(_, about)| *about == words)
    };
    for pane in ["pods", "nodes", "claims", "services", "groups"] {
        assert!(!hinted(Mood::Healthy, pane, "create-topic"), "{pane}");
    }
    assert!(hinted(Mood::Healthy, "topics", "create-topic"));
    assert!(hinted(Mood::Healthy, "topics", "reassign"));
    assert!(!hinted(Mood::Healthy, "operations", "reassign"), "there is none to select");
    assert!(!hinted(Mood::Healthy, "operations", "create-topic"));
}

#[test]
fn nothing_is_bound_to_ctrl_k() {
    assert!(command::all().all(|c| !c.keys.contains(&"ctrl-k")));
}

#[test]
fn help_shows_exactly_the_keys_that_work() {
    for (pane, keys) in [
        ("pods", ""),
        ("topics", ""),
        ("charts", ""),
        ("pods", "d"),
        ("pods", "l"),
        ("topics", "m"),
        ("nodes", "x"),
    ] {
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
                let other = seen.insert(*key, c);
                // Verbs may share a key if no object takes both.
                let shared = other.is_some_and(|o| o.verb.is_none() || c.verb.is_none());
                assert!(!shared, "{key} in {scope:?}: {} and {}", c.name, other.map_or("", |o| o.name));
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
