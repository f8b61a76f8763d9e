//! librdkafka on the outside listeners.

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("group.id", "reader").set("enable.auto.commit", "false");
    config.set("enable.partition.eof", "true").set("isolation.level", "read_committed");
    config
}

/// Offset, time, key and value of a partition's records, from there to the end.
fn read(bootstrap: &str, topic: &str, partition: i32, from: Offset) -> Vec<(i64, i64, String, String)> {
    let consumer: BaseConsumer = config(bootstrap).create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, from).unwrap();
    consumer.assign(&list).unwrap();
    let (mut all, began) = (Vec::new(), Instant::now());
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    while began.elapsed() < PATIENCE {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(m)) => {
                let at = m.timestamp().to_millis().unwrap_or(-1);
                all.push((m.offset(), at, text(m.key()), text(m.payload())));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return all,
            Some(Err(error)) => panic!("{error}"),
            None => {}
        }
    }
    panic!("{} records, and no end", all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_read_from_the_beginning_to_its_end() {
    let (shared, outside) = super::outside().await;
    let bootstrap = super::bootstrap(&outside);
    let servers = bootstrap.clone();
    let read = tokio::task::spawn_blocking(move || read(&servers, "payments", 1, Offset::Beginning));
    let read = read.await.unwrap();
    let (start, end) = shared.with(|world| {
        let payments = &world.kafka[0].topics["payments"];
        (payments.start(1), payments.end(1))
    });
    assert!(read.len() > 100 && read.len() as i64 <= end - start, "{} of {start}..{end}", read.len());
    assert!((start..).zip(&read).all(|(offset, r)| r.0 == offset), "every offset once, in order");
    assert!(read.windows(2).all(|pair| pair[0].1 <= pair[1].1), "in the order of time");
    let value: serde_json::Value = serde_json::from_str(&read[7].3).unwrap();
    assert!(value.is_object(), "{value}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_produced_is_read_back() {
    let (_shared, outside) = super::outside().await;
    let bootstrap = super::bootstrap(&outside);
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", &bootstrap).set("enable.idempotence", "true");
    let producer: FutureProducer = settings.create().unwrap();
    let headers = OwnedHeaders::new().insert(Header { key: "trace", value: Some("1") });
    let record = FutureRecord::to("empty").key("k").payload("a value").headers(headers);
    let told = producer.send(record, PATIENCE).await.map_err(|(error, _)| error).unwrap();
    assert_eq!((told.partition, told.offset), (0, 0));
    let record = FutureRecord::<str, str>::to("empty").key("k");
    let told = producer.send(record, PATIENCE).await.map_err(|(error, _)| error).unwrap();
    assert_eq!(told.offset, 1);
    let read = tokio::task::spawn_blocking(move || read(&bootstrap, "empty", 0, Offset::Offset(0)));
    let read: Vec<_> = read.await.unwrap().into_iter().map(|(o, _, key, value)| (o, key, value)).collect();
    assert_eq!(read, [(0, "k".into(), "a value".into()), (1, "k".into(), String::new())]);
    drop(tokio::task::spawn_blocking(move || drop(producer)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_batch_is_refused_and_the_producer_is_told_why() {
    let (_shared, outside) = super::outside().await;
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", super::bootstrap(&outside)).set("compression.type", "lz4");
    let producer: FutureProducer = settings.create().unwrap();
    let long = "compressible ".repeat(100);
    let record = FutureRecord::<str, str>::to("empty").payload(&long);
    let (error, _) = producer.send(record, PATIENCE).await.unwrap_err();
    let code = error.rdkafka_error_code();
    assert_eq!(code, Some(rdkafka::types::RDKafkaErrorCode::UnsupportedCompressionType), "{error}");
    drop(tokio::task::spawn_blocking(move || drop(producer)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_finds_the_first_record_that_is_not_older() {
    let (shared, outside) = super::outside().await;
    let bootstrap = super::bootstrap(&outside);
    let (from, at) = shared.with(|world| (world.now.0 - 600_000, world.now.0));
    let found = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = config(&bootstrap).create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset("orders", 3, Offset::Offset(from)).unwrap();
        let told = consumer.offsets_for_times(list, PATIENCE).unwrap();
        let offset = told.elements()[0].offset();
        (offset, read(&bootstrap, "orders", 3, offset))
    });
    let (offset, read) = found.await.unwrap();
    assert!(matches!(offset, Offset::Offset(o) if o > 0), "{offset:?}");
    assert!((from..=at).contains(&read[0].1), "{} is not in the last ten minutes", read[0].1);
}

/// As `kcat -G`: the group is there while its consumer is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_joins_a_group_reads_and_commits() {
    use rdkafka::consumer::CommitMode;
    let (shared, outside) = super::outside().await;
    let _passing = super::passing(&shared);
    let mut settings = config(&super::bootstrap(&outside));
    settings.set("group.id", "visitors").set("auto.offset.reset", "earliest");
    let read = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = settings.create().unwrap();
        consumer.subscribe(&["payments"]).unwrap();
        let (mut seen, began) = (0, Instant::now());
        while seen < 20 && began.elapsed() < PATIENCE {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(_)) => seen += 1,
                Some(Err(KafkaError::PartitionEOF(_))) | None => {}
                Some(Err(error)) => panic!("{error}"),
            }
        }
        consumer.commit_consumer_state(CommitMode::Sync).unwrap();
        (seen, consumer)
    });
    let (seen, consumer) = read.await.unwrap();
    assert_eq!(seen, 20);
    let (state, members, committed) = shared.with(|world| {
        let group = &world.kafka[0].groups["visitors"];
        let committed = group.committed.values().flatten().flatten().map(|c| c.offset()).sum::<i64>();
        (group.state.name(), group.members.len(), committed)
    });
    assert_eq!((state, members), ("Stable", 1));
    assert!(committed > 0);
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
    let left = shared.with(|world| world.kafka[0].groups["visitors"].members.len());
    assert_eq!(left, 0, "it said that it leaves");
}
