//! What may not be read, or is not there to be read.

use super::*;

#[tokio::test]
async fn what_is_denied_is_read_in_the_own_namespace_and_said() {
    let server = Fake::default().listen().await;
    server.fake.set(|w| {
        w.denied_cluster_wide = vec!["pods".into(), "nodes".into()];
        w.put("pods", "kafka", "mine", b"");
        w.put("pods", "other", "theirs", b"");
    });
    let mut console = Console::open(&server, None).await;
    console.until("the own pods", |k| live(k) && k.reach.missing.len() == 2).await;
    assert_eq!(console.pods(), ["mine"]);
    let reach = &console.kubernetes.reach;
    assert_eq!(reach.namespace.as_deref(), Some("kafka"));
    assert_eq!(
        reach.missing.iter().map(|m| &**m).collect::<Vec<_>>(),
        [
            "no permission to list pods in all namespaces: kubectl auth can-i list pods -A",
            "no permission to list nodes in the cluster: kubectl auth can-i list nodes",
        ]
    );
    let nodes = console.kubernetes.nodes.feed.state(now());
    assert!(
        matches!(nodes, State::Failed { reason, .. } if reason.starts_with("no permission to list nodes"))
    );
}

#[tokio::test]
async fn a_permission_that_is_revoked_is_said_and_the_rows_are_marked() {
    let server = Fake::default().listen().await;
    server.fake.put("pods", "kafka", "a", b"");
    let mut console = Console::open(&server, Some("kafka")).await;
    console.until("the list", live).await;
    server.fake.set(|w| {
        w.denied = vec!["pods".into()];
        w.end_watches();
    });
    console
        .until("the sentence", |k| failed_with(k, "no permission to watch pods in the namespace kafka"))
        .await;
    assert_eq!(console.pods(), ["a"]);
}

#[tokio::test]
async fn a_kind_that_the_server_lacks_fails_alone() {
    let server = Fake::default().listen().await;
    server.fake.set(|w| w.unserved = vec!["horizontalpodautoscalers".into()]);
    server.fake.put("pods", "kafka", "a", b"");
    let mut console = Console::open(&server, None).await;
    console
        .until("both", |k| {
            let autoscalers = k.autoscalers.feed.state(now());
            let said =
                matches!(autoscalers, State::Failed { reason, .. } if reason.contains("does not serve"));
            said && live(k)
        })
        .await;
}
