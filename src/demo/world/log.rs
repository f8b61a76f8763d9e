//! What containers write: made when it is asked for, the same each time, and in keeping with what they do.

use super::{
    World,
    kafka::{Group, seed},
    kubernetes::{End, PODS, Refusal, Run, State, object, rfc3339},
};
use crate::domain::{Text, kubernetes::Key, time::Time};
use std::time::Duration;

/// A line, and when it was written.
pub type Line = (Time, String);

/// What of a log is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of the run before the last restart.
    pub previous: bool,
    /// Only what was written after this.
    pub after: Time,
    /// The newest lines, at most so many.
    pub most: usize,
}

/// What kind of program writes.
enum Writer {
    Broker { index: usize, id: i32 },
    Consumer { group: Text, pace: f64, stuck: Option<Time> },
    Producer { topic: Text, rate: f64 },
    Web,
    Other,
}

/// One run of a container: from its start to its end, or to now.
struct Life<'a> {
    pod: &'a Key,
    seed: u64,
    started: Time,
    until: Time,
    end: Option<End>,
}

impl World {
    /// The lines of a container's run, oldest first.
    ///
    /// # Errors
    /// Where there is no such pod or container, it has not run yet, or its node does not answer; in the words
    /// of the API server.
    pub fn log(&self, pod: &Key, container: &str, wanted: &Wanted) -> Result<Vec<Line>, Refusal> {
        let object = self.kubernetes.get(&PODS, pod).ok_or(Refusal::NotFound)?;
        let waits = |reason: &str| {
            let name = &pod.name;
            Refusal::BadRequest(format!(
                "container \"{container}\" in pod \"{name}\" is waiting to start: {reason}"
            ))
        };
        let Some(run) = self.plane.kubelet.runs.get(pod) else { return Err(waits("ContainerCreating")) };
        if self.plane.silent.contains_key(&run.node) {
            let host = object::text(object, "/status/hostIP");
            let path = format!("containerLogs/{}/{}/{container}", pod.namespace, pod.name);
            let words = format!(
                "Get \"https://{host}:10250/{path}\": dial tcp {host}:10250: connect: no route to host"
            );
            return Err(Refusal::Internal(words));
        }
        let Some(c) = run.containers.iter().find(|c| *c.name == *container) else {
            let words = format!("container {container} is not valid for pod {}", pod.name);
            return Err(Refusal::BadRequest(words));
        };
        let (started, end) = match (wanted.previous, c.state) {
            (true, State::Ended { end, until: Some(_), wait }) if wait > 0.0 => (end.started, Some(end)),
            (true, _) => match c.last {
                Some(end) => (end.started, Some(end)),
                None => {
                    let name = &pod.name;
                    let words =
                        format!("previous terminated container \"{container}\" in pod \"{name}\" not found");
                    return Err(Refusal::BadRequest(words));
                }
            },
            (false, State::Running { since, .. }) => (since, None),
            (false, State::Ended { end, .. }) => (end.started, Some(end)),
            (false, State::NoImage { .. }) => return Err(waits("trying and failing to pull image")),
            (false, _) => match c.last {
                Some(end) => (end.started, Some(end)),
                None => return Err(waits("ContainerCreating")),
            },
        };
        let until = end.map_or(self.now, |end| end.finished);
        let life = Life { pod, seed: seed::of(&run.uid) ^ started.0 as u64, started, until, end };
        let mut lines = self.lines(&life, run, &c.image, wanted);
        lines.retain(|(at, _)| *at > wanted.after && *at <= until);
        lines.sort_by_key(|(at, _)| *at);
        let over = lines.len().saturating_sub(wanted.most);
        lines.drain(..over);
        Ok(lines)
    }

    fn lines(&self, life: &Life<'_>, run: &Run, image: &str, wanted: &Wanted) -> Vec<Line> {
        let writer = self.writer(life.pod, image);
        let mut lines = begins(life, &writer);
        let ready = life.started.plus(Duration::from_secs(8));
        lines.extend(regular(life, &writer, ready, wanted));
        if let Writer::Broker { index, id } = writer {
            lines.extend(self.controller_lines(index, id));
        }
        if let Some(end) = life.end {
            let program = self.plane.kubelet.program(life.pod, image);
            let said = if end.code == 0 || end.code == 143 { &[][..] } else { &program.last_words[..] };
            let before = |n: usize| end.finished.minus(Duration::from_millis(40 * (said.len() - n) as u64));
            lines.extend(said.iter().enumerate().map(|(n, words)| (before(n), words.to_string())));
        } else if let Some(at) = run.stopping {
            let at = at.min(self.now);
            lines.push((at, "INFO Terminating process due to signal SIGTERM".into()));
        }
        lines
    }

    fn writer(&self, pod: &Key, image: &str) -> Writer {
        for (index, cluster) in self.kafka.iter().enumerate() {
            if let Some(broker) = cluster.brokers.values().find(|broker| broker.pod == *pod) {
                return Writer::Broker { index, id: broker.id };
            }
            let is_of = |group: &Group| group.members.iter().any(|member| member.pod == *pod);
            if let Some((name, group)) = cluster.groups.iter().find(|(_, group)| is_of(group)) {
                let stuck = self.bonds.stuck.get(pod).copied();
                return Writer::Consumer { group: name.clone(), pace: group.pace, stuck };
            }
        }
        let ours =
            |workload: &Key| workload.namespace == pod.namespace && pod.name.starts_with(&*workload.name);
        match self.bonds.producers.iter().find(|producer| ours(&producer.workload)) {
            Some(p) if !image.starts_with("nginx") => {
                Writer::Producer { topic: p.topic.clone(), rate: p.rate / p.pods.max(1) as f64 }
            }
            _ if image.starts_with("nginx") => Writer::Web,
            _ => Writer::Other,
        }
    }

    /// What the active controller wrote of brokers that went and came.
    fn controller_lines(&self, index: usize, id: i32) -> Vec<Line> {
        if self.kafka[index].controller != Some(id) {
            return Vec::new();
        }
        let of_cluster = self.bonds.registrations.iter().filter(|seen| seen.cluster == index);
        let told = of_cluster.map(|seen| {
            let broker = seen.broker;
            let what = if seen.registered {
                format!("The request from broker {broker} to unfence has been granted because it has caught up with the offset of its register broker record.")
            } else {
                format!("Fencing broker {broker} because its session has timed out or it has shut down.")
            };
            (seen.at, broker_line(seen.at, &format!("[QuorumController id={id}] {what} (org.apache.kafka.controller.BrokerHeartbeatManager)")))
        });
        told.collect()
    }
}

/// What a program writes when it begins.
fn begins(life: &Life<'_>, writer: &Writer) -> Vec<Line> {
    let at = |seconds: f64| life.started.plus(Duration::from_secs_f64(seconds));
    let said: Vec<(f64, String)> = match writer {
        Writer::Broker { id, .. } => [
            (0.9, "Registered kafka:type=kafka.Log4jController MBean (kafka.utils.Log4jControllerRegistration$)".into()),
            (1.2, "starting (kafka.server.KafkaRaftServer)".to_string()),
            (1.9, "Loading logs from log dirs ArrayBuffer(/var/lib/kafka/data) (kafka.log.LogManager)".into()),
            (3.1, "Loaded logs in 1182ms (kafka.log.LogManager)".into()),
            (3.4, format!("[BrokerServer id={id}] Waiting for the broker metadata publishers to be installed (kafka.server.BrokerServer)")),
            (4.0, format!("[BrokerLifecycleManager id={id}] The broker has been unfenced. Transitioning from RECOVERY to RUNNING. (kafka.server.BrokerLifecycleManager)")),
            (4.2, "Kafka version: 4.1.1 (org.apache.kafka.common.utils.AppInfoParser)".into()),
            (4.3, format!("[KafkaRaftServer nodeId={id}] Kafka Server started (kafka.server.KafkaRaftServer)")),
        ]
        .into_iter()
        .map(|(after, words)| (after, broker_line(at(after), &words)))
        .collect(),
        Writer::Consumer { group, .. } => vec![
            (0.4, "INFO  reading the configuration".into()),
            (1.1, format!("INFO  joining the group {group}")),
            (4.6, format!("INFO  [Consumer clientId={0}-consumer, groupId={group}] Successfully joined group", stem(life.pod))),
        ],
        Writer::Producer { topic, .. } => {
            vec![(0.4, "INFO  reading the configuration".into()), (1.0, format!("INFO  sending to {topic}, acks=all"))]
        }
        Writer::Web => vec![(0.1, "/docker-entrypoint.sh: Configuration complete; ready for start up".into())],
        Writer::Other => vec![(0.3, "INFO  starting".into())],
    };
    // A run may have ended before it came so far.
    let said = said.into_iter().map(|(after, words)| (at(after), words));
    said.filter(|(at, _)| *at <= life.until).collect()
}

/// A pod's name without what its ReplicaSet added.
fn stem(pod: &Key) -> &str {
    let mut parts = pod.name.rsplitn(3, '-');
    parts.nth(2).unwrap_or(&pod.name)
}

/// What a program writes while it runs, at an even pace; only the newest that are asked for are made.
fn regular(life: &Life<'_>, writer: &Writer, from: Time, wanted: &Wanted) -> Vec<Line> {
    let every = match writer {
        Writer::Broker { .. } => 37.0,
        Writer::Consumer { .. } | Writer::Producer { .. } => 5.0,
        Writer::Web => 1.7,
        Writer::Other => 30.0,
    };
    let seconds = |span: Duration| (span.as_secs_f64() / every) as u64;
    if life.until < from {
        return Vec::new();
    }
    let last = seconds(life.until.since(from));
    let first = seconds(wanted.after.max(from).since(from)).max(last.saturating_sub(wanted.most as u64));
    let line = |n: u64| {
        let chance = seed::mix([life.seed, n]);
        let jitter = seed::fraction(chance) * 0.3 * every;
        let at = from.plus(Duration::from_secs_f64(n as f64 * every + jitter));
        (at, says(writer, at, chance, every, life.pod))
    };
    (first..=last).map(line).collect()
}

fn says(writer: &Writer, at: Time, chance: u64, every: f64, pod: &Key) -> String {
    let n = chance >> 8;
    match writer {
        Writer::Broker { id, .. } => {
            let words = match n % 4 {
                0 => format!(
                    "[LocalLog partition=__consumer_offsets-{}, dir=/var/lib/kafka/data] Rolled new log segment at offset {} in 2 ms. (org.apache.kafka.storage.internals.log.LocalLog)",
                    n % 50,
                    n % 9_000_000
                ),
                1 => format!(
                    "[ProducerStateManager partition=orders-{}] Wrote producer snapshot at offset {} with 3 producer ids in 1 ms. (org.apache.kafka.storage.internals.log.ProducerStateManager)",
                    n % 6,
                    n % 90_000_000
                ),
                2 => format!(
                    "[SnapshotGenerator id={id}] Creating new KRaft snapshot file snapshot {:020}-{:010} because we have waited at least 60 minute(s). (org.apache.kafka.image.publisher.SnapshotGenerator)",
                    n % 4_000_000,
                    7
                ),
                _ => format!(
                    "[NodeToControllerChannelManager id={id} name=heartbeat] Client requested disconnect from node {} (org.apache.kafka.clients.NetworkClient)",
                    n % 3
                ),
            };
            broker_line(at, &words)
        }
        Writer::Consumer { stuck: Some(since), .. } if at >= *since => {
            let waited = at.since(*since).as_secs();
            format!("WARN  {}: no answer for {waited} s from the ledger, trying again", stem(pod))
        }
        Writer::Consumer { group, pace, .. } => {
            format!("INFO  {group}: worked off {} records in {:.2} s", share(*pace * every, n), every)
        }
        Writer::Producer { topic, rate } => {
            format!("INFO  sent {} records to {topic} in {:.2} s", share(*rate * every, n), every)
        }
        Writer::Web => {
            const PATHS: [&str; 5] = ["/", "/cart", "/product/4711", "/search?q=lamp", "/checkout"];
            let path = PATHS[n as usize % PATHS.len()];
            format!(
                "10.44.{}.{} - - [{}] \"GET {path} HTTP/1.1\" 200 {}",
                n % 6 + 1,
                n % 200 + 2,
                rfc3339(at),
                n % 9000
            )
        }
        Writer::Other => format!("INFO  alive, {} requests served", n % 4000),
    }
}

/// Between half and nearly all of it.
fn share(of: f64, n: u64) -> u64 {
    (of * (0.5 + (n % 1000) as f64 / 2200.0)) as u64
}

/// As Kafka's logging writes it.
fn broker_line(at: Time, words: &str) -> String {
    let at = rfc3339(at).replace('T', " ").replace('Z', "");
    format!("[{at},{:03}] INFO {words}", words.len() % 1000)
}
