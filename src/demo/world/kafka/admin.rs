//! Topics made, changed and deleted, and configurations changed.

use super::{
    Cluster, Code, Partition, Refused, Replicas, Topic,
    config::{self, Change},
    log, placement, seed,
};
use crate::domain::Text;
use std::collections::BTreeMap;

/// A topic that is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewTopic {
    /// -1: as many as the brokers' default, 1.
    pub partitions: i32,
    /// -1: the brokers' default, 1.
    pub replication: i16,
    /// The replicas of each partition, instead of the two numbers.
    pub assignments: Vec<Vec<i32>>,
    pub configs: Vec<(Text, Text)>,
}

impl Cluster {
    /// Makes a topic, to which nothing is sent yet. Where it only `validate`s, nothing changes.
    ///
    /// # Errors
    /// TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR,
    /// INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG; REQUEST_TIMED_OUT without a controller.
    pub fn create_topic(
        &mut self,
        name: &str,
        new: &NewTopic,
        validate: bool,
        random: &mut fastrand::Rng,
    ) -> Result<(), Refused> {
        self.controlled()?;
        self.make(name, new, validate, random)
    }

    fn make(
        &mut self,
        name: &str,
        new: &NewTopic,
        validate: bool,
        random: &mut fastrand::Rng,
    ) -> Result<(), Refused> {
        check_name(name)?;
        if self.topics.contains_key(name) {
            return Err(Refused::because(
                Code::TopicAlreadyExists,
                format!("Topic '{name}' already exists."),
            ));
        }
        let set: Vec<_> = new.configs.iter().map(|(k, v)| (k.clone(), Change::Set(v.clone()))).collect();
        let configs = config::change(&config::TOPIC, "topic", &BTreeMap::new(), &set)?;
        let placed = self.placed(new, random)?;
        if !validate {
            self.add(name, configs, placed, random);
        }
        Ok(())
    }

    /// Adds partitions until there are `count`; `assignments` says where those that are new go, or is empty.
    ///
    /// # Errors
    /// UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS where there are as many or more, and as
    /// [`Self::create_topic`].
    pub fn add_partitions(
        &mut self,
        name: &str,
        count: i32,
        assignments: &[Vec<i32>],
        validate: bool,
        random: &mut fastrand::Rng,
    ) -> Result<(), Refused> {
        self.controlled()?;
        let topic = self.topics.get(name).ok_or_else(|| log::unknown(name))?;
        let have = topic.partitions.len();
        let more = usize::try_from(count).unwrap_or(0).saturating_sub(have);
        if more == 0 {
            let told = match usize::try_from(count) {
                Ok(same) if same == have => format!("Topic already has {have} partition(s)."),
                _ => format!(
                    "The topic {name} currently has {have} partition(s); {count} would not be an increase."
                ),
            };
            return Err(Refused::because(Code::InvalidPartitions, told));
        }
        let replicas = topic.partitions.first().map_or(1, |p| p.replicas.len() - p.adding().len());
        let placed = match assignments {
            [] => placement::place(&self.brokers, more, replicas, random)?,
            given if given.len() == more => self.checked(given)?,
            given => {
                let told = format!(
                    "Attempted to add {more} additional partition(s), but only {} assignment(s) were specified.",
                    given.len()
                );
                return Err(Refused::because(Code::InvalidReplicaAssignment, told));
            }
        };
        if validate {
            return Ok(());
        }
        let Some(topic) = self.topics.get_mut(name) else { return Err(log::unknown(name)) };
        topic.partitions.extend(placed.into_iter().map(|replicas| Partition::new(replicas, 0.0)));
        topic.share_out();
        self.look_at(name, have..have + more);
        Ok(())
    }

    /// # Errors
    /// UNKNOWN_TOPIC_OR_PARTITION; REQUEST_TIMED_OUT without a controller.
    pub fn delete_topic(&mut self, name: &str) -> Result<(), Refused> {
        self.controlled()?;
        self.topics.remove(name).ok_or_else(|| log::unknown(name))?;
        self.troubled.remove(name);
        for group in self.groups.values_mut() {
            group.forget_topic(name);
        }
        Ok(())
    }

    /// Changes a topic's configuration, key by key.
    ///
    /// # Errors
    /// UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG; REQUEST_TIMED_OUT without a controller.
    pub fn alter_topic(
        &mut self,
        name: &str,
        changes: &[(Text, Change)],
        validate: bool,
    ) -> Result<(), Refused> {
        self.controlled()?;
        let topic = self.topics.get_mut(name).ok_or_else(|| log::unknown(name))?;
        let configs = config::change(&config::TOPIC, "topic", &topic.configs, changes)?;
        if !validate {
            topic.configs = configs;
            topic.reread();
            let count = topic.partitions.len();
            self.look_at(name, 0..count);
        }
        Ok(())
    }

    /// Changes a broker's dynamic configuration, key by key.
    ///
    /// # Errors
    /// BROKER_ID_NOT_REGISTERED, INVALID_CONFIG; REQUEST_TIMED_OUT without a controller.
    pub fn alter_broker(
        &mut self,
        broker: i32,
        changes: &[(Text, Change)],
        validate: bool,
    ) -> Result<(), Refused> {
        self.controlled()?;
        let found = self.brokers.get_mut(&broker).ok_or_else(|| {
            Refused::because(Code::BrokerIdNotRegistered, format!("No broker with id {broker} found."))
        })?;
        let configs = config::change(&config::BROKER, "broker", &found.configs, changes)?;
        if !validate {
            found.configs = configs;
        }
        Ok(())
    }

    /// What the producers of a topic send from now on: messages a second at the height of the day.
    pub fn set_rate(&mut self, topic: &str, rate: f64) {
        if let Some(topic) = self.topics.get_mut(topic) {
            topic.flow.set_rate(self.clock.seconds(), rate);
        }
    }

    /// Makes a topic as if it had been there for `age` simulated seconds and been sent to at that rate.
    ///
    /// # Errors
    /// As [`Self::create_topic`], but that it needs no controller.
    pub fn lay_topic(
        &mut self,
        name: &str,
        new: &NewTopic,
        (age, rate, record_bytes): (f64, f64, f64),
        random: &mut fastrand::Rng,
    ) -> Result<(), Refused> {
        self.make(name, new, false, random)?;
        let now = self.clock.seconds();
        if let Some(topic) = self.topics.get_mut(name) {
            topic.internal = name.starts_with("__");
            topic.record_bytes = record_bytes.max(1.0);
            topic.begin(now - age.max(0.0), rate, now);
        }
        Ok(())
    }

    fn add(
        &mut self,
        name: &str,
        configs: BTreeMap<Text, Text>,
        placed: Vec<Replicas>,
        random: &mut fastrand::Rng,
    ) {
        let seed = seed::mix([self.seed, seed::of(&self.namespace), seed::of(name)]);
        let mut topic = Topic::new(random.u128(..), seed, configs, self.clock.seconds());
        topic.partitions = placed.into_iter().map(|replicas| Partition::new(replicas, 0.0)).collect();
        topic.share_out();
        let count = topic.partitions.len();
        self.topics.insert(name.into(), topic);
        self.look_at(name, 0..count);
    }

    fn placed(&self, new: &NewTopic, random: &mut fastrand::Rng) -> Result<Vec<Replicas>, Refused> {
        if !new.assignments.is_empty() {
            return self.checked(&new.assignments);
        }
        let or_one = |number: i64| if number == -1 { 1 } else { number };
        let (partitions, replicas) = (or_one(new.partitions.into()), or_one(new.replication.into()));
        if partitions < 1 {
            let told = "Number of partitions was set to an invalid non-positive value.";
            return Err(Refused::because(Code::InvalidPartitions, told));
        }
        if replicas < 1 {
            let told = "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err(Refused::because(Code::InvalidReplicationFactor, told));
        }
        placement::place(&self.brokers, partitions as usize, replicas as usize, random)
    }

    /// Replicas that were given: one list a partition.
    fn checked(&self, given: &[Vec<i32>]) -> Result<Vec<Replicas>, Refused> {
        for replicas in given {
            self.check_replicas(replicas)?;
            if replicas.len() != given[0].len() {
                let told =
                    "The manual partition assignment has partitions with different numbers of replicas.";
                return Err(Refused::because(Code::InvalidReplicaAssignment, told));
            }
        }
        Ok(given.iter().map(|replicas| Replicas::from(replicas.as_slice())).collect())
    }

    /// Source: Apache Kafka `ReplicationControlManager.validateManualPartitionAssignment`.
    pub(super) fn check_replicas(&self, replicas: &[i32]) -> Result<(), Refused> {
        let invalid = |told: String| Err(Refused::because(Code::InvalidReplicaAssignment, told));
        if replicas.is_empty() {
            return invalid("The manual partition assignment includes an empty replica list.".into());
        }
        for (i, id) in replicas.iter().enumerate() {
            if !self.brokers.contains_key(id) {
                return invalid(format!(
                    "The manual partition assignment includes broker {id}, but no such broker is registered."
                ));
            }
            if replicas[..i].contains(id) {
                return invalid(format!(
                    "The manual partition assignment includes the broker {id} more than once."
                ));
            }
        }
        Ok(())
    }

    /// What is written to the metadata needs a controller; the brokers wait for one until the client's time
    /// is up.
    pub(super) fn controlled(&self) -> Result<(), Refused> {
        let none = || Refused::because(Code::RequestTimedOut, "The request timed out.");
        self.controlling().then_some(()).ok_or_else(none)
    }

    /// The steps look at these partitions again.
    pub(super) fn look_at(&mut self, topic: &str, partitions: impl IntoIterator<Item = usize>) {
        match self.troubled.get_mut(topic) {
            Some(looked_at) => looked_at.extend(partitions),
            None => {
                self.troubled.insert(topic.into(), partitions.into_iter().collect());
            }
        }
    }
}

/// Source: Apache Kafka `Topic.validate`.
fn check_name(name: &str) -> Result<(), Refused> {
    let invalid = |told: String| Err(Refused::because(Code::InvalidTopic, told));
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match name {
        "" => invalid("Topic name is invalid: the empty string is not allowed".into()),
        "." | ".." => invalid("Topic name is invalid: '.' or '..' is not allowed".into()),
        long if long.len() > 249 => invalid(format!(
            "Topic name is invalid: the length of '{long}' is longer than the max allowed length 249"
        )),
        odd if !odd.chars().all(good) => invalid(format!(
            "Topic name is invalid: '{odd}' contains one or more characters other than ASCII alphanumerics, \
             '.', '_' and '-'"
        )),
        _ => Ok(()),
    }
}
