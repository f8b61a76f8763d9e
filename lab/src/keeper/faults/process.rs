//! Faults of a pod's process.

use crate::keeper::Keeper;
use anyhow::{Result, ensure};
use rustix::process::Signal;

/// Kills the pods' processes now and at every start.
pub(super) fn hold(keeper: &Keeper, namespace: &str, prefix: &str) {
    keeper.kubelet.hold(&format!("{namespace}/{prefix}"), true);
    signal(keeper, namespace, prefix, Signal::KILL);
}

/// Lets them start again: at the end of their back-off, as always.
pub(super) fn let_go(keeper: &Keeper, namespace: &str, prefix: &str) {
    keeper.kubelet.hold(&format!("{namespace}/{prefix}"), false);
}

/// SIGSTOP.
pub(super) fn stop(keeper: &Keeper, namespace: &str, prefix: &str) -> Result<()> {
    let found = signal(keeper, namespace, prefix, Signal::STOP);
    ensure!(found, "no pod {namespace}/{prefix}* runs");
    Ok(())
}

/// SIGCONT.
pub(super) fn resume(keeper: &Keeper, namespace: &str, prefix: &str) {
    signal(keeper, namespace, prefix, Signal::CONT);
}

pub(super) fn signal(keeper: &Keeper, namespace: &str, prefix: &str, signal: Signal) -> bool {
    let pods = keeper.kubelet.pods_like(namespace, prefix);
    pods.iter().for_each(|pod| pod.signal(signal));
    !pods.is_empty()
}
