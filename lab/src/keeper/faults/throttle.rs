//! A throttle that nobody took away.
//!
//! It is left as in life: a reassignment with a throttle, executed with Kafka's own tool and
//! never verified. The undo verifies it, which removes the throttle.

use crate::keeper::Keeper;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use std::process::Stdio;
use tokio::process::Command;

const BOOTSTRAP: &str = "kafka-bootstrap.kafka.svc:9092";
const PLAN: &str = "throttle.json";

/// Moves twice: what the first move finds in its place already, the second moves for sure.
pub(super) async fn leave(keeper: &Keeper, rate: u64) -> Result<()> {
    for shift in [1, 2] {
        // The topic has one replica a partition, little data, and is nobody's.
        let partitions: Vec<_> = (0..3)
            .map(|p| json!({"topic": "scratch", "partition": p, "replicas": [(p + shift) % 3]}))
            .collect();
        let plan = json!({"version": 1, "partitions": partitions});
        std::fs::write(keeper.home.root().join(PLAN), plan.to_string())?;
        reassign(keeper, &["--execute", "--additional", "--throttle", &rate.to_string()]).await?;
    }
    Ok(())
}

pub(super) async fn remove(keeper: &Keeper) -> Result<()> {
    if keeper.home.root().join(PLAN).exists() {
        reassign(keeper, &["--verify"]).await?;
    }
    Ok(())
}

async fn reassign(keeper: &Keeper, arguments: &[&str]) -> Result<()> {
    let output = Command::new(keeper.tools.program("kafka-reassign-partitions.sh"))
        .args(["--bootstrap-server", BOOTSTRAP, "--reassignment-json-file"])
        .arg(keeper.home.root().join(PLAN))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .context("kafka-reassign-partitions.sh")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
