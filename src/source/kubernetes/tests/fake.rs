//! An API server in this process: protobuf lists in pages and watches with a history, and switches for
//! everything that goes wrong with real ones.

use crate::source::kubernetes::wire;
use axum::{
    Router,
    body::Body,
    extract::{Query, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::{sync::Notify, task::AbortHandle};

/// What the tests see of the server and do to it.
#[derive(Default)]
pub struct World {
    version: u64,
    /// (resource, namespace, name) → the object with its resourceVersion.
    objects: BTreeMap<(String, String, String), Bytes>,
    history: Vec<Change>,
    /// Watches from before this version are answered 410.
    compacted: u64,
    /// Resources that may not be read outside a namespace, or at all.
    pub denied_cluster_wide: Vec<String>,
    pub denied: Vec<String>,
    pub unserved: Vec<String>,
    /// The only token accepted, if any is asked for.
    pub token: Option<String>,
    /// Answers nothing while set: a stopped process, whose sockets still take bytes.
    pub hung: bool,
    /// Before each answer.
    pub delay: std::time::Duration,
    /// Watches that are open now deliver nothing any more: a dead connection.
    pub deaf_before: u64,
    opened: u64,
    /// Every request: path and query.
    pub requests: Vec<String>,
    pub page: Option<usize>,
    /// Answers by path, for what is asked on demand: one after the other, the last one for ever.
    pub answers: HashMap<String, Vec<(u16, String)>>,
    /// How many continued lists are answered 410 first.
    pub tokens_expire: usize,
    /// Watches opened before this one are ended.
    ended_before: u64,
}

#[derive(Clone)]
struct Change {
    version: u64,
    kind: &'static str,
    resource: String,
    namespace: String,
    object: Bytes,
}

#[derive(Clone, Default)]
pub struct Fake {
    world: Arc<Mutex<World>>,
    changed: Arc<Notify>,
}

/// A server that listens until it is dropped.
pub struct Listening {
    pub fake: Fake,
    pub address: SocketAddr,
    task: AbortHandle,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    pub async fn listen(self) -> Listening {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(self.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }).abort_handle();
        Listening { fake: self, address, task }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Changes the world and wakes whoever waits for it.
    pub fn set(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world());
        self.changed.notify_waiters();
    }

    /// Creates or changes an object; `body` is its message without metadata.
    pub fn put(&self, resource: &str, namespace: &str, name: &str, body: &[u8]) {
        self.set(|w| w.put(resource, namespace, name, body));
    }

    pub fn remove(&self, resource: &str, namespace: &str, name: &str) {
        self.set(|w| w.remove(resource, namespace, name));
    }
}

impl World {
    pub fn put(&mut self, resource: &str, namespace: &str, name: &str, body: &[u8]) {
        self.version += 1;
        let key = (resource.to_owned(), namespace.to_owned(), name.to_owned());
        let object = [&*object(namespace, name, self.version), body].concat();
        let kind = if self.objects.contains_key(&key) { "MODIFIED" } else { "ADDED" };
        self.objects.insert(key, object.clone().into());
        self.record(kind, resource, namespace, object.into());
    }

    pub fn remove(&mut self, resource: &str, namespace: &str, name: &str) {
        let key = (resource.to_owned(), namespace.to_owned(), name.to_owned());
        if self.objects.remove(&key).is_some() {
            self.version += 1;
            let object = object(namespace, name, self.version).into();
            self.record("DELETED", resource, namespace, object);
        }
    }

    fn record(&mut self, kind: &'static str, resource: &str, namespace: &str, object: Bytes) {
        let (resource, namespace) = (resource.into(), namespace.into());
        self.history.push(Change { version: self.version, kind, resource, namespace, object });
    }

    pub fn names(&self, resource: &str) -> Vec<String> {
        self.objects.keys().filter(|k| k.0 == resource).map(|k| k.2.clone()).collect()
    }

    /// The version of an object, which is that of its last change.
    pub fn version_of(&self, resource: &str, namespace: &str, name: &str) -> Option<String> {
        let object = self.objects.get(&(resource.into(), namespace.into(), name.into()))?;
        let meta = wire::Named::decode(object.clone()).ok()?.metadata?;
        String::from_utf8(meta.resource_version.to_vec()).ok()
    }

    /// Forgets the history, as etcd does every five minutes.
    pub fn compact(&mut self) {
        self.history.clear();
        self.compacted = self.version;
    }

    /// Every watch that is open now goes deaf: nothing comes any more, and nobody says so.
    pub fn deafen(&mut self) {
        self.deaf_before = self.opened;
    }

    /// Every watch that is open now ends.
    pub fn end_watches(&mut self) {
        self.ended_before = self.opened;
    }

    /// How many watches were opened.
    pub fn opened(&self) -> u64 {
        self.opened
    }

    fn page(&self, resource: &str, namespace: Option<&str>, from: &str, limit: usize) -> wire::List {
        let of_kind = self.objects.iter().filter(|((r, ns, name), _)| {
            r == resource
                && namespace.is_none_or(|wanted| wanted == ns)
                && format!("{ns}/{name}").as_str() >= from
        });
        let all: Vec<_> = of_kind.collect();
        let rest = all.get(limit..).unwrap_or_default();
        wire::List {
            metadata: Some(wire::ListMeta {
                resource_version: self.version.to_string().into(),
                next: rest
                    .first()
                    .map(|((_, ns, name), _)| format!("{ns}/{name}").into())
                    .unwrap_or_default(),
                remaining: (!rest.is_empty()).then_some(rest.len() as i64),
            }),
            items: all.iter().take(limit).map(|(_, object)| (*object).clone()).collect(),
        }
    }
}

fn object(namespace: &str, name: &str, version: u64) -> Vec<u8> {
    let metadata = wire::ObjectMeta {
        name: name.to_owned().into(),
        namespace: namespace.to_owned().into(),
        uid: format!("{namespace}/{name}").into(),
        resource_version: version.to_string().into(),
        ..Default::default()
    };
    wire::Named { metadata: Some(metadata) }.encode_to_vec()
}

fn envelope(message: Vec<u8>) -> Bytes {
    let unknown = wire::Unknown { raw: message.into() };
    [b"k8s\0", &*unknown.encode_to_vec()].concat().into()
}

fn frame(kind: &'static str, object: Bytes) -> Bytes {
    let raw = envelope(object.into());
    let event =
        wire::WatchEvent { kind: kind.into(), object: Some(wire::RawExtension { raw }) }.encode_to_vec();
    let mut frame = BytesMut::new();
    frame.put_u32(event.len() as u32);
    frame.extend_from_slice(&event);
    frame.freeze()
}

fn status(code: u16, message: &str) -> wire::Status {
    wire::Status { message: message.to_owned().into(), reason: Bytes::new(), code: code.into() }
}

fn refuse(code: u16, message: &str) -> Response {
    let body = envelope(status(code, message).encode_to_vec());
    (StatusCode::from_u16(code).unwrap(), body).into_response()
}

async fn answer(
    State(fake): State<Fake>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let uri = request.uri();
    fake.world().requests.push(uri.path_and_query().map(|p| p.to_string()).unwrap_or_default());
    fake.awake().await;
    let delay = fake.world().delay;
    tokio::time::sleep(delay).await;
    let token = request.headers().get("authorization").map(|v| v.to_str().unwrap_or_default().to_owned());
    let path = uri.path().to_owned();
    if fake.world().token.as_ref().is_some_and(|t| token != Some(format!("Bearer {t}"))) {
        return refuse(401, "Unauthorized");
    }
    if path.ends_with("/selfsubjectaccessreviews") {
        return fake.review(request).await;
    }
    let mut world = fake.world();
    if path == "/version" {
        return r#"{"gitVersion":"v1.35.4"}"#.into_response();
    }
    if let Some(answers) = world.answers.get_mut(&path) {
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        return (StatusCode::from_u16(answer.0).unwrap(), answer.1).into_response();
    }
    let parts: Vec<&str> = path.split('/').collect();
    let (namespace, resource) = match parts[..] {
        [.., "namespaces", namespace, resource] => (Some(namespace), resource),
        [.., resource] => (None, resource),
        [] => (None, ""),
    };
    let denied = world.denied.iter().any(|r| r == resource)
        || namespace.is_none() && world.denied_cluster_wide.iter().any(|r| r == resource);
    if denied {
        return refuse(403, &format!("{resource} is forbidden: User \"anna\" cannot list resource"));
    }
    if world.unserved.iter().any(|r| r == resource) {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    }
    if query.contains_key("watch") {
        drop(world);
        return fake.watch(resource, namespace, &query);
    }
    let asked = query.get("limit").and_then(|l| l.parse().ok()).unwrap_or(usize::MAX);
    let limit = world.page.unwrap_or(asked).min(asked);
    let from = query.get("continue").map_or("", |c| c);
    if !from.is_empty() && world.tokens_expire > 0 {
        world.tokens_expire -= 1;
        return refuse(410, "The provided continue parameter is too old");
    }
    let page = world.page(resource, namespace, from, limit);
    envelope(page.encode_to_vec()).into_response()
}

impl Fake {
    /// Returns when the server is not hung.
    async fn awake(&self) {
        loop {
            let changed = self.changed.notified();
            if !self.world().hung {
                return;
            }
            changed.await;
        }
    }

    /// What may not be read may not be changed either.
    async fn review(&self, request: Request) -> Response {
        let body = axum::body::to_bytes(request.into_body(), 1 << 16).await.unwrap();
        let question: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let asked = &question["spec"]["resourceAttributes"];
        let mut world = self.world();
        world.requests.push(asked.to_string());
        let resource = asked["resource"].as_str().unwrap();
        let allowed = !world.denied.iter().any(|r| r == resource);
        serde_json::json!({"status": {"allowed": allowed}}).to_string().into_response()
    }

    fn watch(&self, resource: &str, namespace: Option<&str>, query: &HashMap<String, String>) -> Response {
        let from: u64 = query["resourceVersion"].parse().unwrap();
        let span = Duration::from_secs(query["timeoutSeconds"].parse().unwrap());
        let mut world = self.world();
        world.opened += 1;
        let watch = Watching {
            fake: self.clone(),
            resource: resource.to_owned(),
            namespace: namespace.map(str::to_owned),
            sent: from,
            number: world.opened,
            over: tokio::time::Instant::now() + span,
        };
        drop(world);
        let frames = futures::stream::unfold(Some(watch), |watch| async { watch?.next().await });
        Response::new(Body::from_stream(frames))
    }
}

struct Watching {
    fake: Fake,
    resource: String,
    namespace: Option<String>,
    sent: u64,
    number: u64,
    over: tokio::time::Instant,
}

type Frame = Result<Bytes, std::convert::Infallible>;

impl Watching {
    /// The next frame of this watch; when its time is over a bookmark, then the end.
    async fn next(mut self) -> Option<(Frame, Option<Self>)> {
        loop {
            let fake = self.fake.clone();
            let changed = fake.changed.notified();
            if self.deaf() {
                changed.await;
                continue;
            }
            if self.number <= self.fake.world().ended_before {
                return None;
            }
            if self.sent < self.fake.world().compacted {
                let gone = status(410, "too old resource version").encode_to_vec().into();
                return Some((Ok(frame("ERROR", gone)), None));
            }
            if let Some(frame) = self.take() {
                return Some((Ok(frame), Some(self)));
            }
            if tokio::time::timeout_at(self.over, changed).await.is_err() {
                let version = self.fake.world().version;
                return Some((Ok(frame("BOOKMARK", object("", "", version).into())), None));
            }
        }
    }

    fn deaf(&self) -> bool {
        let world = self.fake.world();
        world.hung || self.number <= world.deaf_before
    }

    fn take(&mut self) -> Option<Bytes> {
        let world = self.fake.world();
        let change = world.history.iter().find(|c| {
            c.version > self.sent
                && c.resource == self.resource
                && self.namespace.as_ref().is_none_or(|n| *n == c.namespace)
        })?;
        self.sent = change.version;
        Some(frame(change.kind, change.object.clone()))
    }
}
