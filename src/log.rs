//! castellan's own log: a file in the state folder, bounded in size. The screen is never written to.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};
use tracing_subscriber::EnvFilter;

/// Of the log and of the one before it.
const MAX_BYTES: u64 = 4 << 20;
/// kube tells each request that failed as an error: thousands in an outage, which the screen tells once.
const FILTER: &str = "warn,castellan=info,kube_client::client::builder=off";

/// Starts the log in `folder`; `CASTELLAN_LOG` names what is logged (`info`, `castellan=debug`).
///
/// # Errors
/// Where the file cannot be written: castellan goes on without a log, and says so.
pub fn start(folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join("castellan.log");
    let file = fs::create_dir_all(folder)
        .and_then(|()| Bounded::open(&path))
        .map_err(|e| format!("no log is kept: cannot write {}: {e}", path.display()))?;
    let filter = EnvFilter::try_from_env("CASTELLAN_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init()
        .map_err(|e| format!("no log is kept: {e}"))?;
    Ok(path)
}

/// A file that is put aside when it is full, in place of the one put aside before.
struct Bounded {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
}

impl Bounded {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let size = file.metadata()?.len();
        Ok(Bounded { path: path.to_path_buf(), file, size, limit: MAX_BYTES })
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size + bytes.len() as u64 > self.limit && self.size > 0 {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            self.file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            self.size = 0;
        }
        let written = self.file.write(bytes)?;
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("castellan.log");
        let mut log = Bounded { limit: 10, ..Bounded::open(&path).unwrap() };
        for line in ["12345\n", "6789\n", "abc\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "6789\nabc\n");
        assert_eq!(fs::read_to_string(path.with_extension("log.1")).unwrap(), "12345\n");
    }

    #[test]
    fn requests_that_fail_in_an_outage_do_not_fill_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("castellan.log");
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(FILTER))
            .with_writer(Mutex::new(Bounded::open(&path).unwrap()))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!(target: "kube_client::client::builder", "failed with error client error (Connect)");
            tracing::error!(target: "kube_client::client::auth", "the token cannot be read");
            tracing::info!(target: "castellan::run", "started");
        });
        let log = fs::read_to_string(&path).unwrap();
        assert!(log.contains("the token cannot be read") && log.contains("started"), "{log}");
        assert!(!log.contains("(Connect)"), "{log}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said() {
        let said = start(Path::new("/proc/nowhere")).unwrap_err();
        assert!(said.starts_with("no log is kept: cannot write /proc/nowhere/castellan.log"), "{said}");
    }
}
