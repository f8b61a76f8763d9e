//! The reader against librdkafka's own mock brokers.

use super::*;
use crate::domain::{
    ask::{Message, Start},
    time::Time,
};
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    mocking::MockCluster,
    producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer},
    types::RDKafkaRespErr,
};
use std::time::Duration;
use tokio::sync::mpsc;

const TOPIC: &str = "orders";
const PATIENCE: Duration = Duration::from_secs(10);

struct World {
    cluster: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
}

impl World {
    fn new(partitions: i32) -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, partitions, 1).unwrap();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", cluster.bootstrap_servers()).set("linger.ms", "0");
        World { cluster, producer: config.create().unwrap() }
    }

    /// Writes values to a partition, each at its number's second.
    fn write(&self, partition: i32, values: impl IntoIterator<Item = i64>) {
        for value in values {
            let (key, text) = (format!("key-{value}"), value.to_string());
            let record = BaseRecord::to(TOPIC).partition(partition).key(&key).payload(&text);
            self.producer.send(record.timestamp(value * 1000)).map_err(|e| e.0).unwrap();
        }
        self.producer.flush(Duration::from_secs(10)).unwrap();
    }

    fn brokers(&self) -> Brokers {
        Brokers { bootstrap: self.cluster.bootstrap_servers(), sasl: None, patience: PATIENCE }
    }

    fn ask(&self, query: MessageQuery) -> Answers {
        ask(self.brokers(), query)
    }
}

struct Answers {
    task: crate::source::Running,
    answers: mpsc::Receiver<(AskId, Answer)>,
}

fn ask(brokers: Brokers, query: MessageQuery) -> Answers {
    let (send, answers) = mpsc::channel(16);
    Answers { task: crate::source::Running::spawn(read(brokers, query, AskId(7), send)), answers }
}

impl Answers {
    async fn next(&mut self) -> Answer {
        let next = tokio::time::timeout(Duration::from_secs(30), self.answers.recv()).await;
        let (id, answer) = next.expect("in time").expect("an answer");
        assert_eq!(id, AskId(7));
        answer
    }

    /// Messages until the end, and the end.
    async fn all(mut self) -> (Vec<Message>, Answer) {
        let mut all = Vec::new();
        loop {
            match self.next().await {
                Answer::Messages(messages) => all.extend(messages),
                Answer::Progress(_) => {}
                end => return (all, end),
            }
        }
    }

    async fn some(&mut self, n: usize) -> Vec<i64> {
        let mut values = Vec::new();
        while values.len() < n {
            if let Answer::Messages(messages) = self.next().await {
                values.extend(messages.iter().map(value));
            }
        }
        values
    }
}

fn query(start: Start) -> MessageQuery {
    MessageQuery { topic: TOPIC.into(), partition: None, start, follow: false, limit: 2_000 }
}

fn value(message: &Message) -> i64 {
    std::str::from_utf8(&message.value.as_ref().unwrap().bytes).unwrap().parse().unwrap()
}

fn values(messages: &[Message]) -> Vec<i64> {
    messages.iter().map(value).collect()
}

#[tokio::test]
async fn the_newest_of_all_partitions_in_the_order_of_time() {
    let world = World::new(3);
    world.write(0, (0..50).map(|i| i * 2));
    world.write(1, (0..50).map(|i| i * 2 + 1));
    let (messages, end) = world.ask(query(Start::Newest(7))).all().await;
    assert_eq!(end, Answer::End);
    assert_eq!(values(&messages), [93, 94, 95, 96, 97, 98, 99]);
    assert_eq!(messages[6].partition, 1);
    assert_eq!((messages[6].offset, messages[6].time), (49, Some(Time(99_000))));
    assert_eq!(&*messages[6].key.as_ref().unwrap().bytes, b"key-99");
}

#[tokio::test]
async fn from_the_beginning_an_offset_or_a_time() {
    let world = World::new(2);
    world.write(0, [10, 20, 30]);
    world.write(1, [15, 25]);
    for (start, partition, limit, expected) in [
        (Start::Beginning, None, 2_000, vec![10, 15, 20, 25, 30]),
        (Start::Beginning, None, 2, vec![10, 15]),
        (Start::Offset(1), None, 2_000, vec![20, 25, 30]),
        (Start::Offset(1), Some(0), 2_000, vec![20, 30]),
        (Start::Offset(99), Some(0), 2_000, vec![]),
        (Start::Newest(2), Some(1), 2_000, vec![15, 25]),
    ] {
        let (messages, end) = world.ask(MessageQuery { partition, limit, ..query(start) }).all().await;
        assert_eq!((values(&messages), end), (expected, Answer::End), "{start:?} of {partition:?}");
    }
}

#[tokio::test]
async fn following_goes_on_after_the_newest() {
    let world = World::new(2);
    world.write(0, [1, 2]);
    let mut answers = world.ask(MessageQuery { follow: true, ..query(Start::Newest(1)) });
    assert_eq!(answers.some(1).await, [2]);
    world.write(0, [3]);
    assert_eq!(answers.some(1).await, [3]);
    world.write(1, [4]);
    assert_eq!(answers.some(1).await, [4]);
    drop(answers.task);
    while answers.answers.recv().await.is_some() {}
}

#[tokio::test]
async fn following_from_the_beginning_brings_everything() {
    let world = World::new(1);
    world.write(0, 1..601);
    let mut answers = world.ask(MessageQuery { follow: true, limit: 10, ..query(Start::Beginning) });
    let mut seen = answers.some(600).await;
    world.write(0, [601]);
    seen.extend(answers.some(1).await);
    assert_eq!(seen, (1..=601).collect::<Vec<_>>());
}

#[tokio::test]
async fn headers_tombstones_and_the_size_of_what_was_cut() {
    let world = World::new(1);
    let long = vec![b'x'; LONG];
    let headers = OwnedHeaders::new()
        .insert(Header { key: "trace", value: Some("abc") })
        .insert(Header { key: "empty", value: None::<&str> });
    let records = [
        BaseRecord::<str, [u8]>::to(TOPIC).key("k").headers(headers),
        BaseRecord::<str, [u8]>::to(TOPIC).payload(&long),
    ];
    records.into_iter().for_each(|r| world.producer.send(r.partition(0)).map_err(|e| e.0).unwrap());
    world.producer.flush(Duration::from_secs(10)).unwrap();
    let (messages, _) = world.ask(MessageQuery { limit: 10, ..query(Start::Beginning) }).all().await;
    assert_eq!(messages[0].value, None, "a tombstone");
    let headers = &messages[0].headers;
    assert_eq!((&*headers[0].0, headers[0].1.as_ref().map(|v| &*v.bytes)), ("trace", Some(&b"abc"[..])));
    assert_eq!((&*headers[1].0, &headers[1].1), ("empty", &None));
    let value = messages[1].value.as_ref().unwrap();
    assert_eq!((value.bytes.len(), value.whole), (64 << 10, LONG));
}

const LONG: usize = 200_000;

#[tokio::test]
async fn an_empty_topic_ends_at_once() {
    let world = World::new(3);
    let (messages, end) = world.ask(query(Start::Newest(100))).all().await;
    assert_eq!((messages.len(), end), (0, Answer::End));
}

#[tokio::test]
async fn what_cannot_be_read_is_said_in_words() {
    let world = World::new(2);
    let (_, end) = world.ask(MessageQuery { partition: Some(9), ..query(Start::Beginning) }).all().await;
    assert_eq!(end, Answer::Failed("topic orders has no partition 9: it has 2".into()));
    let forbidden = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    world.cluster.topic_error(TOPIC, forbidden).unwrap();
    let (_, end) = world.ask(query(Start::Beginning)).all().await;
    assert_eq!(
        end,
        Answer::Failed("not allowed to read topic orders: it takes Kafka's ACL Read on it".into())
    );
}

#[tokio::test]
async fn brokers_that_are_away_are_said_to_be() {
    let brokers = Brokers { bootstrap: "127.0.0.1:1".into(), sasl: None, patience: Duration::from_secs(1) };
    let (_, end) = ask(brokers, query(Start::Newest(1))).all().await;
    let Answer::Failed(reason) = end else { panic!("{end:?}") };
    assert!(reason.contains("refused"), "{reason}");
}
