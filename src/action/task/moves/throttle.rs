//! A move's throttle: set before anything moves, and what was there before when nothing does any more.
//!
//! Source: KIP-73. As Cruise Control does, entries are added to lists and taken away from them, and `*` stays.

use super::{At, Move, Next, look::Legs};
use crate::{
    action::{
        Goal, Known, Step, Write,
        reassign::Change,
        words,
        write::{ConfigChange, ConfigHow, ConfigOf},
    },
    domain::kafka::{
        Broker, BrokerId, Kafka, Side, Throttle, TopicName,
        throttle::{ALL, replica, replicas},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Settings are read again soon after they were written.
const PATIENCE: Duration = Duration::from_secs(120);

/// The throttles of the topics that move and of the brokers that take part, as they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Throttles {
    /// The lists of throttled replicas, of the leader's side and of the follower's.
    topics: BTreeMap<TopicName, [Option<String>; 2]>,
    brokers: Vec<(BrokerId, Throttle)>,
    /// Something moved then: the rates may have been for that, and are of no use once nothing moves.
    busy: bool,
}

impl Throttles {
    pub fn of(known: &Known<'_>, legs: &[Change]) -> Throttles {
        let kafka = &known.world.snapshot.kafka;
        let lists = |name: &TopicName| {
            let topic = kafka.topics.get(name)?;
            let lists = Side::BOTH.map(|side| side.list(topic).map(String::from));
            lists.iter().any(Option::is_some).then_some(lists)
        };
        let names: BTreeSet<&TopicName> = legs.iter().map(|leg| &leg.topic).collect();
        let rates = |id| Some((id, *kafka.brokers.get(&id)?.throttle.last()?));
        Throttles {
            topics: names.into_iter().filter_map(|name| Some((name.clone(), lists(name)?))).collect(),
            brokers: brokers(legs.iter())
                .into_iter()
                .filter_map(rates)
                .filter(|(_, t)| *t != Throttle::default())
                .collect(),
            busy: kafka.reassignments.last().is_some_and(|moves| !moves.is_empty()),
        }
    }

    fn list(&self, topic: &TopicName, side: Side) -> Option<&str> {
        self.topics.get(topic)?[side as usize].as_deref().filter(|list| !list.is_empty())
    }

    fn rate(&self, broker: BrokerId, side: Side) -> Option<u64> {
        let throttle = self.brokers.iter().find(|(id, _)| *id == broker);
        throttle.and_then(|(_, throttle)| side.rate(*throttle))
    }
}

/// Those that give or get a copy.
fn brokers<'a>(legs: impl Iterator<Item = &'a Change>) -> BTreeSet<BrokerId> {
    let copying = legs.filter(|leg| leg.added().next().is_some());
    copying.flat_map(|leg| leg.from.iter().copied().chain(leg.added())).collect()
}

/// What each topic's list has to name: of the leader's side every replica that there is, as any may come to lead.
fn entries<'a>(
    legs: impl Iterator<Item = &'a Change>,
    side: Side,
) -> BTreeMap<&'a TopicName, BTreeSet<String>> {
    let mut all: BTreeMap<&TopicName, BTreeSet<String>> = BTreeMap::new();
    for leg in legs.filter(|leg| leg.added().next().is_some()) {
        let ids: Vec<BrokerId> = match side {
            Side::Leader => leg.from.clone(),
            Side::Follower => leg.added().collect(),
        };
        all.entry(&leg.topic).or_default().extend(ids.into_iter().map(|id| replica(leg.partition, id)));
    }
    all
}

fn change(of: ConfigOf, name: &str, how: ConfigHow) -> ConfigChange {
    ConfigChange { of, name: name.into(), how }
}

fn joined<T: AsRef<str>>(entries: impl IntoIterator<Item = T>) -> String {
    let entries: Vec<String> = entries.into_iter().map(|e| e.as_ref().to_string()).collect();
    entries.join(",")
}

/// The rate that a broker's side was last given by steps that were reached; None: they gave none.
fn given<'a>(at: &At<'a>, broker: BrokerId, side: Side) -> Option<&'a ConfigHow> {
    let all = at.done.iter().rev().filter_map(|step| match &step.write {
        Write::Configure { changes, .. } => Some(changes),
        _ => None,
    });
    let mut of = all.flatten().filter(|c| c.of == ConfigOf::Broker(broker) && c.name == side.rate_key());
    of.next().map(|c| &c.how)
}

impl Move {
    /// What is to be done before these may copy; None: nothing.
    pub fn brake<'a>(&self, at: &At<'_>, legs: impl Iterator<Item = &'a Change>) -> Option<Next> {
        let rate = self.rate?;
        let copying: Vec<&Change> = legs.filter(|leg| leg.added().next().is_some()).collect();
        if copying.is_empty() {
            return None;
        }
        let kafka = &at.known.world.snapshot.kafka;
        let changes = self.named_too_few(at, kafka, &copying).and_then(|mut changes| {
            changes.extend(self.untuned(at, kafka, &copying, rate)?);
            Ok(changes)
        });
        match changes {
            Err(wait) => Some(wait),
            Ok(changes) if changes.is_empty() => None,
            Ok(changes) => Some(self.configure("throttle the replicas that move".into(), changes)),
        }
    }

    /// Entries that the topics' lists lack.
    fn named_too_few(&self, at: &At<'_>, kafka: &Kafka, legs: &[&Change]) -> Result<Vec<ConfigChange>, Next> {
        let mut changes = Vec::new();
        for side in Side::BOTH {
            for (name, wanted) in entries(legs.iter().copied(), side) {
                let set: BTreeSet<&str> = self.list(at, kafka, name, side)?.into_iter().collect();
                let missing: Vec<&String> =
                    wanted.iter().filter(|entry| !set.contains(entry.as_str())).collect();
                if set.contains(ALL) || missing.is_empty() {
                    continue;
                }
                let how = ConfigHow::Append(joined(missing));
                changes.push(change(ConfigOf::Topic(name.clone()), side.replicas_key(), how));
            }
        }
        Ok(changes)
    }

    /// Rates that are not set, or were set before this one was wanted. What somebody else set since is left:
    /// two who share a broker would set it to and fro.
    fn untuned(
        &self,
        at: &At<'_>,
        kafka: &Kafka,
        legs: &[&Change],
        rate: u64,
    ) -> Result<Vec<ConfigChange>, Next> {
        let leader = |leg: &&Change| kafka.topics.get(&leg.topic)?.partition(leg.partition)?.leader;
        let needed: BTreeSet<BrokerId> =
            legs.iter().filter_map(leader).chain(legs.iter().flat_map(|leg| leg.added())).collect();
        let mut changes = Vec::new();
        for id in brokers(legs.iter().copied()) {
            let Some(broker) = kafka.brokers.get(&id).filter(|broker| broker.registered) else { continue };
            let Some(throttle) = broker.throttle.live(at.known.world.now) else {
                if needed.contains(&id) {
                    return Err(Next::wait(format!("the throttles of broker {id} to be read again")));
                }
                continue;
            };
            for side in Side::BOTH {
                let set = side.rate(*throttle);
                let wanted = ConfigHow::Set(rate.to_string());
                let theirs = set.is_some() && given(at, id, side) == Some(&wanted);
                if set != Some(rate) && !theirs {
                    changes.push(change(ConfigOf::Broker(id), side.rate_key(), wanted));
                }
            }
        }
        Ok(changes)
    }

    /// The entries that are set on a topic; of one that is gone none.
    fn list<'k>(
        &self,
        at: &At<'_>,
        kafka: &'k Kafka,
        name: &TopicName,
        side: Side,
    ) -> Result<Vec<&'k str>, Next> {
        let Some(topic) = kafka.topics.get(name) else { return Ok(Vec::new()) };
        if topic.config.is_none() || kafka.configs_feed.failure().is_some() {
            return Err(at
                .blind([("topics' settings", &kafka.configs_feed)])
                .unwrap_or_else(|| Next::wait(format!("the settings of {name} to be read"))));
        }
        Ok(side.list(topic).map(|list| replicas(list).collect()).unwrap_or_default())
    }

    /// Puts back what throttles were there before, where nothing of it moves any more.
    pub fn lift(&self, at: &At<'_>, legs: &Legs<'_>) -> Next {
        if self.rate.is_none() {
            return Next::Done;
        }
        let kafka = &at.known.world.snapshot.kafka;
        let mut away = Vec::new();
        let changes = self.named_too_many(at, kafka, legs).and_then(|mut changes| {
            changes.extend(self.unrestored(at, kafka, &mut away)?);
            Ok(changes)
        });
        match changes {
            Err(wait) => wait,
            Ok(changes) if !changes.is_empty() => self.configure("take the throttle away".into(), changes),
            Ok(_) if away.is_empty() => Next::Done,
            Ok(_) => {
                let brokers = words::brokers(&away);
                Next::wait(format!("{brokers} to come back, for the throttle to be taken away there"))
            }
        }
    }

    /// Entries of its own that the topics' lists still have.
    fn named_too_many(&self, at: &At<'_>, kafka: &Kafka, legs: &Legs<'_>) -> Result<Vec<ConfigChange>, Next> {
        let mut changes = Vec::new();
        let gone: BTreeSet<&TopicName> = legs.gone.iter().map(|leg| &leg.topic).collect();
        for side in Side::BOTH {
            for (name, mut own) in entries(self.legs.iter(), side) {
                let Some(topic) = kafka.topics.get(name).filter(|_| !gone.contains(name)) else { continue };
                let before = self.before.list(name, side);
                let theirs: BTreeSet<&str> = replicas(before.unwrap_or_default()).collect();
                own.retain(|entry| !theirs.contains(entry.as_str()));
                let set = self.list(at, kafka, name, side)?;
                let (own, others): (Vec<&str>, Vec<&str>) =
                    set.into_iter().partition(|entry| own.contains(*entry));
                // Taken away entry by entry, the last would leave an empty list set on the topic. What was there
                // before may have gone since: its owner was done, or it was of a deleted topic of this name.
                let empty = others.is_empty() && side.list(topic).is_some();
                let how = match (own.is_empty(), empty) {
                    (_, true) => ConfigHow::Remove,
                    (false, false) => ConfigHow::Subtract(joined(own)),
                    (true, false) => continue,
                };
                changes.push(change(ConfigOf::Topic(name.clone()), side.replicas_key(), how));
            }
        }
        Ok(changes)
    }

    /// Rates that are not as they were before.
    fn unrestored(
        &self,
        at: &At<'_>,
        kafka: &Kafka,
        away: &mut Vec<BrokerId>,
    ) -> Result<Vec<ConfigChange>, Next> {
        let others = kafka.reassignments.last().is_some_and(|moves| !moves.is_empty());
        let mut changes = Vec::new();
        for id in brokers(self.legs.iter()) {
            let wanted = |side| self.before.rate(id, side).filter(|_| others || !self.before.busy);
            let how = |side| wanted(side).map_or(ConfigHow::Remove, |rate| ConfigHow::Set(rate.to_string()));
            let Some(broker) = kafka.brokers.get(&id) else {
                // No replica list names it any more, but what it was given it finds when it comes back.
                let given = |side: &Side| given(at, id, *side).is_some_and(|given| *given != how(*side));
                away.extend(Side::BOTH.iter().any(given).then_some(id));
                continue;
            };
            let throttle = self.told(at, broker, wanted, away)?;
            for side in Side::BOTH {
                let how = how(side);
                // Another move that shares the broker may have set its own again.
                let theirs = others && given(at, id, side) == Some(&how);
                if throttle.is_some_and(|set| side.rate(set) != wanted(side)) && !theirs {
                    changes.push(change(ConfigOf::Broker(id), side.rate_key(), how));
                }
            }
        }
        Ok(changes)
    }

    /// A broker's throttle; None: it is away, and takes no settings.
    fn told(
        &self,
        at: &At<'_>,
        broker: &Broker,
        wanted: impl Fn(Side) -> Option<u64>,
        away: &mut Vec<BrokerId>,
    ) -> Result<Option<Throttle>, Next> {
        if !broker.registered {
            let restored = |set: &Throttle| Side::BOTH.iter().all(|side| side.rate(*set) == wanted(*side));
            if !broker.throttle.last().is_some_and(restored) {
                away.push(broker.id);
            }
            return Ok(None);
        }
        match broker.throttle.live(at.known.world.now) {
            Some(throttle) => Ok(Some(*throttle)),
            None => Err(Next::wait(format!("the throttles of broker {} to be read again", broker.id))),
        }
    }

    fn configure(&self, title: String, changes: Vec<ConfigChange>) -> Next {
        let topics: BTreeSet<&TopicName> = changes.iter().filter_map(|change| change.of.topic()).collect();
        let id = |name: &TopicName| Some((name.clone(), self.ids.get(name)?.clone()));
        Next::step(Step {
            title,
            write: Write::Configure {
                changes: changes.clone(),
                ids: topics.into_iter().filter_map(id).collect(),
            },
            until: Goal::Settings { changes },
            patience: PATIENCE,
        })
    }
}
