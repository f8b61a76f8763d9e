//! Port-forwards over a websocket: each port has a channel for its bytes and one for an error.
//!
//! Source: Kubernetes 1.35, `cri-streaming/pkg/streaming/portforward/websocket.go`.

use super::{
    backend::{Backend, Dead},
    read,
    request::{Asked, Query},
    serve::{self, Answer, Server},
    status::Status,
};
use crate::{
    demo::world::kubernetes::{Resource, object},
    domain::kubernetes::Key,
};
use bytes::{BufMut, Bytes, BytesMut};
use futures::{SinkExt, StreamExt, stream::SplitSink};
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use hyper::{body::Incoming, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf},
    sync::mpsc,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};

const CHANNELS: &str = "v4.channel.k8s.io";
/// Bytes on their way in each direction of a port.
pub const BUFFER: usize = 64 << 10;
/// Of one message.
const PIECE: usize = 32 << 10;

/// # Errors
/// 400 without ports or without an upgrade, 404 without the pod, 500 where its node does not answer.
pub fn forward(
    server: &Server,
    resource: &'static Resource,
    asked: &Asked,
    query: &Query,
    request: Request<Incoming>,
) -> Result<Answer, Status> {
    let pod = server.shared.with(|world| {
        let pod = read::get(world, resource, asked)?;
        if object::text(&pod, "/spec/nodeName").is_empty() {
            return Err(Status::bad_request(format!("pod {} does not have a host assigned", asked.name)));
        }
        match Backend::find(world, &asked.key(), 0) {
            Err(Dead::Node(ip)) => Err(Status::undialled(&ip)),
            _ => Ok(asked.key()),
        }
    })?;
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).cloned();
    let Some(key) = key.filter(|_| asks_for(request.headers(), &header::UPGRADE, "websocket")) else {
        return Err(Status::bad_request("Upgrade request required"));
    };
    if !asks_for(request.headers(), &header::SEC_WEBSOCKET_PROTOCOL, CHANNELS) {
        return Err(Status::bad_request(format!("the only subprotocol that is spoken here is {CHANNELS}")));
    }
    let ports =
        query.all("ports").flat_map(|p| p.split(',')).map(str::parse).collect::<Result<Vec<u16>, _>>();
    let ports = ports.ok().filter(|ports| !ports.is_empty());
    let ports = ports.ok_or_else(|| Status::bad_request("you must specify at least 1 port"))?;
    let accept = derive_accept_key(key.as_bytes());
    let doors = Doors { server: server.clone(), pod };
    let over = server.over.clone();
    tokio::spawn(async move {
        let talk = async {
            let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            channels(&doors, &ports, socket).await;
        };
        over.run_until_cancelled(talk).await;
    });
    Ok(switched(&accept, CHANNELS))
}

/// 101, with the subprotocol that is spoken from now on.
fn switched(accept: &str, protocol: &'static str) -> Answer {
    let mut answer = serve::whole(101, "", Bytes::new());
    let headers = answer.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    answer
}

fn asks_for(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let words = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    words.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
}

/// The ports of a pod.
pub struct Doors {
    pub server: Server,
    pub pod: Key,
}

impl Doors {
    /// A connection to a port of the pod.
    ///
    /// # Errors
    /// What the kubelet says where nothing listens there.
    pub fn open(&self, port: u16) -> Result<DuplexStream, String> {
        let Server { shared, over } = &self.server;
        let found = shared.with(|world| Backend::find(world, &self.pod, port));
        let backend = found.map_err(|_| {
            format!(
                "error forwarding port {port} to pod {}: failed to connect to localhost:{port} inside its \
                 namespace: dial tcp4 127.0.0.1:{port}: connect: connection refused",
                self.pod.name
            )
        })?;
        let (near, far) = tokio::io::duplex(BUFFER);
        let served = backend.serve(shared.clone(), far);
        let over = over.clone();
        tokio::spawn(async move { over.run_until_cancelled(served).await });
        Ok(near)
    }
}

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Moves bytes until the client goes, or all ports have ended.
async fn channels(doors: &Doors, ports: &[u16], socket: Socket) {
    let (sink, mut source) = socket.split();
    let (told, messages) = mpsc::channel(4);
    let mut writers: Vec<Option<WriteHalf<DuplexStream>>> = Vec::new();
    let mut readers = Vec::new();
    for (place, port) in ports.iter().enumerate() {
        let place = u8::try_from(place * 2).unwrap_or_default();
        for channel in [place, place + 1] {
            let mut first = BytesMut::from(&[channel][..]);
            first.put_u16_le(*port);
            readers.push(Piece::Told(first.freeze()));
        }
        match doors.open(*port) {
            Ok(stream) => {
                let (reader, writer) = tokio::io::split(stream);
                writers.push(Some(writer));
                readers.push(Piece::Read(place, reader));
            }
            Err(why) => {
                writers.push(None);
                readers.push(Piece::Told([&[place + 1], why.as_bytes()].concat().into()));
            }
        }
    }
    let sending = send(sink, messages);
    let reading = futures::future::join_all(readers.into_iter().map(|piece| piece.run(told.clone())));
    drop(told);
    let taking = async {
        while let Some(Ok(message)) = source.next().await {
            let Message::Binary(bytes) = message else { continue };
            let Some((channel, data)) = bytes.split_first() else { continue };
            // Nothing is sent on the channels of errors.
            let writer = writers.get_mut(usize::from(channel / 2)).filter(|_| channel % 2 == 0);
            if let Some(Some(writer)) = writer
                && writer.write_all(data).await.is_err()
            {
                // It has ended: its reader says so.
            }
        }
    };
    tokio::select! {
        () = taking => {}
        ((), _) = futures::future::join(sending, reading) => {}
    }
}

enum Piece {
    Told(Bytes),
    Read(u8, ReadHalf<DuplexStream>),
}

impl Piece {
    async fn run(self, told: mpsc::Sender<Bytes>) {
        match self {
            Piece::Told(bytes) => drop(told.send(bytes).await),
            Piece::Read(channel, mut reader) => {
                let mut buffer = vec![0; PIECE + 1];
                buffer[0] = channel;
                while let Ok(length @ 1..) = reader.read(&mut buffer[1..]).await {
                    if told.send(Bytes::copy_from_slice(&buffer[..=length])).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Sends what is told, in its order, and closes when there is no more.
async fn send(mut sink: SplitSink<Socket, Message>, mut messages: mpsc::Receiver<Bytes>) {
    while let Some(bytes) = messages.recv().await {
        if sink.send(Message::Binary(bytes)).await.is_err() {
            return;
        }
    }
    // Whoever is gone needs no goodbye.
    let _ = sink.close().await;
}
