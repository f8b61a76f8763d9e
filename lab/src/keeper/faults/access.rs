//! Permissions taken away.

use crate::fault::{Fault, Role};
use crate::keeper::{Keeper, cluster};
use anyhow::{Result, ensure};
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::Api;
use kube::api::PostParams;

/// Takes a resource out of every rule of the role.
pub(super) async fn revoke(keeper: &Keeper, role: Role, resource: &str) -> Result<()> {
    let api: Api<ClusterRole> = Api::all(keeper.client.clone());
    let mut object = api.get(role.cluster_role()).await?;
    let mut found = false;
    for rule in object.rules.iter_mut().flatten() {
        if let Some(resources) = &mut rule.resources {
            let before = resources.len();
            resources.retain(|name| name != resource);
            found |= resources.len() < before;
        }
    }
    ensure!(found, "{} has no rule for {resource}", role.cluster_role());
    for rules in object.rules.iter_mut() {
        rules.retain(|rule| rule.resources.as_ref().is_none_or(|names| !names.is_empty()));
    }
    api.replace(role.cluster_role(), &PostParams::default(), &object).await?;
    Ok(())
}

/// Gives back what was taken; what other such faults took is taken again.
pub(super) async fn restore(keeper: &Keeper, mended: &Fault) -> Result<()> {
    cluster::apply(&keeper.home, &keeper.tools, cluster::ACCESS).await?;
    for fault in keeper.faults.on() {
        if let Fault::RevokePermission { role, resource } = &fault
            && fault != *mended
        {
            revoke(keeper, *role, resource).await?;
        }
    }
    Ok(())
}
