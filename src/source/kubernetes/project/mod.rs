//! Wire messages → rows: only the fields that a rule or a pane reads.

mod cluster;
mod pod;
mod workload;

use super::{intern::Interner, wire};
use crate::domain::{
    Text,
    kubernetes::{Key, Meta, Owner, annotation_is_read},
    time::Time,
};
use bytes::Bytes;
use prost::{DecodeError, Message};
use std::collections::BTreeMap;

/// A row that can be read from the bytes of its object.
pub trait Project: Sized {
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError>;
}

/// The key of an object of any kind.
pub fn key(object: Bytes, texts: &mut Interner) -> Result<Key, DecodeError> {
    let meta = wire::Named::decode(object)?.metadata.unwrap_or_default();
    Ok(Key { namespace: texts.shared(&meta.namespace), name: texts.own(&meta.name) })
}

/// The resourceVersion of an object of any kind: all that a bookmark says.
pub fn resource_version(object: Bytes) -> Result<String, DecodeError> {
    let meta = wire::Named::decode(object)?.metadata.unwrap_or_default();
    Ok(String::from_utf8_lossy(&meta.resource_version).into_owned())
}

fn meta(meta: Option<wire::ObjectMeta>, texts: &mut Interner) -> Meta {
    let meta = meta.unwrap_or_default();
    let owner = meta.owners.iter().find(|o| o.controller).map(|o| Owner {
        api_version: texts.shared(&o.api_version),
        kind: texts.shared(&o.kind),
        name: texts.shared(&o.name),
        uid: texts.shared(&o.uid),
    });
    let read = |e: &&wire::Entry| std::str::from_utf8(&e.key).is_ok_and(annotation_is_read);
    Meta {
        key: Key { namespace: texts.shared(&meta.namespace), name: texts.own(&meta.name) },
        uid: texts.own(&meta.uid),
        resource_version: texts.own(&meta.resource_version),
        created: meta.created.as_ref().and_then(instant).unwrap_or_default(),
        deleting: meta.deleted.as_ref().and_then(instant),
        labels: map(meta.labels.iter(), texts),
        annotations: map(meta.annotations.iter().filter(read), texts),
        owner,
    }
}

fn map<'a>(entries: impl Iterator<Item = &'a wire::Entry>, texts: &mut Interner) -> BTreeMap<Text, Text> {
    entries.map(|e| (texts.shared(&e.key), texts.shared(&e.value))).collect()
}

/// Labels that must be there. `In` one value is the same as a label; other expressions are not evaluated:
/// they become a requirement that no label meets, so nothing is taken for selected that may not be.
fn selector(selector: Option<wire::LabelSelector>, texts: &mut Interner) -> BTreeMap<Text, Text> {
    let selector = selector.unwrap_or_default();
    let mut labels = map(selector.labels.iter(), texts);
    for wire::Requirement { key, operator, values } in &selector.expressions {
        let value = match (&**operator, values.as_slice()) {
            (b"In", [value]) => texts.shared(value),
            _ => {
                let values: Vec<_> = values.iter().map(|v| String::from_utf8_lossy(v)).collect();
                format!("{} ({})", String::from_utf8_lossy(operator), values.join(", ")).into()
            }
        };
        labels.insert(texts.shared(key), value);
    }
    labels
}

/// Kubernetes writes "no time" as an empty message.
fn instant(i: &wire::Instant) -> Option<Time> {
    (i.seconds != 0 || i.nanos != 0)
        .then(|| Time(i.seconds.saturating_mul(1000).saturating_add(i.nanos / 1_000_000)))
}

fn number(n: i64) -> i32 {
    i32::try_from(n).unwrap_or_default()
}

fn port(n: i64) -> u16 {
    u16::try_from(n).unwrap_or_default()
}

fn int_or_string(value: Option<wire::IntOrString>, texts: &mut Interner) -> Text {
    match value {
        None => texts.shared(b""),
        Some(v) if v.kind == 1 => texts.shared(&v.text),
        Some(v) => texts.shared(v.int.to_string().as_bytes()),
    }
}

/// The amount of `name` in thousandths of its unit, zero where there is none.
fn thousandths(amounts: &[wire::Amount], name: &str) -> u64 {
    let quantity = amounts.iter().find(|a| a.key == name.as_bytes()).and_then(|a| a.value.as_ref());
    quantity.and_then(|q| parse_quantity(std::str::from_utf8(&q.text).ok()?)).unwrap_or_default()
}

/// A quantity in thousandths.
///
/// Source: apimachinery `pkg/api/resource`: a decimal number with a suffix `n u m k M G T P E`, one of
/// `Ki Mi Gi Ti Pi Ei`, or an exponent.
fn parse_quantity(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let binary = |power: i32| 1024f64.powi(power);
    let factor = match suffix {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        exponent => 10f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    // A float holds a whole number of thousandths up to 9 TB exactly, and larger ones to 15 digits.
    Some((number * factor * 1000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        let cases = [
            ("0", Some(0)),
            ("100m", Some(100)),
            ("2", Some(2_000)),
            ("1.5", Some(1_500)),
            ("10Gi", Some(10 << 30).map(|n: u64| n * 1000)),
            ("1k", Some(1_000_000)),
            ("1e3", Some(1_000_000)),
            ("12E2", Some(1_200_000)),
            ("500u", Some(1)),
            ("", None),
            ("ten", None),
            ("1Zi", None),
        ];
        for (text, thousandths) in cases {
            assert_eq!(parse_quantity(text), thousandths, "{text}");
        }
    }

    #[test]
    fn an_empty_time_is_none() {
        assert_eq!(instant(&wire::Instant::default()), None);
        let i = wire::Instant { seconds: 2, nanos: 5_000_000 };
        assert_eq!(instant(&i), Some(Time(2_005)));
    }
}
