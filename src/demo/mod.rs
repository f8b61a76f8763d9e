//! A living cluster inside the program: a simulation that speaks Kubernetes, Kafka and Prometheus on
//! loopback, so that castellan's own clients run on it unchanged.
//!
//! `world` is the simulation: plain data that moves when it is told the time. `api`, `wire` and `metrics`
//! are the three protocols over it; they look at one world under one lock, so that what they tell is of the
//! same instant.

pub mod api;
pub mod metrics;
pub mod scenario;
mod shared;
pub mod tour;
pub mod wire;
pub mod world;

pub use shared::Shared;

use crate::{domain::Text, source::now};
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};
use wire::Outside;
use world::World;

/// The contexts of the demo's kubeconfig, and the tokens that they have: what the lab's may do, these may.
const CONTEXTS: [&str; 4] = ["demo", "viewer", "namespace", "no-evict"];

/// A running demo; it ends, and its folder is gone, when it is dropped.
pub struct Demo {
    folder: TempDir,
    /// What is going on in it, in a sentence.
    pub about: Text,
    /// The Kafka cluster that it is about, as castellan names it.
    pub cluster: Option<Text>,
    pub shared: Shared,
    /// The clusters' listeners for clients that are no castellan, by the clusters' names.
    outside: Vec<(String, Outside)>,
    _servers: JoinSet<()>,
}

impl Demo {
    /// Serves `world` on loopback.
    ///
    /// # Errors
    /// Where there is no room for its folder, or no port is free.
    pub async fn start(about: String, world: World) -> io::Result<Demo> {
        let folder = tempfile::Builder::new().prefix("castellan-demo-").tempdir()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let file = folder.path().join(KUBECONFIG);
        std::fs::write(file, kubeconfig(listener.local_addr()?))?;
        let cluster = world.kafka.first().map(|c| format!("{}/{}", c.namespace, c.name).into());
        let shared = Shared::new(world, now);
        let mut servers = JoinSet::new();
        servers.spawn(api::serve(shared.clone(), listener));
        Ok(Demo { folder, about: about.into(), cluster, shared, outside: Vec::new(), _servers: servers })
    }

    /// Lets clients that are no castellan reach the brokers, too, which castellan reaches through the API server.
    ///
    /// # Errors
    /// Where no port is free.
    pub async fn open(&mut self) -> io::Result<()> {
        let name = |cluster: &world::kafka::Cluster| format!("{}/{}", cluster.namespace, cluster.name);
        let names: Vec<String> = self.shared.with(|world| world.kafka.iter().map(name).collect());
        for (at, name) in names.into_iter().enumerate() {
            self.outside.push((name, wire::listen(self.shared.clone(), at).await?));
        }
        Ok(())
    }

    /// Everything that a castellan on the demo reads and writes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where other programs find it once it is open: lines for a shell and for people.
    pub fn addresses(&self) -> String {
        let mut text = format!("KUBECONFIG={}\n", self.kubeconfig().display());
        for (name, outside) in &self.outside {
            let servers: Vec<_> = outside.bootstrap().iter().map(SocketAddr::to_string).collect();
            text += &format!("BOOTSTRAP {name} {}\n", servers.join(","));
        }
        text
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join(KUBECONFIG)
    }
}

const KUBECONFIG: &str = "kubeconfig";

fn kubeconfig(server: SocketAddr) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: demo\nclusters:\n\
         - {{name: demo, cluster: {{server: \"http://{server}\"}}}}\ncontexts:\n"
    );
    for context in CONTEXTS {
        let namespace = if context == "namespace" { ", namespace: kafka" } else { "" };
        let _ =
            writeln!(text, "- {{name: {context}, context: {{cluster: demo, user: {context}{namespace}}}}}");
    }
    text += "users:\n";
    for context in CONTEXTS {
        let token = if context == "demo" { "admin" } else { context };
        let _ = writeln!(text, "- {{name: {context}, user: {{token: {token}}}}}");
    }
    text
}
