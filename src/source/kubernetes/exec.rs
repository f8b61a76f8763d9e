//! Exec credential plugins (`aws eks get-token`, `kubelogin`, …), run by castellan itself: once before the
//! terminal goes raw, when they may ask the user something, and later without the terminal.
//!
//! Source: client-go `plugin/pkg/client/auth/exec`; kube's own runs inherit stdin and stderr at any time.

use crate::domain::{Text, time::Time};
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;
use std::{io::IsTerminal, process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};

/// A login in a browser takes its time; a silent renewal must not.
const ASKING: Duration = Duration::from_secs(120);
const SILENT: Duration = Duration::from_secs(30);

/// Whether a plugin may use the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminal {
    Free,
    Taken,
}

/// Replaces the plugin in `auth` by the credentials that it gives; returns when they expire, if they do.
pub async fn resolve(auth: &mut AuthInfo, terminal: Terminal) -> Result<Option<Time>, Text> {
    let given = auth.token.is_some() || auth.token_file.is_some() || auth.password.is_some();
    if given || auth.auth_provider.is_some() {
        return Ok(None);
    }
    let Some(exec) = auth.exec.take() else { return Ok(None) };
    let status = run(&exec, terminal).await?;
    let expires = status.expires()?;
    auth.token = status.token.map(Into::into);
    if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data) {
        auth.client_certificate_data = Some(base64(certificate));
        auth.client_key_data = Some(base64(key).into());
    }
    Ok(expires)
}

/// kube takes certificates as base64 and this is the encoder that is at hand.
fn base64(pem: String) -> String {
    match serde_json::to_value(k8s_openapi::ByteString(pem.into_bytes())) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

#[derive(Deserialize)]
struct Credential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

impl Status {
    fn expires(&self) -> Result<Option<Time>, Text> {
        let Some(text) = &self.expiration_timestamp else { return Ok(None) };
        let at: jiff::Timestamp =
            text.parse().map_err(|_| Text::from(format!("the auth plugin gave no valid expiry: {text}")))?;
        Ok(Some(Time(at.as_millisecond())))
    }
}

async fn run(exec: &ExecConfig, terminal: Terminal) -> Result<Status, Text> {
    let name = exec.command.as_deref().ok_or("the kubeconfig's exec plugin has no command")?;
    let interactive = may_ask(exec, name, terminal)?;
    let mut command = command(exec, name, interactive);
    let limit = if interactive { ASKING } else { SILENT };
    let output = timeout(limit, command.output())
        .await
        .map_err(|_| format!("the auth plugin {name} gave no credentials within {} s", limit.as_secs()))?
        .map_err(|e| match &exec.install_hint {
            Some(hint) => format!("the auth plugin {name} cannot be run ({e}): {}", hint.trim()),
            None => format!("the auth plugin {name} cannot be run: {e}"),
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("see above").trim();
        return Err(format!("the auth plugin {name} failed ({}): {said}", output.status).into());
    }
    // Some plugins print YAML; JSON is YAML too.
    let credential: Credential = serde_norway::from_slice(&output.stdout)
        .map_err(|_| format!("the auth plugin {name} printed no ExecCredential"))?;
    credential.status.ok_or_else(|| format!("the auth plugin {name} printed no credentials").into())
}

fn may_ask(exec: &ExecConfig, name: &str, terminal: Terminal) -> Result<bool, Text> {
    let free = terminal == Terminal::Free && std::io::stdin().is_terminal();
    match exec.interactive_mode {
        Some(ExecInteractiveMode::Never) => Ok(false),
        Some(ExecInteractiveMode::Always) if !free => Err(format!(
            "the auth plugin {name} needs the terminal to renew the credentials: quit and start castellan again"
        )
        .into()),
        _ => Ok(free),
    }
}

fn command(exec: &ExecConfig, name: &str, interactive: bool) -> Command {
    let mut command = Command::new(name);
    command.args(exec.args.iter().flatten());
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let mut spec = json!({ "interactive": interactive });
    if let Some(cluster) = exec.cluster.as_ref().filter(|_| exec.provide_cluster_info) {
        spec["cluster"] = json!(cluster);
    }
    let info = json!({ "apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec });
    command.env("KUBERNETES_EXEC_INFO", info.to_string());
    command.stdin(if interactive { Stdio::inherit() } else { Stdio::null() });
    command.stderr(if interactive { Stdio::inherit() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).kill_on_drop(true);
    command
}
