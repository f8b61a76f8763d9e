//! What the user may do, as the brokers themselves say.
//!
//! Source: KIP-430; the bits are `AclOperation`'s codes, and the least integer means "not told".

use super::{Client, Error, Lane};
use crate::domain::{Text, access::Grant, kafka::TopicName};
use kafka_protocol::{
    messages::{self as m, DescribeClusterRequest, MetadataRequest, metadata_request::MetadataRequestTopic},
    protocol::StrBytes,
};

const NOT_TOLD: i32 = i32::MIN;

/// The authorized operations of the cluster and of these topics. What is not told is left out: Kafka before
/// 2.3 tells none, and topics that the user may not describe are as if they were not there.
///
/// # Errors
/// One sentence.
pub async fn access(client: &Client, cluster: bool, topics: &[TopicName]) -> Result<Vec<Grant>, Text> {
    let told = |e: Error| e.about("Kafka");
    let metadata = client.ask_any(Lane::Quick, |version| metadata(version, cluster, topics)).await;
    let metadata = metadata.map_err(told)?.value;
    let mut granted: Vec<Grant> = metadata.topics.iter().filter_map(of_topic).collect();
    if cluster {
        let operations = match metadata.cluster_authorized_operations {
            NOT_TOLD => of_cluster(client).await.map_err(told)?,
            operations => operations,
        };
        granted.extend((operations != NOT_TOLD).then_some(Grant::Cluster { operations }));
    }
    Ok(granted)
}

/// Versions 8 to 10 tell of the cluster, too; later ones leave that to DescribeCluster (KIP-700).
fn metadata(version: i16, cluster: bool, topics: &[TopicName]) -> MetadataRequest {
    let named = topics.iter().map(|topic| {
        let name = m::TopicName(StrBytes::from_string(topic.to_string()));
        MetadataRequestTopic::default().with_name(Some(name))
    });
    MetadataRequest::default()
        .with_topics(Some(named.collect()))
        .with_allow_auto_topic_creation(version < 4)
        .with_include_topic_authorized_operations(version >= 8)
        .with_include_cluster_authorized_operations(cluster && (8..=10).contains(&version))
}

fn of_topic(topic: &m::metadata_response::MetadataResponseTopic) -> Option<Grant> {
    let name = topic.name.as_ref().filter(|_| topic.error_code == 0)?;
    let operations = topic.topic_authorized_operations;
    (operations != NOT_TOLD).then(|| Grant::Topic { name: name.as_str().into(), operations })
}

async fn of_cluster(client: &Client) -> Result<i32, Error> {
    let request = DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
    match client.ask_any(Lane::Quick, |_| request.clone()).await {
        Ok(answer) => {
            super::check(answer.value.error_code, answer.value.error_message.as_deref())?;
            Ok(answer.value.cluster_authorized_operations)
        }
        Err(Error::Unsupported(_)) => Ok(NOT_TOLD),
        Err(error) => Err(error),
    }
}
