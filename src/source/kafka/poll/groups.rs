//! Consumer groups. Every broker lists the groups that it coordinates, so its list says at once whom to
//! ask about them: no coordinator has to be looked up.

use super::{Poller, cadence::Cadence, describe};
use crate::{
    domain::{
        Text,
        kafka::{Body, BrokerId, Committed, Group, GroupId, GroupState, KafkaDelta},
    },
    source::{
        kafka::{Error, Lane, Matter, check},
        now,
    },
};
use kafka_protocol::messages::{ListGroupsRequest, ListGroupsResponse};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};
use tokio::time::Instant;

/// Groups that are described and told together.
const CHUNK: usize = 100;

/// What was told of the groups so far.
#[derive(Debug, Default)]
pub struct Registry {
    groups: HashMap<GroupId, Told>,
    /// How many groups each coordinator listed, and how many of them it has described: the first reading.
    progress: BTreeMap<BrokerId, (u64, u64)>,
}

#[derive(Debug, Clone)]
struct Told {
    coordinator: BrokerId,
    group: u64,
    offsets: Option<u64>,
    /// Its coordinator did not list it last time. It may have moved to one that was not asked since.
    missing: bool,
}

/// A group as ListGroups names it.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: GroupId,
    pub protocol: Text,
    /// From version 4.
    pub state: Option<GroupState>,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Classic,
    /// Of the protocol of KIP-848.
    Consumer,
    /// Share and streams groups: what the list tells is all that is read of them.
    Other,
}

/// What one poll brought of one group.
pub struct Polled {
    pub group: Group,
    /// None: groups of its kind commit no offsets.
    pub offsets: Option<Result<Vec<Committed>, Text>>,
}

/// Which groups a poll is about.
enum Among {
    All,
    /// Those that were written just now.
    Written(BTreeSet<Matter>),
}

impl Among {
    fn holds(&self, id: &GroupId) -> bool {
        match self {
            Among::All => true,
            Among::Written(matters) => matters.contains(&Matter::Group(id.clone())),
        }
    }
}

/// What has to be told of a chunk of groups.
#[derive(Default)]
struct Changes {
    groups: Vec<Group>,
    offsets: Vec<(GroupId, Result<Vec<Committed>, Text>)>,
    confirmed: Vec<GroupId>,
}

impl Registry {
    fn take(&mut self, coordinator: BrokerId, polled: Vec<Polled>) -> Changes {
        let mut changes = Changes::default();
        for Polled { group, offsets } in polled {
            let group_print = print_of_group(&group);
            let offsets_print = offsets.as_ref().and_then(|o| o.as_ref().ok()).map(print);
            let told = Told { coordinator, group: group_print, offsets: offsets_print, missing: false };
            let before = self.groups.insert(group.id.clone(), told);
            let before = before.filter(|b| b.coordinator == coordinator);
            if let Some(answer) = offsets {
                match before.as_ref().filter(|b| b.offsets.is_some() && b.offsets == offsets_print) {
                    Some(_) => changes.confirmed.push(group.id.clone()),
                    None => changes.offsets.push((group.id.clone(), answer)),
                }
            }
            if before.is_none_or(|b| b.group != group_print) {
                changes.groups.push(group);
            }
        }
        changes
    }

    /// Groups that a coordinator missed twice running are gone.
    fn sweep(&mut self, coordinator: BrokerId, listed: &[Listed], among: &Among) -> Vec<GroupId> {
        let listed: std::collections::HashSet<&GroupId> = listed.iter().map(|g| &g.id).collect();
        let mut gone = Vec::new();
        self.groups.retain(|id, told| {
            if told.coordinator != coordinator || listed.contains(id) || !among.holds(id) {
                return true;
            }
            if told.missing {
                gone.push(id.clone());
            }
            !std::mem::replace(&mut told.missing, true)
        });
        gone
    }

    /// Nothing of this coordinator's groups is confirmed any more: whatever it says next is news.
    fn doubt(&mut self, coordinator: BrokerId) {
        self.groups.retain(|_, told| told.coordinator != coordinator);
    }

    fn advance(&mut self, coordinator: BrokerId, done: usize, total: usize) -> (u64, u64) {
        self.progress.insert(coordinator, (done as u64, total as u64));
        self.progress.values().fold((0, 0), |sum, p| (sum.0 + p.0, sum.1 + p.1))
    }
}

fn print(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn print_of_group(g: &Group) -> u64 {
    print(&(g.state, &g.protocol, &g.assignor, g.coordinator, &g.members, &g.error))
}

impl Poller {
    /// The groups that one broker coordinates.
    pub(super) async fn groups(&self, id: BrokerId) {
        let mut cadence = self.cadence(2);
        let mut looks = self.client.written().looks(|matter| matches!(matter, Matter::Group(_)));
        let mut first = true;
        loop {
            let answer = self.poll_groups(id, first, &Among::All, &mut cadence).await;
            first &= answer.is_err();
            let answer = answer.map_err(|e| e.about(&format!("coordinator {}", self.client.name(id))));
            if let Err(reason) = &answer {
                super::lock(&self.shared.groups).doubt(id);
                let answer = Err(reason.clone());
                self.tell(KafkaDelta::Coordinated { broker: id, answer, at: now() }).await;
            }
            self.told(Body::Groups, id, answer).await;
            let pause = self.pace(&[Body::Groups, Body::Offsets], Some(id), &mut cadence).await;
            let next = Instant::now() + pause;
            loop {
                tokio::select! {
                    () = tokio::time::sleep_until(next) => break,
                    written = looks.due() => {
                        let looked = self.poll_groups(id, false, &Among::Written(written), &mut cadence).await;
                        if let Err(error) = looked {
                            // The next poll fails, too, and says so.
                            tracing::debug!("a look at groups that were written failed: {error}");
                        }
                    }
                }
            }
        }
    }

    async fn poll_groups(
        &self,
        id: BrokerId,
        first: bool,
        among: &Among,
        cadence: &mut Cadence,
    ) -> Result<(), Error> {
        let asked = self.client.ask(id, Lane::Quick, |_| ListGroupsRequest::default()).await;
        let listed = take_list(super::charge(asked, cadence)?)?;
        let polled: Vec<Listed> = listed.iter().filter(|group| among.holds(&group.id)).cloned().collect();
        let mut done = 0;
        for chunk in polled.chunks(CHUNK) {
            let polled = self.poll_chunk(id, chunk, cadence).await?;
            done += chunk.len();
            self.tell_chunk(id, polled).await;
            if first {
                let (done, total) = super::lock(&self.shared.groups).advance(id, done, listed.len());
                self.tell(KafkaDelta::Progress { body: Body::Groups, done, total: Some(total) }).await;
            }
        }
        let removed = super::lock(&self.shared.groups).sweep(id, &listed, among);
        if !removed.is_empty() {
            self.tell(KafkaDelta::Groups { changed: Vec::new(), removed, at: now() }).await;
        }
        Ok(())
    }

    async fn poll_chunk(
        &self,
        id: BrokerId,
        chunk: &[Listed],
        cadence: &mut Cadence,
    ) -> Result<Vec<Polled>, Error> {
        let mut groups = describe::describe(self, id, chunk, cadence).await?;
        let commit: Vec<_> = chunk.iter().filter(|g| g.kind != Kind::Other).map(|g| g.id.clone()).collect();
        let mut offsets = describe::offsets(self, id, &commit, cadence).await?;
        let polled = chunk.iter().map(|listed| Polled {
            offsets: offsets.remove(&listed.id),
            group: groups.remove(&listed.id).unwrap_or_else(|| from_list(listed, id)),
        });
        Ok(polled.collect())
    }

    async fn tell_chunk(&self, id: BrokerId, polled: Vec<Polled>) {
        let at = now();
        let Changes { groups, offsets, confirmed } = super::lock(&self.shared.groups).take(id, polled);
        if !groups.is_empty() {
            self.tell(KafkaDelta::Groups { changed: groups, removed: Vec::new(), at }).await;
        }
        if !offsets.is_empty() {
            self.tell(KafkaDelta::Offsets { answers: offsets, at }).await;
        }
        if !confirmed.is_empty() {
            self.tell(KafkaDelta::Coordinated { broker: id, answer: Ok(confirmed), at }).await;
        }
    }
}

/// A group without members needs no description; its list entry says it all.
pub fn from_list(listed: &Listed, coordinator: BrokerId) -> Group {
    let mut group = Group::new(listed.id.clone());
    group.state = listed.state.unwrap_or(GroupState::Unknown);
    group.protocol = listed.protocol.clone();
    group.coordinator = Some(coordinator);
    group
}

fn take_list(answer: ListGroupsResponse) -> Result<Vec<Listed>, Error> {
    check(answer.error_code, None)?;
    let listed = answer.groups.iter().map(|g| Listed {
        id: g.group_id.as_str().into(),
        protocol: g.protocol_type.as_str().into(),
        state: Some(&g.group_state).filter(|s| !s.is_empty()).map(|s| state(s)),
        kind: match g.group_type.as_str().to_ascii_lowercase().as_str() {
            "" | "classic" => Kind::Classic,
            "consumer" => Kind::Consumer,
            _ => Kind::Other,
        },
    });
    Ok(listed.collect())
}

/// Source: Apache Kafka `GroupState.java`, and the classic `ClassicGroupState.java`.
pub fn state(name: &str) -> GroupState {
    match name {
        "Stable" => GroupState::Stable,
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" | "NotReady" => {
            GroupState::Rebalancing
        }
        "Empty" => GroupState::Empty,
        "Dead" => GroupState::Dead,
        _ => GroupState::Unknown,
    }
}
