//! Writes on Kubernetes: each one request, pinned to what was shown, and sent once.

use super::refusal;
use crate::{
    action::{Said, Write},
    domain::{Text, kubernetes::Key, object::Kind, time::Time},
    source::{
        gate::words,
        kubernetes::{Connection, percent, place},
        now,
    },
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use std::time::Duration;

/// How long the API server may take over a write.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of an answer; it holds the whole object.
const LONGEST: usize = 4 << 20;
const DRY: &str = "?dryRun=All";

/// A write as the API server takes it.
pub struct Order {
    method: Method,
    path: String,
    content: &'static str,
    body: Value,
    /// What it is about: `pod kafka/kafka-1`.
    pub about: String,
    /// Its permission in RBAC's words, and where it is needed.
    pub verb: &'static str,
    pub resource: String,
    pub subresource: &'static str,
    pub namespace: Text,
    /// What is so when the server takes it.
    taken: String,
}

/// Sends the write, or asks what the server would say to it (`dry`).
pub async fn perform(connection: &Connection, write: &Write, dry: bool) -> Said {
    perform_within(PATIENCE, connection, write, dry).await
}

pub async fn perform_within(patience: Duration, connection: &Connection, write: &Write, dry: bool) -> Said {
    let Some(order) = order(write, dry, now()) else {
        return Said::Refused("it is none of Kubernetes".into());
    };
    match send(patience, connection, &order).await {
        Heard::Answer { code, warnings, body } if code.is_success() && !is_failure(&body) => {
            let would = if dry { "the API server would take it: " } else { "" };
            Said::Taken(format!("{would}{}{}", order.taken, warned(&warnings)).into())
        }
        Heard::Answer { code, body, .. } => refusal::said(&order, code, &body),
        Heard::Nothing(why) => Said::Unheard(why.into()),
        Heard::NotSent(why) => Said::Refused(format!("{why}; nothing was done").into()),
    }
}

/// What became of a request.
enum Heard {
    Answer {
        code: StatusCode,
        warnings: Vec<String>,
        body: Value,
    },
    /// It was sent, and no answer came.
    Nothing(String),
    NotSent(Text),
}

/// Sends it once; once more only where the credentials were refused (401) and could be renewed.
async fn send(patience: Duration, connection: &Connection, order: &Order) -> Heard {
    let (client, credentials) = match connection.fresh().await {
        Ok(fresh) => fresh,
        Err(why) => return Heard::NotSent(why),
    };
    let heard = send_once(patience, client, order).await;
    if !matches!(heard, Heard::Answer { code: StatusCode::UNAUTHORIZED, .. }) {
        return heard;
    }
    match connection.renew(credentials).await {
        Ok(()) => match connection.fresh().await {
            Ok((client, _)) => send_once(patience, client, order).await,
            Err(why) => Heard::NotSent(why),
        },
        Err(why) => Heard::NotSent(why),
    }
}

async fn send_once(patience: Duration, client: Client, order: &Order) -> Heard {
    let request = Request::builder().method(&order.method).uri(&order.path);
    let request =
        request.header(CONTENT_TYPE, order.content).body(Body::from(order.body.to_string().into_bytes()));
    let request = match request {
        Ok(request) => request,
        Err(error) => return Heard::NotSent(error.to_string().into()),
    };
    let heard = tokio::time::timeout(patience, async {
        match client.send(request).await {
            Ok(answer) => {
                let (head, body) = answer.into_parts();
                let body = read(body).await;
                Heard::Answer { code: head.status, warnings: warnings(&head.headers), body }
            }
            Err(error) if was_sent(&error) => {
                Heard::Nothing(format!("the connection to the API server broke: {}", words(&error)))
            }
            Err(error) => {
                Heard::NotSent(format!("the API server cannot be reached: {}", words(&error)).into())
            }
        }
    });
    heard.await.unwrap_or_else(|_| {
        let span = patience.as_secs_f64();
        Heard::Nothing(format!("the API server did not answer within {span} s"))
    })
}

/// The head has said what became of it: a body that cannot be read takes nothing back.
async fn read(body: Body) -> Value {
    let whole = Limited::new(body, LONGEST).collect().await;
    let whole = whole.map_or(Bytes::new(), |whole| whole.to_bytes());
    serde_json::from_slice(&whole)
        .unwrap_or_else(|_| json!({"message": String::from_utf8_lossy(&whole[..whole.len().min(200)])}))
}

/// Whether some of the request may have left: all errors but those of making a connection and of
/// authentication.
fn was_sent(error: &kube::Error) -> bool {
    if matches!(error, kube::Error::Auth(_)) {
        return false;
    }
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return !error.is_connect();
        }
        cause = error.source();
    }
    true
}

/// An eviction that two budgets forbid is answered with 201 and a Status that says Failure.
///
/// Source: Kubernetes `eviction.go`.
fn is_failure(body: &Value) -> bool {
    body["kind"] == "Status" && body["status"] == "Failure"
}

/// The texts of `Warning: 299 - "text"`, which admission adds.
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all(http::header::WARNING).iter().filter_map(|value| value.to_str().ok());
    texts.filter_map(|text| Some(text.split_once('"')?.1.trim_end_matches('"').to_owned())).collect()
}

fn warned(warnings: &[String]) -> String {
    if warnings.is_empty() { String::new() } else { format!("; it warns: {}", warnings.join("; ")) }
}

/// The request for a write; None: it is none of Kubernetes.
fn order(write: &Write, dry: bool, now: Time) -> Option<Order> {
    Some(match write {
        Write::Scale { kind, key, uid, resource_version, replicas } => {
            let body = json!({
                "metadata": {"uid": uid, "resourceVersion": resource_version},
                "spec": {"replicas": replicas},
            });
            let taken = format!("{} is to have {replicas} replicas", about(*kind, key));
            // The scale has a schema of its own, which knows no strategic merge.
            Order { content: MERGE, ..patch(*kind, key, "scale", body, taken, dry) }
        }
        Write::Restart { kind, key, uid } => {
            let annotations = json!({"kubectl.kubernetes.io/restartedAt": rfc3339(now)});
            let template = json!({"metadata": {"annotations": annotations}});
            let body = json!({"metadata": {"uid": uid}, "spec": {"template": template}});
            patch(*kind, key, "", body, format!("the rollout of {} has begun", about(*kind, key)), dry)
        }
        Write::Annotate { kind, key, uid, name, value } => {
            let annotations = serde_json::Map::from_iter([(name.to_string(), json!(value))]);
            let body = json!({"metadata": {"uid": uid, "annotations": annotations}});
            let taken = format!("{} is annotated {name}={value}", about(*kind, key));
            patch(*kind, key, "", body, taken, dry)
        }
        Write::Cordon { node, uid, on } => {
            let key = Key::new("", node);
            let body = json!({"metadata": {"uid": uid}, "spec": {"unschedulable": on}});
            let state = if *on { "cordoned" } else { "no longer cordoned" };
            patch(Kind::Node, &key, "", body, format!("{} is {state}", about(Kind::Node, &key)), dry)
        }
        Write::Evict { pod, uid } => evict(pod, uid, dry),
        Write::Delete { pod, uid } => delete(Kind::Pod, pod, uid, dry),
        Write::DeleteClaim { claim, uid } => delete(Kind::Claim, claim, uid, dry),
        _ => return None,
    })
}

const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const JSON: &str = "application/json";

/// A `metadata.uid` in a patch is a precondition: a scale of another UID conflicts (409), any other object
/// is invalid (422, "field is immutable").
///
/// Source: Kubernetes `registry/apps/*/storage`, `ValidateObjectMetaAccessorUpdate`.
fn patch(kind: Kind, key: &Key, subresource: &'static str, body: Value, taken: String, dry: bool) -> Order {
    Order {
        method: Method::PATCH,
        path: path(kind, key, subresource) + query(dry),
        content: STRATEGIC,
        body,
        about: about(kind, key),
        verb: "patch",
        resource: resource(kind),
        subresource,
        namespace: key.namespace.clone(),
        taken,
    }
}

/// Built by hand: `kube::Api::evict` sends its options where the server does not look.
fn evict(pod: &Key, uid: &Text, dry: bool) -> Order {
    let body = json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"namespace": pod.namespace, "name": pod.name},
        "deleteOptions": options(uid, dry),
    });
    Order {
        method: Method::POST,
        path: path(Kind::Pod, pod, "eviction") + query(dry),
        content: JSON,
        body,
        about: about(Kind::Pod, pod),
        verb: "create",
        resource: resource(Kind::Pod),
        subresource: "eviction",
        namespace: pod.namespace.clone(),
        taken: format!("the eviction of {} is granted", about(Kind::Pod, pod)),
    }
}

fn delete(kind: Kind, key: &Key, uid: &Text, dry: bool) -> Order {
    let mut body = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
    if let (Some(whole), Value::Object(options)) = (body.as_object_mut(), options(uid, dry)) {
        whole.extend(options);
    }
    Order {
        method: Method::DELETE,
        path: path(kind, key, "") + query(dry),
        content: JSON,
        body,
        about: about(kind, key),
        verb: "delete",
        resource: resource(kind),
        subresource: "",
        namespace: key.namespace.clone(),
        taken: format!("{} is being deleted", about(kind, key)),
    }
}

/// A request with a body is dry by its body: the server does not look at the query of a deletion then.
///
/// Source: Kubernetes `endpoints/handlers/delete.go`, `eviction.go` (`propagateDryRun`).
fn options(uid: &Text, dry: bool) -> Value {
    let mut options = json!({"preconditions": {"uid": uid}});
    if dry {
        options["dryRun"] = json!(["All"]);
    }
    options
}

fn path(kind: Kind, key: &Key, subresource: &str) -> String {
    let slash = if subresource.is_empty() { "" } else { "/" };
    format!("{}/{}{slash}{subresource}", place(kind, Some(&key.namespace)), percent(&key.name))
}

fn query(dry: bool) -> &'static str {
    if dry { DRY } else { "" }
}

fn about(kind: Kind, key: &Key) -> String {
    let noun = match kind {
        Kind::Pod => "pod",
        Kind::Node => "node",
        other => other.name(),
    };
    format!("{noun} {key}")
}

/// `statefulsets.apps`, as RBAC's words and kubectl's.
fn resource(kind: Kind) -> String {
    let dot = if kind.group().is_empty() { "" } else { "." };
    format!("{}{dot}{}", kind.resource(), kind.group())
}

fn rfc3339(at: Time) -> String {
    let stamp = jiff::Timestamp::from_millisecond(at.0 - at.0.rem_euclid(1000)).unwrap_or_default();
    stamp.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::rights::Deed,
        domain::access::{Permission, Right},
    };

    #[test]
    fn the_permission_that_is_told_beforehand_is_that_of_the_request() {
        let (key, uid): (Key, Text) = (Key::new("kafka", "kafka"), "u".into());
        let (name, value): (Text, Text) = ("a".into(), "b".into());
        let scale = |kind| {
            let (key, uid, resource_version) = (key.clone(), uid.clone(), "1".into());
            Write::Scale { kind, key, uid, resource_version, replicas: 1 }
        };
        let restart = |kind| Write::Restart { kind, key: key.clone(), uid: uid.clone() };
        let writes = [
            scale(Kind::StatefulSet),
            scale(Kind::Deployment),
            restart(Kind::StatefulSet),
            restart(Kind::Deployment),
            Write::Annotate { kind: Kind::Pod, key: key.clone(), uid: uid.clone(), name, value },
            Write::Evict { pod: key.clone(), uid: uid.clone() },
            Write::Delete { pod: key.clone(), uid: uid.clone() },
            Write::DeleteClaim { claim: key.clone(), uid: uid.clone() },
            Write::Cordon { node: "node-a1".into(), uid, on: true },
        ];
        for write in writes {
            let order = order(&write, false, now()).expect("a request");
            let rights: Vec<Right> = Deed::of(&write).iter().flat_map(Deed::rights).collect();
            let [Right::Kubernetes { permission, namespace }] = &rights[..] else { panic!("{rights:?}") };
            let Permission { verb, subresource, .. } = *permission;
            assert_eq!(*namespace, order.namespace, "{write:?}");
            assert_eq!((verb, subresource), (order.verb, order.subresource), "{write:?}");
            let whole = Permission { subresource: "", ..*permission }.to_string();
            assert_eq!(whole, format!("{verb} {}", order.resource), "{write:?}");
        }
    }
}
