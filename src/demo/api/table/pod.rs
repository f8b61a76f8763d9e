//! A pod's row. Source: `printPod`.

use super::{NONE, list, plain, since, text};
use crate::domain::time::Time;
use serde_json::{Value, json};

pub fn cells(pod: &Value, now: Time) -> Vec<Value> {
    let (metadata, spec, status) = (&pod["metadata"], &pod["spec"], &pod["status"]);
    let seen = Seen::of(pod);
    let restarts = match seen.last {
        Some(last) if seen.restarts > 0 => format!("{} ({} ago)", seen.restarts, since(last, now)),
        _ => seen.restarts.to_string(),
    };
    let gates: Vec<_> = list(&spec["readinessGates"]).collect();
    let met = gates.iter().filter(|gate| is_true(status, plain(&gate["conditionType"]))).count();
    vec![
        metadata["name"].clone(),
        json!(format!("{}/{}", seen.ready, seen.total)),
        json!(seen.state),
        json!(restarts),
        json!(since(&metadata["creationTimestamp"], now)),
        text(&status["podIP"], NONE),
        text(&spec["nodeName"], NONE),
        text(&status["nominatedNodeName"], NONE),
        if gates.is_empty() { json!(NONE) } else { json!(format!("{met}/{}", gates.len())) },
    ]
}

/// What the containers add up to.
#[derive(Default)]
struct Seen<'a> {
    state: String,
    ready: usize,
    total: usize,
    restarts: i64,
    /// When a container last ended.
    last: Option<&'a Value>,
}

impl<'a> Seen<'a> {
    fn of(pod: &'a Value) -> Self {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let sidecars: Vec<&str> = list(&spec["initContainers"])
            .filter(|c| c["restartPolicy"] == "Always")
            .map(|c| plain(&c["name"]))
            .collect();
        let phase = plain(&status["phase"]);
        let reason = status["reason"].as_str().filter(|r| !r.is_empty()).unwrap_or(phase);
        let mut seen = Seen {
            state: reason.to_owned(),
            total: list(&spec["containers"]).count() + sidecars.len(),
            ..Seen::default()
        };
        let initializing = seen.take_init(pod, &sidecars);
        if !initializing || is_true(status, "Initialized") {
            seen.take_main(status, &sidecars);
        }
        if !pod["metadata"]["deletionTimestamp"].is_null() {
            if status["reason"] == "NodeLost" {
                seen.state = "Unknown".to_owned();
            } else if !matches!(phase, "Succeeded" | "Failed") {
                seen.state = "Terminating".to_owned();
            }
        }
        seen
    }

    /// Whether an init container is still awaited.
    fn take_init(&mut self, pod: &'a Value, sidecars: &[&str]) -> bool {
        let of = list(&pod["spec"]["initContainers"]).count();
        for (n, container) in list(&pod["status"]["initContainerStatuses"]).enumerate() {
            self.count(container);
            let (ended, waiting) = (&container["state"]["terminated"], &container["state"]["waiting"]);
            if ended["exitCode"] == 0 {
                continue;
            }
            if sidecars.contains(&plain(&container["name"])) && container["started"] == true {
                self.ready += usize::from(container["ready"] == true);
                continue;
            }
            self.state = match plain(&waiting["reason"]) {
                _ if !ended.is_null() => format!("Init:{}", end(ended)),
                "" | "PodInitializing" => format!("Init:{n}/{of}"),
                reason => format!("Init:{reason}"),
            };
            return true;
        }
        false
    }

    fn take_main(&mut self, status: &'a Value, sidecars: &[&str]) {
        let init = list(&status["initContainerStatuses"]);
        let kept: Vec<&Value> = init.filter(|c| sidecars.contains(&plain(&c["name"]))).collect();
        (self.restarts, self.last) = (0, None);
        kept.into_iter().for_each(|c| self.count(c));
        let (mut running, mut failed) = (false, None);
        for container in list(&status["containerStatuses"]).collect::<Vec<_>>().into_iter().rev() {
            self.count(container);
            let state = &container["state"];
            let waiting = plain(&state["waiting"]["reason"]);
            if !waiting.is_empty() {
                self.state = waiting.to_owned();
            } else if !state["terminated"].is_null() {
                self.state = end(&state["terminated"]);
                if state["terminated"]["exitCode"] != 0 {
                    failed = Some(self.state.clone());
                }
            } else if container["ready"] == true && !state["running"].is_null() {
                running = true;
                self.ready += 1;
            }
        }
        if self.state == "Completed" {
            self.state = match (running, failed) {
                (true, _) if is_true(status, "Ready") => "Running".to_owned(),
                (_, Some(failed)) => failed,
                (true, None) => "NotReady".to_owned(),
                (false, None) => return,
            };
        }
    }

    fn count(&mut self, container: &'a Value) {
        self.restarts += container["restartCount"].as_i64().unwrap_or_default();
        let ended = &container["lastState"]["terminated"]["finishedAt"];
        // The same form of UTC everywhere: text sorts as time.
        if self.last.is_none_or(|last| plain(last) < plain(ended)) && !ended.is_null() {
            self.last = Some(ended);
        }
    }
}

fn end(terminated: &Value) -> String {
    match (plain(&terminated["reason"]), terminated["signal"].as_i64().unwrap_or_default()) {
        ("", 0) => format!("ExitCode:{}", terminated["exitCode"].as_i64().unwrap_or_default()),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn is_true(status: &Value, condition: &str) -> bool {
    list(&status["conditions"]).any(|c| c["type"] == condition && c["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(status: Value, deleted: bool) -> String {
        let mut pod = json!({
            "metadata": {"name": "p", "creationTimestamp": "1970-01-01T00:00:00Z"},
            "spec": {"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}]},
            "status": status,
        });
        if deleted {
            pod["metadata"]["deletionTimestamp"] = json!("1970-01-01T00:01:00Z");
        }
        let cells = cells(&pod, Time(90_000));
        cells[1..5].iter().map(|c| c.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    /// What kubectl 1.35 prints of such pods.
    #[test]
    fn pods_read_as_kubectl_prints_them() {
        let running =
            |ready: bool| json!({"name": "a", "ready": ready, "restartCount": 0, "state": {"running": {}}});
        let both = json!({"phase": "Running", "containerStatuses": [running(true), running(true)]});
        assert_eq!(row(both.clone(), false), "2/2 Running 0 90s");
        assert_eq!(row(both, true), "2/2 Terminating 0 90s");
        assert_eq!(row(json!({"phase": "Pending"}), false), "0/2 Pending 0 90s");
        let crashing = json!({
            "name": "a", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "finishedAt": "1970-01-01T00:01:00Z"}},
        });
        let status = json!({"phase": "Running", "containerStatuses": [crashing, running(true)]});
        assert_eq!(row(status, false), "1/2 CrashLoopBackOff 3 (30s ago) 90s");
        let init =
            json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"running": {}}}]});
        assert_eq!(row(init, false), "0/2 Init:0/1 0 90s");
        let done = |code: i32| json!({"name": "a", "state": {"terminated": {"exitCode": code}}});
        let status = json!({"phase": "Failed", "containerStatuses": [done(0), done(137)]});
        assert_eq!(row(status, false), "0/2 ExitCode:0 0 90s");
    }
}
