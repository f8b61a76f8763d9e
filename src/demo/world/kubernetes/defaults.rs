//! What the API server adds to a new object.

use super::{Resource, object};
use serde_json::{Value, json};

/// `suffix`: of a generated name; `address`: for a Service that wants one.
pub fn apply(resource: &Resource, object: &mut Value, suffix: &str, address: impl FnOnce() -> String) {
    if let Some(stem) = object["metadata"]["generateName"].as_str()
        && object["metadata"]["name"].is_null()
    {
        object["metadata"]["name"] = json!(format!("{stem}{suffix}"));
    }
    if resource.namespaced && object["metadata"]["namespace"].is_null() {
        object["metadata"]["namespace"] = json!("default");
    }
    match resource.kind {
        "Pod" => of_pod(object),
        "StatefulSet" => of_stateful_set(&mut object["spec"]),
        "Deployment" => of_deployment(&mut object["spec"]),
        "Service" => of_service(&mut object["spec"], address),
        "Namespace" => {
            let name = object["metadata"]["name"].clone();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
            object["status"] = json!({"phase": "Active"});
            object["spec"] = json!({"finalizers": ["kubernetes"]});
        }
        "PersistentVolumeClaim" => {
            object["metadata"]["finalizers"] = json!(["kubernetes.io/pvc-protection"]);
            given(&mut object["spec"], "volumeMode", json!("Filesystem"));
            given(object, "status", json!({"phase": "Pending"}));
        }
        _ => {}
    }
}

fn given(object: &mut Value, field: &str, value: Value) {
    if object[field].is_null() {
        object[field] = value;
    }
}

fn of_pod(pod: &mut Value) {
    of_pod_spec(&mut pod["spec"]);
    // Source: the admission plugin DefaultTolerationSeconds.
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerations = &mut pod["spec"]["tolerations"];
        if tolerations.is_null() {
            *tolerations = json!([]);
        }
        if let Some(all) = tolerations.as_array_mut()
            && !all.iter().any(|t| t["key"] == key)
        {
            all.push(
                json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
            );
        }
    }
    given(pod, "status", json!({"phase": "Pending", "qosClass": quality(&pod["spec"])}));
}

fn of_pod_spec(spec: &mut Value) {
    given(spec, "restartPolicy", json!("Always"));
    given(spec, "terminationGracePeriodSeconds", json!(30));
    given(spec, "dnsPolicy", json!("ClusterFirst"));
    given(spec, "schedulerName", json!("default-scheduler"));
    given(spec, "serviceAccountName", json!("default"));
    for container in spec["containers"].as_array_mut().into_iter().flatten() {
        given(container, "imagePullPolicy", json!("IfNotPresent"));
        given(container, "resources", json!({}));
    }
}

/// Source: Kubernetes `GetPodQOS`.
fn quality(spec: &Value) -> &'static str {
    let containers = object::list(spec, "/containers");
    let named = |c: &Value, kind: &str, what: &str| !c["resources"][kind][what].is_null();
    let guaranteed = |c: &Value| {
        ["cpu", "memory"].into_iter().all(|what| {
            let limit = &c["resources"]["limits"][what];
            let request = &c["resources"]["requests"][what];
            !limit.is_null() && (request.is_null() || request == limit)
        })
    };
    let any = |c: &Value| {
        ["requests", "limits"].into_iter().any(|kind| named(c, kind, "cpu") || named(c, kind, "memory"))
    };
    match () {
        () if !containers.is_empty() && containers.iter().all(guaranteed) => "Guaranteed",
        () if containers.iter().any(any) => "Burstable",
        () => "BestEffort",
    }
}

fn of_stateful_set(spec: &mut Value) {
    given(spec, "replicas", json!(1));
    given(spec, "podManagementPolicy", json!("OrderedReady"));
    given(spec, "revisionHistoryLimit", json!(10));
    given(spec, "updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
    of_pod_spec(&mut spec["template"]["spec"]);
}

fn of_deployment(spec: &mut Value) {
    given(spec, "replicas", json!(1));
    given(spec, "revisionHistoryLimit", json!(10));
    given(spec, "progressDeadlineSeconds", json!(600));
    let rolling =
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
    given(spec, "strategy", rolling);
    of_pod_spec(&mut spec["template"]["spec"]);
}

fn of_service(spec: &mut Value, address: impl FnOnce() -> String) {
    given(spec, "type", json!("ClusterIP"));
    if spec["clusterIP"].is_null() {
        spec["clusterIP"] = json!(address());
    }
    let address = spec["clusterIP"].clone();
    given(spec, "clusterIPs", json!([address]));
    given(spec, "sessionAffinity", json!("None"));
    for port in spec["ports"].as_array_mut().into_iter().flatten() {
        given(port, "protocol", json!("TCP"));
        let same = port["port"].clone();
        given(port, "targetPort", same);
    }
}
