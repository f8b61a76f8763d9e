//! What castellan's watches see of a world.

use super::*;
use crate::domain::kubernetes::Key;

fn pods() -> &'static Resource {
    Resource::find("", "v1", "pods").unwrap()
}

#[tokio::test]
async fn castellan_lists_a_world_page_by_page_and_follows_it() {
    let manifests: Vec<Value> = (0..1200).map(|n| pod(&format!("p-{n:04}"))).collect();
    let bench = Bench::new(&manifests).await;
    let mut console = Console::open(&bench, "admin", None).await;
    console.until("all pods", |k| k.pods.len() == 1200).await;
    assert_eq!(console.kubernetes.server.last().map(|v| &**v), Some("v1.35.4"));
    let key = Key::new("kafka", "p-0007");
    bench.shared.with(|w| {
        w.kubernetes.remove(pods(), &key).unwrap();
        w.kubernetes
            .update(pods(), &Key::new("kafka", "p-0008"), |p| p["status"]["phase"] = json!("Failed"))
            .unwrap();
        put(w, pod("another"), 9000, now());
    });
    console
        .until("the changes", |k| {
            let pod = |name: &str| k.pods.iter().find(|p| &*p.meta.key.name == name);
            pod("p-0007").is_none()
                && pod("another").is_some_and(|p| p.meta.created > Time(0) && &*p.meta.uid == "uid-9000")
                && pod("p-0008").is_some_and(|p| &*p.phase == "Failed")
        })
        .await;
}

#[tokio::test]
async fn castellan_survives_a_history_that_was_forgotten() {
    let bench = Bench::new(&[pod("kafka-0")]).await;
    let mut console = Console::open(&bench, "admin", None).await;
    console.until("the pod", |k| k.pods.len() == 1).await;
    bench.shared.with(|w| {
        put(w, pod("kafka-1"), 1, now());
        w.kubernetes.forget();
        put(w, pod("kafka-2"), 2, now());
    });
    console.until("all of them", |k| k.pods.len() == 3).await;
}

#[tokio::test]
async fn who_may_see_one_namespace_sees_that() {
    let bench = Bench::new(&[pod("kafka-0")]).await;
    let mut console = Console::open(&bench, "namespace", None).await;
    console.until("the pod", |k| k.pods.len() == 1).await;
    let reach = |k: &Kubernetes| k.reach.missing.iter().any(|m| m.contains("list nodes"));
    console.until("what is missing", reach).await;
}

#[tokio::test]
async fn the_pages_of_a_list_are_of_one_version() {
    let bench = Bench::new(&[pod("a"), pod("b"), pod("c")]).await;
    let (_, first) = bench.get("/api/v1/namespaces/kafka/pods?limit=1").await;
    assert_eq!(first["metadata"]["remainingItemCount"], 2);
    assert_eq!((&first["kind"], &first["items"][0]["kind"]), (&json!("PodList"), &Value::Null));
    let token = first["metadata"]["continue"].as_str().unwrap();
    bench.shared.with(|w| {
        w.kubernetes.remove(pods(), &Key::new("kafka", "c")).unwrap();
        put(w, pod("aa"), 9, now());
    });
    let rest = format!("/api/v1/namespaces/kafka/pods?limit=5&continue={token}");
    let (_, second) = bench.get(&rest).await;
    let names: Vec<_> = second["items"].as_array().unwrap().iter().map(|p| &p["metadata"]["name"]).collect();
    assert_eq!(names, ["b", "c"], "neither what came nor what went since");
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    // What happened since is forgotten: 410, and how to go on all the same.
    bench.shared.with(|w| w.kubernetes.forget());
    let (code, gone) = bench.get(&rest).await;
    assert_eq!((code, &gone["reason"]), (410, &json!("Expired")));
    let token = gone["metadata"]["continue"].as_str().unwrap();
    let (_, third) = bench.get(&format!("/api/v1/namespaces/kafka/pods?continue={token}")).await;
    assert_eq!(third["items"].as_array().unwrap().len(), 2);
}

/// The events of a watch until it ends, by type and name.
async fn events(bench: &Bench, query: &str) -> Vec<(String, String)> {
    let (_, text) = bench.get(&format!("/api/v1/namespaces/kafka/pods?watch=1&{query}")).await;
    let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
    let told = |line: &str| -> (String, String) {
        let event: Value = serde_json::from_str(line).unwrap();
        let name = event["object"]["metadata"]["name"].as_str().or(event["object"]["message"].as_str());
        (event["type"].as_str().unwrap().into(), name.unwrap_or_default().into())
    };
    text.lines().map(told).collect()
}

fn pairs(told: &[(String, String)]) -> Vec<(&str, &str)> {
    told.iter().map(|(kind, name)| (&**kind, &**name)).collect()
}

#[tokio::test]
async fn a_watch_sees_what_begins_and_ends_to_match_its_selector() {
    let bench = Bench::new(&[pod("a")]).await;
    bench.shared.with(|w| {
        put(w, pod("b"), 2, now());
        let key = Key::new("kafka", "b");
        w.kubernetes.update(pods(), &key, |p| p["metadata"]["labels"]["app"] = json!("other")).unwrap();
        w.kubernetes.update(pods(), &key, |p| p["metadata"]["labels"]["app"] = json!("kafka")).unwrap();
        w.kubernetes.remove(pods(), &key).unwrap();
    });
    let told = events(&bench, "resourceVersion=1&timeoutSeconds=1&labelSelector=app%3Dkafka").await;
    assert_eq!(pairs(&told), [("ADDED", "b"), ("DELETED", "b"), ("ADDED", "b"), ("DELETED", "b")]);
    let told = events(&bench, "resourceVersion=1&timeoutSeconds=1&fieldSelector=metadata.name%3Da").await;
    assert_eq!(pairs(&told), []);
    bench.shared.with(|w| {
        put(w, pod("d"), 3, now());
        w.kubernetes.forget();
    });
    let told = events(&bench, "resourceVersion=1&timeoutSeconds=1").await;
    assert_eq!(pairs(&told), [("ERROR", "too old resource version: 1 (6)")]);
}

#[tokio::test]
async fn a_streamed_list_ends_with_its_bookmark() {
    let bench = Bench::new(&[pod("a"), pod("b")]).await;
    let query =
        "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=3";
    let told = events(&bench, query).await;
    // The last one comes two seconds before the end.
    assert_eq!(pairs(&told), [("ADDED", "a"), ("ADDED", "b"), ("BOOKMARK", ""), ("BOOKMARK", "")]);
}

/// Everybody else reads more of an object than the messages have.
#[tokio::test]
async fn who_is_not_castellan_is_given_json_in_the_place_of_protobuf() {
    let bench = Bench::new(&[pod("a")]).await;
    let client = Client::builder(TokioExecutor::new()).build_http();
    for (agent, wanted) in
        [("castellan/1", "application/vnd.kubernetes.protobuf"), ("kubectl/v1", "application/json")]
    {
        let request = http::Request::get(format!("http://{}/api/v1/pods", bench.address))
            .header("user-agent", agent)
            .header("accept", "application/vnd.kubernetes.protobuf,application/json")
            .body(Full::new(Bytes::new()))
            .unwrap();
        let answer = client.request(request).await.unwrap();
        assert_eq!(answer.headers()["content-type"], wanted, "{agent}");
    }
}
