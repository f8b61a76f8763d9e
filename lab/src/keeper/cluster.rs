//! What a lab's cluster contains, and when it is ready.

use super::Keeper;
use super::nodes::NODES;
use super::plane;
use crate::home::Home;
use crate::toolbox::Toolbox;
use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt as _};
use serde_json::json;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// What is there before the controllers start.
const GROUND: [&str; 2] = [include_str!("../../manifests/definitions.yaml"), ACCESS];

/// Who may do what.
pub(crate) const ACCESS: &str = include_str!("../../manifests/access.yaml");

/// What then runs; the brokers first, for everything waits for them.
const WORKLOADS: [&str; 5] = [
    include_str!("../../manifests/kafka.yaml"),
    include_str!("../../manifests/staging.yaml"),
    include_str!("../../manifests/monitoring.yaml"),
    include_str!("../../manifests/shop.yaml"),
    include_str!("../../manifests/others.yaml"),
];

/// What a lab has to have once it is ready: a namespace, how pods' names begin, how many.
const READY: [(&str, &str, usize); 7] = [
    ("kafka", "kafka-", 3),
    ("staging", "kafka-", 1),
    ("monitoring", "prometheus-", 1),
    ("shop", "orders-producer-", 1),
    ("shop", "billing-", 2),
    ("shop", "audit-", 1),
    ("shop", "web-", 3),
];

/// A client of the API server, once that is ready.
pub(crate) async fn connect(kubeconfig: &Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let client = Client::try_from(config)?;
    for _ in 0..600 {
        let request = http::Request::get("/readyz").body(Vec::new())?;
        if client.request_text(request).await.is_ok() {
            return Ok(client);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the API server at {} does not become ready", plane::server())
}

/// Makes the nodes, the roles and the definitions.
pub(crate) async fn lay_ground(home: &Home, tools: &Toolbox) -> Result<()> {
    let nodes: Vec<_> = NODES.iter().map(super::nodes::Node::manifest).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": nodes});
    apply(home, tools, &list.to_string()).await?;
    for manifest in GROUND {
        apply(home, tools, manifest).await?;
    }
    Ok(())
}

/// Makes everything else and waits until it is ready, telling in `waiting` what is not.
pub(crate) async fn populate(keeper: Arc<Keeper>) {
    // Else the first node that is ready would get everything.
    while !nodes_ready(&keeper.client).await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for manifest in WORKLOADS {
        while let Err(error) = apply(&keeper.home, &keeper.tools, manifest).await {
            tracing::warn!("{error:#}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    if let Err(error) = super::faults::token::renew(&keeper).await {
        tracing::error!("token: {error:#}");
    }
    loop {
        let waiting = unready(&keeper.client).await.unwrap_or_else(|error| vec![error.to_string()]);
        let done = waiting.is_empty();
        if let Ok(mut shown) = keeper.waiting.lock() {
            *shown = waiting;
        }
        if done {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn nodes_ready(client: &Client) -> bool {
    let is_ready = |node: &Node| {
        let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref());
        let ready = conditions.unwrap_or_default().iter().any(|c| c.type_ == "Ready" && c.status == "True");
        ready && node.spec.as_ref().is_none_or(|spec| spec.taints.is_none())
    };
    let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default()).await;
    nodes.is_ok_and(|nodes| nodes.iter().all(is_ready))
}

async fn unready(client: &Client) -> Result<Vec<String>> {
    let mut waiting = Vec::new();
    let pods = Api::<Pod>::all(client.clone()).list(&ListParams::default()).await?;
    for (namespace, prefix, wanted) in READY {
        let ready = pods.iter().filter(|pod| {
            pod.namespace().as_deref() == Some(namespace)
                && pod.name_any().starts_with(prefix)
                && is_ready(pod)
        });
        let ready = ready.count();
        if ready < wanted {
            waiting.push(format!("{namespace}/{prefix}* {ready}/{wanted}"));
        }
    }
    let topics = pods.iter().any(|pod| {
        pod.name_any().starts_with("topics-")
            && pod.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Succeeded")
    });
    if !topics {
        waiting.push("topics".into());
    }
    Ok(waiting)
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref());
    conditions
        .unwrap_or_default()
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// `kubectl apply` of a manifest.
pub(crate) async fn apply(home: &Home, tools: &Toolbox, manifest: &str) -> Result<()> {
    let mut child = Command::new(tools.program("kubectl"))
        .args([
            "apply",
            "--server-side",
            "--force-conflicts",
            "--validate=false",
            "--filename=-",
            "--kubeconfig",
        ])
        .arg(home.root().join("inside"))
        .env("HOME", home.root())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("no stdin")?.write_all(manifest.as_bytes()).await?;
    let output = child.wait_with_output().await?;
    ensure!(output.status.success(), "kubectl apply: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
