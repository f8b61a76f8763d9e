//! What is typed for a reassignment: nothing, `to 1,2,3`, `off 4`, or a file's JSON; and which partitions
//! it is about.

use super::planner::{Part, Site};
use crate::domain::{
    human,
    kafka::{BrokerId, Kafka, Topic, TopicName},
    object::Object,
};
use std::collections::{BTreeMap, BTreeSet};

/// How the output of `kafka-reassign-partitions --generate` begins.
const GENERATED: &str = "Current partition replica assignment";
/// So many characters of what is not understood are said again.
const SAID: usize = 40;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish<'a> {
    /// The planner decides: replicas of brokers that are away are replaced, and racks spread.
    Mend,
    /// All replicas are on these brokers.
    To(Vec<BrokerId>),
    /// No replica is on these brokers.
    Off(Vec<BrokerId>),
    Json(&'a str),
}

impl<'a> Wish<'a> {
    pub fn parse(argument: &'a str, kafka: &Kafka) -> Result<Wish<'a>, String> {
        let argument = argument.trim();
        match argument.split_once(char::is_whitespace) {
            _ if argument.is_empty() => Ok(Wish::Mend),
            _ if argument.starts_with('{') || argument.starts_with(GENERATED) => Ok(Wish::Json(argument)),
            Some(("to", ids)) => brokers(ids, kafka, true).map(Wish::To),
            Some(("off", ids)) => brokers(ids, kafka, false).map(Wish::Off),
            _ => Err(format!(
                "{:?} says nothing about brokers; type `to 1,2,3`, `off 4`, @FILE, or nothing to \
                 let castellan mend what is wrong, and `at 50MiB` behind it for a throttle",
                argument.chars().take(SAID).collect::<String>()
            )),
        }
    }
}

/// Ids with commas or spaces between them.
fn brokers(text: &str, kafka: &Kafka, registered: bool) -> Result<Vec<BrokerId>, String> {
    let mut ids: Vec<BrokerId> = Vec::new();
    for word in text.split([',', ' ']).filter(|w| !w.is_empty()) {
        let id = word.parse().map(BrokerId).map_err(|_| format!("{word:?} is not the id of a broker"))?;
        if ids.contains(&id) {
            return Err(format!("broker {id} is named twice"));
        }
        match kafka.brokers.get(&id) {
            Some(broker) if broker.registered || !registered => ids.push(id),
            Some(_) => return Err(format!("broker {id} is not registered; choose one that is up")),
            None => {
                let known = kafka.brokers.values().filter(|b| b.registered).map(|b| b.id);
                return Err(format!("there is no broker {id}; there are {}", human::list(known, 12)));
            }
        }
    }
    if ids.is_empty() { Err("type the ids of brokers, as in `to 1,2,3`".into()) } else { Ok(ids) }
}

/// The partitions that are selected, by topic; brokers stand for all partitions on them.
#[derive(Default)]
pub struct Scope {
    topics: BTreeMap<TopicName, Option<BTreeSet<i32>>>,
    /// Everything on these goes off them.
    pub brokers: Vec<BrokerId>,
}

impl Scope {
    pub fn of(objects: &[Object]) -> Result<Scope, String> {
        let mut scope = Scope::default();
        for object in objects {
            match object {
                Object::Broker(id) => scope.brokers.push(*id),
                Object::Topic(topic) => drop(scope.topics.insert(topic.clone(), None)),
                Object::Partition(topic, partition) | Object::GroupPartition(_, topic, partition) => {
                    if let Some(some) =
                        scope.topics.entry(topic.clone()).or_insert_with(|| Some(BTreeSet::new()))
                    {
                        some.insert(*partition);
                    }
                }
                other => return Err(format!("a {} has no partitions to move", other.noun())),
            }
        }
        Ok(scope)
    }

    pub fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.brokers.is_empty()
    }

    pub fn only_brokers(&self) -> bool {
        self.topics.is_empty() && !self.brokers.is_empty()
    }

    /// Whether a partition on these replicas is meant.
    pub fn has(&self, topic: &str, partition: i32, replicas: &[BrokerId]) -> bool {
        let named = match self.topics.get(topic) {
            Some(None) => true,
            Some(Some(some)) => some.contains(&partition),
            None => false,
        };
        named || self.brokers.iter().any(|id| replicas.contains(id))
    }

    /// The topics that may have partitions that are meant: where some are named only these, else all.
    pub fn among<'a>(&self, kafka: &'a Kafka) -> Vec<(&'a TopicName, &'a Topic)> {
        if self.topics.is_empty() || !self.brokers.is_empty() {
            return kafka.topics.iter().collect();
        }
        self.topics.keys().filter_map(|name| kafka.topics.get_key_value(name)).collect()
    }

    /// What is meant, of nothing everything.
    pub fn parts_or_all<'a>(&self, kafka: &'a Kafka) -> Result<Vec<Part<'a>>, String> {
        if !self.is_empty() {
            return self.parts(kafka);
        }
        let mut parts = Vec::with_capacity(kafka.census.totals.partitions as usize);
        for (name, topic) in &kafka.topics {
            parts.extend(Part::of_topic(kafka, name, topic));
        }
        Ok(parts)
    }

    /// What is meant, in the order of names; an error names what is gone.
    pub fn parts<'a>(&self, kafka: &'a Kafka) -> Result<Vec<Part<'a>>, String> {
        for (topic, some) in &self.topics {
            let known =
                kafka.topics.get(topic).ok_or_else(|| format!("there is no topic {topic} any more"))?;
            let gone = some.iter().flatten().find(|p| known.partition(**p).is_none());
            if let Some(partition) = gone {
                return Err(format!("there is no partition {topic}-{partition} any more"));
            }
        }
        let mut parts = Vec::new();
        for (name, topic) in self.among(kafka) {
            let all = Part::of_topic(kafka, name, topic);
            parts.extend(all.filter(|p| self.has(name, p.partition.index, &p.partition.replicas)));
        }
        Ok(parts)
    }
}

/// Says of each broker whether it may take and keep replicas.
pub fn restrict(sites: &mut [Site], wish: &Wish<'_>, scope: &Scope) {
    for site in sites {
        let leaving = scope.brokers.contains(&site.id);
        let (takes, keeps) = match wish {
            Wish::Off(off) => (!off.contains(&site.id), !off.contains(&site.id)),
            // Only what is on the selected brokers has to move.
            Wish::To(to) if scope.only_brokers() => (to.contains(&site.id) && !leaving, !leaving),
            Wish::To(to) => (to.contains(&site.id), to.contains(&site.id)),
            Wish::Mend | Wish::Json(_) => (!leaving, !leaving && (site.up || scope.only_brokers())),
        };
        (site.takes, site.keeps) = (takes && site.up, keeps);
    }
}
