//! Which log a request means, and whether it is this broker's to speak of.

use super::broker::Here;
use crate::{
    demo::world::kafka::{Code, Partition, Topic},
    domain::Text,
};
use kafka_protocol::{error::ResponseError, messages::BrokerId};
use uuid::Uuid;

/// The code of an error, as it goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault(pub i16);

impl From<Code> for Fault {
    fn from(code: Code) -> Self {
        Fault(code.code())
    }
}

impl From<ResponseError> for Fault {
    fn from(error: ResponseError) -> Self {
        Fault(error.code())
    }
}

/// The epoch of a client that does not say which leader it means.
pub const ANY_EPOCH: i32 = -1;

impl Here<'_> {
    pub fn named(&self, name: &str) -> Option<(&Text, &Topic)> {
        self.cluster.topics.get_key_value(name)
    }

    pub fn identified(&self, id: Uuid) -> Option<(&Text, &Topic)> {
        self.cluster.topics.iter().find(|(_, topic)| topic.id == id.as_u128())
    }

    /// A topic by its name, or by its id in the versions of a request that have no name.
    pub fn either(&self, name: &str, id: Uuid) -> Result<(&Text, &Topic), Fault> {
        match id.is_nil() {
            true => self.named(name).ok_or(Code::UnknownTopicOrPartition.into()),
            false => self.identified(id).ok_or(ResponseError::UnknownTopicId.into()),
        }
    }

    /// Who leads a partition now, and since which epoch; -1: nobody. None: there is no such partition.
    pub fn leader(&self, topic: &str, id: Uuid, index: i32) -> Option<(BrokerId, i32)> {
        let (_, topic) = self.either(topic, id).ok()?;
        let partition = topic.partition(index)?;
        Some((BrokerId(partition.leader.unwrap_or(-1)), partition.epoch))
    }

    /// A partition of which this broker has a replica, where the client means its leader of now.
    ///
    /// Source: Apache Kafka `Partition.checkCurrentLeaderEpoch`, KIP-320.
    pub fn known<'t>(&self, topic: &'t Topic, index: i32, epoch: i32) -> Result<&'t Partition, Fault> {
        let partition = topic.partition(index).ok_or(Code::UnknownTopicOrPartition)?;
        match partition.epoch {
            _ if !partition.replicas.contains(&self.id) => Err(Code::NotLeaderOrFollower.into()),
            now if epoch != ANY_EPOCH && epoch < now => Err(ResponseError::FencedLeaderEpoch.into()),
            now if epoch != ANY_EPOCH && epoch > now => Err(ResponseError::UnknownLeaderEpoch.into()),
            _ => Ok(partition),
        }
    }
}
