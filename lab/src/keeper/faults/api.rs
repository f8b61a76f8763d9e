//! Faults of the API server.

use crate::keeper::relay::Mode;
use crate::keeper::{Keeper, cluster};
use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The address of etcd's client port, where it speaks JSON, too.
const ETCD: &str = "127.0.0.1:2379";

pub(super) async fn stop(keeper: &Keeper) -> Result<()> {
    keeper.plane.api.down().await?;
    keeper.relay.set(Mode::Refuse);
    Ok(())
}

pub(super) async fn start(keeper: &Keeper) -> Result<()> {
    keeper.plane.api.up().await?;
    cluster::connect(&keeper.home.root().join("components")).await?;
    keeper.relay.set(Mode::Open(Duration::ZERO));
    Ok(())
}

pub(super) fn hang(keeper: &Keeper) -> Result<()> {
    keeper.plane.api.signal(Signal::STOP)
}

pub(super) fn resume(keeper: &Keeper) -> Result<()> {
    keeper.plane.api.signal(Signal::CONT)
}

pub(super) fn slow(keeper: &Keeper, delay: u64) {
    keeper.relay.set(Mode::Open(Duration::from_millis(delay)));
}

/// Without the API server nothing is written, so the revision that is read is the last one;
/// and its new watch cache begins there: a watch from before gets 410.
pub(super) async fn expire_watches(keeper: &Keeper) -> Result<()> {
    keeper.plane.api.down().await?;
    let compacted = compact().await;
    keeper.plane.api.up().await?;
    cluster::connect(&keeper.home.root().join("components")).await?;
    compacted
}

async fn compact() -> Result<()> {
    let range = etcd("/v3/kv/range", r#"{"key":"AA=="}"#).await?;
    let range: serde_json::Value = serde_json::from_str(&range)?;
    let revision = range.pointer("/header/revision").and_then(|r| r.as_str()).context("no revision")?;
    etcd("/v3/kv/compaction", &format!(r#"{{"revision":"{revision}","physical":true}}"#)).await?;
    Ok(())
}

/// One request to etcd's gateway; the answer's body.
async fn etcd(path: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(ETCD).await?;
    let length = body.len();
    let request = format!("POST {path} HTTP/1.0\r\nHost: etcd\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer from etcd")?;
    ensure!(head.contains(" 200 "), "etcd: {answer}");
    Ok(body.to_owned())
}
