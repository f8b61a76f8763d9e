//! What cannot be changed of an object, or not like this.
//!
//! Source of the sentences: Kubernetes 1.35, `pkg/apis/{apps,core}/validation`.

use super::{request::Name, status::Status};
use crate::demo::world::kubernetes::Resource;
use serde_json::Value;

const SET: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];
const SET_SAYS: &str = "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', \
     'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
     'minReadySeconds' are forbidden";
const POD: &str = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`, \
     `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to \
     existing tolerations), `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously \
     negative)";

/// # Errors
/// 422.
pub fn check(resource: &'static Resource, before: &Value, after: &Value) -> Result<(), Status> {
    let kind = Name { group: resource.group, plural: resource.kind };
    let name = before["metadata"]["name"].as_str().unwrap_or_default();
    let invalid =
        |field: &str, cause: &str, body: &str| Err(Status::invalid(&kind, name, field, cause, body));
    let replicas = &after["spec"]["replicas"];
    if replicas.as_i64().is_some_and(|n| n < 0) {
        let body = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        return invalid("spec.replicas", "FieldValueInvalid", &body);
    }
    match resource.kind {
        "StatefulSet" if !same_but(before, after, &SET) => invalid("spec", "FieldValueForbidden", SET_SAYS),
        "Deployment" | "ReplicaSet" if before["spec"]["selector"] != after["spec"]["selector"] => {
            let body = format!("Invalid value: {}: field is immutable", after["spec"]["selector"]);
            invalid("spec.selector", "FieldValueInvalid", &body)
        }
        "Pod" if bare(before) != bare(after) => invalid("spec", "FieldValueForbidden", POD),
        _ => Ok(()),
    }
}

fn same_but(before: &Value, after: &Value, fields: &[&str]) -> bool {
    let rest = |object: &Value| {
        let mut spec = object["spec"].clone();
        if let Some(all) = spec.as_object_mut() {
            all.retain(|name, _| !fields.contains(&&**name));
        }
        spec
    };
    rest(before) == rest(after)
}

/// A pod's spec without what may be changed of it.
fn bare(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["image"] = Value::Null;
        }
    }
    for field in ["activeDeadlineSeconds", "tolerations"] {
        spec[field] = Value::Null;
    }
    spec
}
