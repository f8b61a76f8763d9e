//! The lab's network: one router, the keeper's own namespace, and a namespace for each pod.
//!
//! Every pod has one end of a veth pair, its own address, and the router as its only neighbour,
//! as with Calico. So a process listens on its pod's address, its peers see that address, and
//! what a fault does to a pod's network is done by the kernel to packets.

use anyhow::{Context as _, Result, ensure};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// The router's address, where the API server and the kubelets' endpoint listen.
pub(crate) const ROUTER: &str = "10.44.0.1";

/// A link-layer address that nobody has: what is sent to it is lost without a word.
const NOBODY: &str = "02:00:00:00:00:01";

/// Hands out pods' networks.
#[derive(Debug, Default)]
pub(crate) struct Network {
    last: AtomicU32,
}

/// A pod's network namespace with its address.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox {
    number: u32,
    /// The pod's address.
    pub(crate) ip: String,
}

impl Network {
    /// Makes the keeper's namespace a router that has the addresses of all nodes.
    pub(crate) async fn prepare(nodes: impl Iterator<Item = String>) -> Result<Self> {
        let mut batch = format!("link set lo up\naddress add {ROUTER}/32 dev lo\n");
        for address in nodes {
            batch += &format!("address add {address}/32 dev lo\n");
        }
        ip(&batch).await?;
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
        Ok(Self::default())
    }

    /// Makes the network of a new pod on the node with this number.
    pub(crate) async fn attach(&self, node: u8) -> Result<Sandbox> {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        // Addresses go round, as a cluster's do, so that a restarted pod has another one.
        let sandbox = Sandbox { number, ip: format!("10.44.{node}.{}", 10 + number % 240) };
        let (pod, link, ip_address) = (sandbox.namespace(), sandbox.link(), &sandbox.ip);
        ip(&format!(
            "netns add {pod}\n\
             link add {link} type veth peer name eth0 netns {pod}\n\
             link set {link} up\n\
             route add {ip_address}/32 dev {link} src {ROUTER}\n"
        ))
        .await?;
        sandbox
            .ip_inside(&format!(
                "link set lo up\n\
             address add {ip_address}/32 dev eth0\n\
             link set eth0 up\n\
             route add {ROUTER} dev eth0\n\
             route add default via {ROUTER}\n"
            ))
            .await?;
        Ok(sandbox)
    }
}

impl Sandbox {
    /// Its name under /run/netns.
    pub(crate) fn namespace(&self) -> String {
        format!("pod{}", self.number)
    }

    fn link(&self) -> String {
        format!("veth{}", self.number)
    }

    /// Removes the network; its processes must have ended.
    pub(crate) async fn detach(&self) -> Result<()> {
        ip(&format!("netns delete {}\n", self.namespace())).await
    }

    /// Loses every packet to and from the pod.
    pub(crate) async fn silence(&self) -> Result<()> {
        ip(&format!("neigh replace {} lladdr {NOBODY} dev {} nud permanent\n", self.ip, self.link())).await?;
        self.ip_inside(&format!("neigh replace {ROUTER} lladdr {NOBODY} dev eth0 nud permanent\n")).await
    }

    /// Ends [`silence`](Self::silence).
    pub(crate) async fn hear(&self) -> Result<()> {
        ip(&format!("neigh flush to {} dev {} nud permanent\n", self.ip, self.link())).await?;
        self.ip_inside(&format!("neigh flush to {ROUTER} dev eth0 nud permanent\n")).await
    }

    /// Limits what the pod receives and sends to this many kbit/s, with a queue that fills up.
    pub(crate) async fn narrow(&self, kbit: u32) -> Result<()> {
        let shape = format!("root tbf rate {kbit}kbit burst 4kb limit 1mb");
        let batch = |device: &str| format!("qdisc replace dev {device} {shape}\n");
        batch_of("tc", None, &batch(&self.link())).await?;
        batch_of("tc", Some(&self.namespace()), &batch("eth0")).await
    }

    /// Ends [`narrow`](Self::narrow).
    pub(crate) async fn widen(&self) -> Result<()> {
        let batch = |device: &str| format!("qdisc replace dev {device} root noqueue\n");
        batch_of("tc", None, &batch(&self.link())).await?;
        batch_of("tc", Some(&self.namespace()), &batch("eth0")).await
    }

    async fn ip_inside(&self, batch: &str) -> Result<()> {
        batch_of("ip", Some(&self.namespace()), batch).await
    }
}

async fn ip(batch: &str) -> Result<()> {
    batch_of("ip", None, batch).await
}

/// Runs a batch of commands of iproute2, in a pod's namespace or in the keeper's.
async fn batch_of(tool: &str, namespace: Option<&str>, batch: &str) -> Result<()> {
    let mut command = Command::new(tool);
    if let Some(namespace) = namespace {
        command.args(["-netns", namespace]);
    }
    command.args(["-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("{tool} (package iproute2)"))?;
    child.stdin.take().context("no stdin")?.write_all(batch.as_bytes()).await?;
    let output = child.wait_with_output().await?;
    ensure!(output.status.success(), "{tool}: {}in {batch}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
