//! Faults of Prometheus.

use super::process;
use crate::keeper::{Keeper, volumes};
use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{Patch, PatchParams};
use rustix::process::Signal;
use serde_json::json;

pub(super) const NAMESPACE: &str = "monitoring";
pub(super) const POD: &str = "prometheus-";
const CONFIG: &str = "prometheus-config";
const FILE: &str = "prometheus.yml";
/// Where the configuration waits while Prometheus does without.
const SPARE: &str = "prometheus.yml.spare";

/// Takes every scrape out of the configuration.
pub(super) async fn stop_scraping(keeper: &Keeper) -> Result<()> {
    let full = read(keeper, FILE).await?.context("no configuration")?;
    if read(keeper, SPARE).await?.is_none() {
        reload(keeper, json!({FILE: "scrape_configs: []\n", SPARE: full})).await?;
    }
    Ok(())
}

/// Puts the configuration back.
pub(super) async fn scrape(keeper: &Keeper) -> Result<()> {
    if let Some(full) = read(keeper, SPARE).await? {
        reload(keeper, json!({FILE: full, SPARE: null})).await?;
    }
    Ok(())
}

async fn read(keeper: &Keeper, file: &str) -> Result<Option<String>> {
    let map = maps(keeper).get(CONFIG).await?;
    Ok(map.data.unwrap_or_default().remove(file))
}

async fn reload(keeper: &Keeper, data: serde_json::Value) -> Result<()> {
    maps(keeper).patch(CONFIG, &PatchParams::default(), &Patch::Merge(json!({"data": data}))).await?;
    for pod in keeper.kubelet.pods_like(NAMESPACE, POD) {
        volumes::refresh(&keeper.client, &pod.pod).await?;
    }
    process::signal(keeper, NAMESPACE, POD, Signal::HUP);
    Ok(())
}

fn maps(keeper: &Keeper) -> Api<ConfigMap> {
    Api::namespaced(keeper.client.clone(), NAMESPACE)
}
