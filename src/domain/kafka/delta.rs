//! News from Kafka and how they change what is known.

use super::{
    Broker, BrokerId, Committed, Group, GroupId, Kafka, LogDirs, Quorum, Reassignment, Route, Topic,
    TopicConfig, TopicName,
};
use crate::domain::{Text, time::Time};
use std::time::Duration;

/// A body of observations that is polled as a whole and ages as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Body {
    Cluster,
    Topics,
    Ends,
    Groups,
    Quorum,
    Reassignments,
}

/// News from Kafka. The source sends what changed since its last poll, and [`KafkaDelta::Heard`] when
/// nothing did.
#[derive(Debug, Clone)]
pub enum KafkaDelta {
    /// Another cluster was chosen: everything known of the one before is dropped.
    Reset,
    Route(Route),
    /// Every registered broker: (id, host, port, rack).
    Cluster {
        id: Option<Text>,
        controller: Option<BrokerId>,
        brokers: Vec<(BrokerId, Text, u16, Option<Text>)>,
        at: Time,
    },
    /// A broker itself answered (round trip), or did not (why).
    Contact {
        broker: BrokerId,
        answer: Result<Duration, Text>,
        at: Time,
    },
    /// Topics that are new or whose partitions changed, and topics that are gone.
    Topics {
        changed: Vec<Topic>,
        removed: Vec<TopicName>,
        at: Time,
    },
    Configs {
        configs: Vec<(TopicName, TopicConfig)>,
        at: Time,
    },
    LogDirs {
        broker: BrokerId,
        answer: Result<LogDirs, Text>,
        at: Time,
    },
    /// Log end offsets by partition index, for topics where one moved. The feed's time is that of the poll.
    Ends {
        changed: Vec<(TopicName, Vec<i64>)>,
        at: Time,
    },
    /// Groups that are new or changed (their offsets are kept from before), and groups that are gone.
    Groups {
        changed: Vec<Group>,
        removed: Vec<GroupId>,
        at: Time,
    },
    /// A group's committed offsets, or why they could not be read.
    Offsets {
        answers: Vec<(GroupId, Result<Vec<Committed>, Text>)>,
        at: Time,
    },
    Quorum {
        answer: Result<Quorum, Text>,
        at: Time,
    },
    Reassignments {
        answer: Result<Vec<Reassignment>, Text>,
        at: Time,
    },
    /// A first reading under way.
    Progress {
        body: Body,
        done: u64,
        total: Option<u64>,
    },
    /// Polled and unchanged.
    Heard {
        body: Body,
        at: Time,
    },
    Failed {
        body: Body,
        reason: Text,
        at: Time,
    },
    /// The poller's cadence changed; what it has not confirmed for this long is stale.
    Patience {
        body: Body,
        patience: Duration,
    },
}

impl Kafka {
    fn feed(&mut self, body: Body) -> &mut crate::domain::reading::Feed {
        match body {
            Body::Cluster => &mut self.cluster_feed,
            Body::Topics => &mut self.topics_feed,
            Body::Ends => &mut self.ends_feed,
            Body::Groups => &mut self.groups_feed,
            Body::Quorum => &mut self.quorum.feed,
            Body::Reassignments => &mut self.reassignments.feed,
        }
    }

    /// Takes in one delta; returns whether anything but a confirmation changed.
    pub fn apply(&mut self, delta: KafkaDelta) -> bool {
        match delta {
            KafkaDelta::Reset => *self = Kafka::default(),
            KafkaDelta::Route(route) => return self.route.replace(route) != Some(route),
            KafkaDelta::Cluster { id, controller, brokers, at } => {
                self.take_cluster(id, controller, brokers, at);
            }
            KafkaDelta::Contact { broker, answer, at } => {
                let contact = &mut self.broker(broker).contact;
                let before = contact.feed.failure().map(|f| f.reason.clone());
                contact.take(answer, at);
                return before != contact.feed.failure().map(|f| f.reason.clone());
            }
            KafkaDelta::Topics { changed, removed, at } => self.take_topics(changed, removed, at),
            KafkaDelta::Configs { configs, .. } => {
                for (name, config) in configs {
                    if let Some(topic) = self.topics.get_mut(&name) {
                        topic.config = Some(config);
                    }
                }
            }
            KafkaDelta::LogDirs { broker, answer, at } => self.broker(broker).log_dirs.take(answer, at),
            KafkaDelta::Ends { changed, at } => {
                self.ends.extend(changed);
                self.ends_feed.hear(at);
            }
            KafkaDelta::Groups { changed, removed, at } => self.take_groups(changed, removed, at),
            KafkaDelta::Offsets { answers, at } => {
                for (id, answer) in answers {
                    if let Some(group) = self.groups.get_mut(&id) {
                        group.offsets.take(answer, at);
                    }
                }
            }
            KafkaDelta::Quorum { answer, at } => self.quorum.take(answer, at),
            KafkaDelta::Reassignments { answer, at } => self.reassignments.take(answer, at),
            KafkaDelta::Progress { body, done, total } => self.feed(body).advance(done, total),
            KafkaDelta::Heard { body, at } => {
                let feed = self.feed(body);
                let failed = feed.failure().is_some();
                feed.hear(at);
                return failed;
            }
            KafkaDelta::Failed { body, reason, at } => {
                let feed = self.feed(body);
                let changed = feed.failure().is_none_or(|f| f.reason != reason);
                feed.fail(reason, at);
                return changed;
            }
            KafkaDelta::Patience { body, patience } => {
                self.feed(body).set_patience(patience);
                return false;
            }
        }
        true
    }

    fn broker(&mut self, id: BrokerId) -> &mut Broker {
        self.brokers.entry(id).or_insert_with(|| Broker::new(id))
    }

    fn take_cluster(
        &mut self,
        id: Option<Text>,
        controller: Option<BrokerId>,
        brokers: Vec<(BrokerId, Text, u16, Option<Text>)>,
        at: Time,
    ) {
        for broker in self.brokers.values_mut() {
            broker.registered = false;
        }
        for (id, host, port, rack) in brokers {
            let broker = self.broker(id);
            (broker.host, broker.port, broker.rack, broker.registered) = (host, port, rack, true);
        }
        if let Some(id) = id {
            self.id.set(id, at);
        }
        self.controller = controller;
        self.cluster_feed.hear(at);
        self.forget_unnamed_brokers();
    }

    fn take_topics(&mut self, changed: Vec<Topic>, removed: Vec<TopicName>, at: Time) {
        for mut topic in changed {
            if topic.config.is_none() {
                topic.config = self.topics.get_mut(&topic.name).and_then(|t| t.config.take());
            }
            self.topics.insert(topic.name.clone(), topic);
        }
        for name in removed {
            self.topics.remove(&name);
            self.ends.remove(&name);
        }
        self.topics_feed.hear(at);
        self.remember_named_brokers();
    }

    fn take_groups(&mut self, changed: Vec<Group>, removed: Vec<GroupId>, at: Time) {
        for mut group in changed {
            if let Some(before) = self.groups.remove(&group.id) {
                group.offsets = before.offsets;
            }
            self.groups.insert(group.id.clone(), group);
        }
        for id in removed {
            self.groups.remove(&id);
        }
        self.groups_feed.hear(at);
    }

    /// A broker that is gone but still holds replicas keeps its row: it is what the operator looks for.
    fn remember_named_brokers(&mut self) {
        for id in self.named_brokers() {
            self.broker(id);
        }
    }

    fn forget_unnamed_brokers(&mut self) {
        let named = self.named_brokers();
        self.brokers.retain(|id, b| b.registered || named.contains(id));
    }

    fn named_brokers(&self) -> std::collections::BTreeSet<BrokerId> {
        let partitions = self.topics.values().flat_map(|t| &t.partitions);
        partitions.flat_map(|p| p.replicas.iter().copied()).collect()
    }
}
