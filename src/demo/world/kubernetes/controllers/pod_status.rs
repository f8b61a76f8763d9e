//! A pod's status, as its kubelet writes it.

use super::{
    End,
    container::{Container, State},
    kubelet::{self, Run},
};
use crate::{
    demo::world::kubernetes::{Turn, object, rfc3339},
    domain::{kubernetes::Key, time::Time},
};
use serde_json::{Value, json};

pub fn of(turn: &Turn<'_>, key: &Key, pod: &Value, run: &Run) -> Value {
    let mut status = pod["status"].clone();
    let containers: Vec<Value> =
        run.containers.iter().map(|c| container(turn, key, pod, c, is_ready(turn, key, run, c))).collect();
    let unready: Vec<&str> =
        run.containers.iter().filter(|c| !is_ready(turn, key, run, c)).map(|c| &*c.name).collect();
    let begun =
        |c: &Container| c.restarts > 0 || matches!(c.state, State::Running { .. } | State::Ended { .. });
    let over = |c: &Container| matches!(c.state, State::Ended { until: None, .. });
    let failed = |c: &Container| matches!(c.state, State::Ended { end, .. } if end.code != 0);
    let all_over = run.containers.iter().all(over) && !object::is_deleting(pod);
    status["phase"] = json!(match () {
        () if all_over && run.containers.iter().any(failed) => "Failed",
        () if all_over => "Succeeded",
        () if run.containers.iter().all(begun) => "Running",
        () => "Pending",
    });
    let made = run.containers.iter().any(|c| !matches!(c.state, State::Creating { .. }));
    if made {
        status["podIP"] = json!(*run.ip);
        status["podIPs"] = json!([{"ip": *run.ip}]);
    }
    status["hostIP"] = json!(super::node::address(turn, &run.node));
    status["hostIPs"] = json!([{"ip": status["hostIP"]}]);
    status["startTime"] = json!(rfc3339(run.since));
    status["containerStatuses"] = json!(containers);
    conditions(&mut status, made, all_over, &unready, turn.now);
    status
}

fn conditions(status: &mut Value, made: bool, all_over: bool, unready: &[&str], now: Time) {
    let yes = |holds: bool| if holds { "True" } else { "False" };
    object::set_condition(status, "PodReadyToStartContainers", yes(made && !all_over), "", "", now);
    let reason = if all_over { "PodCompleted" } else { "" };
    object::set_condition(status, "Initialized", "True", reason, "", now);
    let (reason, message) = match () {
        () if unready.is_empty() => ("", String::new()),
        () if all_over => ("PodCompleted", String::new()),
        () => ("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" "))),
    };
    for kind in ["Ready", "ContainersReady"] {
        object::set_condition(status, kind, yes(unready.is_empty()), reason, &message, now);
    }
    object::set_condition(status, "PodScheduled", "True", "", "", now);
}

fn is_ready(turn: &Turn<'_>, key: &Key, run: &Run, c: &Container) -> bool {
    let Some(since) = c.running() else { return false };
    if run.stopping.is_some() {
        return false;
    }
    match turn.plane.kubelet.program(key, &c.image).ready_after {
        Some(after) => turn.seconds_since(since) + 1e-3 >= after,
        None => c.told,
    }
}

/// When a container that is not ready becomes so by itself.
pub fn next(turn: &Turn<'_>, key: &Key, run: &Run) -> Option<Time> {
    let times = run.containers.iter().filter_map(|c| {
        let after = turn.plane.kubelet.program(key, &c.image).ready_after?;
        // Milliseconds are whole.
        Some(c.running()?.plus(turn.span(after)).plus(std::time::Duration::from_millis(1)))
    });
    times.filter(|at| *at > turn.now).min()
}

fn container(turn: &Turn<'_>, key: &Key, pod: &Value, c: &Container, ready: bool) -> Value {
    let running = c.running().is_some();
    let state = match c.state {
        State::Creating { .. } | State::Pulling { .. } if c.restarts == 0 => {
            json!({"waiting": {"reason": "ContainerCreating"}})
        }
        State::Creating { .. } | State::Pulling { .. } => json!({"waiting": {}}),
        State::NoImage { told_until, .. } if told_until > turn.now => {
            let message = kubelet::not_found(&c.image);
            json!({"waiting": {"reason": "ErrImagePull", "message": message}})
        }
        State::NoImage { .. } => {
            let message = format!(
                "Back-off pulling image \"{}\": ErrImagePull: {}",
                c.image,
                kubelet::not_found(&c.image)
            );
            json!({"waiting": {"reason": "ImagePullBackOff", "message": message}})
        }
        State::Running { since, .. } => json!({"running": {"startedAt": rfc3339(since)}}),
        State::Ended { until: Some(_), wait, .. } if wait > 0.0 => {
            let message = kubelet::waits(key, object::uid(pod), &c.name, wait);
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}})
        }
        State::Ended { end, .. } => terminated(c, end),
    };
    // While it waits, the end that it waits after is already its last.
    let last = match c.state {
        State::Ended { end, until: Some(_), wait } if wait > 0.0 => Some(end),
        _ => c.last,
    };
    let id = |started: Time| format!("containerd://{}{:016x}", kubelet::hex(&c.name), started.0);
    let mut status = json!({
        "name": *c.name,
        "image": *c.image,
        "imageID": "",
        "ready": ready,
        "started": running,
        "restartCount": c.restarts,
        "state": state,
        "lastState": last.map_or_else(|| json!({}), |end| terminated(c, end)),
    });
    if let Some(started) = c.running().or(last.map(|end| end.started)) {
        status["imageID"] = json!(format!("{}@sha256:{}", c.image, kubelet::hex(&c.image).repeat(5)));
        status["containerID"] = json!(id(started));
    }
    status
}

fn terminated(c: &Container, end: End) -> Value {
    json!({"terminated": {
        "exitCode": end.code,
        "reason": end.reason(),
        "startedAt": rfc3339(end.started),
        "finishedAt": rfc3339(end.finished),
        "containerID": format!("containerd://{}{:016x}", kubelet::hex(&c.name), end.started.0),
    }})
}
