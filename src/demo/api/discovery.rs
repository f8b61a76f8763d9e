//! What there is to ask for, as `kubectl` and other clients find out.

use super::{
    serve::{self, Answer},
    status::Status,
};
use crate::demo::world::kubernetes::{RESOURCES, Resource};
use http::{HeaderMap, header::ACCEPT};
use serde_json::{Value, json};

/// Paths that everybody may read. Source: the roles `system:discovery` and `system:public-info-viewer`.
pub const OPEN: [&str; 12] = [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/livez/*",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/readyz/*",
    "/version",
];

/// Of the lab's API server, whose behaviour this is.
const VERSION: &str = "v1.35.4";
/// Groups whose resources are no objects.
const REVIEWS: [(&str, &[(&str, &str)]); 2] = [
    ("authentication.k8s.io", &[("selfsubjectreviews", "SelfSubjectReview")]),
    (
        "authorization.k8s.io",
        &[
            ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
            ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ],
    ),
];
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The answer to a path that is about no resource.
///
/// # Errors
/// 404 for a path that serves nothing.
pub fn answer(path: &str, headers: &HeaderMap) -> Result<Answer, Status> {
    let accept = headers.get(ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or_default();
    let aggregated = accept.contains("g=apidiscovery.k8s.io") && accept.contains("v=v2;");
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let told = match parts[..] {
        ["version"] => version(),
        ["healthz" | "livez" | "readyz", ..] => {
            return Ok(serve::whole(200, "text/plain; charset=utf-8", "ok"));
        }
        ["api"] if aggregated => return Ok(list(&[""])),
        ["apis"] if aggregated => return Ok(list(&groups())),
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"]}),
        ["apis"] => {
            let groups: Vec<Value> = groups().into_iter().map(group).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["api", "v1"] => resources("", "v1"),
        ["apis", name] if groups().contains(&name) => group(name),
        ["apis", name, version] if version_of(name) == Some(version) => resources(name, version),
        // kubectl validates nothing then.
        ["openapi", ..] => return Err(Status::no_such_path()),
        _ => return Ok(serve::whole(404, "text/plain; charset=utf-8", "404 page not found\n")),
    };
    Ok(serve::json(200, &told))
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": "35",
        "gitVersion": VERSION,
        "gitTreeState": "clean",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

/// Without the core's.
fn groups() -> Vec<&'static str> {
    let mut groups: Vec<_> = RESOURCES.iter().map(|r| r.group).filter(|g| !g.is_empty()).collect();
    groups.dedup();
    groups.extend(REVIEWS.iter().map(|(group, _)| *group));
    groups
}

fn version_of(group: &str) -> Option<&'static str> {
    let found = RESOURCES.iter().find(|r| r.group == group).map(|r| r.version);
    found.or_else(|| REVIEWS.iter().any(|(g, _)| *g == group).then_some("v1"))
}

fn group(name: &str) -> Value {
    let version = version_of(name).unwrap_or_default();
    let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": [version],
        "preferredVersion": version,
    })
}

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// A subresource: its name, the kind it speaks of (group, version, kind), and its verbs.
type Below = (&'static str, [&'static str; 3], &'static [&'static str]);

fn below(resource: &Resource) -> &'static [Below] {
    const LOG: Below = ("log", ["", "v1", "Pod"], &["get"]);
    const EVICTION: Below = ("eviction", ["policy", "v1", "Eviction"], &["create"]);
    const FORWARD: Below = ("portforward", ["", "v1", "PodPortForwardOptions"], &["create", "get"]);
    const POD_PROXY: Below = ("proxy", ["", "v1", "PodProxyOptions"], &["get"]);
    const SERVICE_PROXY: Below = ("proxy", ["", "v1", "ServiceProxyOptions"], &["get"]);
    const SCALE: Below = ("scale", ["autoscaling", "v1", "Scale"], &["get", "patch", "update"]);
    match resource.kind {
        "Pod" => &[LOG, EVICTION, FORWARD, POD_PROXY],
        "Service" => &[SERVICE_PROXY],
        "StatefulSet" | "Deployment" | "ReplicaSet" => &[SCALE],
        _ => &[],
    }
}

fn categories(resource: &Resource) -> &'static [&'static str] {
    match resource.kind {
        "Pod" | "Service" | "StatefulSet" | "Deployment" | "ReplicaSet" | "HorizontalPodAutoscaler" => {
            &["all"]
        }
        _ => &[],
    }
}

/// `/apis/apps/v1`
fn resources(group: &str, version: &str) -> Value {
    let mut told = Vec::new();
    for r in RESOURCES.iter().filter(|r| (r.group, r.version) == (group, version)) {
        told.push(json!({
            "name": r.plural,
            "singularName": r.kind.to_lowercase(),
            "namespaced": r.namespaced,
            "kind": r.kind,
            "verbs": VERBS,
            "shortNames": r.short,
            "categories": categories(r),
        }));
        told.extend(below(r).iter().map(|(name, [group, version, kind], verbs)| {
            json!({
                "name": format!("{}/{name}", r.plural),
                "singularName": "",
                "namespaced": r.namespaced,
                "group": group,
                "version": version,
                "kind": kind,
                "verbs": verbs,
            })
        }));
    }
    for (_, reviews) in REVIEWS.iter().filter(|(g, _)| *g == group) {
        told.extend(reviews.iter().map(|(plural, kind)| {
            json!({
                "name": plural,
                "singularName": kind.to_lowercase(),
                "namespaced": false,
                "kind": kind,
                "verbs": ["create"],
            })
        }));
    }
    let place = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": place, "resources": told})
}

/// All groups with all their resources in one answer.
fn list(groups: &[&str]) -> Answer {
    let items: Vec<Value> = groups.iter().map(|group| aggregated(group)).collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    });
    serve::whole(200, AGGREGATED, list.to_string())
}

fn aggregated(group: &str) -> Value {
    let version = version_of(group).unwrap_or_default();
    let kind =
        |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let mut told: Vec<Value> = RESOURCES
        .iter()
        .filter(|r| r.group == group)
        .map(|r| {
            let below = below(r).iter().map(|(name, [g, v, k], verbs)| {
                json!({"subresource": name, "responseKind": kind(g, v, k), "verbs": verbs})
            });
            json!({
                "resource": r.plural,
                "responseKind": kind(r.group, r.version, r.kind),
                "scope": if r.namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": r.kind.to_lowercase(),
                "verbs": VERBS,
                "shortNames": r.short,
                "categories": categories(r),
                "subresources": below.collect::<Vec<_>>(),
            })
        })
        .collect();
    for (_, reviews) in REVIEWS.iter().filter(|(g, _)| *g == group) {
        told.extend(reviews.iter().map(|(plural, name)| {
            json!({
                "resource": plural,
                "responseKind": kind(group, "v1", name),
                "scope": "Cluster",
                "singularResource": name.to_lowercase(),
                "verbs": ["create"],
            })
        }));
    }
    let mut metadata = json!({"creationTimestamp": null});
    if !group.is_empty() {
        metadata["name"] = json!(group);
    }
    let version = json!({"version": version, "resources": told, "freshness": "Current"});
    json!({"metadata": metadata, "versions": [version]})
}
