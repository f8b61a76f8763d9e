//! A log dir that is full.

use crate::keeper::{Keeper, mounts};
use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::Api;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const BALLAST: &str = "ballast";

/// Writes a file beside the logs until this much of the volume is in use.
pub(super) async fn fill(keeper: &Keeper, number: u32, percent: u8) -> Result<()> {
    ensure!(percent <= 100, "a volume cannot be filled to {percent}%");
    let folder = volume_of(keeper, number).await?;
    tokio::task::spawn_blocking(move || write_ballast(&folder, percent)).await?
}

/// Removes the file.
pub(super) async fn empty(keeper: &Keeper, number: u32) -> Result<()> {
    // A claim that is gone took its ballast along.
    let Ok(volume) = volume_of(keeper, number).await else { return Ok(()) };
    match fs::remove_file(volume.join(BALLAST)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

async fn volume_of(keeper: &Keeper, number: u32) -> Result<PathBuf> {
    let claim = format!("data-kafka-{number}");
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(keeper.client.clone(), "kafka");
    let spec = claims.get(&claim).await?.spec;
    let volume = spec.and_then(|spec| spec.volume_name).with_context(|| format!("{claim} is not bound"))?;
    Ok(mounts::disk(&volume))
}

fn write_ballast(folder: &Path, percent: u8) -> Result<()> {
    let mut file = fs::File::create(folder.join(BALLAST))?;
    let block = vec![0; 64 * 1024];
    loop {
        let space = rustix::fs::statvfs(folder)?;
        let used = space.f_blocks.saturating_sub(space.f_bfree) * 100;
        if percent < 100 && used >= space.f_blocks * u64::from(percent) {
            return Ok(());
        }
        match file.write_all(&block) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
