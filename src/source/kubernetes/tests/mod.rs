//! The watches against a server that does everything that real ones do wrong.

mod fake;

use super::{Options, connect, watch, wire};
use crate::{
    domain::{
        Text,
        kubernetes::{Key, Kubernetes},
        reading::State,
        snapshot::Delta,
    },
    source::{CAPACITY, Running, now},
};
use fake::{Fake, Listening};
use prost::Message;
use std::{path::Path, time::Duration};
use tokio::sync::mpsc;

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
        let running = watch(&connection, wanted.map(Text::from), sender);
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
        let in_time = tokio::time::timeout(Duration::from_secs(120), watching).await;
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
    for kind in crate::domain::object::Kind::ALL {
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
