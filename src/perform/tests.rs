//! What reaches the servers of what the app asks for.

use super::*;
use crate::{
    action::{
        Write,
        journal::{Entry, What, Whose},
    },
    domain::{target::KafkaTarget, time::Time},
    effect::tests::{
        api::Api,
        on_kafka::{self, cluster, yes},
        on_kubernetes,
    },
};
use serde_json::json;

fn whose() -> Whose {
    Whose { context: "prod".into(), cluster: "kafka/kafka".into(), id: None }
}

/// A console between recording servers, of which it has polled the brokers.
struct Bench {
    performer: Performer,
    said: mpsc::UnboundedReceiver<Msg>,
    api: Api,
    _brokers: crate::source::kafka::tests::fake::Fake,
    sent: on_kafka::Sent,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new(read_only: bool) -> Bench {
        let api = Api::that_says(200, json!({})).await;
        let (brokers, _, sent) = cluster(yes).await;
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources::new(Some(api.connection().await), None, Duration::from_secs(1));
        let (answers, _) = mpsc::channel(8);
        let (say, said) = mpsc::unbounded_channel();
        let journals = Ok(folder.path().join("journal"));
        let mut performer = if read_only {
            Performer::read_only(journals, sources, answers, say)
        } else {
            Performer::writing("prod".into(), journals, sources, answers, say)
        };
        let bootstrap = brokers.bootstrap();
        let target = KafkaTarget { name: "kafka/kafka".into(), bootstrap, ..KafkaTarget::default() };
        assert!(performer.perform(Effect::Poll { target, anew: true }).is_some());
        Bench { performer, said, api, _brokers: brokers, sent, folder }
    }

    /// Asks for every write that there is; returns what was heard of each.
    async fn everything(&mut self) -> Vec<Said> {
        let writes: Vec<Write> = on_kubernetes::every().into_values().chain(on_kafka::every()).collect();
        for (step, write) in writes.iter().cloned().enumerate() {
            let none = self.performer.perform(Effect::Act { operation: "o".into(), step, write });
            assert!(none.is_none());
        }
        let mut heard = Vec::new();
        while heard.len() < writes.len() {
            if let Msg::Acted(_, step, said) = self.next().await {
                assert_eq!(step, heard.len());
                heard.push(said);
            }
        }
        heard
    }

    async fn next(&mut self) -> Msg {
        let next = tokio::time::timeout(Duration::from_secs(60), self.said.recv()).await;
        next.expect("an outcome in time").expect("an outcome")
    }
}

/// The sources read from the same servers meanwhile; the next test shows that these writes arrive.
#[tokio::test]
async fn read_only_no_write_reaches_a_server_or_the_disk() {
    let mut bench = Bench::new(true).await;
    let why = "castellan runs read-only: it has nothing to write with";
    assert!(bench.everything().await.iter().all(|said| *said == Said::Refused(why.into())));
    let entry =
        Entry { at: Time(0), operation: "o".into(), context: "prod".into(), what: What::Began { step: 0 } };
    bench.performer.perform(Effect::Record(entry));
    bench.performer.perform(Effect::CheckJournal);
    assert!(matches!(bench.next().await, Msg::Journal(Err(w)) if &*w == why));
    for (id, write) in on_kubernetes::every().into_values().enumerate() {
        bench.performer.perform(Effect::Rehearse(AskId(id as u64), write));
        assert!(matches!(bench.next().await, Msg::Answer(_, Answer::Rehearsed(Err(w))) if &*w == why));
    }
    // Reading is not writing.
    bench.performer.perform(Effect::Recall(whose()));
    assert!(matches!(bench.next().await, Msg::Recalled(told) if told.is_empty()));
    bench.performer.rest().await;
    assert_eq!(bench.api.writes().len(), 0);
    assert_eq!(bench.sent.lock().unwrap().len(), 0);
    assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn each_write_reaches_its_server_once() {
    let mut bench = Bench::new(false).await;
    bench.performer.perform(Effect::Recall(whose()));
    let heard = bench.everything().await;
    assert!(heard.iter().all(|said| matches!(said, Said::Taken(_))), "{heard:#?}");
    assert_eq!(bench.api.writes().len(), on_kubernetes::every().len());
    assert_eq!(bench.sent.lock().unwrap().len(), on_kafka::every().len());
    let journal = journal::Journal::of(&bench.folder.path().join("journal"), &whose());
    assert_eq!(journal.read().unwrap().len(), 2 * heard.len());
}

#[test]
fn a_file_is_read_and_one_that_is_not_there_is_said() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"version\":1}").unwrap();
    assert_eq!(load(file.path().to_str().unwrap()).unwrap(), "{\"version\":1}");
    assert!(load("/no/such/file").unwrap_err().to_string().contains("No such file"));
}
