//! castellan's own hand on a world, and every refusal in the real server's words.

use super::*;
use crate::{
    action::{
        Intent, Said, Write,
        journal::{Entry, Record, What},
    },
    domain::{ask::AskId, kubernetes::Key, object::Kind},
    effect::{Hand, Outcome},
    source::asking::Desk,
};
use std::sync::Arc;

const SET: &str = "/apis/apps/v1/namespaces/kafka/statefulsets/kafka";
const POD: &str = "/api/v1/namespaces/kafka/pods/kafka-0";
const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

fn estate() -> Vec<Value> {
    let labels = json!({"app": "kafka"});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kafka"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "spec": {}}),
        pod("kafka-0"),
        json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"namespace": "kafka", "name": "kafka"},
            "spec": {"replicas": 3, "serviceName": "kafka", "selector": {"matchLabels": labels}, "template": {}},
        }),
        json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"namespace": "kafka", "name": "budget"},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}},
            "status": {"disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2, "observedGeneration": 1},
        }),
    ]
}

async fn bench() -> Bench {
    Bench::new(&estate()).await
}

/// A hand with what it says.
struct Acting {
    hand: Hand,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    desk: Desk,
    _folder: tempfile::TempDir,
}

impl Acting {
    async fn new(bench: &Bench, token: &str) -> Acting {
        let folder = tempfile::tempdir().unwrap();
        let (said, outcomes) = mpsc::unbounded_channel();
        let tell = Arc::new(move |outcome| drop(said.send(outcome)));
        let hand = Hand::new(Ok(folder.path().to_owned()), "demo".into(), tell);
        let desk = Desk { kubernetes: Some(bench.connection(token).await), kafka: None };
        Acting { hand, outcomes, desk, _folder: folder }
    }

    async fn next(&mut self) -> Outcome {
        let next = tokio::time::timeout(Duration::from_secs(60), self.outcomes.recv()).await;
        next.expect("an outcome in time").expect("an outcome")
    }

    async fn act(&mut self, write: Write) -> Said {
        let intent = Intent { verb: "act".into(), objects: Vec::new(), argument: String::new() };
        let record = Record {
            title: "act".into(),
            intent,
            changes: Vec::new(),
            refusals: Vec::new(),
            steps: Vec::new(),
            tasks: vec![],
            undo: None,
        };
        let entry =
            Entry { at: now(), operation: "o".into(), context: "demo".into(), what: What::Planned(record) };
        self.hand.record(entry, &self.desk);
        self.hand.act("o".into(), 0, write, &self.desk);
        match self.next().await {
            Outcome::Acted(_, 0, said) => said,
            other => panic!("{other:?}"),
        }
    }

    async fn rehearse(&mut self, write: Write) -> Result<Text, Text> {
        let _running = self.hand.rehearse(AskId(1), write, &self.desk);
        match self.next().await {
            Outcome::Rehearsed(_, said) => said,
            other => panic!("{other:?}"),
        }
    }
}

fn key() -> Key {
    Key::new("kafka", "kafka")
}

fn scale(version: &Value, uid: &str) -> Write {
    Write::Scale {
        kind: Kind::StatefulSet,
        key: key(),
        uid: uid.into(),
        resource_version: version.as_str().unwrap().into(),
        replicas: 4,
    }
}

#[tokio::test]
async fn castellan_scales_what_it_has_looked_at_and_nothing_else() {
    let bench = bench().await;
    let mut acting = Acting::new(&bench, "admin").await;
    let (_, set) = bench.get(SET).await;
    let version = &set["metadata"]["resourceVersion"];
    assert!(acting.rehearse(scale(version, "uid-3")).await.is_ok());
    assert_eq!(bench.get(SET).await.1["spec"]["replicas"], 3, "a dry run changes nothing");
    let said = acting.act(scale(version, "another")).await;
    assert!(matches!(&said, Said::Refused(w) if w.contains("another StatefulSet kafka/kafka")), "{said:?}");
    assert!(matches!(acting.act(scale(version, "uid-3")).await, Said::Taken(_)));
    let (_, scaled) = bench.get(&format!("{SET}/scale")).await;
    assert_eq!((&scaled["kind"], &scaled["spec"]["replicas"]), (&json!("Scale"), &json!(4)));
    let said = acting.act(scale(version, "uid-3")).await;
    assert!(matches!(&said, Said::Refused(w) if w.contains("changed since you looked")), "{said:?}");
}

#[tokio::test]
async fn castellan_restarts_annotates_cordons_and_deletes() {
    let bench = bench().await;
    let mut acting = Acting::new(&bench, "admin").await;
    let restart = |uid: &str| Write::Restart { kind: Kind::StatefulSet, key: key(), uid: uid.into() };
    assert!(matches!(acting.act(restart("uid-3")).await, Said::Taken(_)));
    let annotations = &bench.get(SET).await.1["spec"]["template"]["metadata"]["annotations"];
    assert!(annotations["kubectl.kubernetes.io/restartedAt"].is_string());
    let said = acting.act(restart("another")).await;
    assert!(matches!(&said, Said::Refused(w) if w.contains("another StatefulSet")), "{said:?}");
    let cordon = Write::Cordon { node: "node-1".into(), uid: "uid-1".into(), on: true };
    assert!(matches!(acting.act(cordon).await, Said::Taken(_)));
    assert_eq!(bench.get("/api/v1/nodes/node-1").await.1["spec"]["unschedulable"], true);
    let delete = |uid: &str| Write::Delete { pod: Key::new("kafka", "kafka-0"), uid: uid.into() };
    let said = acting.act(delete("another")).await;
    assert!(
        matches!(&said, Said::Refused(w) if w.contains("another pod kafka/kafka-0 is in its place")),
        "{said:?}"
    );
    assert!(matches!(acting.act(delete("uid-2")).await, Said::Taken(_)));
    assert!(bench.get(POD).await.1["metadata"]["deletionTimestamp"].is_string(), "it ends with grace");
}

#[tokio::test]
async fn a_budget_refuses_an_eviction_in_its_words() {
    let bench = bench().await;
    let mut acting = Acting::new(&bench, "admin").await;
    let evict = || Write::Evict { pod: Key::new("kafka", "kafka-0"), uid: "uid-2".into() };
    let words = "The disruption budget budget needs 2 healthy pods and has 2 currently";
    assert_eq!(acting.rehearse(evict()).await, Err(words.into()));
    assert_eq!(acting.act(evict()).await, Said::Refused(words.into()));
    let mut denied = Acting::new(&bench, "no-evict").await;
    let said = denied.act(evict()).await;
    assert!(matches!(&said, Said::Refused(w) if w.contains("--subresource=eviction -n kafka")), "{said:?}");
}

async fn refused(bench: &Bench, method: &str, path: &str, kind: &str, body: Value) -> (u16, String) {
    let (code, said) = bench.ask(method, path, kind, body).await;
    assert_eq!(
        (&said["kind"], &said["status"], &said["code"]),
        (&json!("Status"), &json!("Failure"), &json!(code))
    );
    (code, said["message"].as_str().unwrap().to_owned())
}

/// The sentences are those of Kubernetes 1.35.
#[tokio::test]
async fn refusals_are_the_real_servers() {
    let bench = bench().await;
    let named = |name: &str| json!({"metadata": {"name": name}});
    let cases = [
        ("GET", "/api/v1/namespaces/kafka/pods/x", "", Value::Null, 404, "pods \"x\" not found"),
        (
            "GET",
            "/apis/apps/v1/namespaces/a/statefulsets/x",
            "",
            Value::Null,
            404,
            "statefulsets.apps \"x\" not found",
        ),
        (
            "POST",
            "/api/v1/namespaces/kafka/pods",
            JSON,
            named("kafka-0"),
            409,
            "pods \"kafka-0\" already exists",
        ),
        ("POST", "/api/v1/namespaces/no/pods", JSON, named("a"), 404, "namespaces \"no\" not found"),
        (
            "PATCH",
            SET,
            MERGE,
            json!({"metadata": {"resourceVersion": "1"}}),
            409,
            "Operation cannot be fulfilled on statefulsets.apps \"kafka\": the object has been modified; please apply your changes to the latest version and try again",
        ),
        (
            "PATCH",
            SET,
            MERGE,
            json!({"metadata": {"uid": "u1"}}),
            422,
            "StatefulSet.apps \"kafka\" is invalid: metadata.uid: Invalid value: \"u1\": field is immutable",
        ),
        (
            "PATCH",
            SET,
            MERGE,
            json!({"spec": {"serviceName": "x"}}),
            422,
            "StatefulSet.apps \"kafka\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
        (
            "PATCH",
            SET,
            STRATEGIC,
            json!({"spec": {"replicas": -1}}),
            422,
            "StatefulSet.apps \"kafka\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/kafka/statefulsets/kafka/scale",
            MERGE,
            json!({"metadata": {"uid": "u1"}}),
            409,
            "Operation cannot be fulfilled on statefulsets/scale.apps \"kafka\": Precondition failed: UID in precondition: u1, UID in object meta: uid-3",
        ),
        (
            "DELETE",
            POD,
            JSON,
            json!({"preconditions": {"uid": "u1"}}),
            409,
            "Operation cannot be fulfilled on Pod \"kafka-0\": the UID in the precondition (u1) does not match the UID in record (uid-2). The object might have been deleted and then recreated",
        ),
        (
            "PATCH",
            SET,
            "application/apply-patch+yaml",
            json!({}),
            415,
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
        ),
        (
            "POST",
            &format!("{POD}/eviction"),
            JSON,
            named("x"),
            400,
            "name in URL does not match name in Eviction object",
        ),
        (
            "GET",
            "/apis/batch/v1/jobs",
            "",
            Value::Null,
            404,
            "the server could not find the requested resource",
        ),
        (
            "GET",
            "/api/v1/pods?fieldSelector=spec.x%3Dy",
            "",
            Value::Null,
            400,
            "field label not supported: spec.x",
        ),
    ];
    for (method, path, kind, body, code, message) in cases {
        assert_eq!(
            refused(&bench, method, path, kind, body).await,
            (code, message.to_owned()),
            "{method} {path}"
        );
    }
    // A put needs no version, and one that is there is asked for.
    let (_, mut set) = bench.get(SET).await;
    set["spec"]["replicas"] = json!(5);
    assert_eq!(bench.ask("PUT", SET, JSON, set.clone()).await.0, 200);
    assert_eq!(bench.ask("PUT", SET, JSON, set).await.0, 409);
}

#[tokio::test]
async fn who_may_not_is_told_so_and_a_review_says_the_same() {
    let bench = bench().await;
    let mut viewer = Acting::new(&bench, "viewer").await;
    let cordon = Write::Cordon { node: "node-1".into(), uid: "uid-1".into(), on: true };
    let said = viewer.act(cordon).await;
    assert!(matches!(&said, Said::Refused(w) if w.contains("no permission to patch nodes")), "{said:?}");
    use crate::domain::access::{Access, Permission};
    let patch = Permission { verb: "patch", group: "", resource: "nodes", subresource: "" };
    let look = Permission { verb: "get", group: "", resource: "pods", subresource: "log" };
    let connection = bench.connection("viewer").await;
    let asked = [(patch, Text::from("")), (look, Text::from("kafka"))];
    let mut known = Access::default();
    let grants = crate::source::kubernetes::access(&connection, &asked).await.unwrap();
    grants.into_iter().for_each(|grant| known.take(grant));
    assert_eq!(known.kubernetes(patch, &"".into()), Some(false));
    assert_eq!(known.kubernetes(look, &"kafka".into()), Some(true));
}
