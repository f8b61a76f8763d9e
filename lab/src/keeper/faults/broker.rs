//! Faults of one broker of the cluster in the namespace `kafka`.

use super::process;
use crate::keeper::Keeper;
use crate::keeper::network::Sandbox;
use crate::keeper::pod::LabPod;
use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use std::sync::Arc;

const NAMESPACE: &str = "kafka";

fn name(broker: u32) -> String {
    format!("kafka-{broker}")
}

/// The pod of a broker.
pub(super) fn pod(keeper: &Keeper, broker: u32) -> Result<Arc<LabPod>> {
    let pods = keeper.kubelet.pods_like(NAMESPACE, &name(broker));
    pods.into_iter().next().with_context(|| format!("no pod {NAMESPACE}/{}", name(broker)))
}

fn sandbox(keeper: &Keeper, broker: u32) -> Result<Sandbox> {
    pod(keeper, broker)?.sandbox().context("the pod has no network yet")
}

pub(super) fn kill(keeper: &Keeper, broker: u32, once: bool) -> Result<()> {
    pod(keeper, broker)?;
    if once {
        process::signal(keeper, NAMESPACE, &name(broker), Signal::KILL);
    } else {
        process::hold(keeper, NAMESPACE, &name(broker));
    }
    Ok(())
}

pub(super) fn let_live(keeper: &Keeper, broker: u32) {
    process::let_go(keeper, NAMESPACE, &name(broker));
}

pub(super) fn hang(keeper: &Keeper, broker: u32) -> Result<()> {
    process::stop(keeper, NAMESPACE, &name(broker))
}

pub(super) fn resume(keeper: &Keeper, broker: u32) {
    process::resume(keeper, NAMESPACE, &name(broker));
}

pub(super) async fn slow(keeper: &Keeper, broker: u32, kbit: u32) -> Result<()> {
    ensure!(kbit >= 16, "less than 16 kbit/s is not slow but dead");
    sandbox(keeper, broker)?.narrow(kbit).await
}

/// A pod that was replaced meanwhile has a new network, and one that is gone has none.
pub(super) async fn quicken(keeper: &Keeper, broker: u32) -> Result<()> {
    match sandbox(keeper, broker) {
        Ok(sandbox) => sandbox.widen().await,
        Err(_) => Ok(()),
    }
}
