//! The logs of containers.
//!
//! Source: Kubernetes 1.35, `LogLocation` and `validateContainer` of `pkg/registry/core/pod/strategy.go`.

use super::{
    read,
    request::{Asked, Query},
    serve::{self, Answer, Server},
    status::Status,
};
use crate::{
    demo::world::{
        Line, Wanted, World,
        kubernetes::{PODS, Refusal, Resource, object},
    },
    domain::{kubernetes::Key, time::Time},
};
use bytes::Bytes;
use serde_json::Value;
use std::time::Duration;

/// How often a followed log is looked at.
const LOOK: Duration = Duration::from_millis(250);
const KIND: &str = "text/plain";

/// What is asked of a log.
struct Log {
    server: Server,
    pod: Key,
    container: String,
    timestamps: bool,
    /// Bytes that may still be told.
    room: usize,
    wanted: Wanted,
    uid: String,
}

/// # Errors
/// 400 for a container that is not there or has not run, 404 without the pod, 500 where its node is silent.
pub fn log(
    server: &Server,
    resource: &'static Resource,
    asked: &Asked,
    query: &Query,
) -> Result<Answer, Status> {
    let seconds = query.number("sinceSeconds")?;
    let tail = query.number("tailLines")?;
    let room = query.number("limitBytes")?;
    let since = query.get("sinceTime").map(instant).transpose()?;
    let (log, first) = server.shared.with(|world| {
        let pod = read::get(world, resource, asked)?;
        let container = container(&pod, query.get("container").unwrap_or_default())?;
        if object::text(&pod, "/spec/nodeName").is_empty() {
            // No kubelet has it yet: there is nothing to tell.
            return Ok((None, Vec::new()));
        }
        let ago = seconds.map(|s| world.now.minus(Duration::from_secs(s)));
        let after = since.or(ago).map_or(Time(0), |at| Time(at.0 - 1));
        let most = usize::try_from(tail.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let log = Log {
            server: server.clone(),
            pod: asked.key(),
            container,
            timestamps: query.flag("timestamps"),
            room: usize::try_from(room.unwrap_or(u64::MAX)).unwrap_or(usize::MAX),
            wanted: Wanted { previous: query.flag("previous"), after, most },
            uid: object::uid(&pod).to_owned(),
        };
        let first = log.lines(world).map_err(|refusal| Status::refused(resource, &asked.name, refusal))?;
        Ok((Some(log), first))
    })?;
    let Some(mut log) = log else { return Ok(serve::whole(200, KIND, Bytes::new())) };
    let start = log.text(first);
    if !query.flag("follow") || log.room == 0 {
        return Ok(serve::whole(200, KIND, start));
    }
    let rest = futures::stream::unfold((log, Some(start)), |(mut log, first)| async move {
        match first {
            Some(first) => Some((first, (log, None))),
            None => log.more().await.map(|more| (more, (log, None))),
        }
    });
    Ok(serve::pieces(KIND, rest))
}

/// A time is told in whole seconds.
fn instant(text: &str) -> Result<Time, Status> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    let at = parsed.map_err(|_| Status::bad_request(format!("sinceTime: Invalid value: \"{text}\"")))?;
    Ok(Time(at.as_second() * 1000))
}

fn container(pod: &Value, wanted: &str) -> Result<String, Status> {
    let name = object::text(pod, "/metadata/name");
    let names = |list: &str| object::list(pod, list).iter().map(|c| object::text(c, "/name"));
    let main: Vec<&str> = names("/spec/containers").collect();
    let all: Vec<&str> = names("/spec/initContainers").chain(main.iter().copied()).collect();
    match (wanted, &main[..]) {
        ("", [only]) => Ok((*only).to_owned()),
        ("", _) => Err(Status::bad_request(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            all.join(" ")
        ))),
        (wanted, _) if all.contains(&wanted) => Ok(wanted.to_owned()),
        _ => Err(Status::bad_request(format!("container {wanted} is not valid for pod {name}"))),
    }
}

impl Log {
    fn lines(&self, world: &World) -> Result<Vec<Line>, Refusal> {
        world.log(&self.pod, &self.container, &self.wanted)
    }

    /// The lines as they are told; the next look goes on behind them.
    fn text(&mut self, lines: Vec<Line>) -> Bytes {
        let mut text = String::new();
        for (at, line) in lines {
            if self.timestamps {
                let stamp = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
                text.push_str(&format!("{stamp:.3} "));
            }
            text.push_str(&line);
            text.push('\n');
            self.wanted.after = self.wanted.after.max(at);
        }
        self.wanted.most = usize::MAX;
        let mut bytes = Bytes::from(text);
        bytes.truncate(self.room);
        self.room -= bytes.len();
        bytes
    }

    /// What is written next; None: the container has ended.
    async fn more(&mut self) -> Option<Bytes> {
        while self.room > 0 {
            tokio::time::sleep(LOOK).await;
            let shared = self.server.shared.clone();
            let (lines, runs) = shared.with(|world| (self.lines(world), self.runs(world)));
            // What cannot be read any more has ended.
            let lines = lines.ok()?;
            if !lines.is_empty() {
                return Some(self.text(lines));
            }
            if !runs {
                return None;
            }
        }
        None
    }

    fn runs(&self, world: &World) -> bool {
        let Some(pod) = world.kubernetes.get(&PODS, &self.pod).filter(|_| !self.wanted.previous) else {
            return false;
        };
        let lists = ["/status/containerStatuses", "/status/initContainerStatuses"];
        let mut containers = lists.into_iter().flat_map(|list| object::list(pod, list));
        object::uid(pod) == self.uid
            && containers.any(|c| c["name"] == *self.container && !c["state"]["running"].is_null())
    }
}
