//! A node that is lost: no power, no network, no kubelet.

use crate::keeper::Keeper;
use crate::keeper::nodes::{self, NODES, Node};
use crate::keeper::pod::LabPod;
use anyhow::{Context as _, Result};
use kube::Api;
use kube::api::{Patch, PatchParams};
use rustix::process::Signal;
use std::sync::Arc;

/// Cuts the node off. The node controller finds out by itself.
pub(super) async fn lose(keeper: &Keeper, name: &str) -> Result<()> {
    let node = named(name)?;
    set_kubelet(keeper, node, false).await?;
    keeper.kubelet.set_power(node, false);
    for pod in pods(keeper, node) {
        if let Some(sandbox) = pod.sandbox() {
            sandbox.silence().await?;
        }
        pod.signal(Signal::KILL);
    }
    Ok(())
}

/// Brings it back: its kubelet then starts its containers again and ends what was deleted.
pub(super) async fn find(keeper: &Keeper, name: &str) -> Result<()> {
    let node = named(name)?;
    for pod in pods(keeper, node) {
        if let Some(sandbox) = pod.sandbox() {
            sandbox.hear().await?;
        }
    }
    keeper.kubelet.set_power(node, true);
    set_kubelet(keeper, node, true).await
}

fn named(name: &str) -> Result<&'static Node> {
    let all = || NODES.iter().map(|node| node.name).collect::<Vec<_>>().join(", ");
    Node::named(name).with_context(|| format!("{name} is none of {}", all()))
}

fn pods(keeper: &Keeper, node: &Node) -> Vec<Arc<LabPod>> {
    keeper.kubelet.pods().into_iter().filter(|pod| pod.node.name == node.name).collect()
}

async fn set_kubelet(keeper: &Keeper, node: &Node, running: bool) -> Result<()> {
    let api: Api<k8s_openapi::api::core::v1::Node> = Api::all(keeper.client.clone());
    let patch = Patch::Merge(nodes::kubelet_patch(running));
    api.patch(node.name, &PatchParams::default(), &patch).await?;
    Ok(())
}
