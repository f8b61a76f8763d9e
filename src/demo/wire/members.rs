//! Consumers that join groups over the wire, by the classic protocol.
//!
//! Joining and syncing wait for the other members; each keeps its own connection waiting.

use super::{
    answer,
    broker::{Broker, Here, text},
    frame::{self, Asked},
};
use crate::{
    demo::world::kafka::{Code, Join, Joined},
    domain::Text,
};
use bytes::Bytes;
use kafka_protocol::{
    messages::{
        HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
        LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
        join_group_response::JoinGroupResponseMember, leave_group_response::MemberResponse,
    },
    protocol::StrBytes,
};
use std::time::Duration;
use tokio::time::Instant;

const LOOK: Duration = Duration::from_millis(100);
/// A leader that does not say for so long who reads what is waited for no more; the members join anew.
const SYNC: Duration = Duration::from_secs(60);

pub async fn join(broker: &Broker, asked: &Asked, host: &str) -> Option<Bytes> {
    let request: JoinGroupRequest = answer::read(asked)?;
    let group = request.group_id.to_string();
    let admitted = broker.see(asked, host, |here| admit(&group, request, here))?;
    let (told, member) = match admitted {
        Err((code, member)) => (Err(code), member),
        Ok(member) => loop {
            let joined = broker.see(asked, host, |here| {
                here.cluster.coordinates(here.id, &group)?;
                here.cluster.joined(&group, &member)
            })?;
            match joined {
                Ok(None) => tokio::time::sleep(LOOK).await,
                Ok(Some(joined)) => break (Ok(joined), member),
                Err(code) => break (Err(code), member),
            }
        },
    };
    frame::close(asked, asked.version, &told_of_join(told, &member, asked.version))
}

fn admit(group: &str, request: JoinGroupRequest, here: &mut Here<'_>) -> Result<Text, (Code, Text)> {
    let member = Text::from(request.member_id.as_str());
    here.cluster.coordinates(here.id, group).map_err(|code| (code, member.clone()))?;
    // The first version has one time for both.
    let rebalance = if here.version == 0 { request.session_timeout_ms } else { request.rebalance_timeout_ms };
    let join = Join {
        member,
        client: here.client_id.into(),
        host: here.host.into(),
        kind: request.protocol_type.as_str().into(),
        protocols: request.protocols.into_iter().map(|p| (Text::from(p.name.as_str()), p.metadata)).collect(),
        session_ms: request.session_timeout_ms,
        rebalance_ms: rebalance,
        returns: here.version >= 4,
    };
    here.cluster.join_group(group, join, here.random)
}

fn told_of_join(joined: Result<Joined, Code>, member: &str, version: i16) -> JoinGroupResponse {
    let told = JoinGroupResponse::default().with_member_id(text(member));
    match joined {
        Err(code) => told
            .with_error_code(code.code())
            .with_generation_id(-1)
            .with_protocol_name(Some(StrBytes::default())),
        Ok(joined) => {
            let members = joined.members.into_iter().map(|(id, said)| {
                JoinGroupResponseMember::default().with_member_id(text(&*id)).with_metadata(said)
            });
            let told = if version >= 7 { told.with_protocol_type(Some(text(&*joined.kind))) } else { told };
            told.with_generation_id(joined.generation)
                .with_protocol_name(Some(text(&*joined.protocol)))
                .with_leader(text(&*joined.leader))
                .with_members(members.collect())
        }
    }
}

pub async fn sync(broker: &Broker, asked: &Asked, host: &str) -> Option<Bytes> {
    let request: SyncGroupRequest = answer::read(asked)?;
    let (group, member) = (request.group_id.as_str(), request.member_id.as_str());
    let brought =
        request.assignments.iter().map(|a| (Text::from(a.member_id.as_str()), a.assignment.clone()));
    let mut brought: Vec<_> = brought.collect();
    let deadline = Instant::now() + SYNC;
    let given = loop {
        let given = broker.see(asked, host, |here| {
            here.cluster.coordinates(here.id, group)?;
            here.cluster.sync_group(group, member, request.generation_id, std::mem::take(&mut brought))
        })?;
        match given {
            Ok(None) if Instant::now() < deadline => tokio::time::sleep(LOOK).await,
            Ok(None) => break Err(Code::RebalanceInProgress),
            Ok(Some(given)) => break Ok(given),
            Err(code) => break Err(code),
        }
    };
    let told = SyncGroupResponse::default();
    let told = match given {
        Err(code) => told.with_error_code(code.code()),
        Ok(given) if asked.version >= 5 => told
            .with_assignment(given)
            .with_protocol_type(request.protocol_type)
            .with_protocol_name(request.protocol_name),
        Ok(given) => told.with_assignment(given),
    };
    frame::close(asked, asked.version, &told)
}

pub fn heartbeat(request: HeartbeatRequest, here: &mut Here<'_>) -> HeartbeatResponse {
    let (group, member) = (request.group_id.as_str(), request.member_id.as_str());
    let known = here.cluster.coordinates(here.id, group);
    let heard = known.and_then(|()| here.cluster.heartbeat(group, member, request.generation_id));
    HeartbeatResponse::default().with_error_code(heard.map_or_else(|code| code.code(), |()| 0))
}

pub fn leave(request: LeaveGroupRequest, here: &mut Here<'_>) -> LeaveGroupResponse {
    let group = request.group_id.as_str();
    if let Err(code) = here.cluster.coordinates(here.id, group) {
        return LeaveGroupResponse::default().with_error_code(code.code());
    }
    let mut left = |member: &str| {
        let left = here.cluster.leave_group(group, member);
        left.map_or_else(|code| code.code(), |()| 0)
    };
    // Up to version 2 one leaves at a time.
    if here.version < 3 {
        return LeaveGroupResponse::default().with_error_code(left(&request.member_id));
    }
    let members = request.members.into_iter().map(|member| {
        let code = left(&member.member_id);
        MemberResponse::default().with_member_id(member.member_id).with_error_code(code)
    });
    LeaveGroupResponse::default().with_members(members.collect())
}
