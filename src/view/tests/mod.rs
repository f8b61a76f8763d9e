//! Frames.

use super::*;
use crate::{
    app::{Msg, command, tests::Hands, update},
    domain::{
        kafka::{Body, BrokerId, KafkaDelta, Route},
        kubernetes::{Key, KubernetesDelta, Meta, Pod, Reach, TableDelta},
        snapshot::Delta,
        throughput::{Metric, Origin, Subject, ThroughputDelta},
    },
    pane::{PANES, Tone},
    world::Mood,
};
use ratatui::layout::Rect;

fn frame(hands: &Hands, ascii: bool) -> Vec<String> {
    let mut theme = Theme::read("dark", &theme::embedded()).unwrap();
    theme.ascii = ascii;
    let (width, height) = hands.model.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    draw(&hands.model, &theme, &mut buffer);
    let line = |cells: &[ratatui::buffer::Cell]| {
        let mut text = String::new();
        let mut skip = 0;
        for cell in cells {
            if skip == 0 {
                text.push_str(cell.symbol());
                skip = crate::app::text::width(cell.symbol()).saturating_sub(1);
            } else {
                skip -= 1;
            }
        }
        text.trim_end().to_string()
    };
    buffer.content.chunks(usize::from(width).max(1)).map(line).collect()
}

fn hands(mood: Mood, pane: &str, size: (u16, u16)) -> Hands {
    let mut hands = Hands::on(mood, pane);
    hands.send(Msg::Resize(size.0, size.1));
    hands
}

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (160, 50);

#[test]
fn the_chrome_says_where_one_is_and_how_fresh_the_sources_are() {
    for size in [SMALL, LARGE] {
        let lines = frame(&hands(Mood::Healthy, "overview", size), false);
        assert!(lines[0].contains(" lab · Kafka kafka/kafka ("), "{}", lines[0]);
        assert!(lines[0].contains("· Prometheus monitoring/"), "who measures is named: {}", lines[0]);
        assert!(lines[1].contains("Kubernetes live · Kafka live · throughput live"), "{}", lines[1]);
        assert!(lines[lines.len() - 1].contains("? help"), "{}", lines[lines.len() - 1]);
        assert!(lines.iter().any(|l| l.starts_with("▌")), "the selection is seen without colour");
    }
}

#[test]
fn stale_and_failed_sources_are_said_and_their_rows_stay() {
    for (mood, word) in [(Mood::Stale, "stale"), (Mood::Failed, "stale")] {
        let lines = frame(&hands(mood, "pods", SMALL), false);
        assert!(lines[1].contains(word), "{mood:?}: {}", lines[1]);
        assert!(lines[3].contains(word), "{mood:?}: {}", lines[3]);
        assert!(lines.iter().any(|l| l.contains("kafka-0")), "{mood:?}: {lines:#?}");
    }
}

#[test]
fn pods_that_cannot_be_read_are_said_of_kubernetes() {
    let lines = frame(&hands(Mood::Pending, "pods", SMALL), false);
    assert!(lines[1].contains("Kubernetes waiting · Kafka waiting"), "{}", lines[1]);
    let lines = frame(&hands(Mood::Failed, "pods", LARGE), false);
    assert!(lines[1].contains("Kubernetes stale"), "{}", lines[1]);
}

#[test]
fn wider_screens_show_more_columns() {
    let headings = |size| {
        let lines = frame(&hands(Mood::Healthy, "pods", size), false);
        lines.iter().find(|l| l.contains("STATUS")).map_or(0, |l| l.split_whitespace().count())
    };
    assert!(headings(SMALL) < headings(LARGE), "{} {}", headings(SMALL), headings(LARGE));
}

#[test]
fn missing_permissions_are_counted_in_the_header_and_told_whole_in_the_finding() {
    let mut h = hands(Mood::Healthy, "findings", SMALL);
    let sentence =
        |n| format!("no permission to list thing{n} in the cluster: kubectl auth can-i list thing{n}");
    let missing = (0..3).map(|n| sentence(n).into()).collect();
    let reach = Reach { namespace: Some("kafka".into()), missing };
    update(&mut h.model, Msg::Delta(KubernetesDelta::Reach(reach).into()));
    h.send(Msg::Derive);
    let lines = frame(&h, false);
    assert!(lines[1].ends_with("· 3 not permitted: :findings"), "{}", lines[1]);
    let described = frame(h.press("d"), false).join("\n");
    assert!(described.contains("can-i list thing2"), "{described}");
}

#[test]
fn a_table_that_waits_says_for_what_and_why() {
    let mut h = hands(Mood::Pending, "brokers", SMALL);
    let said =
        |h: &Hands| frame(h, false).into_iter().find(|l| l.contains("waiting for")).unwrap_or_default();
    let lines = frame(&h, false);
    assert!(lines[3].contains("waiting for Kubernetes to list its pods"), "{lines:#?}");
    let answer = Err("connection refused".into());
    let at = h.model.now;
    update(&mut h.model, Msg::Delta(KubernetesDelta::Server { answer, at }.into()));
    h.send(Msg::Derive);
    let why = "waiting for Kubernetes to name the brokers: connection refused";
    assert!(frame(&h, false).iter().any(|l| l.contains(why)), "{}", said(&h));
    h.command("groups");
    assert!(frame(&h, false).iter().any(|l| l.contains(why)), "{}", said(&h));
}

#[test]
fn the_header_says_who_measures_without_prometheus() {
    let mut h = hands(Mood::Healthy, "overview", SMALL);
    let origin = Origin::Exporters { route: "pod proxy".into(), dialect: "Strimzi JMX".into() };
    let (tried, at) = (vec!["Prometheus monitoring/prometheus:9090: HTTP 503".into()], h.model.now);
    let delta = ThroughputDelta::Origin { origin, lacks: vec![], tried, at };
    update(&mut h.model, Msg::Delta(delta.into()));
    h.send(Msg::Derive);
    let line = "Kubernetes live · Kafka live · throughput live by exporters, without Prometheus";
    assert_eq!(frame(&h, false)[1].trim(), line);
}

#[test]
fn a_silent_api_server_is_the_cause_of_what_is_reached_through_it() {
    let mut h = hands(Mood::Healthy, "overview", LARGE);
    let at = h.model.now.plus(std::time::Duration::from_secs(60));
    let said = || "no answer within 3 s".into();
    let mut news: Vec<Delta> = vec![KafkaDelta::Route(Route::PortForward).into()];
    news.extend(
        (0..3).map(|id| KafkaDelta::Contact { broker: BrokerId(id), answer: Err(said()), at }.into()),
    );
    news.push(KafkaDelta::Heard { body: Body::Cluster, at }.into());
    news.into_iter().for_each(|d| drop(update(&mut h.model, Msg::Delta(d))));
    h.send(Msg::Tick(at)).send(Msg::Derive);
    let silent = |h: &Hands| h.model.derived.findings.iter().filter(|f| f.code == "broker-silent").count();
    assert_eq!(silent(&h), 0, "that all fell silent at once is not likely");
    let line = |h: &Hands, words: &str| h.model.derived.findings.iter().any(|f| f.line.contains(words));
    assert!(line(&h, "no broker answers through the API server: no answer within 3 s"));
    let failed = KafkaDelta::Failed { body: Body::Cluster, reason: "no broker answers".into(), at };
    let down = KubernetesDelta::Server { answer: Err("it does not answer".into()), at };
    let unmeasured = ThroughputDelta::Failed { reason: "no answer".into(), at };
    let news: [Delta; 3] = [failed.into(), down.into(), unmeasured.into()];
    news.into_iter().for_each(|d| drop(update(&mut h.model, Msg::Delta(d))));
    let later = at.plus(std::time::Duration::from_secs(20));
    h.send(Msg::Tick(later)).send(Msg::Derive);
    assert_eq!(silent(&h), 0);
    assert!(line(&h, "Kafka: reached through the API server, which does not answer; what is shown"));
    h.send(Msg::Resize(160, 50));
    let header = &frame(&h, false)[1];
    assert!(header.ends_with("API server · Kubernetes: it does not answer"), "causes come last: {header}");
    assert!(header.contains("Kafka stale 20s behind the API server"), "{header}");
    assert!(header.contains("throughput stale 80s behind the API server"), "{header}");
}

#[test]
fn an_api_server_that_takes_its_time_is_slow_and_not_stale() {
    let mut h = hands(Mood::Healthy, "overview", SMALL);
    let answer = Ok(("v1.35.4".into(), std::time::Duration::from_millis(3_200)));
    let at = h.model.now;
    update(&mut h.model, Msg::Delta(KubernetesDelta::Server { answer, at }.into()));
    assert!(frame(&h, false)[1].contains("Kubernetes slow (3.2 s) · Kafka live"));
}

#[test]
fn on_a_narrow_screen_columns_are_as_wide_as_what_they_show() {
    let headings = |width| {
        let lines = frame(&hands(Mood::Healthy, "brokers", (width, 24)), false);
        lines.into_iter().find(|l| l.contains("STATUS")).unwrap_or_default()
    };
    // By their full widths ID to MIN take 63 columns of 78, so that LEAD, DISK and OOS would have gone.
    let (narrow, wide) = (headings(80), headings(300));
    for title in ["LEAD", "DISK", "OOS", "IN 15m"] {
        assert!(narrow.contains(title), "{title} is missing in {narrow}");
    }
    let status = |line: &str| line.find("RST").unwrap_or(0) - line.find("STATUS").unwrap_or(0);
    assert!(status(&narrow) < 10, "Running takes 7: {narrow}");
    assert!(status(&wide) > 16, "there is room: {wide}");
}

#[test]
fn events_say_where_at_80_columns() {
    let mut h = hands(Mood::Degraded, "events", SMALL);
    let mut row = h.model.snapshot.kubernetes.events.iter().next().unwrap().clone();
    (row.reason, row.object_kind) = ("FailedCreatePodSandBox".into(), "Pod".into());
    row.object_name = "orders-producer-7d4b9c8f6d-x2x7p".into();
    row.meta.key = Key::new("shop-front", "orders-producer.1");
    (row.message, row.last) = ("Failed to create pod sandbox: ".repeat(4).into(), h.model.now);
    let at = h.model.now;
    update(&mut h.model, Msg::Delta(KubernetesDelta::Events(TableDelta::Put { row, at }).into()));
    h.send(Msg::Derive);
    let lines = frame(&h, false);
    let line = lines.iter().find(|l| l.contains("shop-front")).expect("the namespace");
    assert!(line.contains("pod/orders-p") && line.contains("Failed to c"), "{line}");
    let heading = lines.iter().find(|l| l.contains("REASON")).unwrap();
    for title in ["LAST", "NAMESPACE", "OBJECT", "MESSAGE"] {
        assert!(heading.contains(title), "{title} is missing in {heading}");
    }
}

#[test]
fn the_smallest_overview_lists_findings() {
    let lines = frame(&hands(Mood::Degraded, "overview", SMALL), false);
    let at = lines.iter().position(|l| l.contains(" Findings ")).expect("the findings' title");
    assert!(lines[at + 2].contains("critical"), "{lines:#?}");
}

#[test]
fn a_hung_brokers_own_cells_are_marked() {
    let mut h = hands(Mood::Healthy, "brokers", LARGE);
    let at = h.model.now;
    let silent = KafkaDelta::Contact { broker: BrokerId(2), answer: Err("timed out".into()), at };
    update(&mut h.model, Msg::Delta(silent.into()));
    // A minute later the samples of the others go on, and Kafka confirms what it said.
    let later = at.plus(std::time::Duration::from_secs(60));
    let origin = h.model.snapshot.throughput.origin.last().cloned().unwrap();
    let mut news: Vec<Delta> =
        vec![ThroughputDelta::Origin { origin, lacks: vec![], tried: vec![], at: later }.into()];
    news.extend([0, 1].map(|id| {
        let subject = Subject::Broker(BrokerId(id));
        let points = vec![(Metric::BytesIn, subject, vec![(later, 1e6)])];
        Delta::from(ThroughputDelta::Points { points, at: later })
    }));
    news.push(KafkaDelta::Heard { body: Body::Cluster, at: later }.into());
    news.push(KafkaDelta::Heard { body: Body::Topics, at: later }.into());
    news.into_iter().for_each(|d| drop(update(&mut h.model, Msg::Delta(d))));
    h.send(Msg::Tick(later)).send(Msg::Derive);
    let lines = frame(&h, false);
    let row = |name: &str| lines.iter().find(|l| l.contains(name)).unwrap().clone();
    assert!(row("kafka-2").contains("40%!"), "the disk: {}", row("kafka-2"));
    assert!(
        row("kafka-2").contains("/s~") || row("kafka-2").contains("/s ~"),
        "the rate: {}",
        row("kafka-2")
    );
    assert!(!row("kafka-1").contains("/s ~") && !row("kafka-1").contains("/s~"), "{}", row("kafka-1"));
}

#[test]
fn an_empty_table_says_why_and_what_to_press() {
    let mut h = hands(Mood::Healthy, "pods", SMALL);
    h.press("/").type_in("nothing-like-this").press("enter");
    assert!(
        frame(&h, false).iter().any(|l| l.contains("no pods that match /nothing-like-this; esc clears it"))
    );
    h.press("esc ctrl-z");
    assert!(frame(&h, false).iter().any(|l| l.contains("no pods with a fault; ctrl-z shows all")));
}

#[test]
fn a_small_screen_shows_every_chart_with_every_line_in_its_legend() {
    let mut h = hands(Mood::Healthy, "charts", SMALL);
    let text = frame(&h, false).join("\n");
    for title in ["Bytes in", "Bytes out", "Messages in", "Under-replicated", "Offline"] {
        assert!(text.contains(title), "{title} is missing in\n{text}");
    }
    h.press("b");
    let lines = frame(&h, false);
    let legend = lines.iter().find(|l| l.contains("Bytes in")).unwrap();
    for broker in 0..3 {
        assert!(legend.contains(&format!("■ {broker}")), "{legend}");
    }
    let low = frame(&hands(Mood::Healthy, "charts", (80, 15)), false).join("\n");
    assert!(low.contains("more on a higher screen"), "{low}");
}

#[test]
fn a_stale_sparkline_stays_beside_its_age_and_an_event_says_that_it_warns() {
    let lines = frame(&hands(Mood::Stale, "brokers", (300, 24)), false);
    let row = lines.iter().find(|l| l.contains("kafka-0")).unwrap();
    assert!(row.contains(|c| ('▁'..='█').contains(&c)), "{row}");
    let events = frame(&hands(Mood::Degraded, "events", SMALL), false);
    assert!(events.iter().any(|l| l.contains("Warn ")), "{events:#?}");
}

#[test]
fn every_help_can_be_read_on_the_smallest_usable_screen() {
    for pane in PANES {
        for keys in ["", "d", "l", "m"] {
            let mut h = hands(Mood::Healthy, pane.name, SMALL);
            h.press(keys);
            let listed = command::help_below(&h.model);
            h.press("?");
            let mut text = frame(&h, false).join("\n");
            text += &frame(h.press("shift-g"), false).join("\n");
            for line in listed {
                let first = match line.letter() {
                    Some((letter, title)) => format!("{letter} {title}"),
                    None => line.keys.split(' ').next().unwrap_or_default().to_string(),
                };
                assert!(text.contains(&first), "{} {keys}: {} is missing in\n{text}", pane.name, line.keys);
            }
        }
    }
}

#[test]
fn tiny_screens_survive_in_every_pane_and_sheet() {
    let states = [("overview", "d l ? : /"), ("topics", "m d / ?"), ("charts", "b ? :")];
    for (pane, keys) in
        states.into_iter().flat_map(|(pane, keys)| keys.split(' ').map(move |key| (pane, key)))
    {
        let mut h = Hands::on(Mood::Degraded, pane);
        h.press(keys);
        for (width, height) in (1..=12).flat_map(|w| (1..=12).map(move |h| (w, h))) {
            h.send(Msg::Resize(width, height));
            frame(&h, (width + height) % 2 == 0);
        }
        h.press("esc");
        h.send(Msg::Resize(1, 1));
        frame(&h, false);
    }
}

#[test]
fn ascii_screens_hold_ascii_only() {
    for pane in PANES {
        for line in frame(&hands(Mood::Degraded, pane.name, LARGE), true) {
            assert!(line.is_ascii(), "{line}");
        }
    }
}

#[test]
fn hostile_names_neither_speak_to_the_terminal_nor_shift_columns() {
    let mut h = hands(Mood::Healthy, "pods", SMALL);
    let hostile = "\u{1b}]0;owned\u{7}\u{202e}日本\u{200b}\r\n\u{9b}2J";
    let meta = Meta { key: Key::new("a", hostile), uid: "hostile".into(), ..Meta::default() };
    let row = Pod { meta, ..Pod::default() };
    let at = h.model.now;
    update(&mut h.model, Msg::Delta(KubernetesDelta::Pods(TableDelta::Put { row, at }).into()));
    h.send(Msg::Derive).press("g");
    let lines = frame(&h, false);
    let shown = lines.iter().find(|l| l.contains("日本")).expect("the name without its controls");
    let headings = lines.iter().find(|l| l.contains("NAME ")).unwrap();
    let column = |line: &str, word: &str| crate::app::text::width(&line[..line.find(word).unwrap()]);
    assert_eq!(column(shown, "日本"), column(headings, "NAME "));
    for line in lines {
        assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
    }
}

#[test]
fn the_prompt_shows_what_is_typed_and_completions() {
    let mut h = hands(Mood::Healthy, "overview", SMALL);
    h.press(":").type_in("po");
    let lines = frame(&h, false);
    assert_eq!(lines[23], ":po");
    assert!(lines[..23].iter().any(|l| l.starts_with(" pods ")), "{lines:#?}");
}

mod running;

#[test]
fn a_long_sentence_is_told_to_its_end() {
    let words = "broker 3 holds 6 replicas, which would be stranded; move them away first (:reassign off 3)";
    let mut hands = hands(Mood::Healthy, "brokers", SMALL);
    hands.send(Msg::Say(Tone::Warning, words.into()));
    let lines = frame(&hands, false);
    let said = format!("{} {}", lines[lines.len() - 2].trim(), lines[lines.len() - 1].trim());
    assert_eq!(said, words);

    hands.send(Msg::Say(Tone::Warning, format!("{words} ").repeat(9)));
    let lines = frame(&hands, false);
    assert!(lines[lines.len() - 1].ends_with('…'), "what is left out is marked: {}", lines[lines.len() - 1]);
}

/// The same brokers once more in another namespace.
fn twice(snapshot: &mut crate::domain::snapshot::Snapshot) {
    let moved = |meta: &mut Meta| {
        meta.key.namespace = "staging".into();
        meta.uid = format!("{}-2", meta.uid).into();
        if let Some(owner) = &mut meta.owner {
            owner.uid = format!("{}-2", owner.uid).into();
        }
    };
    let at = crate::world::NOW;
    let mut sets: Vec<_> = snapshot.kubernetes.stateful_sets.iter().cloned().collect();
    let mut pods: Vec<_> = snapshot.kubernetes.pods.iter().cloned().collect();
    sets.iter_mut().for_each(|set| moved(&mut set.meta));
    pods.iter_mut().for_each(|pod| moved(&mut pod.meta));
    for row in sets {
        snapshot.apply(KubernetesDelta::StatefulSets(TableDelta::Put { row, at }).into());
    }
    for row in pods {
        snapshot.apply(KubernetesDelta::Pods(TableDelta::Put { row, at }).into());
    }
}

#[test]
fn of_several_clusters_none_is_called_chosen_before_one_is() {
    let mut h = hands(Mood::Pending, "overview", SMALL);
    h.model.snapshot = crate::world::healthy(crate::world::SMALL);
    twice(&mut h.model.snapshot);
    h.send(Msg::Tick(crate::world::NOW)).send(Msg::Derive);
    let lines = frame(&h, false);
    assert!(lines[1].contains("Kafka not chosen: :clusters"), "{lines:#?}");
    assert!(!lines[0].contains("Kafka kafka/kafka"), "{}", lines[0]);
    let of_table = |l: &String| l.contains("kafka/kafka ") && l.contains(" StatefulSet ");
    let row = |h: &Hands| frame(h, false).into_iter().find(of_table).unwrap();
    assert!(!row(&h).contains(" yes "), "{}", row(&h));
    h.press("enter").send(Msg::Derive);
    assert!(frame(&h, false)[0].contains("Kafka kafka/kafka"), "{:#?}", frame(&h, false));
    h.command("clusters");
    assert!(row(&h).contains(" yes "), "{}", row(&h));
}

mod palette;
mod plans;

#[test]
fn the_tour_speaks_between_the_panes_and_the_footer_and_the_header_says_that_it_is_a_demo() {
    let words =
        "A Kafka cluster of three brokers. Each row joins what Kubernetes, Kafka and Prometheus know of it.";
    for size in [SMALL, LARGE, (40, 12), (1, 1)] {
        let mut hands = hands(Mood::Healthy, "overview", size);
        hands.model.session.demo = Some("healthy".into());
        let caption = crate::app::caption::Caption { text: words.into(), stage: (2, 12) };
        hands.send(Msg::Caption(Some(caption)));
        let lines = frame(&hands, false);
        assert_eq!(lines.len(), usize::from(size.1));
        if size.0 >= 80 {
            assert!(lines[0].starts_with(" DEMO "), "{}", lines[0]);
            let keys = lines.iter().position(|l| l.starts_with(" tour 2/12 · space goes on")).unwrap();
            assert_eq!(keys, lines.len() - 2, "just above the footer");
            assert!(lines[..keys].iter().any(|l| l.starts_with(" A Kafka cluster of three brokers.")));
        }
    }
}
