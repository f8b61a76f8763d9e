//! Kubernetes by lists and watches, read in protobuf and reduced to rows as it arrives.

mod access;
mod ask;
mod backoff;
mod credentials;
mod envelope;
mod exec;
mod intern;
mod kubeconfig;
mod log_lines;
mod newest;
mod project;
mod pulse;
mod reach;
mod request;
mod trouble;
mod watched;
mod watcher;
pub mod wire;

#[cfg(test)]
mod tests;

pub use access::access;
pub use ask::{logs, yaml};
pub use kubeconfig::Options;
pub use watcher::{percent, place};

use super::{News, Running, gate::Gate, now};
use crate::domain::{Text, context::Context, kubernetes::*};
use credentials::{Credentials, prepare};
use exec::Terminal;
use futures::FutureExt;
use pulse::{Pulse, Tempo};
use request::Server;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinSet, time::sleep};
use watched::Watched;
use watcher::{Common, Watcher};

/// An API server and who we are to it.
#[derive(Clone)]
pub struct Connection {
    pub gate: Gate,
    /// The kubeconfig's files, or what else tells of it.
    pub source: Text,
    pub context: Text,
    pub cluster: Text,
    pub user: Text,
    /// The default namespace: `--namespace`, else the context's.
    pub namespace: Text,
    /// Every context of the kubeconfig, for the picker.
    pub contexts: Vec<Context>,
    credentials: Arc<Credentials>,
}

/// Reads the kubeconfig and runs its auth plugin, which may use the terminal: call it before the terminal
/// goes raw. Asks nothing of the API server, so one that cannot be reached is no error here.
///
/// # Errors
/// One sentence that says what to do.
pub async fn connect(options: &Options) -> Result<Connection, Text> {
    let mut chosen = kubeconfig::choose(options).await?;
    let expires = prepare(&mut chosen.config, Terminal::Free).await?;
    let namespace = chosen.config.default_namespace.as_str().into();
    let credentials = Credentials::new(options.clone(), chosen.config, expires)?;
    Ok(Connection {
        gate: credentials.gate().clone(),
        source: chosen.source,
        context: chosen.context,
        cluster: chosen.cluster,
        user: chosen.user,
        namespace,
        contexts: chosen.contexts,
        credentials,
    })
}

impl Connection {
    /// A client of its own for one request, over a connection that nobody has used, and the name of the
    /// credentials in it for [`Connection::renew`].
    pub async fn fresh(&self) -> Result<(kube::Client, u64), Text> {
        self.credentials.fresh().await
    }

    /// Renews the credentials that a request was refused with (401), unless that was done meanwhile.
    pub async fn renew(&self, refused: u64) -> Result<(), Text> {
        self.credentials.renew(refused).await
    }
}

/// Watches every kind in the namespace `wanted` (None: all) until the result is dropped. Where all
/// namespaces are denied, the connection's own namespace is watched instead.
pub fn watch(connection: &Connection, wanted: Option<Text>, news: News) -> Running {
    watch_at(Tempo::default(), connection, wanted, news)
}

fn watch_at(tempo: Tempo, connection: &Connection, wanted: Option<Text>, news: News) -> Running {
    let common = Common {
        server: Server::new(connection.credentials.clone()),
        reaches: Arc::new(reach::Reaches::new(wanted.clone(), news.clone())),
        news,
        texts: Arc::default(),
        wanted,
        fallback: connection.namespace.clone(),
        tempo,
    };
    Running::spawn(async move {
        let (beats, pulse) = watch::channel(Pulse::default());
        common.reaches.start().await;
        let mut tasks = JoinSet::new();
        // The nodes and the pods first: the first screen waits for them.
        tasks.spawn(keep::<Pod>(common.clone(), pulse.clone()));
        tasks.spawn(keep::<Node>(common.clone(), pulse.clone()));
        tasks.spawn(keep::<StatefulSet>(common.clone(), pulse.clone()));
        tasks.spawn(keep::<Deployment>(common.clone(), pulse.clone()));
        tasks.spawn(keep::<ReplicaSet>(common.clone(), pulse.clone()));
        tasks.spawn(keep::<Service>(common.clone(), pulse.clone()));
        tasks.spawn(keep::<Claim>(common.clone(), pulse.clone()));
        tasks.spawn(keep::<Budget>(common.clone(), pulse.clone()));
        tasks.spawn(keep::<Autoscaler>(common.clone(), pulse.clone()));
        tasks.spawn(keep::<Event>(common.clone(), pulse));
        tasks.spawn(pulse::beat(common.server, common.news, beats, tempo));
        while tasks.join_next().await.is_some() {}
    })
}

/// Runs one kind's watcher and, should it ever panic, says so and starts it anew.
async fn keep<R: Watched>(common: Common, pulse: watch::Receiver<Pulse>) {
    loop {
        let watcher = Watcher::<R>::new(common.clone(), pulse.clone());
        if AssertUnwindSafe(watcher.run()).catch_unwind().await.is_ok() {
            return;
        }
        let reason = format!("castellan's watch of {} broke (see its log)", R::KIND.resource());
        let failed = TableDelta::Failed { reason: reason.into(), at: now() };
        if common.news.send(R::delta(failed).into()).await.is_err() {
            return;
        }
        sleep(Duration::from_secs(30)).await;
    }
}
