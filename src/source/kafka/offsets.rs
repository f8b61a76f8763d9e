//! Where logs begin and end, and which offset a time has: asked once, of each partition's leader.

use super::{Client, Error, Lane, topic, words};
use crate::domain::{
    Text,
    ask::{LogSpan, OffsetQuery},
    kafka::{BrokerId, TopicName},
};
use kafka_protocol::{
    messages::{
        BrokerId as WireBroker, ListOffsetsRequest, TopicName as WireTopic,
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    },
    protocol::StrBytes,
};
use std::collections::BTreeMap;

/// Timestamps that ask for the log end and for the log start.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

type Place = (TopicName, i32);
type Found = BTreeMap<Place, i64>;

/// The spans of all partitions that are asked for, in their order.
///
/// # Errors
/// One sentence, if any of them cannot be told.
pub async fn offsets(client: &Client, query: &OffsetQuery) -> Result<Vec<LogSpan>, Text> {
    let led = leaders(client, query).await?;
    let (mut starts, mut ends, mut at) = (Found::new(), Found::new(), Found::new());
    for (leader, places) in &led {
        starts.extend(list(client, *leader, places, EARLIEST).await?);
        ends.extend(list(client, *leader, places, LATEST).await?);
        if let Some(time) = query.at {
            at.extend(list(client, *leader, places, time.0).await?);
        }
    }
    let all =
        query.partitions.iter().flat_map(|(topic, indexes)| indexes.iter().map(|i| (topic.clone(), *i)));
    all.map(|place| {
        let told = |found: &Found| found.get(&place).copied();
        let span = told(&starts).zip(told(&ends));
        let (start, end) = span.ok_or_else(|| untold(&place))?;
        // Where no message is as young the offset is −1.
        let at = told(&at).filter(|offset| *offset >= 0);
        Ok(LogSpan { topic: place.0, partition: place.1, start, end, at })
    })
    .collect()
}

fn untold((topic, partition): &Place) -> Text {
    format!("Kafka does not tell the offsets of {topic}-{partition}: try again").into()
}

/// The partitions by the broker that leads them.
async fn leaders(client: &Client, query: &OffsetQuery) -> Result<BTreeMap<BrokerId, Vec<Place>>, Text> {
    let names = query.partitions.iter().map(|(topic, _)| &**topic);
    let told = topic::all(client, names).await.map_err(|error| error.about("Kafka"))?;
    let mut led: BTreeMap<BrokerId, Vec<Place>> = BTreeMap::new();
    for (name, indexes) in &query.partitions {
        let topic = told.iter().find(|t| t.name.as_ref().is_some_and(|n| *n.as_str() == **name));
        let topic = topic.ok_or_else(|| Text::from(format!("there is no topic {name}")))?;
        for index in indexes {
            let partition = topic.partitions.iter().find(|p| p.partition_index == *index);
            let partition =
                partition.ok_or_else(|| Text::from(format!("topic {name} has no partition {index}")))?;
            if partition.leader_id.0 < 0 {
                return Err(format!("{name}-{index} is offline: nobody can tell its offsets").into());
            }
            led.entry(BrokerId(partition.leader_id.0)).or_default().push((name.clone(), *index));
        }
    }
    Ok(led)
}

async fn list(client: &Client, leader: BrokerId, places: &[Place], time: i64) -> Result<Found, Text> {
    let mut topics: BTreeMap<&TopicName, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for (topic, index) in places {
        let partition = ListOffsetsPartition::default().with_partition_index(*index).with_timestamp(time);
        topics.entry(topic).or_default().push(partition);
    }
    let topic = |(name, partitions): (&TopicName, Vec<ListOffsetsPartition>)| {
        let name = WireTopic(StrBytes::from_string(name.to_string()));
        ListOffsetsTopic::default().with_name(name).with_partitions(partitions)
    };
    let request = ListOffsetsRequest::default()
        .with_replica_id(WireBroker(-1))
        .with_topics(topics.into_iter().map(topic).collect());
    let asked = client.ask(leader, Lane::Slow, |_| request).await;
    let answer = asked.map_err(|error: Error| error.about(&client.name(leader)))?.value;
    let mut found = Found::new();
    for topic in &answer.topics {
        for partition in &topic.partitions {
            let place = (TopicName::from(topic.name.as_str()), partition.partition_index);
            if partition.error_code != 0 {
                let why = words(partition.error_code, None);
                return Err(format!("the offsets of {}-{}: {why}", place.0, place.1).into());
            }
            found.insert(place, partition.offset);
        }
    }
    Ok(found)
}
