//! A real Kafka on a real Kubernetes, watched by a real Prometheus, on one machine.
//!
//! A lab runs etcd, the API server, the controllers, the scheduler and kwok's nodes; the pods
//! that matter are real processes in network namespaces of their own: Kafka's brokers, their
//! producers and consumers, Prometheus. One keeper, the first process of the lab's namespaces,
//! supervises all of them, so that nothing outlives it. Outside only the API server can be
//! reached, on a port of 127.0.0.1.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use castellan_lab::{Context, Fault, Lab};
//!
//! let lab = Lab::start("mine").await?; // ends when dropped
//! let kubeconfig = lab.kubeconfig(Context::Viewer);
//! lab.fault(Fault::HangBroker { broker: 1 }).await?;
//! // … run castellan with --kubeconfig and watch it …
//! lab.undo(Fault::HangBroker { broker: 1 }).await?;
//! # Ok(()) }
//! ```
//!
//! The program `lab` must be built beside the tests: [`Lab::start`] finds it in the target
//! folder of the running test, or where `CASTELLAN_LAB` says.

mod cli;
mod control;
mod fault;
mod fill;
mod golang;
mod home;
mod inside;
mod keeper;
mod kubeconfig;
mod launch;
mod toolbox;

#[doc(hidden)]
pub use cli::main;
pub use control::Status;
pub use fault::{Fault, Role};
pub use home::Home;
pub use kubeconfig::Context;

use anyhow::{Context as _, Result, bail};
use control::{Reply, Request};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A running lab.
#[derive(Debug)]
pub struct Lab {
    home: Home,
    keeper: i32,
    owned: bool,
}

impl Lab {
    /// Starts a lab of this name, or takes the one that runs; ready when this returns.
    ///
    /// A lab that this call started ends when the value is dropped; one that ran already stays.
    pub async fn start(name: &str) -> Result<Self> {
        let home = Home::of(name)?;
        let owned = launch::up(&home, &program()?, &|_| ()).await?;
        let mut lab = Self::attach(name).await?;
        lab.owned = owned;
        Ok(lab)
    }

    /// Takes a lab that runs. Dropping the value leaves it running.
    pub async fn attach(name: &str) -> Result<Self> {
        let home = Home::of(name)?;
        let keeper = control::keeper_pid(&home.control()).await?;
        Ok(Self { home, keeper, owned: false })
    }

    /// The lab's folder.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// A kubeconfig whose current context is this one.
    pub fn kubeconfig(&self, context: Context) -> PathBuf {
        self.home.root().join(format!("kubeconfig-{}", context.suffix()))
    }

    /// How the lab does.
    pub async fn status(&self) -> Result<Status> {
        match control::ask(&self.home.control(), &Request::Status).await? {
            Reply::Status(status) => Ok(status),
            other => bail!("an answer that makes no sense: {other:?}"),
        }
    }

    /// Breaks something, and returns when it is broken.
    pub async fn fault(&self, fault: Fault) -> Result<()> {
        control::ask(&self.home.control(), &Request::Fault(fault)).await.map(drop)
    }

    /// Mends what this fault broke. Mending what is not broken does nothing.
    pub async fn undo(&self, fault: Fault) -> Result<()> {
        control::ask(&self.home.control(), &Request::Undo(Some(fault))).await.map(drop)
    }

    /// Mends everything.
    pub async fn undo_all(&self) -> Result<()> {
        control::ask(&self.home.control(), &Request::Undo(None)).await.map(drop)
    }

    /// A command that will run inside the lab, where Kafka and Prometheus can be reached by name.
    ///
    /// Its PATH has kubectl and Kafka's tools, and its KUBECONFIG is the admin's from inside.
    pub fn enter_command(&self, program: &str) -> std::process::Command {
        let mut command = std::process::Command::new("nsenter");
        command.args(["--target", &self.keeper.to_string(), "--net", "--mount", "--pid"]);
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.args(["--", "env"]);
        command.arg(format!("KUBECONFIG={}", self.home.root().join("inside").display()));
        command.arg(format!("PATH={}", self.path()));
        command.arg(program);
        command
    }

    /// kubectl as this context, from outside, where only the API server can be reached.
    pub fn kubectl(&self, context: Context) -> std::process::Command {
        let folder = std::fs::read_to_string(self.home.root().join("path")).unwrap_or_default();
        let mut command = std::process::Command::new(Path::new(&folder).join("kubectl"));
        command.arg("--kubeconfig").arg(self.kubeconfig(context));
        command
    }

    /// Waits until a check holds, asking it twice a second.
    pub async fn wait_until<F, Fut>(&self, what: &str, limit: Duration, mut check: F) -> Result<()>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = bool>,
    {
        let deadline = Instant::now() + limit;
        while !check().await {
            if Instant::now() > deadline {
                bail!("{what}: not within {limit:?}");
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    }

    /// Ends the lab.
    pub async fn stop(mut self) -> Result<()> {
        self.owned = false;
        launch::down(&self.home).await.map(drop)
    }

    fn path(&self) -> String {
        let before = std::fs::read_to_string(self.home.root().join("path")).unwrap_or_default();
        format!("{before}:{}", std::env::var("PATH").unwrap_or_default())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.owned
            && let Some(pid) = rustix::process::Pid::from_raw(self.keeper)
        {
            // The kernel kills the whole pid namespace with its first process.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// The program `lab` that belongs to this library.
fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CASTELLAN_LAB") {
        return Ok(path.into());
    }
    let this = std::env::current_exe()?;
    this.ancestors()
        .skip(1)
        .map(|folder| folder.join("lab"))
        .find(|path| path.is_file())
        .context("the program `lab` is not built: cargo build -p castellan-lab")
}
