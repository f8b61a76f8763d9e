//! Writes a pod's status to the API server, the latest only, for as long as it takes.

use super::kubelet::Kubelet;
use super::pod::LabPod;
use super::status::{Facts, PodStatus};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, ResourceExt as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Starts to write what is sent to the returned channel. When the channel closes, the pod's
/// life is over: the writer then removes the pod, as a kubelet does.
pub(crate) fn start(
    kubelet: Arc<Kubelet>,
    pod: Arc<LabPod>,
    facts: Facts,
    first: PodStatus,
) -> watch::Sender<PodStatus> {
    let (reports, mut latest) = watch::channel(first);
    tokio::spawn(async move {
        let (namespace, name) = pod.key();
        let api: Api<Pod> = Api::namespaced(kubelet.client.clone(), &namespace);
        loop {
            tokio::select! {
                changed = latest.changed() => if changed.is_err() { break },
                () = pod.contradicted.notified() => {}
            }
            let status = latest.borrow_and_update().clone();
            persist(&kubelet, &pod, || async {
                let mut patch = status.patch(&facts);
                // Another pod of the same name is not meant.
                patch["metadata"]["uid"] = facts.uid.clone().into();
                api.patch_status(&name, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
            })
            .await;
        }
        persist(&kubelet, &pod, || async {
            let preconditions = Preconditions { uid: pod.pod.uid(), resource_version: None };
            let now = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() }
                .grace_period(0);
            api.delete(&name, &now).await.map(drop)
        })
        .await;
        kubelet.forget(&pod);
    });
    reports
}

/// Repeats a write until it is done or has become pointless. Nothing leaves a lost node.
async fn persist<F: Future<Output = kube::Result<()>>>(
    kubelet: &Kubelet,
    pod: &LabPod,
    write: impl Fn() -> F,
) {
    loop {
        kubelet.power(pod.node).await;
        match write().await {
            Ok(()) => return,
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409 | 422) => return,
            Err(error) => tracing::debug!("{:?}: {error}", pod.key()),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
