//! News from Kafka and how they change what is known.

use super::{
    Broker, BrokerId, Committed, Group, GroupId, Kafka, LogDirs, Moves, PATIENCE, Quorum, Reassignment,
    Route, Throttle, Topic, TopicConfig, TopicName,
};
use crate::domain::{Text, commits, lag::Work, reading::Feed, time::Time};
use std::{collections::BTreeSet, time::Duration};

/// A body of observations that is polled as a whole and ages as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Body {
    Cluster,
    Topics,
    Ends,
    Groups,
    Quorum,
    Reassignments,
    /// The topics' configurations.
    Configs,
    /// Every broker's own answer.
    Contacts,
    /// Every broker's log dirs.
    LogDirs,
    /// Every group's committed offsets.
    Offsets,
}

/// News from Kafka. The source sends what changed since its last poll, and [`KafkaDelta::Heard`] when
/// nothing did.
#[derive(Debug, Clone)]
pub enum KafkaDelta {
    /// Another cluster was chosen: everything known of the one before is dropped.
    Reset,
    Route(Route),
    /// Every registered broker: (id, host, port, rack). Where there is a quorum its leader is the
    /// controller, whatever is named here; elsewhere it is who is named, or nobody, if that is told at all.
    Cluster {
        id: Option<Text>,
        controller: Option<Option<BrokerId>>,
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
    /// Whether a broker told the ends of the partitions that it leads.
    Led {
        broker: BrokerId,
        answer: Result<(), Text>,
        at: Time,
    },
    /// A coordinator told of its groups, and the offsets of these are as they were; or why it did not, so
    /// that nothing about any of its groups is confirmed.
    Coordinated {
        broker: BrokerId,
        answer: Result<Vec<GroupId>, Text>,
        at: Time,
    },
    /// The replication throttles that a broker is configured with.
    Throttle {
        broker: BrokerId,
        answer: Result<Throttle, Text>,
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
    fn feeds(&mut self, body: Body) -> Vec<&mut Feed> {
        match body {
            Body::Cluster => vec![&mut self.cluster_feed],
            Body::Topics => vec![&mut self.topics_feed],
            Body::Ends => vec![&mut self.ends_feed],
            Body::Groups => vec![&mut self.groups_feed],
            Body::Quorum => vec![&mut self.quorum.feed],
            Body::Reassignments => vec![&mut self.reassignments.feed],
            Body::Configs => vec![&mut self.configs_feed],
            Body::Contacts => self.brokers.values_mut().map(|b| &mut b.contact.feed).collect(),
            Body::LogDirs => self.brokers.values_mut().map(|b| &mut b.log_dirs.feed).collect(),
            Body::Offsets => self.groups.values_mut().map(|g| &mut g.offsets.feed).collect(),
        }
    }

    /// Takes in one delta; returns whether anything but a confirmation changed.
    pub fn apply(&mut self, delta: KafkaDelta) -> bool {
        match delta {
            KafkaDelta::Reset => *self = Kafka { lags: self.lags.begun_anew(), ..Kafka::default() },
            KafkaDelta::Route(route) => return self.route.replace(route) != Some(route),
            KafkaDelta::Cluster { id, controller, brokers, at } => {
                return self.take_cluster(id, controller, brokers, at);
            }
            KafkaDelta::Contact { broker, answer, at } => {
                let contact = &mut self.broker(broker).contact;
                return changes_words(contact, |c| &c.feed, |c| c.take(answer, at));
            }
            KafkaDelta::Topics { changed, removed, at } => self.take_topics(changed, removed, at),
            KafkaDelta::Configs { configs, at } => return self.take_configs(configs, at),
            KafkaDelta::LogDirs { broker, answer, at } => {
                if let Ok(logs) = &answer {
                    self.sizes.take(&self.topics, broker, logs);
                }
                self.broker(broker).log_dirs.take(answer, at);
            }
            KafkaDelta::Ends { changed, at } => {
                changed.into_iter().for_each(|(topic, ends)| self.take_ends(topic, ends, at));
                self.ends_feed.hear(at);
            }
            KafkaDelta::Led { broker, answer, at } => {
                let take = |feed: &mut Feed| match answer {
                    Ok(()) => feed.hear(at),
                    Err(reason) => feed.fail(reason, at),
                };
                return changes_words(&mut self.broker(broker).ends, |f| f, take);
            }
            KafkaDelta::Groups { changed, removed, at } => self.take_groups(changed, removed, at),
            KafkaDelta::Offsets { answers, at } => {
                answers.into_iter().for_each(|(id, answer)| self.take_offsets(&id, answer, at));
            }
            KafkaDelta::Coordinated { broker, answer, at } => {
                return self.take_coordinated(broker, answer, at);
            }
            KafkaDelta::Throttle { broker, answer, at } => {
                let throttle = &mut self.broker(broker).throttle;
                let before = throttle.last().copied();
                let failed = changes_words(throttle, |t| &t.feed, |t| t.take(answer, at));
                return failed || throttle.last().copied() != before;
            }
            KafkaDelta::Quorum { answer, at } => {
                // The quorum's leader is the active controller.
                if let Ok(quorum) = &answer {
                    self.take_controller(quorum.leader);
                }
                self.quorum.take(answer, at);
            }
            KafkaDelta::Reassignments { answer, at } => {
                return self.take_reassignments(answer, at);
            }
            KafkaDelta::Progress { body, done, total } => {
                self.feeds(body).into_iter().for_each(|f| f.advance(done, total));
            }
            KafkaDelta::Heard { body, at } => {
                let mut failed = false;
                for feed in self.feeds(body) {
                    failed |= feed.failure().is_some();
                    feed.hear(at);
                }
                return failed;
            }
            KafkaDelta::Failed { body, reason, at } => {
                let mut changed = false;
                for feed in self.feeds(body) {
                    changed |= feed.failure().is_none_or(|f| f.reason != reason);
                    feed.fail(reason.clone(), at);
                }
                return changed;
            }
            KafkaDelta::Patience { body, patience } => {
                self.feeds(body).into_iter().for_each(|f| f.set_patience(patience));
                if body == Body::Ends {
                    self.brokers.values_mut().for_each(|b| b.ends.set_patience(patience));
                }
                self.patience.insert(body, patience);
                return false;
            }
        }
        true
    }

    fn patience(&self, body: Body) -> Duration {
        self.patience.get(&body).copied().unwrap_or(PATIENCE)
    }

    /// A broker's row, made when it is first named.
    fn broker(&mut self, id: BrokerId) -> &mut Broker {
        let patience = [Body::Contacts, Body::LogDirs, Body::Ends].map(|body| self.patience(body));
        self.brokers.entry(id).or_insert_with(|| {
            let mut broker = Broker::new(id);
            broker.contact.feed.set_patience(patience[0]);
            broker.log_dirs.feed.set_patience(patience[1]);
            broker.ends.set_patience(patience[2]);
            broker
        })
    }

    fn take_cluster(
        &mut self,
        id: Option<Text>,
        controller: Option<Option<BrokerId>>,
        brokers: Vec<(BrokerId, Text, u16, Option<Text>)>,
        at: Time,
    ) -> bool {
        let registered: BTreeSet<BrokerId> = brokers.iter().map(|b| b.0).collect();
        let mut changed = self.cluster_feed.failure().is_some() || self.cluster_feed.heard().is_none();
        for broker in self.brokers.values_mut().filter(|b| !registered.contains(&b.id)) {
            changed |= std::mem::replace(&mut broker.registered, false);
        }
        for (id, host, port, rack) in brokers {
            let broker = self.broker(id);
            changed |=
                !broker.registered || broker.host != host || broker.port != port || broker.rack != rack;
            (broker.host, broker.port, broker.rack, broker.registered) = (host, port, rack, true);
        }
        if let Some(id) = id {
            self.id.set(id, at);
        }
        if let Some(named) = controller.filter(|_| self.quorum.last().is_none()) {
            changed |= self.take_controller(named);
        }
        self.cluster_feed.hear(at);
        self.forget_unnamed_brokers();
        changed
    }

    /// Who is the active controller, or that nobody is; true if that is news.
    fn take_controller(&mut self, active: Option<BrokerId>) -> bool {
        let before = (self.controller, self.leaderless);
        (self.controller, self.leaderless) = (active, active.is_none());
        before != (self.controller, self.leaderless)
    }

    fn take_topics(&mut self, changed: Vec<Topic>, removed: Vec<TopicName>, at: Time) {
        let names: BTreeSet<TopicName> = changed.iter().map(|t| &t.name).chain(&removed).cloned().collect();
        self.recounting(&names, |kafka| kafka.replace_topics(changed, removed));
        self.topics_feed.hear(at);
    }

    fn replace_topics(&mut self, changed: Vec<Topic>, removed: Vec<TopicName>) {
        for mut topic in changed {
            for broker in topic.partitions.iter().flat_map(|p| p.replicas.iter()) {
                self.broker(*broker).named += 1;
            }
            let before = self.topics.remove(&topic.name);
            self.unname(before.as_ref());
            if topic.config.is_none() {
                topic.config = before.and_then(|t| t.config);
            }
            self.lags.touch_topic(&topic.name);
            self.topics.insert(topic.name.clone(), topic);
        }
        for name in removed {
            let before = self.topics.remove(&name);
            self.unname(before.as_ref());
            self.ends.remove(&name);
            self.lags.forget_topic(&name);
            self.sizes.forget(&name);
        }
    }

    fn take_configs(&mut self, mut configs: Vec<(TopicName, TopicConfig)>, at: Time) -> bool {
        let differs = |name: &TopicName, config: &TopicConfig| {
            self.topics.get(name).is_some_and(|topic| topic.config.as_ref() != Some(config))
        };
        configs.retain(|(name, config)| differs(name, config));
        let news = !configs.is_empty() || !self.configs_feed.state(at).is_live();
        let names: BTreeSet<TopicName> = configs.iter().map(|(name, _)| name.clone()).collect();
        self.recounting(&names, |kafka| {
            for (name, config) in configs {
                if let Some(topic) = kafka.topics.get_mut(&name) {
                    topic.config = Some(config);
                }
            }
        });
        self.configs_feed.hear(at);
        news
    }

    fn take_reassignments(&mut self, answer: Result<Vec<Reassignment>, Text>, at: Time) -> bool {
        let answer = answer.map(Moves::from);
        let none = Moves::default();
        let (before, after) = (self.reassignments.last(), answer.as_ref().ok());
        let changed = after.is_some() && after != before;
        let names: BTreeSet<TopicName> = after
            .map(|after| after.differ(before.unwrap_or(&none)).into_iter().cloned().collect())
            .unwrap_or_default();
        let mut failed = false;
        self.recounting(&names, |kafka| {
            failed = changes_words(&mut kafka.reassignments, |r| &r.feed, |r| r.take(answer, at));
        });
        failed || changed
    }

    fn take_groups(&mut self, changed: Vec<Group>, removed: Vec<GroupId>, at: Time) {
        let patience = self.patience(Body::Offsets);
        for mut group in changed {
            match self.groups.remove(&group.id) {
                Some(before) => group.offsets = before.offsets,
                None => group.offsets.feed.set_patience(patience),
            }
            self.lags.touch_group(&group.id);
            self.groups.insert(group.id.clone(), group);
        }
        for id in removed {
            self.groups.remove(&id);
            self.lags.forget_group(&id);
            self.commits.remove(&id);
        }
        self.groups_feed.hear(at);
    }

    fn take_ends(&mut self, topic: TopicName, mut ends: Vec<i64>, at: Time) {
        // Who begins to read anew does not know yet what was known: how old that is, its leader's feed tells.
        for (end, was) in ends.iter_mut().zip(self.ends.get(&topic).into_iter().flatten()) {
            if *end < 0 {
                *end = *was;
            }
        }
        let (known, brokers, before) = (self.topics.get(&topic), &self.brokers, self.ends.get(&topic));
        let before = |index: usize| {
            let end = *before?.get(index)?;
            let leader = known?.partitions.get(index)?.leader?;
            Some((brokers.get(&leader)?.ends.heard()?, end)).filter(|_| end >= 0)
        };
        self.lags.observe(&topic, &ends, at, before);
        self.ends.insert(topic, ends);
    }

    fn take_offsets(&mut self, id: &GroupId, answer: Result<Vec<Committed>, Text>, at: Time) {
        for c in answer.iter().flatten() {
            self.lags.follow(&c.topic, c.partition);
        }
        if let Some(group) = self.groups.get_mut(id) {
            if let Ok(now) = &answer {
                let pasts = self.commits.remove(id).unwrap_or_default();
                let before = group.offsets.last().map_or(&[][..], |c| c);
                self.commits.insert(id.clone(), commits::go_on(before, pasts, now, at));
            }
            group.offsets.take(answer, at);
            self.lags.touch_group(id);
        }
        self.note_work(id, at);
    }

    /// Notes how far a group is, for its trend.
    fn note_work(&mut self, id: &GroupId, at: Time) {
        let Some(commits) = self.groups.get(id).and_then(|g| g.offsets.last()) else { return };
        let mut work = Work { at, committed: 0, end: 0, partitions: 0 };
        for c in commits {
            if let Some(end) = self.end(&c.topic, c.partition) {
                work.committed += c.offset;
                work.end += end.max(c.offset);
                work.partitions += 1;
            }
        }
        self.lags.note(id, work);
    }

    fn take_coordinated(&mut self, broker: BrokerId, answer: Result<Vec<GroupId>, Text>, at: Time) -> bool {
        match answer {
            Ok(confirmed) => {
                for id in confirmed {
                    if let Some(group) = self.groups.get_mut(&id) {
                        group.offsets.feed.hear(at);
                    }
                    self.note_work(&id, at);
                }
                false
            }
            Err(reason) => {
                let mut changed = false;
                for group in self.groups.values_mut().filter(|g| g.coordinator == Some(broker)) {
                    changed |= group.error.as_ref() != Some(&reason);
                    group.error = Some(reason.clone());
                    group.offsets.feed.fail(reason.clone(), at);
                }
                changed
            }
        }
    }

    fn unname(&mut self, topic: Option<&Topic>) {
        for broker in topic.iter().flat_map(|t| &t.partitions).flat_map(|p| p.replicas.iter()) {
            if let Some(broker) = self.brokers.get_mut(broker) {
                broker.named = broker.named.saturating_sub(1);
            }
        }
    }

    /// A broker that is gone but still holds replicas keeps its row: it is what the operator looks for.
    fn forget_unnamed_brokers(&mut self) {
        self.brokers.retain(|_, b| b.registered || b.named > 0);
    }
}

/// Takes in an answer; returns whether the words of its failure changed.
fn changes_words<T>(value: &mut T, feed: impl Fn(&T) -> &Feed, take: impl FnOnce(&mut T)) -> bool {
    let words = |value: &T| feed(value).failure().map(|f| f.reason.clone());
    let (before, unheard) = (words(value), feed(value).heard().is_none());
    take(value);
    unheard || before != words(value)
}
