//! Patches of the three kinds that are taken: merge (RFC 7386), JSON (RFC 6902), and strategic merge.

use super::status::Status;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Merge,
    Strategic,
    Json,
}

pub const MERGE: &str = "application/merge-patch+json";
pub const STRATEGIC: &str = "application/strategic-merge-patch+json";
pub const JSON: &str = "application/json-patch+json";

impl Kind {
    /// # Errors
    /// 415 for what is no patch, and for an apply: nothing here keeps who has set which field.
    pub fn of(content_type: &str, strategic: bool) -> Result<Self, Status> {
        match content_type.split(';').next().unwrap_or_default().trim() {
            MERGE => Ok(Kind::Merge),
            JSON => Ok(Kind::Json),
            STRATEGIC if strategic => Ok(Kind::Strategic),
            _ if strategic => Err(Status::unsupported_media(&[JSON, MERGE, STRATEGIC].join(", "))),
            _ => Err(Status::unsupported_media(&[JSON, MERGE].join(", "))),
        }
    }

    /// # Errors
    /// 422 for a JSON patch that does not fit, 400 for what is none.
    pub fn apply(self, object: &Value, patch: &Value) -> Result<Value, Status> {
        let mut patched = object.clone();
        match self {
            Kind::Json => operations(&mut patched, patch)?,
            _ if !patch.is_object() => return Err(Status::bad_request("a merge patch is a JSON object")),
            Kind::Merge => merge(&mut patched, patch),
            Kind::Strategic => strategic(&mut patched, patch),
        }
        Ok(patched)
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    let target = object(target);
    for (name, value) in fields {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// The value as an object; what was none becomes an empty one.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().unwrap_or_else(|| unreachable!("it was made one"))
}

/// By what the elements of a list are the same.
///
/// Source: the `patchMergeKey` tags of k8s.io/api.
fn merge_key(list: &str, element: &Value) -> Option<&'static str> {
    Some(match list {
        "containers" | "initContainers" | "volumes" | "env" | "imagePullSecrets" => "name",
        "ports" if !element["containerPort"].is_null() => "containerPort",
        "ports" => "port",
        "volumeMounts" => "mountPath",
        "conditions" | "addresses" => "type",
        "ownerReferences" => "uid",
        "topologySpreadConstraints" => "topologyKey",
        _ => return None,
    })
}

fn strategic(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if patch["$patch"] == "replace" {
        *target = patch.clone();
        object(target).remove("$patch");
        return;
    }
    let target = object(target);
    for (name, value) in fields {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = value.as_array().into_iter().flatten();
            if let Some(list) = target.get_mut(list).and_then(Value::as_array_mut) {
                gone.for_each(|gone| list.retain(|kept| kept != gone));
            }
        } else if name.starts_with('$') {
            // The order of elements and the keys that are retained are matters of `kubectl apply`.
        } else if value.is_null() || value["$patch"] == "delete" {
            target.remove(name);
        } else {
            let old = target.entry(name).or_insert(Value::Null);
            match value.as_array() {
                Some(elements) => list(name, old, elements),
                None => strategic(old, value),
            }
        }
    }
}

fn list(name: &str, target: &mut Value, elements: &[Value]) {
    let is_set = name == "finalizers";
    let keyed = elements.first().and_then(|first| merge_key(name, first));
    let replaced = elements.iter().any(|e| e["$patch"] == "replace");
    let (Some(old), true) = (target.as_array_mut(), !replaced && (is_set || keyed.is_some())) else {
        let kept = elements.iter().filter(|e| e["$patch"].is_null());
        *target = Value::Array(kept.cloned().collect());
        return;
    };
    for element in elements {
        let same = |old: &Value| match keyed {
            Some(key) => old[key] == element[key],
            None => old == element,
        };
        let place = old.iter().position(same);
        match place {
            Some(place) if element["$patch"] == "delete" => drop(old.remove(place)),
            Some(place) => strategic(&mut old[place], element),
            None if element["$patch"] == "delete" => {}
            None => old.push(element.clone()),
        }
    }
}

/// Source of the sentence: `apiserver/pkg/endpoints/handlers/patch.go` and apimachinery's generic one of 422.
fn unfit() -> Status {
    Status::unprocessable("the server rejected our request due to an error in our request")
}

fn operations(target: &mut Value, patch: &Value) -> Result<(), Status> {
    let operations = patch.as_array().ok_or_else(|| Status::bad_request("a JSON patch is a list"))?;
    operations.iter().try_for_each(|operation| apply(target, operation).ok_or_else(unfit))
}

fn apply(target: &mut Value, operation: &Value) -> Option<()> {
    let path = operation["path"].as_str()?;
    match operation["op"].as_str()? {
        "test" => (target.pointer(path)? == operation.get("value")?).then_some(()),
        "remove" => take(target, path).map(drop),
        "replace" => {
            *target.pointer_mut(path)? = operation.get("value")?.clone();
            Some(())
        }
        "add" => add(target, path, operation.get("value")?.clone()),
        "copy" => {
            let value = target.pointer(operation["from"].as_str()?)?.clone();
            add(target, path, value)
        }
        "move" => {
            let value = take(target, operation["from"].as_str()?)?;
            add(target, path, value)
        }
        _ => None,
    }
}

fn parent<'a>(target: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (above, last) = path.rsplit_once('/')?;
    Some((target.pointer_mut(above)?, last.replace("~1", "/").replace("~0", "~")))
}

fn take(target: &mut Value, path: &str) -> Option<Value> {
    match parent(target, path)? {
        (Value::Object(fields), name) => fields.remove(&name),
        (Value::Array(list), place) => {
            let place: usize = place.parse().ok()?;
            (place < list.len()).then(|| list.remove(place))
        }
        _ => None,
    }
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *target = value;
        return Some(());
    }
    match parent(target, path)? {
        (Value::Object(fields), name) => drop(fields.insert(name, value)),
        (Value::Array(list), place) => {
            let place = if place == "-" { list.len() } else { place.parse().ok()? };
            (place <= list.len()).then(|| list.insert(place, value))?;
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7386, appendix A.
    #[test]
    fn a_merge_patch_is_as_its_standard_has_it() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (object, patch, wanted) in cases {
            assert_eq!(Kind::Merge.apply(&object, &patch).unwrap(), wanted, "{patch}");
        }
    }

    #[test]
    fn a_strategic_patch_merges_lists_by_their_keys() {
        let pod = json!({"spec": {
            "containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}],
            "tolerations": [{"key": "x"}],
        }});
        let patch = json!({"spec": {
            "$setElementOrder/containers": [{"name": "a"}],
            "containers": [
                {"name": "a", "env": [{"name": "Y", "value": "2"}]},
                {"name": "b", "$patch": "delete"},
                {"name": "c"},
            ],
            "tolerations": [{"key": "y"}],
        }});
        let wanted = json!({"spec": {
            "containers": [
                {"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
                {"name": "c"},
            ],
            "tolerations": [{"key": "y"}],
        }});
        assert_eq!(Kind::Strategic.apply(&pod, &patch).unwrap(), wanted);
    }

    /// RFC 6902, appendix A.
    #[test]
    fn a_json_patch_is_as_its_standard_has_it() {
        let object = json!({"a": {"b~/c": 1}, "l": [1, 2]});
        let patch = json!([
            {"op": "test", "path": "/a/b~0~1c", "value": 1},
            {"op": "add", "path": "/l/1", "value": 9},
            {"op": "add", "path": "/l/-", "value": 3},
            {"op": "remove", "path": "/l/0"},
            {"op": "move", "from": "/a/b~0~1c", "path": "/d"},
            {"op": "copy", "from": "/d", "path": "/e"},
            {"op": "replace", "path": "/d", "value": true},
        ]);
        let wanted = json!({"a": {}, "d": true, "e": 1, "l": [9, 2, 3]});
        assert_eq!(Kind::Json.apply(&object, &patch).unwrap(), wanted);
        for operation in [
            json!({"op": "test", "path": "/l/0", "value": 7}),
            json!({"op": "remove", "path": "/no"}),
            json!({"op": "add", "path": "/l/9", "value": 1}),
            json!({"op": "what", "path": "/l"}),
        ] {
            assert_eq!(Kind::Json.apply(&object, &json!([operation])).unwrap_err().code, 422, "{operation}");
        }
    }

    #[test]
    fn an_apply_is_refused() {
        assert_eq!(Kind::of("application/apply-patch+yaml", true).unwrap_err().code, 415);
        assert_eq!(Kind::of(STRATEGIC, false).unwrap_err().code, 415, "of a definition's kind");
    }
}
