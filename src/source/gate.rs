//! The API server as a way to pods and services that this machine cannot reach itself.

use crate::domain::{Text, kubernetes::Key};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::{Api, Client, api::Portforwarder};
use std::sync::{Arc, RwLock};
use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream to a port of a pod.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A handle on the API server, shared by the sources. The client in it is replaced when credentials
/// had to be renewed, so it is asked for anew for each use.
#[derive(Clone)]
pub struct Gate {
    client: Arc<RwLock<Client>>,
}

impl Gate {
    pub fn new(client: Client) -> Self {
        Gate { client: Arc::new(RwLock::new(client)) }
    }

    pub fn client(&self) -> Client {
        self.client.read().unwrap_or_else(|e| e.into_inner()).clone()
    }

    pub fn replace(&self, client: Client) {
        *self.client.write().unwrap_or_else(|e| e.into_inner()) = client;
    }

    /// A connection to `port` of `pod`: one websocket each, needs `create` (or `get`) on `pods/portforward`.
    pub async fn port_forward(&self, pod: &Key, port: u16) -> Result<Box<dyn Stream>, Text> {
        let api: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(self.client(), &pod.namespace);
        let mut forward = api.portforward(&pod.name, &[port]).await.map_err(|e| words(&e))?;
        let stream = forward.take_stream(port).ok_or("the API server opened no stream for the port")?;
        Ok(Box::new(Forwarded { stream, _forward: forward }))
    }

    /// GET through the service proxy, whatever the service answers; needs `get` on `services/proxy`.
    pub async fn ask_service(
        &self,
        service: &Key,
        port: u16,
        https: bool,
        path: &str,
        limit: usize,
    ) -> Result<(u16, String), Text> {
        let scheme = if https { "https:" } else { "" };
        let (namespace, name) = (&service.namespace, &service.name);
        self.ask(&format!("/api/v1/namespaces/{namespace}/services/{scheme}{name}:{port}/proxy{path}"), limit)
            .await
    }

    /// GET through the pod proxy, whatever the pod answers; needs `get` on `pods/proxy`.
    pub async fn ask_pod(
        &self,
        pod: &Key,
        port: u16,
        path: &str,
        limit: usize,
    ) -> Result<(u16, String), Text> {
        self.ask(&format!("/api/v1/namespaces/{}/pods/{}:{port}/proxy{path}", pod.namespace, pod.name), limit)
            .await
    }

    /// GET of a path of the API server: the HTTP status and at most `limit` bytes of text.
    async fn ask(&self, path: &str, limit: usize) -> Result<(u16, String), Text> {
        let request = http::Request::get(path).body(kube::client::Body::empty());
        let request = request.map_err(|e| Text::from(e.to_string()))?;
        let answer = self.client().send(request).await.map_err(|e| words(&e))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), limit).collect().await;
        let body = body.map_err(|e| match e.downcast_ref::<LengthLimitError>() {
            Some(_) => Text::from(format!("the answer is larger than {} MiB", limit >> 20)),
            None => Text::from(format!("the answer broke off: {e}")),
        })?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    }
}

/// An error of the API server in one line of words: its own message, else the innermost cause.
pub fn words(error: &kube::Error) -> Text {
    if let kube::Error::Api(status) = error {
        return status.message.as_str().into();
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    let text = innermost.to_string();
    if text.contains("close_notify") {
        return "the connection was closed".into();
    }
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}", first.to_lowercase(), letters.as_str()).into(),
        None => error.to_string().into(),
    }
}

/// A forwarded stream keeps its websocket alive.
struct Forwarded<S> {
    stream: S,
    _forward: Portforwarder,
}

impl<S: AsyncRead + Unpin> AsyncRead for Forwarded<S> {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Forwarded<S> {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::pin::Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
