//! Goes to the servers and asks them.

use super::{Check, State, checks, files, report, terminal, wanted};
use crate::{
    app::Model,
    cli::Settings,
    config,
    domain::{Text, access::Grant},
    headless,
    opening::{environment, model},
    source::kubernetes::{self, Connection},
    sources::Sources,
};
use anyhow::Result;
use std::{io::IsTerminal, time::Duration};

/// Looks at everything that castellan stands on: the report, and the exit code.
///
/// # Errors
/// A theme or a key that is not there, in one sentence.
pub async fn visit(
    settings: Settings,
    connection: Result<Connection, Text>,
    limit: Duration,
) -> Result<(String, u8)> {
    let size = crossterm::terminal::size().ok().filter(|_| std::io::stdout().is_terminal());
    let mut seen = vec![terminal(&environment, size), files(config::folder(), config::state_folder())];
    seen.push(match &connection {
        Ok(c) => Check::well(
            "kubeconfig",
            format!("{}: context {}, cluster {}, user {}", c.source, c.context, c.cluster, c.user),
        ),
        Err(reason) => {
            let next = "castellan demo needs none; or castellan doctor --kubeconfig FILE";
            Check::ill("kubeconfig", State::Broken, reason.to_string(), next)
        }
    });
    let connection = connection.ok();
    if connection.is_some() || !settings.bootstrap.is_empty() {
        let model = model(&settings, connection.as_ref(), &[])?;
        let sources = Sources::new(connection.clone(), settings.namespace.clone(), settings.refresh);
        let (model, _) = headless::settle(model, sources, limit).await;
        let granted = granted(&model, connection.as_ref()).await;
        seen.extend(checks(&model, &settings.security, &granted));
    }
    Ok(report(&seen))
}

/// What the API server says of every action's permission, where the Kafka cluster is.
async fn granted(model: &Model, connection: Option<&Connection>) -> Result<Vec<Grant>, String> {
    let Some(connection) = connection else { return Err("castellan is not connected to Kubernetes".into()) };
    let joined = &model.derived.joined;
    let namespace = joined.clusters.first().map_or(&connection.namespace, |c| &c.namespace);
    let mut wanted: Vec<_> = wanted()
        .map(|(_, permission)| {
            let everywhere = permission.resource == "nodes";
            (permission, if everywhere { Text::default() } else { namespace.clone() })
        })
        .collect();
    wanted.sort();
    wanted.dedup();
    kubernetes::access(connection, &wanted).await.map_err(|reason| reason.to_string())
}
