//! One kind's list and watch: a small machine that always comes back.

use super::{
    backoff::{Backoff, jitter},
    envelope::{self, ACCEPT_LIST, ACCEPT_WATCH},
    intern::Interner,
    newest::Newest,
    project,
    pulse::{Pulse, Tempo},
    reach::{self, Reaches, sentence},
    request::Server,
    trouble::Trouble,
    watched::Watched,
    wire,
};
use crate::{
    domain::{
        Text,
        kubernetes::{Key, TableDelta},
        object::Kind,
    },
    source::{News, now},
};
use bytes::{Bytes, BytesMut};
use prost::Message;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

/// Objects a page: about 5 MB of pods, so that memory is bounded and the first rows are there soon.
const PAGE: usize = 500;
/// What all watchers of a connection share.
#[derive(Clone)]
pub struct Common {
    pub server: Server,
    pub news: News,
    pub reaches: Arc<Reaches>,
    pub texts: Arc<Mutex<Interner>>,
    /// The namespace asked for; None: all.
    pub wanted: Option<Text>,
    /// Where to look when all namespaces are denied.
    pub fallback: Text,
    pub tempo: Tempo,
}

pub struct Watcher<R> {
    common: Common,
    pulse: watch::Receiver<Pulse>,
    /// None: all namespaces.
    scope: Option<Text>,
    /// Up to where the rows are known; None: list first.
    version: Option<String>,
    newest: Newest,
    backoff: Backoff,
    /// When a wider scope was last asked for in vain.
    denied: Option<Instant>,
    kind: std::marker::PhantomData<fn() -> R>,
}

impl<R: Watched> Watcher<R> {
    pub fn new(common: Common, pulse: watch::Receiver<Pulse>) -> Self {
        Watcher {
            scope: common.wanted.clone(),
            backoff: Backoff::from(common.tempo.first_pause),
            common,
            pulse,
            version: None,
            newest: Newest::default(),
            denied: None,
            kind: std::marker::PhantomData,
        }
    }

    /// Lists and watches until nobody reads the news.
    pub async fn run(mut self) {
        loop {
            let seen = self.common.server.credentials.generation();
            let started = Instant::now();
            let mut pulse = self.pulse.clone();
            let result = tokio::select! {
                result = self.step() => result,
                // Whatever was under way may be dead without knowing: it is begun again.
                reason = went_down(&mut pulse) => Err(Trouble::Other(reason)),
            };
            if started.elapsed() > self.common.tempo.worked {
                self.backoff.reset();
            }
            let go_on = match result {
                Ok(()) => Ok(()),
                Err(trouble) => self.mend(trouble, seen).await,
            };
            if go_on.is_err() {
                return;
            }
        }
    }

    /// One list, one watch, or one look whether more may be read. May be dropped at any point: the version
    /// only moves past what was told.
    async fn step(&mut self) -> Result<(), Trouble> {
        match self.version.clone() {
            None => self.list().await,
            Some(_) if self.wider_is_due() => self.widen().await,
            Some(version) => self.follow(version).await,
        }
    }

    async fn mend(&mut self, trouble: Trouble, seen: u64) -> Result<(), Trouble> {
        match trouble {
            Trouble::Closed => return Err(Trouble::Closed),
            Trouble::Gone => self.version = None,
            Trouble::Denied(_) => return self.denied().await,
            Trouble::Missing(_) => {
                let kind = R::KIND;
                let what = format!("the API server does not serve {} ({})", kind.resource(), kind.api());
                self.fail(what.into()).await?;
                self.pause(self.common.tempo.again).await;
                return Ok(());
            }
            Trouble::Unauthorized => {
                if let Err(reason) = self.common.server.credentials.renew(seen).await {
                    self.fail(reason).await?;
                }
            }
            Trouble::Other(reason) => self.fail(reason).await?,
        }
        let pause = self.backoff.pause();
        self.pause(pause).await;
        Ok(())
    }

    /// Falls back to one namespace, or says what is missing and asks again later.
    async fn denied(&mut self) -> Result<(), Trouble> {
        let verb = if self.version.is_some() { "watch" } else { "list" };
        let sentence = match (&self.common.wanted, &self.scope) {
            (None, Some(instead)) => reach::neither(R::KIND, verb, instead),
            (_, scope) => sentence(R::KIND, verb, scope.as_deref()),
        };
        let fallback = &self.common.fallback;
        if self.scope.is_none() && R::KIND.namespaced() && !fallback.is_empty() {
            self.common.reaches.lacks(R::KIND, sentence, Some(fallback.clone())).await;
            self.scope = Some(fallback.clone());
            self.version = None;
            self.denied = Some(Instant::now());
            return Ok(());
        }
        self.common.reaches.lacks(R::KIND, sentence.clone(), None).await;
        self.fail(sentence).await?;
        self.pause(self.common.tempo.again).await;
        self.scope = self.common.wanted.clone();
        self.version = None;
        Ok(())
    }

    fn wider_is_due(&self) -> bool {
        self.scope != self.common.wanted
            && self.denied.is_none_or(|at| at.elapsed() > self.common.tempo.again)
    }

    /// Asks whether all namespaces may be read by now.
    async fn widen(&mut self) -> Result<(), Trouble> {
        self.denied = Some(Instant::now());
        let path = format!("{}?limit=1", place(R::KIND, self.common.wanted.as_deref()));
        match self.common.server.read(&path, ACCEPT_LIST).await {
            Ok(_) => {
                self.scope = self.common.wanted.clone();
                self.version = None;
                Ok(())
            }
            Err(Trouble::Denied(_)) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    /// Waits, but not longer than until the server is back.
    async fn pause(&mut self, span: Duration) {
        let was_down = matches!(*self.pulse.borrow_and_update(), Pulse::Down(_));
        let back = async {
            while self.pulse.changed().await.is_ok() {
                if was_down && matches!(*self.pulse.borrow_and_update(), Pulse::Alive(_)) {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = back => {}
            () = sleep(span) => {}
        }
    }

    async fn list(&mut self) -> Result<(), Trouble> {
        self.tell(TableDelta::ListStart).await?;
        let base = place(R::KIND, self.scope.as_deref());
        let mut buffer = Vec::new();
        let (mut next, mut kept, mut version) = (String::new(), Vec::new(), None);
        loop {
            let page = match &*next {
                "" => format!("{base}?limit={PAGE}"),
                next => format!("{base}?limit={PAGE}&continue={}", percent(next)),
            };
            let body = self.common.server.read_into(buffer, &page, ACCEPT_LIST).await?;
            let list = wire::List::decode(envelope::open(body.clone())?)?;
            let head = list.metadata.unwrap_or_default();
            let rows = self.rows(list.items)?;
            // All pages are of the first one's version; where a server is less strict, the watch tells again.
            version.get_or_insert_with(|| text(&head.resource_version));
            let remaining = head.remaining.and_then(|n| u64::try_from(n).ok());
            if R::NEWEST.is_some() {
                kept.extend(rows);
            } else {
                self.tell(TableDelta::Page { rows, remaining }).await?;
            }
            next = text(&head.next);
            drop((head.next, head.resource_version));
            buffer = body.into();
            if next.is_empty() {
                self.end_list(kept).await?;
                self.version = version;
                return Ok(());
            }
        }
    }

    async fn end_list(&mut self, kept: Vec<R>) -> Result<(), Trouble> {
        if let Some(limit) = R::NEWEST {
            let rows = self.newest.restart(kept, limit);
            self.tell(TableDelta::Page { rows, remaining: None }).await?;
        }
        self.tell(TableDelta::ListEnd { at: now() }).await?;
        if self.scope == self.common.wanted {
            self.common.reaches.has(R::KIND).await;
        }
        Ok(())
    }

    fn rows(&self, items: Vec<Bytes>) -> Result<Vec<R>, Trouble> {
        let mut texts = self.texts();
        items.into_iter().map(|item| Ok(R::project(item, &mut texts)?)).collect()
    }

    fn texts(&self) -> MutexGuard<'_, Interner> {
        self.common.texts.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Watches from `version` until the server ends the watch, the connection breaks or the server was away.
    async fn follow(&mut self, version: String) -> Result<(), Trouble> {
        let tempo = self.common.tempo;
        let span = tempo.watch.mul_f64(jitter(0.25)).max(Duration::from_secs(1));
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
            place(R::KIND, self.scope.as_deref()),
            percent(&version),
            span.as_secs()
        );
        let begin = Instant::now();
        let mut body = self.common.server.get(&path, ACCEPT_WATCH).await?.into_body();
        self.tell(TableDelta::Heard { at: now() }).await?;
        let (mut buffer, deadline) = (BytesMut::new(), begin + span + tempo.grace);
        self.pulse.mark_unchanged();
        loop {
            tokio::select! {
                chunk = self.common.server.chunk(&mut body) => match chunk {
                    Ok(Some(chunk)) => {
                        buffer.extend_from_slice(&chunk);
                        self.take(&mut buffer).await?;
                    }
                    // Ended, or broken off: the next watch finds out whether the server is there.
                    Ok(None) | Err(_) => return self.ended(begin).await,
                },
                () = sleep_until(deadline) => return Ok(()),
                beat = self.pulse.changed() => {
                    beat.map_err(|_| Trouble::Closed)?;
                    if matches!(*self.pulse.borrow_and_update(), Pulse::Alive(_)) {
                        self.tell(TableDelta::Heard { at: now() }).await?;
                    }
                }
            }
        }
    }

    /// A server or proxy that ends every watch at once must not be asked in a tight loop.
    async fn ended(&mut self, begin: Instant) -> Result<(), Trouble> {
        if begin.elapsed() < self.common.tempo.worked {
            let pause = self.backoff.pause();
            self.pause(pause).await;
        }
        Ok(())
    }

    /// Takes the whole frames in `buffer`. Of several changes of one object only the last is told.
    async fn take(&mut self, buffer: &mut BytesMut) -> Result<(), Trouble> {
        let (mut deltas, mut places, mut version) = (Vec::new(), HashMap::new(), None);
        let mut ended = Ok(());
        while let Some(frame) = envelope::next_frame(buffer)? {
            match self.event(frame) {
                Ok((delta, at)) => {
                    collect(delta, &mut deltas, &mut places);
                    version = Some(at);
                }
                Err(trouble) => {
                    ended = Err(trouble);
                    break;
                }
            }
        }
        for delta in deltas {
            self.change(delta).await?;
        }
        self.version = version.or(self.version.take());
        ended
    }

    /// Reads one event: what it says and the version that it leads to. A bookmark confirms what is held.
    fn event(&self, frame: Bytes) -> Result<(TableDelta<R>, String), Trouble> {
        let event = wire::WatchEvent::decode(frame)?;
        let object = envelope::open(event.object.unwrap_or_default().raw)?;
        let at = now();
        Ok(match &*event.kind {
            b"ERROR" => {
                let status = wire::Status::decode(object)?;
                let code = u16::try_from(status.code).unwrap_or_default();
                return Err(Trouble::status(code, text(&status.message).into()));
            }
            b"BOOKMARK" => (TableDelta::Heard { at }, project::resource_version(object)?),
            b"DELETED" => {
                let key = project::key(object.clone(), &mut self.texts())?;
                (TableDelta::Remove { key, at }, project::resource_version(object)?)
            }
            _ => {
                let row = R::project(object, &mut self.texts())?;
                let version = row.meta().resource_version.to_string();
                (TableDelta::Put { row, at }, version)
            }
        })
    }

    async fn change(&mut self, delta: TableDelta<R>) -> Result<(), Trouble> {
        match (R::NEWEST, delta) {
            (Some(limit), TableDelta::Put { row, at }) => {
                for delta in self.newest.put(row, limit, at) {
                    self.tell(delta).await?;
                }
                Ok(())
            }
            (Some(_), TableDelta::Remove { key, .. }) if !self.newest.remove(&key) => Ok(()),
            (_, delta) => self.tell(delta).await,
        }
    }

    async fn fail(&self, reason: Text) -> Result<(), Trouble> {
        self.tell(TableDelta::Failed { reason, at: now() }).await
    }

    async fn tell(&self, delta: TableDelta<R>) -> Result<(), Trouble> {
        self.common.news.send(R::delta(delta).into()).await.map_err(|_| Trouble::Closed)
    }
}

/// Returns when the pulse stops.
async fn went_down(pulse: &mut watch::Receiver<Pulse>) -> Text {
    pulse.mark_unchanged();
    while pulse.changed().await.is_ok() {
        if let Pulse::Down(reason) = &*pulse.borrow_and_update() {
            return reason.clone();
        }
    }
    std::future::pending().await
}

/// Puts an event in its place: the last word on an object replaces the earlier ones.
fn collect<R: Watched>(
    delta: TableDelta<R>,
    deltas: &mut Vec<TableDelta<R>>,
    places: &mut HashMap<Key, usize>,
) {
    let key = match &delta {
        TableDelta::Put { row, .. } => row.meta().key.clone(),
        TableDelta::Remove { key, .. } => key.clone(),
        _ => return deltas.push(delta),
    };
    match places.get(&key) {
        Some(place) => deltas[*place] = delta,
        None => {
            places.insert(key, deltas.len());
            deltas.push(delta);
        }
    }
}

/// The path of a kind's objects in a namespace; None: in all.
pub fn place(kind: Kind, namespace: Option<&str>) -> String {
    match namespace.filter(|_| kind.namespaced()) {
        Some(namespace) => format!("{}/namespaces/{}/{}", kind.api(), percent(namespace), kind.resource()),
        None => format!("{}/{}", kind.api(), kind.resource()),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A value as a part of a URL.
pub fn percent(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
