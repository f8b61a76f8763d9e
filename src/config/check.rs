//! Names what a configuration says that castellan does not know, with the nearest word that it does.

use crate::suggest::nearest;
use anyhow::{Result, bail};

/// Tables whose keys are the user's own names.
const FREE: [&str; 2] = ["keys", "contexts"];

/// Every key of `said` must stand in `known`, which is the parsed template: there is no second list.
pub fn keys(said: &toml::Table, known: &toml::Table) -> Result<()> {
    keys_below(said, known, "")
}

fn keys_below(said: &toml::Table, known: &toml::Table, place: &str) -> Result<()> {
    for (key, value) in said {
        let path = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
        let Some(expected) = known.get(key) else {
            let hint = nearest(key, known.keys().map(String::as_str))
                .map(|k| format!("; did you mean {k}?"))
                .unwrap_or_default();
            bail!("unknown key {path}{hint}");
        };
        match (value, expected) {
            _ if FREE.contains(&path.as_str()) => {}
            (toml::Value::Table(said), toml::Value::Table(known)) => keys_below(said, known, &path)?,
            (_, toml::Value::Table(_)) => bail!("{path} is a section: write [{path}]"),
            (toml::Value::Table(_), _) => bail!("{path} is a value, not a section"),
            (said, known) if kind(said) != kind(known) => {
                bail!("{path} must be {}, not {}", kind(known), kind(said))
            }
            _ => {}
        }
    }
    Ok(())
}

fn kind(value: &toml::Value) -> &'static str {
    match value {
        toml::Value::String(_) => "a string",
        toml::Value::Integer(_) | toml::Value::Float(_) => "a number",
        toml::Value::Boolean(_) => "true or false",
        toml::Value::Datetime(_) => "a date",
        toml::Value::Array(_) => "a list",
        toml::Value::Table(_) => "a section",
    }
}
