//! The folders that a pod's container sees.

use super::mounts;
use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::{ConfigMap, Container, PersistentVolumeClaim, Pod, Secret, Volume};
use kube::{Api, Client, ResourceExt as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Prepares every volume that this container mounts, and waits for what does not exist yet.
pub(crate) async fn mount_all(
    client: &Client,
    pod: &Pod,
    container: &Container,
) -> Result<Vec<(PathBuf, String)>> {
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    let mut mounts = Vec::new();
    for mount in container.volume_mounts.as_deref().unwrap_or_default() {
        let volume = volumes.iter().find(|volume| volume.name == mount.name).context(mount.name.clone())?;
        let folder = loop {
            match folder_of(client, pod, volume).await {
                Ok(folder) if folder.exists() => break folder,
                Ok(_) => {}
                Err(error) => tracing::debug!("volume {}: {error:#}", mount.name),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        mounts.push((folder, mount.mount_path.clone()));
    }
    Ok(mounts)
}

/// Writes the pod's ConfigMaps and Secrets anew, as a kubelet does when they change.
pub(crate) async fn refresh(client: &Client, pod: &Pod) -> Result<()> {
    for volume in pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default() {
        folder_of(client, pod, volume).await?;
    }
    Ok(())
}

/// Removes what was prepared for a pod alone.
pub(crate) fn discard(pod: &Pod) {
    let _ = fs::remove_dir_all(mounts::pod_volume(&pod.uid().unwrap_or_default(), ""));
}

async fn folder_of(client: &Client, pod: &Pod, volume: &Volume) -> Result<PathBuf> {
    let namespace = pod.namespace().unwrap_or_default();
    if let Some(claim) = &volume.persistent_volume_claim {
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &namespace);
        let claim = claims.get(&claim.claim_name).await?;
        let bound = claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Bound");
        let volume = claim.spec.filter(|_| bound).and_then(|spec| spec.volume_name);
        return Ok(mounts::disk(&volume.context("the claim is not bound")?));
    }
    let folder = mounts::pod_volume(&pod.uid().unwrap_or_default(), &volume.name);
    fs::create_dir_all(&folder)?;
    if let Some(name) = volume.config_map.as_ref().map(|source| &source.name) {
        let map = Api::<ConfigMap>::namespaced(client.clone(), &namespace).get(name).await?;
        write_all(
            &folder,
            map.data.unwrap_or_default().into_iter().map(|(name, text)| (name, text.into_bytes())),
        )?;
    }
    if let Some(name) = volume.secret.as_ref().and_then(|source| source.secret_name.as_ref()) {
        let secret = Api::<Secret>::namespaced(client.clone(), &namespace).get(name).await?;
        write_all(&folder, secret.data.unwrap_or_default().into_iter().map(|(name, data)| (name, data.0)))?;
    }
    Ok(folder)
}

fn write_all(folder: &Path, files: impl Iterator<Item = (String, Vec<u8>)>) -> Result<()> {
    for (name, content) in files {
        fs::write(folder.join(name), content)?;
    }
    Ok(())
}
