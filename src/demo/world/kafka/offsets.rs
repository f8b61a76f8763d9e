//! What is done with groups' commits from outside.

use super::{Cluster, Code, Committed, Group, GroupState};
use crate::domain::Text;

/// `offset.metadata.max.bytes`: the default.
const METADATA: usize = 4_096;

impl Cluster {
    /// Whether that broker coordinates the group.
    ///
    /// # Errors
    /// NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, INVALID_GROUP_ID.
    pub fn coordinates(&self, broker: i32, group: &str) -> Result<(), Code> {
        match self.coordinator(group) {
            _ if group.is_empty() => Err(Code::InvalidGroupId),
            Some(id) if id == broker => Ok(()),
            Some(_) => Err(Code::NotCoordinator),
            None => Err(Code::CoordinatorNotAvailable),
        }
    }

    /// Commits an offset. `by` is the member's id and generation; an empty id and -1 where it is nobody's.
    /// A group that is not there is made.
    ///
    /// # Errors
    /// UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS, UNKNOWN_TOPIC_OR_PARTITION,
    /// OFFSET_METADATA_TOO_LARGE.
    ///
    /// Source: Apache Kafka `OffsetMetadataManager.validateOffsetCommit`.
    pub fn commit_offset(
        &mut self,
        group: &str,
        by: (&str, i32),
        (topic, partition): (&str, i32),
        offset: i64,
        metadata: Option<&str>,
    ) -> Result<(), Code> {
        let (topic, found) = self.topics.get_key_value(topic).ok_or(Code::UnknownTopicOrPartition)?;
        found.partition(partition).ok_or(Code::UnknownTopicOrPartition)?;
        if metadata.is_some_and(|m| m.len() > METADATA) {
            return Err(Code::OffsetMetadataTooLarge);
        }
        match self.groups.get(group) {
            Some(known) => known.may_commit(by)?,
            // A generation of a group that nobody knows.
            None if by.1 >= 0 => return Err(Code::IllegalGeneration),
            None => {}
        }
        let topic = topic.clone();
        let group = self.group_mut(group);
        let metadata = metadata.filter(|m| !m.is_empty()).map(Text::from);
        *group.commit_at(&topic, partition as usize) = Some(Committed { position: offset as f64, metadata });
        Ok(())
    }

    /// Takes a commit away.
    ///
    /// # Errors
    /// GROUP_ID_NOT_FOUND; GROUP_SUBSCRIBED_TO_TOPIC where members read that topic;
    /// UNKNOWN_TOPIC_OR_PARTITION.
    pub fn delete_offset(&mut self, group: &str, topic: &str, partition: i32) -> Result<(), Code> {
        let found = self.groups.get_mut(group).ok_or(Code::GroupIdNotFound)?;
        let exists = self.topics.get(topic).is_some_and(|t| t.partition(partition).is_some());
        if !exists {
            return Err(Code::UnknownTopicOrPartition);
        }
        if found.state != GroupState::Empty && found.subscribed(topic) {
            return Err(Code::GroupSubscribedToTopic);
        }
        let place = found.committed.get_mut(topic).and_then(|all| all.get_mut(partition as usize));
        place.into_iter().for_each(|place| *place = None);
        Ok(())
    }

    /// # Errors
    /// GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP.
    pub fn delete_group(&mut self, group: &str) -> Result<(), Code> {
        match self.groups.get(group) {
            None => Err(Code::GroupIdNotFound),
            Some(found) if found.state != GroupState::Empty => Err(Code::NonEmptyGroup),
            Some(_) => {
                self.groups.remove(group);
                Ok(())
            }
        }
    }

    /// The group, made where it is not there.
    pub(super) fn group_mut(&mut self, name: &str) -> &mut Group {
        self.groups.entry(name.into()).or_insert_with(|| Group::new(Vec::new(), 0.0, Default::default()))
    }
}

impl Group {
    fn may_commit(&self, (member, generation): (&str, i32)) -> Result<(), Code> {
        if generation < 0 && self.state == GroupState::Empty {
            return Ok(());
        }
        if !self.members.iter().any(|m| &*m.id == member) {
            return Err(Code::UnknownMemberId);
        }
        match self.state {
            _ if generation != self.generation => Err(Code::IllegalGeneration),
            GroupState::CompletingRebalance => Err(Code::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    fn subscribed(&self, topic: &str) -> bool {
        // What members from outside subscribe to is told in their own words, which are not read here.
        self.has_outsiders() || self.topics.iter().any(|t| &**t == topic)
    }
}
