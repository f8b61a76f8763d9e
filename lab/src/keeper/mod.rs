//! The keeper: the first process of a lab's namespaces, which starts and supervises the rest.

mod backoff;
mod certificates;
mod cluster;
mod container;
mod disks;
mod events;
mod faults;
mod kubelet;
mod mounts;
mod names;
mod network;
mod nodes;
mod orders;
mod plane;
mod pod;
mod probe;
mod reaper;
mod relay;
mod status;
mod targets;
mod volumes;
mod writer;

use crate::control::Status;
use crate::home::Home;
use crate::kubeconfig::{self, Context};
use crate::toolbox::Toolbox;
use anyhow::{Context as _, Result};
use certificates::Secrets;
use faults::Faults;
use kube::Client;
use kubelet::Kubelet;
use network::{Network, ROUTER};
use nodes::NODES;
use plane::Plane;
use relay::Relay;
use serde_json::Value;
use std::fs;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

/// Everything that orders work on.
struct Keeper {
    home: Home,
    tools: Toolbox,
    client: Client,
    plane: Plane,
    relay: Relay,
    kubelet: Arc<Kubelet>,
    faults: Faults,
    waiting: Mutex<Vec<String>>,
}

/// Runs a lab until it is told to stop.
pub(crate) async fn run(home: Home, tools: Toolbox, listener: OwnedFd) -> Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    mounts::prepare(home.root())?;
    let network = Network::prepare(NODES.iter().map(nodes::Node::address)).await?;
    let mut addresses = vec!["127.0.0.1".to_owned(), "localhost".into(), ROUTER.into(), "10.96.0.1".into()];
    addresses.push("kubernetes.default.svc".into());
    addresses.extend(NODES.iter().map(nodes::Node::address));
    let secrets = Secrets::make(&home, &addresses)?;
    let relay = Relay::start(listener, format!("{ROUTER}:6443"))?;
    write_files(&home, &tools, &secrets, &relay)?;

    let mut plane = Plane::start(&home, &tools).await?;
    let client = cluster::connect(&home.root().join("components")).await?;
    cluster::lay_ground(&home, &tools).await?;
    plane.start_controllers(&home, &tools)?;
    let kubelet = Kubelet::new(&home, &tools, client.clone(), network);
    tokio::spawn(kubelet.clone().follow());
    tokio::spawn(disks::provision(client.clone()));
    tokio::spawn(reaper::reap());
    let waiting = Mutex::new(vec!["workloads".to_owned()]);
    let faults = Faults::default();
    let keeper = Arc::new(Keeper { home, tools, client, plane, relay, kubelet, faults, waiting });
    tokio::spawn(cluster::populate(keeper.clone()));
    orders::serve(keeper).await
}

impl Keeper {
    fn status(&self) -> Status {
        let component = |component: &plane::Component| {
            component.pid().map(|pid| format!("{} {}", component.name, pid.as_raw_nonzero()))
        };
        let mut processes: Vec<_> = self.plane.components().filter_map(component).collect();
        for pod in self.kubelet.pods() {
            if let Some(pid) = *pod.process.borrow() {
                let (namespace, name) = pod.key();
                processes.push(format!("{namespace}/{name} {}", pid.as_raw_nonzero()));
            }
        }
        processes.sort();
        Status {
            waiting: self.waiting.lock().map(|waiting| waiting.clone()).unwrap_or_default(),
            faults: self.faults.on(),
            server: format!("https://{}", self.relay.address),
            processes,
        }
    }
}

/// The kubeconfigs, the configurations of kwok and of the audit log, and the program itself for the pods' PATH.
fn write_files(home: &Home, tools: &Toolbox, secrets: &Secrets, relay: &Relay) -> Result<()> {
    let root = home.root();
    let write = |name: &str, value: &Value| -> Result<()> {
        Ok(fs::write(root.join(name), serde_json::to_string_pretty(value)?)?)
    };
    let outside = format!("https://{}", relay.address);
    let token = |user: &str| secrets.token(user);
    for context in Context::ALL {
        let config = kubeconfig::outside(home, &outside, &secrets.ca_pem, &token, context);
        write(&format!("kubeconfig-{}", context.suffix()), &config)?;
    }
    write("kubeconfig", &kubeconfig::outside(home, &outside, &secrets.ca_pem, &token, Context::Admin))?;
    let inside = |user: &str| kubeconfig::inside(&plane::server(), &secrets.ca_pem, &secrets.token(user));
    write("inside", &inside("admin"))?;
    write("components", &inside("system:controllers"))?;
    fs::write(root.join("stages.yaml"), include_str!("../../manifests/stages.yaml"))?;
    fs::write(root.join("audit.yaml"), include_str!("../../manifests/audit.yaml"))?;
    fs::write(root.join("path"), tools.bin().display().to_string())?;
    let bin = root.join("bin");
    fs::create_dir_all(&bin)?;
    // A copy, for cargo may replace the program while the lab runs.
    fs::copy(std::env::current_exe()?, bin.join("lab")).context("copy the program")?;
    Ok(())
}
