//! How the cluster is, from kubectl and Kafka's own tools.

use crate::{
    screen::PATIENCE,
    stage::{BOOTSTRAP, Stage, printed},
};
use serde_json::Value;
use std::{path::PathBuf, time::Instant};

/// The StatefulSet of the brokers, and the Deployment that matters to nobody, in kubectl's words.
pub const KAFKA: &str = "-n kafka get statefulset kafka";
pub const WEB: &str = "-n shop get deployment web";
/// A topic of four partitions, of 10 MB each.
pub const BULK: &str = "bulk";

pub fn make_bulk(stage: &Stage, assignment: &str) {
    stage.no_topic(BULK);
    let create = "--create --topic bulk --config min.insync.replicas=1 --replica-assignment";
    stage.tool("kafka-topics.sh", &format!("{create} {assignment}"));
    let producer = format!("bootstrap.servers={BOOTSTRAP}");
    let fill = "--topic bulk --num-records 4000 --record-size 10000 --throughput -1 --producer-props";
    stage.inside("kafka-producer-perf-test.sh", &format!("{fill} {producer}"));
}

/// Asks until it is so; the tools themselves take their time.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "not so within {PATIENCE:?}: {what}");
    }
}

impl Stage {
    /// A field of an object, as kubectl prints it.
    pub fn field(&self, object: &str, path: &str) -> String {
        self.kubectl(&format!("{object} -o jsonpath={{{path}}}"))
    }

    /// How many pods a StatefulSet or a Deployment is to have.
    pub fn replicas_asked_for(&self, workload: &str) -> String {
        self.field(workload, ".spec.replicas")
    }

    /// The UID of a pod of Kafka's.
    pub fn uid(&self, pod: &str) -> String {
        self.field(&format!("-n kafka get pod {pod}"), ".metadata.uid")
    }

    /// Pods that are none of Kafka's.
    pub fn web(&self) -> Vec<String> {
        let pods = self.kubectl("-n shop get pods -l app.kubernetes.io/name=web -o name");
        pods.lines().map(|name| name.trim_start_matches("pod/").to_string()).collect()
    }

    /// What a program prints inside the lab.
    pub fn inside(&self, program: &str, arguments: &str) -> String {
        printed(self.lab.enter_command(program).args(arguments.split(' ')))
    }

    /// What one of Kafka's own tools prints, unless it gives up, as it does where a broker hangs.
    pub fn tool_may(&self, name: &str, arguments: &str) -> Option<String> {
        let mut command = self.lab.enter_command(name);
        let output = command.args(["--bootstrap-server", BOOTSTRAP]).args(arguments.split(' ')).output();
        let output = output.expect("the command runs");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    pub fn topics(&self) -> Vec<String> {
        self.tool("kafka-topics.sh", "--list").lines().map(String::from).collect()
    }

    /// Takes away what a test has made, or one that failed has left.
    pub fn no_topic(&self, topic: &str) {
        let is_there = || self.topics().iter().any(|t| t == topic);
        if is_there() {
            self.tool("kafka-topics.sh", &format!("--delete --topic {topic}"));
            until("the topic is gone", || !is_there());
        }
    }

    /// Where each partition of a topic lies.
    pub fn replicas(&self, topic: &str) -> Vec<Vec<u32>> {
        self.partitions(topic, "Replicas: ")
    }

    /// The ids that Kafka's own tool tells of each partition, `Leader: ` or `Isr: `.
    pub fn partitions(&self, topic: &str, key: &str) -> Vec<Vec<u32>> {
        lists(&self.tool("kafka-topics.sh", &format!("--describe --topic {topic}")), key)
    }

    pub fn audit_log(&self) -> String {
        std::fs::read_to_string(self.lab.home().audit()).unwrap_or_default()
    }

    /// What the API server was asked by castellan by other than GET, once when it came and once when it was
    /// answered: `ResponseComplete patch deployments/scale /apis/… 200`.
    pub fn asked(&self) -> Vec<String> {
        let log = self.audit_log();
        let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let word = |event: &Value, path: &str| {
            event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_string()
        };
        let ours = events.filter(|event| word(event, "/userAgent").starts_with("castellan/"));
        ours.map(|event| {
            let sub = word(&event, "/objectRef/subresource");
            let slash = if sub.is_empty() { "" } else { "/" };
            let [stage, verb, resource, uri] =
                ["/stage", "/verb", "/objectRef/resource", "/requestURI"].map(|path| word(&event, path));
            let code = event.pointer("/responseStatus/code").unwrap_or_default();
            format!("{stage} {verb} {resource}{slash}{sub} {uri} {code}")
        })
        .collect()
    }

    /// A file of the tests' own.
    pub fn file(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, contents).expect("the file is written");
        path
    }
}

/// The ids behind a key, of each partition that `kafka-topics.sh --describe` tells of.
pub fn lists(told: &str, key: &str) -> Vec<Vec<u32>> {
    let lists = told.lines().filter(|line| line.starts_with('\t')).filter_map(|line| line.split(key).nth(1));
    let first = |rest: &str| rest.split_whitespace().next().unwrap_or_default().to_string();
    lists.map(|rest| first(rest).split(',').filter_map(|id| id.parse().ok()).collect()).collect()
}
