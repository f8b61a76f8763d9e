//! The watches against a server that does everything that real ones do wrong.

mod access;
mod asked;
mod credentials;
mod denied;
mod down;
mod fake;

use super::{Options, connect, pulse::Tempo, watch_at, wire};
use crate::{
    domain::{
        Text,
        kubernetes::{Key, Kubernetes},
        object::Kind,
        reading::State,
        snapshot::Delta,
    },
    source::{CAPACITY, Running, now},
};
use fake::{Fake, Listening, World};
use proptest::prelude::*;
use prost::Message;
use std::{path::Path, time::Duration};
use tokio::sync::mpsc;

/// The real one's order at a pace for tests.
const TEMPO: Tempo = Tempo {
    pulse: Duration::from_millis(100),
    while_down: Duration::from_millis(50),
    deadline: Duration::from_millis(400),
    watch: Duration::from_millis(1300),
    grace: Duration::from_millis(200),
    worked: Duration::from_millis(100),
    again: Duration::from_millis(200),
    first_pause: Duration::from_millis(5),
};

/// What a user of castellan would see.
struct Console {
    kubernetes: Kubernetes,
    news: mpsc::Receiver<Delta>,
    _running: Running,
    _folder: tempfile::TempDir,
}

fn write_kubeconfig(path: &Path, server: &Listening, user: &str) {
    let address = server.address;
    let text = format!(
        "apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: fake, cluster: {{server: 'http://{address}'}}}}]
users: [{{name: anna, user: {user}}}]
contexts: [{{name: test, context: {{cluster: fake, user: anna, namespace: kafka}}}}]
"
    );
    std::fs::write(path, text).unwrap();
}

impl Console {
    async fn open(server: &Listening, wanted: Option<&str>) -> Self {
        Self::open_as(server, wanted, "{token: first}").await
    }

    async fn open_as(server: &Listening, wanted: Option<&str>, user: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        write_kubeconfig(&path, server, user);
        let options = Options { kubeconfig: Some(path), ..Default::default() };
        let connection = connect(&options).await.unwrap();
        let (sender, news) = mpsc::channel(CAPACITY);
        let running = watch_at(TEMPO, &connection, wanted.map(Text::from), sender);
        Console { kubernetes: Kubernetes::default(), news, _running: running, _folder: folder }
    }

    fn kubeconfig(&self) -> std::path::PathBuf {
        self._folder.path().join("config")
    }

    /// Takes news in until `seen`; panics with the state of things when that takes too long.
    async fn until(&mut self, what: &str, seen: impl Fn(&Kubernetes) -> bool) {
        let watching = async {
            while !seen(&self.kubernetes) {
                let Some(Delta::Kubernetes(delta)) = self.news.recv().await else {
                    panic!("{what}: no news")
                };
                self.kubernetes.apply(delta);
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), watching).await;
        assert!(in_time.is_ok(), "never seen: {what}; pods {:?}", self.kubernetes.pods.feed);
    }

    fn pods(&self) -> Vec<&str> {
        self.kubernetes.pods.iter().map(|p| &*p.meta.key.name).collect()
    }
}

fn pod_state(k: &Kubernetes) -> State {
    k.pods.feed.state(now())
}

fn live(k: &Kubernetes) -> bool {
    pod_state(k).is_live()
}

fn failed_with(k: &Kubernetes, words: &str) -> bool {
    matches!(pod_state(k), State::Failed { reason, .. } if reason.contains(words))
}

fn phase(phase: &'static str) -> Vec<u8> {
    let status = wire::PodStatus { phase: phase.into(), ..Default::default() };
    wire::Pod { metadata: None, spec: None, status: Some(status) }.encode_to_vec()
}

#[tokio::test]
async fn every_kind_is_listed_and_followed() {
    let server = Fake::default().listen().await;
    for kind in Kind::ALL {
        let namespace = if kind.namespaced() { "kafka" } else { "" };
        server.fake.put(kind.resource(), namespace, "first", b"");
    }
    let mut console = Console::open(&server, None).await;
    console
        .until("every kind", |k| {
            let sizes = [
                k.pods.len(),
                k.stateful_sets.len(),
                k.deployments.len(),
                k.replica_sets.len(),
                k.nodes.len(),
                k.claims.len(),
                k.budgets.len(),
                k.autoscalers.len(),
                k.services.len(),
                k.events.len(),
            ];
            sizes == [1; 10] && k.server.last().is_some()
        })
        .await;
    assert_eq!(console.kubernetes.server.last().map(|v| &**v), Some("v1.35.4"));
    server.fake.put("pods", "kafka", "first", &phase("Running"));
    server.fake.put("pods", "kafka", "second", b"");
    server.fake.remove("services", "kafka", "first");
    let first = Key::new("kafka", "first");
    console
        .until("changes", |k| {
            k.pods.get(&first).is_some_and(|p| &*p.phase == "Running")
                && k.pods.len() == 2
                && k.services.is_empty()
        })
        .await;
}

#[tokio::test]
async fn a_big_list_comes_in_pages_with_its_progress() {
    let server = Fake::default().listen().await;
    server.fake.set(|w| {
        w.page = Some(10);
        for n in 0..35 {
            w.put("pods", "kafka", &format!("pod-{n:02}"), b"");
        }
    });
    let mut console = Console::open(&server, None).await;
    let progress = |k: &Kubernetes| match pod_state(k) {
        State::Pending(Some(progress)) => Some((progress.done, progress.total)),
        _ => None,
    };
    console.until("the second page", |k| progress(k) == Some((20, Some(35)))).await;
    assert_eq!(console.pods().len(), 20, "what is there can be used");
    console.until("all", |k| live(k) && k.pods.len() == 35).await;
}

#[tokio::test]
async fn a_page_token_that_expired_begins_the_list_again() {
    let server = Fake::default().listen().await;
    server.fake.set(|w| {
        (w.page, w.tokens_expire) = (Some(2), 1);
        for n in 0..5 {
            w.put("pods", "kafka", &format!("pod-{n}"), b"");
        }
    });
    let mut console = Console::open(&server, None).await;
    console.until("all", |k| live(k) && k.pods.len() == 5).await;
}

#[tokio::test]
async fn a_watch_resumes_where_it_was() {
    let server = Fake::default().listen().await;
    server.fake.put("pods", "kafka", "a", b"");
    let mut console = Console::open(&server, None).await;
    console.until("the list", live).await;
    server.fake.put("pods", "kafka", "b", b"");
    console.until("b", |k| k.pods.len() == 2).await;
    server.fake.set(World::end_watches);
    server.fake.put("pods", "kafka", "c", b"");
    console.until("c", |k| k.pods.len() == 3).await;
    let requests = &server.fake.world().requests;
    let lists = requests.iter().filter(|r| r.starts_with("/api/v1/pods?limit")).count();
    assert_eq!(lists, 1, "{requests:?}");
    assert!(
        requests.iter().any(|r| r.contains("/pods?watch") && r.contains("resourceVersion=2")),
        "{requests:?}"
    );
}

#[tokio::test]
async fn too_old_a_history_is_listed_anew_with_the_old_rows_kept() {
    let server = Fake::default().listen().await;
    for name in ["a", "b"] {
        server.fake.put("pods", "kafka", name, b"");
    }
    let mut console = Console::open(&server, None).await;
    console.until("the list", live).await;
    server.fake.set(|w| {
        w.remove("pods", "kafka", "a");
        w.put("pods", "kafka", "c", b"");
        w.compact();
        w.end_watches();
    });
    let mut fewest = 2;
    while console.pods() != ["b", "c"] {
        let Some(Delta::Kubernetes(delta)) = console.news.recv().await else { panic!("no news") };
        console.kubernetes.apply(delta);
        fewest = fewest.min(console.pods().len());
    }
    assert_eq!(fewest, 2, "no moment without rows");
}

#[tokio::test]
async fn only_the_newest_events_are_kept() {
    let event = |second: i64| {
        let last = Some(wire::Instant { seconds: second, nanos: 0 });
        wire::Event { last, ..Default::default() }.encode_to_vec()
    };
    let server = Fake::default().listen().await;
    server.fake.set(|w| {
        for n in 0..1200 {
            w.put("events", "kafka", &format!("e{n}"), &event(n + 1));
        }
    });
    let mut console = Console::open(&server, None).await;
    console.until("the list", |k| k.events.feed.heard().is_some()).await;
    let has = |k: &Kubernetes, n: i64| k.events.get(&Key::new("kafka", &format!("e{n}"))).is_some();
    assert!(
        console.kubernetes.events.len() == 1000
            && has(&console.kubernetes, 200)
            && !has(&console.kubernetes, 199)
    );
    server.fake.put("events", "kafka", "e2000", &event(5000));
    console.until("the newest", |k| has(k, 2000)).await;
    assert!(console.kubernetes.events.len() == 1000 && !has(&console.kubernetes, 200));
    // One that is older than all that are kept changes nothing; the next event proves that it was seen.
    server.fake.put("events", "kafka", "old", &event(2));
    server.fake.put("events", "kafka", "e2001", &event(5001));
    console.until("the next", |k| has(k, 2001)).await;
    assert!(console.kubernetes.events.get(&Key::new("kafka", "old")).is_none());
}

#[tokio::test]
async fn hostile_text_is_bounded_and_does_no_harm() {
    let server = Fake::default().listen().await;
    let long: &'static str = "x\u{1b}[2J\u{202e}".repeat(100_000).leak();
    server.fake.put("pods", "kafka", "evil\u{1b}]0;owned\u{7}", &phase(long));
    server.fake.put("pods", "kafka", "broken", b"\x12\x03\x0a\xff\xff");
    server.fake.set(|w| w.remove("pods", "kafka", "broken"));
    let mut console = Console::open(&server, None).await;
    console.until("the list", live).await;
    let pod = console.kubernetes.pods.iter().next().unwrap();
    assert_eq!(&*pod.meta.key.name, "evil\u{1b}]0;owned\u{7}");
    assert!(pod.phase.len() < 3000, "{}", pod.phase.len());
    server.fake.put("pods", "kafka", "broken", b"\x12\x03\x0a\xff\xff");
    console.until("that it cannot be read", |k| failed_with(k, "cannot be read")).await;
}

/// Something that happens to the server while it is watched.
#[derive(Debug, Clone)]
enum Happening {
    Put(u8),
    Remove(u8),
    EndWatches,
    Compact,
    Look,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = prop_oneof![
        4 => (0u8..8).prop_map(Happening::Put),
        3 => (0u8..8).prop_map(Happening::Remove),
        1 => Just(Happening::EndWatches),
        1 => Just(Happening::Compact),
        2 => Just(Happening::Look),
    ];
    proptest::collection::vec(one, 1..30)
}

/// The rows are those of the server, each in its last version.
fn agrees(k: &Kubernetes, world: &World) -> bool {
    let names = world.names("pods");
    k.pods.len() == names.len()
        && names.iter().all(|name| {
            let row = k.pods.get(&Key::new("kafka", name)).map(|p| p.meta.resource_version.to_string());
            row.is_some() && row == world.version_of("pods", "kafka", name)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_happens_the_rows_become_the_servers(happenings in happenings()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Fake::default().listen().await;
            server.fake.set(|w| w.page = Some(2));
            let mut console = Console::open(&server, None).await;
            for happening in happenings {
                match happening {
                    Happening::Put(n) => server.fake.put("pods", "kafka", &format!("p{n}"), b""),
                    Happening::Remove(n) => server.fake.remove("pods", "kafka", &format!("p{n}")),
                    Happening::EndWatches => server.fake.set(World::end_watches),
                    Happening::Compact => server.fake.set(World::compact),
                    Happening::Look => tokio::task::yield_now().await,
                }
            }
            console.until("the server's state", |k| live(k) && agrees(k, &server.fake.world())).await;
        });
    }
}
