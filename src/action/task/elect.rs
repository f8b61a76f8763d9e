//! Preferred leaders are restored, where they are in sync.

use super::{At, Next, Part};
use crate::{
    action::{Act, Goal, Known, Step, Write, radius::PartitionName, rights::Deed, topics::ids, words},
    domain::{human, kafka::BrokerId},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The partitions that these brokers should lead; of none, all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elect {
    pub brokers: Vec<BrokerId>,
}

impl Part for Elect {
    fn title(&self) -> String {
        match self.brokers.as_slice() {
            [] => "elect the preferred leaders".into(),
            brokers => format!("give {} back the partitions that they should lead", words::brokers(brokers)),
        }
    }

    fn deeds(&self, _known: &Known<'_>) -> Vec<Deed> {
        vec![Deed::new(Act::Elect)]
    }

    /// It is tried once: what then is led otherwise has its reason elsewhere, and hurts nobody.
    fn next(&self, at: &At<'_>) -> Next {
        let kafka = &at.known.world.snapshot.kafka;
        if !at.done.is_empty() {
            return Next::Done;
        }
        if let Some(wait) = at.blind([("leaders and ISRs", &kafka.topics_feed)]) {
            return wait;
        }
        let partitions = self.astray(at);
        if partitions.is_empty() {
            return Next::Done;
        }
        Next::step(Step {
            title: format!("elect the preferred leaders of {}", human::plural(partitions.len(), "partition")),
            write: Write::Elect {
                ids: ids(at.known, partitions.iter().map(|(topic, _)| topic)),
                partitions: partitions.clone(),
            },
            until: Goal::Led { partitions },
            patience: Duration::from_secs(120),
        })
    }
}

impl Elect {
    /// Led by another, though their preferred leader is in sync.
    fn astray(&self, at: &At<'_>) -> Vec<PartitionName> {
        let kafka = &at.known.world.snapshot.kafka;
        let of =
            |id: Option<BrokerId>| self.brokers.is_empty() || id.is_some_and(|id| self.brokers.contains(&id));
        let mut astray = Vec::new();
        for (name, topic) in &kafka.topics {
            let found = topic.partitions.iter().filter(|p| p.electable() && of(p.preferred_leader()));
            astray.extend(found.map(|p| (name.clone(), p.index)));
        }
        astray
    }
}
