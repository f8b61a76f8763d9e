//! Topics made, grown and deleted.

use super::{count, name, one, send, send_as, text, timeout, would};
use crate::{
    action::Said,
    domain::{
        access::{KafkaPermission, Operation},
        kafka::TopicName,
    },
    source::asking::Kafka,
};
use kafka_protocol::{
    messages::{
        CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
        create_partitions_request::CreatePartitionsTopic,
        create_topics_request::{CreatableTopic, CreatableTopicConfig},
        delete_topics_request::DeleteTopicState,
        metadata_response::MetadataResponseTopic,
    },
    protocol::StrBytes,
};

pub async fn create(
    kafka: &Kafka,
    topic: &TopicName,
    shape: CreatableTopic,
    configs: &[(String, String)],
    dry: bool,
) -> Said {
    let configs = configs.iter().map(|(name, value)| {
        CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))
    });
    // −1 leaves it to the brokers' own default.
    let with = match usize::try_from(shape.num_partitions) {
        Ok(partitions) => format!(" with {}", count(partitions)),
        Err(_) => String::new(),
    };
    let taken = format!("topic {topic} is created{with}");
    let shape = shape.with_name(name(topic)).with_configs(configs.collect());
    let request = CreateTopicsRequest::default()
        .with_topics(vec![shape])
        .with_timeout_ms(timeout(kafka))
        .with_validate_only(dry);
    let heard = send(kafka, "CreateTopics", request).await;
    let heard = heard.map(|a| a.value.topics.into_iter().next().map(|t| (t.error_code, t.error_message)));
    of_topic(KafkaPermission::NewTopic, heard, would(taken, dry))
}

pub async fn add_partitions(kafka: &Kafka, topic: &TopicName, total: i32, dry: bool) -> Said {
    let wanted = CreatePartitionsTopic::default().with_name(name(topic)).with_count(total);
    let request = CreatePartitionsRequest::default()
        .with_topics(vec![wanted.with_assignments(None)])
        .with_timeout_ms(timeout(kafka))
        .with_validate_only(dry);
    let heard = send(kafka, "CreatePartitions", request).await;
    let heard = heard.map(|a| a.value.results.into_iter().next().map(|t| (t.error_code, t.error_message)));
    let taken = format!("topic {topic} has {total} partitions");
    of_topic(KafkaPermission::Topic(Operation::Alter), heard, would(taken, dry))
}

/// By its id where it has one (KIP-516): one that was created anew under its name meanwhile stays.
pub async fn delete(kafka: &Kafka, topic: &TopicName, told: Option<&MetadataResponseTopic>) -> Said {
    let id = told.map(|told| told.topic_id).unwrap_or_default();
    let request = |version: i16| {
        let request = DeleteTopicsRequest::default().with_timeout_ms(timeout(kafka));
        if version >= 6 {
            let by_name = Some(name(topic)).filter(|_| id.is_nil());
            let state = DeleteTopicState::default().with_name(by_name).with_topic_id(id);
            request.with_topics(vec![state])
        } else {
            request.with_topic_names(vec![name(topic)])
        }
    };
    let heard = send_as(kafka, "DeleteTopics", request).await;
    let heard = heard.map(|a| a.value.responses.into_iter().next().map(|t| (t.error_code, t.error_message)));
    of_topic(KafkaPermission::Topic(Operation::Delete), heard, format!("topic {topic} is deleted"))
}

/// An answer about one topic.
fn of_topic(
    permission: KafkaPermission,
    heard: Result<Option<(i16, Option<StrBytes>)>, Said>,
    taken: String,
) -> Said {
    match heard {
        Ok(Some((code, message))) => one(permission, code, message.as_deref(), taken),
        Ok(None) => Said::Unheard("Kafka answers without a word about the topic".into()),
        Err(said) => said,
    }
}
