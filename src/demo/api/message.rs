//! Objects as the protobuf messages that castellan declares of them: what it skips is not sent.

use super::encoding::Head;
use crate::{demo::world::kubernetes::Resource, source::kubernetes::wire::*};
use bytes::Bytes;
use prost::Message;
use serde_json::Value;
use std::sync::Arc;

type Encoder = fn(&Value) -> Vec<u8>;

/// The kinds that there are messages for; kinds of definitions have none in Kubernetes either.
fn encoder(resource: &Resource) -> Option<Encoder> {
    Some(match resource.kind {
        "Pod" => |o| pod(o).encode_to_vec(),
        "Node" => |o| node(o).encode_to_vec(),
        "PersistentVolumeClaim" => |o| claim(o).encode_to_vec(),
        "Service" => |o| service(o).encode_to_vec(),
        "Event" => |o| event(o).encode_to_vec(),
        "StatefulSet" => |o| stateful_set(o).encode_to_vec(),
        "Deployment" => |o| deployment(o).encode_to_vec(),
        "ReplicaSet" => |o| replica_set(o).encode_to_vec(),
        "PodDisruptionBudget" => |o| budget(o).encode_to_vec(),
        "HorizontalPodAutoscaler" => |o| autoscaler(o).encode_to_vec(),
        _ => return None,
    })
}

pub fn is_told(resource: &Resource) -> bool {
    encoder(resource).is_some()
}

pub fn encode(resource: &Resource, object: &Value) -> Option<Vec<u8>> {
    encoder(resource).map(|encode| encode(object))
}

pub fn list(resource: &Resource, head: &Head, objects: &[Arc<Value>]) -> Vec<u8> {
    let metadata = ListMeta {
        resource_version: head.version.to_string().into(),
        next: head.next.clone().into(),
        remaining: head.remaining,
    };
    let items = objects.iter().filter_map(|o| encode(resource, o)).map(Bytes::from).collect();
    List { metadata: Some(metadata), items }.encode_to_vec()
}

pub fn status(status: &Value) -> Vec<u8> {
    let (message, reason) = (text(&status["message"]), text(&status["reason"]));
    Status { message, reason, code: int(&status["code"]) }.encode_to_vec()
}

fn text(value: &Value) -> Bytes {
    Bytes::copy_from_slice(value.as_str().unwrap_or_default().as_bytes())
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<Bytes> {
    many(value, text)
}

fn many<T>(value: &Value, of: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().into_iter().flatten().map(of).collect()
}

/// A message that is there.
fn some<T>(value: &Value, of: impl Fn(&Value) -> T) -> Option<T> {
    (!value.is_null()).then(|| of(value))
}

fn instant(value: &Value) -> Option<Instant> {
    let at: jiff::Timestamp = value.as_str()?.parse().ok()?;
    Some(Instant { seconds: at.as_second(), nanos: at.subsec_nanosecond().into() })
}

fn entries(value: &Value) -> Vec<Entry> {
    let all = value.as_object().into_iter().flatten();
    all.map(|(key, value)| Entry { key: key.clone().into(), value: text(value) }).collect()
}

fn amounts(value: &Value) -> Vec<Amount> {
    let all = value.as_object().into_iter().flatten();
    let quantity = |value: &Value| match value {
        Value::Number(n) => n.to_string().into(),
        other => text(other),
    };
    all.map(|(key, value)| Amount {
        key: key.clone().into(),
        value: Some(Quantity { text: quantity(value) }),
    })
    .collect()
}

fn int_or_string(value: &Value) -> IntOrString {
    match value {
        Value::Number(_) => IntOrString { kind: 0, int: int(value), text: Bytes::new() },
        _ => IntOrString { kind: 1, int: 0, text: text(value) },
    }
}

fn meta(object: &Value) -> Option<ObjectMeta> {
    let m = &object["metadata"];
    Some(ObjectMeta {
        name: text(&m["name"]),
        namespace: text(&m["namespace"]),
        uid: text(&m["uid"]),
        resource_version: text(&m["resourceVersion"]),
        generation: int(&m["generation"]),
        created: instant(&m["creationTimestamp"]),
        deleted: instant(&m["deletionTimestamp"]),
        labels: entries(&m["labels"]),
        annotations: entries(&m["annotations"]),
        owners: many(&m["ownerReferences"], |o| OwnerReference {
            kind: text(&o["kind"]),
            name: text(&o["name"]),
            uid: text(&o["uid"]),
            api_version: text(&o["apiVersion"]),
            controller: flag(&o["controller"]),
        }),
    })
}

fn selector(value: &Value) -> LabelSelector {
    let expressions = many(&value["matchExpressions"], |e| Requirement {
        key: text(&e["key"]),
        operator: text(&e["operator"]),
        values: texts(&e["values"]),
    });
    LabelSelector { labels: entries(&value["matchLabels"]), expressions }
}

fn pod(object: &Value) -> Pod {
    let spec = some(&object["spec"], |s| PodSpec {
        volumes: many(&s["volumes"], volume),
        containers: many(&s["containers"], container),
        grace: s["terminationGracePeriodSeconds"].as_i64(),
        node: text(&s["nodeName"]),
        init_containers: many(&s["initContainers"], container),
    });
    let status = some(&object["status"], |s| PodStatus {
        phase: text(&s["phase"]),
        conditions: many(&s["conditions"], condition),
        message: text(&s["message"]),
        reason: text(&s["reason"]),
        ip: text(&s["podIP"]),
        containers: many(&s["containerStatuses"], container_status),
        init_containers: many(&s["initContainerStatuses"], container_status),
    });
    Pod { metadata: meta(object), spec, status }
}

fn volume(v: &Value) -> Volume {
    let claim = some(&v["persistentVolumeClaim"], |c| ClaimSource { claim: text(&c["claimName"]) });
    let ephemeral = some(&v["ephemeral"], |_| Present {});
    Volume { name: text(&v["name"]), source: Some(VolumeSource { claim, ephemeral }) }
}

fn container(c: &Value) -> Container {
    Container {
        name: text(&c["name"]),
        image: text(&c["image"]),
        ports: many(&c["ports"], |p| ContainerPort {
            name: text(&p["name"]),
            port: int(&p["containerPort"]),
        }),
        env: many(&c["env"], |e| EnvVar { name: text(&e["name"]), value: text(&e["value"]) }),
        mounts: many(&c["volumeMounts"], |m| VolumeMount {
            name: text(&m["name"]),
            path: text(&m["mountPath"]),
        }),
        restart_policy: text(&c["restartPolicy"]),
    }
}

fn container_status(s: &Value) -> ContainerStatus {
    ContainerStatus {
        name: text(&s["name"]),
        state: some(&s["state"], container_state),
        last: some(&s["lastState"], container_state),
        ready: flag(&s["ready"]),
        restarts: int(&s["restartCount"]),
        started: flag(&s["started"]),
    }
}

fn container_state(s: &Value) -> ContainerState {
    ContainerState {
        waiting: some(&s["waiting"], |w| Waiting {
            reason: text(&w["reason"]),
            message: text(&w["message"]),
        }),
        running: some(&s["running"], |r| Started { at: instant(&r["startedAt"]) }),
        terminated: some(&s["terminated"], |t| Terminated {
            exit_code: int(&t["exitCode"]),
            signal: int(&t["signal"]),
            reason: text(&t["reason"]),
            message: text(&t["message"]),
            finished: instant(&t["finishedAt"]),
        }),
    }
}

fn condition(c: &Value) -> Condition {
    Condition {
        kind: text(&c["type"]),
        status: text(&c["status"]),
        since: instant(&c["lastTransitionTime"]),
        reason: text(&c["reason"]),
        message: text(&c["message"]),
    }
}

fn node(object: &Value) -> Node {
    let taint =
        |t: &Value| Taint { key: text(&t["key"]), value: text(&t["value"]), effect: text(&t["effect"]) };
    let spec = some(&object["spec"], |s| NodeSpec {
        unschedulable: flag(&s["unschedulable"]),
        taints: many(&s["taints"], taint),
    });
    let status = some(&object["status"], |s| NodeStatus {
        allocatable: amounts(&s["allocatable"]),
        // A node's condition has its heartbeat where a pod's has its probe: the rest agrees.
        conditions: many(&s["conditions"], condition),
        addresses: many(&s["addresses"], |a| NodeAddress {
            kind: text(&a["type"]),
            address: text(&a["address"]),
        }),
        info: some(&s["nodeInfo"], |i| NodeInfo { kubelet: text(&i["kubeletVersion"]) }),
    });
    Node { metadata: meta(object), spec, status }
}

fn claim(object: &Value) -> Claim {
    let spec = some(&object["spec"], |s| ClaimSpec {
        resources: some(&s["resources"], |r| Resources { requests: amounts(&r["requests"]) }),
        volume: text(&s["volumeName"]),
        class: text(&s["storageClassName"]),
    });
    let status = some(&object["status"], |s| ClaimStatus {
        phase: text(&s["phase"]),
        capacity: amounts(&s["capacity"]),
        conditions: many(&s["conditions"], condition),
    });
    Claim { metadata: meta(object), spec, status }
}

fn service(object: &Value) -> Service {
    let port = |p: &Value| ServicePort {
        name: text(&p["name"]),
        port: int(&p["port"]),
        target: some(&p["targetPort"], int_or_string),
    };
    let spec = some(&object["spec"], |s| ServiceSpec {
        ports: many(&s["ports"], port),
        selector: entries(&s["selector"]),
        cluster_ip: text(&s["clusterIP"]),
        kind: text(&s["type"]),
    });
    Service { metadata: meta(object), spec }
}

fn event(object: &Value) -> Event {
    Event {
        metadata: meta(object),
        object: some(&object["involvedObject"], |o| ObjectReference {
            kind: text(&o["kind"]),
            name: text(&o["name"]),
            uid: text(&o["uid"]),
        }),
        reason: text(&object["reason"]),
        message: text(&object["message"]),
        source: some(&object["source"], |s| EventSource { component: text(&s["component"]) }),
        first: instant(&object["firstTimestamp"]),
        last: instant(&object["lastTimestamp"]),
        count: int(&object["count"]),
        kind: text(&object["type"]),
        time: instant(&object["eventTime"]),
        series: some(&object["series"], |s| EventSeries {
            count: int(&s["count"]),
            last: instant(&s["lastObservedTime"]),
        }),
        reporter: text(&object["reportingComponent"]),
    }
}

fn template(value: &Value) -> Option<Template> {
    let image = |c: &Value| TemplateContainer { image: text(&c["image"]) };
    let spec = some(&value["spec"], |s| TemplateSpec { containers: many(&s["containers"], image) });
    some(value, |_| Template { spec: spec.clone() })
}

fn stateful_set(object: &Value) -> StatefulSet {
    let strategy = |s: &Value| SetStrategy {
        kind: text(&s["type"]),
        rolling: some(&s["rollingUpdate"], |r| SetRolling { partition: int(&r["partition"]) }),
    };
    let spec = some(&object["spec"], |s| StatefulSetSpec {
        replicas: s["replicas"].as_i64(),
        selector: some(&s["selector"], selector),
        template: template(&s["template"]),
        service: text(&s["serviceName"]),
        strategy: some(&s["updateStrategy"], strategy),
    });
    let status = some(&object["status"], |s| StatefulSetStatus {
        observed: int(&s["observedGeneration"]),
        ready: int(&s["readyReplicas"]),
        current: int(&s["currentReplicas"]),
        updated: int(&s["updatedReplicas"]),
        current_revision: text(&s["currentRevision"]),
        update_revision: text(&s["updateRevision"]),
        available: int(&s["availableReplicas"]),
    });
    StatefulSet { metadata: meta(object), spec, status }
}

fn deployment(object: &Value) -> Deployment {
    let spec = some(&object["spec"], |s| DeploymentSpec {
        replicas: s["replicas"].as_i64(),
        selector: some(&s["selector"], selector),
        template: template(&s["template"]),
        paused: flag(&s["paused"]),
    });
    let condition = |c: &Value| DeploymentCondition {
        kind: text(&c["type"]),
        status: text(&c["status"]),
        message: text(&c["message"]),
    };
    let status = some(&object["status"], |s| DeploymentStatus {
        observed: int(&s["observedGeneration"]),
        updated: int(&s["updatedReplicas"]),
        available: int(&s["availableReplicas"]),
        conditions: many(&s["conditions"], condition),
        ready: int(&s["readyReplicas"]),
    });
    Deployment { metadata: meta(object), spec, status }
}

fn replica_set(object: &Value) -> ReplicaSet {
    let spec = some(&object["spec"], |s| ReplicaSetSpec { replicas: s["replicas"].as_i64() });
    let status = some(&object["status"], |s| ReplicaSetStatus { ready: int(&s["readyReplicas"]) });
    ReplicaSet { metadata: meta(object), spec, status }
}

fn budget(object: &Value) -> Budget {
    let spec = some(&object["spec"], |s| BudgetSpec {
        min_available: some(&s["minAvailable"], int_or_string),
        selector: some(&s["selector"], selector),
        max_unavailable: some(&s["maxUnavailable"], int_or_string),
    });
    let status = some(&object["status"], |s| BudgetStatus {
        allowed: int(&s["disruptionsAllowed"]),
        healthy: int(&s["currentHealthy"]),
        desired: int(&s["desiredHealthy"]),
        expected: int(&s["expectedPods"]),
    });
    Budget { metadata: meta(object), spec, status }
}

fn autoscaler(object: &Value) -> Autoscaler {
    let target = |t: &Value| ScaleTarget { kind: text(&t["kind"]), name: text(&t["name"]) };
    let spec = some(&object["spec"], |s| AutoscalerSpec {
        target: some(&s["scaleTargetRef"], target),
        min: s["minReplicas"].as_i64(),
        max: int(&s["maxReplicas"]),
    });
    let status = some(&object["status"], |s| AutoscalerStatus {
        current: int(&s["currentReplicas"]),
        desired: int(&s["desiredReplicas"]),
    });
    Autoscaler { metadata: meta(object), spec, status }
}
