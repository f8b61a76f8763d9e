//! How long the work takes on a big cluster: 10,000 pods, 10,000 topics with 200,000 partitions, 2,000
//! groups. A key's frame must come within 16 ms: what is measured here is its larger part.

#[path = "../tests/world/mod.rs"]
mod world;

use castellan::{
    action::{self, Goal, Intent, Known, Plan, Policy, Verb, write::Assignment},
    app::{Model, Msg, Session, command::Keymap, screen::Screen, update},
    domain::{
        derived::{Choice, Derived},
        kafka::{BrokerId, Kafka, KafkaDelta, Reassignment, Replicas, TopicName},
        kubernetes::{KubernetesDelta, TableDelta},
        lag::Lags,
        object::{Kind, Object},
        snapshot::Delta,
    },
    pane::{self, Block, Query, Table},
    view::{self, theme},
};
use divan::{Bencher, black_box};
use ratatui::{buffer::Buffer, layout::Rect};
use std::{collections::BTreeMap, sync::LazyLock, time::Duration};
use world::{Fixture, LARGE, NOW};

/// The screen's columns and lines.
const SCREEN: (u16, u16) = (160, 50);

/// How often logs grew and groups committed: often enough that everything that lag is told from is known.
const ROUNDS: i64 = 12;

/// Every log has grown for two minutes, and every group has followed it, a little behind, as consumers are.
static WORLD: LazyLock<Fixture> = LazyLock::new(|| {
    let mut snapshot = world::degraded(LARGE);
    snapshot.kafka.lags = Lags::default();
    for round in 1..=ROUNDS {
        let at = NOW.minus(Duration::from_secs(10 * (ROUNDS - round) as u64));
        snapshot.apply(KafkaDelta::Ends { changed: grown(&snapshot.kafka, 10), at }.into());
        let of = |group: usize| world::kafka::commits(group, LARGE, 10 - 10 * round);
        let answers = snapshot.kafka.groups.keys().map(|id| (id.clone(), Ok(of(number(id))))).collect();
        snapshot.apply(KafkaDelta::Offsets { answers, at }.into());
    }
    Fixture::of(snapshot, NOW)
});

/// The same while one of the 24 brokers is being emptied of 25,000 partitions, and what that goes on until.
static MOVING: LazyLock<(Fixture, Goal)> = LazyLock::new(|| {
    let goal = plan("reassign", None, "off 5").steps.remove(0).until;
    let mut snapshot = WORLD.snapshot.clone();
    let Goal::Reassigned { partitions } = &goal else { panic!("another goal") };
    let moved = |a: &Assignment| {
        let topic = &snapshot.kafka.topics[&a.topic];
        let now = &topic.partition(a.partition).expect("a partition").replicas;
        let to: Replicas = a.replicas.iter().flatten().copied().collect();
        Reassignment {
            topic: a.topic.clone(),
            partition: a.partition,
            replicas: to.iter().copied().chain([BrokerId(5)]).collect(),
            adding: to.iter().copied().filter(|id| !now.contains(*id)).collect(),
            removing: [BrokerId(5)].into_iter().collect(),
        }
    };
    let answer = Ok(partitions.iter().map(moved).collect());
    snapshot.apply(KafkaDelta::Reassignments { answer, at: NOW }.into());
    (Fixture::of(snapshot, NOW), goal)
});

/// The log ends of all topics, so many messages later.
fn grown(kafka: &Kafka, by: i64) -> Vec<(TopicName, Vec<i64>)> {
    kafka.ends.iter().map(|(topic, ends)| (topic.clone(), ends.iter().map(|e| e + by).collect())).collect()
}

/// Of a group of the world.
fn number(id: &str) -> usize {
    let client = world::kafka::CLIENTS.iter().position(|name| *name == id);
    client.or_else(|| id.strip_prefix("group-")?.parse().ok()).expect("a group of the world")
}

fn main() {
    LazyLock::force(&WORLD);
    divan::main();
}

#[divan::bench]
fn derive_everything(bencher: Bencher) {
    bencher.bench(|| Derived::of(black_box(&WORLD.snapshot), NOW, None));
}

/// What follows from news of one pod.
#[divan::bench]
fn derive_after_a_pod(bencher: Bencher) {
    let mut snapshot = WORLD.snapshot.clone();
    let mut row = snapshot.kubernetes.pods.iter().nth(5_000).cloned().expect("a pod");
    row.containers[0].restarts += 1;
    snapshot.apply(KubernetesDelta::Pods(TableDelta::Put { row, at: NOW }).into());
    bencher.bench(|| WORLD.derived.next(black_box(&snapshot), NOW, Choice::Largest));
}

/// What follows from news of so many topics' log ends.
#[divan::bench(args = [100, 1_000, 10_000])]
fn derive_after_ends_of_topics(bencher: Bencher, topics: usize) {
    let mut snapshot = WORLD.snapshot.clone();
    let changed = snapshot.kafka.topics.keys().take(topics);
    let changed: Vec<_> = changed
        .map(|name| (name.clone(), snapshot.kafka.ends[name].iter().map(|e| e + 5).collect()))
        .collect();
    let at = NOW.plus(Duration::from_secs(1));
    snapshot.apply(KafkaDelta::Ends { changed, at }.into());
    bencher.bench(|| WORLD.derived.next(black_box(&snapshot), at, Choice::Largest));
}

/// Where a running operation of 25,000 partitions stands.
#[divan::bench]
fn follow_a_drained_broker(bencher: Bencher) {
    let (fixture, goal) = &*MOVING;
    let known = Known { world: fixture.world(), policy: Policy::default() };
    bencher.bench(|| action::goal::look(black_box(goal), &known));
}

/// Of 25,000 partitions that move one is there.
#[divan::bench]
fn update_a_moved_partition(bencher: Bencher) {
    let mut snapshot = MOVING.0.snapshot.clone();
    let all = snapshot.kafka.reassignments.last().expect("reassignments").to_vec();
    let mut less = [all[1..].to_vec(), all].into_iter().cycle();
    bencher
        .with_inputs(|| KafkaDelta::Reassignments { answer: Ok(less.next().unwrap_or_default()), at: NOW })
        .bench_local_values(|news| snapshot.apply(news.into()));
}

#[divan::bench]
fn update_one_pod(bencher: Bencher) {
    let mut snapshot = WORLD.snapshot.clone();
    let pod = snapshot.kubernetes.pods.iter().nth(5_000).cloned();
    let mut restarts = 0;
    bencher.bench_local(|| {
        let Some(mut row) = pod.clone() else { return };
        restarts += 1;
        row.containers[0].restarts = restarts;
        snapshot.apply(Delta::from(KubernetesDelta::Pods(TableDelta::Put { row, at: NOW })));
    });
}

#[divan::bench]
fn update_log_ends_of_1000_topics(bencher: Bencher) {
    let mut snapshot = WORLD.snapshot.clone();
    let changed: Vec<_> =
        snapshot.kafka.ends.iter().take(1_000).map(|(topic, ends)| (topic.clone(), ends.clone())).collect();
    bencher.bench_local(|| {
        let ends = KafkaDelta::Ends { changed: changed.clone(), at: NOW };
        snapshot.apply(ends.into());
    });
}

fn tables(name: &str) -> Vec<&'static dyn Table> {
    let blocks = pane::find(name).map_or(&[][..], |p| p.blocks);
    let table = |block: &'static Block| match block {
        Block::Table { table, .. } => Some(*table),
        _ => None,
    };
    blocks.iter().filter_map(table).collect()
}

fn names() -> Vec<&'static str> {
    pane::PANES.iter().map(|p| p.name).filter(|name| !tables(name).is_empty()).collect()
}

/// What changed: every row in its order anew.
#[divan::bench(args = names())]
fn arrange(bencher: Bencher, name: &str) {
    bencher.bench(|| {
        let arrange = |table: &dyn Table| table.arrange(&WORLD.world(), &Query::default()).len();
        tables(name).into_iter().map(arrange).sum::<usize>()
    });
}

/// Every pane with each letter that sorts its first table.
fn sorts() -> Vec<String> {
    let letters = |name: &'static str| tables(name)[0].headings().into_iter().filter_map(|h| h.sort);
    names().into_iter().flat_map(|name| letters(name).map(move |letter| format!("{name} {letter}"))).collect()
}

/// A session on the world, and the theme that it is drawn in.
struct Console {
    model: Model,
    theme: theme::Theme,
    buffer: Buffer,
}

impl Console {
    fn on(pane: &str) -> Self {
        Self::of(&WORLD, pane)
    }

    fn of(fixture: &Fixture, pane: &str) -> Self {
        let pane = pane::find(pane).expect("a pane of the list");
        let keymap = Keymap::new(&BTreeMap::new()).expect("the keys as they come");
        let mut model = Model::new(Session::default(), keymap, "dark".into(), Screen::new(pane, None));
        model.snapshot = fixture.snapshot.clone();
        let theme = theme::Theme::read("dark", &theme::embedded()).expect("a theme that comes along");
        let buffer = Buffer::empty(Rect::new(0, 0, SCREEN.0, SCREEN.1));
        let mut console = Console { model, theme, buffer };
        for msg in [Msg::Tick(NOW), Msg::Resize(SCREEN.0, SCREEN.1), Msg::Derive] {
            update(&mut console.model, msg);
        }
        console
    }

    /// A key, and the frame that shows what it did.
    fn press(&mut self, chord: &str) {
        let chord = chord.parse().expect("a key");
        update(&mut self.model, Msg::Key(chord));
        self.buffer.reset();
        black_box(view::draw(&self.model, &self.theme, &mut self.buffer));
    }
}

fn panes() -> Vec<&'static str> {
    pane::PANES.iter().map(|p| p.name).collect()
}

/// From a key that moves the cursor to the frame.
#[divan::bench(args = panes())]
fn key_to_frame(bencher: Bencher, name: &str) {
    let mut console = Console::on(name);
    let mut keys = ["down", "up"].into_iter().cycle();
    bencher.bench_local(|| console.press(keys.next().unwrap_or_default()));
}

/// The same while 25,000 partitions move.
#[divan::bench(args = ["overview", "partitions", "reassignments"])]
fn key_to_frame_while_moving(bencher: Bencher, name: &str) {
    let mut console = Console::of(&MOVING.0, name);
    let mut keys = ["down", "up"].into_iter().cycle();
    bencher.bench_local(|| console.press(keys.next().unwrap_or_default()));
}

/// From a key that turns the order round to the frame, with the cursor on the last row.
#[divan::bench(args = sorts(), sample_count = 20)]
fn sort_to_frame(bencher: Bencher, sort: &str) {
    let (name, letter) = sort.split_once(' ').unwrap_or_default();
    let mut console = Console::on(name);
    console.press("shift-g");
    let chord = format!("shift-{}", letter.to_ascii_lowercase());
    bencher.bench_local(|| console.press(&chord));
}

/// As above, in the second table: every partition of every group.
#[divan::bench(args = ["N", "T", "P", "L", "C", "E", "O"], sample_count = 20)]
fn sort_lag_to_frame(bencher: Bencher, letter: &str) {
    let mut console = Console::on("members");
    console.press("tab");
    console.press("shift-g");
    let chord = format!("shift-{}", letter.to_ascii_lowercase());
    bencher.bench_local(|| console.press(&chord));
}

/// From a key that leaves only what is wrong, or takes it back, to the frame.
#[divan::bench(args = names(), sample_count = 20)]
fn faults_to_frame(bencher: Bencher, name: &str) {
    let mut console = Console::on(name);
    bencher.bench_local(|| console.press("ctrl-z"));
}

/// From a letter typed into the filter to the frame.
#[divan::bench(args = names(), sample_count = 20)]
fn filter_to_frame(bencher: Bencher, name: &str) {
    let mut console = Console::on(name);
    console.press("/");
    let mut keys = ["1", "backspace"].into_iter().cycle();
    bencher.bench_local(|| console.press(keys.next().unwrap_or_default()));
}

/// From the news of one pod to the frame: what follows from it, every row in its order anew.
#[divan::bench(args = names())]
fn news_to_frame(bencher: Bencher, name: &str) {
    let mut console = Console::on(name);
    let pod = WORLD.snapshot.kubernetes.pods.iter().nth(5_000).cloned();
    let mut restarts = 0;
    bencher.bench_local(|| {
        let Some(mut row) = pod.clone() else { return };
        restarts += 1;
        row.containers[0].restarts = restarts;
        let news = KubernetesDelta::Pods(TableDelta::Put { row, at: NOW });
        for msg in [Msg::Delta(news.into()), Msg::Derive] {
            update(&mut console.model, msg);
        }
        black_box(view::draw(&console.model, &console.theme, &mut console.buffer));
    });
}

fn plan(verb: &str, object: Option<Object>, argument: &str) -> Plan {
    let known = Known { world: WORLD.world(), policy: Policy::default() };
    let objects = object.into_iter().collect();
    let intent = Intent { verb: verb.into(), objects, argument: argument.into() };
    (action::find(verb).expect("a verb").plan)(&known, black_box(&intent)).expect("a plan")
}

/// One of the 24 brokers is emptied: 25,000 replicas find another place.
#[divan::bench]
fn plan_a_drained_broker(bencher: Bencher) {
    bencher.bench(|| plan("reassign", None, "off 5").changes.len());
}

/// What is shown before a broker is evicted.
#[divan::bench]
fn plan_an_eviction(bencher: Bencher) {
    bencher.bench(|| plan("evict", Some(Object::Broker(BrokerId(5))), "").radius.at_min_isr.len());
}

/// What is shown before all 24 brokers are restarted, one after another.
#[divan::bench]
fn plan_a_restart(bencher: Bencher) {
    let sets = &WORLD.snapshot.kubernetes.stateful_sets;
    let meta = &sets.iter().max_by_key(|set| set.replicas).expect("the brokers' StatefulSet").meta;
    let (kind, key, uid) = (Kind::StatefulSet, meta.key.clone(), meta.uid.clone());
    let set = Object::Kube { kind, key, uid };
    bencher.bench(|| plan("restart", Some(set.clone()), "").radius.leaderless.len());
}

/// Which verbs take a broker: asked for each frame's hints.
#[divan::bench]
fn what_a_broker_can_be_asked(bencher: Bencher) {
    let known = Known { world: WORLD.world(), policy: Policy::default() };
    let broker = Object::Broker(BrokerId(5));
    bencher.bench(|| {
        let takes = |verb: &&&Verb| (verb.takes)(&known, black_box(Some(&broker))).is_ok();
        action::VERBS.iter().filter(takes).count()
    });
}
