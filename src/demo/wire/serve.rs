//! One connection to one broker.

use super::{
    answer::{self, Answer},
    broker::{Advertised, Broker, Process},
    frame,
};
use crate::demo::Shared;
use bytes::BytesMut;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

/// How often a connection looks whether its broker's process still is.
pub const LOOK: Duration = Duration::from_millis(200);

/// Serves a stream that came to a broker's port in its pod, until one side ends it. `cluster` is the place
/// in `World::kafka`. A broker whose process is not there closes it at once.
pub async fn serve(
    shared: Shared,
    cluster: usize,
    broker: i32,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
) {
    converse(&Broker { shared, cluster, id: broker, advertised: Advertised::Pods }, stream, "10.244.0.1")
        .await;
}

/// `host` is the client's address, as groups name it.
pub async fn converse(broker: &Broker, stream: impl AsyncRead + AsyncWrite + Unpin + Send, host: &str) {
    tokio::select! {
        () = ended(broker) => {}
        _ = exchange(broker, stream, host) => {}
    }
}

pub async fn ended(broker: &Broker) {
    while broker.process() != Process::Gone {
        tokio::time::sleep(LOOK).await;
    }
}

/// One request after the other, as brokers do: while one waits for news the next is not read.
async fn exchange(
    broker: &Broker,
    mut stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    host: &str,
) -> Option<()> {
    let mut buffer = BytesMut::new();
    loop {
        let frame = frame::read(&mut stream, &mut buffer).await?;
        awake(broker).await;
        match answer::answer(broker, frame::open(frame)?, host).await {
            Answer::Told(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                stream.flush().await.ok()?;
            }
            Answer::None => {}
            Answer::Close => return None,
        }
        // An answer that was ready when the process hung stays in it.
    }
}

async fn awake(broker: &Broker) {
    while broker.process() == Process::Hung {
        tokio::time::sleep(LOOK).await;
    }
}
