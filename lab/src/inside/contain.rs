//! `lab contain`: becomes a container's process.

use anyhow::{Context as _, Result};
use clap::Args;
use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};
use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Joins a network namespace, takes a host name, mounts volumes for itself alone, and becomes a program.
#[derive(Debug, Args)]
pub(crate) struct Contain {
    /// The network namespace, as `ip netns` knows it.
    #[arg(long)]
    net: String,
    /// The host name.
    #[arg(long)]
    host: String,
    /// FOLDER:PLACE, the place being under /mnt.
    #[arg(long)]
    mount: Vec<String>,
    #[arg(last = true, required = true)]
    argv: Vec<String>,
}

impl Contain {
    /// Does not return unless it fails. The process has one thread still.
    pub(crate) fn exec(self) -> Result<()> {
        let net = File::open(Path::new("/run/netns").join(&self.net))?;
        move_into_link_name_space(net.as_fd(), Some(LinkNameSpaceType::Network))?;
        // SAFETY: neither file descriptors nor memory are unshared.
        unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS | UnshareFlags::NEWUTS) }?;
        rustix::system::sethostname(self.host.as_bytes())?;
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        for mount in &self.mount {
            let (folder, place) = mount.split_once(':').context("FOLDER:PLACE")?;
            fs::create_dir_all(place)?;
            mount_bind(folder, place).with_context(|| mount.clone())?;
        }
        let (program, arguments) = self.argv.split_first().context("no program")?;
        Err(Command::new(program).args(arguments).exec()).with_context(|| program.clone())
    }
}
