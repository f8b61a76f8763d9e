//! The connection's pulse: a cheap question every few seconds, so that a server that hangs or cannot be
//! reached is known at once, and so is that what the watches hold is still true.

use super::{request::Server, trouble::Trouble};
use crate::{
    domain::{Text, kubernetes::KubernetesDelta},
    source::{News, now},
};
use futures::{StreamExt, stream::FuturesUnordered};
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
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
            deadline: seconds(5),
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

/// A server is waited for twice as long as it last took, but no longer than this.
const LONGEST: Duration = Duration::from_secs(15);
/// Questions that wait for an answer at a time: of a server that hung, a new connection may be heard sooner.
const QUESTIONS: usize = 4;

/// Nobody listens any more.
struct Closed;

struct Heart {
    server: Server,
    news: News,
    watches: watch::Sender<Pulse>,
    tempo: Tempo,
    beats: u64,
    /// The last round trip.
    took: Duration,
}

/// Beats until nobody listens.
pub async fn beat(server: Server, news: News, watches: watch::Sender<Pulse>, tempo: Tempo) {
    let mut heart = Heart { server, news, watches, tempo, beats: 0, took: Duration::ZERO };
    while let Ok(down) = heart.beat().await {
        let credentials = &heart.server.credentials;
        if credentials.expiring().await {
            // When that fails the server will soon refuse the old ones, and the watches say so.
            let _ = credentials.renew(credentials.generation()).await;
        }
        sleep(if down { tempo.while_down } else { tempo.pulse }).await;
    }
}

impl Heart {
    /// One beat, which takes until an answer is there, however late: a server that is only slow is not down.
    /// Returns whether it is down.
    async fn beat(&mut self) -> Result<bool, Closed> {
        let patience = self.tempo.deadline.max(self.took * 2).min(LONGEST.max(self.tempo.deadline));
        let server = self.server.clone();
        let mut asking = FuturesUnordered::from_iter([ask(&server)]);
        let mut wait = patience;
        loop {
            let answer = tokio::select! {
                Some(answer) = asking.next() => Some(answer),
                () = sleep(wait) => None,
            };
            // Slow but there: a long list over a thin line leaves little for the pulse.
            let there = server.life.quiet() < patience;
            match answer {
                Some(Ok((version, took))) => return self.alive(version, took).await.map(|()| false),
                Some(Err(_)) if there => return Ok(false),
                // Another question may yet be answered.
                Some(Err(_)) if !asking.is_empty() => continue,
                Some(Err(reason)) => return self.down(reason).await.map(|()| true),
                None if there => continue,
                None => self.down(server.silent(patience).words()).await?,
            }
            if asking.len() < QUESTIONS {
                asking.push(ask(&server));
            }
            wait = self.tempo.while_down;
        }
    }

    async fn alive(&mut self, version: Text, took: Duration) -> Result<(), Closed> {
        (self.beats, self.took) = (self.beats + 1, took);
        self.tell(Ok((version, took))).await?;
        self.watches.send_replace(Pulse::Alive(self.beats));
        Ok(())
    }

    async fn down(&self, reason: Text) -> Result<(), Closed> {
        self.tell(Err(reason.clone())).await?;
        // Told once: while it lasts, a watch that gets through all the same is not disturbed.
        if !matches!(*self.watches.borrow(), Pulse::Down(_)) {
            self.server.credentials.reconnect().await;
            self.watches.send_replace(Pulse::Down(reason));
        }
        Ok(())
    }

    async fn tell(&self, answer: Result<(Text, Duration), Text>) -> Result<(), Closed> {
        let told = self.news.send(KubernetesDelta::Server { answer, at: now() }.into()).await;
        told.map_err(|_| Closed)
    }
}

/// The server's git version, and how long the answer took.
async fn ask(server: &Server) -> Result<(Text, Duration), Text> {
    let (seen, start) = (server.credentials.generation(), Instant::now());
    let version = match server.read("/version", ACCEPT_JSON).await {
        Ok(body) => version(&body),
        // Whoever refuses is there.
        Err(Trouble::Denied(_) | Trouble::Missing(_)) => "unknown version".into(),
        Err(Trouble::Unauthorized) => {
            server.credentials.renew(seen).await?;
            return Err(Trouble::Unauthorized.words());
        }
        Err(trouble) => return Err(trouble.words()),
    };
    Ok((version, start.elapsed()))
}

const ACCEPT_JSON: &str = "application/json";

fn version(body: &[u8]) -> Text {
    let info: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    info["gitVersion"].as_str().unwrap_or("unknown version").into()
}
