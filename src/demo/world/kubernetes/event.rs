//! Events, counted as the recorders of Kubernetes count them.

use super::{EVENTS, Turn, object, rfc3339};
use crate::domain::kubernetes::Key;
use serde_json::{Value, json};

/// How long the API server keeps an event, in seconds.
///
/// Source: kube-apiserver `--event-ttl`.
pub const KEPT: f64 = 3600.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Normal,
    Warning,
}

impl Turn<'_> {
    pub fn note(&mut self, about: &Value, component: &str, reason: &str, message: &str) {
        self.tell(about, component, Tone::Normal, reason, message, 1);
    }

    pub fn warn(&mut self, about: &Value, component: &str, reason: &str, message: &str) {
        self.tell(about, component, Tone::Warning, reason, message, 1);
    }

    /// Tells it `times` over. The same words of the same component about the same object are one event with
    /// a count.
    pub fn tell(
        &mut self,
        about: &Value,
        component: &str,
        tone: Tone,
        reason: &str,
        message: &str,
        times: usize,
    ) {
        if self.plane.long_past {
            return;
        }
        let subject = object::key(about);
        // Events about what has no namespace are kept in `default`.
        let namespace = if subject.namespace.is_empty() { "default" } else { &*subject.namespace };
        let words = json!([object::uid(about), component, reason, message]);
        let key = Key::new(namespace, &format!("{}.{}", subject.name, object::hash(&words)));
        let at = rfc3339(self.now);
        let forgotten = self.after(KEPT);
        self.look_at(forgotten, &EVENTS, &key);
        let told = self.store.update(&EVENTS, &key, |event| {
            event["count"] = json!(object::number(event, "/count").unwrap_or(1) + times as i64);
            event["lastTimestamp"] = json!(at);
        });
        if told.is_ok() {
            return;
        }
        let host = object::text(about, "/spec/nodeName");
        let source = match (component, host) {
            ("kubelet", host) if !host.is_empty() => json!({"component": component, "host": host}),
            _ => json!({"component": component}),
        };
        let event = json!({
            "metadata": {"namespace": namespace, "name": *key.name},
            "involvedObject": {
                "apiVersion": about["apiVersion"], "kind": about["kind"],
                "namespace": subject.namespace.to_string(), "name": subject.name.to_string(),
                "uid": object::uid(about), "resourceVersion": about["metadata"]["resourceVersion"],
            },
            "type": match tone { Tone::Normal => "Normal", Tone::Warning => "Warning" },
            "reason": reason,
            "message": message,
            "source": source,
            "reportingComponent": component,
            "reportingInstance": host,
            "count": times,
            "firstTimestamp": at,
            "lastTimestamp": at,
        });
        let _taken = self.create(&EVENTS, event);
    }
}

/// Forgets an event whose time is over.
pub fn expire(turn: &mut Turn<'_>, key: &Key) {
    let Some(last) = turn.get(&EVENTS, key).and_then(|event| object::time(&event, "/lastTimestamp")) else {
        return;
    };
    if turn.seconds_since(last) >= KEPT - 1.0 {
        turn.remove(&EVENTS, key);
    }
}
