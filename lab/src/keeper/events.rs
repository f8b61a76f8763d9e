//! What a kubelet tells about a pod in events.

use super::pod::LabPod;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource as _};

/// Publishes the events of one pod; those that repeat become a series.
pub(super) struct Events {
    recorder: Recorder,
    pod: ObjectReference,
}

impl Events {
    pub(super) fn of(pod: &LabPod, client: Client) -> Self {
        let reporter = Reporter { controller: "kubelet".into(), instance: Some(pod.node.name.into()) };
        Self { recorder: Recorder::new(client, reporter), pod: pod.pod.object_ref(&()) }
    }

    pub(super) fn normal(&self, reason: &str, note: String) {
        self.publish(EventType::Normal, reason, note);
    }

    pub(super) fn warning(&self, reason: &str, note: String) {
        self.publish(EventType::Warning, reason, note);
    }

    /// In the background, and for what it is worth: no life depends on an event.
    fn publish(&self, type_: EventType, reason: &str, note: String) {
        let event =
            Event { type_, reason: reason.into(), note: Some(note), action: reason.into(), secondary: None };
        let (recorder, pod) = (self.recorder.clone(), self.pod.clone());
        tokio::spawn(async move {
            if let Err(error) = recorder.publish(&event, &pod).await {
                tracing::debug!("event: {error}");
            }
        });
    }
}
