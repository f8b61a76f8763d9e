//! Manifests and logs, read when the user asks for them.

use super::{
    Connection,
    backoff::Backoff,
    log_lines::LogLines,
    request::Server,
    trouble::Trouble,
    watcher::{percent, place},
};
use crate::{
    domain::{
        Text,
        ask::{Answer, AskId, LogQuery},
        kubernetes::Key,
        object::Kind,
    },
    source::{Answers, Running},
};
use kube::client::Body;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{sleep, timeout};

const JSON: &str = "application/json";
const ANY: &str = "*/*";
/// A followed log that is silent for so long is opened anew: its connection may be dead.
const SILENCE: Duration = Duration::from_secs(60);

/// Answers with the object's manifest as YAML, without managedFields.
pub fn yaml(connection: &Connection, id: AskId, kind: Kind, key: Key, answers: Answers) -> Running {
    let server = Server::new(connection.credentials.clone());
    Running::spawn(async move {
        let answer = match manifest(&server, kind, &key).await {
            Ok(text) => vec![Answer::Yaml(text), Answer::End],
            Err(reason) => vec![Answer::Failed(reason)],
        };
        for answer in answers_of(id, answer) {
            // Nobody reads it any more.
            let _ = answers.send(answer).await;
        }
    })
}

fn answers_of(id: AskId, answers: Vec<Answer>) -> impl Iterator<Item = (AskId, Answer)> {
    answers.into_iter().map(move |answer| (id, answer))
}

async fn manifest(server: &Server, kind: Kind, key: &Key) -> Result<String, Text> {
    let mut object = object(server, kind, key).await?;
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    serde_norway::to_string(&object).map_err(|e| e.to_string().into())
}

async fn object(server: &Server, kind: Kind, key: &Key) -> Result<Value, Text> {
    let path = format!("{}/{}", place(kind, Some(&key.namespace)), percent(&key.name));
    let noun = kind.name();
    let body = server.read(&path, JSON).await.map_err(|trouble| match trouble {
        Trouble::Missing(_) => format!("{noun} {key} is gone").into(),
        Trouble::Denied(_) => super::reach::sentence(kind, "get", Some(&key.namespace)),
        other => other.words(),
    })?;
    serde_json::from_slice(&body).map_err(|e| Trouble::nonsense(&e.to_string()).words())
}

/// Answers with the lines of a container's log. One that is followed is opened again where it broke off,
/// without telling a line twice, until the pod has ended.
pub fn logs(connection: &Connection, id: AskId, query: LogQuery, answers: Answers) -> Running {
    let server = Server::new(connection.credentials.clone());
    Running::spawn(async move {
        let lines = LogLines::new(query.timestamps);
        let log = Log { server, id, query, answers: answers.clone(), lines };
        let end = match log.read().await {
            Ok(()) => Answer::End,
            Err(Trouble::Closed) => return,
            Err(trouble) => Answer::Failed(trouble.words()),
        };
        // Nobody reads it any more.
        let _ = answers.send((id, end)).await;
    })
}

struct Log {
    server: Server,
    id: AskId,
    query: LogQuery,
    answers: Answers,
    lines: LogLines,
}

impl Log {
    async fn read(mut self) -> Result<(), Trouble> {
        let container = self.container().await?;
        let mut backoff = Backoff::default();
        loop {
            match self.open(&container).await {
                Ok(body) => {
                    if self.stream(body).await? {
                        backoff.reset();
                    }
                }
                Err(trouble) => self.bear(trouble).await?,
            }
            if !self.query.follow || self.ended().await {
                return Ok(());
            }
            sleep(backoff.pause()).await;
        }
    }

    /// The container to read: the one asked for if the pod has it, else the pod's default one.
    async fn container(&self) -> Result<Text, Trouble> {
        let pod = self.pod().await.map_err(Trouble::Other)?;
        let names: Vec<&str> = ["initContainers", "containers", "ephemeralContainers"]
            .iter()
            .flat_map(|list| pod["spec"][list].as_array().into_iter().flatten())
            .filter_map(|container| container["name"].as_str())
            .collect();
        let default = pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"].as_str();
        let first = pod["spec"]["containers"][0]["name"].as_str();
        match &self.query.container {
            Some(wanted) if names.contains(&&**wanted) => Ok(wanted.clone()),
            Some(wanted) => Err(Trouble::Other(
                format!("{} has no container {wanted}; it has {}", self.query.pod, names.join(", ")).into(),
            )),
            None => Ok(default.filter(|d| names.contains(d)).or(first).unwrap_or_default().into()),
        }
    }

    async fn pod(&self) -> Result<Value, Text> {
        object(&self.server, Kind::Pod, &self.query.pod).await
    }

    async fn open(&self, container: &str) -> Result<Body, Trouble> {
        let query = &self.query;
        let pod = format!("{}/{}", place(Kind::Pod, Some(&query.pod.namespace)), percent(&query.pod.name));
        let mut path = format!("{pod}/log?container={}&timestamps=true", percent(container));
        for (flag, set) in [("follow", query.follow), ("previous", query.previous)] {
            if set {
                path += &format!("&{flag}=true");
            }
        }
        if let Some(since) = self.lines.resume_from() {
            path += &format!("&sinceTime={}", percent(&since));
        } else {
            if let Some(since) = query.since {
                path += &format!("&sinceSeconds={}", since.as_secs().max(1));
            }
            if let Some(tail) = query.tail {
                path += &format!("&tailLines={tail}");
            }
        }
        Ok(self.server.get(&path, ANY).await?.into_body())
    }

    /// Tells the lines as they come; returns whether any came. A stream that breaks off ends like any other
    /// when it is followed.
    async fn stream(&mut self, mut body: Body) -> Result<bool, Trouble> {
        let mut any = false;
        self.lines.start();
        loop {
            let chunk = match timeout(SILENCE, self.server.chunk(&mut body)).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Err(trouble)) if !self.query.follow => return Err(trouble),
                Err(_) if !self.query.follow => return Err(self.server.silent(SILENCE)),
                Ok(Ok(None) | Err(_)) | Err(_) => break,
            };
            any |= self.tell_lines(&chunk).await?;
        }
        let rest = self.lines.finish();
        any |= self.send(rest).await?;
        Ok(any)
    }

    async fn tell_lines(&mut self, chunk: &[u8]) -> Result<bool, Trouble> {
        let lines = self.lines.take(chunk);
        self.send(lines).await
    }

    async fn send(&self, lines: Vec<String>) -> Result<bool, Trouble> {
        if lines.is_empty() {
            return Ok(false);
        }
        self.tell(Answer::LogLines(lines)).await?;
        Ok(true)
    }

    async fn tell(&self, answer: Answer) -> Result<(), Trouble> {
        self.answers.send((self.id, answer)).await.map_err(|_| Trouble::Closed)
    }

    /// What a followed log waits out, it says meanwhile; the rest ends it.
    async fn bear(&self, trouble: Trouble) -> Result<(), Trouble> {
        let namespace = &self.query.pod.namespace;
        match trouble {
            Trouble::Denied(_) => Err(Trouble::Other(
                format!(
                    "no permission to read logs in the namespace {namespace}: \
                     kubectl auth can-i get pods --subresource=log -n {namespace}"
                )
                .into(),
            )),
            Trouble::Other(reason) if reason.contains("previous terminated container") => Err(
                Trouble::Other("there is no log of an earlier run: the container has not restarted".into()),
            ),
            Trouble::Other(reason) if self.query.follow => {
                self.tell(Answer::Progress(reason.to_string())).await
            }
            Trouble::Unauthorized if self.query.follow => {
                self.tell(Answer::Progress(trouble.words().to_string())).await
            }
            other => Err(other),
        }
    }

    /// Whether no more lines can come. When that cannot be told the log is tried again.
    async fn ended(&self) -> bool {
        let path = format!(
            "{}/{}",
            place(Kind::Pod, Some(&self.query.pod.namespace)),
            percent(&self.query.pod.name)
        );
        match self.server.read(&path, JSON).await {
            Ok(body) => {
                let pod: Value = serde_json::from_slice(&body).unwrap_or_default();
                matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
            }
            Err(trouble) => matches!(trouble, Trouble::Missing(_)),
        }
    }
}
