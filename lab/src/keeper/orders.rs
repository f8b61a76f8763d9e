//! Takes orders on the control socket.

use super::{Keeper, faults};
use crate::control::{Reply, Request};
use anyhow::Result;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// Serves until told to stop; then everything of the lab ends with this process.
pub(crate) async fn serve(keeper: Arc<Keeper>) -> Result<()> {
    let listener = UnixListener::bind(keeper.home.control())?;
    let stop = Arc::new(tokio::sync::Notify::new());
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                tokio::spawn(answer(keeper.clone(), stream, stop.clone()));
            }
            () = stop.notified() => {
                let _ = std::fs::remove_file(keeper.home.control());
                return Ok(());
            }
        }
    }
}

async fn answer(keeper: Arc<Keeper>, stream: UnixStream, stop: Arc<tokio::sync::Notify>) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let reply = match serde_json::from_str(&line)? {
            Request::Status => Ok(Reply::Status(keeper.status())),
            Request::Fault(fault) => faults::set(&keeper, fault).await.map(|()| Reply::Done),
            Request::Undo(fault) => faults::undo(&keeper, fault).await.map(|()| Reply::Done),
            Request::Stop => {
                stop.notify_one();
                Ok(Reply::Done)
            }
        };
        let reply = reply.unwrap_or_else(|error| Reply::Failed(format!("{error:#}")));
        let text = serde_json::to_string(&reply)? + "\n";
        stream.get_mut().write_all(text.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}
