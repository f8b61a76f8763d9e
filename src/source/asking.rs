//! Where questions about one object are put, each to the source that can answer it.

use super::{
    Answers, Running, kafka,
    kubernetes::{self, Connection},
    messages::{self, Brokers},
};
use crate::domain::{
    Text,
    ask::{Answer, Ask, AskId, MessageQuery},
    target::Sasl,
};
use std::time::Duration;

/// How long one of Kafka's answers may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whom to ask: what castellan is connected to now.
#[derive(Clone, Default)]
pub struct Desk {
    pub kubernetes: Option<Connection>,
    /// The cluster's client, and how to log in to it.
    pub kafka: Option<(kafka::Client, Option<Sasl>)>,
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
            (Ask::Messages(query), _, Some((client, sasl))) => {
                Running::spawn(browse(client.clone(), sasl.clone(), id, query, answers))
            }
            (Ask::Yaml { .. } | Ask::Logs(_), None, _) => {
                refuse(id, "castellan is not connected to Kubernetes", answers)
            }
            (Ask::Messages(_), _, None) => refuse(id, "castellan is not connected to Kafka", answers),
            (Ask::Access(_), ..) => refuse(id, "permissions cannot be asked for yet", answers),
        }
    }
}

fn refuse(id: AskId, why: &'static str, answers: Answers) -> Running {
    Running::spawn(async move { tell(id, Answer::Failed(why.into()), &answers).await })
}

/// librdkafka meets the brokers through the proxy, and so by whatever way castellan itself does.
async fn browse(client: kafka::Client, sasl: Option<Sasl>, id: AskId, query: MessageQuery, answers: Answers) {
    match kafka::proxy::start(client).await {
        Ok(proxy) => {
            let brokers = Brokers { bootstrap: proxy.bootstrap.clone(), sasl, patience: PATIENCE };
            messages::read(brokers, query, id, answers).await;
        }
        Err(reason) => tell(id, Answer::Failed(Text::from(format!("Kafka: {reason}"))), &answers).await,
    }
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
        let desk = Desk { kafka: Some((kafka::Client::new(target, None), None)), ..Desk::default() };
        let reason = failure(&desk, messages()).await;
        assert!(reason.contains("127.0.0.1:1 refuses the connection"), "{reason}");
    }
}
