//! The tables that `kubectl get` prints: the server makes them.
//!
//! Source: Kubernetes 1.35, `pkg/printers/internalversion/printers.go`.

mod pod;

use crate::{
    demo::world::kubernetes::Resource,
    domain::time::{Time, age},
};
use serde_json::{Value, json};

/// A column's name, and whether only `-o wide` shows it.
type Column = (&'static str, bool);

const fn always(name: &'static str) -> Column {
    (name, false)
}

const fn wide(name: &'static str) -> Column {
    (name, true)
}

const NAME: Column = always("Name");
const AGE: Column = always("Age");
const NONE: &str = "<none>";
const UNKNOWN: &str = "<unknown>";

fn columns(resource: &Resource) -> &'static [Column] {
    const POD: &[Column] = &[
        NAME,
        always("Ready"),
        always("Status"),
        always("Restarts"),
        AGE,
        wide("IP"),
        wide("Node"),
        wide("Nominated Node"),
        wide("Readiness Gates"),
    ];
    const NODE: &[Column] = &[
        NAME,
        always("Status"),
        always("Roles"),
        AGE,
        always("Version"),
        wide("Internal-IP"),
        wide("External-IP"),
        wide("OS-Image"),
        wide("Kernel-Version"),
        wide("Container-Runtime"),
    ];
    const EVENT: &[Column] = &[
        always("Last Seen"),
        always("Type"),
        always("Reason"),
        always("Object"),
        wide("Subobject"),
        wide("Source"),
        always("Message"),
        wide("First Seen"),
        wide("Count"),
        wide("Name"),
    ];
    const STATEFUL_SET: &[Column] = &[NAME, always("Ready"), AGE, wide("Containers"), wide("Images")];
    const DEPLOYMENT: &[Column] = &[
        NAME,
        always("Ready"),
        always("Up-to-date"),
        always("Available"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ];
    const REPLICA_SET: &[Column] = &[
        NAME,
        always("Desired"),
        always("Current"),
        always("Ready"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ];
    const SERVICE: &[Column] = &[
        NAME,
        always("Type"),
        always("Cluster-IP"),
        always("External-IP"),
        always("Port(s)"),
        AGE,
        wide("Selector"),
    ];
    const CLAIM: &[Column] = &[
        NAME,
        always("Status"),
        always("Volume"),
        always("Capacity"),
        always("Access Modes"),
        always("StorageClass"),
        always("VolumeAttributesClass"),
        AGE,
        wide("VolumeMode"),
    ];
    const BUDGET: &[Column] =
        &[NAME, always("Min Available"), always("Max Unavailable"), always("Allowed Disruptions"), AGE];
    const AUTOSCALER: &[Column] = &[
        NAME,
        always("Reference"),
        always("Targets"),
        always("MinPods"),
        always("MaxPods"),
        always("Replicas"),
        AGE,
    ];
    match resource.kind {
        "Pod" => POD,
        "Node" => NODE,
        "Event" => EVENT,
        "StatefulSet" => STATEFUL_SET,
        "Deployment" => DEPLOYMENT,
        "ReplicaSet" => REPLICA_SET,
        "Service" => SERVICE,
        "PersistentVolumeClaim" => CLAIM,
        "PodDisruptionBudget" => BUDGET,
        "HorizontalPodAutoscaler" => AUTOSCALER,
        "Namespace" => const { &[NAME, always("Status"), AGE] },
        "ConfigMap" => const { &[NAME, always("Data"), AGE] },
        "Secret" => const { &[NAME, always("Type"), always("Data"), AGE] },
        _ => &[NAME, AGE],
    }
}

/// `head`: with the columns, which a watch tells once.
pub fn table(resource: &Resource, metadata: Value, rows: Vec<Value>, head: bool) -> Value {
    let definition = |(name, wide): &Column| {
        let format = if *name == "Name" { "name" } else { "" };
        json!({"name": name, "type": "string", "format": format, "description": "", "priority": i32::from(*wide)})
    };
    let columns: Vec<Value> = columns(resource).iter().filter(|_| head).map(definition).collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": rows,
    })
}

/// The cells of an object's row, one for each column.
pub fn cells(resource: &Resource, object: &Value, now: Time) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let name = object["metadata"]["name"].clone();
    let age = json!(since(&object["metadata"]["creationTimestamp"], now));
    match resource.kind {
        "Pod" => pod::cells(object, now),
        "Node" => node(object, now),
        "Event" => event(object, now),
        "StatefulSet" => {
            let [names, images] = containers(spec);
            vec![name, ready(object), age, names, images]
        }
        "Deployment" => {
            let [names, images] = containers(spec);
            let (updated, available) =
                (number(status, "updatedReplicas"), number(status, "availableReplicas"));
            vec![name, ready(object), updated, available, age, names, images, selector(&spec["selector"])]
        }
        "ReplicaSet" => {
            let [names, images] = containers(spec);
            let (current, ready) = (number(status, "replicas"), number(status, "readyReplicas"));
            vec![
                name,
                number(spec, "replicas"),
                current,
                ready,
                age,
                names,
                images,
                selector(&spec["selector"]),
            ]
        }
        "Service" => {
            let address = text(&spec["clusterIP"], NONE);
            let kind = text(&spec["type"], "ClusterIP");
            let external = if kind == "LoadBalancer" { "<pending>" } else { NONE };
            vec![name, kind, address, json!(external), ports(spec), age, pairs(&spec["selector"])]
        }
        "PersistentVolumeClaim" => claim(object, age),
        "PodDisruptionBudget" => {
            let [least, most] = ["minAvailable", "maxUnavailable"].map(|f| either(&spec[f], "N/A"));
            vec![name, least, most, number(status, "disruptionsAllowed"), age]
        }
        "HorizontalPodAutoscaler" => {
            let target = &spec["scaleTargetRef"];
            let reference = format!("{}/{}", plain(&target["kind"]), plain(&target["name"]));
            let least = either(&spec["minReplicas"], "<unset>");
            let (most, current) = (number(spec, "maxReplicas"), number(status, "currentReplicas"));
            vec![name, json!(reference), json!(targets(object)), least, most, current, age]
        }
        "Namespace" => vec![name, text(&status["phase"], "Active"), age],
        "ConfigMap" => vec![name, json!(size(&object["data"]) + size(&object["binaryData"])), age],
        "Secret" => vec![name, text(&object["type"], "Opaque"), json!(size(&object["data"])), age],
        _ => vec![name, age],
    }
}

/// Source: `translateTimestampSince`.
fn since(at: &Value, now: Time) -> String {
    let at: Option<jiff::Timestamp> = at.as_str().and_then(|at| at.parse().ok());
    at.map_or_else(|| UNKNOWN.to_owned(), |at| age(now.since(Time(at.as_millisecond()))))
}

fn plain(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn text(value: &Value, otherwise: &str) -> Value {
    json!(value.as_str().filter(|t| !t.is_empty()).unwrap_or(otherwise))
}

/// A number or a text as text.
fn either(value: &Value, otherwise: &str) -> Value {
    match value {
        Value::Null => json!(otherwise),
        Value::String(text) => json!(text),
        other => json!(other.to_string()),
    }
}

fn number(of: &Value, field: &str) -> Value {
    json!(of[field].as_i64().unwrap_or_default())
}

fn size(map: &Value) -> usize {
    map.as_object().map_or(0, |map| map.len())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

fn ready(object: &Value) -> Value {
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    json!(format!("{}/{wanted}", object["status"]["readyReplicas"].as_i64().unwrap_or_default()))
}

fn containers(spec: &Value) -> [Value; 2] {
    let all = &spec["template"]["spec"]["containers"];
    ["name", "image"].map(|field| json!(joined(list(all).map(|c| plain(&c[field])))))
}

fn pairs(map: &Value) -> Value {
    let all = map.as_object().into_iter().flatten();
    let all: Vec<_> = all.map(|(key, value)| format!("{key}={}", plain(value))).collect();
    if all.is_empty() { json!(NONE) } else { json!(all.join(",")) }
}

fn selector(selector: &Value) -> Value {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let mut all: Vec<_> = labels.map(|(key, value)| format!("{key}={}", plain(value))).collect();
    all.extend(list(&selector["matchExpressions"]).map(|e| {
        let (key, operator) = (plain(&e["key"]), plain(&e["operator"]));
        let values = joined(list(&e["values"]).map(plain));
        match operator {
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => format!("{key} {} ({values})", operator.to_lowercase()),
        }
    }));
    if all.is_empty() { json!(NONE) } else { json!(all.join(",")) }
}

fn ports(spec: &Value) -> Value {
    let port = |p: &Value| {
        let (port, protocol) =
            (p["port"].as_i64().unwrap_or_default(), p["protocol"].as_str().unwrap_or("TCP"));
        match p["nodePort"].as_i64().filter(|n| *n > 0) {
            Some(node) => format!("{port}:{node}/{protocol}"),
            None => format!("{port}/{protocol}"),
        }
    };
    let all: Vec<_> = list(&spec["ports"]).map(port).collect();
    if all.is_empty() { json!(NONE) } else { json!(all.join(",")) }
}

fn node(object: &Value, now: Time) -> Vec<Value> {
    let (metadata, status) = (&object["metadata"], &object["status"]);
    let condition = list(&status["conditions"]).find(|c| c["type"] == "Ready");
    let mut state = match condition.map(|c| plain(&c["status"])) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if object["spec"]["unschedulable"] == true {
        state.push_str(",SchedulingDisabled");
    }
    let labels = metadata["labels"].as_object().into_iter().flatten();
    let roles =
        joined(labels.filter_map(|(name, value)| match name.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if name == "kubernetes.io/role" => value.as_str(),
            None => None,
        }));
    let address = |kind: &str| {
        let found = list(&status["addresses"]).find(|a| a["type"] == kind);
        found.map_or(json!(NONE), |a| a["address"].clone())
    };
    let info = |field: &str| text(&status["nodeInfo"][field], UNKNOWN);
    vec![
        metadata["name"].clone(),
        json!(state),
        text(&json!(roles), NONE),
        json!(since(&metadata["creationTimestamp"], now)),
        status["nodeInfo"]["kubeletVersion"].clone(),
        address("InternalIP"),
        address("ExternalIP"),
        info("osImage"),
        info("kernelVersion"),
        info("containerRuntimeVersion"),
    ]
}

fn event(object: &Value, now: Time) -> Vec<Value> {
    let time = |value: &Value| (!value.is_null()).then(|| since(value, now));
    let first = time(&object["firstTimestamp"]).or_else(|| time(&object["eventTime"]));
    let first = first.unwrap_or_else(|| UNKNOWN.to_owned());
    let series = &object["series"];
    let last = time(&series["lastObservedTime"]).or_else(|| time(&object["lastTimestamp"]));
    let count = series["count"].as_i64().or(object["count"].as_i64()).filter(|n| *n > 0).unwrap_or(1);
    let regarding = &object["involvedObject"];
    let kind = plain(&regarding["kind"]).to_lowercase();
    let component = object["source"]["component"].as_str().filter(|c| !c.is_empty());
    let component = component.unwrap_or(plain(&object["reportingComponent"]));
    let host = object["source"]["host"].as_str().or(object["reportingInstance"].as_str()).unwrap_or_default();
    let source = if host.is_empty() { component.to_owned() } else { format!("{component}, {host}") };
    vec![
        json!(last.unwrap_or_else(|| first.clone())),
        object["type"].clone(),
        object["reason"].clone(),
        json!(format!("{kind}/{}", plain(&regarding["name"]))),
        json!(plain(&regarding["fieldPath"])),
        json!(source),
        json!(plain(&object["message"]).trim()),
        json!(first),
        json!(count),
        object["metadata"]["name"].clone(),
    ]
}

fn claim(object: &Value, age: Value) -> Vec<Value> {
    let (metadata, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
    let deleting = !metadata["deletionTimestamp"].is_null();
    let phase = if deleting { "Terminating" } else { plain(&status["phase"]) };
    let bound = !plain(&spec["volumeName"]).is_empty();
    let modes = list(&status["accessModes"]).map(|mode| match plain(mode) {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    });
    let (capacity, modes) = match bound {
        true => (plain(&status["capacity"]["storage"]).to_owned(), joined(modes)),
        false => Default::default(),
    };
    vec![
        metadata["name"].clone(),
        json!(phase),
        json!(plain(&spec["volumeName"])),
        json!(capacity),
        json!(modes),
        json!(plain(&spec["storageClassName"])),
        text(&spec["volumeAttributesClassName"], "<unset>"),
        age,
        text(&spec["volumeMode"], "<unset>"),
    ]
}

/// Source: `formatHPAMetrics`, of resource metrics.
fn targets(object: &Value) -> String {
    let current: Vec<&Value> = list(&object["status"]["currentMetrics"]).collect();
    let metrics = list(&object["spec"]["metrics"]).enumerate().map(|(n, metric)| {
        let resource = &metric["resource"];
        let target = resource["target"]["averageUtilization"].as_i64();
        let target = target.map_or("<auto>".to_owned(), |t| format!("{t}%"));
        let seen = current.get(n).and_then(|c| c["resource"]["current"]["averageUtilization"].as_i64());
        let seen = seen.map_or(UNKNOWN.to_owned(), |c| format!("{c}%"));
        format!("{}: {seen}/{target}", plain(&resource["name"]))
    });
    let mut all: Vec<String> = metrics.collect();
    let more = all.len().saturating_sub(2);
    all.truncate(2);
    match (all.is_empty(), more) {
        (true, _) => NONE.to_owned(),
        (false, 0) => all.join(", "),
        (false, more) => format!("{} + {more} more...", all.join(", ")),
    }
}
