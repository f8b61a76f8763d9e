//! What `kubectl get` prints, and what it reads for that.

use crate::world::World;
use serde_json::{Value, json};

/// Looks at a table: its titles, and rows by their first words, columns parted by two blanks or more.
#[track_caller]
fn table(world: &World, what: &str, titles: &str, rows: &[&str]) {
    let printed = world.kubectl(&format!("get {what}")).done();
    let mut lines = printed.lines().map(columns);
    assert_eq!(lines.next().unwrap_or_default(), columns(titles), "{printed}");
    let lines: Vec<_> = lines.collect();
    for row in rows {
        let wanted = columns(row);
        assert!(lines.iter().any(|line| line.starts_with(&wanted)), "{row} is not in\n{printed}");
    }
}

fn columns(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect()
}

pub fn workloads_are_listed(world: &World) {
    let pods = ["kafka-0  1/1  Running  ", "kafka-1  1/1  Running", "kafka-2  1/1  Running"];
    table(world, "pods -n kafka", "NAME  READY  STATUS  RESTARTS  AGE", &pods);
    table(world, "sts -n kafka", "NAME  READY  AGE", &["kafka  3/3"]);
    let deployments = ["web  3/3  3  3", "forecast  0/1  1  0", "billing  2/2  2  2"];
    table(world, "deploy -n shop", "NAME  READY  UP-TO-DATE  AVAILABLE  AGE", &deployments);
    let nobody = world.kubectl("get pods -n shop -l app=nobody");
    assert_eq!((&*nobody.err, nobody.succeeded), ("No resources found in shop namespace.\n", true));
}

pub fn what_pods_need_is_listed(world: &World) {
    let nodes = ["a1", "a2", "b1", "b2", "c1", "c2"].map(|n| format!("node-{n}  Ready  <none>"));
    table(world, "nodes", "NAME  STATUS  ROLES  AGE  VERSION", &nodes.each_ref().map(|n| &**n));
    let claims = "NAME  STATUS  VOLUME  CAPACITY  ACCESS MODES  STORAGECLASS  VOLUMEATTRIBUTESCLASS  AGE";
    table(
        world,
        "pvc -n kafka",
        claims,
        &["data-kafka-0  Bound", "data-kafka-1  Bound", "data-kafka-2  Bound"],
    );
    let budgets = "NAME  MIN AVAILABLE  MAX UNAVAILABLE  ALLOWED DISRUPTIONS  AGE";
    table(world, "pdb -n kafka", budgets, &["kafka  N/A  1  1"]);
    let services = "NAME  TYPE  CLUSTER-IP  EXTERNAL-IP  PORT(S)  AGE";
    table(world, "svc -n kafka", services, &["kafka-headless  ClusterIP  None  <none>  9092/TCP,9093/TCP"]);
}

pub fn events_are_listed(world: &World) {
    world.until("a back-off is told", || {
        let what = "get events -n shop --field-selector involvedObject.kind=Pod,reason=BackOff";
        let printed = world.kubectl(what).done();
        let mut lines = printed.lines();
        let Some(titles) = lines.next() else { return Err("nothing".into()) };
        assert_eq!(columns(titles), ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]);
        let told = lines.map(columns).any(|row| {
            row[1..3] == ["Warning", "BackOff"]
                && row[3].starts_with("pod/invoices-")
                && row[4].to_lowercase().starts_with("back-off")
        });
        told.then_some(()).ok_or(printed)
    });
}

/// What an object has at a JSON pointer.
enum Has {
    /// This.
    This(Value),
    /// A text that is not empty.
    Text,
    /// A number.
    Number,
    /// Nothing.
    Nothing,
}
use Has::{Nothing, Number, Text, This};

#[track_caller]
fn object(world: &World, what: &str, fields: &[(&str, Has)]) -> Value {
    let printed = world.kubectl(&format!("get {what} -o json")).done();
    let object: Value = serde_json::from_str(&printed).expect("JSON");
    for (pointer, has) in fields {
        let found = object.pointer(pointer);
        let right = match has {
            This(value) => found == Some(value),
            Text => found.and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
            Number => found.is_some_and(Value::is_number),
            Nothing => found.is_none(),
        };
        assert!(right, "{what} has {found:?} at {pointer}");
    }
    object
}

/// The status of a condition.
fn condition<'a>(object: &'a Value, kind: &str) -> &'a str {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let told = conditions.filter(|c| c["type"] == kind).map(|c| c["status"].as_str());
    { told }.next().flatten().unwrap_or("not told")
}

pub fn objects_have_the_fields_that_rules_read(world: &World) {
    let pod = object(
        world,
        "pod kafka-0 -n kafka",
        &[
            ("/apiVersion", This(json!("v1"))),
            ("/kind", This(json!("Pod"))),
            ("/metadata/uid", Text),
            ("/metadata/resourceVersion", Text),
            ("/metadata/creationTimestamp", Text),
            ("/metadata/deletionTimestamp", Nothing),
            ("/metadata/labels/app.kubernetes.io~1name", This(json!("kafka"))),
            ("/metadata/labels/controller-revision-hash", Text),
            ("/metadata/labels/apps.kubernetes.io~1pod-index", This(json!("0"))),
            ("/metadata/labels/statefulset.kubernetes.io~1pod-name", This(json!("kafka-0"))),
            ("/metadata/ownerReferences/0/kind", This(json!("StatefulSet"))),
            ("/metadata/ownerReferences/0/controller", This(json!(true))),
            ("/spec/nodeName", Text),
            ("/spec/terminationGracePeriodSeconds", Number),
            ("/spec/containers/0/image", Text),
            ("/spec/containers/0/resources/requests/memory", Text),
            ("/status/phase", This(json!("Running"))),
            ("/status/podIP", Text),
            ("/status/startTime", Text),
            ("/status/containerStatuses/0/ready", This(json!(true))),
            ("/status/containerStatuses/0/restartCount", Number),
            ("/status/containerStatuses/0/state/running/startedAt", Text),
        ],
    );
    assert_eq!([condition(&pod, "Ready"), condition(&pod, "PodScheduled")], ["True", "True"]);
    let set = object(
        world,
        "sts kafka -n kafka",
        &[
            ("/spec/replicas", This(json!(3))),
            ("/spec/serviceName", This(json!("kafka-headless"))),
            ("/spec/updateStrategy/type", This(json!("RollingUpdate"))),
            ("/spec/volumeClaimTemplates/0/metadata/name", This(json!("data"))),
            ("/status/readyReplicas", This(json!(3))),
            ("/status/availableReplicas", This(json!(3))),
            ("/status/updateRevision", Text),
        ],
    );
    assert_eq!(set["metadata"]["generation"], set["status"]["observedGeneration"]);
    assert_eq!(set["status"]["currentRevision"], set["status"]["updateRevision"]);
    assert_eq!(pod["metadata"]["labels"]["controller-revision-hash"], set["status"]["updateRevision"]);
    let web = object(
        world,
        "deploy web -n shop",
        &[
            ("/spec/replicas", This(json!(3))),
            ("/spec/strategy/type", This(json!("RollingUpdate"))),
            ("/metadata/annotations/deployment.kubernetes.io~1revision", Text),
            ("/status/replicas", This(json!(3))),
            ("/status/updatedReplicas", This(json!(3))),
            ("/status/availableReplicas", This(json!(3))),
        ],
    );
    assert_eq!(web["metadata"]["generation"], web["status"]["observedGeneration"]);
    assert_eq!([condition(&web, "Available"), condition(&web, "Progressing")], ["True", "True"]);
    what_is_below_the_pods(world);
}

fn what_is_below_the_pods(world: &World) {
    let node = object(
        world,
        "node node-a1",
        &[
            ("/metadata/labels/topology.kubernetes.io~1zone", This(json!("zone-a"))),
            ("/spec/unschedulable", Nothing),
            ("/status/allocatable/cpu", Text),
            ("/status/allocatable/memory", Text),
            ("/status/nodeInfo/kubeletVersion", Text),
        ],
    );
    assert_eq!(condition(&node, "Ready"), "True");
    let bound = [
        ("/spec/volumeName", Text),
        ("/spec/resources/requests/storage", Text),
        ("/status/phase", This(json!("Bound"))),
        ("/status/capacity/storage", Text),
    ];
    object(world, "pvc data-kafka-0 -n kafka", &bound);
    let budget = object(
        world,
        "pdb kafka -n kafka",
        &[
            ("/spec/maxUnavailable", This(json!(1))),
            ("/spec/minAvailable", Nothing),
            ("/status/disruptionsAllowed", This(json!(1))),
            ("/status/currentHealthy", This(json!(3))),
            ("/status/desiredHealthy", This(json!(2))),
            ("/status/expectedPods", This(json!(3))),
        ],
    );
    assert_eq!(budget["metadata"]["generation"], budget["status"]["observedGeneration"]);
    assert_eq!(condition(&budget, "DisruptionAllowed"), "True");
    let headless = [
        ("/spec/clusterIP", This(json!("None"))),
        ("/spec/publishNotReadyAddresses", This(json!(true))),
        ("/spec/ports/0/port", This(json!(9092))),
        ("/spec/ports/0/name", This(json!("kafka"))),
    ];
    object(world, "svc kafka-headless -n kafka", &headless);
}
