//! The orders that a keeper takes, one JSON object a line on a unix socket.

use crate::fault::Fault;
use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};
use std::path::Path;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

/// An order to the keeper.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Request {
    Status,
    Fault(Fault),
    Undo(Option<Fault>),
    Stop,
}

/// The keeper's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Reply {
    Status(Status),
    Done,
    Failed(String),
}

/// How a lab does.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Status {
    /// What the start still waits for; empty once the lab is ready.
    pub waiting: Vec<String>,
    /// The faults that are on.
    pub faults: Vec<Fault>,
    /// The address of the API server outside the lab.
    pub server: String,
    /// Every process of the lab with its pid inside, as `name pid`.
    pub processes: Vec<String>,
}

impl Status {
    /// Everything that the lab starts with has become ready once.
    pub fn is_ready(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Gives one order and waits for its answer.
pub(crate) async fn ask(socket: &Path, request: &Request) -> Result<Reply> {
    let mut stream = UnixStream::connect(socket).await.context("the lab does not run")?;
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes()).await?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await?;
    match serde_json::from_str(&answer).context("the lab ended before it answered")? {
        Reply::Failed(why) => Err(anyhow!(why)),
        reply => Ok(reply),
    }
}

/// The keeper's pid as this process sees it: the kernel translates it between pid namespaces.
pub(crate) async fn keeper_pid(socket: &Path) -> Result<i32> {
    let stream = UnixStream::connect(socket).await.context("the lab does not run")?;
    stream.peer_cred()?.pid().context("the kernel does not tell the keeper's pid")
}
