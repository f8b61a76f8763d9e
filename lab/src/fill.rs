//! Thousands of pods more, of a realistic size, on nodes of kwok.

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

const LABEL: &str = "castellan-lab/fill";
const NAMESPACES: u32 = 25;
const PODS_PER_NODE: u32 = 110;
/// How many writes are under way at once: enough for the API server, and it stays usable.
const CONCURRENCY: usize = 16;

/// Makes this many pods, with the nodes and namespaces for them.
pub(crate) async fn fill(client: &Client, pods: u32) -> Result<()> {
    for number in 0..NAMESPACES.min(pods) {
        create::<Namespace>(
            &Api::all(client.clone()),
            json!({"metadata": {"name": namespace(number), "labels": {LABEL: ""}}}),
        )
        .await?;
    }
    for number in 0..pods.div_ceil(PODS_PER_NODE) {
        create::<Node>(&Api::all(client.clone()), node(number)).await?;
    }
    futures::stream::iter(0..pods)
        .map(|number| async move {
            let api: Api<Pod> = Api::namespaced(client.clone(), &namespace(number));
            create(&api, pod(number)).await
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect::<Vec<()>>()
        .await?;
    Ok(())
}

/// Removes them again.
pub(crate) async fn drain(client: &Client) -> Result<()> {
    let labelled = ListParams::default().labels(LABEL);
    futures::stream::iter(0..NAMESPACES)
        .map(|number| {
            let (api, labelled) = (Api::<Pod>::namespaced(client.clone(), &namespace(number)), &labelled);
            async move {
                api.delete_collection(&DeleteParams::default().grace_period(0), labelled).await.map(drop)
            }
        })
        .buffer_unordered(4)
        .try_collect::<Vec<()>>()
        .await?;
    let nodes: Api<Node> = Api::all(client.clone());
    nodes.delete_collection(&DeleteParams::default(), &labelled).await?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for number in 0..NAMESPACES {
        match namespaces.delete(&namespace(number), &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            other => drop(other?),
        }
    }
    Ok(())
}

/// Creates an object unless it exists, so that an interrupted fill can go on.
async fn create<K>(api: &Api<K>, object: Value) -> Result<()>
where
    K: Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    match api.create(&PostParams::default(), &serde_json::from_value(object)?).await {
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        other => drop(other?),
    }
    Ok(())
}

fn namespace(number: u32) -> String {
    format!("team-{:02}", number % NAMESPACES)
}

fn node(number: u32) -> Value {
    json!({
        "metadata": {
            "name": format!("fill-{number:03}"),
            "labels": {
                LABEL: "",
                "castellan-lab/kubelet": "running",
                "topology.kubernetes.io/zone": format!("zone-{}", ["a", "b", "c"][number as usize % 3]),
            },
        },
        // Only the fill itself puts pods there.
        "spec": {"taints": [{"key": LABEL, "effect": "NoSchedule"}]},
        "status": {"capacity": {"cpu": "32", "memory": "128Gi", "pods": PODS_PER_NODE.to_string()}},
    })
}

/// A pod as they are in companies: sidecars, many variables, long annotations; about 27 KB.
fn pod(number: u32) -> Value {
    let name = format!("service-{:03}-{number:05}", number % 200);
    let variables: Vec<_> = (0..60)
        .map(|i| json!({"name": format!("SERVICE_SETTING_{i:02}"), "value": format!("https://upstream-{i}.{}.svc.cluster.local:8443/v1/{name}", namespace(number))}))
        .collect();
    let containers: Vec<_> = ["app", "proxy", "log-shipper"]
        .map(|container| {
            json!({
                "name": container,
                "image": format!("{container}:1.{}.{}", number % 40, number % 7),
                "env": variables,
                "ports": [{"containerPort": 8080, "name": "http"}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
                "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
                "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 5},
            })
        })
        .into();
    json!({
        "metadata": {
            "name": name,
            "labels": {LABEL: "", "app": format!("service-{:03}", number % 200), "team": namespace(number)},
            "annotations": {"example.com/rendered": "x".repeat(1500)},
        },
        "spec": {
            "nodeName": format!("fill-{:03}", number / PODS_PER_NODE),
            "terminationGracePeriodSeconds": 0,
            "containers": containers,
        },
    })
}
