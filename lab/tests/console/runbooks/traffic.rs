//! Who produces with acks=all while a runbook runs loses nothing, and no send fails.

use super::{
    books::{Book, ROLL},
    ends_well, nothing_is_left, of_each_book, stage,
};
use crate::stage::{BOOTSTRAP, Stage, WIDE};
use castellan_lab::Context;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    thread::JoinHandle,
};

const TOPIC: &str = "ledger";

/// Sends numbers, one after another, until it is stopped.
struct Producer {
    child: Child,
    told: JoinHandle<Vec<Value>>,
}

impl Producer {
    fn start(stage: &Stage) -> Producer {
        stage.no_topic(TOPIC);
        let create =
            "--create --topic ledger --partitions 6 --replication-factor 3 --config min.insync.replicas=2";
        stage.tool("kafka-topics.sh", create);
        let mut command = stage.lab.enter_command("kafka-verifiable-producer.sh");
        command.args([
            "--bootstrap-server",
            BOOTSTRAP,
            "--topic",
            TOPIC,
            "--acks",
            "-1",
            "--throughput",
            "200",
        ]);
        // By itself it would not try anything twice, as every other producer does.
        let retries = stage.file("producer.properties", "retries=2147483647\nenable.idempotence=true\n");
        command.arg("--producer.config").arg(retries);
        // It ends by itself, whatever becomes of the test.
        command.args(["--max-messages", "240000"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a producer");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let told = std::thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            lines.filter_map(|line| serde_json::from_str(&line).ok()).collect()
        });
        Producer { child, told }
    }

    /// What was acknowledged, and what failed.
    fn stop(mut self) -> (BTreeSet<u64>, Vec<Value>) {
        // What enters the lab has the producer for its child.
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let stopped = Command::new("kill").arg("-TERM").args(children.split_whitespace()).status();
        assert!(stopped.expect("kill runs").success());
        self.child.wait().expect("it ends");
        let told = self.told.join().expect("what it told");
        let is = |name: &str| -> Vec<Value> { told.iter().filter(|v| v["name"] == name).cloned().collect() };
        let number = |value: &Value| value["value"].as_str().and_then(|n| n.parse().ok());
        (is("producer_send_success").iter().filter_map(number).collect(), is("producer_send_error"))
    }
}

fn kept(stage: &Stage, most: usize) -> Vec<u64> {
    let mut command = stage.lab.enter_command("kafka-console-consumer.sh");
    command.args(["--bootstrap-server", BOOTSTRAP, "--topic", TOPIC, "--from-beginning"]);
    command.args(["--timeout-ms", "15000", "--max-messages", &most.to_string()]);
    let output = command.output().expect("the consumer runs");
    String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| line.trim().parse().ok()).collect()
}

fn under_traffic(stage: &Stage, book: &Book) {
    (book.prepare)(stage);
    let producer = Producer::start(stage);
    let mut screen = stage.open(Context::Admin, WIDE);
    (book.begin)(stage, &mut screen);
    ends_well(stage, &screen);
    let (acknowledged, failed) = producer.stop();
    assert!(failed.is_empty(), "{} sends failed: {:?}", failed.len(), failed.first());
    assert!(acknowledged.len() > 1_000, "only {} were sent", acknowledged.len());
    let kept = kept(stage, acknowledged.len());
    let there: BTreeSet<u64> = kept.iter().copied().collect();
    let lost: Vec<&u64> = acknowledged.difference(&there).collect();
    assert!(lost.is_empty(), "{} of {} were lost: {lost:?}", lost.len(), acknowledged.len());
    let _ = writeln!(std::io::stderr(), "{}: {} sent, failed 0, lost 0", book.name, acknowledged.len());
    nothing_is_left(stage);
    (book.check)(stage);
    stage.no_topic(TOPIC);
    super::clean(stage);
}

#[test]
fn nothing_is_lost_while_every_broker_is_restarted() {
    under_traffic(&stage(), &ROLL);
}

of_each_book![under_traffic:
    rebalance REBALANCE,
    scale_out SCALE_OUT,
    drain_broker DRAIN,
    replace REPLACE,
    drain_node DRAIN_NODE,
];
