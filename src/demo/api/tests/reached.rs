//! What castellan reaches through the API server: port-forwards, proxies and logs of a scenario's world.

use super::*;
use crate::{
    demo::scenario::Scenario,
    domain::{
        ask::{Answer, AskId, LogQuery},
        kubernetes::Key,
    },
    source::kubernetes::logs,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn healthy() -> Bench {
    let world = Scenario::find("healthy").unwrap().world(1, 1.0, now()).unwrap();
    Bench::of(world).await
}

fn broker() -> Key {
    Key::new("kafka", "kafka-0")
}

#[tokio::test]
async fn a_broker_is_spoken_to_through_a_port_forward() {
    let bench = healthy().await;
    let gate = bench.connection("admin").await.gate;
    let mut stream = gate.port_forward(&broker(), 9092).await.unwrap();
    // ApiVersions, version 0, correlation 7, without a client's name.
    stream.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 255, 255]).await.unwrap();
    let mut head = [0; 10];
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_exact(&mut head)).await;
    read.unwrap().unwrap();
    assert_eq!(
        (&head[4..8], &head[8..10]),
        (&[0, 0, 0, 7][..], &[0, 0][..]),
        "the same correlation, no error"
    );
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_ends_at_once() {
    let bench = healthy().await;
    let gate = bench.connection("admin").await.gate;
    let mut stream = gate.port_forward(&broker(), 1234).await.unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok() && rest.is_empty(), "{rest:?}");
    assert!(gate.port_forward(&Key::new("kafka", "gone"), 9092).await.is_err());
    let viewers = bench.connection("viewer").await.gate;
    assert!(viewers.port_forward(&broker(), 9092).await.is_err(), "who only looks may not write to Kafka");
}

#[tokio::test]
async fn exporters_and_prometheus_answer_through_the_proxy() {
    let bench = healthy().await;
    let gate = bench.connection("viewer").await.gate;
    let (code, text) = gate.ask_pod(&broker(), 9404, "/metrics", 64 << 20).await.unwrap();
    assert!(code == 200 && text.contains("kafka_server"), "{code} {}", &text[..text.len().min(300)]);
    let prometheus = Key::new("monitoring", "prometheus-operated");
    let path = "/api/v1/query?query=up";
    let (code, text) = gate.ask_service(&prometheus, 9090, false, path, 1 << 20).await.unwrap();
    assert!(code == 200 && text.contains("\"status\":\"success\""), "{code} {text}");
    let (code, text) = gate.ask_service(&prometheus, 9091, false, path, 1 << 20).await.unwrap();
    assert!(code == 503 && text.contains("no service port 9091 found"), "{code} {text}");
    let (code, text) = gate.ask_pod(&broker(), 9999, "/metrics", 1 << 20).await.unwrap();
    assert!(code == 503 && text.contains("connection refused"), "{code} {text}");
}

async fn log(bench: &Bench, query: LogQuery, enough: usize) -> Vec<String> {
    let connection = bench.connection("admin").await;
    let (sender, mut answers) = mpsc::channel(8);
    let _running = logs(&connection, AskId(1), query, sender);
    let reading = async {
        let mut lines = Vec::new();
        while lines.len() < enough {
            match answers.recv().await.expect("an end").1 {
                Answer::LogLines(more) => lines.extend(more),
                Answer::End => break,
                other => panic!("{other:?}"),
            }
        }
        lines
    };
    tokio::time::timeout(Duration::from_secs(120), reading).await.expect("lines in time")
}

fn query(follow: bool, tail: u32) -> LogQuery {
    LogQuery {
        pod: broker(),
        container: None,
        follow,
        previous: false,
        since: None,
        tail: Some(tail),
        timestamps: true,
    }
}

#[tokio::test]
async fn a_log_is_read_and_followed() {
    let bench = healthy().await;
    let lines = log(&bench, query(false, 5), usize::MAX).await;
    assert_eq!(lines.len(), 5);
    let more = log(&bench, query(true, 5), 6).await;
    assert!(more.is_sorted(), "in the order of their times: {more:?}");
}
