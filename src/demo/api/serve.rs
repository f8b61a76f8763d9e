//! The HTTP server: one task a connection, which ends with the server.

use super::{
    encoding::{self, Encoding, Form},
    status::Status,
};
use crate::demo::{Shared, world::STEP};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use std::{convert::Infallible, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

pub type Body = UnsyncBoxBody<Bytes, Infallible>;
pub type Answer = Response<Body>;

/// Source: the API server's `MaxRequestBodyBytes`.
const LONGEST: usize = 3 << 20;

/// What a request is answered from.
#[derive(Clone)]
pub struct Server {
    pub shared: Shared,
    /// Ends what a connection was handed over to.
    pub over: CancellationToken,
}

/// Serves the Kubernetes API of the shared world on `listener`. Whatever it serves ends when this is dropped.
pub async fn serve(shared: Shared, listener: TcpListener) {
    let server = Server { shared, over: CancellationToken::new() };
    let _ends = server.over.clone().drop_guard();
    let mut connections = JoinSet::new();
    // The world goes on while nobody asks: the watches are told.
    let mut steps = tokio::time::interval(STEP);
    steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = steps.tick() => server.shared.with(|_| ()),
            taken = listener.accept() => match taken {
                Ok((stream, _)) => drop(connections.spawn(connection(server.clone(), stream))),
                // No more files may be opened: some will be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(server: Server, stream: TcpStream) {
    // Small answers wait for no others; without it they are only slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(answer(&server, request).await) }
    });
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    // A client that breaks off is no matter of the server's.
    let _ = connection.with_upgrades().await;
}

async fn answer(server: &Server, request: Request<Incoming>) -> Answer {
    let encoding = Encoding::of(request.headers(), None).unwrap_or(Encoding::Json);
    super::route::route(server, request).await.unwrap_or_else(|status| refusal(encoding, &status))
}

fn refusal(encoding: Encoding, status: &Status) -> Answer {
    let mut answer =
        whole(status.code, encoding.content_type(false), encoding::status(encoding, &status.json()));
    if let Some(seconds) = status.details["retryAfterSeconds"].as_u64() {
        answer.headers_mut().insert(http::header::RETRY_AFTER, seconds.into());
    }
    answer
}

pub fn whole(code: u16, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    with(code, kind, Full::new(body.into()).boxed_unsync())
}

pub fn json(code: u16, body: &Value) -> Answer {
    whole(code, "application/json", body.to_string())
}

/// An object in the form that is wanted.
pub fn object(code: u16, form: &Form, object: &Value) -> Answer {
    whole(code, form.encoding.content_type(false), form.object(object))
}

/// An answer that comes in pieces until there are no more.
pub fn pieces(kind: &'static str, pieces: impl futures::Stream<Item = Bytes> + Send + 'static) -> Answer {
    use futures::StreamExt;
    with(200, kind, StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece)))).boxed_unsync())
}

fn with(code: u16, kind: &'static str, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
    answer
}

/// The body of a request; null where there is none.
///
/// # Errors
/// As [`bytes`], and 400 for what is no JSON.
pub async fn read(request: Request<Incoming>, accepted: &[&str]) -> Result<Value, Status> {
    let (_, body) = bytes(request, accepted).await?;
    parse(&body)
}

/// # Errors
/// 400 for what is no JSON.
pub fn parse(body: &[u8]) -> Result<Value, Status> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|e| Status::bad_request(format!("the body is no JSON: {e}")))
}

/// The type and the bytes of a request's body.
///
/// # Errors
/// 413 for one that is too long, 415 for one that is none of the accepted types.
pub async fn bytes(request: Request<Incoming>, accepted: &[&str]) -> Result<(String, Bytes), Status> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|k| k.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    if !kind.is_empty() && !accepted.contains(&&*kind) {
        return Err(Status::unsupported_media(&accepted.join(", ")));
    }
    let body = Limited::new(request.into_body(), LONGEST).collect().await;
    let body = body.map_err(|e| match e.downcast_ref::<LengthLimitError>() {
        Some(_) => Status::too_large(LONGEST),
        None => Status::bad_request(e.to_string()),
    })?;
    Ok((kind, body.to_bytes()))
}
