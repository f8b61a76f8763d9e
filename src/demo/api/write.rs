//! Creating, changing and deleting objects.

use super::{
    read,
    request::{Asked, Name},
    select::Selector,
    status::{self, Status},
};
use crate::{
    demo::world::{
        World,
        kubernetes::{Deletion, Resource},
    },
    domain::kubernetes::Key,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// # Errors
/// 400 for an object of another place or kind, 404 where its namespace is not there, 409 where it is there
/// already, 422 where it has no name.
pub fn create(
    world: &mut World,
    resource: &'static Resource,
    asked: &Asked,
    mut object: Value,
    dry: bool,
) -> Result<Arc<Value>, Status> {
    is_of(resource, &mut object)?;
    let kind = kind(resource);
    let metadata = &mut object["metadata"];
    if resource.namespaced {
        let meant = metadata["namespace"].as_str().unwrap_or(&asked.namespace);
        if meant != asked.namespace {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        metadata["namespace"] = json!(asked.namespace);
        let namespaces = Resource::find("", "v1", "namespaces").ok_or_else(Status::no_such_path)?;
        if world.kubernetes.get(namespaces, &Key::new("", &asked.namespace)).is_none() {
            return Err(Status::not_found(&Name::from(namespaces), &asked.namespace));
        }
    }
    let name = metadata["name"].as_str().unwrap_or_default().to_owned();
    if name.is_empty() && metadata["generateName"].as_str().unwrap_or_default().is_empty() {
        let body = "Required value: name or generateName is required";
        return Err(Status::invalid(&kind, "", "metadata.name", "FieldValueRequired", body));
    }
    if dry {
        let key = Key::new(&asked.namespace, &name);
        return match world.kubernetes.get(resource, &key) {
            Some(_) => Err(Status::exists(&Name::from(resource), &name)),
            None => Ok(Arc::new(object)),
        };
    }
    world.turn().create(resource, object).map_err(|refusal| Status::refused(resource, &name, refusal))
}

fn kind(resource: &'static Resource) -> Name<'static> {
    Name { group: resource.group, plural: resource.kind }
}

/// # Errors
/// 400: it says to be of another kind.
fn is_of(resource: &Resource, object: &mut Value) -> Result<(), Status> {
    if !object.is_object() {
        return Err(Status::bad_request("the body is no object"));
    }
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    for (field, is) in [("kind", resource.kind.to_owned()), ("apiVersion", resource.api_version())] {
        match object[field].as_str() {
            Some(said) if said != is => {
                return Err(Status::bad_request(format!(
                    "the {field} of the provided object ({said}) does not match that of the request ({is})"
                )));
            }
            _ => object[field] = json!(is),
        }
    }
    Ok(())
}

/// Changes an object by what `make` makes of it.
///
/// # Errors
/// 404, and those of `make` and of [`check`].
pub fn change(
    world: &mut World,
    resource: &'static Resource,
    asked: &Asked,
    dry: bool,
    make: impl FnOnce(&Value) -> Result<Value, Status>,
) -> Result<Arc<Value>, Status> {
    let before = read::get(world, resource, asked)?;
    let mut after = make(&before)?;
    is_of(resource, &mut after)?;
    check(resource, &before, &after)?;
    keep(&before, &mut after, &asked.subresource);
    super::rules::check(resource, &before, &after)?;
    if dry {
        return Ok(Arc::new(after));
    }
    let changed = world.kubernetes.update(resource, &asked.key(), |object| *object = after);
    changed.map_err(|refusal| Status::refused(resource, &asked.name, refusal))
}

/// The object that is put in another's place, as `make` of [`change`].
///
/// # Errors
/// 409: it is another one by its UID.
pub fn replace(resource: &'static Resource, before: &Value, after: Value) -> Result<Value, Status> {
    let (old, new) = (&before["metadata"]["uid"], &after["metadata"]["uid"]);
    match (old.as_str(), new.as_str().filter(|uid| !uid.is_empty())) {
        (Some(old), Some(new)) if old != new => {
            let name = before["metadata"]["name"].as_str().unwrap_or_default();
            let why = format!("Precondition failed: UID in precondition: {new}, UID in object meta: {old}");
            Err(Status::conflict(&Name::from(resource), name, &why))
        }
        _ => Ok(after),
    }
}

/// # Errors
/// 400 for another name, 409 where it changed since it was looked at, 422 for another UID.
fn check(resource: &'static Resource, before: &Value, after: &Value) -> Result<(), Status> {
    let text =
        |object: &Value, field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    let name = text(before, "name");
    let meant = text(after, "name");
    if !meant.is_empty() && meant != name {
        return Err(Status::bad_request(format!(
            "the name of the object ({meant}) does not match the name on the URL ({name})"
        )));
    }
    let version = text(after, "resourceVersion");
    if !version.is_empty() && version != text(before, "resourceVersion") {
        return Err(Status::modified(&Name::from(resource), &name));
    }
    let uid = text(after, "uid");
    if !uid.is_empty() && uid != text(before, "uid") {
        let body = format!("Invalid value: \"{uid}\": field is immutable");
        return Err(Status::invalid(&kind(resource), &name, "metadata.uid", "FieldValueInvalid", &body));
    }
    Ok(())
}

/// Puts back what a client does not set: the server's part of the metadata, and the status, which has a
/// subresource of its own.
fn keep(before: &Value, after: &mut Value, subresource: &str) {
    let ours = ["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp"];
    for field in ours.into_iter().chain(["deletionTimestamp", "deletionGracePeriodSeconds"]) {
        put_back(&before["metadata"], &mut after["metadata"], field);
    }
    if subresource == "status" {
        let status = after["status"].take();
        *after = before.clone();
        after["status"] = status;
    } else {
        put_back(before, after, "status");
    }
}

fn put_back(before: &Value, after: &mut Value, field: &str) {
    match &before[field] {
        Value::Null => {
            after.as_object_mut().map(|fields| fields.remove(field));
        }
        value => after[field] = value.clone(),
    }
}

/// What a deletion asks for, by its body or else by its query.
pub fn options(body: &Value, dry: bool, grace: Option<u64>, policy: Option<&str>) -> Deletion {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let seconds = |grace: u64| u32::try_from(grace).unwrap_or(u32::MAX);
    if !body.is_object() {
        let orphan = policy == Some("Orphan");
        return Deletion { grace: grace.map(seconds), dry_run: dry, orphan, ..Deletion::default() };
    }
    let wanted = &body["preconditions"];
    // What is negative counts as one second. Source: `rest.BeforeDelete`.
    let grace = body["gracePeriodSeconds"].as_i64().map(|g| u64::try_from(g).unwrap_or(1));
    Deletion {
        grace: grace.map(seconds),
        uid: text(&wanted["uid"]),
        resource_version: text(&wanted["resourceVersion"]),
        dry_run: body["dryRun"].as_array().is_some_and(|d| d.iter().any(|d| d == "All")),
        orphan: body["propagationPolicy"] == "Orphan",
    }
}

/// # Errors
/// 404, and 409 where it is not the one that was meant.
pub fn delete(
    world: &mut World,
    resource: &'static Resource,
    asked: &Asked,
    options: &Deletion,
) -> Result<Value, Status> {
    let before = read::get(world, resource, asked)?;
    meant(resource, &before, options)?;
    let deleted = world.turn().delete(resource, &asked.key(), options);
    let deleted = deleted.map_err(|refusal| Status::refused(resource, &asked.name, refusal))?;
    // Kinds whose storage returns what it has deleted, and what is still there until it has ended.
    let shown = matches!(resource.kind, "Pod" | "Service" | "PersistentVolumeClaim")
        || world.kubernetes.get(resource, &asked.key()).is_some() && !options.dry_run;
    if shown {
        return Ok((*deleted).clone());
    }
    let mut details = json!({"name": asked.name, "kind": resource.plural, "uid": before["metadata"]["uid"]});
    if !resource.group.is_empty() {
        details["group"] = json!(resource.group);
    }
    Ok(status::success(details))
}

/// Source: `apiserver/pkg/registry/rest/delete.go` (`BeforeDelete`).
pub fn meant(resource: &'static Resource, object: &Value, options: &Deletion) -> Result<(), Status> {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let conflict = |why: String| Err(Status::conflict(&kind(resource), text("name"), &why));
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != text("uid")) {
        return conflict(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). \
             The object might have been deleted and then recreated",
            text("uid")
        ));
    }
    if let Some(version) = options.resource_version.as_deref().filter(|v| *v != text("resourceVersion")) {
        return conflict(format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in \
             record ({}). The object might have been modified",
            text("resourceVersion")
        ));
    }
    Ok(())
}

/// Deletes all that is selected in a namespace; what was deleted.
pub fn delete_all(
    world: &mut World,
    resource: &'static Resource,
    asked: &Asked,
    selector: &Selector,
    options: &Deletion,
) -> Vec<Arc<Value>> {
    let all = world.kubernetes.list(resource, asked.scope()).filter(|(_, object)| selector.selects(object));
    let keys: Vec<Key> = all.map(|(key, _)| key.clone()).collect();
    let mut turn = world.turn();
    keys.iter().filter_map(|key| turn.delete(resource, key, options).ok()).collect()
}
