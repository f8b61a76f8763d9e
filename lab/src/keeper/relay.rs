//! The way from outside to the API server, and the only one.

use anyhow::{Context as _, Result};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// How many chunks of one direction may be under way at a time.
const CHUNKS: usize = 64;

/// How the relay treats connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It passes everything on, this much later.
    Open(Duration),
    /// It does not listen: connections are refused.
    Refuse,
}

/// Accepts on an inherited listener and connects to the API server.
#[derive(Debug)]
pub(crate) struct Relay {
    mode: watch::Sender<Mode>,
    /// The address outside.
    pub(crate) address: String,
}

impl Relay {
    /// Starts to relay from this listener to this address.
    pub(crate) fn start(listener: OwnedFd, target: String) -> Result<Self> {
        let listener = TcpListener::from(listener);
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?.to_string();
        let (mode, modes) = watch::channel(Mode::Open(Duration::ZERO));
        tokio::spawn(async move {
            if let Err(error) = serve(listener, target, modes).await {
                tracing::error!("relay: {error:#}");
            }
        });
        Ok(Self { mode, address })
    }

    /// Changes the treatment of new and open connections.
    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn serve(listener: TcpListener, target: String, mut modes: watch::Receiver<Mode>) -> Result<()> {
    loop {
        modes.wait_for(|mode| matches!(mode, Mode::Open(_))).await?;
        // A listener that was shut down keeps its port; listening again opens it again.
        rustix::net::listen(&listener, 128).context("listen")?;
        let accepting = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
        while *modes.borrow_and_update() != Mode::Refuse {
            tokio::select! {
                accepted = accepting.accept() => if let Ok((outside, _)) = accepted {
                    tokio::spawn(connect(outside, target.clone(), modes.clone()));
                },
                _ = modes.changed() => {}
            }
        }
        drop(accepting);
        rustix::net::shutdown(&listener, rustix::net::Shutdown::Both).context("shutdown")?;
    }
}

/// Relays one connection until either side or a refusal ends it.
async fn connect(outside: TcpStream, target: String, mut modes: watch::Receiver<Mode>) -> Result<()> {
    let inside = TcpStream::connect(target).await?;
    let _ = (outside.set_nodelay(true), inside.set_nodelay(true));
    let (outside_in, outside_out) = outside.into_split();
    let (inside_in, inside_out) = inside.into_split();
    let (there, back) = (modes.clone(), modes.clone());
    tokio::select! {
        done = async { tokio::try_join!(copy(outside_in, inside_out, there), copy(inside_in, outside_out, back)) } => done.map(drop),
        _ = modes.wait_for(|mode| *mode == Mode::Refuse) => Ok(()),
    }
}

/// Copies one direction, each chunk as late as the mode says; order and content stay.
async fn copy(
    mut from: impl tokio::io::AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    modes: watch::Receiver<Mode>,
) -> Result<()> {
    // A chunk does not wait for the one before it to have arrived. An empty one is the end.
    let (on_its_way, mut arriving) = mpsc::channel(CHUNKS);
    let depart = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = from.read(&mut buffer).await?;
            let chunk = buffer.get(..length).unwrap_or_default().to_vec();
            let delay = if let Mode::Open(delay) = *modes.borrow() { delay } else { Duration::ZERO };
            on_its_way.send((Instant::now() + delay, chunk)).await?;
            if length == 0 {
                return anyhow::Ok(());
            }
        }
    };
    let arrive = async {
        while let Some((at, chunk)) = arriving.recv().await {
            tokio::time::sleep_until(at).await;
            if chunk.is_empty() {
                return Ok(to.shutdown().await?);
            }
            to.write_all(&chunk).await?;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(depart, arrive).map(drop)
}
