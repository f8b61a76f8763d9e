//! Questions about one object: its manifest and its logs.

use super::{
    super::{logs, yaml},
    *,
};
use crate::domain::{
    ask::{Answer, AskId, LogQuery},
    object::Kind,
};

async fn ask<R>(
    server: &Listening,
    question: impl FnOnce(&super::super::Connection, crate::source::Answers) -> R,
) -> (Vec<String>, Answer) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    write_kubeconfig(&path, server, "{token: t}");
    let connection = connect(&Options { kubeconfig: Some(path), ..Default::default() }).await.unwrap();
    let (sender, mut answers) = mpsc::channel(8);
    let _running = question(&connection, sender);
    let mut lines = Vec::new();
    loop {
        match answers.recv().await.expect("an end").1 {
            Answer::LogLines(more) => lines.extend(more),
            Answer::Yaml(text) => lines.push(text),
            Answer::Progress(_) | Answer::Messages(_) => {}
            end => return (lines, end),
        }
    }
}

fn log_of(container: Option<&str>, follow: bool) -> LogQuery {
    LogQuery {
        pod: Key::new("kafka", "kafka-0"),
        container: container.map(Text::from),
        follow,
        previous: false,
        since: None,
        tail: Some(100),
        timestamps: false,
    }
}

const POD: &str = "/api/v1/namespaces/kafka/pods/kafka-0";

#[tokio::test]
async fn a_manifest_is_yaml_without_managed_fields() {
    let server = Fake::default().listen().await;
    let pod =
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"kafka-0","managedFields":[{"manager":"x"}]}}"#;
    server.fake.set(|w| drop(w.answers.insert(POD.into(), vec![(200, pod.into())])));
    let key = Key::new("kafka", "kafka-0");
    let (text, end) = ask(&server, |c, answers| yaml(c, AskId(1), Kind::Pod, key, answers)).await;
    assert_eq!(text, ["apiVersion: v1\nkind: Pod\nmetadata:\n  name: kafka-0\n"]);
    assert_eq!(end, Answer::End);
    let gone = Key::new("kafka", "kafka-9");
    server.fake.set(|w| drop(w.answers.insert(POD.replace("-0", "-9"), vec![(404, "{}".into())])));
    let (_, end) = ask(&server, |c, answers| yaml(c, AskId(1), Kind::Pod, gone, answers)).await;
    assert_eq!(end, Answer::Failed("Pod kafka/kafka-9 is gone".into()));
}

#[tokio::test]
async fn a_followed_log_goes_on_where_it_broke_off() {
    let server = Fake::default().listen().await;
    let pod = r#"{"metadata":{"annotations":{"kubectl.kubernetes.io/default-container":"kafka"}},"spec":{"containers":[{"name":"jmx"},{"name":"kafka"}]}}"#;
    let ended = r#"{"status":{"phase":"Succeeded"}}"#;
    let first = "2026-11-21T09:30:20.1Z one\n2026-11-21T09:30:20.2Z two\n";
    let second = "2026-11-21T09:30:20.2Z two\n2026-11-21T09:30:20.3Z three\n";
    server.fake.set(|w| {
        w.answers.insert(POD.into(), vec![(200, pod.into()), (200, pod.into()), (200, ended.into())]);
        w.answers.insert(format!("{POD}/log"), vec![(200, first.into()), (200, second.into())]);
    });
    let (lines, end) = ask(&server, |c, answers| logs(c, AskId(1), log_of(None, true), answers)).await;
    assert_eq!(lines, ["one", "two", "three"]);
    assert_eq!(end, Answer::End);
    let requests = server.fake.world().requests.clone();
    let logs: Vec<_> = requests.iter().filter(|r| r.contains("/log?")).collect();
    assert!(logs[0].contains("container=kafka&timestamps=true&follow=true&tailLines=100"), "{logs:?}");
    assert!(logs[1].ends_with("sinceTime=2026-11-21T09%3A30%3A20Z"), "{logs:?}");
}

#[tokio::test]
async fn a_log_that_cannot_be_read_says_why() {
    let server = Fake::default().listen().await;
    let pod = r#"{"spec":{"containers":[{"name":"kafka"}],"initContainers":[{"name":"format"}]}}"#;
    server.fake.set(|w| drop(w.answers.insert(POD.into(), vec![(200, pod.into())])));
    let (_, end) = ask(&server, |c, answers| logs(c, AskId(1), log_of(Some("kakfa"), false), answers)).await;
    assert_eq!(end, Answer::Failed("kafka/kafka-0 has no container kakfa; it has format, kafka".into()));
    let cases = [
        (403, "no", "kubectl auth can-i get pods --subresource=log -n kafka"),
        (
            400,
            r#"{"message":"previous terminated container \"kafka\" in pod \"kafka-0\" not found"}"#,
            "has not restarted",
        ),
        (
            400,
            r#"{"message":"container \"kafka\" is waiting to start: ContainerCreating"}"#,
            "waiting to start",
        ),
    ];
    for (code, body, words) in cases {
        server.fake.set(|w| drop(w.answers.insert(format!("{POD}/log"), vec![(code, body.into())])));
        let (_, end) = ask(&server, |c, answers| logs(c, AskId(1), log_of(None, false), answers)).await;
        assert!(matches!(&end, Answer::Failed(reason) if reason.contains(words)), "{end:?}");
    }
}
