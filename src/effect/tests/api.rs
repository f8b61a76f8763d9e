//! An API server in this process that keeps what it is sent and answers what it is told to.

use crate::{
    domain::Text,
    source::kubernetes::{Connection, Options, connect},
};
use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::StatusCode,
    response::IntoResponse,
};
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, task::AbortHandle};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Sent {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub content: String,
    pub agent: String,
    pub token: String,
    pub body: Value,
}

/// The code, the `Warning` header and the body for a request; None: no answer ever.
pub type Answer = Box<dyn FnMut(&Sent) -> Option<(u16, &'static str, Value)> + Send>;

#[derive(Clone)]
struct Kept {
    sent: Arc<Mutex<Vec<Sent>>>,
    answer: Arc<Mutex<Answer>>,
}

/// It listens until it is dropped.
pub struct Api {
    kept: Kept,
    pub address: SocketAddr,
    folder: tempfile::TempDir,
    task: AbortHandle,
}

impl Drop for Api {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Api {
    pub async fn that_answers(
        answer: impl FnMut(&Sent) -> Option<(u16, &'static str, Value)> + Send + 'static,
    ) -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Kept { sent: Arc::default(), answer: Arc::new(Mutex::new(Box::new(answer))) };
        let app = Router::new().fallback(take).with_state(kept.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }).abort_handle();
        Api { kept, address, folder: tempfile::tempdir().unwrap(), task }
    }

    /// One that always answers with this.
    pub async fn that_says(code: u16, body: Value) -> Api {
        Api::that_answers(move |_| Some((code, "", body.clone()))).await
    }

    /// Everything that was sent so far, but what only reads.
    pub fn writes(&self) -> Vec<Sent> {
        self.kept.sent.lock().unwrap().iter().filter(|s| s.method != "GET").cloned().collect()
    }

    pub fn kubeconfig(&self, token: &str) -> std::path::PathBuf {
        let path = self.folder.path().join("config");
        std::fs::write(&path, kubeconfig(self.address, token)).unwrap();
        path
    }

    pub async fn connection(&self) -> Connection {
        connected(&self.kubeconfig("first")).await.unwrap()
    }
}

pub async fn connected(kubeconfig: &Path) -> Result<Connection, Text> {
    connect(&Options { kubeconfig: Some(kubeconfig.to_owned()), ..Options::default() }).await
}

pub fn kubeconfig(server: SocketAddr, token: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: prod
clusters: [{{name: fake, cluster: {{server: 'http://{server}'}}}}]
users: [{{name: anna, user: {{token: {token}}}}}]
contexts: [{{name: prod, context: {{cluster: fake, user: anna, namespace: kafka}}}}]
"
    )
}

async fn take(State(kept): State<Kept>, request: Request) -> impl IntoResponse {
    let (head, body) = request.into_parts();
    let header =
        |name: &str| head.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let sent = Sent {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        content: header("content-type"),
        agent: header("user-agent"),
        token: header("authorization"),
        body: serde_json::from_slice(&to_bytes(body, 1 << 20).await.unwrap()).unwrap_or_default(),
    };
    kept.sent.lock().unwrap().push(sent.clone());
    let answer = kept.answer.lock().unwrap()(&sent);
    match answer {
        Some((code, warning, body)) => {
            (StatusCode::from_u16(code).unwrap(), [("warning", warning)], body.to_string())
        }
        None => std::future::pending().await,
    }
}
