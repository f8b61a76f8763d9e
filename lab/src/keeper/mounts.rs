//! The keeper's private view of the file system.
//!
//! Everything is mounted in the lab's own mount namespace: nothing outside changes, and all of
//! it, disks included, is gone with the lab's last process.

use anyhow::{Context as _, Result};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, unmount};
use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};

/// Where a persistent volume's data is.
pub(crate) fn disk(volume: &str) -> PathBuf {
    Path::new("/mnt/disks").join(volume)
}

/// Where a pod's own volumes (configuration, secrets, scratch) are.
pub(crate) fn pod_volume(uid: &str, volume: &str) -> PathBuf {
    Path::new("/mnt/pods").join(uid).join(volume)
}

/// Prepares /mnt, the names of network namespaces, and the files of the name resolver.
pub(crate) fn prepare(folder: &Path) -> Result<()> {
    tmpfs(Path::new("/mnt"), "size=16m")?;
    for path in ["/mnt/disks", "/mnt/pods", "/mnt/targets"] {
        fs::create_dir(path)?;
    }
    tmpfs(Path::new("/run"), "size=16m")?;
    fs::create_dir("/run/netns")?;
    for (name, text) in [("hosts", "127.0.0.1 localhost\n"), ("resolv.conf", "")] {
        let own = folder.join(name);
        fs::write(&own, text)?;
        let place = Path::new("/etc").join(name);
        mount_bind(&own, fs::canonicalize(&place).unwrap_or(place))
            .with_context(|| format!("bind /etc/{name}"))?;
    }
    Ok(())
}

/// Makes an empty disk of this size.
pub(crate) fn make_disk(volume: &str, bytes: u64) -> Result<()> {
    let path = disk(volume);
    fs::create_dir_all(&path)?;
    tmpfs(&path, &format!("size={bytes}"))
}

/// Destroys a disk with its data.
pub(crate) fn destroy_disk(volume: &str) -> Result<()> {
    unmount(disk(volume), UnmountFlags::DETACH).with_context(|| format!("unmount {volume}"))?;
    Ok(fs::remove_dir(disk(volume))?)
}

fn tmpfs(path: &Path, options: &str) -> Result<()> {
    let options = CString::new(options)?;
    mount("tmpfs", path, "tmpfs", MountFlags::NOSUID, options.as_c_str())
        .with_context(|| format!("tmpfs on {}", path.display()))
}
