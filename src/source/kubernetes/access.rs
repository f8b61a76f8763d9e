//! What the user may do, as the API server itself says.

use super::{Connection, request::Server, trouble::Trouble};
use crate::domain::{
    Text,
    access::{Grant, Permission},
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
/// Questions in flight.
const AT_ONCE: usize = 8;

/// Asks for each permission in its namespace (empty: in the cluster's scope). What is not answered is left
/// out; every authenticated user may ask.
///
/// # Errors
/// Where nothing is answered: why, in one sentence.
pub async fn access(connection: &Connection, asked: &[(Permission, Text)]) -> Result<Vec<Grant>, Text> {
    let server = Server::new(connection.credentials.clone());
    let asking = stream::iter(asked.to_vec()).map(|(permission, namespace)| {
        let server = server.clone();
        async move { review(&server, permission, namespace).await }
    });
    let answers: Vec<Result<Grant, Trouble>> = asking.buffer_unordered(AT_ONCE).collect().await;
    let (granted, failed): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    match failed.into_iter().find_map(Result::err) {
        Some(trouble) if granted.is_empty() => Err(trouble.words()),
        _ => Ok(granted.into_iter().flatten().collect()),
    }
}

async fn review(server: &Server, permission: Permission, namespace: Text) -> Result<Grant, Trouble> {
    let answer = server.review(PATH, &question(permission, &namespace)).await?;
    let allowed = answer["status"]["allowed"].as_bool();
    let allowed = allowed.ok_or_else(|| Trouble::nonsense("an access review without an answer"))?;
    Ok(Grant::Kubernetes { permission, namespace, allowed })
}

fn question(permission: Permission, namespace: &str) -> Value {
    let attributes = json!({
        "namespace": namespace,
        "verb": permission.verb,
        "group": permission.group,
        "resource": permission.resource,
        "subresource": permission.subresource,
    });
    json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    })
}
