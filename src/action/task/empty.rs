//! A broker holds nothing any more.

use super::{At, Next, Part, Wait, moves};
use crate::{
    action::{Known, reassign, rights::Deed, runbook, words},
    domain::{
        human,
        kafka::{BrokerId, Kafka},
    },
};
use serde::{Deserialize, Serialize};

/// What came onto the broker since it was drained is moved, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {
    pub broker: BrokerId,
    /// For what is still to be moved, in bytes a second.
    pub rate: Option<u64>,
}

impl Part for Empty {
    fn title(&self) -> String {
        format!("see that broker {} holds nothing", self.broker)
    }

    /// What it moves is told only then: of topics, those that the broker holds now.
    fn deeds(&self, known: &Known<'_>) -> Vec<Deed> {
        let topics = &known.world.snapshot.kafka.topics;
        let held = topics.values().filter(|t| t.partitions.iter().any(|p| p.replicas.contains(self.broker)));
        moves::deeds(self.rate, held.map(|topic| &topic.name))
    }

    fn conditions(&self) -> Vec<String> {
        vec!["no replica list names it, and its log dirs hold nothing of them".into()]
    }

    fn next(&self, at: &At<'_>) -> Next {
        let (kafka, id) = (&at.known.world.snapshot.kafka, self.broker);
        let feeds = [
            ("replicas", &kafka.topics_feed),
            ("registered brokers", &kafka.cluster_feed),
            ("reassignments", &kafka.reassignments.feed),
        ];
        if let Some(wait) = at.blind(feeds) {
            return wait;
        }
        if self.is_moving(kafka) {
            return Next::wait(format!("reassignments that broker {id} has a part in to end"));
        }
        if kafka.brokers.get(&id).is_some_and(|broker| broker.named > 0) {
            return match reassign::off(at.known, id) {
                Ok(changes) => {
                    let moves = runbook::moves(at.known, &changes, self.rate);
                    Next::Unfold(moves.into_iter().chain([self.clone().into()]).collect())
                }
                Err(why) => Next::Stop(why),
            };
        }
        self.leftovers(at).unwrap_or(Next::Done)
    }

    fn at_rate(&self, rate: u64) -> Option<super::Task> {
        Some(Empty { rate: Some(rate), ..self.clone() }.into())
    }
}

impl Empty {
    fn is_moving(&self, kafka: &Kafka) -> bool {
        let moves = kafka.reassignments.last();
        moves.is_some_and(|all| all.iter().any(|r| r.replicas.contains(self.broker)))
    }

    /// The wait for its log dirs: what they hold of partitions that are there still is about to be deleted. Of a
    /// broker that is away nothing can be looked at.
    fn leftovers(&self, at: &At<'_>) -> Option<Next> {
        let (kafka, id) = (&at.known.world.snapshot.kafka, self.broker);
        let broker = kafka.brokers.get(&id).filter(|broker| broker.registered)?;
        let read = broker.log_dirs.feed.heard() >= Some(at.since);
        let Some(logs) = broker.log_dirs.live(at.known.world.now).filter(|_| read) else {
            return Some(Next::wait(format!("the log dirs of {} to be read", words::brokers(&[id]))));
        };
        let there = |topic: &str, partition: i32| {
            kafka.topics.get(topic).is_some_and(|topic| topic.partition(partition).is_some())
        };
        let left = logs.replicas.iter().flat_map(|(topic, logs)| logs.iter().map(move |log| (topic, log)));
        let left: Vec<u64> =
            left.filter(|(topic, log)| there(topic, log.partition)).map(|(_, log)| log.bytes).collect();
        (!left.is_empty()).then(|| {
            let (n, bytes) = (human::plural(left.len(), "replica"), human::bytes(left.iter().sum()));
            Next::Wait(Wait::new(format!("broker {id} to delete {n} ({bytes}) that are elsewhere now")))
        })
    }
}
