//! `lab broker`: what the image of a broker does at its start.
//!
//! As in Kafka's own image, every variable `KAFKA_LOG_DIRS` becomes the property `log.dirs`.

use anyhow::{Context as _, Result, ensure};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

const RULES: &str = include_str!("../../manifests/jmx.yaml");
const EXPORTER: &str = "jmx_prometheus_javaagent-1.0.1.jar";
const EXPORTER_PORT: u16 = 9404;

/// A small JVM that starts fast.
const JVM: [&str; 6] = [
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    // Addresses of pods change: every connection asks for them again.
    "-Dsun.net.inetaddr.ttl=1",
    "-Dsun.net.inetaddr.negative.ttl=0",
];

/// Formats the storage if it is new, and becomes the broker.
pub(crate) fn exec() -> Result<()> {
    let jars = env::var("LAB_JARS")?;
    let data = env::var("KAFKA_LOG_DIRS")?;
    let home = Path::new("/mnt/broker");
    fs::create_dir_all(home)?;
    rustix::mount::mount("tmpfs", home, "tmpfs", rustix::mount::MountFlags::empty(), c"size=1m")?;
    let properties = home.join("server.properties");
    fs::write(&properties, properties_of(env::vars())?)?;
    fs::write(home.join("jmx.yaml"), RULES)?;
    if !Path::new(&data).join("meta.properties").exists() {
        println!("Formatting {data}");
        let status = java(&jars)
            .args(["kafka.tools.StorageTool", "format", "--cluster-id", &env::var("CLUSTER_ID")?, "--config"])
            .arg(&properties)
            .status()?;
        ensure!(status.success(), "the storage could not be formatted");
    }
    let agent = format!("-javaagent:{jars}/{EXPORTER}={EXPORTER_PORT}:{}", home.join("jmx.yaml").display());
    Err(java(&jars).arg(agent).arg("kafka.Kafka").arg(&properties).exec()).context("java")
}

fn java(jars: &str) -> Command {
    let mut command = Command::new("java");
    command.args(JVM).args(["-cp", &format!("{jars}/*")]);
    command.args([
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=[yyyy-MM-dd HH:mm:ss,SSS]",
        "-Dorg.slf4j.simpleLogger.showThreadName=false",
        "-Dorg.slf4j.simpleLogger.logFile=System.out",
    ]);
    command
}

fn properties_of(variables: impl Iterator<Item = (String, String)>) -> Result<String> {
    let mut text = String::new();
    for (name, value) in variables {
        if let Some(name) = name.strip_prefix("KAFKA_") {
            writeln!(text, "{}={value}", name.to_lowercase().replace('_', "."))?;
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn variables_become_properties() {
        let variables = [("KAFKA_LOG_DIRS".into(), "/data".into()), ("PATH".into(), "/bin".into())];
        assert_eq!(super::properties_of(variables.into_iter()).unwrap(), "log.dirs=/data\n");
    }
}
