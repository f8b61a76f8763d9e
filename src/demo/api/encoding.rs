//! In which form an answer is wanted, and putting it into that form.

use super::{message, request::Query, status::Status, table};
use crate::{
    demo::{Shared, world::kubernetes::Resource},
    domain::time::Time,
    source::kubernetes::wire::{RawExtension, Unknown, WatchEvent},
};
use bytes::{BufMut, Bytes, BytesMut};
use http::{
    HeaderMap,
    header::{ACCEPT, USER_AGENT},
};
use prost::Message;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Json,
    Protobuf,
    /// As kubectl prints it.
    Table,
    /// Only the metadata.
    Partial,
}

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

impl Encoding {
    /// The first of the forms asked for that there is for `resource` (None: a Status).
    ///
    /// # Errors
    /// 406: there is none of them.
    pub fn of(headers: &HeaderMap, resource: Option<&Resource>) -> Result<Self, Status> {
        let accept = headers.get(ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or_default();
        if accept.trim().is_empty() {
            return Ok(Encoding::Json);
        }
        // The messages have the fields that castellan reads: whoever reads more is given JSON.
        let agent = headers.get(USER_AGENT).and_then(|a| a.to_str().ok()).unwrap_or_default();
        let short = agent.starts_with("castellan/");
        let mut clauses = accept.split(',').filter_map(|clause| Self::clause(clause, resource));
        let found = clauses.find(|encoding| short || *encoding != Encoding::Protobuf);
        found.ok_or_else(|| Status::not_acceptable(&format!("{JSON}, {PROTOBUF}")))
    }

    fn clause(clause: &str, resource: Option<&Resource>) -> Option<Self> {
        let mut parts = clause.split(';').map(str::trim);
        let kind = parts.next()?;
        let wanted = parts.find_map(|p| p.strip_prefix("as="));
        match (kind, wanted) {
            (JSON, Some("Table")) => resource.map(|_| Encoding::Table),
            (JSON, Some("PartialObjectMetadata" | "PartialObjectMetadataList")) => {
                resource.map(|_| Encoding::Partial)
            }
            (JSON | "*/*" | "application/*", None) => Some(Encoding::Json),
            (PROTOBUF, None) if resource.is_none_or(message::is_told) => Some(Encoding::Protobuf),
            _ => None,
        }
    }

    pub fn content_type(self, watch: bool) -> &'static str {
        match (self, watch) {
            (Encoding::Protobuf, true) => "application/vnd.kubernetes.protobuf;stream=watch",
            (Encoding::Protobuf, false) => PROTOBUF,
            _ => JSON,
        }
    }
}

/// What a list says of itself.
#[derive(Debug, Clone, Default)]
pub struct Head {
    pub version: u64,
    /// Empty: this is all.
    pub next: String,
    pub remaining: Option<i64>,
}

/// How one object is shown.
pub struct Form {
    pub encoding: Encoding,
    pub resource: &'static Resource,
    pub now: Time,
    /// What rows of a table carry of their object: `None`, `Metadata` or `Object`.
    pub include: String,
}

impl Form {
    pub fn new(encoding: Encoding, resource: &'static Resource, query: &Query, shared: &Shared) -> Self {
        let include = query.get("includeObject").unwrap_or_default().to_owned();
        Form { encoding, resource, now: shared.with(|world| world.now), include }
    }

    pub fn object(&self, object: &Value) -> Bytes {
        match self.encoding {
            Encoding::Protobuf => envelope(message::encode(self.resource, object).unwrap_or_default()),
            _ => self.json(object, true).to_string().into(),
        }
    }

    fn json(&self, object: &Value, head: bool) -> Value {
        match self.encoding {
            Encoding::Table => {
                let version = &object["metadata"]["resourceVersion"];
                let rows = [self.row(object)];
                table::table(self.resource, json!({"resourceVersion": version}), rows.into(), head)
            }
            Encoding::Partial => partial(object),
            _ => object.clone(),
        }
    }

    fn row(&self, object: &Value) -> Value {
        let mut row = json!({"cells": table::cells(self.resource, object, self.now)});
        match &*self.include {
            "None" => {}
            "Object" => row["object"] = object.clone(),
            _ => row["object"] = partial(object),
        }
        row
    }

    pub fn list(&self, head: &Head, objects: &[Arc<Value>]) -> Bytes {
        let mut metadata = json!({"resourceVersion": head.version.to_string()});
        if !head.next.is_empty() {
            metadata["continue"] = json!(head.next);
        }
        if let Some(remaining) = head.remaining {
            metadata["remainingItemCount"] = json!(remaining);
        }
        match self.encoding {
            Encoding::Protobuf => envelope(message::list(self.resource, head, objects)),
            Encoding::Table => {
                let rows = objects.iter().map(|o| self.row(o)).collect();
                table::table(self.resource, metadata, rows, true).to_string().into()
            }
            Encoding::Partial => {
                let items: Vec<_> = objects.iter().map(|o| partial(o)).collect();
                json!({
                    "kind": "PartialObjectMetadataList",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": metadata,
                    "items": items,
                })
                .to_string()
                .into()
            }
            Encoding::Json => {
                let list = List { resource: self.resource, metadata, objects };
                serde_json::to_vec(&list).unwrap_or_default().into()
            }
        }
    }

    /// One event of a watch; `first`: nothing was told before it.
    pub fn event(&self, kind: &'static str, object: &Value, first: bool, frames: &mut BytesMut) {
        if self.encoding == Encoding::Protobuf {
            let raw = match kind {
                "ERROR" => message::status(object),
                _ => message::encode(self.resource, object).unwrap_or_default(),
            };
            let object = Some(RawExtension { raw: envelope(raw) });
            let event = WatchEvent { kind: Bytes::from_static(kind.as_bytes()), object }.encode_to_vec();
            frames.put_u32(u32::try_from(event.len()).unwrap_or_default());
            frames.extend_from_slice(&event);
            return;
        }
        let object = match kind {
            "ERROR" => object.clone(),
            // A bookmark has a version and no row.
            "BOOKMARK" if self.encoding == Encoding::Table => {
                table::table(self.resource, object["metadata"].clone(), Vec::new(), first)
            }
            _ => self.json(object, first),
        };
        frames.extend_from_slice(json!({"type": kind, "object": object}).to_string().as_bytes());
        frames.put_u8(b'\n');
    }
}

pub fn status(encoding: Encoding, status: &Value) -> Bytes {
    match encoding {
        Encoding::Protobuf => envelope(message::status(status)),
        _ => status.to_string().into(),
    }
}

fn envelope(message: Vec<u8>) -> Bytes {
    [b"k8s\0", &*Unknown { raw: message.into() }.encode_to_vec()].concat().into()
}

fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

struct List<'a> {
    resource: &'static Resource,
    metadata: Value,
    objects: &'a [Arc<Value>],
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // The items of a built-in kind do not repeat it; those of a definition do.
        let bare = !self.resource.group.ends_with("strimzi.io");
        let items: Vec<Item> = self.objects.iter().map(|object| Item { object, bare }).collect();
        let mut map = to.serialize_map(Some(4))?;
        map.serialize_entry("kind", &format!("{}List", self.resource.kind))?;
        map.serialize_entry("apiVersion", &self.resource.api_version())?;
        map.serialize_entry("metadata", &self.metadata)?;
        map.serialize_entry("items", &items)?;
        map.end()
    }
}

struct Item<'a> {
    object: &'a Value,
    bare: bool,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let fields = self.object.as_object().into_iter().flatten();
        to.collect_map(fields.filter(|(name, _)| !self.bare || !matches!(&***name, "kind" | "apiVersion")))
    }
}
