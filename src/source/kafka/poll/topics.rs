//! Topics and partitions, by Metadata.

use super::{Poller, layout};
use crate::{
    domain::kafka::{Body, BrokerId, KafkaDelta, Partition, Topic, TopicName},
    source::{
        kafka::{Lane, topic},
        now,
    },
};
use kafka_protocol::messages::{
    MetadataRequest, MetadataResponse,
    metadata_response::{MetadataResponsePartition, MetadataResponseTopic},
};
use std::{collections::BTreeMap, sync::Arc};

/// Topics in one delta of the first reading.
const CHUNK: usize = 500;

impl Poller {
    pub(super) async fn topics(self) {
        let mut cadence = self.cadence(1);
        loop {
            cadence.spread_over(self.shared.brokers.borrow().len());
            let asked = self.client.ask_any(Lane::Slow, all_topics).await;
            match super::charge(asked, &mut cadence) {
                Ok(metadata) => self.take_topics(metadata).await,
                Err(error) => self.fail(Body::Topics, error.about("the bootstrap address")).await,
            }
            self.pause(&[Body::Topics], None, &mut cadence).await;
        }
    }

    async fn take_topics(&self, metadata: MetadataResponse) {
        let at = now();
        let before = self.shared.layout.borrow().clone();
        let mut after = BTreeMap::new();
        let mut changed = Vec::new();
        for topic in metadata.topics {
            // A topic on its way in or out has an error and no partitions.
            let Some(text) =
                topic.name.as_ref().filter(|_| topic.error_code == 0 || !topic.partitions.is_empty())
            else {
                continue;
            };
            let (name, print) = (before.name(text.as_str()), layout::print(&topic));
            match before.topics.get(&name).filter(|known| known.print == print) {
                Some(known) => {
                    after.insert(name, known.clone());
                }
                None => {
                    after.insert(name.clone(), layout::Placement { leaders: leaders(&topic), print });
                    changed.push(take_topic(name, topic));
                }
            }
        }
        let removed: Vec<_> =
            before.topics.keys().filter(|name| !after.contains_key(*name)).cloned().collect();
        if changed.is_empty() && removed.is_empty() && !before.topics.is_empty() {
            return self.tell(KafkaDelta::Heard { body: Body::Topics, at }).await;
        }
        // Told before the layout is published, so that no end of a topic comes before the topic.
        self.tell_topics(changed, removed, at).await;
        self.shared.layout.send_replace(Arc::new(layout::Layout { topics: after }));
    }

    async fn tell_topics(&self, changed: Vec<Topic>, removed: Vec<TopicName>, at: crate::domain::time::Time) {
        let total = changed.len() as u64;
        let mut done = 0;
        let mut rest = changed.into_iter();
        self.tell(KafkaDelta::Topics { changed: rest.by_ref().take(CHUNK).collect(), removed, at }).await;
        while rest.len() > 0 {
            done += CHUNK as u64;
            self.tell(KafkaDelta::Progress { body: Body::Topics, done, total: Some(total) }).await;
            let changed = rest.by_ref().take(CHUNK).collect();
            self.tell(KafkaDelta::Topics { changed, removed: Vec::new(), at }).await;
        }
    }
}

fn all_topics(version: i16) -> MetadataRequest {
    MetadataRequest::default().with_topics(None).with_allow_auto_topic_creation(version < 4)
}

/// By index. Indexes have no gaps; one beyond the number of partitions is not believed.
fn leaders(topic: &MetadataResponseTopic) -> Vec<Option<BrokerId>> {
    let mut leaders = vec![None; topic.partitions.len()];
    for partition in &topic.partitions {
        let place = usize::try_from(partition.partition_index).ok().and_then(|i| leaders.get_mut(i));
        if let Some(place) = place {
            *place = leader(partition);
        }
    }
    leaders
}

fn leader(partition: &MetadataResponsePartition) -> Option<BrokerId> {
    Some(BrokerId(partition.leader_id.0)).filter(|id| id.0 >= 0)
}

fn take_topic(name: TopicName, told: MetadataResponseTopic) -> Topic {
    let ids = |ids: &[kafka_protocol::messages::BrokerId]| ids.iter().map(|id| BrokerId(id.0)).collect();
    let mut partitions: Vec<_> = told
        .partitions
        .iter()
        .map(|p| Partition {
            index: p.partition_index,
            leader: leader(p),
            epoch: p.leader_epoch,
            replicas: ids(&p.replica_nodes),
            isr: ids(&p.isr_nodes),
            offline: ids(&p.offline_replicas),
        })
        .collect();
    partitions.sort_by_key(|p| p.index);
    let id = topic::id(&told);
    Topic { name, id, internal: told.is_internal, partitions, config: None }
}
