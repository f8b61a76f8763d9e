//! One message, by librdkafka: the codecs and the hashing of keys are its own.

use crate::{
    action::Said,
    domain::{
        Text,
        access::{KafkaPermission, Operation},
    },
    source::{
        asking::Kafka,
        kafka::{proxy, topic},
        messages::{Context, login},
    },
};
use rdkafka::{
    ClientConfig,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode as Code},
    producer::{FutureProducer, FutureRecord, future_producer::Delivery},
};

/// Writes a message with every replica in sync confirming it. No key and no partition: any partition; no
/// value: a tombstone.
pub async fn produce(
    kafka: &Kafka,
    topic: &str,
    partition: Option<i32>,
    key: Option<&str>,
    value: Option<&str>,
) -> Said {
    // A producer would have brokers create what is not there.
    if let Err(why) = is_there(kafka, topic).await {
        return Said::Refused(format!("{why}; nothing was written").into());
    }
    let proxy = match proxy::start(kafka.client.clone()).await {
        Ok(proxy) => proxy,
        Err(why) => return Said::Refused(format!("Kafka: {why}; nothing was written").into()),
    };
    let producer = match connect(kafka, &proxy.bootstrap) {
        Ok(producer) => producer,
        Err(error) => return Said::Refused(format!("{error}; nothing was written").into()),
    };
    let mut record = FutureRecord::<str, str>::to(topic);
    (record.partition, record.key, record.payload) = (partition, key, value);
    let delivered = match producer.send_result(record) {
        Ok(delivery) => delivery.await,
        Err((error, _)) => return Said::Refused(format!("{error}; nothing was written").into()),
    };
    // It waits for its thread.
    drop(tokio::task::spawn_blocking(move || drop(producer)));
    match delivered {
        Ok(Ok(Delivery { partition, offset, .. })) => {
            Said::Taken(format!("written to {topic}-{partition} at offset {offset}").into())
        }
        Ok(Err((error, _))) => said(&error, topic),
        Err(_) => Said::Unheard("the message's delivery was never told".into()),
    }
}

async fn is_there(kafka: &Kafka, topic: &str) -> Result<(), Text> {
    match topic::find(&kafka.client, topic).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(format!("there is no topic {topic}").into()),
        Err(error) => Err(error.about(&format!("topic {topic}: Kafka"))),
    }
}

fn connect(kafka: &Kafka, bootstrap: &str) -> Result<FutureProducer<Context>, KafkaError> {
    let patience = kafka.client.once().as_millis().to_string();
    let mut config = ClientConfig::new();
    config.set_log_level(RDKafkaLogLevel::Warning);
    let fixed = [
        ("client.id", "castellan"),
        ("bootstrap.servers", bootstrap),
        ("acks", "all"),
        ("message.send.max.retries", "0"),
        ("message.timeout.ms", &patience),
        ("request.timeout.ms", &patience),
        ("socket.timeout.ms", &patience),
        // The brokers are told nothing of how this one fares.
        ("enable.metrics.push", "false"),
        // As the clients in Java do, so that a key finds the partition of its like.
        ("partitioner", "murmur2_random"),
    ];
    for (name, value) in fixed.into_iter().chain(kafka.sasl.iter().flat_map(login)) {
        config.set(name, value);
    }
    config.create_with_context(Context::default())
}

/// Source: librdkafka `rd_kafka_resp_err_t`; a message that timed out may have been sent.
fn said(error: &KafkaError, topic: &str) -> Said {
    match error.rdkafka_error_code() {
        Some(Code::TopicAuthorizationFailed) => {
            let permission = KafkaPermission::Topic(Operation::Write);
            let text = format!("Kafka does not allow this user {permission} {topic}; nothing was written");
            Said::Refused(text.into())
        }
        Some(
            Code::MessageTimedOut
            | Code::RequestTimedOut
            | Code::OperationTimedOut
            | Code::BrokerTransportFailure
            | Code::NotEnoughReplicasAfterAppend,
        ) => Said::Unheard("the message was not confirmed in time".into()),
        Some(Code::UnknownPartition) => {
            Said::Refused(format!("topic {topic} has no such partition; nothing was written").into())
        }
        Some(code) => Said::Refused(format!("Kafka refuses the message: {code}; nothing was written").into()),
        None => Said::Refused(format!("{error}; nothing was written").into()),
    }
}
