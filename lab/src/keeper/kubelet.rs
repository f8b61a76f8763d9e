//! The kubelet of the pods that are real processes; kwok plays it for all others.

use super::names::Names;
use super::network::{Network, Sandbox};
use super::nodes::{NODES, Node};
use super::pod::{self, LabPod, Wish};
use crate::home::Home;
use crate::toolbox::Toolbox;
use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{Container, Pod};
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, watch};

/// The label of the pods that are real processes.
pub(crate) const PROCESS_LABEL: &str = "castellan-lab/process";

/// Runs the lab's pods.
pub(crate) struct Kubelet {
    pub(crate) client: Client,
    pub(crate) network: Network,
    pub(crate) names: Names,
    home: Home,
    tools: Toolbox,
    pods: Mutex<HashMap<String, Arc<LabPod>>>,
    /// Prefixes of `namespace/name` of pods whose containers are killed at every start.
    held: Mutex<BTreeSet<String>>,
    power: HashMap<&'static str, watch::Sender<bool>>,
}

impl Kubelet {
    pub(crate) fn new(home: &Home, tools: &Toolbox, client: Client, network: Network) -> Arc<Self> {
        let names = Names::new(home.root().join("hosts"));
        Arc::new(Self {
            client,
            network,
            names,
            home: home.clone(),
            tools: tools.clone(),
            pods: Mutex::default(),
            held: Mutex::default(),
            power: NODES.iter().map(|node| (node.name, watch::channel(true).0)).collect(),
        })
    }

    /// Follows the pods of the API server, for ever.
    pub(crate) async fn follow(self: Arc<Self>) {
        self.names.start(&self);
        let api: Api<Pod> = Api::all(self.client.clone());
        let config = watcher::Config::default().labels(PROCESS_LABEL);
        let mut events = watcher(api, config).default_backoff().boxed();
        let mut listed = HashSet::new();
        loop {
            match events.try_next().await {
                Ok(Some(watcher::Event::Init)) => listed.clear(),
                Ok(Some(watcher::Event::InitApply(pod))) => {
                    listed.insert(pod.uid().unwrap_or_default());
                    self.see(pod);
                }
                Ok(Some(watcher::Event::InitDone)) => {
                    for pod in self.pods() {
                        if !listed.contains(&pod.pod.uid().unwrap_or_default()) {
                            pod.wish.send_replace(Wish::Gone);
                        }
                    }
                }
                Ok(Some(watcher::Event::Apply(pod))) => self.see(pod),
                Ok(Some(watcher::Event::Delete(pod))) => {
                    if let Some(known) = self.known(&pod) {
                        known.wish.send_replace(Wish::Gone);
                    }
                }
                Ok(None) => return,
                Err(error) => tracing::debug!("pods: {error}"),
            }
        }
    }

    /// Takes a pod as the API server has it now.
    fn see(self: &Arc<Self>, pod: Pod) {
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).and_then(Node::named);
        let Some(node) = node else { return };
        let wish = match (&pod.metadata.deletion_timestamp, pod.metadata.deletion_grace_period_seconds) {
            (None, _) => Wish::Run,
            (Some(_), grace) => Wish::End(grace.unwrap_or(30).cast_unsigned()),
        };
        if let Some(known) = self.known(&pod) {
            // A node that was silent for a while had its pods marked as not ready.
            if *known.ready.borrow() && !says_ready(&pod) {
                known.contradicted.notify_one();
            }
            // The last wish stays: a pod that is gone does not come back.
            known.wish.send_if_modified(|old| {
                let changes = *old != wish && *old != Wish::Gone;
                if changes {
                    *old = wish;
                }
                changes
            });
            return;
        }
        let uid = pod.uid().unwrap_or_default();
        let lab_pod = Arc::new(LabPod {
            pod,
            node,
            wish: watch::channel(wish).0,
            sandbox: Mutex::default(),
            process: watch::channel(None).0,
            ready: watch::channel(false).0,
            contradicted: Notify::new(),
        });
        if let Ok(mut pods) = self.pods.lock() {
            pods.insert(uid, lab_pod.clone());
        }
        tokio::spawn(pod::live(self.clone(), lab_pod));
    }

    fn known(&self, pod: &Pod) -> Option<Arc<LabPod>> {
        self.pods.lock().ok()?.get(&pod.uid()?).cloned()
    }

    /// The pods that nodes run.
    pub(crate) fn pods(&self) -> Vec<Arc<LabPod>> {
        self.pods.lock().map(|pods| pods.values().cloned().collect()).unwrap_or_default()
    }

    /// The pods of a namespace whose names begin so.
    pub(crate) fn pods_like(&self, namespace: &str, prefix: &str) -> Vec<Arc<LabPod>> {
        let like = |pod: &Arc<LabPod>| pod.key().0 == namespace && pod.key().1.starts_with(prefix);
        self.pods().into_iter().filter(like).collect()
    }

    /// Forgets a pod whose life is over.
    pub(crate) fn forget(&self, pod: &LabPod) {
        if let (Ok(mut pods), Some(uid)) = (self.pods.lock(), pod.pod.uid()) {
            pods.remove(&uid);
        }
    }

    /// Lets the containers of these pods be killed at every start, or no longer.
    pub(crate) fn hold(&self, prefix: &str, held: bool) {
        if let Ok(mut prefixes) = self.held.lock() {
            if held {
                prefixes.insert(prefix.to_owned());
            } else {
                prefixes.remove(prefix);
            }
        }
    }

    pub(crate) fn is_held(&self, namespace: &str, name: &str) -> bool {
        let key = format!("{namespace}/{name}");
        self.held.lock().is_ok_and(|prefixes| prefixes.iter().any(|prefix| key.starts_with(prefix.as_str())))
    }

    /// Waits until a node has power.
    pub(crate) async fn power(&self, node: &Node) {
        if let Some(power) = self.power.get(node.name) {
            let _ = power.subscribe().wait_for(|on| *on).await;
        }
    }

    /// Turns a node's power on or off.
    pub(crate) fn set_power(&self, node: &Node, on: bool) {
        if let Some(power) = self.power.get(node.name) {
            power.send_replace(on);
        }
    }

    /// The lab's own copy of its program: cargo may have replaced the one that was started.
    pub(crate) fn program(&self) -> PathBuf {
        self.home.root().join("bin/lab")
    }

    /// The folder of a pod's logs.
    pub(crate) fn logs_of(&self, pod: &LabPod) -> PathBuf {
        let (namespace, name) = pod.key();
        self.home.pods().join(format!("{namespace}_{name}_{}", pod.pod.uid().unwrap_or_default()))
    }

    /// Tells kwok's kubelet where this pod's logs and ports are.
    pub(crate) async fn offer(
        &self,
        pod: &LabPod,
        container: &Container,
        sandbox: &Sandbox,
        logs: &std::path::Path,
    ) -> Result<()> {
        let ports = container.ports.iter().flatten().map(|port| port.container_port);
        let forwards: Vec<_> = ports
            .map(|port| json!({"ports": [port], "target": {"port": port, "address": sandbox.ip}}))
            .collect();
        let log = json!({"logsFile": logs.join("current.log"), "previousLogsFile": logs.join("previous.log"), "follow": true});
        for (kind, spec) in [("PortForward", json!({"forwards": forwards})), ("Logs", json!({"logs": [log]}))]
        {
            let (namespace, name) = pod.key();
            let object = json!({"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec});
            let api = self.debugging(kind, &namespace);
            api.patch(&name, &PatchParams::apply("castellan-lab").force(), &Patch::Apply(object)).await?;
        }
        Ok(())
    }

    /// Ends [`offer`](Self::offer).
    pub(crate) async fn withdraw(&self, pod: &LabPod) {
        let (namespace, name) = pod.key();
        if self.pods_like(&namespace, &name).len() > 1 {
            return; // Its successor has its name and has made its own offer.
        }
        for kind in ["PortForward", "Logs"] {
            let _ = self.debugging(kind, &namespace).delete(&name, &Default::default()).await;
        }
    }

    fn debugging(&self, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let plural = if kind == "Logs" { "logs" } else { "portforwards" };
        let gvk = GroupVersionKind::gvk("kwok.x-k8s.io", "v1alpha1", kind);
        Api::namespaced_with(self.client.clone(), namespace, &ApiResource::from_gvk_with_plural(&gvk, plural))
    }

    /// The environment of a container: its own, and what its image would bring.
    pub(crate) fn environment(
        &self,
        pod: &LabPod,
        container: &Container,
        sandbox: &Sandbox,
    ) -> Vec<(String, String)> {
        let (namespace, name) = pod.key();
        let path = format!(
            "{}:{}",
            self.home.root().join("bin").display(),
            std::env::var("PATH").unwrap_or_default()
        );
        let mut env = vec![
            ("PATH".into(), path),
            ("HOSTNAME".into(), name.clone()),
            ("LAB_JARS".into(), self.tools.jars().display().to_string()),
            ("LAB_ZONE".into(), pod.node.zone.into()),
        ];
        for variable in container.env.iter().flatten() {
            let field = variable.value_from.as_ref().and_then(|from| from.field_ref.as_ref());
            let value = match field.map(|field| field.field_path.as_str()) {
                Some("metadata.name") => name.clone(),
                Some("metadata.namespace") => namespace.clone(),
                Some("status.podIP") => sandbox.ip.clone(),
                Some("spec.nodeName") => pod.node.name.into(),
                _ => variable.value.clone().unwrap_or_default(),
            };
            env.push((variable.name.clone(), value));
        }
        env
    }
}

/// Whether the API server has the pod as ready.
fn says_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
