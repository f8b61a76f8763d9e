//! Going about: panes, filters, orders, marks, clusters.

use super::*;

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
    for (typed, shown) in [("topics orders", "orders"), ("members audit", "audit")] {
        hands.command(typed);
        assert_eq!(hands.model.filter(), shown);
        assert!(hands.rows().iter().all(|name| name.contains(shown)), "{typed}: {:?}", hands.rows());
        assert_eq!(hands.model.namespace.as_deref(), Some("kafka"), "{typed} is no namespace");
    }
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
    assert_eq!(hands.press("i").rows(), names);
    hands.press(">");
    assert_eq!(hands.model.screen().list().unwrap().query.sort.map(|s| s.column), Some(1));
    hands.press("< <");
    let columns = hands.model.screen().table().unwrap().headings().len();
    assert_eq!(hands.model.screen().list().unwrap().query.sort.map(|s| s.column), Some(columns - 1));
}

#[test]
fn what_is_said_is_not_said_twice_or_of_nothing() {
    let mut hands = Hands::on(Mood::Healthy, "topics");
    hands.command("sort");
    assert!(hands.said().starts_with("sort by which column? There are "), "{}", hands.said());
    hands.command("overview").command("messages");
    assert!(!hands.said().contains("messages (messages)"), "{}", hands.said());
    let broker = crate::pane::place(&Object::Broker(BrokerId(2))).unwrap();
    hands.model.go(&broker);
    assert_eq!(hands.model.screen().title(), "broker 2");
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

#[test]
fn contexts_are_listed_and_enter_says_how_to_start_with_one() {
    let mut hands = Hands::on(Mood::Healthy, "overview");
    hands.command("contexts");
    assert_eq!(hands.rows(), ["lab", "other"]);
    hands.press("j enter");
    assert!(hands.said().ends_with("quit and run: castellan --context other"), "{}", hands.said());
    hands.command("overview").command("ctx");
    assert_eq!(hands.model.screen().pane.name, "contexts", "as k9s has it");
}
