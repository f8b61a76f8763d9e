//! Reading and writing the fields that objects have in common.

use super::store::rfc3339;
use crate::domain::{kubernetes::Key, time::Time};
use serde_json::{Value, json};

/// The text at a JSON pointer, or "".
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a JSON pointer.
pub fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// What is counted at a JSON pointer, or 0.
pub fn count(object: &Value, pointer: &str) -> usize {
    number(object, pointer).and_then(|n| usize::try_from(n).ok()).unwrap_or_default()
}

pub fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub fn key(object: &Value) -> Key {
    Key::new(text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

pub fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

pub fn time(object: &Value, pointer: &str) -> Option<Time> {
    let at: jiff::Timestamp = text(object, pointer).parse().ok()?;
    Some(Time(at.as_millisecond()))
}

pub fn is_deleting(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

/// The owner that is its controller.
pub fn owner(object: &Value) -> Option<&Value> {
    list(object, "/metadata/ownerReferences").iter().find(|owner| owner["controller"] == true)
}

/// What makes `owner` the controller of a new object.
pub fn owned_by(owner: &Value) -> Value {
    json!([{
        "apiVersion": owner["apiVersion"], "kind": owner["kind"],
        "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    }])
}

/// Whether a label selector selects these labels; an absent one selects nothing, an empty one everything.
pub fn selects(selector: &Value, labels: &Value) -> bool {
    if selector.is_null() {
        return false;
    }
    let wanted = selector["matchLabels"].as_object().into_iter().flatten();
    wanted.into_iter().all(|(name, value)| labels.get(name) == Some(value))
        && list(selector, "/matchExpressions").iter().all(|requirement| meets(requirement, labels))
}

fn meets(requirement: &Value, labels: &Value) -> bool {
    let value = labels.get(text(requirement, "/key"));
    let among = value.is_some_and(|value| list(requirement, "/values").contains(value));
    match text(requirement, "/operator") {
        "In" => among,
        "NotIn" => !among,
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => false,
    }
}

pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|c| c["type"] == kind)
}

pub fn has_condition(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|c| c["status"] == "True")
}

/// Sets a condition of `status`; its transition is `now` only where its status changes.
pub fn set_condition(status: &mut Value, kind: &str, holds: &str, reason: &str, message: &str, now: Time) {
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(conditions) = status["conditions"].as_array_mut() else { return };
    let before = conditions.iter().position(|c| c["type"] == kind);
    let since = before
        .map(|at| &conditions[at])
        .filter(|c| c["status"] == holds)
        .map_or_else(|| json!(rfc3339(now)), |c| c["lastTransitionTime"].clone());
    let mut condition = json!({"type": kind, "status": holds, "lastTransitionTime": since});
    for (name, words) in [("reason", reason), ("message", message)] {
        if !words.is_empty() {
            condition[name] = json!(words);
        }
    }
    match before {
        Some(at) => conditions[at] = condition,
        None => conditions.push(condition),
    }
}

/// Ready and not on its way out.
pub fn is_ready(pod: &Value) -> bool {
    has_condition(pod, "Ready")
}

/// Whether it has run to its end.
pub fn has_ended(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// A number, or a percentage of `of`, rounded up or down.
///
/// Source: apimachinery `intstr.GetScaledValueFromIntOrPercent`.
pub fn scaled(value: &Value, of: usize, up: bool) -> usize {
    if let Some(percent) = value.as_str().and_then(|text| text.strip_suffix('%')?.parse::<usize>().ok()) {
        return if up { (of * percent).div_ceil(100) } else { of * percent / 100 };
    }
    value.as_u64().unwrap_or_default() as usize
}

/// A quantity in thousandths of its unit; 0 for what is none.
///
/// Source: apimachinery `pkg/api/resource`.
pub fn quantity(value: &Value) -> u64 {
    if let Some(number) = value.as_f64() {
        return (number * 1000.0) as u64;
    }
    let text = value.as_str().unwrap_or_default();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    const DECIMAL: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    let factor = match (suffix, suffix.strip_suffix('i')) {
        ("m", _) => 1e-3,
        (_, Some(binary)) => match DECIMAL.iter().position(|s| s.to_uppercase() == binary) {
            Some(power) => 1024f64.powi(power as i32),
            None => return 0,
        },
        (decimal, None) => match DECIMAL.iter().position(|s| *s == decimal) {
            Some(power) => 1000f64.powi(power as i32),
            None => return 0,
        },
    };
    (number.parse::<f64>().unwrap_or_default() * factor * 1000.0).round() as u64
}

/// Eight or so characters that stand for a template, as controllers name their revisions.
pub fn hash(value: &Value) -> String {
    let hash = value.to_string().bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    safe(hash, 10)
}

/// Letters and digits that make no words.
///
/// Source: apimachinery `rand.String`: vowels and what looks like them are left out.
pub fn safe(mut number: u64, length: usize) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..length)
        .map(|_| {
            let letter = LETTERS[(number % LETTERS.len() as u64) as usize];
            number = number.rotate_right(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            char::from(letter)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_and_percentages_are_read_as_kubernetes_writes_them() {
        for (text, thousandths) in
            [("100m", 100), ("2", 2_000), ("1.5", 1_500), ("1Gi", (1 << 30) * 1000), ("1k", 1_000_000)]
        {
            assert_eq!(quantity(&json!(text)), thousandths, "{text}");
        }
        assert_eq!((quantity(&json!(2)), quantity(&json!("ten")), quantity(&json!(null))), (2000, 0, 0));
        assert_eq!((scaled(&json!("25%"), 3, true), scaled(&json!("25%"), 3, false)), (1, 0));
        assert_eq!(scaled(&json!(2), 10, true), 2);
    }

    #[test]
    fn a_condition_keeps_the_time_of_its_last_change() {
        let mut status = json!({});
        set_condition(&mut status, "Ready", "False", "No", "", Time(1_000));
        set_condition(&mut status, "Ready", "False", "Still", "", Time(9_000));
        assert_eq!(status["conditions"][0]["lastTransitionTime"], "1970-01-01T00:00:01Z");
        set_condition(&mut status, "Ready", "True", "", "", Time(9_000));
        assert_eq!(status["conditions"][0]["lastTransitionTime"], "1970-01-01T00:00:09Z");
    }

    #[test]
    fn a_selector_selects_by_labels_and_expressions() {
        let labels = json!({"app": "kafka", "zone": "a"});
        assert!(!selects(&Value::Null, &labels) && selects(&json!({}), &labels));
        assert!(selects(&json!({"matchLabels": {"app": "kafka"}}), &labels));
        let not = json!({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]});
        assert!(!selects(&not, &labels));
    }
}
