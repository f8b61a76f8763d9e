//! Where a lab keeps its files.

use anyhow::{Context as _, Result, ensure};
use etcetera::BaseStrategy;
use std::path::{Path, PathBuf};

/// The longest path that a unix socket may have, its ending NUL left out.
const SOCKET_PATH_MAX: usize = 107;

/// The folder of one lab: its sockets, kubeconfigs, certificates and logs.
///
/// Nothing in it outlives the lab's next start: every start is a new cluster.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// The folder of the lab of this name, whether the lab exists or not.
    pub fn of(name: &str) -> Result<Self> {
        ensure!(
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "a lab's name is made of a-z, 0-9 and -, unlike {name:?}"
        );
        let base = etcetera::choose_base_strategy().context("no home folder")?;
        let state = base.state_dir().unwrap_or_else(|| base.cache_dir());
        let home = Self(state.join("castellan/lab").join(name));
        ensure!(
            home.control().as_os_str().len() <= SOCKET_PATH_MAX,
            "{} is too long for a unix socket: set XDG_STATE_HOME to a shorter folder",
            home.control().display()
        );
        Ok(home)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// The lab's name.
    pub fn name(&self) -> &str {
        self.0.file_name().and_then(|n| n.to_str()).unwrap_or_default()
    }

    /// The socket on which the keeper takes orders.
    pub fn control(&self) -> PathBuf {
        self.0.join("control")
    }

    /// Held while a lab of this name is being started or stopped.
    pub fn lock(&self) -> PathBuf {
        self.0.with_extension("lock")
    }

    /// Certificates, keys and tokens.
    pub fn secrets(&self) -> PathBuf {
        self.0.join("secrets")
    }

    /// What the lab's own processes print, one file each.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// What the API server was asked to change, by whom and with which answer: one `audit.k8s.io/v1` Event a
    /// line. The lab's own parts are left out.
    pub fn audit(&self) -> PathBuf {
        self.logs().join("audit.log")
    }

    /// What containers print, in the format of the container runtime interface.
    pub fn pods(&self) -> PathBuf {
        self.0.join("pods")
    }

    /// The kubeconfig with every context.
    pub fn kubeconfig(&self) -> PathBuf {
        self.0.join("kubeconfig")
    }

    /// The credential that the expiring context's plugin prints.
    pub fn credential(&self) -> PathBuf {
        self.secrets().join("credential.json")
    }
}

/// The folder of what is built once for all labs.
pub fn cache() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy().context("no home folder")?;
    Ok(base.cache_dir().join("castellan/lab"))
}
