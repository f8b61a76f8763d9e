//! What the API server says of the user's permissions.

use super::{super::access, *};
use crate::domain::access::{Access, Permission};

const SCALE: Permission =
    Permission { verb: "patch", group: "apps", resource: "statefulsets", subresource: "scale" };
const EVICT: Permission = Permission { verb: "create", group: "", resource: "pods", subresource: "eviction" };

async fn connected(server: &Listening) -> super::super::Connection {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    write_kubeconfig(&path, server, "{token: first}");
    connect(&Options { kubeconfig: Some(path), ..Default::default() }).await.unwrap()
}

#[tokio::test]
async fn each_permission_is_asked_for_with_its_subresource_and_namespace() {
    let server = Fake::default().listen().await;
    server.fake.set(|w| w.denied.push("pods".into()));
    let connection = connected(&server).await;
    let mut known = Access::default();
    let asked = [(SCALE, "kafka".into()), (EVICT, "kafka".into())];
    access(&connection, &asked).await.unwrap().into_iter().for_each(|grant| known.take(grant));
    assert_eq!(known.kubernetes(SCALE, &"kafka".into()), Some(true));
    assert_eq!(known.kubernetes(EVICT, &"kafka".into()), Some(false));
    assert_eq!(known.kubernetes(SCALE, &"other".into()), None);
    let world = server.fake.world();
    let reviewed = world.requests.iter().find(|r| r.contains("statefulsets")).unwrap();
    let reviewed: serde_json::Value = serde_json::from_str(reviewed).unwrap();
    let wanted = serde_json::json!({
        "namespace": "kafka", "verb": "patch", "group": "apps", "resource": "statefulsets", "subresource": "scale"
    });
    assert_eq!(reviewed, wanted);
}

#[tokio::test]
async fn a_server_that_answers_nothing_is_said() {
    let server = Fake::default().listen().await;
    server.fake.set(|w| w.token = Some("another".into()));
    let connection = connected(&server).await;
    let said = access(&connection, &[(SCALE, "kafka".into())]).await.unwrap_err();
    assert_eq!(&*said, "the API server does not accept the credentials (401)");
}
