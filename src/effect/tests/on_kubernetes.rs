//! Writes on Kubernetes: what is sent, how often, and what its answers are in words.

use super::{
    super::kubernetes::{perform, perform_within},
    api::{Api, Sent, connected},
};
use crate::{
    action::{Said, Write},
    domain::{kubernetes::Key, object::Kind},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::io::AsyncReadExt;

fn pod() -> Key {
    Key::new("kafka", "kafka-1")
}

fn scale() -> Write {
    Write::Scale {
        kind: Kind::StatefulSet,
        key: Key::new("kafka", "kafka"),
        uid: "u1".into(),
        resource_version: "77".into(),
        replicas: 4,
    }
}

fn evict() -> Write {
    Write::Evict { pod: pod(), uid: "u1".into() }
}

fn restart() -> Write {
    Write::Restart { kind: Kind::Deployment, key: Key::new("kafka", "ui"), uid: "u1".into() }
}

/// One of each.
pub fn every() -> BTreeMap<&'static str, Write> {
    BTreeMap::from([
        ("scale", scale()),
        ("restart", restart()),
        (
            "annotate",
            Write::Annotate {
                kind: Kind::Pod,
                key: pod(),
                uid: "u1".into(),
                name: "strimzi.io/manual-rolling-update".into(),
                value: "true".into(),
            },
        ),
        ("evict", evict()),
        ("delete", Write::Delete { pod: pod(), uid: "u1".into() }),
        ("delete a claim", Write::DeleteClaim { claim: Key::new("kafka", "data-kafka-1"), uid: "u1".into() }),
        ("cordon", Write::Cordon { node: "n/1".into(), uid: "u1".into(), on: true }),
    ])
}

async fn sent(write: &Write, dry: bool) -> Sent {
    let api = Api::that_says(200, json!({})).await;
    let said = perform(&api.connection().await, write, dry).await;
    assert!(matches!(said, Said::Taken(_)), "{said:?}");
    let [sent] = &api.writes()[..] else { panic!("{:?}", api.writes()) };
    sent.clone()
}

/// The method, path, form and body of each write.
#[tokio::test]
async fn each_write_is_one_request_pinned_to_what_was_shown() {
    let of = |name: &str| every()[name].clone();
    let (merge, strategic, plain) =
        ("application/merge-patch+json", "application/strategic-merge-patch+json", "application/json");
    let namespace = "/namespaces/kafka";
    let wanted = [
        (
            "scale",
            ("PATCH", format!("/apis/apps/v1{namespace}/statefulsets/kafka/scale"), merge),
            json!({"metadata": {"uid": "u1", "resourceVersion": "77"}, "spec": {"replicas": 4}}),
        ),
        (
            "annotate",
            ("PATCH", format!("/api/v1{namespace}/pods/kafka-1"), strategic),
            json!({"metadata": {"uid": "u1", "annotations": {"strimzi.io/manual-rolling-update": "true"}}}),
        ),
        (
            "evict",
            ("POST", format!("/api/v1{namespace}/pods/kafka-1/eviction"), plain),
            json!({
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"namespace": "kafka", "name": "kafka-1"},
                "deleteOptions": {"preconditions": {"uid": "u1"}},
            }),
        ),
        (
            "delete",
            ("DELETE", format!("/api/v1{namespace}/pods/kafka-1"), plain),
            json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "u1"}}),
        ),
        (
            "delete a claim",
            ("DELETE", format!("/api/v1{namespace}/persistentvolumeclaims/data-kafka-1"), plain),
            json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "u1"}}),
        ),
        (
            "cordon",
            ("PATCH", "/api/v1/nodes/n%2F1".to_owned(), strategic),
            json!({"metadata": {"uid": "u1"}, "spec": {"unschedulable": true}}),
        ),
    ];
    for (name, (method, path, content), body) in wanted {
        let sent = sent(&of(name), false).await;
        assert_eq!((&*sent.method, &*sent.path, &*sent.content), (method, &*path, content), "{name}");
        assert_eq!(sent.body, body, "{name}");
        assert_eq!(sent.agent, concat!("castellan/", env!("CARGO_PKG_VERSION")));
        assert_eq!(sent.token, "Bearer first");
    }
    let restarted = sent(&of("restart"), false).await;
    assert_eq!(restarted.path, format!("/apis/apps/v1{namespace}/deployments/ui"));
    assert_eq!((&*restarted.method, &*restarted.content), ("PATCH", strategic));
    assert_eq!(restarted.body["metadata"], json!({"uid": "u1"}));
    let annotations = &restarted.body["spec"]["template"]["metadata"]["annotations"];
    let at: jiff::Timestamp =
        annotations["kubectl.kubernetes.io/restartedAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(at.subsec_nanosecond(), 0);
}

/// The server reads a deletion's options from its body alone, if it has one; see `delete.go`.
#[tokio::test]
async fn a_dry_run_is_dry_where_the_server_looks_and_a_real_one_is_not() {
    for (name, write) in every() {
        let (dry, real) = (sent(&write, true).await, sent(&write, false).await);
        assert!(dry.path.ends_with("?dryRun=All"), "{name}: {}", dry.path);
        let options = match name {
            "evict" => &dry.body["deleteOptions"],
            "delete" | "delete a claim" => &dry.body,
            _ => &json!({"dryRun": ["All"]}),
        };
        assert_eq!(options["dryRun"], json!(["All"]), "{name}");
        let whole = format!("{}{}", real.path, real.body);
        assert!(!whole.to_lowercase().contains("dryrun"), "{name}: {whole}");
    }
}

#[tokio::test]
async fn a_dry_run_tells_what_admission_warns_of() {
    let api = Api::that_answers(|_| Some((200, "299 - \"below the budget\"", json!({})))).await;
    let said = perform(&api.connection().await, &scale(), true).await;
    let wanted = "the API server would take it: StatefulSet kafka/kafka is to have 4 replicas; it warns: below the budget";
    assert_eq!(said, Said::Taken(wanted.into()));
}

fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "status": "Failure", "code": code, "message": message})
}

async fn answered(write: &Write, code: u16, body: Value) -> Said {
    let api = Api::that_says(code, body).await;
    let said = perform(&api.connection().await, write, false).await;
    assert_eq!(api.writes().len(), 1, "sent again after {code}: {:?}", api.writes());
    said
}

async fn refused(write: &Write, code: u16, body: Value) -> String {
    match answered(write, code, body).await {
        Said::Refused(words) => words.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The messages are those of Kubernetes 1.35.
#[tokio::test]
async fn a_refusal_says_what_to_do_in_one_sentence() {
    let conflict = "Operation cannot be fulfilled on statefulsets.apps \"kafka\": the object has been modified; please apply your changes to the latest version and try again";
    assert_eq!(
        refused(&scale(), 409, status(409, conflict)).await,
        "it changed since you looked: StatefulSet kafka/kafka is no longer as it was shown; look again"
    );
    let another = "Operation cannot be fulfilled on Pod \"kafka-1\": Precondition failed: UID in precondition: u1, UID in object meta: u2";
    let replaced = "it changed since you looked: another pod kafka/kafka-1 is in its place; look again";
    assert_eq!(refused(&evict(), 409, status(409, another)).await, replaced);
    let deleted = "Operation cannot be fulfilled on Pod \"kafka-1\": the UID in the precondition (u1) does not match the UID in record (u2). The object might have been deleted and then recreated";
    assert_eq!(refused(&evict(), 409, status(409, deleted)).await, replaced);
    let immutable =
        "Deployment.apps \"ui\" is invalid: metadata.uid: Invalid value: \"u1\": field is immutable";
    assert_eq!(
        refused(&restart(), 422, status(422, immutable)).await,
        "it changed since you looked: another Deployment kafka/ui is in its place; look again"
    );
    assert_eq!(
        refused(&evict(), 404, status(404, "pods \"kafka-1\" not found")).await,
        "pod kafka/kafka-1 is gone"
    );
    let forbidden = "pods \"kafka-1\" is forbidden: User \"anna\" cannot create resource \"pods/eviction\" in API group \"\" in the namespace \"kafka\"";
    assert_eq!(
        refused(&evict(), 403, status(403, forbidden)).await,
        "no permission to create pods/eviction in the namespace kafka: kubectl auth can-i create pods --subresource=eviction -n kafka"
    );
    let denied = "admission webhook \"no.example\" denied the request: not on Fridays.";
    assert_eq!(
        refused(&scale(), 403, status(403, denied)).await,
        "the API server answers (403): admission webhook \"no.example\" denied the request: not on Fridays; nothing was done"
    );
    assert_eq!(refused(&scale(), 503, Value::Null).await, "the API server answers 503; nothing was done");
}

#[tokio::test]
async fn a_budget_refuses_in_its_own_words() {
    let mut body = status(429, "Cannot evict pod as it would violate the pod's disruption budget.");
    let words = "The disruption budget kafka needs 2 healthy pods and has 2 currently";
    body["details"] = json!({"causes": [{"reason": "DisruptionBudget", "message": words}]});
    assert_eq!(refused(&evict(), 429, body).await, words);
    let busy = refused(&evict(), 429, status(429, "too many requests")).await;
    assert_eq!(busy, "the API server has too much to do (429); nothing was done: try again later");
    // Two budgets: a failure in an answer whose head says 201 (Kubernetes `eviction.go`).
    let two =
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    let said = refused(&evict(), 201, status(500, two)).await;
    assert!(said.contains("more than one PodDisruptionBudget"), "{said}");
}

#[tokio::test]
async fn what_may_have_been_done_is_not_called_refused() {
    for code in [500, 502, 504] {
        let said = answered(&scale(), code, status(code, "etcdserver: request timed out")).await;
        assert!(matches!(&said, Said::Unheard(w) if w.contains("request timed out")), "{code}: {said:?}");
    }
    let webhook = "Internal error occurred: failed calling webhook \"no.example\": connection refused";
    assert!(refused(&scale(), 500, status(500, webhook)).await.ends_with("nothing was done"));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_asked_once() {
    let api = Api::that_answers(|_| None).await;
    let connection = api.connection().await;
    let said = perform_within(Duration::from_secs(1), &connection, &evict(), false).await;
    assert_eq!(said, Said::Unheard("the API server did not answer within 1 s".into()));
    assert_eq!(api.writes().len(), 1);
}

/// It takes `bytes` of a request and closes the connection: unread ones reset it. How often it was asked.
async fn hangs_up_after(bytes: usize) -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut taken = vec![0; bytes];
            if stream.read(&mut taken).await.is_ok_and(|n| n > 0) {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_it_open_whether_it_was_done() {
    for bytes in [1, 64 << 10] {
        let (address, asked) = hangs_up_after(bytes).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, super::api::kubeconfig(address, "first")).unwrap();
        for (nth, write) in (1..).zip(every().into_values()) {
            let said = perform(&connected(&path).await.unwrap(), &write, false).await;
            let Said::Unheard(words) = &said else { panic!("{write:?}: {said:?}") };
            assert!(words.starts_with("the connection to the API server broke: "), "{words}");
            assert_eq!(asked.load(Ordering::SeqCst), nth, "{write:?} was sent once");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, super::api::kubeconfig(free, "first")).unwrap();
    let said = perform(&connected(&path).await.unwrap(), &evict(), false).await;
    let Said::Refused(words) = said else { panic!("{said:?}") };
    assert_eq!(&*words, "the API server cannot be reached: connection refused; nothing was done");
}

/// 401 comes before anything is done: renewed credentials are the one reason to send again.
#[tokio::test]
async fn expired_credentials_are_renewed_and_the_write_is_done_once() {
    let api = Api::that_answers(|sent| {
        Some(if sent.token == "Bearer second" { (200, "", json!({})) } else { (401, "", json!({})) })
    })
    .await;
    let connection = api.connection().await;
    api.kubeconfig("second");
    let said = perform(&connection, &evict(), false).await;
    assert_eq!(said, Said::Taken("the eviction of pod kafka/kafka-1 is granted".into()));
    assert_eq!(api.writes().len(), 2);
    // A renewal that does not help is no reason to go on sending.
    let api = Api::that_says(401, json!({})).await;
    let said = perform(&api.connection().await, &evict(), false).await;
    assert!(matches!(said, Said::Refused(_)), "{said:?}");
    assert_eq!(api.writes().len(), 2);
}
