//! The configuration file: what it may say, and one clear sentence where it says something else.

mod check;

use crate::domain::{
    Text,
    target::{Sasl, SaslMechanism, Security},
    time,
};
use crate::suggest::nearest;
use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

/// The commented defaults, as `castellan config print` shows them.
pub const TEMPLATE: &str = include_str!("default.toml");

/// The file's contents; what it leaves out is as in [`TEMPLATE`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Seconds.
    pub refresh: f64,
    pub theme: String,
    pub ascii: bool,
    pub mouse: bool,
    pub read_only: bool,
    pub production: bool,
    /// As [`Config::elevation`] reads it.
    elevation: String,
    pub safety: SafetyConfig,
    pub kubernetes: KubernetesConfig,
    pub kafka: KafkaConfig,
    pub prometheus: PrometheusConfig,
    pub keys: BTreeMap<String, Vec<String>>,
    pub contexts: BTreeMap<String, toml::Table>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SafetyConfig {
    headroom: i64,
    pub disk: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesConfig {
    pub namespace: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    pub bootstrap: Vec<String>,
    pub cluster: String,
    pub tls: bool,
    pub ca_file: String,
    pub certificate_file: String,
    pub key_file: String,
    pub sasl: String,
    pub user: String,
    pub password_env: String,
    pub password_file: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrometheusConfig {
    pub url: String,
}

/// Reads the file: the one that was asked for must be there, the one at the usual place may be missing.
pub fn read(asked: Option<&Path>, context: Option<&str>) -> Result<Config> {
    let path = asked.map_or_else(usual_path, |p| Ok(p.to_path_buf()))?;
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if asked.is_none() && e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => bail!("cannot read the configuration {}: {e}", path.display()),
    };
    parse(&text, context).with_context(|| format!("in the configuration {}", path.display()))
}

/// The text laid over the defaults, and then what it says of this context over both.
pub fn parse(text: &str, context: Option<&str>) -> Result<Config> {
    let said: toml::Table = text.parse().map_err(|e: toml::de::Error| anyhow!("{}", in_one_line(&e)))?;
    let mut whole: toml::Table = TEMPLATE.parse().context("the built-in defaults")?;
    check::keys(&said, &whole)?;
    let of_context =
        context.and_then(|c| said.get("contexts")?.get(c)?.as_table().cloned()).unwrap_or_default();
    check::keys(&of_context, &whole)
        .with_context(|| format!("in [contexts.{}]", context.unwrap_or_default()))?;
    lay_over(&mut whole, said);
    lay_over(&mut whole, of_context);
    let config: Config = whole.try_into().map_err(|e: toml::de::Error| anyhow!("{}", in_one_line(&e)))?;
    if !(0.5..=3600.0).contains(&config.refresh) {
        bail!("refresh = {} is not between 0.5 and 3600 seconds", config.refresh);
    }
    if !(0.0..=1.0).contains(&config.safety.disk) {
        bail!("safety.disk = {} is not a share from 0 to 1", config.safety.disk);
    }
    config.safety.headroom()?;
    config.elevation()?;
    Ok(config)
}

impl SafetyConfig {
    /// Replicas in sync that an action must leave above min ISR.
    ///
    /// # Errors
    /// Where it is negative.
    pub fn headroom(&self) -> Result<usize> {
        let said = |_| anyhow!("safety.headroom = {} is not a number of replicas", self.headroom);
        usize::try_from(self.headroom).map_err(said)
    }
}

impl Config {
    /// How long actions are possible after an elevation; None: they always are.
    ///
    /// # Errors
    /// Where it is no length of time.
    pub fn elevation(&self) -> Result<Option<Duration>> {
        if self.elevation.is_empty() {
            return Ok(None);
        }
        let span = time::span(&self.elevation).filter(|s| !s.is_zero());
        let said = || anyhow!("elevation = \"{}\" is not a length of time like \"15m\"", self.elevation);
        span.map(Some).ok_or_else(said)
    }
}

/// A section of a context that is not there, but nearly: its marks, production among them, would be lost
/// without a word. Others may be of another kubeconfig.
pub fn misspelt(sections: &[String], contexts: &[&str]) -> Option<String> {
    let mut strange = sections.iter().filter(|name| !contexts.contains(&name.as_str()));
    strange.find_map(|name| {
        let near = nearest(name, contexts.iter().copied())?;
        Some(format!(
            "the configuration's [contexts.{name}] is no context of the kubeconfig; did you mean {near}?"
        ))
    })
}

fn lay_over(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => lay_over(old, new),
            (Some(toml::Value::Float(old)), toml::Value::Integer(new)) => *old = new as f64,
            (_, value) => drop(below.insert(key, value)),
        }
    }
}

fn in_one_line(error: &toml::de::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where everything of castellan's own is instead of the user's folders; once it was said, it stays.
static ELSEWHERE: OnceLock<PathBuf> = OnceLock::new();

/// From now on configuration, themes, journals and the log are looked for and kept in `folder` alone.
pub fn keep_all_in(folder: &Path) {
    ELSEWHERE.get_or_init(|| folder.to_path_buf());
}

/// The folder of castellan's configuration and of the user's own themes.
pub fn folder() -> Result<PathBuf> {
    if let Some(folder) = ELSEWHERE.get() {
        return Ok(folder.join("config"));
    }
    use etcetera::BaseStrategy as _;
    let base =
        etcetera::choose_base_strategy().context("no home folder is known: set HOME or XDG_CONFIG_HOME")?;
    Ok(base.config_dir().join("castellan"))
}

/// The folder of what castellan writes: its log, saved tables.
pub fn state_folder() -> Result<PathBuf> {
    if let Some(folder) = ELSEWHERE.get() {
        return Ok(folder.join("state"));
    }
    use etcetera::BaseStrategy as _;
    let base =
        etcetera::choose_base_strategy().context("no home folder is known: set HOME or XDG_STATE_HOME")?;
    Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("castellan"))
}

fn usual_path() -> Result<PathBuf> {
    Ok(folder()?.join("config.toml"))
}

impl KafkaConfig {
    /// How clients authenticate; reads the password from where the file says it is.
    pub fn security(&self) -> Result<Security> {
        let file = |path: &str| (!path.is_empty()).then(|| path.to_string());
        Ok(Security {
            tls: self.tls,
            ca_file: file(&self.ca_file),
            certificate_file: file(&self.certificate_file),
            key_file: file(&self.key_file),
            sasl: self.sasl()?,
        })
    }

    fn sasl(&self) -> Result<Option<Sasl>> {
        let mechanism = match self.sasl.to_ascii_uppercase().as_str() {
            "" => return Ok(None),
            "PLAIN" => SaslMechanism::Plain,
            "SCRAM-SHA-256" => SaslMechanism::ScramSha256,
            "SCRAM-SHA-512" => SaslMechanism::ScramSha512,
            other => bail!("kafka.sasl = \"{other}\" is not PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"),
        };
        if self.user.is_empty() {
            bail!("kafka.sasl is set, but kafka.user is empty");
        }
        Ok(Some(Sasl { mechanism, user: self.user.clone(), password: self.password()? }))
    }

    fn password(&self) -> Result<String> {
        if !self.password_env.is_empty() {
            std::env::var(&self.password_env)
                .with_context(|| format!("kafka.password_env names {}, which is not set", self.password_env))
        } else if !self.password_file.is_empty() {
            let text = std::fs::read_to_string(&self.password_file)
                .with_context(|| format!("cannot read kafka.password_file {}", self.password_file))?;
            Ok(text.trim_end_matches(['\r', '\n']).to_string())
        } else {
            bail!("kafka.sasl is set, but neither kafka.password_env nor kafka.password_file")
        }
    }
}

/// `host:port`, with an IPv6 address in brackets; the port may be left out (9092).
pub fn server(text: &str) -> Result<(Text, u16)> {
    let text = text.trim();
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (
            host,
            port.parse().map_err(|_| {
                anyhow!("\"{text}\" is not host:port: the port is not a number from 1 to 65535")
            })?,
        ),
        _ => (text, 9092),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || port == 0 || host.contains(|c: char| c.is_whitespace() || c == '/') {
        bail!("\"{text}\" is not host:port");
    }
    Ok((host.into(), port))
}

#[cfg(test)]
mod tests;
