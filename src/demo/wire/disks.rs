//! DescribeLogDirs: what a broker keeps on its volume.

use super::broker::{Here, topic_name};
use crate::demo::world::kafka::Topic;
use kafka_protocol::{
    messages::{
        DescribeLogDirsRequest, DescribeLogDirsResponse,
        describe_log_dirs_response::{DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic},
    },
    protocol::StrBytes,
};

/// The one log dir of each broker.
pub const LOG_DIR: &str = "/var/lib/kafka/data";

pub fn describe_log_dirs(request: DescribeLogDirsRequest, here: &mut Here<'_>) -> DescribeLogDirsResponse {
    let told = |name: &str, topic: &Topic, asked: Option<&[i32]>| {
        let partitions = of_topic(topic, here.id, asked);
        let told = DescribeLogDirsTopic::default().with_name(topic_name(name)).with_partitions(partitions);
        Some(told).filter(|t| !t.partitions.is_empty())
    };
    let topics: Vec<_> = match &request.topics {
        None => here.cluster.topics.iter().filter_map(|(name, topic)| told(name, topic, None)).collect(),
        Some(asked) => {
            let known = |name: &str| here.cluster.topics.get_key_value(name);
            let asked = asked.iter().filter_map(|a| Some((known(&a.topic)?, &a.partitions[..])));
            asked.filter_map(|((name, topic), partitions)| told(name, topic, Some(partitions))).collect()
        }
    };
    let dir = DescribeLogDirsResult::default().with_log_dir(StrBytes::from_static_str(LOG_DIR));
    let dir = if here.version >= 4 { with_room(dir, here) } else { dir };
    DescribeLogDirsResponse::default().with_results(vec![dir.with_topics(topics)])
}

/// Bytes of the volume, and those that are free.
fn with_room(dir: DescribeLogDirsResult, here: &Here<'_>) -> DescribeLogDirsResult {
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    match here.cluster.brokers.get(&here.id) {
        None => dir,
        Some(broker) => dir
            .with_total_bytes(bytes(broker.capacity))
            .with_usable_bytes(bytes(broker.capacity.saturating_sub(broker.used))),
    }
}

fn of_topic(topic: &Topic, broker: i32, asked: Option<&[i32]>) -> Vec<DescribeLogDirsPartition> {
    let partitions = topic.partitions.iter().enumerate().filter(|(_, p)| p.replicas.contains(&broker));
    let wanted = |index: i32| asked.is_none_or(|asked| asked.contains(&index));
    let partitions = partitions.map(|(index, _)| index).filter(|index| wanted(*index as i32));
    partitions
        .map(|index| {
            DescribeLogDirsPartition::default()
                .with_partition_index(index as i32)
                .with_partition_size(i64::try_from(topic.bytes_on(index, broker)).unwrap_or(i64::MAX))
                .with_offset_lag(topic.lag_on(index, broker))
        })
        .collect()
}
