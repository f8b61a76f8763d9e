//! A Go compiler that is new enough, whatever the system has.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// From this version on, `go` fetches the version that go.mod asks for by itself.
const SWITCHES_BY_ITSELF: (u32, u32) = (1, 21);

/// A command of a Go that can build what this go.mod describes.
pub(crate) fn command(go_mod: &str) -> Result<Command> {
    let mut command = if installed()? >= SWITCHES_BY_ITSELF {
        Command::new("go")
    } else {
        Command::new(toolchain(wanted(go_mod).context("go.mod without a version")?)?)
    };
    command.env_remove("GOROOT").env("GOTOOLCHAIN", "auto").env("CGO_ENABLED", "0");
    Ok(command)
}

fn installed() -> Result<(u32, u32)> {
    let output = Command::new("go")
        .args(["env", "GOVERSION"])
        .env("GOTOOLCHAIN", "local")
        .output()
        .context("Go is not installed: run lab/install")?;
    parse(&String::from_utf8_lossy(&output.stdout)).context("go env GOVERSION tells no version")
}

fn parse(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix("go")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn wanted(go_mod: &str) -> Option<&str> {
    go_mod.lines().find_map(|line| line.strip_prefix("go "))
}

/// An older Go knows nothing of toolchains, but they are modules, and those it can fetch.
fn toolchain(version: &str) -> Result<PathBuf> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let output = Command::new("go")
        .args(["mod", "download", "-json"])
        .arg(format!("golang.org/toolchain@v0.0.1-go{version}.linux-{arch}"))
        .env("GOFLAGS", "-modcacherw")
        .current_dir(std::env::temp_dir())
        .output()?;
    ensure!(output.status.success(), "go mod download: {}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    let folder = Path::new(answer["Dir"].as_str().context("no folder")?).to_owned();
    // The module cache keeps no executable bits.
    for programs in ["bin".into(), format!("pkg/tool/linux_{arch}")] {
        let Ok(entries) = fs::read_dir(folder.join(programs)) else { continue };
        for entry in entries {
            fs::set_permissions(entry?.path(), fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(folder.join("bin/go"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn versions() {
        assert_eq!(super::parse("go1.26.8\n"), Some((1, 26)));
        assert_eq!(super::parse("go1.19"), Some((1, 19)));
        assert_eq!(super::parse(""), None);
        assert_eq!(super::wanted("module m\n\ngo 1.26.0\n"), Some("1.26.0"));
    }
}
