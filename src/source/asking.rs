//! Where questions about one object are put, each to the source that can answer it.

use super::{
    Answers, Running, kafka,
    kubernetes::{self, Connection},
    messages::{self, Brokers},
};
use crate::domain::{
    Text,
    access::Grant,
    ask::{AccessQuery, Answer, Ask, AskId, MessageQuery, OffsetQuery},
    target::Sasl,
};
use std::time::Duration;

/// How long one of Kafka's answers may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whom to ask: what castellan is connected to now.
#[derive(Clone, Default)]
pub struct Desk {
    pub kubernetes: Option<Connection>,
    pub kafka: Option<Kafka>,
}

/// A Kafka cluster: its display name, its client, and how to log in to it.
#[derive(Clone)]
pub struct Kafka {
    pub name: Text,
    pub client: kafka::Client,
    pub sasl: Option<Sasl>,
}

impl Desk {
    /// Answers `ask` under its id until [`Answer::End`] or [`Answer::Failed`], or until the handle is
    /// dropped.
    pub fn start(&self, id: AskId, ask: Ask, answers: Answers) -> Running {
        match (ask, &self.kubernetes, &self.kafka) {
            (Ask::Yaml { kind, key }, Some(kubernetes), _) => {
                kubernetes::yaml(kubernetes, id, kind, key, answers)
            }
            (Ask::Logs(query), Some(kubernetes), _) => kubernetes::logs(kubernetes, id, query, answers),
            (Ask::Messages(query), _, Some(kafka)) => {
                Running::spawn(browse(kafka.clone(), id, query, answers))
            }
            (Ask::Yaml { .. } | Ask::Logs(_), None, _) => {
                refuse(id, "castellan is not connected to Kubernetes", answers)
            }
            (Ask::Offsets(query), _, Some(kafka)) => {
                Running::spawn(offsets(kafka.client.clone(), id, query, answers))
            }
            (Ask::Messages(_) | Ask::Offsets(_), _, None) => {
                refuse(id, "castellan is not connected to Kafka", answers)
            }
            (Ask::Access(query), ..) => Running::spawn(access(self.clone(), id, query, answers)),
        }
    }
}

fn refuse(id: AskId, why: &'static str, answers: Answers) -> Running {
    Running::spawn(async move { tell(id, Answer::Failed(why.into()), &answers).await })
}

/// librdkafka meets the brokers through the proxy, and so by whatever way castellan itself does.
async fn browse(kafka: Kafka, id: AskId, query: MessageQuery, answers: Answers) {
    match kafka::proxy::start(kafka.client).await {
        Ok(proxy) => {
            let bootstrap = proxy.bootstrap.clone();
            let brokers = Brokers { bootstrap, sasl: kafka.sasl, patience: PATIENCE };
            messages::read(brokers, query, id, answers).await;
        }
        Err(reason) => tell(id, Answer::Failed(Text::from(format!("Kafka: {reason}"))), &answers).await,
    }
}

async fn offsets(client: kafka::Client, id: AskId, query: OffsetQuery, answers: Answers) {
    let answer = kafka::offsets(&client, &query).await;
    tell(id, answer.map_or_else(Answer::Failed, Answer::Offsets), &answers).await;
}

/// Each system's part is told as it comes; the question fails only where neither answers.
async fn access(desk: Desk, id: AskId, query: AccessQuery, answers: Answers) {
    let kubernetes = async {
        let asked = desk.kubernetes.as_ref().filter(|_| !query.kubernetes.is_empty());
        pass(id, asked.map(|c| kubernetes::access(c, &query.kubernetes)), &answers).await
    };
    let kafka = async {
        let asked = desk.kafka.as_ref().filter(|_| query.cluster || !query.topics.is_empty());
        pass(id, asked.map(|k| kafka::access(&k.client, query.cluster, &query.topics)), &answers).await
    };
    let last = match futures::join!(kubernetes, kafka) {
        (Err(reason), Ok(false) | Err(_)) | (Ok(false), Err(reason)) => Answer::Failed(reason),
        _ => Answer::End,
    };
    tell(id, last, &answers).await;
}

/// Whether anything was told.
async fn pass(
    id: AskId,
    asked: Option<impl Future<Output = Result<Vec<Grant>, Text>>>,
    answers: &Answers,
) -> Result<bool, Text> {
    let Some(asked) = asked else { return Ok(false) };
    tell(id, Answer::Granted(asked.await?), answers).await;
    Ok(true)
}

async fn tell(id: AskId, answer: Answer, answers: &Answers) {
    if answers.send((id, answer)).await.is_err() {
        tracing::debug!("nobody waits for the answer any more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ask::Start, kubernetes::Key, object::Kind, target::KafkaTarget};
    use tokio::sync::mpsc;

    async fn failure(desk: &Desk, ask: Ask) -> Text {
        let (send, mut answers) = mpsc::channel(8);
        let _running = desk.start(AskId(3), ask, send);
        match answers.recv().await {
            Some((AskId(3), Answer::Failed(reason))) => reason,
            other => panic!("{other:?}"),
        }
    }

    fn messages() -> Ask {
        Ask::Messages(MessageQuery {
            topic: "orders".into(),
            partition: None,
            start: Start::Beginning,
            follow: false,
            limit: 10,
        })
    }

    #[tokio::test]
    async fn what_nobody_can_answer_is_refused_in_words() {
        let yaml = Ask::Yaml { kind: Kind::Pod, key: Key::new("kafka", "kafka-0") };
        assert_eq!(&*failure(&Desk::default(), yaml).await, "castellan is not connected to Kubernetes");
        assert_eq!(&*failure(&Desk::default(), messages()).await, "castellan is not connected to Kafka");
    }

    #[tokio::test]
    async fn brokers_that_cannot_be_reached_are_named() {
        let target = KafkaTarget { bootstrap: vec![("127.0.0.1".into(), 1)], ..KafkaTarget::default() };
        let kafka = Kafka { name: "k".into(), client: kafka::Client::new(target, None), sasl: None };
        let desk = Desk { kafka: Some(kafka), ..Desk::default() };
        let reason = failure(&desk, messages()).await;
        assert!(reason.contains("127.0.0.1:1 refuses the connection"), "{reason}");
    }
}
