//! Consumers from outside that join a group over the wire, by the classic protocol.
//!
//! What they subscribe to and how they share partitions out is theirs: one of them is the leader and says it.
//! They live by the wall clock, whatever the speed of the world.

use super::{Cluster, Code, Group, GroupState, Member, names};
use crate::domain::{Text, kubernetes::Key, time::Time};
use bytes::Bytes;
use std::time::Duration;

/// `group.initial.rebalance.delay.ms`: the default.
const FIRST: Duration = Duration::from_secs(3);
/// `group.min.session.timeout.ms` and `group.max.session.timeout.ms`: the defaults.
const SESSIONS: std::ops::RangeInclusive<i32> = 6_000..=1_800_000;

/// A member that joined over the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// Each protocol that it can, with what it says about itself under it.
    pub protocols: Vec<(Text, Bytes)>,
    /// What the leader gave it.
    pub assignment: Bytes,
    session: Duration,
    patience: Duration,
    heard: Time,
    /// It waits for the rebalance's end.
    joining: bool,
}

/// The rebalance that members from outside are in.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Round {
    pub kind: Text,
    pub protocol: Text,
    pub leader: Text,
    /// Ids that were given to clients which have not joined with them yet.
    promised: Vec<Text>,
    not_before: Time,
    deadline: Time,
}

/// What a client asks to join with.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// Empty: it has none yet.
    pub member: Text,
    pub client: Text,
    pub host: Text,
    /// `consumer`
    pub kind: Text,
    pub protocols: Vec<(Text, Bytes)>,
    pub session_ms: i32,
    pub rebalance_ms: i32,
    /// Whether it can be asked to come back with an id (JoinGroup from version 4 on).
    pub returns: bool,
}

/// The end of a rebalance, as a member is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    pub generation: i32,
    pub kind: Text,
    pub protocol: Text,
    pub leader: Text,
    /// Told to the leader only: each member, with what it says about itself.
    pub members: Vec<(Text, Bytes)>,
}

impl Cluster {
    /// Lets a client into the group's next generation. Returns the id of the member that it is: whoever asks
    /// waits until [`Self::joined`] tells how it ended.
    ///
    /// # Errors
    /// MEMBER_ID_REQUIRED with the id to come back with; INCONSISTENT_GROUP_PROTOCOL, also where the group is
    /// one of simulated consumers; UNKNOWN_MEMBER_ID, INVALID_SESSION_TIMEOUT.
    pub fn join_group(
        &mut self,
        name: &str,
        join: Join,
        random: &mut fastrand::Rng,
    ) -> Result<Text, (Code, Text)> {
        let now = self.clock.now();
        let refused = |code| Err((code, join.member.clone()));
        if !SESSIONS.contains(&join.session_ms) {
            return refused(Code::InvalidSessionTimeout);
        }
        let group = self.group_mut(name);
        if !group.accepts(&join) {
            return refused(Code::InconsistentGroupProtocol);
        }
        let known = group.members.iter().any(|m| m.id == join.member);
        let promised = group.outside.promised.contains(&join.member);
        let id = match &*join.member {
            "" => Text::from(names::member(&join.client, random.u128(..))),
            _ if known || promised => join.member.clone(),
            _ => return refused(Code::UnknownMemberId),
        };
        if join.member.is_empty() && join.returns {
            group.outside.promised.push(id.clone());
            // Those who never came back are forgotten.
            let over = group.outside.promised.len().saturating_sub(64);
            group.outside.promised.drain(..over);
            return Err((Code::MemberIdRequired, id));
        }
        group.outside.promised.retain(|p| *p != id);
        group.admit(id.clone(), join, now);
        Ok(id)
    }

    /// How the rebalance ended; None: it has not.
    ///
    /// # Errors
    /// UNKNOWN_MEMBER_ID where it was left behind.
    pub fn joined(&mut self, group: &str, member: &str) -> Result<Option<Joined>, Code> {
        let now = self.clock.now();
        let group = self.groups.get_mut(group).ok_or(Code::UnknownMemberId)?;
        group.hear(member, now)?;
        group.end_round(now);
        if group.state == GroupState::PreparingRebalance {
            return Ok(None);
        }
        let round = &group.outside;
        let members = if *round.leader == *member { group.descriptions() } else { Vec::new() };
        Ok(Some(Joined {
            generation: group.generation,
            kind: round.kind.clone(),
            protocol: round.protocol.clone(),
            leader: round.leader.clone(),
            members,
        }))
    }

    /// The leader brings what everyone is given (the others bring nothing); each is told its own part, as soon
    /// as it is there.
    ///
    /// # Errors
    /// UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS.
    pub fn sync_group(
        &mut self,
        group: &str,
        member: &str,
        generation: i32,
        brought: Vec<(Text, Bytes)>,
    ) -> Result<Option<Bytes>, Code> {
        let now = self.clock.now();
        let group = self.groups.get_mut(group).ok_or(Code::UnknownMemberId)?;
        group.hear(member, now)?;
        if generation != group.generation {
            return Err(Code::IllegalGeneration);
        }
        if group.state == GroupState::PreparingRebalance {
            return Err(Code::RebalanceInProgress);
        }
        if group.state == GroupState::CompletingRebalance && *group.outside.leader == *member {
            for (id, assignment) in brought {
                group.outside_of(&id).into_iter().for_each(|o| o.assignment = assignment.clone());
            }
            group.state = GroupState::Stable;
        }
        let given = group.state == GroupState::Stable;
        Ok(group.outside_of(member).filter(|_| given).map(|o| o.assignment.clone()))
    }

    /// # Errors
    /// UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS.
    pub fn heartbeat(&mut self, group: &str, member: &str, generation: i32) -> Result<(), Code> {
        let now = self.clock.now();
        let group = self.groups.get_mut(group).ok_or(Code::UnknownMemberId)?;
        group.hear(member, now)?;
        match group.state {
            _ if generation != group.generation => Err(Code::IllegalGeneration),
            GroupState::PreparingRebalance => Err(Code::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// UNKNOWN_MEMBER_ID.
    pub fn leave_group(&mut self, group: &str, member: &str) -> Result<(), Code> {
        let now = self.clock.now();
        let group = self.groups.get_mut(group).ok_or(Code::UnknownMemberId)?;
        group.hear(member, now)?;
        group.members.retain(|m| &*m.id != member);
        group.begin_round(now);
        Ok(())
    }

    /// Lets go of members from outside that were not heard of, and ends rebalances that are due.
    pub(super) fn expire_members(&mut self) {
        let now = self.clock.now();
        for group in self.groups.values_mut().filter(|g| g.has_outsiders()) {
            let before = group.members.len();
            let here =
                |m: &Member| m.outside.as_ref().is_none_or(|o| o.joining || now.since(o.heard) <= o.session);
            group.members.retain(here);
            if group.members.len() != before {
                group.begin_round(now);
            }
            group.end_round(now);
        }
    }
}

impl Group {
    /// Whether the client can be in one group with those who are.
    fn accepts(&self, join: &Join) -> bool {
        let others = || self.members.iter().filter(|m| m.id != join.member);
        let shared = |name: &Text| {
            others().all(|m| m.outside.as_ref().is_some_and(|o| o.protocols.iter().any(|(n, _)| n == name)))
        };
        let kind = others().next().is_none() || self.outside.kind == join.kind;
        kind && join.protocols.iter().any(|(name, _)| shared(name))
    }

    fn admit(&mut self, id: Text, join: Join, now: Time) {
        let span = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let outside = Outside {
            protocols: join.protocols,
            assignment: Bytes::new(),
            session: span(join.session_ms),
            patience: span(join.rebalance_ms.max(join.session_ms)),
            heard: now,
            joining: true,
        };
        self.outside.kind = join.kind;
        let first = self.members.is_empty();
        match self.members.iter_mut().find(|m| m.id == id) {
            Some(known) => known.outside = Some(Box::new(outside)),
            None => self.members.push(Member {
                id,
                client: join.client,
                pod: Key::new("", ""),
                host: join.host,
                assigned: Vec::new(),
                stuck: false,
                outside: Some(Box::new(outside)),
            }),
        }
        self.begin_round(now);
        if first {
            self.outside.not_before = now.plus(FIRST);
        }
    }

    /// All have to join anew.
    fn begin_round(&mut self, now: Time) {
        if self.members.is_empty() {
            self.state = GroupState::Empty;
            return;
        }
        if self.state != GroupState::PreparingRebalance {
            let patience = self.members.iter().filter_map(|m| m.outside.as_ref()).map(|o| o.patience).max();
            self.outside.deadline = now.plus(patience.unwrap_or_default());
            self.outside.not_before = now;
        }
        self.state = GroupState::PreparingRebalance;
    }

    /// Ends the rebalance when all have joined, or those who have not had their time.
    fn end_round(&mut self, now: Time) {
        let joining = |m: &Member| m.outside.as_ref().is_some_and(|o| o.joining);
        let complete = now >= self.outside.not_before && self.members.iter().all(joining);
        if self.state != GroupState::PreparingRebalance || !(complete || now >= self.outside.deadline) {
            return;
        }
        self.members.retain(joining);
        let Some(leader) = self.members.first() else {
            self.state = GroupState::Empty;
            return;
        };
        self.outside.leader = leader.id.clone();
        self.outside.protocol = self.common_protocol();
        for outside in self.members.iter_mut().filter_map(|m| m.outside.as_mut()) {
            (outside.joining, outside.heard) = (false, now);
        }
        self.generation += 1;
        self.state = GroupState::CompletingRebalance;
    }

    /// The first of the leader's that all can.
    fn common_protocol(&self) -> Text {
        let of = |m: &Member| m.outside.iter().flat_map(|o| &o.protocols).map(|(n, _)| n.clone()).collect();
        let all: Vec<Vec<Text>> = self.members.iter().map(of).collect();
        let first = all.first().into_iter().flatten();
        first.into_iter().find(|name| all.iter().all(|can| can.contains(name))).cloned().unwrap_or_default()
    }

    fn descriptions(&self) -> Vec<(Text, Bytes)> {
        let said = |m: &Member| {
            let of = m.outside.iter().flat_map(|o| &o.protocols).find(|(n, _)| *n == self.outside.protocol);
            (m.id.clone(), of.map(|(_, said)| said.clone()).unwrap_or_default())
        };
        self.members.iter().map(said).collect()
    }

    /// What a member from outside says about itself under the group's protocol.
    pub fn description(&self, member: &Member) -> Bytes {
        let protocols = member.outside.iter().flat_map(|o| &o.protocols);
        let mut of = protocols.filter(|(n, _)| *n == self.outside.protocol);
        of.next().map(|(_, said)| said.clone()).unwrap_or_default()
    }

    /// The protocol that members share partitions out by: a name for all to see.
    pub fn protocol(&self) -> Text {
        match self.has_outsiders() {
            true => self.outside.protocol.clone(),
            false if self.members.is_empty() => "".into(),
            false => self.assignor.name().into(),
        }
    }

    fn outside_of(&mut self, member: &str) -> Option<&mut Outside> {
        self.members.iter_mut().find(|m| &*m.id == member)?.outside.as_deref_mut()
    }

    fn hear(&mut self, member: &str, now: Time) -> Result<(), Code> {
        self.outside_of(member).map(|o| o.heard = now).ok_or(Code::UnknownMemberId)
    }
}
