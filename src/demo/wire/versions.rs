//! What the brokers understand: the requests and versions of Kafka 4.1.

use kafka_protocol::{
    messages::{
        ApiKey::{self, *},
        ApiVersionsResponse,
        api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey},
    },
    protocol::{StrBytes, VersionRange},
};

/// Requests with the first and the last version.
///
/// Source: the messages' definitions of Apache Kafka 4.1 (`clients/src/main/resources/common/message`), as far
/// as the codec knows them. Brokers name version 0 of Produce, which they refuse, because librdkafka takes
/// it for the sign that they know compression (KAFKA-18659).
const KNOWN: &[(ApiKey, i16, i16)] = &[
    (Produce, 0, 13),
    (Fetch, 4, 18),
    (ListOffsets, 1, 10),
    (Metadata, 0, 13),
    (OffsetCommit, 2, 9),
    (OffsetFetch, 1, 9),
    (FindCoordinator, 0, 6),
    (JoinGroup, 0, 9),
    (Heartbeat, 0, 4),
    (LeaveGroup, 0, 5),
    (SyncGroup, 0, 5),
    (DescribeGroups, 0, 6),
    (ListGroups, 0, 5),
    (ApiVersions, 0, 4),
    (CreateTopics, 2, 7),
    (DeleteTopics, 1, 6),
    (DeleteRecords, 0, 2),
    (InitProducerId, 0, 5),
    (OffsetForLeaderEpoch, 2, 4),
    (DescribeConfigs, 1, 4),
    (AlterConfigs, 0, 2),
    (DescribeLogDirs, 1, 4),
    (CreatePartitions, 0, 3),
    (DeleteGroups, 0, 2),
    (ElectLeaders, 0, 2),
    (IncrementalAlterConfigs, 0, 1),
    (AlterPartitionReassignments, 0, 1),
    (ListPartitionReassignments, 0, 0),
    (OffsetDelete, 0, 0),
    (DescribeQuorum, 0, 2),
    (DescribeCluster, 0, 2),
    (ConsumerGroupDescribe, 0, 1),
    (DescribeTopicPartitions, 0, 0),
];

/// `metadata.version` of Kafka 4.1.
const METADATA_VERSION: i16 = 27;
/// UNSUPPORTED_VERSION.
const UNSUPPORTED: i16 = 35;

/// Whether the brokers know the request in this version.
pub fn is_known(key: ApiKey, version: i16) -> bool {
    let codec = key.valid_versions();
    let within = |VersionRange { min, max }: VersionRange| (min..=max).contains(&version);
    KNOWN.iter().any(|&(known, min, max)| known == key && within(VersionRange { min, max })) && within(codec)
}

/// The version in which ApiVersions is answered, and the answer: a version that is not known gets error 35 in
/// version 0, which everybody reads.
///
/// Source: KIP-511.
pub fn answer(version: i16) -> (i16, ApiVersionsResponse) {
    let keys = KNOWN.iter().map(|&(key, min, max)| {
        ApiVersion::default().with_api_key(key as i16).with_min_version(min).with_max_version(max)
    });
    let answer = ApiVersionsResponse::default().with_api_keys(keys.collect());
    if !is_known(ApiVersions, version) {
        return (0, answer.with_error_code(UNSUPPORTED));
    }
    if version < 3 {
        return (version, answer);
    }
    let name = || StrBytes::from_static_str("metadata.version");
    let supported = SupportedFeatureKey::default().with_name(name()).with_max_version(METADATA_VERSION);
    let finalized = FinalizedFeatureKey::default().with_name(name());
    let finalized =
        finalized.with_min_version_level(METADATA_VERSION).with_max_version_level(METADATA_VERSION);
    let answer = answer
        .with_supported_features(vec![supported.with_min_version(7)])
        .with_finalized_features_epoch(1)
        .with_finalized_features(vec![finalized]);
    (version, answer)
}
