//! Evictions: deletions that ask the budgets.
//!
//! Source: Kubernetes 1.35, `pkg/registry/core/pod/storage/eviction.go`.

use super::{read, request::Asked, status::Status, write};
use crate::demo::world::{
    World,
    kubernetes::{Deletion, Refusal, Resource},
};
use serde_json::{Value, json};

/// What is answered with 201.
///
/// # Errors
/// 400 for another pod's eviction, 404, 409 where it is not the one that was meant, 429 where a budget says no.
pub fn evict(
    world: &mut World,
    resource: &'static Resource,
    asked: &Asked,
    eviction: &Value,
    dry: bool,
) -> Result<Value, Status> {
    if eviction["metadata"]["name"] != asked.name.as_str() {
        return Err(Status::bad_request("name in URL does not match name in Eviction object"));
    }
    let wanted = write::options(&eviction["deleteOptions"], dry, None, None);
    let wanted = Deletion { dry_run: dry || wanted.dry_run, ..wanted };
    let pod = read::get(world, resource, asked)?;
    write::meant(resource, &pod, &wanted)?;
    match world.turn().evict(&asked.key(), &wanted) {
        Ok(()) => Ok(
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
        ),
        // Two budgets: a failure that is not told by the answer's own code.
        Err(Refusal::Internal(why)) => Ok(json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": why,
            "code": 500,
        })),
        Err(refusal) => Err(Status::refused(resource, &asked.name, refusal)),
    }
}
