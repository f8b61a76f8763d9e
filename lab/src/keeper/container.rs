//! A container: a real process in its pod's network, with its pod's volumes.

use super::network::Sandbox;
use super::status::Ended;
use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rustix::process::{Pid, Signal};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Everything that a start of a container needs.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// Its command with its arguments.
    pub(crate) argv: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// Folders and where the process sees them.
    pub(crate) mounts: Vec<(PathBuf, String)>,
    pub(crate) sandbox: Sandbox,
    /// The program `lab`, which prepares the process.
    pub(crate) program: PathBuf,
    pub(crate) host: String,
    /// The folder of its logs.
    pub(crate) logs: PathBuf,
}

/// A running container.
#[derive(Debug)]
pub(crate) struct Container {
    child: Child,
    pub(crate) pid: Pid,
    started: Timestamp,
}

impl Container {
    /// Starts the process through `lab contain`, which replaces itself by it.
    pub(crate) fn start(spec: &Spec, attempt: u32) -> Result<Self> {
        let mut command = Command::new(&spec.program);
        command.args(["contain", "--net", &spec.sandbox.namespace(), "--host", &spec.host]);
        for (from, to) in &spec.mounts {
            command.arg("--mount").arg(format!("{}:{to}", from.display()));
        }
        command.arg("--").args(&spec.argv).env_clear().envs(spec.env.iter().cloned());
        // A group of its own, so that a signal reaches what the process starts, too.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Timestamp::now();
        let mut child = command.spawn()?;
        let log = Log::create(&spec.logs, attempt)?;
        if let Some(output) = child.stdout.take() {
            tokio::spawn(log.clone().follow(output, "stdout"));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(log.follow(output, "stderr"));
        }
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).context("ended at once")?;
        Ok(Self { child, pid, started })
    }

    /// Waits until the process has ended.
    pub(crate) async fn wait(&mut self) -> Result<Ended> {
        let exit = self.child.wait().await?;
        // What the process started goes with it, as with a container's pid namespace.
        let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
        Ok(ended(exit, self.started))
    }

    /// Signals the process and what it started.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = rustix::process::kill_process_group(self.pid, signal);
    }
}

/// A process that ends before it does anything: its log is empty.
pub(crate) fn stillborn(spec: &Spec, attempt: u32, code: i32, signal: Option<i32>) -> Result<Ended> {
    Log::create(&spec.logs, attempt)?;
    let now = Timestamp::now();
    Ok(Ended { code, signal, started: now, finished: now })
}

fn ended(exit: ExitStatus, started: Timestamp) -> Ended {
    use std::os::unix::process::ExitStatusExt as _;
    let signal = exit.signal();
    let code = exit.code().unwrap_or_else(|| 128 + signal.unwrap_or(0));
    Ended { code, signal, started, finished: Timestamp::now() }
}

/// A log in the format of the container runtime interface, which kwok's kubelet serves.
#[derive(Clone)]
struct Log(Arc<Mutex<File>>);

impl Log {
    /// Opens the log of this start; `current` and `previous` name it and the one before.
    fn create(folder: &Path, attempt: u32) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let name = |attempt: u32| format!("{attempt}.log");
        let file = File::create(folder.join(name(attempt)))?;
        point(&folder.join("current.log"), &name(attempt))?;
        if let Some(before) = attempt.checked_sub(1) {
            point(&folder.join("previous.log"), &name(before))?;
            if let Some(older) = before.checked_sub(1) {
                let _ = fs::remove_file(folder.join(name(older)));
            }
        }
        Ok(Self(Arc::new(Mutex::new(file))))
    }

    async fn follow(self, output: impl tokio::io::AsyncRead + Unpin, stream: &'static str) {
        let mut lines = BufReader::new(output).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            let mut entry = format!("{:.9} {stream} F ", Timestamp::now()).into_bytes();
            entry.extend_from_slice(&line);
            entry.push(b'\n');
            if let Ok(mut file) = self.0.lock() {
                let _ = file.write_all(&entry);
            }
        }
    }
}

/// Makes a symbolic link, replacing one of that name in one step.
fn point(link: &Path, target: &str) -> Result<()> {
    let fresh = link.with_extension("new");
    let _ = fs::remove_file(&fresh);
    std::os::unix::fs::symlink(target, &fresh)?;
    Ok(fs::rename(fresh, link)?)
}
