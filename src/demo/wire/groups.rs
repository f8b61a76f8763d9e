//! Groups as their coordinators tell of them.

use super::{
    broker::{Here, text, topic_name},
    metadata::allowed,
};
use crate::demo::world::kafka::{Code, Group, GroupState, Member};
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{
        ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerProtocolAssignment,
        ConsumerProtocolSubscription, DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest,
        DescribeGroupsResponse, GroupId, ListGroupsRequest, ListGroupsResponse,
        consumer_group_describe_response as modern,
        consumer_protocol_assignment::TopicPartition,
        delete_groups_response::DeletableGroupResult,
        describe_groups_response::{DescribedGroup, DescribedGroupMember},
        list_groups_response::ListedGroup,
    },
    protocol::{Encodable, StrBytes},
};

/// The version in which members' subscriptions and assignments are written.
const PROTOCOL: i16 = 1;

pub fn list_groups(request: ListGroupsRequest, here: &mut Here<'_>) -> ListGroupsResponse {
    let among = |filter: &[StrBytes], word: &str| {
        filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(word))
    };
    let own = here.cluster.groups.iter().filter(|(id, _)| here.cluster.coordinates(here.id, id).is_ok());
    let wanted = own.filter(|(_, g)| {
        among(&request.states_filter, g.state.name()) && among(&request.types_filter, "classic")
    });
    let listed = wanted.map(|(id, group)| {
        let told =
            ListedGroup::default().with_group_id(GroupId(text(&**id))).with_protocol_type(protocol(group));
        let told = match here.version {
            4.. => told.with_group_state(StrBytes::from_static_str(group.state.name())),
            _ => told,
        };
        if here.version >= 5 { told.with_group_type(StrBytes::from_static_str("classic")) } else { told }
    });
    ListGroupsResponse::default().with_groups(listed.collect())
}

/// A group that nobody ever joined, but was committed for, has no protocol.
fn protocol(group: &Group) -> StrBytes {
    let joined = !group.members.is_empty() || !group.topics.is_empty();
    StrBytes::from_static_str(if joined { "consumer" } else { "" })
}

pub fn describe_groups(request: DescribeGroupsRequest, here: &mut Here<'_>) -> DescribeGroupsResponse {
    let groups = request.groups.into_iter().map(|id| {
        let told = DescribedGroup::default();
        let told = match (here.cluster.coordinates(here.id, &id), here.cluster.groups.get(id.as_str())) {
            (Err(code), _) => told.with_error_code(code.code()),
            (Ok(()), Some(group)) => described(told, group),
            // Before version 6 a group that is not there is dead.
            (Ok(()), None) if here.version < 6 => told.with_group_state(StrBytes::from_static_str("Dead")),
            (Ok(()), None) => told
                .with_error_code(Code::GroupIdNotFound.code())
                .with_error_message(Some(text(format!("Group {} not found.", id.as_str()))))
                .with_group_state(StrBytes::from_static_str("Dead")),
        };
        let asked = request.include_authorized_operations && told.error_code == 0;
        told.with_group_id(id).with_authorized_operations(if asked {
            allowed::GROUP
        } else {
            allowed::NOT_ASKED
        })
    });
    DescribeGroupsResponse::default().with_groups(groups.collect())
}

fn described(told: DescribedGroup, group: &Group) -> DescribedGroup {
    let settled = group.state == GroupState::Stable;
    let assignor = if settled { text(&*group.protocol()) } else { StrBytes::default() };
    told.with_group_state(StrBytes::from_static_str(group.state.name()))
        .with_protocol_type(protocol(group))
        .with_protocol_data(assignor)
        .with_members(group.members.iter().map(|m| member(m, group, settled)).collect())
}

/// Assignments are told of a settled group only.
fn member(member: &Member, group: &Group, settled: bool) -> DescribedGroupMember {
    let told = DescribedGroupMember::default()
        .with_member_id(text(&*member.id))
        .with_client_id(text(&*member.client))
        .with_client_host(text(format!("/{}", member.host)));
    match (settled, &member.outside) {
        (false, _) => told,
        (true, None) => {
            told.with_member_metadata(subscription(group)).with_member_assignment(assignment(member))
        }
        // In its own words, and its leader's.
        (true, Some(outside)) => told
            .with_member_metadata(group.description(member))
            .with_member_assignment(outside.assignment.clone()),
    }
}

fn subscription(group: &Group) -> Bytes {
    let topics = group.topics.iter().map(|t| text(&**t)).collect();
    versioned(&ConsumerProtocolSubscription::default().with_topics(topics))
}

fn assignment(member: &Member) -> Bytes {
    let of_topics = member.assigned.chunk_by(|a, b| a.0 == b.0).map(|of_topic| {
        TopicPartition::default()
            .with_topic(topic_name(&of_topic[0].0))
            .with_partitions(of_topic.iter().map(|(_, partition)| *partition).collect())
    });
    versioned(&ConsumerProtocolAssignment::default().with_assigned_partitions(of_topics.collect()))
}

/// Source: Apache Kafka `ConsumerProtocol.java`: the version stands before the rest.
fn versioned(message: &impl Encodable) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(PROTOCOL);
    match message.encode(&mut bytes, PROTOCOL) {
        Ok(()) => bytes.freeze(),
        Err(_) => Bytes::new(),
    }
}

/// All groups here are of the classic protocol, of which this request does not tell.
pub fn describe_consumer_groups(
    request: ConsumerGroupDescribeRequest,
    here: &mut Here<'_>,
) -> ConsumerGroupDescribeResponse {
    let groups = request.group_ids.into_iter().map(|id| {
        let code = here.cluster.coordinates(here.id, &id).err().unwrap_or(Code::GroupIdNotFound);
        let words = match here.cluster.groups.contains_key(id.as_str()) {
            true => format!("Group {} is not a consumer group.", id.as_str()),
            false => format!("Group {} not found.", id.as_str()),
        };
        modern::DescribedGroup::default()
            .with_error_code(code.code())
            .with_error_message((code == Code::GroupIdNotFound).then(|| text(words)))
            .with_group_id(id)
    });
    ConsumerGroupDescribeResponse::default().with_groups(groups.collect())
}

pub fn delete_groups(request: DeleteGroupsRequest, here: &mut Here<'_>) -> DeleteGroupsResponse {
    let results = request.groups_names.into_iter().map(|id| {
        let deleted = here.cluster.coordinates(here.id, &id).and_then(|()| here.cluster.delete_group(&id));
        let code = deleted.map_or_else(|code| code.code(), |()| 0);
        DeletableGroupResult::default().with_group_id(id).with_error_code(code)
    });
    DeleteGroupsResponse::default().with_results(results.collect())
}
