//! What a kubelet says about a pod with one container.

use jiff::Timestamp;
use serde_json::{Value, json};

/// How a container ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) signal: Option<i32>,
    pub(crate) started: Timestamp,
    pub(crate) finished: Timestamp,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    Waiting(&'static str, String),
    Running(Timestamp),
    Ended(Ended),
}

/// A pod's status, as far as it changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PodStatus {
    pub(crate) phase: &'static str,
    pub(crate) ip: Option<String>,
    pub(crate) state: State,
    pub(crate) last: Option<Ended>,
    pub(crate) restarts: u32,
    pub(crate) ready: bool,
    /// Since when it is ready or not.
    pub(crate) turned: Timestamp,
}

impl PodStatus {
    /// Of a pod that its node has just seen.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            phase: "Pending",
            ip: None,
            state: State::Waiting("ContainerCreating", String::new()),
            last: None,
            restarts: 0,
            ready: false,
            turned: now,
        }
    }

    /// Takes a probe's result. Tells whether it changed anything.
    pub(crate) fn set_ready(&mut self, ready: bool, now: Timestamp) -> bool {
        let changed = self.ready != ready;
        if changed {
            (self.ready, self.turned) = (ready, now);
        }
        changed
    }

    /// The merge patch of the pod's status.
    pub(crate) fn patch(&self, facts: &Facts) -> Value {
        let container = json!({
            "name": facts.container,
            "image": facts.image,
            "imageID": format!("{}@lab", facts.image),
            "containerID": format!("lab://{}", facts.uid),
            "ready": self.ready,
            "started": matches!(self.state, State::Running(_)),
            "restartCount": self.restarts,
            "state": state(&self.state),
            "lastState": self.last.as_ref().map_or(json!({}), |ended| json!({"terminated": terminated(ended)})),
        });
        json!({"status": {
            "phase": self.phase,
            "hostIP": facts.host,
            "hostIPs": [{"ip": facts.host}],
            "podIP": self.ip,
            "podIPs": self.ip.iter().map(|ip| json!({"ip": ip})).collect::<Vec<_>>(),
            "startTime": facts.start.to_string(),
            "conditions": self.conditions(facts),
            "containerStatuses": [container],
        }})
    }

    fn conditions(&self, facts: &Facts) -> Value {
        let done = self.phase == "Succeeded";
        let unready = match (self.ready, done) {
            (true, _) => None,
            (false, true) => Some(("PodCompleted", String::new())),
            (false, false) => {
                Some(("ContainersNotReady", format!("containers with unready status: [{}]", facts.container)))
            }
        };
        let condition = |kind: &str, holds: bool, since: Timestamp| {
            let reason = unready.as_ref().filter(|_| !holds);
            json!({
                "type": kind,
                "status": if holds { "True" } else { "False" },
                "lastProbeTime": null,
                "lastTransitionTime": since.to_string(),
                "reason": reason.map(|(reason, _)| reason),
                "message": reason.map(|(_, message)| message),
            })
        };
        json!([
            condition("PodScheduled", true, facts.scheduled),
            condition("PodReadyToStartContainers", self.ip.is_some(), facts.start),
            condition("Initialized", true, facts.start),
            condition("ContainersReady", self.ready, self.turned),
            condition("Ready", self.ready, self.turned),
        ])
    }
}

/// What of a pod never changes.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) uid: String,
    pub(crate) container: String,
    pub(crate) image: String,
    pub(crate) host: String,
    pub(crate) scheduled: Timestamp,
    pub(crate) start: Timestamp,
}

fn state(state: &State) -> Value {
    match state {
        State::Waiting(reason, message) => json!({"waiting": {"reason": reason, "message": message}}),
        State::Running(since) => json!({"running": {"startedAt": since.to_string()}}),
        State::Ended(ended) => json!({"terminated": terminated(ended)}),
    }
}

fn terminated(ended: &Ended) -> Value {
    json!({
        "exitCode": ended.code,
        "signal": ended.signal,
        "reason": if ended.code == 0 { "Completed" } else { "Error" },
        "startedAt": ended.started.to_string(),
        "finishedAt": ended.finished.to_string(),
    })
}
