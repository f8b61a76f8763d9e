//! Tells Prometheus which pods to scrape.
//!
//! Debian builds Prometheus without its discovery in Kubernetes, so the lab offers the same
//! pods, with the labels that are usual there, to its discovery in files.

use super::pod::LabPod;
use anyhow::Result;
use kube::ResourceExt as _;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;

const FILE: &str = "/mnt/targets/pods.json";

/// Writes the targets, in one step and only if they changed.
pub(super) fn write(pods: &[Arc<LabPod>]) -> Result<()> {
    let mut targets: Vec<_> = pods.iter().filter_map(|pod| target(pod)).collect();
    targets.sort_by_key(ToString::to_string);
    let text = serde_json::to_string(&targets)?;
    if fs::read_to_string(FILE).is_ok_and(|before| before == text) {
        return Ok(());
    }
    let fresh = Path::new(FILE).with_extension("new");
    fs::write(&fresh, text)?;
    Ok(fs::rename(fresh, FILE)?)
}

/// A pod that asks to be scraped by its annotations.
fn target(pod: &LabPod) -> Option<Value> {
    let annotations = pod.pod.annotations();
    let wanted = annotations.get("prometheus.io/scrape")? == "true";
    let port = annotations.get("prometheus.io/port").filter(|_| wanted)?;
    let (namespace, name) = pod.key();
    let labels = json!({"namespace": namespace, "pod": name, "node": pod.node.name});
    Some(json!({"targets": [format!("{}:{port}", pod.sandbox()?.ip)], "labels": labels}))
}
