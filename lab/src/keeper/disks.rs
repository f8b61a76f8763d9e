//! The provisioner of persistent volumes: a disk of its own size in memory for each claim.
//!
//! The volume controller binds; the provisioner only makes the volume where the scheduler put
//! the pod, and destroys it when its claim is gone, so a deleted claim is an empty disk.

use super::mounts;
use super::nodes::Node;
use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::PostParams;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

const PROVISIONER: &str = "castellan-lab/disks";
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

/// Makes and destroys volumes, for ever.
pub(crate) async fn provision(client: Client) {
    let claims = watcher(Api::<PersistentVolumeClaim>::all(client.clone()), watcher::Config::default());
    let volumes = watcher(Api::<PersistentVolume>::all(client.clone()), watcher::Config::default());
    let claims =
        claims.default_backoff().applied_objects().map_ok(|claim| Seen::Claim(Box::new(claim))).boxed();
    let volumes =
        volumes.default_backoff().applied_objects().map_ok(|volume| Seen::Volume(Box::new(volume))).boxed();
    let mut seen = futures::stream::select(claims, volumes);
    while let Some(event) = seen.next().await {
        let done = match event {
            Ok(Seen::Claim(claim)) => serve(&client, &claim).await,
            Ok(Seen::Volume(volume)) => release(&client, &volume).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = done {
            tracing::debug!("volumes: {error:#}");
        }
    }
}

enum Seen {
    Claim(Box<PersistentVolumeClaim>),
    Volume(Box<PersistentVolume>),
}

async fn serve(client: &Client, claim: &PersistentVolumeClaim) -> Result<()> {
    let spec = claim.spec.as_ref().context("no spec")?;
    let node = claim.annotations().get(SELECTED_NODE).and_then(|name| Node::named(name));
    let (None, Some(node)) = (&spec.volume_name, node) else { return Ok(()) };
    let api: Api<PersistentVolume> = Api::all(client.clone());
    let name = format!("pvc-{}", claim.uid().unwrap_or_default());
    if api.get_opt(&name).await?.is_some() {
        return Ok(());
    }
    let size =
        spec.resources.as_ref().and_then(|r| r.requests.as_ref()?.get("storage")).context("no size")?;
    if !mounts::disk(&name).exists() {
        mounts::make_disk(&name, bytes(&size.0).context("a size in Mi or Gi")?)?;
    }
    let volume = serde_json::from_value(json!({
        "metadata": {
            "name": name,
            "labels": {"topology.kubernetes.io/zone": node.zone},
            // Keeps the volume controller from deleting the data itself.
            "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER},
        },
        "spec": {
            "capacity": {"storage": size.0},
            "accessModes": spec.access_modes,
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": spec.storage_class_name,
            "volumeMode": "Filesystem",
            "local": {"path": mounts::disk(&name)},
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "namespace": claim.namespace(), "name": claim.name_any(), "uid": claim.uid(),
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [node.zone]},
            ]}]}},
        },
    }))?;
    api.create(&PostParams::default(), &volume).await?;
    Ok(())
}

async fn release(client: &Client, volume: &PersistentVolume) -> Result<()> {
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    if phase == Some("Released") && volume.metadata.deletion_timestamp.is_none() {
        mounts::destroy_disk(&volume.name_any())?;
        Api::<PersistentVolume>::all(client.clone()).delete(&volume.name_any(), &Default::default()).await?;
    }
    Ok(())
}

/// A quantity with a binary suffix, in bytes.
fn bytes(quantity: &str) -> Option<u64> {
    let (number, factor) = match quantity.strip_suffix("Gi") {
        Some(number) => (number, 1 << 30),
        None => (quantity.strip_suffix("Mi")?, 1 << 20),
    };
    Some(number.parse::<u64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    #[test]
    fn quantities() {
        assert_eq!(super::bytes("512Mi"), Some(512 << 20));
        assert_eq!(super::bytes("2Gi"), Some(2 << 30));
        assert_eq!(super::bytes("10G"), None);
    }
}
