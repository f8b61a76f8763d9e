//! Lets a client that can only connect to addresses (librdkafka) reach brokers as castellan does.
//!
//! Each broker has a listener on loopback. Bytes pass through untouched, but for the answers that name
//! brokers: there each broker's host and port become those of its listener. TLS ends here, with the
//! advertised host as the name to be proved; SASL goes through, so the listener gives nothing to anybody
//! who cannot authenticate. Only our own user's processes are let in.

use super::{
    Client, Error, Lane, Node,
    connection::length,
    peer,
    poll::brokers_only,
    rewrite::{self, Rewritten},
};
use crate::{
    domain::{Text, kafka::BrokerId},
    source::{Running, gate::Stream},
};
use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Listeners for one cluster's brokers, until dropped.
pub struct Proxy {
    /// For `bootstrap.servers`: `127.0.0.1:40001,127.0.0.1:40002`. Plaintext, or SASL_PLAINTEXT where the
    /// cluster wants SASL.
    pub bootstrap: String,
    _doors: Arc<Doors>,
}

/// The brokers' listeners; one more opens when an answer names a new broker.
struct Doors {
    client: Client,
    open: tokio::sync::Mutex<BTreeMap<BrokerId, Door>>,
}

struct Door {
    port: u16,
    _task: Running,
}

/// Opens the listeners; the error is one sentence.
pub async fn start(client: Client) -> Result<Proxy, Text> {
    let metadata =
        client.ask_any(Lane::Quick, brokers_only).await.map_err(|e| e.about("the bootstrap address"))?.value;
    let doors = Arc::new(Doors { client, open: tokio::sync::Mutex::default() });
    let mut ports = Vec::new();
    for broker in &metadata.brokers {
        let node = rewrite::node(broker.node_id.0, &broker.host, broker.port);
        ports.push(doors.port_of(node).await.map_err(|e| Text::from(e.to_string()))?);
    }
    if ports.is_empty() {
        return Err("the cluster names no broker".into());
    }
    let addresses: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    Ok(Proxy { bootstrap: addresses.join(","), _doors: doors })
}

impl Doors {
    /// The port of a broker's listener.
    async fn port_of(self: &Arc<Self>, node: Node) -> Result<u16, Error> {
        let mut open = self.open.lock().await;
        let id = node.id;
        self.client.meet(node);
        if let Some(door) = open.get(&id) {
            return Ok(door.port);
        }
        let unbound = |e: std::io::Error| Error::Configuration(format!("no port on loopback: {e}").into());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unbound)?;
        let port = listener.local_addr().map_err(unbound)?.port();
        // The listener must not keep alive what owns it.
        let task = Running::spawn(accept(listener, id, Arc::downgrade(self)));
        open.insert(id, Door { port, _task: task });
        Ok(port)
    }

    async fn ports_of(self: &Arc<Self>, nodes: Vec<Node>) -> Result<BTreeMap<BrokerId, u16>, Error> {
        let mut ports = BTreeMap::new();
        for node in nodes {
            ports.insert(node.id, self.port_of(node).await?);
        }
        Ok(ports)
    }
}

/// Boxed, because serving may open further doors.
fn accept(listener: TcpListener, id: BrokerId, doors: std::sync::Weak<Doors>) -> BoxFuture<'static, ()> {
    Box::pin(accept_all(listener, id, doors))
}

async fn accept_all(listener: TcpListener, id: BrokerId, doors: std::sync::Weak<Doors>) {
    let mut served = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (Ok((stream, address)), Some(doors)) = (accepted, doors.upgrade()) else { return };
                let ours = stream.local_addr().is_ok_and(|local| peer::is_ours(address, local));
                if ours {
                    served.spawn(serve(stream, id, doors.client.clone(), Arc::downgrade(&doors)));
                }
            }
            Some(_) = served.join_next() => {}
        }
    }
}

/// Serves one connection until either side ends it.
async fn serve(stream: TcpStream, id: BrokerId, client: Client, doors: std::sync::Weak<Doors>) {
    // Only latency is lost if it cannot be set.
    let _ = stream.set_nodelay(true);
    let broker = match client.stream(id).await {
        Ok(broker) => broker,
        Err(error) => return tracing::info!("proxy: {}", error.about(&client.name(id))),
    };
    if let Err(error) = relay(stream, broker, doors).await {
        tracing::info!("proxy: {}", error.about(&client.name(id)));
    }
}

/// What was asked under a correlation id, where the answer has to be rewritten.
type Asked = Mutex<HashMap<[u8; 4], (Rewritten, i16)>>;

async fn relay(client: impl Stream, broker: impl Stream, doors: std::sync::Weak<Doors>) -> Result<(), Error> {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_broker, mut to_broker) = tokio::io::split(broker);
    let asked = Asked::default();
    tokio::select! {
        ended = requests(&mut from_client, &mut to_broker, &asked) => ended,
        ended = answers(&mut from_broker, &mut to_client, &asked, &doors) => ended,
    }
}

/// Passes requests on, noting those whose answers name brokers.
async fn requests(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    asked: &Asked,
) -> Result<(), Error> {
    while let Some((frame, rest)) = head(from, 8).await? {
        // Its key, version and correlation id.
        if let [_, _, _, _, k0, k1, v0, v1, correlation @ ..] = &frame[..]
            && let Ok(correlation) = <[u8; 4]>::try_from(correlation)
            && let Some(what) = Rewritten::of(i16::from_be_bytes([*k0, *k1]))
        {
            let mut asked = asked.lock().unwrap_or_else(|e| e.into_inner());
            asked.insert(correlation, (what, i16::from_be_bytes([*v0, *v1])));
        }
        to.write_all(&frame).await.map_err(|_| Error::Closed)?;
        pass(from, to, rest).await?;
    }
    Ok(())
}

/// Passes answers back, with the brokers in them renamed.
async fn answers(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    asked: &Asked,
    doors: &std::sync::Weak<Doors>,
) -> Result<(), Error> {
    while let Some((frame, rest)) = head(from, 4).await? {
        let correlation = frame.get(4..8).and_then(|c| <[u8; 4]>::try_from(c).ok());
        let noted = correlation.and_then(|c| asked.lock().unwrap_or_else(|e| e.into_inner()).remove(&c));
        match (noted, doors.upgrade()) {
            (Some((what, version)), Some(doors)) => {
                let mut body = vec![0; rest];
                from.read_exact(&mut body).await.map_err(|_| Error::Closed)?;
                let nodes = what.nodes(version, Bytes::from(body))?;
                let ports = doors.ports_of(nodes.named()).await?;
                let answer = nodes.rewrite(&ports)?;
                write_frame(to, &frame[4..8], &answer).await?;
            }
            _ => {
                to.write_all(&frame).await.map_err(|_| Error::Closed)?;
                pass(from, to, rest).await?;
            }
        }
    }
    Ok(())
}

/// The length of the next frame and at most `size` bytes of it, and how many bytes of it follow; None at
/// the end.
async fn head(from: &mut (impl AsyncRead + Unpin), size: usize) -> Result<Option<(BytesMut, usize)>, Error> {
    let mut frame = BytesMut::zeroed(4);
    if from.read_exact(&mut frame[..]).await.is_err() {
        return Ok(None);
    }
    let whole = length(&frame)?;
    let size = size.min(whole);
    frame.resize(4 + size, 0);
    from.read_exact(&mut frame[4..]).await.map_err(|_| Error::Closed)?;
    Ok(Some((frame, whole - size)))
}

async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    rest: usize,
) -> Result<(), Error> {
    let passed = tokio::io::copy(&mut from.take(rest as u64), to).await.map_err(|_| Error::Closed)?;
    to.flush().await.map_err(|_| Error::Closed)?;
    if passed == rest as u64 { Ok(()) } else { Err(Error::Closed) }
}

async fn write_frame(
    to: &mut (impl AsyncWrite + Unpin),
    correlation: &[u8],
    body: &[u8],
) -> Result<(), Error> {
    let whole = i32::try_from(correlation.len() + body.len()).map_err(|_| Error::Closed)?;
    let frame = [&whole.to_be_bytes(), correlation, body].concat();
    to.write_all(&frame).await.map_err(|_| Error::Closed)?;
    to.flush().await.map_err(|_| Error::Closed)
}
