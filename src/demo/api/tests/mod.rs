//! castellan's own clients on the demo's API server.

mod followed;
mod reached;
mod written;

use crate::{
    demo::{
        Shared, api,
        world::{World, kubernetes::Resource},
    },
    domain::{Text, kubernetes::Kubernetes, snapshot::Delta, time::Time},
    source::{
        CAPACITY, Running,
        kubernetes::{Connection, Options, connect, watch},
        now,
    },
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, sync::mpsc, task::AbortHandle};

/// A world that is served until this is dropped.
pub struct Bench {
    pub shared: Shared,
    pub address: SocketAddr,
    task: AbortHandle,
    folder: tempfile::TempDir,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One that does not move by itself, as its time is to come: only the writes change it.
fn world() -> World {
    World::new(1, 1.0, now().plus(Duration::from_secs(86_400)))
}

impl Bench {
    pub async fn new(manifests: &[Value]) -> Bench {
        let mut world = world();
        let stamp = now();
        for (n, manifest) in manifests.iter().enumerate() {
            put(&mut world, manifest.clone(), n, stamp);
        }
        Self::of(world).await
    }

    pub async fn of(world: World) -> Bench {
        let shared = Shared::new(world, now);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(api::serve(shared.clone(), listener)).abort_handle();
        Bench { shared, address, task, folder: tempfile::tempdir().unwrap() }
    }

    pub async fn connection(&self, token: &str) -> Connection {
        let path = self.folder.path().join(token);
        let text = format!(
            "apiVersion: v1
kind: Config
current-context: demo
clusters: [{{name: demo, cluster: {{server: 'http://{}'}}}}]
users: [{{name: {token}, user: {{token: {token}}}}}]
contexts: [{{name: demo, context: {{cluster: demo, user: {token}, namespace: kafka}}}}]
",
            self.address
        );
        std::fs::write(&path, text).unwrap();
        connect(&Options { kubeconfig: Some(path), ..Options::default() }).await.unwrap()
    }

    /// The code and the body of an answer.
    pub async fn ask(&self, method: &str, path: &str, kind: &str, body: Value) -> (u16, Value) {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let request = http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = client.request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
        let code = answer.status().as_u16();
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(text.into()).unwrap();
        (code, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, "", Value::Null).await
    }
}

pub fn put(world: &mut World, manifest: Value, n: usize, at: Time) {
    let text = |name: &str| manifest[name].as_str().unwrap().to_owned();
    let resource = Resource::of(&text("apiVersion"), &text("kind")).unwrap();
    world.kubernetes.create(resource, manifest, format!("uid-{n}"), at).unwrap();
}

pub fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "kafka", "name": name, "labels": {"app": "kafka"}},
        "spec": {"nodeName": "node-1", "containers": [{"name": "kafka", "image": "kafka:4"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// What a user of castellan would see.
pub struct Console {
    pub kubernetes: Kubernetes,
    news: mpsc::Receiver<Delta>,
    _running: Running,
}

impl Console {
    pub async fn open(bench: &Bench, token: &str, wanted: Option<&str>) -> Console {
        let (sender, news) = mpsc::channel(CAPACITY);
        let _running = watch(&bench.connection(token).await, wanted.map(Text::from), sender);
        Console { kubernetes: Kubernetes::default(), news, _running }
    }

    pub async fn until(&mut self, what: &str, seen: impl Fn(&Kubernetes) -> bool) {
        let watching = async {
            while !seen(&self.kubernetes) {
                match self.news.recv().await {
                    Some(Delta::Kubernetes(delta)) => drop(self.kubernetes.apply(delta)),
                    _ => panic!("{what}: no news"),
                }
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), watching).await;
        assert!(in_time.is_ok(), "never seen: {what}; pods {:?}", self.kubernetes.pods.feed);
    }
}
