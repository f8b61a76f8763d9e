//! Partitions moved to other brokers, and leaders moved to the preferred ones.

use super::{Cluster, Code, Partition, Refused, controller::Standing, log};
use crate::domain::Text;

/// Which election is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Election {
    Preferred,
    Unclean,
}

impl Cluster {
    /// Begins to move a partition to these replicas; None cancels what is under way.
    ///
    /// # Errors
    /// UNKNOWN_TOPIC_OR_PARTITION, INVALID_REPLICA_ASSIGNMENT, NO_REASSIGNMENT_IN_PROGRESS; REQUEST_TIMED_OUT
    /// without a controller.
    pub fn alter_reassignment(
        &mut self,
        topic: &str,
        partition: i32,
        target: Option<&[i32]>,
    ) -> Result<(), Refused> {
        self.controlled()?;
        if let Some(target) = target {
            self.check_replicas(target)?;
        }
        let now = self.clock.seconds();
        let found = self.topics.get_mut(topic).ok_or_else(|| log::unknown(topic))?;
        let unclean = found.rules.unclean;
        let p = usize::try_from(partition).ok().filter(|&p| p < found.partitions.len()).ok_or_else(|| {
            Refused::because(Code::UnknownTopicOrPartition, format!("Unable to find partition {partition}."))
        })?;
        let start = found.start(p) as f64;
        match target {
            Some(target) => found.partitions[p].move_to(target, start, now)?,
            None => found.partitions[p].turn_back(unclean, topic, partition)?,
        }
        self.settle_one(topic, p);
        Ok(())
    }

    /// The reassignments that are under way.
    pub fn reassignments(&self) -> impl Iterator<Item = (&Text, i32, &Partition)> {
        self.topics.iter().flat_map(|(name, topic)| {
            let numbered = topic.partitions.iter().enumerate();
            numbered.filter(|(_, p)| p.reassigning()).map(move |(p, found)| (name, p as i32, found))
        })
    }

    /// Makes the preferred replica the leader, or, unclean, any that is there.
    ///
    /// # Errors
    /// UNKNOWN_TOPIC_OR_PARTITION, ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE,
    /// ELIGIBLE_LEADERS_NOT_AVAILABLE; REQUEST_TIMED_OUT without a controller.
    ///
    /// Source: Apache Kafka `ReplicationControlManager.electLeader`.
    pub fn elect_leader(&mut self, topic: &str, partition: i32, election: Election) -> Result<(), Refused> {
        self.controlled()?;
        let standing = Standing { brokers: &self.brokers, controlled: true, now: self.clock.seconds() };
        let unknown = || {
            let told = format!("No such topic as {topic}, or it has no partition {partition}.");
            Refused::because(Code::UnknownTopicOrPartition, told)
        };
        let found = self.topics.get_mut(topic).ok_or_else(unknown)?;
        let sent = found.sent;
        let index = usize::try_from(partition).ok().ok_or_else(unknown)?;
        let p = found.partitions.get_mut(index).ok_or_else(unknown)?;
        let new = match election {
            Election::Preferred => {
                let preferred = p.replicas.first().copied();
                if p.leader == preferred {
                    return Err(Code::ElectionNotNeeded.into());
                }
                let able = preferred.filter(|id| p.isr.contains(id) && standing.available(*id));
                able.ok_or(Code::PreferredLeaderNotAvailable)?
            }
            Election::Unclean if p.leader.is_some() => return Err(Code::ElectionNotNeeded.into()),
            Election::Unclean => {
                let able = p.replicas.iter().copied().find(|&id| standing.available(id));
                able.ok_or(Code::EligibleLeadersNotAvailable)?
            }
        };
        p.lead(new, sent);
        found.moved = true;
        self.settle_one(topic, index);
        Ok(())
    }
}

impl Partition {
    /// Source: Apache Kafka `PartitionReassignmentReplicas`.
    fn move_to(&mut self, target: &[i32], start: f64, now: f64) -> Result<(), Refused> {
        let own: Vec<i32> = self.replicas.iter().copied().filter(|id| !self.adding().contains(id)).collect();
        let sorted = |ids: &mut dyn Iterator<Item = i32>| {
            let mut ids: Vec<i32> = ids.collect();
            ids.sort_unstable();
            ids
        };
        let adding = sorted(&mut target.iter().copied().filter(|id| !own.contains(id)));
        let removing = sorted(&mut own.iter().copied().filter(|id| !target.contains(id)));
        let replicas: Vec<i32> = target.iter().chain(&removing).copied().collect();
        let isr: Vec<i32> = self.isr.iter().copied().filter(|id| replicas.contains(id)).collect();
        if isr.is_empty() {
            let told = "None of the replicas that are in sync would stay one.";
            return Err(Refused::because(Code::InvalidReplicaAssignment, told));
        }
        let known: Vec<i32> = self.replicas.to_vec();
        let special = self.special_mut();
        // Those that an earlier reassignment was adding and this one does not want go at once.
        special.behind.retain(|r| replicas.contains(&r.broker));
        let new = adding.iter().filter(|id| !known.contains(id));
        let new = new.map(|&broker| super::Replica { broker, end: start, since: now });
        special.behind.extend(new);
        (special.adding, special.removing) = (adding, removing);
        self.replicas = replicas.into();
        self.isr = isr.into();
        Ok(())
    }

    /// Source: Apache Kafka `PartitionReassignmentRevert`.
    fn turn_back(&mut self, unclean: bool, topic: &str, partition: i32) -> Result<(), Refused> {
        if !self.reassigning() {
            return Err(Code::NoReassignmentInProgress.into());
        }
        let without = |ids: &[i32]| -> Vec<i32> {
            ids.iter().copied().filter(|id| !self.adding().contains(id)).collect()
        };
        let (replicas, mut isr) = (without(&self.replicas), without(&self.isr));
        if isr.is_empty() {
            if !unclean {
                let told = format!(
                    "Unable to revert partition assignment for {topic}:{partition} because it would require an \
                     unclean leader election."
                );
                return Err(Refused::because(Code::InvalidReplicaAssignment, told));
            }
            isr.extend(replicas.first());
        }
        self.take_replicas(replicas, isr);
        Ok(())
    }
}
