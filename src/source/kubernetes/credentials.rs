//! How the API server is talked to, and how that is renewed when it no longer works.

use super::{
    exec::{self, Terminal},
    kubeconfig::{Options, choose},
};
use crate::{
    domain::{Text, time::Time},
    source::{
        gate::{Gate, words},
        now,
    },
};
use http::HeaderValue;
use kube::{Client, Config};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::Instant};

const CONNECT: Duration = Duration::from_secs(5);
const WRITE: Duration = Duration::from_secs(30);
/// A renewal that did not help is not tried again at once: plugins ask identity providers.
const RENEWAL: Duration = Duration::from_secs(10);
/// Credentials are renewed this long before they expire.
const AHEAD: Duration = Duration::from_secs(60);

/// The credentials in use. One renewal at a time serves every request that was refused.
pub struct Credentials {
    gate: Gate,
    host: Text,
    options: Options,
    used: Mutex<Used>,
    generation: std::sync::atomic::AtomicU64,
}

struct Used {
    config: Config,
    expires: Option<Time>,
    renewed: Option<Instant>,
}

/// The configuration as every client of castellan's sources uses it.
pub async fn prepare(config: &mut Config, terminal: Terminal) -> Result<Option<Time>, Text> {
    config.connect_timeout = Some(CONNECT);
    config.write_timeout = Some(WRITE);
    // The watches back off by themselves and say so meanwhile.
    config.default_retry = false;
    let agent = HeaderValue::from_static(concat!("castellan/", env!("CARGO_PKG_VERSION")));
    config.headers.push((http::header::USER_AGENT, agent));
    exec::resolve(&mut config.auth_info, terminal).await
}

pub fn client(config: Config) -> Result<Client, Text> {
    Client::try_from(config).map_err(|e| words(&e))
}

impl Credentials {
    pub fn new(options: Options, config: Config, expires: Option<Time>) -> Result<Arc<Self>, Text> {
        let authority = config.cluster_url.authority().map_or("", |a| a.as_str());
        Ok(Arc::new(Credentials {
            gate: Gate::new(client(config.clone())?),
            host: authority.into(),
            options,
            used: Mutex::new(Used { config, expires, renewed: None }),
            generation: Default::default(),
        }))
    }

    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// `host:port` of the server.
    pub fn host(&self) -> &Text {
        &self.host
    }

    /// Names the credentials that a request is about to use, for [`Credentials::renew`].
    pub fn generation(&self) -> u64 {
        self.generation.load(std::sync::atomic::Ordering::Acquire)
    }

    /// New connections with the same credentials: those in the pool may be dead.
    pub async fn reconnect(&self) {
        if let Ok(client) = client(self.used.lock().await.config.clone()) {
            self.gate.replace(client);
        }
    }

    /// A client that shares no connection with others, and the name of the credentials in it.
    pub async fn fresh(&self) -> Result<(Client, u64), Text> {
        let used = self.used.lock().await;
        Ok((client(used.config.clone())?, self.generation()))
    }

    /// Whether the credentials are about to expire.
    pub async fn expiring(&self) -> bool {
        self.used.lock().await.expires.is_some_and(|at| now().plus(AHEAD) >= at)
    }

    /// Reads the kubeconfig again, runs its plugin again without the terminal, and replaces the client.
    /// `seen`: the generation that was refused; if it was renewed meanwhile, there is nothing to do.
    pub async fn renew(&self, seen: u64) -> Result<(), Text> {
        let mut used = self.used.lock().await;
        if self.generation() != seen {
            return Ok(());
        }
        if used.renewed.is_some_and(|at| at.elapsed() < RENEWAL) {
            return Err("the API server does not accept the renewed credentials (401)".into());
        }
        used.renewed = Some(Instant::now());
        let mut config = choose(&self.options).await?.config;
        used.expires = prepare(&mut config, Terminal::Taken).await?;
        self.gate.replace(client(config.clone())?);
        used.config = config;
        self.generation.fetch_add(1, std::sync::atomic::Ordering::Release);
        Ok(())
    }
}
