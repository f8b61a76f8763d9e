//! The cluster itself: who is registered, who controls, the quorum, what is being reassigned.

use super::Poller;
use crate::{
    domain::{
        Text,
        kafka::{Body, BrokerId, KafkaDelta, Quorum, Reassignment, Voter},
    },
    source::{
        kafka::{Error, Lane, Matter, Node, PATIENCE, check},
        now,
    },
};
use kafka_protocol::{
    messages::{
        DescribeQuorumRequest, DescribeQuorumResponse, ListPartitionReassignmentsRequest,
        ListPartitionReassignmentsResponse, MetadataRequest, MetadataResponse, TopicName,
        describe_quorum_request as quorum, describe_quorum_response::ReplicaState,
    },
    protocol::StrBytes,
};
use std::time::Duration;

impl Poller {
    pub(super) async fn cluster(self) {
        let mut cadence = self.cadence(1);
        loop {
            let asked = self.client.ask_any(Lane::Quick, brokers_only).await;
            match super::charge(asked, &mut cadence) {
                Ok(metadata) => self.take_cluster(metadata).await,
                Err(error) => {
                    self.fail(Body::Cluster, error.about("the bootstrap address")).await;
                }
            }
            if let Some(route) = self.client.route() {
                self.tell(KafkaDelta::Route(route)).await;
            }
            self.pause(&[Body::Cluster], None, &mut cadence).await;
        }
    }

    async fn take_cluster(&self, metadata: MetadataResponse) {
        let brokers: Vec<_> = metadata.brokers.iter().map(registered).collect();
        let node = |(id, host, port, _): &(BrokerId, Text, u16, Option<Text>)| Node {
            id: *id,
            host: host.clone(),
            port: *port,
        };
        let nodes: Vec<_> = brokers.iter().map(node).collect();
        let id = metadata.cluster_id.as_ref().map(|id| Text::from(id.as_str()));
        self.client.learn(id.clone(), &nodes);
        self.shared.brokers.send_if_modified(|known| std::mem::replace(known, nodes.clone()) != nodes);
        // Only with ZooKeeper does Metadata name the controller; a KRaft broker names any broker there, and
        // the quorum's leader is it.
        let named = Some(BrokerId(metadata.controller_id.0)).filter(|id| id.0 >= 0);
        let controller = super::lock(&self.shared.zookeeper).then_some(named);
        *super::lock(&self.shared.named_controller) = named;
        self.tell(KafkaDelta::Cluster { id, controller, brokers, at: now() }).await;
    }

    /// The quorum and the reassignments: what the controller alone tells, so that one which hangs holds up
    /// nothing else.
    pub(super) async fn controller(self) {
        let mut cadence = self.cadence(1);
        let mut registered = self.shared.brokers.subscribe();
        if registered.wait_for(|brokers| !brokers.is_empty()).await.is_err() {
            return;
        }
        let mut looks = self.client.written().looks(|matter| *matter == Matter::Reassignments);
        loop {
            let quorum = self.quorum().await;
            let zookeeper = matches!(quorum, Err(Error::Unsupported(_)));
            *super::lock(&self.shared.zookeeper) = zookeeper;
            let answer = quorum.map_err(|e| match e {
                Error::Unsupported(_) => {
                    "no KRaft quorum: the cluster keeps its metadata in ZooKeeper".into()
                }
                other => unanswered(&other),
            });
            self.tell(KafkaDelta::Quorum { answer, at: now() }).await;
            let answer = self.reassignments(zookeeper).await;
            let answer = answer.map_err(|e| unanswered(&e));
            self.suspect(answer.iter().flatten().map(|r| r.topic.clone()));
            self.tell(KafkaDelta::Reassignments { answer, at: now() }).await;
            tokio::select! {
                () = self.pause(&[Body::Quorum, Body::Reassignments], None, &mut cadence) => {}
                _ = looks.due() => {}
            }
        }
    }

    async fn quorum(&self) -> Result<Quorum, Error> {
        let partition = quorum::PartitionData::default();
        let topic = quorum::TopicData::default()
            .with_topic_name(TopicName(StrBytes::from_static_str("__cluster_metadata")))
            .with_partitions(vec![partition]);
        let request = DescribeQuorumRequest::default().with_topics(vec![topic]);
        let answer = self.client.ask_controller(None, |_| request.clone()).await?.value;
        take_quorum(answer)
    }

    async fn reassignments(&self, zookeeper: bool) -> Result<Vec<Reassignment>, Error> {
        let timeout = i32::try_from(PATIENCE.as_millis()).unwrap_or(i32::MAX);
        let request = ListPartitionReassignmentsRequest::default().with_timeout_ms(timeout).with_topics(None);
        let controller = super::lock(&self.shared.named_controller).filter(|_| zookeeper);
        let answer = self.client.ask_controller(controller, |_| request.clone()).await?.value;
        take_reassignments(answer)
    }
}

/// A broker that passed the request on in vain need not be at fault itself.
fn unanswered(error: &Error) -> Text {
    match error {
        Error::Nobody(why) => format!("the controller does not answer; asked through brokers: {why}").into(),
        other => other.about("the controller"),
    }
}

/// Metadata of no topic at all: the brokers alone.
pub fn brokers_only(version: i16) -> MetadataRequest {
    // From version 4 a request can forbid that asking for a topic creates it.
    MetadataRequest::default().with_topics(Some(Vec::new())).with_allow_auto_topic_creation(version < 4)
}

fn registered(
    broker: &kafka_protocol::messages::metadata_response::MetadataResponseBroker,
) -> (BrokerId, Text, u16, Option<Text>) {
    let port = u16::try_from(broker.port).unwrap_or(0);
    let rack = broker.rack.as_ref().map(|r| Text::from(r.as_str()));
    (BrokerId(broker.node_id.0), broker.host.as_str().into(), port, rack)
}

fn take_quorum(answer: DescribeQuorumResponse) -> Result<Quorum, Error> {
    check(answer.error_code, answer.error_message.as_deref())?;
    let partition = answer.topics.first().and_then(|t| t.partitions.first());
    let partition = partition.ok_or_else(|| Error::Refused("no metadata partition is described".into()))?;
    check(partition.error_code, partition.error_message.as_deref())?;
    let leader = partition.leader_id;
    // The leader answers with its own clock as the time when it was caught up.
    let now =
        partition.current_voters.iter().find(|v| v.replica_id == leader).map(|v| v.last_caught_up_timestamp);
    let voter = |state: &ReplicaState| Voter {
        id: BrokerId(state.replica_id.0),
        log_end: state.log_end_offset,
        behind: behind(now, state.last_caught_up_timestamp),
    };
    Ok(Quorum {
        leader: Some(BrokerId(leader.0)).filter(|id| id.0 >= 0),
        epoch: partition.leader_epoch,
        voters: partition.current_voters.iter().map(voter).collect(),
        observers: partition.observers.iter().map(voter).collect(),
    })
}

/// −1 is "unknown" on both sides.
fn behind(now: Option<i64>, caught_up: i64) -> Option<Duration> {
    let now = now.filter(|t| *t >= 0)?;
    let caught_up = Some(caught_up).filter(|t| *t >= 0)?;
    Some(Duration::from_millis(u64::try_from(now - caught_up).unwrap_or(0)))
}

fn take_reassignments(answer: ListPartitionReassignmentsResponse) -> Result<Vec<Reassignment>, Error> {
    check(answer.error_code, answer.error_message.as_deref())?;
    let ids = |ids: &[kafka_protocol::messages::BrokerId]| ids.iter().map(|id| BrokerId(id.0)).collect();
    let mut all = Vec::new();
    for topic in &answer.topics {
        let name = Text::from(topic.name.as_str());
        all.extend(topic.partitions.iter().map(|p| Reassignment {
            topic: name.clone(),
            partition: p.partition_index,
            replicas: ids(&p.replicas),
            adding: ids(&p.adding_replicas),
            removing: ids(&p.removing_replicas),
        }));
    }
    all.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    Ok(all)
}
