//! What a coordinator tells of many of its groups at once: members, assignments, committed offsets.

use super::{
    Poller,
    cadence::Cadence,
    groups::{Kind, Listed, from_list, state},
    layout::Layout,
};
use crate::{
    domain::{
        Text,
        kafka::{BrokerId, Committed, Group, GroupId, GroupState, Member, TopicPartitions},
    },
    source::kafka::{Answer, Error, Lane, check, decode, words},
};
use bytes::{Buf, Bytes};
use futures::{StreamExt, stream::FuturesUnordered};
use kafka_protocol::{
    messages::{
        ConsumerGroupDescribeRequest, ConsumerProtocolAssignment, DescribeGroupsRequest,
        GroupId as WireGroup, OffsetFetchRequest, OffsetFetchResponse, TopicName as WireTopic,
        consumer_group_describe_response as modern, describe_groups_response as classic,
        offset_fetch_request::OffsetFetchRequestGroup,
    },
    protocol::StrBytes,
};
use std::collections::HashMap;

/// Groups whose offsets are fetched by one request, where the broker knows how (version 8).
const OFFSETS: usize = 50;
/// Requests in flight where it does not, and each group needs its own.
const IN_FLIGHT: usize = 16;
/// GROUP_ID_NOT_FOUND: it is gone since it was listed.
const GONE: i16 = 69;

fn wire(id: &GroupId) -> WireGroup {
    WireGroup(StrBytes::from_string(id.to_string()))
}

/// Describes the groups of a chunk that have members; one request for each kind.
pub async fn describe(
    poller: &Poller,
    id: BrokerId,
    chunk: &[Listed],
    cadence: &mut Cadence,
) -> Result<HashMap<GroupId, Group>, Error> {
    let peopled = |kind: Kind| {
        let memberless = |g: &&Listed| !matches!(g.state, Some(GroupState::Empty | GroupState::Dead));
        chunk.iter().filter(move |g| g.kind == kind).filter(memberless).collect::<Vec<_>>()
    };
    let mut groups = HashMap::new();
    let (old, new) = (peopled(Kind::Classic), peopled(Kind::Consumer));
    let layout = poller.shared.layout.borrow().clone();
    if !old.is_empty() {
        let ids: Vec<_> = old.iter().map(|g| wire(&g.id)).collect();
        let asked =
            poller.client.ask(id, Lane::Quick, |_| DescribeGroupsRequest::default().with_groups(ids)).await;
        for described in super::charge(asked, cadence)?.groups {
            let group = take_classic(described, id, &layout);
            groups.insert(group.id.clone(), group);
        }
    }
    if !new.is_empty() {
        let ids: Vec<_> = new.iter().map(|g| wire(&g.id)).collect();
        let asked = poller
            .client
            .ask(id, Lane::Quick, |_| ConsumerGroupDescribeRequest::default().with_group_ids(ids))
            .await;
        for described in super::charge(asked, cadence)?.groups {
            let listed = new.iter().find(|g| *g.id == *described.group_id.as_str());
            if let Some(listed) = listed {
                groups.insert(listed.id.clone(), take_modern(described, listed, id, &layout));
            }
        }
    }
    Ok(groups)
}

/// The state and the words of a group's error.
fn troubled(code: i16, message: Option<&StrBytes>, told: GroupState) -> (GroupState, Option<Text>) {
    match code {
        0 => (told, None),
        GONE => (GroupState::Dead, None),
        _ => (GroupState::Unknown, Some(words(code, message.map(|m| m.as_str())))),
    }
}

fn take_classic(described: classic::DescribedGroup, coordinator: BrokerId, layout: &Layout) -> Group {
    let mut group = Group::new(described.group_id.as_str().into());
    let told = state(&described.group_state);
    (group.state, group.error) = troubled(described.error_code, described.error_message.as_ref(), told);
    group.protocol = described.protocol_type.as_str().into();
    group.assignor = described.protocol_data.as_str().into();
    group.coordinator = Some(coordinator);
    let consumers = described.protocol_type.as_str() == "consumer";
    group.members = described
        .members
        .iter()
        .map(|m| Member {
            id: m.member_id.as_str().into(),
            client_id: m.client_id.as_str().into(),
            host: m.client_host.as_str().into(),
            instance: m.group_instance_id.as_ref().map(|i| i.as_str().into()),
            assignment: if consumers { assignment(m.member_assignment.clone(), layout) } else { Vec::new() },
        })
        .collect();
    group.members.sort_by(|a, b| a.id.cmp(&b.id));
    group
}

/// What a member was assigned, from the bytes that its leader wrote; none where they are not readable
/// (the member is still joining, or its assignor writes bytes of its own).
fn assignment(mut bytes: Bytes, layout: &Layout) -> Vec<TopicPartitions> {
    let Ok(version) = bytes.try_get_i16() else { return Vec::new() };
    // A later version only adds fields at the end.
    let version = version.clamp(0, 3);
    let Ok(assignment) = decode::<ConsumerProtocolAssignment>(bytes, version, false) else {
        return Vec::new();
    };
    let topics = assignment.assigned_partitions.into_iter();
    in_order(topics.map(|t| (layout.name(t.topic.as_str()), t.partitions)))
}

fn take_modern(
    described: modern::DescribedGroup,
    listed: &Listed,
    coordinator: BrokerId,
    layout: &Layout,
) -> Group {
    let mut group = from_list(listed, coordinator);
    let told = state(&described.group_state);
    (group.state, group.error) = troubled(described.error_code, described.error_message.as_ref(), told);
    group.assignor = described.assignor_name.as_str().into();
    group.members = described
        .members
        .into_iter()
        .map(|m| Member {
            id: m.member_id.as_str().into(),
            client_id: m.client_id.as_str().into(),
            host: m.client_host.as_str().into(),
            instance: m.instance_id.as_ref().map(|i| i.as_str().into()),
            assignment: in_order(
                m.assignment
                    .topic_partitions
                    .into_iter()
                    .map(|t| (layout.name(t.topic_name.as_str()), t.partitions)),
            ),
        })
        .collect();
    group.members.sort_by(|a, b| a.id.cmp(&b.id));
    group
}

fn in_order(topics: impl Iterator<Item = (Text, Vec<i32>)>) -> Vec<TopicPartitions> {
    let mut topics: Vec<_> = topics
        .map(|(topic, mut partitions)| {
            partitions.sort_unstable();
            TopicPartitions { topic, partitions }
        })
        .collect();
    topics.sort_by(|a, b| a.topic.cmp(&b.topic));
    topics
}

/// Fetches the committed offsets of many groups: several a request, or one each from an old broker. An
/// error of one group is its own.
pub async fn offsets(
    poller: &Poller,
    id: BrokerId,
    groups: &[GroupId],
    cadence: &mut Cadence,
) -> Result<HashMap<GroupId, Result<Vec<Committed>, Text>>, Error> {
    let layout = poller.shared.layout.borrow().clone();
    let size = match poller.client.version::<OffsetFetchRequest>(id).await? {
        8.. => OFFSETS,
        _ => 1,
    };
    let in_flight = if size == 1 { IN_FLIGHT } else { 1 };
    let mut chunks = groups.chunks(size);
    let mut flight: FuturesUnordered<_> =
        chunks.by_ref().take(in_flight).map(|chunk| fetch_chunk(poller, id, chunk)).collect();
    let mut offsets = HashMap::with_capacity(groups.len());
    while let Some(answer) = flight.next().await {
        let (chunk, answer) = answer?;
        cadence.spend(answer.work);
        take_offsets(chunk, answer.value, &layout, &mut offsets);
        if let Some(chunk) = chunks.next() {
            flight.push(fetch_chunk(poller, id, chunk));
        }
    }
    Ok(offsets)
}

async fn fetch_chunk<'g>(
    poller: &Poller,
    id: BrokerId,
    chunk: &'g [GroupId],
) -> Result<(&'g [GroupId], Answer<OffsetFetchResponse>), Error> {
    let answer = poller.client.ask(id, Lane::Quick, |version| fetch(chunk, version)).await?;
    Ok((chunk, answer))
}

fn fetch(groups: &[GroupId], version: i16) -> OffsetFetchRequest {
    if version >= 8 {
        let all = groups
            .iter()
            .map(|id| OffsetFetchRequestGroup::default().with_group_id(wire(id)).with_topics(None));
        return OffsetFetchRequest::default().with_groups(all.collect());
    }
    let one = groups.first().map(wire).unwrap_or_default();
    OffsetFetchRequest::default().with_group_id(one).with_topics(None)
}

fn take_offsets(
    asked: &[GroupId],
    answer: OffsetFetchResponse,
    layout: &Layout,
    offsets: &mut HashMap<GroupId, Result<Vec<Committed>, Text>>,
) {
    // Up to version 7 the answer is that of the one group.
    if answer.groups.is_empty() {
        let Some(id) = asked.first() else { return };
        let partitions = answer.topics.iter().flat_map(|t| {
            t.partitions.iter().map(|p| (&t.name, p.partition_index, p.committed_offset, p.error_code))
        });
        offsets.insert(id.clone(), committed(answer.error_code, partitions, layout));
        return;
    }
    for group in &answer.groups {
        let Some(id) = asked.iter().find(|id| ***id == *group.group_id.as_str()) else { continue };
        let partitions = group.topics.iter().flat_map(|t| {
            t.partitions.iter().map(|p| (&t.name, p.partition_index, p.committed_offset, p.error_code))
        });
        offsets.insert(id.clone(), committed(group.error_code, partitions, layout));
    }
}

fn committed<'a>(
    code: i16,
    partitions: impl Iterator<Item = (&'a WireTopic, i32, i64, i16)>,
    layout: &Layout,
) -> Result<Vec<Committed>, Text> {
    check(code, None).map_err(|_| words(code, None))?;
    // An offset of −1 is no commit.
    let told = partitions.filter(|(_, _, offset, code)| *code == 0 && *offset >= 0);
    let mut all: Vec<_> = told
        .map(|(name, partition, offset, _)| Committed {
            topic: layout.name(name.as_str()),
            partition,
            offset,
        })
        .collect();
    all.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    Ok(all)
}
