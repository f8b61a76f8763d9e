//! What the API server refuses, and the words for it.

use crate::world::{Who, World};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::DeleteParams, core::Status};
use serde_json::json;

/// What was answered that is no success.
#[track_caller]
fn refused<T: std::fmt::Debug>(answer: kube::Result<T>) -> Status {
    match answer {
        Err(kube::Error::Api(status)) => *status,
        other => panic!("not refused: {other:?}"),
    }
}

pub fn what_is_not_there_is_not_found(world: &World) {
    let pod = world.kubectl("get pod nobody -n kafka").failed();
    assert_eq!(pod, "Error from server (NotFound): pods \"nobody\" not found");
    let kind = world.kubectl("get nothings").failed();
    assert_eq!(kind, "error: the server doesn't have a resource type \"nothings\"");
    let logs = world.kubectl("logs nobody -n kafka").failed();
    assert_eq!(logs, "error: error from server (NotFound): pods \"nobody\" not found in namespace \"kafka\"");
    let scaled = world.kubectl("scale deploy nobody -n shop --replicas 2").failed();
    assert_eq!(scaled, "Error from server (NotFound): deployments.apps \"nobody\" not found");
    let deleted = world.kubectl("delete pod nobody -n kafka").failed();
    assert_eq!(deleted, "Error from server (NotFound): pods \"nobody\" not found");
}

pub fn an_old_version_is_a_conflict(world: &World) {
    let old = world.kubectl("label deploy web -n shop a=b --resource-version=1").failed();
    assert_eq!(
        old,
        "Error from server (Conflict): Operation cannot be fulfilled on deployments.apps \"web\": the object \
         has been modified; please apply your changes to the latest version and try again"
    );
}

pub fn another_pods_uid_is_a_conflict(world: &World) {
    const WRONG: &str = "00000000-0000-0000-0000-000000000000";
    let uid = world.kubectl("get pod kafka-0 -n kafka -o jsonpath={.metadata.uid}").done();
    let body = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": WRONG}});
    let what = "delete --raw /api/v1/namespaces/kafka/pods/kafka-0 -f -";
    let words = world.kubectl_sends(what, &body.to_string()).failed();
    assert_eq!(
        words,
        format!(
            "Error from server (Conflict): Operation cannot be fulfilled on Pod \"kafka-0\": the UID in the \
             precondition ({WRONG}) does not match the UID in record ({uid}). The object might have been \
             deleted and then recreated"
        )
    );
    let after = world.kubectl("get pod kafka-0 -n kafka -o jsonpath={.metadata.uid}").done();
    assert_eq!(after, uid);
}

pub fn the_viewer_is_forbidden(world: &World) {
    let status = world.ask(Who::Viewer, async |client| {
        let pods: Api<Pod> = Api::namespaced(client, "kafka");
        refused(pods.delete("kafka-0", &DeleteParams::default()).await)
    });
    assert_eq!((status.code, &*status.reason), (403, "Forbidden"));
    assert_eq!(
        status.message,
        "pods \"kafka-0\" is forbidden: User \"viewer\" cannot delete resource \"pods\" in API group \"\" in \
         the namespace \"kafka\""
    );
}

/// Sets how many of the brokers may be away, and waits until the budget is counted anew.
#[track_caller]
fn budget(world: &World, away: &str) {
    let patch =
        format!("patch pdb kafka -n kafka --type merge -p {{\"spec\":{{\"maxUnavailable\":{away}}}}}");
    world.kubectl(&patch).done();
    world.until("the budget is counted", || {
        let allowed = world.kubectl("get pdb kafka -n kafka -o jsonpath={.status.disruptionsAllowed}").done();
        if allowed == away { Ok(()) } else { Err(allowed) }
    });
}

pub fn a_budget_refuses_an_eviction(world: &World) {
    let eviction = json!({
        "kind": "Eviction",
        "apiVersion": "policy/v1",
        "metadata": {"name": "kafka-0", "namespace": "kafka"},
        "deleteOptions": {"dryRun": ["All"]},
    });
    let evict = || {
        let what = "create --raw /api/v1/namespaces/kafka/pods/kafka-0/eviction -f -";
        world.kubectl_sends(what, &eviction.to_string())
    };
    budget(world, "1");
    let done: serde_json::Value = serde_json::from_str(&evict().done()).expect("JSON");
    assert_eq!((&done["status"], &done["code"]), (&json!("Success"), &json!(201)));
    budget(world, "0");
    let refused = evict();
    budget(world, "1");
    assert_eq!(
        refused.failed(),
        "Error from server (TooManyRequests): Cannot evict pod as it would violate the pod's disruption budget."
    );
}
