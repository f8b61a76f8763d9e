//! Names of pods and services, in the hosts file that everything inside the lab reads.

use super::kubelet::Kubelet;
use super::pod::LabPod;
use super::targets;
use futures::{FutureExt as _, StreamExt as _};
use k8s_openapi::api::core::v1::Service;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, ResourceExt as _};
use std::fmt::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// Keeps the hosts file, and with it the targets of Prometheus.
#[derive(Debug)]
pub(crate) struct Names {
    file: PathBuf,
    changed: Notify,
    services: OnceLock<Store<Service>>,
}

impl Names {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self { file, changed: Notify::new(), services: OnceLock::new() }
    }

    /// Starts to follow services and to write the file, at most ten times a second.
    pub(crate) fn start(&self, kubelet: &Arc<Kubelet>) {
        let (store, writer) = reflector::store();
        let _ = self.services.set(store);
        let services = watcher(Api::<Service>::all(kubelet.client.clone()), watcher::Config::default());
        tokio::spawn(
            reflector::reflector(writer, services.default_backoff()).for_each(|_| futures::future::ready(())),
        );
        tokio::spawn(write_for_ever(Arc::downgrade(kubelet)));
    }

    /// Has the file written soon.
    pub(crate) async fn publish(&self) {
        self.changed.notify_one();
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    fn write(&self, pods: &[Arc<LabPod>]) -> std::io::Result<()> {
        let services = self.services.get().map(Store::state).unwrap_or_default();
        let text = hosts(pods, &services);
        // In place, for it is mounted; written before it is cut, so that no reader sees it empty.
        let file = std::fs::OpenOptions::new().write(true).open(&self.file)?;
        file.write_all_at(text.as_bytes(), 0)?;
        file.set_len(text.len() as u64)
    }
}

/// Readiness and services change by themselves: the file is also written every two seconds.
async fn write_for_ever(kubelet: Weak<Kubelet>) {
    while let Some(kubelet) = kubelet.upgrade() {
        let pods = kubelet.pods();
        if let Err(error) = kubelet.names.write(&pods) {
            tracing::warn!("hosts: {error}");
        }
        if let Err(error) = targets::write(&pods) {
            tracing::warn!("targets: {error:#}");
        }
        let _ =
            tokio::time::timeout(Duration::from_secs(2), kubelet.names.changed.notified().map(drop)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn hosts(pods: &[Arc<LabPod>], services: &[Arc<Service>]) -> String {
    let mut text = String::from("127.0.0.1 localhost\n");
    for pod in pods {
        let Some(sandbox) = pod.sandbox() else { continue };
        let (namespace, name) = pod.key();
        // A process must be able to resolve its own host name; nothing else uses it.
        let _ = writeln!(text, "{} {name}", sandbox.ip);
        if let Some(domain) = pod.pod.spec.as_ref().and_then(|spec| spec.subdomain.as_ref()) {
            let _ = writeln!(text, "{} {}", sandbox.ip, names_of(&format!("{name}.{domain}.{namespace}")));
        }
        for service in services.iter().filter(|service| selects(service, pod)) {
            let _ =
                writeln!(text, "{} {}", sandbox.ip, names_of(&format!("{}.{namespace}", service.name_any())));
        }
    }
    text
}

fn names_of(name: &str) -> String {
    format!("{name}.svc {name}.svc.cluster.local {name}")
}

/// Whether a service sends to a pod: there is no kube-proxy, so its name stands for its pods.
fn selects(service: &Service, pod: &LabPod) -> bool {
    let spec = service.spec.as_ref();
    let selector = spec.and_then(|spec| spec.selector.as_ref());
    let unready = spec.and_then(|spec| spec.publish_not_ready_addresses).unwrap_or(false);
    service.namespace() == pod.pod.namespace()
        && (unready || *pod.ready.borrow())
        && selector.is_some_and(|selector| {
            selector.iter().all(|(key, value)| pod.pod.labels().get(key) == Some(value))
        })
}
