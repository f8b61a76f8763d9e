//! The scale of a workload: how many replicas it is to have.
//!
//! Source: Kubernetes 1.35, `pkg/registry/apps/statefulset/storage` (`scaleUpdatedObjectInfo`).

use super::{
    read,
    request::{Asked, Name},
    status::Status,
};
use crate::demo::world::{
    World,
    kubernetes::{Deletion, Resource},
};
use serde_json::{Value, json};

pub fn is_scaled(resource: &Resource) -> bool {
    matches!(resource.kind, "StatefulSet" | "Deployment" | "ReplicaSet")
}

/// `autoscaling/v1` Scale of a workload.
fn of(object: &Value) -> Value {
    let metadata = &object["metadata"];
    let labels = object["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten();
    let selector: Vec<String> =
        labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {"replicas": object["spec"]["replicas"].as_i64().unwrap_or(1)},
        "status": {
            "replicas": object["status"]["replicas"].as_i64().unwrap_or(0),
            "selector": selector.join(","),
        },
    })
}

pub fn get(world: &World, resource: &'static Resource, asked: &Asked) -> Result<Value, Status> {
    read::get(world, resource, asked).map(|object| of(&object))
}

/// Changes a scale by what `make` makes of it.
///
/// # Errors
/// 409 where it is of another object or changed since, 422 for less than none.
pub fn change(
    world: &mut World,
    resource: &'static Resource,
    asked: &Asked,
    dry: bool,
    make: impl FnOnce(&Value) -> Result<Value, Status>,
) -> Result<Value, Status> {
    let before = get(world, resource, asked)?;
    let after = make(&before)?;
    let text = |scale: &Value, field: &str| scale["metadata"][field].as_str().unwrap_or_default().to_owned();
    let Some(replicas) = after["spec"]["replicas"].as_i64() else {
        return Err(Status::bad_request("spec.replicas is no number"));
    };
    if replicas < 0 {
        let kind = Name { group: "autoscaling", plural: "Scale" };
        let body = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        return Err(Status::invalid(&kind, &asked.name, "spec.replicas", "FieldValueInvalid", &body));
    }
    let (uid, is) = (text(&after, "uid"), text(&before, "uid"));
    if !uid.is_empty() && uid != is {
        let plural = format!("{}/scale", resource.plural);
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {is}");
        return Err(Status::conflict(&Name { group: resource.group, plural: &plural }, &asked.name, &why));
    }
    let version = text(&after, "resourceVersion");
    if !version.is_empty() && version != text(&before, "resourceVersion") {
        return Err(Status::modified(&Name::from(resource), &asked.name));
    }
    let asks = Deletion { dry_run: dry, ..Deletion::default() };
    let scaled = world.turn().scale(resource, &asked.key(), replicas, &asks);
    scaled.map(|object| of(&object)).map_err(|refusal| Status::refused(resource, &asked.name, refusal))
}
