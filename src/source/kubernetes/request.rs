//! Requests to the API server, each with its deadlines.

use super::{credentials::Credentials, trouble::Trouble};
use bytes::Bytes;
use http::{
    Request, Response,
    header::{ACCEPT, CONTENT_TYPE},
};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// Until an answer's head is there: a busy API server may take this long to begin a list.
const HEAD: Duration = Duration::from_secs(15);
/// Between two chunks of an answer that is being read.
const CHUNK: Duration = Duration::from_secs(15);
const JSON: &str = "application/json";
/// Of an answer that says what is wrong.
const MAX_COMPLAINT: usize = 64 << 10;

/// When anything last came from the server: proof of life beside the pulse.
#[derive(Debug)]
pub struct Life {
    start: Instant,
    heard: AtomicU64,
}

impl Default for Life {
    fn default() -> Self {
        Life { start: Instant::now(), heard: AtomicU64::new(0) }
    }
}

impl Life {
    fn note(&self) {
        self.heard.store(self.start.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// How long nothing came.
    pub fn quiet(&self) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(self.heard.load(Ordering::Relaxed)))
    }
}

/// The API server as the watches use it.
#[derive(Clone)]
pub struct Server {
    pub credentials: Arc<Credentials>,
    pub life: Arc<Life>,
}

impl Server {
    pub fn new(credentials: Arc<Credentials>) -> Self {
        Server { credentials, life: Arc::default() }
    }

    /// Sends a GET; an answer that is no success becomes [`Trouble`].
    pub async fn get(&self, path: &str, accept: &str) -> Result<Response<Body>, Trouble> {
        self.send(Request::get(path).header(ACCEPT, accept).body(Body::empty())).await
    }

    /// Asks the server to review something: nothing is kept of it. Needs no permission of its own.
    pub async fn review(&self, path: &str, question: &Value) -> Result<Value, Trouble> {
        let body = Body::from(question.to_string().into_bytes());
        let answer = self.send(Request::post(path).header(CONTENT_TYPE, JSON).body(body)).await?;
        let whole = self.whole(Vec::new(), answer).await?;
        serde_json::from_slice(&whole).map_err(|e| Trouble::nonsense(&e.to_string()))
    }

    async fn send(&self, request: http::Result<Request<Body>>) -> Result<Response<Body>, Trouble> {
        let request = request.map_err(|e| Trouble::Other(e.to_string().into()))?;
        let client = self.credentials.gate().client();
        let response = timeout(HEAD, client.send(request))
            .await
            .map_err(|_| self.silent(HEAD))?
            .map_err(|e| self.unreachable(e))?;
        self.life.note();
        if response.status().is_success() {
            return Ok(response);
        }
        let code = response.status();
        Err(Trouble::answer(code, self.complaint(response).await))
    }

    /// The whole body of a successful GET.
    pub async fn read(&self, path: &str, accept: &str) -> Result<Bytes, Trouble> {
        self.read_into(Vec::new(), path, accept).await
    }

    /// The same, in a buffer that was used before: pages of megabytes, each in a place of its own, would
    /// leave holes between the rows that they became.
    pub async fn read_into(&self, buffer: Vec<u8>, path: &str, accept: &str) -> Result<Bytes, Trouble> {
        self.whole(buffer, self.get(path, accept).await?).await
    }

    async fn whole(&self, mut whole: Vec<u8>, answer: Response<Body>) -> Result<Bytes, Trouble> {
        let mut body = answer.into_body();
        whole.clear();
        while let Some(chunk) =
            timeout(CHUNK, self.chunk(&mut body)).await.map_err(|_| self.silent(CHUNK))??
        {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.into())
    }

    /// The next bytes of an answer; None at its end.
    pub async fn chunk(&self, body: &mut Body) -> Result<Option<Bytes>, Trouble> {
        loop {
            let Some(frame) = body.frame().await else { return Ok(None) };
            let frame = frame.map_err(|e| Trouble::Other(format!("the connection broke: {e}").into()))?;
            self.life.note();
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
    }

    async fn complaint(&self, response: Response<Body>) -> Bytes {
        let mut body = response.into_body();
        let mut text = Vec::new();
        while let Ok(Ok(Some(chunk))) = timeout(CHUNK, self.chunk(&mut body)).await {
            text.extend_from_slice(&chunk[..chunk.len().min(MAX_COMPLAINT - text.len())]);
            if text.len() == MAX_COMPLAINT {
                break;
            }
        }
        text.into()
    }

    pub fn silent(&self, span: Duration) -> Trouble {
        let host = self.credentials.host();
        Trouble::Other(format!("the API server {host} does not answer within {span:?}").into())
    }

    fn unreachable(&self, error: kube::Error) -> Trouble {
        match Trouble::from(error) {
            Trouble::Other(cause) => {
                let host = self.credentials.host();
                Trouble::Other(format!("the API server {host} cannot be reached: {cause}").into())
            }
            told => told,
        }
    }
}
