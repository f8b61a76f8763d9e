//! Which request is answered by what.

use super::{
    broker::{Broker, Here},
    configs, disks, ends, fetch,
    frame::{self, Asked},
    groups, members, metadata, moves, offsets, produce, quorum, topics, versions,
};
use crate::source::kafka::decode;
use bytes::Bytes;
use kafka_protocol::{
    messages::{ApiKey, ProduceRequest},
    protocol::Request,
};

/// What becomes of a request.
pub enum Answer {
    Told(Bytes),
    /// None is wanted.
    None,
    /// It is no request that a broker understands; it closes the connection.
    Close,
}

/// Answers one request. What is not a request of a version that is known closes the connection, as it does
/// with real brokers; only ApiVersions is answered in any.
pub async fn answer(broker: &Broker, asked: Asked, host: &str) -> Answer {
    if asked.key == ApiKey::ApiVersions {
        let (version, told) = versions::answer(asked.version);
        return frame::close(&asked, version, &told).map_or(Answer::Close, Answer::Told);
    }
    if !versions::is_known(asked.key, asked.version) {
        tracing::debug!(key = ?asked.key, version = asked.version, "a request that no broker here knows");
        return Answer::Close;
    }
    if quorum::is_passed_on(asked.key) {
        quorum::wait(broker).await;
    }
    let told = match asked.key {
        ApiKey::Produce => return broker.take(&asked, host),
        ApiKey::Fetch => fetch::fetch(broker, &asked, host).await,
        ApiKey::JoinGroup => members::join(broker, &asked, host).await,
        ApiKey::SyncGroup => members::sync(broker, &asked, host).await,
        _ => broker.at_once(&asked, host),
    };
    told.map_or(Answer::Close, Answer::Told)
}

impl Broker {
    /// Answers that wait for nothing.
    fn at_once(&self, asked: &Asked, host: &str) -> Option<Bytes> {
        match asked.key {
            ApiKey::Metadata => {
                let request = read(asked)?;
                let seen = self.see(asked, host, |here| metadata::see(request, here))?;
                frame::close(asked, asked.version, &metadata::tell(seen))
            }
            ApiKey::DescribeTopicPartitions => self.tell(asked, host, metadata::describe_partitions),
            ApiKey::DescribeCluster => self.tell(asked, host, metadata::describe_cluster),
            ApiKey::FindCoordinator => self.tell(asked, host, metadata::find_coordinator),
            ApiKey::ListOffsets => self.tell(asked, host, ends::list_offsets),
            ApiKey::OffsetForLeaderEpoch => self.tell(asked, host, ends::epochs),
            ApiKey::DeleteRecords => self.tell(asked, host, ends::delete_records),
            ApiKey::InitProducerId => self.tell(asked, host, produce::init_producer_id),
            ApiKey::ListGroups => self.tell(asked, host, groups::list_groups),
            ApiKey::DescribeGroups => self.tell(asked, host, groups::describe_groups),
            ApiKey::ConsumerGroupDescribe => self.tell(asked, host, groups::describe_consumer_groups),
            ApiKey::DeleteGroups => self.tell(asked, host, groups::delete_groups),
            ApiKey::Heartbeat => self.tell(asked, host, members::heartbeat),
            ApiKey::LeaveGroup => self.tell(asked, host, members::leave),
            ApiKey::OffsetCommit => self.tell(asked, host, offsets::offset_commit),
            ApiKey::OffsetDelete => self.tell(asked, host, offsets::offset_delete),
            ApiKey::OffsetFetch => self.tell(asked, host, offsets::offset_fetch),
            ApiKey::DescribeConfigs => self.tell(asked, host, configs::describe_configs),
            ApiKey::IncrementalAlterConfigs => self.tell(asked, host, configs::incremental_alter_configs),
            ApiKey::AlterConfigs => self.tell(asked, host, configs::alter_configs),
            ApiKey::CreateTopics => self.tell(asked, host, topics::create_topics),
            ApiKey::CreatePartitions => self.tell(asked, host, topics::create_partitions),
            ApiKey::DeleteTopics => self.tell(asked, host, topics::delete_topics),
            ApiKey::AlterPartitionReassignments => self.tell(asked, host, moves::alter_reassignments),
            ApiKey::ElectLeaders => self.tell(asked, host, moves::elect_leaders),
            ApiKey::ListPartitionReassignments => self.tell(asked, host, moves::list_reassignments),
            ApiKey::DescribeQuorum => self.tell(asked, host, quorum::describe_quorum),
            ApiKey::DescribeLogDirs => self.tell(asked, host, disks::describe_log_dirs),
            _ => None,
        }
    }

    /// A producer that wants no confirmation gets no answer; that something is wrong it sees from the end of
    /// its connection.
    ///
    /// Source: Apache Kafka `KafkaApis.handleProduceRequest`.
    fn take(&self, asked: &Asked, host: &str) -> Answer {
        let Some(request) = read::<ProduceRequest>(asked) else { return Answer::Close };
        let silent = request.acks == 0;
        let Some(told) = self.see(asked, host, |here| produce::produce(request, here)) else {
            return Answer::Close;
        };
        let failed = told.responses.iter().flat_map(|t| &t.partition_responses).any(|p| p.error_code != 0);
        match silent {
            true if failed => Answer::Close,
            true => Answer::None,
            false => frame::close(asked, asked.version, &told).map_or(Answer::Close, Answer::Told),
        }
    }

    /// Decodes a request, makes its answer at one instant of the world, and encodes it when the world is let
    /// go of. None: the bytes are no such request.
    fn tell<R: Request>(
        &self,
        asked: &Asked,
        host: &str,
        make: impl FnOnce(R, &mut Here<'_>) -> R::Response,
    ) -> Option<Bytes> {
        let request = read::<R>(asked)?;
        let told = self.see(asked, host, |here| make(request, here))?;
        frame::close(asked, asked.version, &told)
    }

    /// Looks at the cluster; None: there is none in this place.
    pub fn see<T>(&self, asked: &Asked, host: &str, look: impl FnOnce(&mut Here<'_>) -> T) -> Option<T> {
        self.shared.with(|world| {
            let mut here = Here {
                cluster: world.kafka.get_mut(self.cluster)?,
                random: &mut world.random,
                id: self.id,
                advertised: &self.advertised,
                version: asked.version,
                client_id: &asked.client_id,
                host,
            };
            Some(look(&mut here))
        })
    }
}

/// The request itself; None: the bytes are none.
pub fn read<R: Request>(asked: &Asked) -> Option<R> {
    let flexible = R::header_version(asked.version) >= 2;
    let read = decode(asked.body.clone(), asked.version, flexible);
    read.inspect_err(|error| tracing::debug!(key = ?asked.key, %error, "not a request")).ok()
}
