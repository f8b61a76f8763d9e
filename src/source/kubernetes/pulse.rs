//! The connection's pulse: a cheap question every few seconds, so that a server that hangs or cannot be
//! reached is known at once, and so is that what the watches hold is still true.

use super::{request::Server, trouble::Trouble};
use crate::{
    domain::{Text, kubernetes::KubernetesDelta},
    source::{News, now},
};
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// How fast everything goes.
#[derive(Debug, Clone, Copy)]
pub struct Tempo {
    /// Between two beats of the pulse.
    pub pulse: Duration,
    /// The same while the server is down, so that its return is seen soon.
    pub while_down: Duration,
    /// Until a beat counts as missed.
    pub deadline: Duration,
    /// The server ends a watch after about this long, with a bookmark before. A connection that died without
    /// a word is found by then.
    pub watch: Duration,
    /// What the server is given on top before the connection is taken for dead.
    pub grace: Duration,
    /// A watch that lasted this long worked.
    pub worked: Duration,
    /// How often what was denied, or is not there, is asked for again.
    pub again: Duration,
    /// The first pause after a failure.
    pub first_pause: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Tempo {
            pulse: seconds(5),
            while_down: seconds(2),
            deadline: seconds(3),
            watch: seconds(40),
            grace: seconds(5),
            worked: seconds(5),
            again: seconds(30),
            first_pause: super::backoff::FIRST,
        }
    }
}

/// What the watches hear of the pulse.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Pulse {
    #[default]
    Unknown,
    /// The n-th beat.
    Alive(u64),
    Down(Text),
}

/// Beats until nobody listens.
pub async fn beat(server: Server, news: News, watches: watch::Sender<Pulse>, tempo: Tempo) {
    let mut beats = 0;
    loop {
        let down = match ask(&server, tempo.deadline).await {
            Ok(version) => {
                beats += 1;
                if tell(&news, Ok(version)).await.is_err() {
                    return;
                }
                watches.send_replace(Pulse::Alive(beats));
                false
            }
            // Slow but there: a long list over a thin line leaves little for the pulse.
            Err(_) if server.life.quiet() < tempo.deadline => false,
            Err(reason) => {
                if tell(&news, Err(reason.clone())).await.is_err() {
                    return;
                }
                // Told once: while it lasts, a watch that gets through all the same is not disturbed.
                if !matches!(*watches.borrow(), Pulse::Down(_)) {
                    server.credentials.reconnect().await;
                    watches.send_replace(Pulse::Down(reason));
                }
                true
            }
        };
        if server.credentials.expiring().await {
            // When that fails the server will soon refuse the old ones, and the watches say so.
            let _ = server.credentials.renew(server.credentials.generation()).await;
        }
        sleep(if down { tempo.while_down } else { tempo.pulse }).await;
    }
}

async fn tell(news: &News, answer: Result<Text, Text>) -> Result<(), ()> {
    news.send(KubernetesDelta::Server { answer, at: now() }.into()).await.map_err(|_| ())
}

/// The server's git version.
async fn ask(server: &Server, deadline: Duration) -> Result<Text, Text> {
    let seen = server.credentials.generation();
    let answer = timeout(deadline, server.read("/version", ACCEPT_JSON)).await;
    match answer.unwrap_or_else(|_| Err(server.silent(deadline))) {
        Ok(body) => Ok(version(&body)),
        // Whoever refuses is there.
        Err(Trouble::Denied(_) | Trouble::Missing(_)) => Ok("unknown version".into()),
        Err(Trouble::Unauthorized) => {
            server.credentials.renew(seen).await?;
            Err(Trouble::Unauthorized.words())
        }
        Err(trouble) => Err(trouble.words()),
    }
}

const ACCEPT_JSON: &str = "application/json";

fn version(body: &[u8]) -> Text {
    let info: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    info["gitVersion"].as_str().unwrap_or("unknown version").into()
}
