//! The token of the expiring context.
//!
//! It is a ServiceAccount's token bound to a Secret: it is valid until that Secret is deleted.

use crate::keeper::Keeper;
use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::Api;
use kube::ResourceExt as _;
use kube::api::PostParams;
use serde_json::{Value, json};
use std::fs;

const NAMESPACE: &str = "castellan";
const ACCOUNT: &str = "expiring";
const BOND: &str = "expiring-session";

/// Makes the token invalid. The API server remembers a valid token for ten seconds.
pub(super) async fn expire(keeper: &Keeper) -> Result<()> {
    let secrets: Api<Secret> = Api::namespaced(keeper.client.clone(), NAMESPACE);
    secrets.delete(BOND, &Default::default()).await?;
    Ok(())
}

/// Issues a token where the context's plugin finds it.
pub(crate) async fn renew(keeper: &Keeper) -> Result<()> {
    let secrets: Api<Secret> = Api::namespaced(keeper.client.clone(), NAMESPACE);
    let bond = match secrets.get_opt(BOND).await? {
        Some(bond) => bond,
        None => {
            let bond = serde_json::from_value(json!({"metadata": {"name": BOND}}))?;
            secrets.create(&PostParams::default(), &bond).await?
        }
    };
    let request = serde_json::from_value(json!({
        "metadata": {},
        "spec": {
            "audiences": [],
            "expirationSeconds": 24 * 3600,
            "boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": BOND, "uid": bond.uid()},
        },
    }))?;
    let accounts: Api<ServiceAccount> = Api::namespaced(keeper.client.clone(), NAMESPACE);
    let issued = accounts.create_token_request(ACCOUNT, &PostParams::default(), &request).await?;
    let token = issued.status.context("no token")?.token;
    write(
        keeper,
        &json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": {"token": token},
        }),
    )
}

/// In one step, for the plugin may read at any time.
fn write(keeper: &Keeper, credential: &Value) -> Result<()> {
    let path = keeper.home.credential();
    let fresh = path.with_extension("new");
    fs::write(&fresh, serde_json::to_string(credential)?)?;
    Ok(fs::rename(fresh, path)?)
}
