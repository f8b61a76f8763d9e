//! Credentials that are refused, and those that a plugin gives.

use super::*;

#[tokio::test]
async fn refused_credentials_are_renewed_from_the_kubeconfig() {
    let server = Fake::default().listen().await;
    server.fake.set(|w| w.token = Some("first".into()));
    server.fake.put("pods", "kafka", "a", b"");
    let mut console = Console::open(&server, None).await;
    console.until("the list", live).await;
    write_kubeconfig(&console.kubeconfig(), &server, "{token: second}");
    server.fake.set(|w| {
        w.token = Some("second".into());
        w.end_watches();
        w.put("pods", "kafka", "b", b"");
    });
    console.until("b", |k| live(k) && k.pods.len() == 2).await;
}

#[tokio::test]
async fn an_auth_plugin_is_run_once_and_again_when_refused() {
    let server = Fake::default().listen().await;
    server.fake.set(|w| w.token = Some("t1".into()));
    server.fake.put("pods", "kafka", "a", b"");
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count").display().to_string();
    let script = format!(
        "echo x >> {count}; n=$(wc -l < {count}); \
         echo '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"t'$n'\"}}}}'"
    );
    let user = serde_json::json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "IfAvailable",
        "command": "sh", "args": ["-c", script],
    }});
    let mut console = Console::open_as(&server, None, &user.to_string()).await;
    console.until("the list", live).await;
    let runs = || std::fs::read_to_string(&count).unwrap().lines().count();
    assert_eq!(runs(), 1);
    server.fake.set(|w| {
        w.token = Some("t2".into());
        w.end_watches();
        w.put("pods", "kafka", "b", b"");
    });
    console.until("b", |k| live(k) && k.pods.len() == 2).await;
    assert_eq!(runs(), 2);
}

#[tokio::test]
async fn an_auth_plugin_that_fails_is_quoted() {
    let server = Fake::default().listen().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let user = r#"{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: ["-c", "echo log in first >&2; exit 3"]}}"#;
    write_kubeconfig(&path, &server, user);
    let refused = connect(&Options { kubeconfig: Some(path), ..Default::default() }).await.err().unwrap();
    assert_eq!(&*refused, "the auth plugin sh failed (exit status: 3): log in first");
}
