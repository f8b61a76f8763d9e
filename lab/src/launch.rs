//! Starting a lab's keeper in namespaces of its own, and stopping it.

use crate::control::{self, Reply, Request, Status};
use crate::home::Home;
use crate::toolbox::Toolbox;
use anyhow::{Context as _, Result, bail, ensure};
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a lab may take until everything in it is ready.
const START_DEADLINE: Duration = Duration::from_secs(240);

/// Starts the lab unless it runs, and waits until it is ready. Tells whether it started it.
pub(crate) async fn up(home: &Home, program: &Path, say: &(dyn Fn(&str) + Sync)) -> Result<bool> {
    std::fs::create_dir_all(home.root().parent().context("no parent")?)?;
    let lock = File::create(home.lock())?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
    if control::ask(&home.control(), &Request::Status).await.is_ok() {
        wait_ready(home, None, say).await?;
        return Ok(false);
    }
    let toolbox = Toolbox::prepare(say)?;
    let _ = std::fs::remove_dir_all(home.root());
    for folder in [home.secrets(), home.logs(), home.pods()] {
        std::fs::create_dir_all(folder)?;
    }
    say("starting");
    let keeper = spawn(home, &toolbox, program)?;
    wait_ready(home, Some(keeper), say).await?;
    Ok(true)
}

/// Ends the lab, and returns when nothing of it is left. Tells whether it ran.
pub(crate) async fn down(home: &Home) -> Result<bool> {
    let Ok(keeper) = control::keeper_pid(&home.control()).await else { return Ok(false) };
    control::ask(&home.control(), &Request::Stop).await?;
    gone(keeper).await?;
    Ok(true)
}

/// Waits until a keeper is gone: the kernel lets it go when its pid namespace is empty.
pub(crate) async fn gone(keeper: i32) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Path::new("/proc").join(keeper.to_string()).exists() {
        ensure!(Instant::now() < deadline, "the lab does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Runs `lab keeper` as the first process of new namespaces.
///
/// The listener is made out here and inherited: a socket stays in the network namespace
/// in which it was made, so the keeper accepts outside and connects inside.
fn spawn(home: &Home, toolbox: &Toolbox, program: &Path) -> Result<Child> {
    let port = usual_port(home.name());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty())?;
    let log = File::create(home.logs().join("keeper.log"))?;
    let mut command = Command::new("setsid");
    command.arg("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .arg(program)
        .args(["keeper", "--name", home.name(), "--toolbox"])
        .arg(toolbox.root())
        .args(["--listener", &listener.as_raw_fd().to_string()])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    command.spawn().context("setsid unshare")
}

/// A port that stays the same from one start to the next, if nobody else has it.
fn usual_port(name: &str) -> u16 {
    let hash = name.bytes().fold(0_u16, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    16_000 + hash % 8_000
}

async fn wait_ready(home: &Home, mut keeper: Option<Child>, say: &(dyn Fn(&str) + Sync)) -> Result<()> {
    let deadline = Instant::now() + START_DEADLINE;
    let mut said = String::new();
    loop {
        let waiting = match control::ask(&home.control(), &Request::Status).await {
            Ok(Reply::Status(status)) if status.is_ready() => return Ok(()),
            Ok(Reply::Status(Status { waiting, .. })) => waiting.join(", "),
            _ => String::from("the keeper"),
        };
        if waiting != said {
            say(&format!("waiting for {waiting}"));
            said = waiting;
        }
        if let Some(child) = &mut keeper
            && let Some(exit) = child.try_wait()?
        {
            bail!("the keeper ended with {exit}: see {}", home.logs().display());
        }
        ensure!(Instant::now() < deadline, "not ready in time, see {}", home.logs().display());
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
