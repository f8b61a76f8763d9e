//! What the API server answers about the one who asks.

use super::{
    request::Asked,
    rights::{User, Wish},
    status::Status,
};
use crate::source::kubernetes::wire::Unknown;
use bytes::Bytes;
use prost::Message;
use serde_json::{Value, json};

/// The messages of the questions. Source: `generated.proto` of k8s.io/api/authorization/v1 v0.35.
#[derive(Clone, PartialEq, Message)]
struct Access {
    #[prost(message, optional, tag = "2")]
    spec: Option<Spec>,
}

#[derive(Clone, PartialEq, Message)]
struct Spec {
    #[prost(message, optional, tag = "1")]
    resource: Option<OfResource>,
    #[prost(message, optional, tag = "2")]
    path: Option<OfPath>,
}

#[derive(Clone, PartialEq, Message)]
struct OfResource {
    #[prost(string, tag = "1")]
    namespace: String,
    #[prost(string, tag = "2")]
    verb: String,
    #[prost(string, tag = "3")]
    group: String,
    #[prost(string, tag = "4")]
    version: String,
    #[prost(string, tag = "5")]
    resource: String,
    #[prost(string, tag = "6")]
    subresource: String,
    #[prost(string, tag = "7")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct OfPath {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(string, tag = "2")]
    verb: String,
}

#[derive(Clone, PartialEq, Message)]
struct Rules {
    #[prost(message, optional, tag = "2")]
    spec: Option<OfRules>,
}

#[derive(Clone, PartialEq, Message)]
struct OfRules {
    #[prost(string, tag = "1")]
    namespace: String,
}

/// A question that keeps nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    Access,
    Rules,
    /// Who am I?
    Subject,
}

impl Review {
    pub fn of(asked: &Asked) -> Option<Self> {
        let place = (asked.verb, &*asked.group, &*asked.version, &*asked.plural);
        match place {
            ("create", "authorization.k8s.io", "v1", "selfsubjectaccessreviews") => Some(Review::Access),
            ("create", "authorization.k8s.io", "v1", "selfsubjectrulesreviews") => Some(Review::Rules),
            ("create", "authentication.k8s.io", "v1", "selfsubjectreviews") => Some(Review::Subject),
            _ => None,
        }
    }

    /// A question in protobuf, in which `kubectl auth can-i` asks.
    ///
    /// # Errors
    /// 400 for what is none.
    pub fn decode(self, body: Bytes) -> Result<Value, Status> {
        let broken = |e: prost::DecodeError| Status::bad_request(format!("the body cannot be read: {e}"));
        let raw =
            body.strip_prefix(b"k8s\0").ok_or_else(|| Status::bad_request("the body is no protobuf"))?;
        let raw = Unknown::decode(raw).map_err(broken)?.raw;
        Ok(match self {
            Review::Access => {
                let Spec { resource, path } = Access::decode(raw).map_err(broken)?.spec.unwrap_or_default();
                let resource = resource.map(|r| {
                    json!({
                        "namespace": r.namespace,
                        "verb": r.verb,
                        "group": r.group,
                        "version": r.version,
                        "resource": r.resource,
                        "subresource": r.subresource,
                        "name": r.name,
                    })
                });
                let path = path.map(|p| json!({"path": p.path, "verb": p.verb}));
                json!({"spec": {"resourceAttributes": resource, "nonResourceAttributes": path}})
            }
            Review::Rules => {
                let spec = Rules::decode(raw).map_err(broken)?.spec.unwrap_or_default();
                json!({"spec": {"namespace": spec.namespace}})
            }
            Review::Subject => json!({}),
        })
    }

    /// The question with its answer in `status`.
    pub fn answer(self, user: &User, mut question: Value) -> Value {
        if !question.is_object() {
            question = json!({});
        }
        let (kind, group, status) = match self {
            Review::Access => ("SelfSubjectAccessReview", "authorization", access(user, &question["spec"])),
            Review::Rules => ("SelfSubjectRulesReview", "authorization", rules(user, &question["spec"])),
            Review::Subject => ("SelfSubjectReview", "authentication", subject(user)),
        };
        question["kind"] = json!(kind);
        question["apiVersion"] = json!(format!("{group}.k8s.io/v1"));
        question["metadata"] = json!({"creationTimestamp": null});
        question["status"] = status;
        question
    }
}

fn access(user: &User, spec: &Value) -> Value {
    let asked = &spec["resourceAttributes"];
    let text = |name: &str| asked[name].as_str().unwrap_or_default();
    let allowed = if asked.is_object() {
        let resource = match text("subresource") {
            "" => text("resource").to_owned(),
            below => format!("{}/{below}", text("resource")),
        };
        let (verb, group, namespace) = (text("verb"), text("group"), text("namespace"));
        user.may(Wish { verb, group, resource: &resource, namespace }).map(str::to_owned)
    } else {
        let path = spec["nonResourceAttributes"]["path"].as_str().unwrap_or_default();
        user.may_look_at(path).then(String::new)
    };
    match allowed {
        None => json!({"allowed": false}),
        Some(reason) if reason.is_empty() => json!({"allowed": true}),
        Some(reason) => json!({"allowed": true, "reason": reason}),
    }
}

fn rules(user: &User, spec: &Value) -> Value {
    let namespace = spec["namespace"].as_str().unwrap_or_default();
    let paths = json!({"verbs": ["get"], "nonResourceURLs": super::discovery::OPEN});
    json!({"resourceRules": user.rules(namespace), "nonResourceRules": [paths], "incomplete": false})
}

fn subject(user: &User) -> Value {
    json!({"userInfo": {"username": user.name, "groups": [user.group, "system:authenticated"]}})
}
