//! The loops of one broker: everything that it alone can tell.

use super::{Poller, cluster::brokers_only};
use crate::{
    domain::kafka::{Body, BrokerId, KafkaDelta},
    source::{
        kafka::{Lane, Node},
        now,
    },
};
use std::collections::BTreeMap;
use tokio::task::{AbortHandle, JoinSet};

impl Poller {
    /// Keeps one set of loops for each registered broker.
    pub(super) async fn brokers(self) {
        let mut registered = self.shared.brokers.subscribe();
        let mut loops = JoinSet::new();
        let mut running: BTreeMap<BrokerId, (Node, AbortHandle)> = BTreeMap::new();
        loop {
            let nodes = registered.borrow_and_update().clone();
            running.retain(|_, (node, handle)| {
                let stays = nodes.contains(node);
                if !stays {
                    handle.abort();
                }
                stays
            });
            self.forget_absent(&nodes);
            for node in nodes {
                running.entry(node.id).or_insert_with(|| {
                    let handle = loops.spawn(self.clone().broker(node.id));
                    (node, handle)
                });
            }
            tokio::select! {
                changed = registered.changed() => if changed.is_err() { return },
                Some(ended) = loops.join_next() => match ended {
                    // A panic ends the poller, which then starts again.
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    _ => {}
                },
            }
        }
    }

    fn forget_absent(&self, nodes: &[Node]) {
        let gone = |id: &BrokerId| !nodes.iter().any(|n| n.id == *id);
        for who in super::lock(&self.shared.answering).values_mut() {
            who.retain(|id| !gone(id));
        }
        super::lock(&self.shared.pauses).retain(|(_, broker), _| broker.is_none_or(|id| !gone(&id)));
    }

    async fn broker(self, id: BrokerId) {
        tokio::join!(self.contact(id), self.ends(id), self.groups(id), self.disks(id), self.throttle(id));
    }

    async fn contact(&self, id: BrokerId) {
        let mut cadence = self.cadence(1);
        loop {
            let asked = self.client.ask(id, Lane::Quick, brokers_only).await;
            let answer = asked.map(|answer| answer.took).map_err(|e| e.about(&self.client.name(id)));
            self.tell(KafkaDelta::Contact { broker: id, answer, at: now() }).await;
            self.pause(&[Body::Contacts], Some(id), &mut cadence).await;
        }
    }
}
