//! One topic, as Metadata tells it now.

use super::{Client, Error, Lane, check};
use crate::domain::kafka::TopicId;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kafka_protocol::{
    messages::{
        MetadataRequest, TopicName, metadata_request::MetadataRequestTopic,
        metadata_response::MetadataResponseTopic,
    },
    protocol::StrBytes,
};

/// Code of Kafka's `Errors.java`.
const UNKNOWN_TOPIC: i16 = 3;

/// Looks the topic up by its name, without creating it; None: there is none.
pub async fn find(client: &Client, name: &str) -> Result<Option<MetadataResponseTopic>, Error> {
    Ok(all(client, [name]).await?.into_iter().next())
}

/// Looks topics up by their names, without creating them; those that are not there are left out.
pub async fn all<'a>(
    client: &Client,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<MetadataResponseTopic>, Error> {
    let name = |name: &str| TopicName(StrBytes::from_string(name.to_owned()));
    let named = names.into_iter().map(|n| MetadataRequestTopic::default().with_name(Some(name(n))));
    let request = MetadataRequest::default().with_topics(Some(named.collect()));
    let asked = client
        .ask_any(Lane::Quick, |version| request.clone().with_allow_auto_topic_creation(version < 4))
        .await?;
    let found = asked.value.topics.into_iter().filter(|topic| topic.error_code != UNKNOWN_TOPIC);
    found.map(|topic| check(topic.error_code, None).map(|()| topic)).collect()
}

/// As Kafka's tools print it; None from a Kafka before 2.8 (KIP-516).
pub fn id(topic: &MetadataResponseTopic) -> Option<TopicId> {
    let id = topic.topic_id;
    (!id.is_nil()).then(|| URL_SAFE_NO_PAD.encode(id.as_bytes()).into())
}
