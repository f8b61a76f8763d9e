//! Log end offsets, asked of each partition's leader, thousands of partitions a request.

use super::{
    Poller,
    cadence::Cadence,
    layout::{Partitions, chunks},
};
use crate::{
    domain::kafka::{Body, BrokerId, KafkaDelta, TopicName},
    source::{
        kafka::{Error, Lane},
        now,
    },
};
use kafka_protocol::{
    messages::{
        BrokerId as WireBroker, ListOffsetsRequest, ListOffsetsResponse, TopicName as WireTopic,
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    },
    protocol::StrBytes,
};
use std::collections::{BTreeSet, HashMap};

/// Partitions a request: an answer of about 150 KB.
const CHUNK: usize = 5_000;
/// The timestamp that asks for the log end (the high watermark, for a consumer).
const LATEST: i64 = -1;

/// What was told of every partition so far; −1 where nothing was.
#[derive(Debug, Default)]
pub struct Ends(HashMap<TopicName, Vec<i64>>);

impl Ends {
    /// Takes in some ends; returns every topic where one moved, whole.
    fn take(
        &mut self,
        told: Vec<(TopicName, Vec<(i32, i64)>)>,
        sizes: &super::Layout,
    ) -> Vec<(TopicName, Vec<i64>)> {
        let mut moved = BTreeSet::new();
        for (name, ends) in told {
            let Some(placement) = sizes.topics.get(&name) else { continue };
            let known = self.0.entry(name.clone()).or_default();
            if known.len() != placement.leaders.len() {
                known.resize(placement.leaders.len(), -1);
            }
            for (index, end) in ends {
                let Some(place) = usize::try_from(index).ok().and_then(|i| known.get_mut(i)) else {
                    continue;
                };
                if *place != end {
                    *place = end;
                    moved.insert(name.clone());
                }
            }
        }
        moved.into_iter().filter_map(|name| Some((name.clone(), self.0.get(&name)?.clone()))).collect()
    }

    fn forget_absent(&mut self, layout: &super::Layout) {
        self.0.retain(|name, _| layout.topics.contains_key(name));
    }
}

impl Poller {
    /// The ends of what one broker leads.
    pub(super) async fn ends(&self, id: BrokerId) {
        let mut cadence = self.cadence(1);
        let mut layouts = self.shared.layout.subscribe();
        // Nothing can be asked before the first layout.
        if layouts.wait_for(|layout| !layout.topics.is_empty()).await.is_err() {
            return;
        }
        loop {
            let led = self.shared.layout.borrow().led_by(id);
            let mut answer = Ok(());
            for chunk in chunks(led, CHUNK) {
                answer = self.ends_of(id, &chunk, &mut cadence).await;
                if answer.is_err() {
                    break;
                }
            }
            let answer = answer.map_err(|e| e.about(&self.client.name(id)));
            self.tell(KafkaDelta::Led { broker: id, answer: answer.clone(), at: now() }).await;
            self.told(Body::Ends, id, answer).await;
            self.pause(&[Body::Ends], Some(id), &mut cadence).await;
        }
    }

    async fn ends_of(
        &self,
        id: BrokerId,
        partitions: &Partitions,
        cadence: &mut Cadence,
    ) -> Result<(), Error> {
        let asked = self.client.ask(id, Lane::Quick, |_| latest(partitions)).await;
        let told = take_ends(super::charge(asked, cadence)?, &self.shared.layout.borrow());
        let at = now();
        // Held until it is told: a topic is told whole, and what another broker told of it is not to be undone.
        let mut ends = self.shared.ends.lock().await;
        let layout = self.shared.layout.borrow().clone();
        ends.forget_absent(&layout);
        let changed = ends.take(told, &layout);
        if !changed.is_empty() {
            self.tell(KafkaDelta::Ends { changed, at }).await;
        }
        Ok(())
    }
}

fn latest(partitions: &Partitions) -> ListOffsetsRequest {
    let partition =
        |index: &i32| ListOffsetsPartition::default().with_partition_index(*index).with_timestamp(LATEST);
    let topic = |(name, indexes): &(TopicName, Vec<i32>)| {
        ListOffsetsTopic::default()
            .with_name(WireTopic(StrBytes::from_string(name.to_string())))
            .with_partitions(indexes.iter().map(partition).collect())
    };
    ListOffsetsRequest::default()
        .with_replica_id(WireBroker(-1))
        .with_topics(partitions.iter().map(topic).collect())
}

/// A partition that the broker no longer leads is left as it was: the next layout names its leader.
fn take_ends(answer: ListOffsetsResponse, layout: &super::Layout) -> Vec<(TopicName, Vec<(i32, i64)>)> {
    let topic = |topic: &kafka_protocol::messages::list_offsets_response::ListOffsetsTopicResponse| {
        let told = topic.partitions.iter().filter(|p| p.error_code == 0 && p.offset >= 0);
        (layout.name(topic.name.as_str()), told.map(|p| (p.partition_index, p.offset)).collect())
    };
    answer.topics.iter().map(topic).collect()
}
